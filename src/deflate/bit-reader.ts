/**
 * Chapter 1.5 — Reading bits, and codes (RFC 1951 §3.1.1).
 *
 * What this file must not know: what the bits mean.
 * Next: block-codes.ts.
 */

import { EMPTY_BYTES } from "../bytes.ts";
import { type DecodingTable, KIND, LINK } from "./huffman.ts";

/** Bits are held in 32: nothing asks for more at once. */
export class BitReader {
  input: Uint8Array = EMPTY_BYTES;
  /** The next byte of `input`. */
  at = 0;
  /** Bits taken from the input and not yet used: fewer than eight, unless the input ended where more are needed. */
  hold = 0;
  bits = 0;

  open(input: Uint8Array): void {
    this.input = input;
    this.at = 0;
  }

  /** Lets the input go; the bits held stay for the next one. */
  close(): void {
    this.input = EMPTY_BYTES;
  }

  reset(): void {
    this.hold = 0;
    this.bits = 0;
  }

  /** Makes sure of `count` bits. False: the input ends before; what there is stays. */
  fetch(count: number): boolean {
    while (this.bits < count) {
      if (this.at === this.input.length) return false;
      this.hold |= this.input[this.at++]! << this.bits;
      this.bits += 8;
    }
    return true;
  }

  take(count: number): number {
    const taken = this.hold & ((1 << count) - 1);
    this.hold >>>= count;
    this.bits -= count;
    return taken;
  }

  /** Skips what is left of the byte. */
  align(): void {
    this.take(this.bits & 7);
  }

  /**
   * The entry of the next code. Bits that have not arrived count as zero: such an entry is right if its code needs no
   * more bits than there are, so they are fetched one byte at a time until it does, or the input ends.
   */
  peek(table: DecodingTable): number {
    for (;;) {
      let entry = table.entries[this.hold & table.mask]!;
      if ((entry & KIND) === LINK) {
        const second = (this.hold >>> table.rootBits) & ((1 << ((entry >>> 4) & 15)) - 1);
        entry = table.entries[(entry >>> 16) + second]!;
      }
      if ((entry & 15) <= this.bits || !this.fetch(this.bits + 1)) return entry;
    }
  }
}
