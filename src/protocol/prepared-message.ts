/**
 * Chapter 5.4 — A message for many connections: framed once, and encoded once wherever that comes out the same.
 *
 * A server's frame is the same for every client, since nothing in it is masked (§5.1). What an extension makes of a
 * message is the same for all connections that agreed on the same parameters and keep no context between messages.
 *
 * What this file must not know: connections.
 * Next: message-writer.ts.
 */

import { ByteBuffer } from "../bytes.ts";
import { FIN, headerSizeFor, Opcode, writeHeader } from "./frame.ts";
import type { Pipeline } from "./pipeline.ts";

const encoder = new TextEncoder();

export class PreparedMessage {
  readonly opcode: typeof Opcode.Text | typeof Opcode.Binary;
  readonly payload: Uint8Array;
  #plain: Uint8Array | undefined = undefined;
  #encoded: Map<object, Uint8Array> | undefined = undefined;

  /** Bytes are not copied: do not change them while the message is in use. */
  constructor(data: string | Uint8Array) {
    if (typeof data !== "string" && !(data instanceof Uint8Array)) {
      throw new TypeError("PreparedMessage: data must be a string or a Uint8Array");
    }
    this.opcode = typeof data === "string" ? Opcode.Text : Opcode.Binary;
    this.payload = typeof data === "string" ? encoder.encode(data) : data;
  }

  /** The frame that a server sends, if it is the same for others: with these reserved bits, through this pipeline. */
  frameFor(pipeline: Pipeline, bits: number): Uint8Array | undefined {
    if (bits === 0) {
      this.#plain ??= serverFrame(FIN | this.opcode, this.payload);
      return this.#plain;
    }
    const sharing = pipeline.sharing(bits);
    if (sharing === undefined) return undefined;
    this.#encoded ??= new Map();
    let frame = this.#encoded.get(sharing);
    if (frame === undefined) {
      const output = new ByteBuffer();
      pipeline.encode(bits, this.payload, output, true);
      frame = serverFrame(FIN | bits | this.opcode, output.view());
      this.#encoded.set(sharing, frame);
    }
    return frame;
  }
}

function serverFrame(first: number, payload: Uint8Array): Uint8Array {
  const frame = new Uint8Array(headerSizeFor(payload.length, false) + payload.length);
  frame.set(payload, writeHeader(frame, 0, first, payload.length));
  return frame;
}
