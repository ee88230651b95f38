/**
 * Chapter 8.16 — A connection on a Node stream: the peer, from its first frame to its last byte.
 *
 * Owns the socket once the opening handshake is over. Hands what arrives to a `Connection`, carries what that writes,
 * and watches both for trouble: it stops reading from a peer that does not take what it is sent, closes one that is
 * far behind, pings one that is silent, and ends one that is gone. All connections of a server share one context, one
 * set of handlers and one timer.
 *
 * What this file must not know: handshakes, listening.
 * Next: conversation.ts.
 */

import { EMPTY_BYTES } from "../bytes.ts";
import { CloseCode } from "../protocol/close.ts";
import { Connection } from "../protocol/connection.ts";
import type { Closed, Flushable, Handler, State } from "../protocol/contract.ts";
import { type Agreement, namesOf } from "../protocol/extension.ts";
import { Opcode, type Role } from "../protocol/frame.ts";
import type { PreparedMessage } from "../protocol/prepared-message.ts";
import { tellBackpressure, tellClose, tellMessage, tellOpen } from "./channels.ts";
import { HeldBack, type Outgoing } from "./held-back.ts";
import {
  bytesFrom,
  type Handlers,
  isPromiseLike,
  type Message,
  type Peer,
  type PeerClosed,
  peerClosed,
  type Sendable,
  type SendResult,
  sizeOf,
  type TapListener,
} from "./peer.ts";
import { TokenBucket } from "./rate.ts";
import { Taps } from "./tap.ts";
import { Pause, type Transport, type TransportListener } from "./transport.ts";
import { type Patient, Vitals, type VitalsContext } from "./vitals.ts";
import { Waiters } from "./waiters.ts";

/** What all peers of a server or client share. */
export interface PeerContext<Data> extends VitalsContext {
  readonly role: Role;
  readonly handlers: Handlers<Data>;
  /** Lets the output of all connections that have some leave when the turn ends. */
  schedule(connection: Flushable): void;
  /** The peer has ended. */
  ended(peer: NodePeer<Data>, closed: PeerClosed): void;
}

/** What the opening handshake found out. */
export interface Opened<Data> extends Pick<Peer<Data>, "data" | "target" | "address" | "subprotocol"> {
  readonly agreements: readonly Agreement[];
}

/** What a peer has to remember of itself: in one field, since fields are most of what an idle connection costs. */
const Note = {
  /** The application was told "buffered", and is owed a `drain`. */
  OwesDrain: 1,
  /** A handler threw: this peer is closing, and its handlers hear nothing more but the end. */
  Muted: 2,
  Terminated: 4,
} as const;

/** Output of one turn that is handed to the socket before the turn is over, so that budgets see it. */
const FLUSH_FROM = 256 * 1024;

export class NodePeer<Data> implements Peer<Data>, Handler, Patient, TransportListener {
  data: Data;
  readonly target: string;
  readonly address: string;
  readonly subprotocol: string;
  readonly extensions: readonly string[];
  readonly #context: PeerContext<Data>;
  readonly #transport: Transport;
  readonly #connection: Connection;

  /** The sum of what is to be remembered: see `Note`. */
  #notes = 0;
  #cause: unknown = undefined;

  /** There are none before `start`. */
  #vitals: Vitals | undefined = undefined;
  readonly #rate: TokenBucket | undefined;

  /** Few applications send messages in pieces: for the others there is none. */
  #held: HeldBack | undefined = undefined;

  #ended: PeerClosed | undefined = undefined;
  #waiters: Waiters | undefined = undefined;
  #taps: Taps | undefined = undefined;

  constructor(context: PeerContext<Data>, transport: Transport, opened: Opened<Data>) {
    const { role, settings, clock } = context;
    this.data = opened.data;
    this.target = opened.target;
    this.address = opened.address;
    this.subprotocol = opened.subprotocol;
    this.extensions = namesOf(opened.agreements);
    this.#context = context;
    this.#transport = transport;
    this.#rate =
      settings.messageRate === undefined ? undefined : new TokenBucket(settings.messageRate, clock);
    this.#connection = new Connection(role, this, {
      maxMessageSize: settings.maxMessageSize,
      maxFrameSize: settings.maxFrameSize,
      text: settings.text,
      extensions: opened.agreements,
      schedule: context.schedule,
    });
  }

  /** Takes the socket over, announces the peer, and reads what came behind the head of the handshake. */
  start(rest: Uint8Array): void {
    this.#transport.listen(this);
    this.#vitals = new Vitals(this.#context, this, this.#transport);
    tellOpen(this);
    this.#call(this.#context.handlers.open, undefined);
    if (rest.length > 0) this.receive(rest);
    this.#transport.resume();
  }

  // --- What an application sees -------------------------------------------------------------------------------

  get state(): State {
    return this.#connection.state;
  }

  get bufferedAmount(): number {
    return (this.#held?.bytes ?? 0) + this.#connection.bufferedAmount + this.#transport.waiting;
  }

  get roundTripTime(): number | undefined {
    return this.#vitals?.roundTripTime;
  }

  get closed(): Promise<PeerClosed> {
    if (this.#ended !== undefined) return Promise.resolve(this.#ended);
    return (this.#waiters ??= new Waiters()).ended();
  }

  send(data: Sendable): SendResult {
    if (typeof data === "string") {
      return this.#detour(data) ?? this.#sent(this.#connection.sendText(data), true);
    }
    const bytes = bytesFrom("send", data);
    return this.#detour(bytes) ?? this.#sent(this.#connection.sendBinary(bytes), false);
  }

  sendPrepared(message: PreparedMessage): SendResult {
    return this.#detour(message) ?? this.#sendNow(message);
  }

  async sendStream(pieces: AsyncIterable<Sendable> | Iterable<Sendable>): Promise<SendResult> {
    const held = (this.#held ??= new HeldBack());
    await held.hold();
    try {
      return await this.#sendPieces(pieces);
    } finally {
      for (const message of held.release()) this.#sendNow(message);
      if (this.#ended === undefined && !this.#transport.needsDrain) this.drain();
    }
  }

  async #sendPieces(pieces: AsyncIterable<Sendable> | Iterable<Sendable>): Promise<SendResult> {
    let isText: boolean | undefined;
    try {
      for await (const piece of pieces) {
        if (!this.#sendPiece(piece, isText ?? typeof piece === "string", false)) return this.#dropped();
        isText ??= typeof piece === "string";
        if (this.#handedOver(true) === "buffered") await this.drained();
      }
    } catch (error) {
      // Half a message has been sent, and nothing can take it back.
      if (isText !== undefined) this.close(CloseCode.InternalError, "a stream broke");
      throw error;
    }
    return this.#sent(this.#sendPiece(isText ? "" : EMPTY_BYTES, isText === true, true), isText === true);
  }

  #sendPiece(piece: Sendable, isText: boolean, last: boolean): boolean {
    if ((typeof piece === "string") !== isText) {
      throw new TypeError("sendStream: the pieces of a message must all be text, or all be bytes");
    }
    return typeof piece === "string"
      ? this.#connection.sendTextPiece(piece, last)
      : this.#connection.sendBinaryPiece(bytesFrom("sendStream", piece), last);
  }

  ping(data: Uint8Array = EMPTY_BYTES): SendResult {
    const accepted = this.#connection.ping(data);
    if (accepted) this.#vitals?.pinged();
    return this.#handedOver(accepted);
  }

  pong(data: Uint8Array = EMPTY_BYTES): SendResult {
    return this.#handedOver(this.#connection.pong(data));
  }

  close(code: number = CloseCode.Normal, reason = ""): void {
    this.#connection.close(code === CloseCode.NoStatus ? undefined : code, reason);
    // The peer's Close has to be read, whatever the application paused for.
    this.#transport.resume(Pause.Application);
    this.#vitals?.closing();
  }

  /** §7.1.1, §7.2.2: whoever must, or a server that wants to, ends TCP without a word. */
  terminate(): void {
    this.#notes |= Note.Terminated;
    this.#transport.destroy();
  }

  pause(): void {
    if (this.state === "open") this.#transport.pause(Pause.Application);
  }

  resume(): void {
    // What it has sent meanwhile is about to be read: nobody may call it silent before that.
    this.#vitals?.sign();
    this.#transport.resume(Pause.Application);
  }

  get isPaused(): boolean {
    return this.#transport.isPaused(Pause.Application);
  }

  drained(): Promise<void> {
    if (this.#ended !== undefined || !this.#transport.needsDrain) return Promise.resolve();
    return (this.#waiters ??= new Waiters()).drained();
  }

  tap(listener: TapListener): () => void {
    return (this.#taps ??= new Taps()).add(listener, (error) => this.#fail(error));
  }

  // --- Sending ------------------------------------------------------------------------------------------------

  /** What becomes of a message that cannot be sent now: it is dropped, or waits for another to end. */
  #detour(message: Outgoing): SendResult | undefined {
    const { maxBufferedBytes, onSlow } = this.#context.settings;
    if (onSlow === "drop" && this.bufferedAmount + sizeOf(message) > maxBufferedBytes) return this.#dropped();
    if (this.#held?.isHolding !== true) return undefined;
    if (this.state !== "open") return this.#dropped();
    this.#held.add(message);
    this.#notes |= Note.OwesDrain;
    this.#keepBudget(this.#held.bytes);
    return "buffered";
  }

  #sendNow(message: Outgoing): SendResult {
    const connection = this.#connection;
    if (typeof message === "string") return this.#sent(connection.sendText(message), true);
    if (message instanceof Uint8Array) return this.#sent(connection.sendBinary(message), false);
    return this.#sent(connection.sendPrepared(message), message.opcode === Opcode.Text);
  }

  #dropped(): SendResult {
    this.#context.statistics.messagesDropped++;
    tellBackpressure(this, "dropped");
    return "dropped";
  }

  #sent(accepted: boolean, isText: boolean): SendResult {
    if (!accepted) return this.#dropped();
    if (isText) this.#context.statistics.textOut++;
    else this.#context.statistics.binaryOut++;
    this.#vitals?.message();
    return this.#handedOver(true);
  }

  #handedOver(accepted: boolean): SendResult {
    if (!accepted) return "dropped";
    if (this.#connection.bufferedAmount >= FLUSH_FROM) this.#connection.flush();
    if (!this.#transport.needsDrain) return "sent";
    this.#notes |= Note.OwesDrain;
    return "buffered";
  }

  /** The connection's output. `Handler.write`. */
  write(bytes: Uint8Array, more: boolean): boolean {
    this.#context.statistics.bytesOut += bytes.length;
    this.#taps?.push("out", bytes, 0);
    this.#transport.write(bytes, more);
    const { waiting } = this.#transport;
    if (waiting === 0) return true;
    if (waiting > this.#context.settings.highWaterMark) this.#stopReading();
    this.#keepBudget(waiting);
    return false;
  }

  /** The peer does not take what it is sent: what it sends is not read, so that it cannot make us send more. */
  #stopReading(): void {
    // Without a `drain` to come, as below the socket's own mark, nothing would end the pause.
    if (this.#transport.isPaused(Pause.Backpressure) || !this.#transport.needsDrain) return;
    this.#context.statistics.backpressurePauses++;
    tellBackpressure(this, "paused");
    this.#transport.pause(Pause.Backpressure);
  }

  #keepBudget(waiting: number): void {
    const { settings, statistics } = this.#context;
    if (waiting > settings.maxBufferedBytes && settings.onSlow === "close" && this.state === "open") {
      statistics.budgetExceeded++;
      tellBackpressure(this, "budget-exceeded");
      this.#cause ??= new Error(
        `maxBufferedBytes: more than ${settings.maxBufferedBytes} bytes wait for this peer`,
      );
      this.close(CloseCode.TryAgainLater, "too slow");
    }
  }

  /** `Handler.end`: both sides have said that they close, or the connection has failed. */
  end(): void {
    this.#transport.end();
    this.#vitals?.closing();
  }

  // --- Receiving ----------------------------------------------------------------------------------------------

  receive(chunk: Uint8Array): void {
    this.#vitals?.sign();
    this.#context.statistics.bytesIn += chunk.length;
    this.#taps?.push("in", chunk, this.#connection.lacking);
    try {
      this.#connection.receive(chunk);
    } catch (error) {
      // What an application's own extension threw: nobody can say what the bytes behind it mean.
      this.#fail(error);
      this.#connection.flush();
      this.#transport.destroy();
    }
    if (this.state !== "open") this.#vitals?.closing();
  }

  onText(data: string): void {
    this.#context.statistics.textIn++;
    this.#message(data);
  }

  onUtf8(data: Uint8Array): void {
    this.#context.statistics.textIn++;
    this.#message(data);
  }

  onBinary(data: Uint8Array): void {
    this.#context.statistics.binaryIn++;
    this.#message(data);
  }

  #message(data: Message): void {
    this.#vitals?.message();
    if (!this.#isAllowed()) return;
    tellMessage(this, data);
    this.#call(this.#context.handlers.message, data);
  }

  onPing(data: Uint8Array): void {
    this.#call(this.#context.handlers.ping, data);
  }

  onPong(data: Uint8Array): void {
    this.#vitals?.ponged();
    this.#call(this.#context.handlers.pong, data);
  }

  #isAllowed(): boolean {
    if (this.#rate === undefined || this.#rate.take()) return true;
    this.#cause ??= new Error("messageRate: more messages than are allowed");
    this.close(CloseCode.PolicyViolation, "too many messages");
    return false;
  }

  /** Everything that waited has left. */
  drain(): void {
    if (this.#transport.isPaused(Pause.Backpressure)) {
      this.#context.statistics.backpressureResumes++;
      this.#transport.resume(Pause.Backpressure);
      tellBackpressure(this, "resumed");
    }
    this.#waiters?.tellDrained();
    if ((this.#notes & Note.OwesDrain) === 0) return;
    this.#notes &= ~Note.OwesDrain;
    this.#call(this.#context.handlers.drain, undefined);
  }

  // --- Handlers -----------------------------------------------------------------------------------------------

  /** Calls a handler, and sees to it that what it throws, now or later, ends this connection and nothing else. */
  #call<Argument>(
    handler: ((peer: Peer<Data>, argument: Argument) => unknown) | undefined,
    argument: Argument,
  ): void {
    if (handler === undefined || (this.#notes & Note.Muted) !== 0) return;
    try {
      const result = handler.call(this.#context.handlers, this, argument);
      if (isPromiseLike(result)) result.then(undefined, (error: unknown) => this.#fail(error));
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    if ((this.#notes & Note.Muted) !== 0) return;
    const { error: onError } = this.#context.handlers;
    this.#context.statistics.handlerErrors++;
    this.#cause ??= error;
    this.close(CloseCode.InternalError, "internal error");
    try {
      onError?.(this, error);
    } catch {
      // The handler for errors has none of its own.
    }
    this.#notes |= Note.Muted;
  }

  // --- The end ------------------------------------------------------------------------------------------------

  /** `destroy`, not `end`: a peer that does not read would keep us waiting for ever. */
  giveUp(reason: string): void {
    this.#cause ??= new Error(reason);
    this.#transport.destroy();
  }

  /** Decision: who has ended its side gets nothing more. It may have stopped reading too, and nobody watches it now. */
  transportEnded(error?: Error): void {
    if (error !== undefined) this.#cause ??= error;
    this.#transport.destroy();
    try {
      this.#connection.receiveEnd();
    } catch (failure) {
      this.#fail(failure);
    }
  }

  /** `Handler.onClose`: told exactly once, and last. */
  onClose(closed: Closed): void {
    const ended = peerClosed(closed, (this.#notes & Note.Terminated) !== 0, this.#cause);
    this.#ended = ended;
    this.#vitals?.end();
    this.#context.ended(this, ended);
    tellClose(this, ended);
    this.#waiters?.tellEnded(ended);
    this.#notes &= ~Note.Muted;
    this.#call(this.#context.handlers.close, ended);
  }
}
