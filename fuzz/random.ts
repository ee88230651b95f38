/**
 * Fuzzing 1 — Numbers that come again: the same seed gives the same run.
 *
 * The generator is sfc32 (C. Doty-Humphrey, PractRand): three words of state are mixed, a counter is added so that
 * no state can be a trap. Fast, small, and good enough that no mutation is preferred by accident.
 *
 * Next: mutate.ts.
 */

const ROUNDS_BEFORE_USE = 12;

export class Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  /** `name` makes different sequences of one seed. */
  constructor(seed: number, name = "") {
    this.#a = seed | 0;
    this.#b = hash(name);
    this.#c = 0;
    for (let round = 0; round < ROUNDS_BEFORE_USE; round++) this.next();
  }

  /** A whole number below 2^32. */
  next(): number {
    const result = (this.#a + this.#b + this.#counter++) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + result) | 0;
    return result >>> 0;
  }

  /** A whole number from 0 up to, but without, `limit`. */
  below(limit: number): number {
    return Math.floor((this.next() / 2 ** 32) * limit);
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)]!;
  }

  bytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => this.next());
  }
}

/** FNV-1a. */
function hash(text: string): number {
  let state = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) state = Math.imul(state ^ text.charCodeAt(at), 0x01000193);
  return state;
}
