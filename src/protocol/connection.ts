/**
 * Chapter 6.2 — The connection (§5.5, §6, §7): the state machine, and the only owner of state.
 *
 *   the closing handshake (§7.1)        then                         TCP is ended by             reported
 *   we send Close                       the peer's Close arrives     the server, at once         clean, "local"
 *   the peer's Close arrives            we echo its code             the server, at once         clean, "remote"
 *   the peer breaks a rule              we send Close, deaf now      us, at once                 1006, error, "local"
 *   TCP ends                            nothing can be sent          nobody: it has ended        1006, "transport"
 *
 * Control duties are done here, before anybody is told: a Pong or Close stands in the output, in order, before the
 * next event is delivered (law 4). The peer's bytes never throw; an application's mistake always does (law 2).
 * What this file must not know: sockets, clocks, how bytes become frames. Next: peers.ts.
 */

import { EMPTY_BYTES } from "../bytes.ts";
import { CloseCode, type ClosePayload, checkClose, readClosePayload, writeClosePayload } from "./close.ts";
import {
  type Closed,
  type ConnectionOptions,
  checkBytes,
  checkControlPayload,
  checkHandler,
  checkString,
  type Event,
  type Handler,
  type Settings,
  type State,
  settingsFrom,
} from "./contract.ts";
import { Opcode, type Role } from "./frame.ts";
import { borrowReader, giveReaderBack, type MessageReader, Signal } from "./message-reader.ts";
import { borrowWriter, giveWriterBack, type MessageWriter } from "./message-writer.ts";
import { NO_EXTENSIONS, Pipeline } from "./pipeline.ts";
import { PreparedMessage } from "./prepared-message.ts";
import { UTF8_ACCEPT, validateUtf8 } from "./utf8.ts";
import { ProtocolError, type Rule } from "./violation.ts";

/** Who runs the cursor. */
type Cursor = (typeof Cursor)[keyof typeof Cursor];

const Cursor = {
  Free: 0,
  /** Nobody, and what is left of the chunk at hand waits for `events`, through which it came. */
  Left: 1,
  /** `receive`. */
  Pushing: 2,
  /** `events`. */
  Pulling: 3,
} as const;

/**
 * The end of a connection, from the moment when one is in sight. With these in an object of their own, and the cursor in
 * one field, an open connection takes 104 bytes instead of 192 (`npm run bench -- --scenario memory-plain`, Node 20.20).
 */
class Ending {
  initiator: Closed["initiator"] = "transport";
  /** What the peer's Close frame said. */
  received: ClosePayload | undefined = undefined;
  error: ProtocolError | undefined = undefined;
  /** §5.5.1, §7.1.7: after the peer's Close, and after failing, nothing is read any more. */
  deaf = false;
  /** This side of the transport shall end once the output has left; and has been told to. */
  due = false;
  done = false;
  transportEnded = false;
  closed: Closed | undefined = undefined;
  /** `events` has yielded it. */
  yielded = false;
}

export class Connection {
  readonly #handler: Handler;
  readonly #settings: Settings;
  readonly #pipeline: Pipeline;
  /** Lent, as long as something of the peer's is under way. */
  #reader: MessageReader | undefined = undefined;
  /** Lent, as long as output waits. */
  #writer: MessageWriter | undefined = undefined;

  #state: State = "open";
  /** How it ends: there is nothing of that before it begins to. */
  #ending: Ending | undefined = undefined;
  #cursor: Cursor = Cursor.Free;
  #scheduled = false;

  constructor(role: Role, handler: Handler, options: ConnectionOptions = {}) {
    checkHandler(handler);
    const { extensions = [] } = options;
    this.#handler = handler;
    this.#settings = settingsFrom(role, options);
    this.#pipeline = extensions.length === 0 ? NO_EXTENSIONS : new Pipeline(extensions, role);
  }

  get role(): Role {
    return this.#settings.role;
  }

  get state(): State {
    return this.#state;
  }

  /** Bytes that were sent and have not been written yet: they leave with `flush`. */
  get bufferedAmount(): number {
    return this.#writer?.waiting ?? 0;
  }

  /** How the connection ended, once it has. */
  get closed(): Closed | undefined {
    return this.#ending?.closed;
  }

  /**
   * How many bytes the frame that is arriving still lacks; `undefined` as long as its header is not complete. For those
   * who begin to watch a connection that has been open for some time.
   */
  get lacking(): number | undefined {
    return this.#reader === undefined ? 0 : this.#reader.lacking;
  }

  // --- Receiving ---------------------------------------------------------------------------------------------

  /**
   * Takes bytes from the transport and announces what they say. The chunk is given away: payloads are unmasked in
   * place. Never throws on what the peer sent; what a handler throws passes through, and the rest of the chunk is
   * read with the next one.
   */
  receive(chunk: Uint8Array): void {
    if (!(chunk instanceof Uint8Array)) throw new TypeError("receive: the chunk must be a Uint8Array");
    this.#mustBeIdle("receive");
    if (this.#ending?.deaf === true) return;
    this.#feed(chunk);
    this.#announceAll();
  }

  /** The transport has ended, or failed (§7.2.1): nothing will arrive any more and nothing can leave. */
  receiveEnd(): void {
    const ending = this.#beginEnding();
    if (ending.transportEnded) return;
    ending.transportEnded = true;
    if (this.#cursor >= Cursor.Pushing) return;
    if (!this.#unread) this.#finish(ending);
    else if (this.#cursor !== Cursor.Left) this.#announceAll();
  }

  /**
   * The same cursor, pulled: yields what `chunk`, and anything left unread before it, says. Each event is yielded
   * before the next byte is looked at. After `receiveEnd`, the close event comes last.
   */
  *events(chunk?: Uint8Array): Generator<Event, void, undefined> {
    this.#mustBeIdle("events");
    if (chunk !== undefined && this.#ending?.deaf !== true) this.#feed(chunk);
    this.#cursor = Cursor.Pulling;
    try {
      for (let signal = this.#advance(); signal !== Signal.Drained; signal = this.#advance()) {
        // What is owed to the peer must not wait for the caller to come back for the next event.
        this.flush();
        yield this.#event(signal);
      }
    } finally {
      this.#cursor = Cursor.Left;
      this.flush();
      if (this.#ending?.transportEnded === true && !this.#unread) this.#finish(this.#ending);
    }
    const ending = this.#ending;
    if (ending?.closed !== undefined && !ending.yielded) {
      ending.yielded = true;
      yield { type: "close", close: ending.closed };
    }
  }

  #feed(chunk: Uint8Array): void {
    const { role } = this.#settings;
    this.#reader ??= borrowReader(role, this.#pipeline, this.#settings);
    this.#reader.feed(chunk);
  }

  /** Whether something has arrived that has not been read. */
  get #unread(): boolean {
    return this.#reader?.unread === true;
  }

  // --- Sending -----------------------------------------------------------------------------------------------
  //
  // Each returns false, and sends nothing, once the connection is no longer open: that is a race no application
  // can win, and no mistake. §5.1, §5.5.1: data may be sent up to the own Close frame, and none after it.

  /** Sends a text message. A lone surrogate, which UTF-8 cannot express, becomes U+FFFD, as in browsers. */
  sendText(data: string): boolean {
    checkString("sendText", data);
    if (this.#state !== "open") return false;
    this.#output().text(data, this.#cursor === Cursor.Pushing);
    return this.#queued();
  }

  /** Sends a binary message. From 32 KiB on a server passes the bytes on uncopied: do not change them afterwards. */
  sendBinary(data: Uint8Array): boolean {
    checkBytes("sendBinary", data);
    if (this.#state !== "open") return false;
    this.#output().bytes(Opcode.Binary, data, this.#cursor === Cursor.Pushing);
    return this.#queued();
  }

  /** Sends a text message that is UTF-8 already. It is validated: an invalid one would make the peer fail. */
  sendUtf8(data: Uint8Array): boolean {
    checkBytes("sendUtf8", data);
    if (validateUtf8(UTF8_ACCEPT, data, 0, data.length) !== UTF8_ACCEPT) {
      throw new TypeError("sendUtf8: data is not valid UTF-8");
    }
    if (this.#state !== "open") return false;
    this.#output().bytes(Opcode.Text, data, this.#cursor === Cursor.Pushing);
    return this.#queued();
  }

  /** Sends a message that many connections are sent: see `PreparedMessage`. */
  sendPrepared(message: PreparedMessage): boolean {
    if (!(message instanceof PreparedMessage)) {
      throw new TypeError("sendPrepared: message must be a PreparedMessage");
    }
    if (this.#state !== "open") return false;
    this.#output().prepared(message, this.role === "client", this.#cursor === Cursor.Pushing);
    return this.#queued();
  }

  /** Sends a piece of a text message, as a fragment of its own; `last` ends the message. */
  sendTextPiece(data: string, last: boolean): boolean {
    checkString("sendTextPiece", data);
    if (this.#state !== "open") return false;
    this.#output().textPiece(data, last, this.#cursor === Cursor.Pushing);
    return this.#queued();
  }

  /** Sends a piece of a binary message, as a fragment of its own; `last` ends the message. */
  sendBinaryPiece(data: Uint8Array, last: boolean): boolean {
    checkBytes("sendBinaryPiece", data);
    if (this.#state !== "open") return false;
    this.#output().piece(Opcode.Binary, data, last, this.#cursor === Cursor.Pushing);
    return this.#queued();
  }

  /** §5.5.2. The peer's Pong will carry the same data. */
  ping(data: Uint8Array = EMPTY_BYTES): boolean {
    checkControlPayload("ping", data);
    if (this.#state !== "open") return false;
    this.#output().control(Opcode.Ping, data, this.#cursor === Cursor.Pushing);
    return this.#queued();
  }

  /** §5.5.3: a Pong nobody asked for, a one-way sign of life. The answers to Pings are not your business. */
  pong(data: Uint8Array = EMPTY_BYTES): boolean {
    checkControlPayload("pong", data);
    if (this.#state !== "open") return false;
    this.#output().control(Opcode.Pong, data, this.#cursor === Cursor.Pushing);
    return this.#queued();
  }

  /** §7.1.2: starts the closing handshake. Without effect once it has begun. */
  close(code?: number, reason = ""): void {
    checkClose(code, reason);
    if (this.#state !== "open") return;
    this.#sendClose("local", code, reason);
    this.#queued();
  }

  /** Lets the output leave. Only a scheduler needs to call this: see `options.schedule`. */
  flush(): void {
    this.#scheduled = false;
    if (this.#state === "closed") return;
    const writer = this.#writer;
    writer?.flush();
    if (this.#ending?.due === true && writer?.idle !== false) this.#end(this.#ending);
    if (writer !== undefined && giveWriterBack(writer)) this.#writer = undefined;
  }

  /** Where output is written. */
  #output(): MessageWriter {
    this.#writer ??= borrowWriter(this.#handler, this.#settings.keys, this.#pipeline);
    return this.#writer;
  }

  /** Output waits: it leaves with the chunk that is being read, or when the turn ends, or now. */
  #queued(): true {
    if (this.#cursor === Cursor.Pushing) return true;
    const { schedule } = this.#settings;
    if (schedule === undefined) {
      this.flush();
    } else if (!this.#scheduled) {
      this.#scheduled = true;
      schedule(this);
    }
    return true;
  }

  // --- The state machine -------------------------------------------------------------------------------------

  /** Reads on to the next event that is to be announced, and does what is owed for those before it and for it. */
  #advance(): Signal {
    const reader = this.#reader;
    if (reader === undefined) return Signal.Drained;
    const signal = reader.next();
    return signal === Signal.Binary || signal === Signal.Text ? signal : this.#attend(signal, reader);
  }

  /** Does what is owed for anything but a whole message. */
  #attend(signal: Signal, reader: MessageReader): Signal {
    switch (signal) {
      case Signal.Ping:
        // §5.5.2: owed also when we have sent Close, as long as the peer's has not come.
        this.#output().control(Opcode.Pong, reader.data, true);
        return signal;
      case Signal.Close:
        this.#receiveClose(readClosePayload(reader.data));
        return Signal.Drained;
      case Signal.Violation:
        this.#fail(reader.violation!);
        return Signal.Drained;
      case Signal.Drained:
        reader.rest();
        if (giveReaderBack(reader)) this.#reader = undefined;
        return signal;
      default:
        return signal;
    }
  }

  /** §5.5.1: answers a Close frame, unless it is the answer itself; then the server ends TCP (§7.1.1). */
  #receiveClose(payload: ClosePayload | Rule): void {
    if (typeof payload === "string") {
      this.#fail(payload);
      return;
    }
    const ending = this.#beDeaf();
    ending.received = payload;
    if (this.#state === "open") {
      // Decision: the code is echoed, as §5.5.1 calls typical; the reason is not, since it was ours to read.
      this.#sendClose("remote", payload.code === CloseCode.NoStatus ? undefined : payload.code, "");
    }
    if (this.role === "server") ending.due = true;
  }

  /** §7.1.7, §7.2.1, §10.7: fails the connection. The Close frame names the rule, for whoever looks for the bug. */
  #fail(rule: Rule): void {
    const ending = this.#beDeaf();
    ending.error = new ProtocolError(rule);
    if (this.#state === "open") this.#sendClose("local", ending.error.code, rule);
    ending.due = true;
  }

  #beginEnding(): Ending {
    this.#ending ??= new Ending();
    return this.#ending;
  }

  #beDeaf(): Ending {
    const ending = this.#beginEnding();
    ending.deaf = true;
    this.#reader = undefined;
    return ending;
  }

  #sendClose(initiator: Closed["initiator"], code: number | undefined, reason: string): void {
    this.#beginEnding().initiator = initiator;
    this.#state = "closing";
    this.#output().control(Opcode.Close, writeClosePayload(code, reason), this.#cursor === Cursor.Pushing);
  }

  #end(ending: Ending): void {
    if (ending.done) return;
    ending.done = true;
    this.#handler.end();
  }

  /** §7.1.4–§7.1.6: TCP is closed, and so is the connection. */
  #finish(ending: Ending): void {
    if (ending.closed !== undefined) return;
    this.#beDeaf();
    const { received, error, initiator } = ending;
    const { code, reason } = received ?? { code: CloseCode.Abnormal, reason: "" };
    // A Close frame that arrived was answered at once, or was the answer.
    const clean = received !== undefined;
    ending.closed = { code, reason, clean, initiator, ...(error === undefined ? {} : { error }) };
    this.#state = "closed";
    this.#end(ending);
    this.#handler.onClose?.(ending.closed);
  }

  // --- Telling -----------------------------------------------------------------------------------------------

  #announceAll(): void {
    this.#cursor = Cursor.Pushing;
    try {
      for (let signal = this.#advance(); signal !== Signal.Drained; signal = this.#advance()) {
        this.#announce(signal);
      }
    } finally {
      this.#cursor = Cursor.Free;
      this.flush();
      if (this.#ending?.transportEnded === true) this.#finish(this.#ending);
    }
  }

  #announce(signal: Signal): void {
    const reader = this.#reader!;
    const handler = this.#handler;
    switch (signal) {
      case Signal.Text:
        if (reader.textAsBytes) handler.onUtf8?.(reader.data);
        else handler.onText?.(reader.text);
        return;
      case Signal.Binary:
        handler.onBinary?.(reader.data);
        return;
      case Signal.Piece:
        handler.onPiece?.(reader.data, reader.messageType, reader.last);
        return;
      case Signal.Ping:
        handler.onPing?.(reader.data);
        return;
      case Signal.Pong:
        handler.onPong?.(reader.data);
        return;
    }
  }

  #event(signal: Signal): Event {
    const { data, text, messageType, last, textAsBytes } = this.#reader!;
    switch (signal) {
      case Signal.Text:
        return textAsBytes ? { type: "utf8", data } : { type: "text", data: text };
      case Signal.Piece:
        return { type: "piece", of: messageType, data, last };
      case Signal.Ping:
        return { type: "ping", data };
      case Signal.Pong:
        return { type: "pong", data };
      default:
        return { type: "binary", data };
    }
  }

  #mustBeIdle(method: string): void {
    if (this.#cursor >= Cursor.Pushing) {
      throw new Error(`${method}: this connection is being read already; wait until that has returned`);
    }
  }
}
