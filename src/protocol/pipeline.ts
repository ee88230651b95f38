/**
 * Chapter 5.2 — The extensions of one connection, in order (§9.1).
 *
 * Owns the codecs that were agreed on. Outgoing messages pass through them in the order in which the response listed
 * them, incoming ones in the reverse order; the reserved bits on a message's first frame tell which of them took
 * part. One codec is the usual case and costs no detour.
 *
 * What this file must not know: what a codec does, frames beyond their reserved bits.
 * Next: message-reader.ts.
 */

import { ByteBuffer } from "../bytes.ts";
import { type Agreement, Decoded, type MessageCodec } from "./extension.ts";
import type { Role } from "./frame.ts";

interface Stage {
  readonly codec: MessageCodec;
  /** The codec's reserved bit, where it stands in a frame's first byte. */
  readonly bit: number;
}

export class Pipeline {
  /** All reserved bits that have a meaning on this connection. */
  readonly claimedBits: number;
  readonly #stages: readonly Stage[];

  constructor(agreements: readonly Agreement[], role: Role) {
    const stages: Stage[] = [];
    let claimedBits = 0;
    for (const agreement of agreements) {
      const codec = agreement.codec?.(role);
      if (codec === undefined) continue;
      const bit = agreement.reservedBit << 4;
      if (bit === 0 || (claimedBits & bit) !== 0) {
        throw new TypeError(
          `extensions: "${agreement.name}" transforms messages but has no reserved bit of its own`,
        );
      }
      claimedBits |= bit;
      stages.push({ codec, bit });
    }
    this.claimedBits = claimedBits;
    this.#stages = stages;
  }

  /** The reserved bits for an outgoing message of so many bytes: which codecs it is worth sending through. */
  choose(size: number): number {
    return this.claimedBits === 0 ? 0 : this.#chooseFromStages(size);
  }

  /** A method of its own, so that V8 puts the common case into its caller: 3 ns a message. */
  #chooseFromStages(size: number): number {
    let bits = 0;
    for (const { codec, bit } of this.#stages) if (codec.wants(size)) bits |= bit;
    return bits;
  }

  /** What connections must have in common to send a message with these reserved bits in the same bytes. */
  sharing(bits: number): object | undefined {
    return this.#stages.find(({ bit }) => bit === bits)?.codec.sharing;
  }

  /** Appends to `output` what `input` becomes on the wire, for a message with these reserved bits. */
  encode(bits: number, input: Uint8Array, output: ByteBuffer, last: boolean): void {
    let stageInput = input;
    let left = bits;
    for (let index = 0; left !== 0; index++) {
      const { codec, bit } = this.#stages[index]!;
      if ((left & bit) === 0) continue;
      left &= ~bit;
      const stageOutput = left === 0 ? output : new ByteBuffer();
      codec.encode(stageInput, stageOutput, last);
      stageInput = stageOutput.view();
    }
  }

  /** Appends to `output` what the peer meant by `input`. No stage produces more than `limit` bytes. */
  decode(bits: number, input: Uint8Array, output: ByteBuffer, limit: number, last: boolean): Decoded {
    let stageInput = input;
    let left = bits;
    for (let index = this.#stages.length - 1; left !== 0; index--) {
      const { codec, bit } = this.#stages[index]!;
      if ((left & bit) === 0) continue;
      left &= ~bit;
      const stageOutput = left === 0 ? output : new ByteBuffer();
      const decoded = codec.decode(stageInput, stageOutput, limit, last);
      if (decoded !== Decoded.Ok) return decoded;
      stageInput = stageOutput.view();
    }
    return Decoded.Ok;
  }
}

/** The pipeline of every connection without extensions. */
export const NO_EXTENSIONS: Pipeline = new Pipeline([], "server");
