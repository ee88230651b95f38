/**
 * Fuzzing 6 — How a target reads its input: settings from the first bytes, the peer's bytes from the rest.
 *
 * Next: check.ts.
 */

import { Random } from "./random.ts";

/** Settings, one byte each. Where the input is too short, they are zero: every input means something. */
export class Input {
  readonly #data: Uint8Array;
  #at = 0;

  constructor(data: Uint8Array) {
    this.#data = data;
  }

  byte(): number {
    return this.#data[this.#at++] ?? 0;
  }

  /** The byte chooses, modulo the number of choices: 0 is the first. */
  pick<Choice>(choices: readonly Choice[]): Choice {
    return choices[this.byte() % choices.length]!;
  }

  flag(): boolean {
    return this.pick([false, true]);
  }

  rest(): Uint8Array {
    return this.#data.subarray(this.#at);
  }
}

/** Cuts bytes into chunks. 0: byte by byte. Any other number: pieces of up to so many bytes, some of them empty. */
export function* cut(bytes: Uint8Array, pattern: number): Generator<Uint8Array> {
  const random = new Random(pattern);
  for (let at = 0; at < bytes.length; ) {
    const count = pattern === 0 ? 1 : random.below(pattern + 1);
    yield bytes.slice(at, at + count);
    at += count;
  }
}
