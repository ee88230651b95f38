/**
 * Chapter 1.11 — The header of a dynamic block, written (RFC 1951 §3.2.7).
 *
 * The code lengths of both alphabets are one sequence. Its repetitions are shortened, what is left is counted, and a
 * third Huffman code is made for it, whose own lengths are sent in three bits each.
 *
 * What this file must not know: the symbols of the block.
 * Next: block-writer.ts.
 */

import {
  CODE_LENGTH_ORDER,
  CODE_LENGTH_SYMBOLS,
  DISTANCE_SYMBOLS,
  FIRST_LENGTH,
  LITERAL_SYMBOLS,
  LONGEST_CODE_LENGTH_CODE,
  REPEAT_BASE,
  REPEAT_EXTRA,
  REPEAT_PREVIOUS,
  REPEAT_ZERO,
  REPEAT_ZERO_LONG,
} from "./alphabets.ts";
import type { BitWriter } from "./bit-writer.ts";
import { assignCodes, chooseCodeLengths } from "./code-lengths.ts";

export class DynamicHeader {
  readonly #sequence: Uint8Array = new Uint8Array(LITERAL_SYMBOLS + DISTANCE_SYMBOLS);
  /** The sequence shortened: symbols of the third alphabet, each with the value of its extra bits. */
  readonly #symbols: Uint8Array = new Uint8Array(LITERAL_SYMBOLS + DISTANCE_SYMBOLS);
  readonly #extras: Uint8Array = new Uint8Array(LITERAL_SYMBOLS + DISTANCE_SYMBOLS);
  #count = 0;
  #literals = 0;
  #distances = 0;
  #headerLengths = 0;
  readonly #frequencies: Uint32Array = new Uint32Array(CODE_LENGTH_SYMBOLS);
  readonly #lengths: Uint8Array = new Uint8Array(CODE_LENGTH_SYMBOLS);
  readonly #codes: Uint32Array = new Uint32Array(CODE_LENGTH_SYMBOLS);

  /** Prepares the header for these code lengths; returns how many bits it takes. */
  prepare(literalLengths: Uint8Array, distanceLengths: Uint8Array): number {
    this.#literals = lengthWithoutZeros(literalLengths, FIRST_LENGTH);
    this.#distances = lengthWithoutZeros(distanceLengths, 1);
    this.#sequence.set(literalLengths);
    this.#sequence.set(distanceLengths, this.#literals);
    this.#frequencies.fill(0);
    this.#count = 0;
    this.#shorten(this.#literals + this.#distances);
    let bits = chooseCodeLengths(this.#frequencies, LONGEST_CODE_LENGTH_CODE, this.#lengths);
    for (let symbol = REPEAT_PREVIOUS; symbol < CODE_LENGTH_SYMBOLS; symbol++) {
      bits += this.#frequencies[symbol]! * extraBits(symbol);
    }
    this.#headerLengths = CODE_LENGTH_SYMBOLS;
    while (this.#lengths[CODE_LENGTH_ORDER[this.#headerLengths - 1]!] === 0) this.#headerLengths--;
    return bits + 5 + 5 + 4 + 3 * this.#headerLengths;
  }

  write(writer: BitWriter): void {
    assignCodes(this.#lengths, this.#codes);
    writer.put(this.#literals - FIRST_LENGTH, 5);
    writer.put(this.#distances - 1, 5);
    writer.put(this.#headerLengths - 4, 4);
    for (let at = 0; at < this.#headerLengths; at++) writer.put(this.#lengths[CODE_LENGTH_ORDER[at]!]!, 3);
    for (let at = 0; at < this.#count; at++) {
      const symbol = this.#symbols[at]!;
      const code = this.#codes[symbol]!;
      writer.put(code >>> 4, code & 15);
      writer.put(this.#extras[at]!, extraBits(symbol));
    }
  }

  #shorten(end: number): void {
    const sequence = this.#sequence;
    for (let at = 0; at < end; ) {
      const length = sequence[at]!;
      let run = 1;
      while (at + run < end && sequence[at + run] === length) run++;
      at += run;
      if (length > 0) {
        this.#add(length, 0); // a repetition refers to a length that was sent
        run--;
      }
      run =
        length > 0
          ? this.#repeat(REPEAT_PREVIOUS, run)
          : this.#repeat(REPEAT_ZERO, this.#repeat(REPEAT_ZERO_LONG, run));
      for (; run > 0; run--) this.#add(length, 0);
    }
  }

  /** Writes as much of the run as `symbol` can: never less than it stands for without its extra bits. */
  #repeat(symbol: number, run: number): number {
    const least = REPEAT_BASE[symbol - REPEAT_PREVIOUS]!;
    const most = least + (1 << extraBits(symbol)) - 1;
    while (run >= least) {
      const count = Math.min(run, most);
      this.#add(symbol, count - least);
      run -= count;
    }
    return run;
  }

  #add(symbol: number, extra: number): void {
    this.#symbols[this.#count] = symbol;
    this.#extras[this.#count++] = extra;
    this.#frequencies[symbol]!++;
  }
}

function extraBits(symbol: number): number {
  return symbol < REPEAT_PREVIOUS ? 0 : REPEAT_EXTRA[symbol - REPEAT_PREVIOUS]!;
}

/** Zeros at the end of an alphabet need not be sent, but `least` lengths always are. */
function lengthWithoutZeros(lengths: Uint8Array, least: number): number {
  let count = lengths.length;
  while (count > least && lengths[count - 1] === 0) count--;
  return count;
}
