/**
 * Chapter 1.10 — Writing bits (RFC 1951 §3.1.1).
 *
 * What this file must not know: what the bits mean.
 * Next: dynamic-header.ts.
 */

import { ByteBuffer } from "../bytes.ts";

const NO_OUTPUT: ByteBuffer = new ByteBuffer();

/** Appends bits to a `ByteBuffer` in which room was made for them before: `put` does not look. */
export class BitWriter {
  #output: ByteBuffer = NO_OUTPUT;
  /** Fewer than 16 bits wait here. */
  #hold = 0;
  #bits = 0;

  open(output: ByteBuffer): void {
    this.#output = output;
    this.#hold = 0;
    this.#bits = 0;
  }

  close(): void {
    this.#output = NO_OUTPUT;
  }

  /** How many bits are in the byte that is being filled. */
  get bitsInByte(): number {
    return this.#bits & 7;
  }

  /** Makes room for so many bits, and the rest of the last byte. */
  reserve(bits: number): void {
    this.#output.reserve((this.#bits + bits + 7) >>> 3);
  }

  /** Writes the lowest `count` bits of `value`, 16 at most; those above must be zero. */
  put(value: number, count: number): void {
    this.#hold |= value << this.#bits;
    this.#bits += count;
    if (this.#bits < 16) return;
    const output = this.#output;
    output.bytes[output.length++] = this.#hold;
    output.bytes[output.length++] = this.#hold >>> 8;
    this.#hold >>>= 16;
    this.#bits -= 16;
  }

  /** Fills the last byte with zeros; nothing waits afterwards. */
  align(): void {
    const output = this.#output;
    for (; this.#bits > 0; this.#bits -= 8) {
      output.bytes[output.length++] = this.#hold;
      this.#hold >>>= 8;
    }
    this.#bits = 0;
  }

  /** Copies whole bytes; only behind `align`. */
  putBytes(source: Uint8Array, start: number, end: number): void {
    this.#output.append(source, start, end);
  }
}
