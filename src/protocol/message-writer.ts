/**
 * Chapter 5.5 — Writing messages (§5.4, §5.6, §6.1; RFC 7692 §6.1): what an application sends → frames.
 *
 * Owns the fragmented message that is being sent, if one is: its type, its extensions, and half a character where a
 * text was cut between its pieces. Everything else is sent in one frame.
 *
 * What this file must not know: states, when output leaves.
 * Next: contract.ts.
 */

import { ByteBuffer } from "../bytes.ts";
import { FIN, Opcode } from "./frame.ts";
import { type FrameWriter, PASSED_ON_FROM } from "./frame-writer.ts";
import type { Pipeline } from "./pipeline.ts";
import type { PreparedMessage } from "./prepared-message.ts";

type DataOpcode = typeof Opcode.Text | typeof Opcode.Binary;

const encoder = new TextEncoder();

/** Where messages are transformed before they are copied into their frame. */
const scratch = new ByteBuffer();

export class MessageWriter {
  readonly #frames: FrameWriter;
  readonly #pipeline: Pipeline;

  // The message that is being sent in pieces.
  #opcode: DataOpcode | undefined = undefined;
  /** Opcode and reserved bits of the next frame: those of the message on its first fragment, 0 on all others. */
  #first = 0;
  #transform = 0;
  /** A high surrogate whose other half comes with the next piece. */
  #half = "";

  constructor(frames: FrameWriter, pipeline: Pipeline) {
    this.#frames = frames;
    this.#pipeline = pipeline;
  }

  text(data: string, bulk: boolean): void {
    this.#mustBeFree();
    if (this.#pipeline.choose(data.length) === 0) this.#frames.textFrame(FIN | Opcode.Text, data, bulk);
    else this.bytes(Opcode.Text, encoder.encode(data), bulk);
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

function endsInHighSurrogate(text: string): boolean {
  const unit = text.charCodeAt(text.length - 1);
  return unit >= 0xd800 && unit <= 0xdbff;
}
