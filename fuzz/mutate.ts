/**
 * Fuzzing 2 — Mutation: from an input that means something to one that means something slightly else.
 *
 * A pure function of its arguments and the random numbers it draws. Every mutation is one replacement of a range of
 * bytes by other bytes; what differs is where the range lies and what takes its place.
 *
 * What this file must not know: targets, files, what an input is for.
 * Next: corpus.ts.
 */

import type { Random } from "./random.ts";

/** Longer inputs find little that shorter ones do not, and each costs more. */
export const MAX_INPUT = 4096;

/** What mutations are made of. */
export interface Material {
  /** Another input of the same target, for crossing over. */
  readonly other: Uint8Array;
  /** Byte strings that mean something to the target. */
  readonly dictionary: readonly Uint8Array[];
}

type Mutation = (data: Uint8Array, random: Random, material: Material) => Uint8Array;

const MOST_MUTATIONS = 6;
const LONGEST_BLOCK = 64;

/** Applies a few mutations, most often one or two. Never changes `data`. */
export function mutate(data: Uint8Array, random: Random, material: Material): Uint8Array {
  let mutated = data;
  let count = 1;
  while (count < MOST_MUTATIONS && random.below(2) === 0) count++;
  for (; count > 0; count--) mutated = random.pick(mutations)(mutated, random, material);
  return mutated.slice(0, MAX_INPUT);
}

/** Values at the edges of what bytes, lengths and limits can hold; also as negative numbers. */
const EDGES: readonly bigint[] = [
  0n,
  1n,
  7n,
  8n,
  16n,
  32n,
  64n,
  100n,
  125n,
  126n,
  127n,
  128n,
  255n,
  256n,
  1000n,
  1024n,
]
  .concat([4096n, 32767n, 32768n, 65535n, 65536n, 2n ** 31n - 1n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 32n])
  .concat([2n ** 53n - 1n, 2n ** 53n, 2n ** 63n - 1n, 2n ** 63n]);

const mutations: readonly Mutation[] = [
  function flipBit(data, random) {
    const at = random.below(data.length);
    return replace(data, at, at + 1, Uint8Array.of((data[at] ?? 0) ^ (1 << random.below(8))));
  },

  function setByte(data, random) {
    const at = random.below(data.length);
    const value = random.below(2) === 0 ? random.next() : Number(random.pick(EDGES) & 0xffn);
    return replace(data, at, at + 1, Uint8Array.of(value));
  },

  function addToByte(data, random) {
    const at = random.below(data.length);
    return replace(data, at, at + 1, Uint8Array.of((data[at] ?? 0) + random.below(33) - 16));
  },

  function setInteger(data, random) {
    const size = random.pick([2, 4, 8]);
    const at = random.below(data.length);
    return replace(data, at, at + size, integer(size, random));
  },

  function insertBytes(data, random) {
    const at = random.below(data.length + 1);
    const count = 1 + random.below(8);
    const bytes = random.below(2) === 0 ? random.bytes(count) : new Uint8Array(count).fill(random.next());
    return replace(data, at, at, bytes);
  },

  function deleteBlock(data, random) {
    const { start, end } = block(data, random);
    return replace(data, start, end, new Uint8Array(0));
  },

  function duplicateBlock(data, random) {
    const { start, end } = block(data, random);
    const copies = 1 + random.below(random.below(8) === 0 ? 32 : 3);
    let mutated = data;
    for (let copy = 0; copy < copies; copy++) mutated = replace(mutated, end, end, data.subarray(start, end));
    return mutated;
  },

  function copyBlock(data, random) {
    const { start, end } = block(data, random);
    const at = random.below(data.length + 1);
    const overwrite = random.below(2) === 0;
    return replace(data, at, overwrite ? at + end - start : at, data.subarray(start, end));
  },

  function truncate(data, random) {
    return data.subarray(0, random.below(data.length + 1));
  },

  function insertFromOther(data, random, { other }) {
    const { start, end } = block(other, random);
    const at = random.below(data.length + 1);
    return replace(data, at, at, other.subarray(start, end));
  },

  function crossOver(data, random, { other }) {
    const at = random.below(data.length + 1);
    return replace(data, at, data.length, other.subarray(random.below(other.length + 1)));
  },

  function useToken(data, random, { dictionary }) {
    if (dictionary.length === 0) return data;
    const token = random.pick(dictionary);
    const at = random.below(data.length + 1);
    return replace(data, at, random.below(2) === 0 ? at + token.length : at, token);
  },
];

/** `data` with `replacement` instead of the bytes from `start` up to `end`, which may lie behind its end. */
function replace(data: Uint8Array, start: number, end: number, replacement: Uint8Array): Uint8Array {
  const tail = data.subarray(end);
  const replaced = new Uint8Array(start + replacement.length + tail.length);
  replaced.set(data.subarray(0, start));
  replaced.set(replacement, start);
  replaced.set(tail, start + replacement.length);
  return replaced;
}

/** A range of at most `LONGEST_BLOCK` bytes; now and then of any length. */
function block(data: Uint8Array, random: Random): { start: number; end: number } {
  const start = random.below(data.length);
  const longest = random.below(8) === 0 ? data.length : LONGEST_BLOCK;
  return { start, end: Math.min(data.length, start + 1 + random.below(longest)) };
}

/** A value from the edges, or one beside it, in `size` bytes of either order. */
function integer(size: number, random: Random): Uint8Array {
  let value = random.pick(EDGES) + BigInt(random.below(3) - 1);
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; at++) {
    bytes[at] = Number(value & 0xffn);
    value >>= 8n;
  }
  return random.below(2) === 0 ? bytes : bytes.reverse();
}
