/**
 * Chapter 5.3 — Reading messages (§5.4, §5.6, §6.2): frames → messages, one after the other.
 *
 * Owns the message under way: its type, its fragments, its UTF-8 state, its size so far. `next()` is the one cursor
 * over everything that arrives; it stops at each event, so whoever pulls it can act before the next byte is looked at
 * (law 3). A message that lies whole in one chunk is handed on as a view of that chunk; any other is gathered in one
 * buffer, so n tiny fragments cost what their bytes cost (law 6). Text is validated as it arrives (law 5).
 *
 * What this file must not know: states, Close and Pong duties, who is told.
 * Next: prepared-message.ts.
 */

import { ByteBuffer, EMPTY_BYTES, uncleared } from "../bytes.ts";
import { Pool } from "../pool.ts";
import { Decoded } from "./extension.ts";
import { isControl, Opcode, type Role } from "./frame.ts";
import { FrameReader } from "./frame-reader.ts";
import { NO_EXTENSIONS, type Pipeline } from "./pipeline.ts";
import { decodeUtf8, UTF8_ACCEPT, UTF8_REJECT, validateUtf8 } from "./utf8.ts";
import type { Rule } from "./violation.ts";

/** What `next()` stopped at. */
export const Signal = {
  /** Everything that arrived has been read. */
  Drained: 0,
  /** A whole text message: in `text`, or in `data` when text is wanted as bytes. */
  Text: 1,
  /** A whole binary message, in `data`. */
  Binary: 2,
  /** A piece of a message of type `type`, in `data`; `last` tells whether it ends the message. */
  Piece: 3,
  Close: 8,
  Ping: 9,
  Pong: 10,
  /** A rule was broken: `violation`. Nothing is read after that. */
  Violation: 11,
} as const;
export type Signal = (typeof Signal)[keyof typeof Signal];

export interface MessageReaderOptions {
  readonly maxMessageSize: number;
  readonly maxFrameSize: number;
  /** Text messages as validated bytes instead of strings. */
  readonly textAsBytes: boolean;
  /** Messages in pieces as they arrive, instead of whole. */
  readonly pieces: boolean;
}

/**
 * Transformed payload is gathered into blocks of this size before it is decoded: one call of a codec costs far more
 * than copying a few bytes, and a peer may cut a message into single bytes.
 */
const DECODED_BLOCK = 16 * 1024;

/** To be lent a reader for each chunk costs a connection 10 ns, and saves it 350 bytes as long as it is silent. */
const readers = new Pool<MessageReader>(64);

/** A reader for one connection, until it is given back. */
export function borrowReader(role: Role, pipeline: Pipeline, options: MessageReaderOptions): MessageReader {
  const reader = readers.borrow();
  if (reader === undefined) return new MessageReader(role, pipeline, options);
  reader.begin(role, pipeline, options);
  return reader;
}

/** Takes a reader back, if it is at rest. Returns whether it was. */
export function giveReaderBack(reader: MessageReader): boolean {
  if (!reader.isAtRest) return false;
  reader.forget();
  readers.giveBack(reader);
  return true;
}

/** Where messages are decoded that come in one piece; given back to the system when one made it large. */
const scratch = new ByteBuffer();
const SCRATCH_KEPT = 256 * 1024;

export class MessageReader {
  // What `next()` stopped at.
  text = "";
  data: Uint8Array = EMPTY_BYTES;
  type: typeof Opcode.Text | typeof Opcode.Binary = Opcode.Binary;
  last = true;
  violation: Rule | undefined = undefined;

  readonly #frames: FrameReader;
  #pipeline: Pipeline;
  #maxMessageSize: number;
  #pieces: boolean;
  textAsBytes: boolean;

  // The message under way.
  #transformed = 0;
  /** What the message has cost so far: the payload of its frames, as declared. */
  #charged = 0;
  /** How much of the message has been handed out in pieces. */
  #delivered = 0;
  #utf8: number = UTF8_ACCEPT;
  #body: ByteBuffer | undefined = undefined;
  /** Payload of a transformed message that no codec has seen yet. */
  #coded: ByteBuffer | undefined = undefined;
  /** The payload of a control frame that is torn between chunks. */
  #control: ByteBuffer | undefined = undefined;

  constructor(role: Role, pipeline: Pipeline, options: MessageReaderOptions) {
    this.#pipeline = pipeline;
    this.#maxMessageSize = options.maxMessageSize;
    this.#pieces = options.pieces;
    this.textAsBytes = options.textAsBytes;
    this.#frames = new FrameReader(role, pipeline.claimedBits, options.maxFrameSize, options.maxMessageSize);
  }

  /** Begins to read for another connection. Only a reader at rest may do that. */
  begin(role: Role, pipeline: Pipeline, options: MessageReaderOptions): void {
    this.#pipeline = pipeline;
    this.#maxMessageSize = options.maxMessageSize;
    this.#pieces = options.pieces;
    this.textAsBytes = options.textAsBytes;
    this.#frames.begin(role, pipeline.claimedBits, options.maxFrameSize, options.maxMessageSize);
  }

  /** Lets go of the connection's codecs. */
  forget(): void {
    this.#pipeline = NO_EXTENSIONS;
  }

  /** Whether it holds nothing of its connection: neither bytes nor what was made of them. */
  get isAtRest(): boolean {
    return this.#frames.isAtRest && this.data === EMPTY_BYTES && this.text === "";
  }

  get messageType(): "text" | "binary" {
    return this.type === Opcode.Text ? "text" : "binary";
  }

  get unread(): boolean {
    return this.#frames.unread;
  }

  get lacking(): number | undefined {
    return this.#frames.lacking;
  }

  feed(chunk: Uint8Array): void {
    this.#frames.feed(chunk);
  }

  /** All that has arrived is read: what is under way is kept, and nothing else of the peer (law 6). */
  rest(): void {
    this.#frames.release();
    this.data = EMPTY_BYTES;
    this.text = "";
  }

  /** Reads on to the next event. */
  next(): Signal {
    const frames = this.#frames;
    if (frames.remaining === 0 && frames.readWholeMessage()) return this.#readWhole();
    for (;;) {
      // While a payload is torn between chunks, `remaining` is what it lacks; otherwise a header comes next.
      if (frames.remaining === 0 && !this.#beginFrame()) {
        return frames.violation === undefined ? Signal.Drained : this.#broken(frames.violation);
      }
      const signal = isControl(frames.first) ? this.#readControl() : this.#readData();
      if (signal !== Signal.Drained || frames.remaining > 0) return signal;
    }
  }

  /** Reads a header; §5.4: a data frame begins a message or continues one, and is charged to it. */
  #beginFrame(): boolean {
    const frames = this.#frames;
    if (!frames.readHeader()) return false;
    if (isControl(frames.first)) return true;
    const maxMessageSize = this.#maxMessageSize;
    if (!frames.fragmented) {
      this.type = frames.opcode as typeof this.type;
      this.#transformed = frames.reservedBits;
      this.#charged = 0;
      this.#delivered = 0;
      this.#utf8 = UTF8_ACCEPT;
    }
    frames.fragmented = !frames.fin;
    // Decision: an empty fragment that does not end its message is charged one byte. Otherwise a message of endless
    // empty frames would never meet a limit.
    this.#charged += frames.length === 0 && !frames.fin ? 1 : frames.length;
    frames.room = frames.fin ? maxMessageSize : maxMessageSize - this.#charged;
    if (this.#charged <= maxMessageSize) return true;
    frames.violation = "message-too-big";
    return false;
  }

  /** The common case: the whole message lies in one frame, and that in this chunk. */
  #readWhole(): Signal {
    const frames = this.#frames;
    this.type = frames.opcode as typeof this.type;
    const { at: end } = frames;
    const start = end - frames.length;
    if (this.#pieces) return this.#piece(frames.view(start, end), true);
    if (this.type === Opcode.Binary || this.textAsBytes) return this.#whole(frames.view(start, end));
    return this.#read(decodeUtf8(frames.chunk, start, end, frames.wordsFor(frames.length)));
  }

  /** §5.5: control frames are short, and delivered whole: as a view of the chunk, unless they are torn. */
  #readControl(): Signal {
    const frames = this.#frames;
    const count = frames.readPayload();
    if (count === frames.length) {
      this.data = count === 0 ? EMPTY_BYTES : frames.view(frames.at - count, frames.at);
    } else {
      this.#control ??= new ByteBuffer();
      this.#control.append(frames.chunk, frames.at - count, frames.at, frames.length);
      if (frames.remaining > 0) return Signal.Drained;
      this.data = this.#control.take();
    }
    return frames.opcode as Signal;
  }

  #readData(): Signal {
    const frames = this.#frames;
    const count = frames.readPayload();
    const { chunk, at: end } = frames;
    const start = end - count;
    const last = frames.remaining === 0 && frames.fin;
    if (count === 0 && !last) return Signal.Drained;
    if (this.#transformed !== 0) return this.#decode(chunk, start, end, last);
    if (this.#pieces) return this.#piece(frames.view(start, end), last);
    if (last && this.#body === undefined) return this.#whole(frames.view(start, end));
    return this.#gather(chunk, start, end, last);
  }

  /** A message that has not arrived as a whole. */
  #gather(chunk: Uint8Array, start: number, end: number, last: boolean): Signal {
    if (!this.#isValidSoFar(chunk, start, end, last)) return this.#broken("invalid-utf8");
    const body = (this.#body ??= new ByteBuffer(uncleared));
    body.append(chunk, start, end, this.#frames.fin ? this.#charged : undefined);
    return last ? this.#deliver(body.take()) : this.#gatherOn(body);
  }

  /** Whatever fragments follow that are too short for the way of all frames. */
  #gatherOn(body: ByteBuffer): Signal {
    const from = body.length;
    this.#charged += this.#frames.readShortFragments(body);
    return this.#isValidSoFar(body.bytes, from, body.length, false)
      ? Signal.Drained
      : this.#broken("invalid-utf8");
  }

  /** A message, or part of one, that extensions have transformed (RFC 7692 §6.2). */
  #decode(chunk: Uint8Array, start: number, end: number, last: boolean): Signal {
    if (last && this.#coded === undefined && !this.#pieces) return this.#decodeWhole(chunk, start, end);
    const body = (this.#body ??= new ByteBuffer());
    const from = body.length;
    const rule = this.#decodeInBlocks(chunk, start, end, body, last);
    if (rule !== undefined) return this.#broken(rule);
    if (this.#pieces) {
      if (body.length === 0 && !last) return Signal.Drained;
      return this.#piece(body.take(), last);
    }
    if (!this.#isValidSoFar(body.bytes, from, body.length, last)) return this.#broken("invalid-utf8");
    return last ? this.#deliver(body.take()) : Signal.Drained;
  }

  /** Decodes whenever a block is full, counted from the message's first byte: however the chunks were cut. */
  #decodeInBlocks(
    chunk: Uint8Array,
    start: number,
    end: number,
    body: ByteBuffer,
    last: boolean,
  ): Rule | undefined {
    const coded = (this.#coded ??= new ByteBuffer());
    const limit = this.#maxMessageSize - this.#delivered;
    for (let at = start; ; ) {
      const count = Math.min(end - at, DECODED_BLOCK - coded.length);
      coded.append(chunk, at, at + count);
      at += count;
      const ends = last && at === end;
      if (!ends && coded.length < DECODED_BLOCK) return undefined;
      const decoded = this.#pipeline.decode(this.#transformed, coded.view(), body, limit, ends);
      coded.clear();
      if (decoded !== Decoded.Ok) return RULE_OF[decoded];
      if (at === end) return undefined;
    }
  }

  /** The common case of a transformed message: it is decoded at once, in memory that all connections share. */
  #decodeWhole(chunk: Uint8Array, start: number, end: number): Signal {
    const coded = chunk.subarray(start, end);
    const decoded = this.#pipeline.decode(this.#transformed, coded, scratch, this.#maxMessageSize, true);
    const bytes = scratch.view();
    if (scratch.bytes.length > SCRATCH_KEPT) scratch.take();
    else scratch.clear();
    if (decoded !== Decoded.Ok) return this.#broken(RULE_OF[decoded]);
    const readAtOnce = this.type === Opcode.Text && !this.textAsBytes;
    return this.#whole(readAtOnce ? bytes : bytes.slice());
  }

  #piece(piece: Uint8Array, last: boolean): Signal {
    if (!this.#isValidSoFar(piece, 0, piece.length, last)) return this.#broken("invalid-utf8");
    this.#delivered += piece.length;
    this.data = piece;
    this.last = last;
    if (last) this.#coded = this.#body = undefined;
    return Signal.Piece;
  }

  /** A whole message that nobody has validated yet. */
  #whole(message: Uint8Array): Signal {
    if (this.textAsBytes && !this.#isValidSoFar(message, 0, message.length, true)) {
      return this.#broken("invalid-utf8");
    }
    return this.#deliver(message);
  }

  /** Hands out a whole message. §8.1: text is UTF-8, or the connection fails; the platform's decoder sees to that. */
  #deliver(message: Uint8Array): Signal {
    this.#coded = this.#body = undefined;
    if (this.type === Opcode.Binary || this.textAsBytes) {
      this.data = message;
      return this.type;
    }
    return this.#read(decodeUtf8(message));
  }

  #read(text: string | undefined): Signal {
    if (text === undefined) return this.#broken("invalid-utf8");
    this.text = text;
    return Signal.Text;
  }

  /** Law 5: runs what arrived of a text through the validator; only the last byte may end it. */
  #isValidSoFar(bytes: Uint8Array, start: number, end: number, last: boolean): boolean {
    if (this.type === Opcode.Binary) return true;
    this.#utf8 = validateUtf8(this.#utf8, bytes, start, end);
    return last ? this.#utf8 === UTF8_ACCEPT : this.#utf8 !== UTF8_REJECT;
  }

  #broken(rule: Rule): Signal {
    this.violation = rule;
    return Signal.Violation;
  }
}

const RULE_OF = {
  [Decoded.TooBig]: "decoded-message-too-big",
  [Decoded.Corrupt]: "corrupt-message",
  [Decoded.Truncated]: "truncated-message",
} as const satisfies Record<Exclude<Decoded, typeof Decoded.Ok>, Rule>;
