/**
 * Chapter 1.9 — Choosing code lengths: Huffman's construction, and a limit (RFC 1951 §3.2.1, §3.2.2, §3.2.7).
 *
 * From how often each symbol occurs to how long its code is, at most `limit` bits; and from lengths to the codes
 * themselves, mirrored as the bit stream wants them.
 *
 * What this file must not know: which alphabet it serves.
 * Next: bit-writer.ts.
 */

import { LONGEST_CODE } from "./alphabets.ts";
import { nextCode } from "./huffman.ts";

/** Working memory, for one construction at a time: leaves from the rarest to the commonest, then inner nodes. */
const leaves = new Uint32Array(288);
const weights = new Uint32Array(2 * leaves.length);
const parents = new Uint16Array(2 * leaves.length);
const depths = new Uint16Array(2 * leaves.length);
const perLength = new Uint16Array(LONGEST_CODE + 1);
const next = new Uint16Array(LONGEST_CODE + 1);

const SYMBOL_BITS = 9;
const SYMBOL_MASK = (1 << SYMBOL_BITS) - 1;

/**
 * Fills `lengths` for the symbols counted in `frequencies`; zero for a symbol that does not occur. Returns how many
 * bits all these symbols take.
 */
export function chooseCodeLengths(frequencies: Uint32Array, limit: number, lengths: Uint8Array): number {
  let used = 0;
  for (let symbol = 0; symbol < frequencies.length; symbol++) {
    if (frequencies[symbol]! > 0) leaves[used++] = (frequencies[symbol]! << SYMBOL_BITS) | symbol;
  }
  lengths.fill(0, 0, frequencies.length);
  if (used === 0) return 0;
  if (used === 1) {
    // §3.2.7: a lone symbol still has a code of one bit.
    lengths[leaves[0]! & SYMBOL_MASK] = 1;
    return leaves[0]! >>> SYMBOL_BITS;
  }
  leaves.subarray(0, used).sort();
  countLeavesPerLength(used, limit);
  // The rarest symbols get the longest codes.
  let bits = 0;
  for (let length = limit, leaf = 0; length > 0; length--) {
    for (let left = perLength[length]!; left > 0; left--) {
      const counted = leaves[leaf++]!;
      lengths[counted & SYMBOL_MASK] = length;
      bits += (counted >>> SYMBOL_BITS) * length;
    }
  }
  return bits;
}

function countLeavesPerLength(used: number, limit: number): void {
  // Huffman: join the two lightest nodes, again and again. The leaves are sorted and the inner nodes come into being
  // in order of weight, so the lightest is always the first of one of two queues.
  for (let leaf = 0; leaf < used; leaf++) weights[leaf] = leaves[leaf]! >>> SYMBOL_BITS;
  const root = 2 * used - 2;
  let leaf = 0;
  let inner = used;
  for (let node = used; node <= root; node++) {
    const first = leaf < used && (inner === node || weights[leaf]! <= weights[inner]!) ? leaf++ : inner++;
    const second = leaf < used && (inner === node || weights[leaf]! <= weights[inner]!) ? leaf++ : inner++;
    weights[node] = weights[first]! + weights[second]!;
    parents[first] = node;
    parents[second] = node;
  }

  // A parent has a higher index than its children, so one pass downwards from the root knows all depths.
  perLength.fill(0);
  depths[root] = 0;
  for (let node = root - 1; node >= 0; node--) {
    const depth = depths[parents[node]!]! + 1;
    depths[node] = depth;
    if (node < used) perLength[Math.min(depth, limit)]!++;
  }
  shorten(limit);
}

/**
 * Leaves deeper than the limit were counted as if they stood at it, where there is no room for all of them: the
 * codes would take more than the whole code space (Kraft's inequality). Each round frees the space of one code of
 * `limit` bits: the deepest leaf above the limit moves one level down and becomes the brother of a leaf taken from
 * the limit.
 */
function shorten(limit: number): void {
  let taken = 0;
  for (let length = 1; length <= limit; length++) taken += perLength[length]! << (limit - length);
  for (; taken > 1 << limit; taken--) {
    let length = limit - 1;
    while (perLength[length] === 0) length--;
    perLength[length]!--;
    perLength[length + 1]! += 2;
    perLength[limit]!--;
  }
}

/** §3.2.2. A code as the writer uses it: the mirrored bits from bit 4 upwards, their number below. */
export function assignCodes(lengths: Uint8Array, codes: Uint32Array): void {
  perLength.fill(0);
  for (let symbol = 0; symbol < lengths.length; symbol++) perLength[lengths[symbol]!]!++;
  perLength[0] = 0;
  for (let length = 1, code = 0; length <= LONGEST_CODE; length++) {
    code = (code + perLength[length - 1]!) << 1;
    next[length] = mirror(code, length);
  }
  for (let symbol = 0; symbol < lengths.length; symbol++) {
    const length = lengths[symbol]!;
    if (length === 0) continue;
    codes[symbol] = (next[length]! << 4) | length;
    next[length] = nextCode(next[length]!, length);
  }
}

function mirror(code: number, length: number): number {
  let mirrored = 0;
  for (let bit = 0; bit < length; bit++) mirrored |= ((code >> bit) & 1) << (length - 1 - bit);
  return mirrored;
}
