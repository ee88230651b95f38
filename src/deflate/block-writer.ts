/**
 * Chapter 1.12 — Writing blocks (RFC 1951 §3.2.3 to §3.2.7; RFC 7692 §7.2.1).
 *
 * Gathers what a block says, literals and matches; when it is full or the data end, computes what the block would
 * take in each of the three forms and writes the smallest. Ends a call with the empty stored block that aligns the
 * data to a byte.
 *
 * What this file must not know: where matches come from, the window.
 * Next: match-finder.ts.
 */

import { type ByteBuffer, EMPTY_BYTES } from "../bytes.ts";
import * as alphabets from "./alphabets.ts";
import { BitWriter } from "./bit-writer.ts";
import { assignCodes, chooseCodeLengths } from "./code-lengths.ts";
import { DynamicHeader } from "./dynamic-header.ts";

/** As constants of this module, for speed (see inflate-fast.ts): JSON of 16 KiB in 116 µs instead of 121. */
const {
  DISTANCE_BASE,
  DISTANCE_EXTRA,
  DISTANCE_SYMBOLS,
  distanceSymbol,
  END_OF_BLOCK,
  FIRST_LENGTH,
  FIXED_DISTANCE_LENGTHS,
  FIXED_LITERAL_LENGTHS,
  LENGTH_BASE,
  LENGTH_EXTRA,
  LENGTH_INDEX,
  LITERAL_SYMBOLS,
  LONGEST_CODE,
} = alphabets;

/** BTYPE, §3.2.3. */
const STORED = 0;
const FIXED = 1;
const DYNAMIC = 2;

/** §3.2.4: LEN has 16 bits. */
const LONGEST_STORED = 0xffff;

/**
 * Below so many symbols the codes of a dynamic block are not even computed, because its header costs more than they
 * save: of 38,000 such blocks (JSON and prose in messages of 40 to 300 bytes) 13 would have come out smaller.
 */
const FEWEST_DYNAMIC = 40;

const fixedLiteralCodes = new Uint32Array(FIXED_LITERAL_LENGTHS.length);
const fixedDistanceCodes = new Uint32Array(FIXED_DISTANCE_LENGTHS.length);
assignCodes(FIXED_LITERAL_LENGTHS, fixedLiteralCodes);
assignCodes(FIXED_DISTANCE_LENGTHS, fixedDistanceCodes);

export class BlockWriter {
  /** A literal is its byte; a match is its length, shifted by 16, and its distance. */
  readonly symbols: Uint32Array;
  count = 0;
  readonly #bits: BitWriter = new BitWriter();
  readonly #header: DynamicHeader = new DynamicHeader();
  readonly #literalFrequencies: Uint32Array = new Uint32Array(LITERAL_SYMBOLS);
  readonly #literalLengths: Uint8Array = new Uint8Array(LITERAL_SYMBOLS);
  readonly #literalCodes: Uint32Array = new Uint32Array(LITERAL_SYMBOLS);
  readonly #distanceFrequencies: Uint32Array = new Uint32Array(DISTANCE_SYMBOLS);
  readonly #distanceLengths: Uint8Array = new Uint8Array(DISTANCE_SYMBOLS);
  readonly #distanceCodes: Uint32Array = new Uint32Array(DISTANCE_SYMBOLS);

  /** `capacity`: how many symbols a block may have. */
  constructor(capacity: number) {
    this.symbols = new Uint32Array(capacity);
  }

  open(output: ByteBuffer): void {
    this.#bits.open(output);
    this.count = 0;
  }

  /**
   * Writes the block of the gathered symbols, which stand for the bytes of `raw` from `start` up to `end`, in the
   * smallest of the three forms.
   */
  writeBlock(raw: Uint8Array, start: number, end: number, final: boolean): void {
    this.#countFrequencies();
    const extraBits = this.#extraBits();
    const fixedBits =
      3 +
      weigh(this.#literalFrequencies, FIXED_LITERAL_LENGTHS) +
      weigh(this.#distanceFrequencies, FIXED_DISTANCE_LENGTHS) +
      extraBits;
    const dynamicBits =
      this.count < FEWEST_DYNAMIC ? Number.POSITIVE_INFINITY : this.#prepareDynamic() + extraBits;
    const compressedBits = Math.min(fixedBits, dynamicBits);
    if (this.#storedBits(end - start) <= compressedBits) {
      this.writeStored(raw, start, end, final);
    } else {
      this.#bits.reserve(compressedBits);
      if (fixedBits <= dynamicBits) {
        this.#bits.put(Number(final) | (FIXED << 1), 3);
        this.#writeSymbols(fixedLiteralCodes, fixedDistanceCodes);
      } else {
        this.#bits.put(Number(final) | (DYNAMIC << 1), 3);
        this.#header.write(this.#bits);
        assignCodes(this.#literalLengths, this.#literalCodes);
        assignCodes(this.#distanceLengths, this.#distanceCodes);
        this.#writeSymbols(this.#literalCodes, this.#distanceCodes);
      }
    }
    this.count = 0;
  }

  /** §3.2.4: as many stored blocks as it takes. */
  writeStored(raw: Uint8Array, start: number, end: number, final: boolean): void {
    do {
      const length = Math.min(end - start, LONGEST_STORED);
      const last = start + length === end;
      this.#bits.reserve(3 + 7 + 32);
      this.#bits.put(Number(final && last) | (STORED << 1), 3);
      this.#bits.align();
      this.#bits.put(length, 16);
      this.#bits.put(length ^ 0xffff, 16);
      this.#bits.putBytes(raw, start, start + length);
      start += length;
    } while (start < end);
  }

  /** RFC 7692 §7.2.1: an empty stored block ends every message, and with it the last byte. */
  writeFlush(): void {
    this.writeStored(EMPTY_BYTES, 0, 0, false);
  }

  /** Fills the last byte, RFC 7692 §7.2.1: with zeros. */
  close(): void {
    this.#bits.align();
    this.#bits.close();
  }

  #countFrequencies(): void {
    const { symbols, count } = this;
    const literals = this.#literalFrequencies.fill(0);
    const distances = this.#distanceFrequencies.fill(0);
    for (let at = 0; at < count; at++) {
      const symbol = symbols[at]!;
      if (symbol < END_OF_BLOCK) {
        literals[symbol]!++;
      } else {
        literals[FIRST_LENGTH + LENGTH_INDEX[symbol >>> 16]!]!++;
        distances[distanceSymbol(symbol & 0xffff)]!++;
      }
    }
    literals[END_OF_BLOCK] = 1;
  }

  /** The extra bits of lengths and distances: the same in every code. */
  #extraBits(): number {
    let bits = weigh(this.#distanceFrequencies, DISTANCE_EXTRA);
    for (let index = 0; index < LENGTH_EXTRA.length; index++) {
      bits += this.#literalFrequencies[FIRST_LENGTH + index]! * LENGTH_EXTRA[index]!;
    }
    return bits;
  }

  #storedBits(length: number): number {
    const padding = -(this.#bits.bitsInByte + 3) & 7;
    const blocks = Math.max(1, Math.ceil(length / LONGEST_STORED));
    return 3 + padding + 32 + (blocks - 1) * 40 + 8 * length;
  }

  /** Makes the codes that fit this block best; returns what header and codes take. */
  #prepareDynamic(): number {
    const literalBits = chooseCodeLengths(this.#literalFrequencies, LONGEST_CODE, this.#literalLengths);
    const distanceBits = chooseCodeLengths(this.#distanceFrequencies, LONGEST_CODE, this.#distanceLengths);
    return 3 + this.#header.prepare(this.#literalLengths, this.#distanceLengths) + literalBits + distanceBits;
  }

  #writeSymbols(literalCodes: Uint32Array, distanceCodes: Uint32Array): void {
    const { symbols, count } = this;
    const bits = this.#bits;
    for (let at = 0; at < count; at++) {
      const symbol = symbols[at]!;
      if (symbol < END_OF_BLOCK) {
        const code = literalCodes[symbol]!;
        bits.put(code >>> 4, code & 15);
        continue;
      }
      const length = symbol >>> 16;
      const index = LENGTH_INDEX[length]!;
      const code = literalCodes[FIRST_LENGTH + index]!;
      bits.put(code >>> 4, code & 15);
      bits.put(length - LENGTH_BASE[index]!, LENGTH_EXTRA[index]!);
      const distance = symbol & 0xffff;
      const distanceIndex = distanceSymbol(distance);
      const distanceCode = distanceCodes[distanceIndex]!;
      bits.put(distanceCode >>> 4, distanceCode & 15);
      bits.put(distance - DISTANCE_BASE[distanceIndex]!, DISTANCE_EXTRA[distanceIndex]!);
    }
    const end = literalCodes[END_OF_BLOCK]!;
    bits.put(end >>> 4, end & 15);
  }
}

/** The sum of what all symbols take, `bits` each. */
function weigh(frequencies: Uint32Array, bits: Uint8Array): number {
  let sum = 0;
  for (let symbol = 0; symbol < frequencies.length; symbol++) sum += frequencies[symbol]! * bits[symbol]!;
  return sum;
}
