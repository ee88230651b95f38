/**
 * Chapter 1.7 — Decompression while all goes well (RFC 1951 §3.2.3, §3.2.5).
 *
 * The inner loop of inflate.ts, for speed alone: without it everything would come out the same, later.
 *
 * What this file must not know: any rule that can be broken.
 * Next: inflate.ts.
 */

import type { ByteBuffer } from "../bytes.ts";
import * as alphabets from "./alphabets.ts";
import type { BitReader } from "./bit-reader.ts";
import type { BlockCodes } from "./block-codes.ts";
import * as blockCodes from "./block-codes.ts";
import * as huffman from "./huffman.ts";
import { copyMatch, type Window } from "./window.ts";

/**
 * V8 looks an imported name up wherever it is used, but a constant of the module becomes part of the machine code:
 * JSON of 16 KiB in 19.6 µs instead of 20.7 (Node 20, `npm run bench -- --scenario micro-inflate`).
 */
const { LONGEST_MATCH } = alphabets;
const { LITERAL_ROOT } = blockCodes;
const { BASE, KIND, LINK, LITERAL } = huffman;

/** §3.2.5: the extra bits behind a length code. */
const LENGTH_EXTRA = 5;
/** What a refill reads. */
const REFILL = 4;
/** What is written in one round at most: 17 literals of one bit each, a match, and three bytes behind it. */
const FAST_OUTPUT = 17 + LONGEST_MATCH + 3;
/** From so much input on there are matches enough to make up for the 0.15 µs that a `DataView` takes. */
const WORDS_FROM = 200;

/**
 * Decodes literals and matches as long as a whole one is surely in the input and surely fits the output: all state
 * in local variables, no step in between. An end of block, an invalid code, a distance too far or with a code so rare
 * that it stands in a second table: all left to the machine in inflate.ts, at the first bit of that symbol.
 *
 * Each refill loads four bytes and counts only those that fit, so 24 to 31 bits are valid; those above are what the
 * next refill loads again. Codes in a first table are so short that one refill serves several literals and then a
 * length with its extra bits, and the next one a distance with those: 21 µs instead of 21.8 with a refill for each.
 */
export function decodeFast(
  reader: BitReader,
  codes: BlockCodes,
  window: Window,
  output: ByteBuffer,
  start: number,
  limit: number,
): void {
  const input = reader.input;
  const inputStop = input.length - REFILL;
  if (reader.at > inputStop || limit - output.length < FAST_OUTPUT) return;
  if (reader.bits >= 8) return; // half a symbol from the last call, some of whose bytes cannot go back to this input
  const literals = codes.literals.entries;
  const literalBits = codes.literals.rootBits;
  const literalMask = codes.literals.mask;
  const distances = codes.distances.entries;
  const distanceMask = codes.distances.mask;
  output.reserve(FAST_OUTPUT, limit);
  let bytes = output.bytes;
  let words = input.length < WORDS_FROM ? undefined : wordsOf(bytes);
  let outputStop = Math.min(bytes.length, limit) - FAST_OUTPUT;
  let out = output.length;
  let at = reader.at;
  let hold = reader.hold;
  let bits = reader.bits;

  while (at <= inputStop) {
    if (out > outputStop) {
      output.length = out;
      if (limit - out < FAST_OUTPUT) break;
      output.reserve(FAST_OUTPUT, limit);
      bytes = output.bytes;
      if (words !== undefined) words = wordsOf(bytes);
      outputStop = Math.min(bytes.length, limit) - FAST_OUTPUT;
    }
    hold |= (input[at]! | (input[at + 1]! << 8) | (input[at + 2]! << 16) | (input[at + 3]! << 24)) << bits;
    at += (31 - bits) >> 3;
    bits |= 24;
    let entry = literals[hold & literalMask]!;
    if ((entry & KIND) === LINK) {
      entry = literals[(entry >>> 16) + ((hold >>> literalBits) & ((1 << ((entry >>> 4) & 15)) - 1))]!;
    }
    while ((entry & KIND) === LITERAL && bits >= LITERAL_ROOT) {
      bytes[out++] = entry >>> 16;
      hold >>>= entry & 15;
      bits -= entry & 15;
      entry = literals[hold & literalMask]!;
    }
    // Too few bits for a length, or a second table to look into: both start over with a refill.
    if (bits < LITERAL_ROOT + LENGTH_EXTRA || (entry & KIND) === LINK) continue;
    if ((entry & KIND) !== BASE || at > inputStop) break;

    const symbolAt = at;
    const symbolHold = hold;
    const symbolBits = bits;
    hold >>>= entry & 15;
    bits -= entry & 15;
    let extra = (entry >>> 4) & 15;
    const length = (entry >>> 16) + (hold & ((1 << extra) - 1));
    hold >>>= extra;
    bits -= extra;
    hold |= (input[at]! | (input[at + 1]! << 8) | (input[at + 2]! << 16) | (input[at + 3]! << 24)) << bits;
    at += (31 - bits) >> 3;
    bits |= 24;
    entry = distances[hold & distanceMask]!;
    hold >>>= entry & 15;
    bits -= entry & 15;
    extra = (entry >>> 4) & 15;
    const distance = (entry >>> 16) + (hold & ((1 << extra) - 1));
    hold >>>= extra;
    bits -= extra;
    const produced = out - start;
    if ((entry & KIND) !== BASE || distance > window.size || distance > window.filled + produced) {
      at = symbolAt;
      hold = symbolHold;
      bits = symbolBits;
      break;
    }
    out = copyMatch(bytes, out, distance, length, window, produced, words);
  }

  // Whole bytes go back to the input.
  output.length = out;
  reader.at = at - (bits >>> 3);
  reader.bits = bits & 7;
  reader.hold = hold & ((1 << reader.bits) - 1);
}

function wordsOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
