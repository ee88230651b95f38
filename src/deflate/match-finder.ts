/**
 * Chapter 1.13 — Finding what was there before (RFC 1951 §2, §4; RFC 7692 §7.2.1).
 *
 * The window and the bytes ahead lie in one array. Four bytes hash to the last place where they stood (`#heads`),
 * and each place knows how many bytes back the one before it with the same hash is (`#steps`): a chain from near to
 * far.
 *
 * Memory: none before the first byte. Then, for a window of w bytes: 2w + 520 for the bytes, 2w for the chains and 2h
 * for the heads. w is the smallest power of two, from 256 up to 2^windowBits, that holds what was seen; h is 2w, but
 * at most 2^(memoryLevel + 7). So 192.5 KiB at most with 15 and 8, and 32.5 KiB with 12 and 8.
 *
 * What this file must not know: blocks, codes.
 * Next: deflate.ts.
 */

import { EMPTY_BYTES } from "../bytes.ts";
import * as alphabets from "./alphabets.ts";

/** A constant of this module becomes part of the machine code: see inflate-fast.ts. */
const { LONGEST_MATCH } = alphabets;

const SMALLEST_WINDOW = 256;
/** Two matches ahead: one for the place looked at, one for the next (deflate.ts looks at both). */
const LOOKAHEAD = LONGEST_MATCH + 2;
/** Bytes are read in fours: so many behind the last one have to be there, and whatever they are changes nothing. */
const BEYOND = 3;
const NO_PLACES = new Uint16Array(0);
const NO_WORDS = new DataView(new ArrayBuffer(0));

/**
 * Decision: RFC 1951 has matches of three bytes; we look for four. A match of three saves next to nothing, and hashing
 * four bytes makes chains so much shorter that the same number of tries finds better matches: JSON messages of 16 KiB
 * at level 6 come out 4 % smaller, RFC 6455 itself 0.2 %, no sample larger.
 */
const HASHED = 4;

/**
 * Places stand in `#heads` as numbers modulo 65536, and no table is ever cleared, neither when the window moves nor
 * when it is forgotten. A stale number may look like some place within reach; but every candidate is compared, so it
 * costs a comparison and is never believed. Chains only ever step farther back, so they end.
 *
 * Bytes are read in fours, to hash and to compare them: 16 KiB of JSON in 140 µs instead of 157 (level 6, Node 20,
 * `npm run bench -- --scenario micro-deflate`).
 */
export class MatchFinder {
  /** First the window, from `next` on the bytes to compress, up to `end`. */
  bytes: Uint8Array = EMPTY_BYTES;
  next = 0;
  end = 0;
  /** The first place that is not in the tables yet. */
  hashed = 0;
  /** What a place must be moved by to be the number that stands for it in the tables. */
  #origin = 0;

  readonly #largestWindow: number;
  readonly #largestHashBits: number;
  #window = 0;
  /** The same memory as `bytes`. */
  #words: DataView = NO_WORDS;
  #heads: Uint16Array = NO_PLACES;
  #steps: Uint16Array = NO_PLACES;
  #hashShift = 0;

  constructor(windowBits: number, memoryLevel: number) {
    this.#largestWindow = 1 << windowBits;
    this.#largestHashBits = memoryLevel + 7;
  }

  /** Takes as much of `input` as there is room for, from `start` on; returns where it stopped. */
  fill(input: Uint8Array, start: number): number {
    if (start === input.length) return start;
    this.#grow(Math.min(this.#largestWindow, this.end + input.length - start));
    if (this.#room < input.length - start) this.#slide();
    const stop = Math.min(input.length, start + this.#room);
    this.bytes.set(input.subarray(start, stop), this.end);
    this.end += stop - start;
    return stop;
  }

  get #room(): number {
    return this.bytes.length - BEYOND - this.end;
  }

  /** Forgets the window. */
  forget(): void {
    this.#origin = (this.#origin + this.next) & 0xffff;
    this.next = 0;
    this.end = 0;
    this.hashed = 0;
  }

  /** Where to stop as long as more input waits, so that a match is not cut short where the array ends. */
  get stop(): number {
    return this.end - LOOKAHEAD;
  }

  /**
   * The longest match at `place` that is longer than `known`, which is three at least, looking at `tries` candidates at
   * most and satisfied with `nice` bytes: the length, shifted by 16, and the distance. 0: there is none.
   */
  find(place: number, known: number, tries: number, nice: number): number {
    const ahead = this.end - place;
    if (ahead < HASHED) return 0;
    this.#remember(place);
    // Not by `Math.min`, which V8 computes with doubles where one argument comes from another module: 3 %.
    const longest = ahead < LONGEST_MATCH ? ahead : LONGEST_MATCH;
    if (known >= longest) return 0;

    const words = this.#words;
    const steps = this.#steps;
    const mask = this.#window - 1;
    const number = place + this.#origin;
    const reach = place < this.#window ? place : this.#window;
    let best = known;
    let bestDistance = 0;
    // What is longer than the best so far agrees with it in the last four of that many bytes.
    let tail = words.getInt32(place + best - 3, true);
    let step = steps[number & mask]!;
    let distance = step;
    while (step > 0 && distance <= reach) {
      const from = place - distance;
      if (words.getInt32(from + best - 3, true) === tail) {
        const length = matchLength(words, from, place, longest);
        if (length > best) {
          best = length;
          bestDistance = distance;
          if (length >= nice || length === longest) break;
          tail = words.getInt32(place + best - 3, true);
        }
      }
      if (--tries === 0) break;
      step = steps[(number - distance) & mask]!;
      distance += step;
    }
    return bestDistance === 0 ? 0 : (best << 16) | bestDistance;
  }

  /** Enters all places up to and with `last` in the tables. In a loop of its own: 4 % faster than inside `find`. */
  #remember(last: number): void {
    const words = this.#words;
    const heads = this.#heads;
    const steps = this.#steps;
    const shift = this.#hashShift;
    const mask = this.#window - 1;
    const origin = this.#origin;
    let at = this.hashed;
    for (; at <= last; at++) {
      const hash = Math.imul(words.getInt32(at, true), 0x9e3779b1) >>> shift;
      const number = at + origin;
      steps[number & mask] = number - heads[hash]!;
      heads[hash] = number;
    }
    this.hashed = at;
  }

  /** Enlarges everything, once per doubling, and has the tables made anew from the bytes. */
  #grow(needed: number): void {
    if (needed <= this.#window) return;
    let window = SMALLEST_WINDOW;
    while (window < needed) window *= 2;
    const bytes = new Uint8Array(2 * window + 2 * LOOKAHEAD);
    bytes.set(this.bytes.subarray(0, this.end));
    this.bytes = bytes;
    this.#words = new DataView(bytes.buffer);
    this.hashed = 0;
    const hashBits = Math.min(this.#largestHashBits, 32 - Math.clz32(window));
    this.#window = window;
    this.#hashShift = 32 - hashBits;
    this.#heads = new Uint16Array(1 << hashBits);
    this.#steps = new Uint16Array(window);
  }

  /** Drops what lies further back than the window reaches. */
  #slide(): void {
    const drop = Math.max(0, this.next - this.#window);
    this.bytes.copyWithin(0, drop, this.end);
    this.#origin = (this.#origin + drop) & 0xffff;
    this.next -= drop;
    this.end -= drop;
    this.hashed = Math.max(0, this.hashed - drop);
  }
}

/** How many bytes are the same at `from` and at `place`, `longest` at most. */
function matchLength(words: DataView, from: number, place: number, longest: number): number {
  for (let length = 0; length < longest; length += 4) {
    const difference = words.getInt32(from + length, true) ^ words.getInt32(place + length, true);
    if (difference !== 0) {
      const lowestBit = 31 - Math.clz32(difference & -difference);
      const same = length + (lowestBit >> 3);
      return same < longest ? same : longest;
    }
  }
  return longest;
}
