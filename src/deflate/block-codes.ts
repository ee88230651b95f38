/**
 * Chapter 1.6 — The codes of a block, ready to decode with (RFC 1951 §3.2.6, §3.2.7).
 *
 * The fixed codes are built once. The codes of a dynamic block need about 6 KiB of tables, but only while that block
 * is open, and calls are synchronous: one set of tables is lent to the inflater that opens a dynamic block. An
 * inflater that waits for input inside its block keeps its set, and the next borrower makes another. An inflater
 * between messages holds none.
 *
 * What this file must not know: input, output, where the code lengths come from.
 * Next: inflate-fast.ts.
 */

import {
  CODE_LENGTH_SYMBOLS,
  DISTANCE_BASE,
  DISTANCE_EXTRA,
  DISTANCE_SYMBOLS,
  END_OF_BLOCK,
  FIRST_LENGTH,
  FIXED_DISTANCE_LENGTHS,
  FIXED_LITERAL_LENGTHS,
  LENGTH_BASE,
  LENGTH_EXTRA,
  LITERAL_SYMBOLS,
  LONGEST_CODE_LENGTH_CODE,
} from "./alphabets.ts";
import { BASE, DecodingTable, END, INVALID, LITERAL, type Misfit } from "./huffman.ts";

/** §3.2.6: literal symbols 286 and 287 and distance symbols 30 and 31 have fixed codes, but never occur. */
const literalEntries = new Int32Array(FIXED_LITERAL_LENGTHS.length).fill(INVALID);
for (let symbol = 0; symbol < END_OF_BLOCK; symbol++) literalEntries[symbol] = LITERAL | (symbol << 16);
literalEntries[END_OF_BLOCK] = END;
LENGTH_BASE.forEach((base, index) => {
  literalEntries[FIRST_LENGTH + index] = BASE | (LENGTH_EXTRA[index]! << 4) | (base << 16);
});

const distanceEntries = new Int32Array(FIXED_DISTANCE_LENGTHS.length).fill(INVALID);
DISTANCE_BASE.forEach((base, symbol) => {
  distanceEntries[symbol] = BASE | (DISTANCE_EXTRA[symbol]! << 4) | (base << 16);
});

const codeLengthEntries = new Int32Array(CODE_LENGTH_SYMBOLS).map((_, symbol) => LITERAL | (symbol << 16));

/**
 * Index widths of the first tables. Wider ones for literals made no difference to JSON of 1 KiB or 16 KiB. For
 * distances, 8 bits instead of 6 make 16 KiB 4 % faster, and take less memory: inflate-fast.ts looks into no second
 * table. The capacities are the most that any complete code of so many symbols needs with such a first table.
 */
export const LITERAL_ROOT = 9;
const LITERAL_CAPACITY = 852;
const DISTANCE_ROOT = 8;
const DISTANCE_CAPACITY = 400;

export class BlockCodes {
  readonly literals: DecodingTable = new DecodingTable(literalEntries, LITERAL_ROOT, LITERAL_CAPACITY, true);
  readonly distances: DecodingTable = new DecodingTable(
    distanceEntries,
    DISTANCE_ROOT,
    DISTANCE_CAPACITY,
    true,
  );
}

/** What a dynamic block needs besides, while its header is read. */
export class DynamicCodes extends BlockCodes {
  readonly codeLengths: DecodingTable = new DecodingTable(
    codeLengthEntries,
    LONGEST_CODE_LENGTH_CODE,
    1 << LONGEST_CODE_LENGTH_CODE,
    false,
  );
  /** The lengths of the code length code. */
  readonly headerLengths: Uint8Array = new Uint8Array(CODE_LENGTH_SYMBOLS);
  /** §3.2.7: those of literals and those of distances, one sequence. */
  readonly lengths: Uint8Array = new Uint8Array(LITERAL_SYMBOLS + DISTANCE_SYMBOLS);
}

export const FIXED_CODES: BlockCodes = new BlockCodes();
FIXED_CODES.literals.build(FIXED_LITERAL_LENGTHS, 0, FIXED_LITERAL_LENGTHS.length);
FIXED_CODES.distances.build(FIXED_DISTANCE_LENGTHS, 0, FIXED_DISTANCE_LENGTHS.length);

let spare: DynamicCodes | undefined;

export function borrowDynamicCodes(): DynamicCodes {
  const codes = spare ?? new DynamicCodes();
  spare = undefined;
  codes.headerLengths.fill(0);
  return codes;
}

export function returnDynamicCodes(codes: DynamicCodes): void {
  spare = codes;
}

/** Builds the two codes from `codes.lengths`. The sentence says what is wrong with them, if anything. */
export function buildDynamicCodes(codes: DynamicCodes, literals: number, distances: number): string {
  const { lengths } = codes;
  // A block without an end could never be followed by another: such lengths are refused before any symbol is read.
  if (lengths[END_OF_BLOCK] === 0) return "the end of the block has no code";
  const literalMisfit: Misfit = codes.literals.build(lengths, 0, literals);
  if (literalMisfit !== undefined) return `the set of literal and length code lengths is ${literalMisfit}`;
  const distanceMisfit: Misfit = codes.distances.build(lengths, literals, literals + distances);
  if (distanceMisfit !== undefined) return `the set of distance code lengths is ${distanceMisfit}`;
  return "";
}
