/**
 * Chapter 5.5 — Writing messages (§5.4, §5.6, §6.1; RFC 7692 §6.1): what an application sends → frames.
 *
 * Owns the fragmented message that is being sent, if one is: its type, its extensions, and half a character where a
 * text was cut between its pieces. Everything else is sent in one frame. A connection whose output has left gives its
 * writer back.
 *
 * What this file must not know: states, when output leaves.
 * Next: contract.ts.
 */

import { ByteBuffer } from "../bytes.ts";
import { Pool } from "../pool.ts";
import { FIN, Opcode } from "./frame.ts";
import { FrameWriter, type Output, PASSED_ON_FROM } from "./frame-writer.ts";
import type { MaskingKeys } from "./mask.ts";
import { NO_EXTENSIONS, type Pipeline } from "./pipeline.ts";
import type { PreparedMessage } from "./prepared-message.ts";
import { encodeUtf8Into, MAX_UTF8_PER_UNIT } from "./utf8.ts";

type DataOpcode = typeof Opcode.Text | typeof Opcode.Binary;

const encoder = new TextEncoder();

/** Where messages are transformed before they are copied into their frame, and where short texts are encoded before that. */
const scratch = new ByteBuffer();
const encoded = new ByteBuffer();

/**
 * To be lent a writer for the output of each turn saves a connection 190 bytes as long as it is silent. As many are kept as
 * have output at once in a broadcast to a thousand.
 */
const writers = new Pool<MessageWriter>(1024);

/** Whom a writer in the pool writes for: it keeps no connection alive. */
const NOBODY: Output = { write: () => true };

/** A writer for one connection, until it is given back. */
export function borrowWriter(
  output: Output,
  keys: MaskingKeys | undefined,
  pipeline: Pipeline,
): MessageWriter {
  const writer = writers.borrow();
  if (writer === undefined) return new MessageWriter(new FrameWriter(output, keys), pipeline);
  writer.begin(output, keys, pipeline);
  return writer;
}

/** Takes a writer back, if it is at rest. Returns whether it was. */
export function giveWriterBack(writer: MessageWriter): boolean {
  if (!writer.isAtRest) return false;
  writer.begin(NOBODY, undefined, NO_EXTENSIONS);
  writers.giveBack(writer);
  return true;
}

export class MessageWriter {
  readonly #frames: FrameWriter;
  #pipeline: Pipeline;

  // The message that is being sent in pieces.
  #opcode: DataOpcode | undefined = undefined;
  /** Opcode and reserved bits of the next frame: of the message on its first fragment, 0 on all others (§5.2). */
  #first = 0;
  #transform = 0;
  /** A high surrogate whose other half comes with the next piece. */
  #half = "";

  constructor(frames: FrameWriter, pipeline: Pipeline) {
    this.#frames = frames;
    this.#pipeline = pipeline;
  }

  /** Begins to write for another connection. Only a writer at rest may do that. */
  begin(output: Output, keys: MaskingKeys | undefined, pipeline: Pipeline): void {
    this.#frames.begin(output, keys);
    this.#pipeline = pipeline;
  }

  /** Whether it holds nothing of its connection: no output, and no message that is being sent in pieces. */
  get isAtRest(): boolean {
    return this.#opcode === undefined && this.#frames.isAtRest;
  }

  /** How many bytes wait for `flush`. */
  get waiting(): number {
    return this.#frames.waiting;
  }

  /** Whether all output has left. */
  get idle(): boolean {
    return this.#frames.idle;
  }

  flush(): void {
    this.#frames.flush();
  }

  /** §5.5: control frames may stand between the fragments of a message. */
  control(opcode: number, payload: Uint8Array, bulk: boolean): void {
    this.#frames.frame(FIN | opcode, payload, bulk);
  }

  text(data: string, bulk: boolean): void {
    this.#mustBeFree();
    if (this.#pipeline.choose(data.length) === 0) this.#frames.textFrame(FIN | Opcode.Text, data, bulk);
    else this.bytes(Opcode.Text, utf8Of(data), bulk);
  }

  bytes(opcode: DataOpcode, data: Uint8Array, bulk: boolean): void {
    this.#mustBeFree();
    const bits = this.#pipeline.choose(data.length);
    this.#send(FIN | bits | opcode, bits, data, true, bulk);
  }

  /** A message that others are sent too; `masked` makes every frame different, and nothing shared. */
  prepared(message: PreparedMessage, masked: boolean, bulk: boolean): void {
    this.#mustBeFree();
    const bits = this.#pipeline.choose(message.payload.length);
    const frame = masked ? undefined : message.frameFor(this.#pipeline, bits);
    if (frame === undefined) this.#send(FIN | bits | message.opcode, bits, message.payload, true, bulk);
    else this.#frames.whole(frame);
  }

  textPiece(piece: string, last: boolean, bulk: boolean): void {
    let text = this.#half + piece;
    this.#half = "";
    if (!last && endsInHighSurrogate(text)) {
      this.#half = text.slice(-1);
      text = text.slice(0, -1);
    }
    this.piece(Opcode.Text, encoder.encode(text), last, bulk);
  }

  piece(opcode: DataOpcode, data: Uint8Array, last: boolean, bulk: boolean): void {
    if (this.#opcode === undefined) {
      this.#opcode = opcode;
      // The size is unknown: as large as it may become.
      this.#transform = this.#pipeline.choose(Number.POSITIVE_INFINITY);
      this.#first = this.#transform | opcode;
    } else if (this.#opcode !== opcode) {
      throw new Error("sendPiece: a message under way cannot change between text and binary (RFC 6455 §5.4)");
    }
    if (last) this.#opcode = undefined;
    else if (data.length === 0) return;
    this.#send((last ? FIN : 0) | this.#first, this.#transform, data, last, bulk);
    this.#first = Opcode.Continuation;
  }

  #send(first: number, bits: number, data: Uint8Array, last: boolean, bulk: boolean): void {
    if (bits === 0) {
      this.#frames.frame(first, data, bulk);
      return;
    }
    this.#pipeline.encode(bits, data, scratch, last);
    // A payload that is large enough to be passed on without a copy must not be memory that is used again.
    this.#frames.frame(first, scratch.length < PASSED_ON_FROM ? scratch.view() : scratch.take(), bulk);
    scratch.clear();
  }

  /** §5.4: the fragments of one message are not interleaved with another message. */
  #mustBeFree(): void {
    if (this.#opcode !== undefined) {
      throw new Error(
        "send: a message in pieces is under way; end it first, with its last piece (RFC 6455 §5.4)",
      );
    }
  }
}

/** The text's bytes, until the next text: where there are many, they may be passed on, and have memory of their own. */
function utf8Of(text: string): Uint8Array {
  const most = text.length * MAX_UTF8_PER_UNIT;
  if (most >= PASSED_ON_FROM) return encoder.encode(text);
  encoded.clear();
  encoded.reserve(most);
  encoded.length = encodeUtf8Into(text, encoded.bytes, 0);
  return encoded.view();
}

function endsInHighSurrogate(text: string): boolean {
  const unit = text.charCodeAt(text.length - 1);
  return unit >= 0xd800 && unit <= 0xdbff;
}
