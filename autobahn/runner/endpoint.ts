/**
 * The judge, 9 — One end of a WebSocket connection, with the manners of the suite: how it answers, fails, closes and
 * drops, which timers it has, and what it remembers of all that.
 *
 *   the peer's Close arrives   as a client                          as a server
 *   open                       answers 1000, waits for TCP to end   answers 1000, ends TCP
 *   closing                    waits 1 s for TCP to end             resets TCP
 *
 * The suite waits for ever for a server that closes first and keeps its TCP connection. Here everything ends.
 *
 * What this file must not know: cases and verdicts. Next: play.ts.
 */

import type { Socket } from "node:net";
import type { Event, Facts } from "./case.ts";
import { Deflater, Inflater } from "./deflate.ts";
import type { Agreement } from "./extension.ts";
import { type Log, showWhole } from "./log.ts";
import { type Inbox, MessageAssembler } from "./messages.ts";
import { Outbox, reset } from "./outbox.ts";
import {
  applyMask,
  encodeFrame,
  encodeFrames,
  encodeHeader,
  type Fault,
  type Frame,
  FrameReader,
  type FrameShape,
  fragments,
  freshMask,
  Opcode,
  type Role,
  RSV1,
} from "./wire.ts";

export interface Listener {
  received(event: Event): void;
  frameReceived?(frame: Frame): void;
  /** The peer closed first, and should end TCP: the judge, a client, has no timer of its own for that. */
  peerLeaves?(): void;
  /** The TCP connection is gone. Comes once. */
  ended(): void;
}

export interface EndpointParts {
  readonly log: Log;
  readonly facts: Facts;
  /** Without one, nothing is compressed. */
  readonly agreement?: Agreement | undefined;
  /** Seconds. Default 1. */
  readonly closingTimeout?: number;
}

export interface Sending {
  chop?: number | undefined;
  sync?: boolean | undefined;
}

/** For the peer's Close to answer ours; and then for a server to end TCP. */
const CLOSING_TIMEOUT = 1;
/** How long the peer may take to read what was still written before an orderly end. */
const FLUSH_TIMEOUT = 1;
/** How long a peer that closed first may keep TCP, if nothing else ends it. */
const LINGER_TIMEOUT = 2;

const NORMAL = 1000;
const MAX_REASON = 123;
const EMPTY = new Uint8Array(0);

export function newFacts(): Facts {
  return {
    opened: false,
    closedByMe: false,
    failedByMe: false,
    droppedByMe: false,
    wasClean: false,
    wasNotCleanReason: null,
    wasOpenHandshakeTimeout: false,
    wasCloseHandshakeTimeout: false,
    wasServerConnectionDropTimeout: false,
    localCloseCode: null,
    localCloseReason: null,
    remoteCloseCode: null,
    remoteCloseReason: null,
  };
}

export class Endpoint implements Inbox {
  state: "open" | "closing" | "closed" = "open";
  readonly role: Role;
  readonly facts: Facts;
  readonly deflater: Deflater | undefined;
  readonly #socket: Socket;
  readonly #listener: Listener;
  readonly #log: Log;
  readonly #outbox: Outbox;
  readonly #assembler: MessageAssembler;
  readonly #reader: FrameReader;
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #closingTimeout: number;
  #closeHandshake: NodeJS.Timeout | undefined;

  constructor(
    socket: Socket,
    role: Role,
    listener: Listener,
    { log, facts, agreement, closingTimeout = CLOSING_TIMEOUT }: EndpointParts,
  ) {
    this.#closingTimeout = closingTimeout;
    this.#socket = socket;
    this.role = role;
    this.facts = facts;
    this.#listener = listener;
    this.#log = log;
    this.#outbox = new Outbox(socket, (octets, queued) => log.sent(octets, queued));
    this.deflater = agreement && new Deflater(agreement.own);
    this.#assembler = new MessageAssembler(this, agreement && new Inflater(agreement.peer));
    this.#reader = new FrameReader(role, agreement !== undefined, {
      frame: (frame) => this.#frameReceived(frame),
      fault: (fault) => this.#assembler.fault(fault),
    });
    facts.opened = true;
    socket.on("data", (chunk: Uint8Array) => this.receive(chunk));
    // A connection that is half closed is of no use here: whatever the peer still reads, it will say nothing more.
    socket.once("end", () => socket.destroy());
    socket.once("close", () => this.#ended());
  }

  /** Octets of the peer: what came behind its head comes in here by hand. */
  receive(octets: Uint8Array): void {
    if (this.state === "closed" || octets.length === 0) return;
    this.#log.received(octets);
    this.#reader.push(octets);
  }

  expectLength(length: number): void {
    this.#assembler.expectedLength = length;
  }

  // --- What the peer says -------------------------------------------------------------------------------------

  #frameReceived(frame: Frame): void {
    if (this.state === "closed") return;
    this.#log.frameReceived(frame);
    this.#listener.frameReceived?.(frame);
    this.#assembler.frame(frame);
  }

  message(payload: Uint8Array, binary: boolean): void {
    this.#log.messageReceived(payload.length);
    if (this.facts.failedByMe) return;
    this.#listener.received({ type: "message", payload, binary });
  }

  ping(payload: Uint8Array): void {
    if (this.state === "open") this.sendFrame({ fin: true, rsv: 0, opcode: Opcode.Pong, payload });
  }

  pong(payload: Uint8Array): void {
    this.#listener.received({ type: "pong", payload });
  }

  fault({ code, sentence }: Fault): void {
    this.facts.wasNotCleanReason ??= sentence;
    this.fail(code, sentence);
  }

  closed(code: number | undefined, reason: Uint8Array, fault: Fault | undefined): void {
    const { facts } = this;
    facts.remoteCloseCode = code ?? null;
    facts.remoteCloseReason = reason.length === 0 ? null : showWhole(reason);
    // Once the fault is told, the wrong Close is the answer to that: the peer will not send another.
    if (fault !== undefined) this.fault(fault);
    if (this.state === "closed") {
      facts.wasClean = false;
      return;
    }
    facts.wasClean = true;
    if (this.state === "open") this.#answerClose();
    else if (this.role === "server") this.drop(true);
    else this.#awaitDrop();
  }

  #answerClose(): void {
    this.#sendClose(NORMAL, EMPTY);
    if (this.role === "server") this.drop();
    else this.#listener.peerLeaves?.();
  }

  #awaitDrop(): void {
    this.#cancel(this.#closeHandshake);
    this.after(this.#closingTimeout, () => {
      this.facts.wasServerConnectionDropTimeout = true;
      this.giveUp("server did not drop TCP connection (in time)");
    });
  }

  // --- What the judge says ------------------------------------------------------------------------------------

  /** Sends a frame as it is; as a client, masked if it has no mask yet and is not meant to be without. */
  sendFrame(frame: Frame, { chop, sync }: Sending = {}, shape: FrameShape = {}): void {
    const mask = "mask" in shape ? shape.mask : this.#mask();
    const octets = encodeFrame(frame.opcode, frame.payload, {
      fin: frame.fin,
      rsv: frame.rsv,
      ...shape,
      mask,
    });
    this.#log.frameSent({ ...frame, mask }, chop ?? null, sync === true);
    if (chop === undefined && sync !== true) this.#outbox.write(octets);
    else this.#outbox.queue(octets, chop);
  }

  /** A message, cut into frames of `size` octets; `deflated` is what goes out in its place, if it is given. */
  sendMessage(opcode: number, message: Uint8Array, size?: number, deflated?: Uint8Array): void {
    if (this.state !== "open") return;
    this.#log.messageSent(message.length);
    const rsv = deflated === undefined ? 0 : RSV1;
    const frames = fragments(opcode, deflated ?? message, size, rsv, () => this.#mask());
    for (const frame of frames) this.#log.frameSent(frame, null, false);
    this.#outbox.write(encodeFrames(frames));
  }

  /** A header, and a function for its payload. */
  openFrame(opcode: number, length: number, shape: FrameShape): (piece: Uint8Array) => void {
    const mask = "mask" in shape ? shape.mask : this.#mask();
    const frame: Frame = { fin: shape.fin ?? true, rsv: shape.rsv ?? 0, opcode, mask, payload: EMPTY };
    this.#log.frameSent(frame, null, false);
    this.#outbox.write(encodeHeader(opcode, length, { ...shape, mask }));
    let sent = 0;
    return (piece) => {
      const octets = new Uint8Array(piece);
      if (mask !== undefined) applyMask(octets, 0, octets.length, mask, sent);
      sent += octets.length;
      this.#outbox.write(octets);
    };
  }

  sendOctets(octets: Uint8Array): void {
    this.#outbox.write(octets);
  }

  /** Begins the closing handshake; does nothing if it has begun. */
  close(code: number | undefined, reason: Uint8Array = EMPTY): void {
    if (this.state !== "open") return;
    this.facts.closedByMe = true;
    this.#sendClose(code, reason);
    this.#closeHandshake = this.after(this.#closingTimeout, () => {
      this.facts.wasCloseHandshakeTimeout = true;
      this.giveUp("peer did not respond (in time) in closing handshake");
    });
  }

  /** Fails the connection: with a Close if none was sent yet, else by ending TCP. */
  fail(code: number, reason: string): void {
    if (this.state === "closed") return;
    this.facts.failedByMe = true;
    if (this.state === "open") this.close(code, Buffer.from(reason).subarray(0, MAX_REASON));
    else this.drop();
  }

  /** Ends TCP: in order, once everything is written, or by a reset. */
  drop(abort = false): void {
    if (this.state === "closed") return;
    this.state = "closed";
    this.facts.droppedByMe = true;
    this.#outbox.close();
    if (abort) {
      reset(this.#socket);
      return;
    }
    this.#socket.destroySoon();
    this.after(FLUSH_TIMEOUT, () => this.#socket.destroy());
  }

  /** The peer had its time. */
  giveUp(reason: string): void {
    if (this.state === "closed") return;
    this.facts.wasClean = false;
    this.facts.wasNotCleanReason = reason;
    this.drop(true);
  }

  /** For a peer that closed first, when nothing else limits its time. */
  linger(): void {
    this.after(LINGER_TIMEOUT, () => this.giveUp("server closed and did not drop TCP connection"));
  }

  /**
   * After so many seconds, and after whatever has arrived by then has been read: if this process was busy for too
   * long, that is not the peer's fault.
   */
  after(seconds: number, then: () => void): NodeJS.Timeout {
    const run = (): void => {
      if (this.#timers.delete(timer)) then();
    };
    const timer = setTimeout(() => setImmediate(run), seconds * 1000);
    this.#timers.add(timer);
    return timer;
  }

  #cancel(timer: NodeJS.Timeout | undefined): void {
    if (timer === undefined) return;
    clearTimeout(timer);
    this.#timers.delete(timer);
  }

  #sendClose(code: number | undefined, reason: Uint8Array): void {
    this.state = "closing";
    this.facts.localCloseCode = code ?? null;
    this.facts.localCloseReason = reason.length === 0 ? null : showWhole(reason);
    const payload = code === undefined ? reason : Buffer.from([code >> 8, code & 0xff, ...reason]);
    this.sendFrame({ fin: true, rsv: 0, opcode: Opcode.Close, payload });
  }

  #mask(): Uint8Array | undefined {
    return this.role === "client" ? freshMask() : undefined;
  }

  #ended(): void {
    this.state = "closed";
    this.#outbox.close();
    for (const timer of this.#timers) this.#cancel(timer);
    this.#listener.ended();
  }
}
