/**
 * Chapter 1.2 — The alphabets of DEFLATE (RFC 1951 §3.2.5, §3.2.6, §3.2.7).
 *
 * A compressed block is written in two alphabets: literals with lengths, and distances. A third one only writes
 * down the code lengths of those two. Both directions read these tables, so each number is here once.
 *
 * What this file must not know: bits, codes, bytes.
 * Next: huffman.ts.
 */

/** Symbols 0 to 255 are literal bytes, 256 ends the block, 257 to 285 are lengths. */
export const END_OF_BLOCK = 256;
export const FIRST_LENGTH = 257;
export const LITERAL_SYMBOLS = 286;
export const DISTANCE_SYMBOLS = 30;
export const CODE_LENGTH_SYMBOLS = 19;

/** §3.2.7: no code is longer, in the first two alphabets and in the third. */
export const LONGEST_CODE = 15;
export const LONGEST_CODE_LENGTH_CODE = 7;

export const SHORTEST_MATCH = 3;
export const LONGEST_MATCH = 258;

/** §3.2.7, the third alphabet: 0 to 15 are lengths themselves, the others repeat. */
export const REPEAT_PREVIOUS = 16;
export const REPEAT_ZERO = 17;
export const REPEAT_ZERO_LONG = 18;
/** Extra bits of the three, and the count that stands for an extra value of zero. */
export const REPEAT_EXTRA: Uint8Array = Uint8Array.of(2, 3, 7);
export const REPEAT_BASE: Uint8Array = Uint8Array.of(3, 3, 11);

/** §3.2.7: the order in which the third alphabet's own lengths are sent: the ones most often zero come last. */
export const CODE_LENGTH_ORDER: Uint8Array = Uint8Array.of(
  ...[16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15],
);

/**
 * §3.2.5: a length is a symbol and extra bits: eight symbols without, then four with each number of extra bits.
 * The last breaks the pattern: 258, the longest and the commonest of the long ones, has a symbol of its own.
 */
export const LENGTH_EXTRA: Uint8Array = new Uint8Array(LITERAL_SYMBOLS - FIRST_LENGTH);
export const LENGTH_BASE: Uint16Array = new Uint16Array(LENGTH_EXTRA.length);
/** The index into these two for each length: what the compressor asks. */
export const LENGTH_INDEX: Uint8Array = new Uint8Array(LONGEST_MATCH + 1);

const LAST_LENGTH = LENGTH_EXTRA.length - 1;
for (let index = 0, length = SHORTEST_MATCH; index < LAST_LENGTH; index++) {
  LENGTH_EXTRA[index] = Math.max(0, (index >> 2) - 1);
  LENGTH_BASE[index] = length;
  LENGTH_INDEX.fill(index, length, length + (1 << LENGTH_EXTRA[index]!));
  length += 1 << LENGTH_EXTRA[index]!;
}
LENGTH_BASE[LAST_LENGTH] = LONGEST_MATCH;
LENGTH_INDEX[LONGEST_MATCH] = LAST_LENGTH;

/** §3.2.5: four distances without extra bits, then two symbols with each number of extra bits up to 13. */
export const DISTANCE_EXTRA: Uint8Array = new Uint8Array(DISTANCE_SYMBOLS);
export const DISTANCE_BASE: Uint16Array = new Uint16Array(DISTANCE_SYMBOLS);

for (let symbol = 0, distance = 1; symbol < DISTANCE_SYMBOLS; symbol++) {
  DISTANCE_EXTRA[symbol] = Math.max(0, (symbol >> 1) - 1);
  DISTANCE_BASE[symbol] = distance;
  distance += 1 << DISTANCE_EXTRA[symbol]!;
}

/** The same table backwards, computed: counted from zero, a distance's two leading bits name its symbol. */
export function distanceSymbol(distance: number): number {
  const offset = distance - 1;
  if (offset < 2) return offset;
  const extra = 30 - Math.clz32(offset);
  return 2 * extra + (offset >>> extra);
}

/** §3.2.6: the code lengths both sides know without being told, unusable symbols included. */
export const FIXED_LITERAL_LENGTHS: Uint8Array = new Uint8Array(288)
  .fill(8, 0, 144)
  .fill(9, 144, 256)
  .fill(7, 256, 280)
  .fill(8, 280);
export const FIXED_DISTANCE_LENGTHS: Uint8Array = new Uint8Array(32).fill(5);
