/**
 * Chapter 1.13 — Finding what was there before (RFC 1951 §2, §4; RFC 7692 §7.2.1).
 *
 * The window and the bytes ahead lie in one array. Four bytes hash to the last place where they stood (`#heads`),
 * and each place leads to the one before it with the same hash (`#previous`): a chain from near to far.
 *
 * Memory: none before the first byte. Then, for a window of w bytes: 2w + 520 for the bytes, 2w for the chains and 2h
 * for the heads. w is the smallest power of two, from 256 up to 2^windowBits, that holds what was seen; h is 2w, but
 * at most 2^(memoryLevel + 7). So 192.5 KiB at most with 15 and 8, and 32.5 KiB with 12 and 8.
 *
 * What this file must not know: blocks, codes.
 * Next: deflate.ts.
 */

import { EMPTY_BYTES } from "../bytes.ts";
import { LONGEST_MATCH } from "./alphabets.ts";

const SMALLEST_WINDOW = 256;
/** Two matches ahead: one for the place looked at, one for the next (deflate.ts looks at both). */
const LOOKAHEAD = LONGEST_MATCH + 2;
const NO_PLACES = new Uint16Array(0);

/**
 * Decision: RFC 1951 has matches of three bytes; we look for four. A match of three saves next to nothing, and hashing
 * four bytes makes chains so much shorter that the same number of tries finds better matches: JSON messages of 16 KiB
 * at level 6 come out 4 % smaller, RFC 6455 itself 0.2 %, no sample larger.
 */
const HASHED = 4;

/**
 * Places stand in the tables as numbers modulo 65536, and no table is ever cleared, neither when the window moves nor
 * when it is forgotten. A stale number may look like some place within reach; but every candidate is compared byte by
 * byte, so it costs a comparison and is never believed. Chains only ever walk farther back, so they end.
 */
export class MatchFinder {
  /** From `#begin` the window, from `next` the bytes to compress, up to `end`. */
  bytes: Uint8Array = EMPTY_BYTES;
  next = 0;
  end = 0;
  #begin = 0;
  /** The first place that is not in the tables yet. */
  hashed = 0;
  /** What a place must be moved by to be the number that stands for it in the tables. */
  #origin = 0;

  readonly #largestWindow: number;
  readonly #largestHashBits: number;
  #window = 0;
  #heads: Uint16Array = NO_PLACES;
  #previous: Uint16Array = NO_PLACES;
  #hashShift = 0;

  constructor(windowBits: number, memoryLevel: number) {
    this.#largestWindow = 1 << windowBits;
    this.#largestHashBits = memoryLevel + 7;
  }

  /** Takes as much of `input` as there is room for, from `start` on; returns where it stopped. */
  fill(input: Uint8Array, start: number): number {
    this.#grow(Math.min(this.#largestWindow, this.end - this.#begin + input.length - start));
    if (this.bytes.length - this.end < input.length - start) this.#slide();
    const stop = Math.min(input.length, start + this.bytes.length - this.end);
    this.bytes.set(input.subarray(start, stop), this.end);
    this.end += stop - start;
    return stop;
  }

  /** Forgets the window. */
  forget(): void {
    this.#origin = (this.#origin + this.next) & 0xffff;
    this.next = 0;
    this.end = 0;
    this.#begin = 0;
    this.hashed = 0;
  }

  /** Where to stop as long as more input waits, so that a match is not cut short where the array ends. */
  get stop(): number {
    return this.end - LOOKAHEAD;
  }

  /**
   * The longest match at `place` that is longer than `known`, looking at `tries` candidates at most and satisfied with
   * `nice` bytes: the length, shifted by 16, and the distance. 0: there is none.
   */
  find(place: number, known: number, tries: number, nice: number): number {
    const { bytes, end } = this;
    if (place + HASHED > end) return 0;
    const heads = this.#heads;
    const previous = this.#previous;
    const shift = this.#hashShift;
    const mask = this.#window - 1;
    const origin = this.#origin;

    let at = this.hashed;
    let number = 0;
    let candidate = 0;
    for (; at <= place; at++) {
      const four = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
      const hash = Math.imul(four, 0x9e3779b1) >>> shift;
      number = at + origin;
      candidate = heads[hash]!;
      previous[number & mask] = candidate;
      heads[hash] = number;
    }
    this.hashed = at;

    const reach = Math.min(this.#window, place - this.#begin);
    const longest = Math.min(LONGEST_MATCH, end - place);
    if (known >= longest) return 0;
    let best = known;
    let bestDistance = 0;
    let tail = bytes[place + best]!;
    let beforeTail = bytes[place + best - 1]!;
    const first = bytes[place]!;
    let last = 0;
    let distance = (number - candidate) & 0xffff;
    while (distance > last && distance <= reach) {
      const from = place - distance;
      if (bytes[from + best] === tail && bytes[from + best - 1] === beforeTail && bytes[from] === first) {
        let length = 1;
        while (length < longest && bytes[from + length] === bytes[place + length]) length++;
        if (length > best) {
          best = length;
          bestDistance = distance;
          if (length >= nice || length === longest) break;
          tail = bytes[place + best]!;
          beforeTail = bytes[place + best - 1]!;
        }
      }
      if (--tries === 0) break;
      last = distance;
      distance = (number - previous[(number - distance) & mask]!) & 0xffff;
    }
    return bestDistance === 0 ? 0 : (best << 16) | bestDistance;
  }

  /** Enlarges everything, once per doubling, and has the tables made anew from the bytes. */
  #grow(needed: number): void {
    if (needed <= this.#window) return;
    let window = SMALLEST_WINDOW;
    while (window < needed) window *= 2;
    const bytes = new Uint8Array(2 * window + 2 * LOOKAHEAD);
    bytes.set(this.bytes.subarray(this.#begin, this.end));
    this.#move(this.#begin);
    this.bytes = bytes;
    this.hashed = 0;
    const hashBits = Math.min(this.#largestHashBits, 32 - Math.clz32(window));
    this.#window = window;
    this.#hashShift = 32 - hashBits;
    this.#heads = new Uint16Array(1 << hashBits);
    this.#previous = new Uint16Array(window);
  }

  /** Drops what lies further back than the window reaches. */
  #slide(): void {
    const drop = Math.max(this.#begin, this.next - this.#window);
    this.bytes.copyWithin(0, drop, this.end);
    this.#move(drop);
  }

  #move(drop: number): void {
    this.#origin = (this.#origin + drop) & 0xffff;
    this.next -= drop;
    this.end -= drop;
    this.hashed = Math.max(0, this.hashed - drop);
    this.#begin = 0;
  }
}
