/**
 * Fuzzing 3 — What is kept: the inputs to start from, those that reached something, and those that broke something.
 *
 * `fuzz/corpus/<target>/` holds small inputs that make-corpus.ts has written from readable sources.
 * `fuzz/crashes/<target>/` holds whatever a run has found; the tests replay it for ever.
 *
 * What this file must not know: how an input is changed, or run.
 * Next: executor.ts.
 */

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Random } from "./random.ts";

export const CORPUS_DIRECTORY: string = fileURLToPath(new URL("corpus", import.meta.url));
export const CRASHES_DIRECTORY: string = fileURLToPath(new URL("crashes", import.meta.url));

export interface Entry {
  readonly path: string;
  readonly data: Uint8Array;
}

/** All inputs for `target`, in the order of their names, so that a seed always meets the same list. */
export function readEntries(directory: string, target: string): Entry[] {
  const folder = join(directory, target);
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).filter((name) => name.endsWith(".bin"));
  return names.sort().map((name) => {
    const path = join(folder, name);
    return { path, data: new Uint8Array(readFileSync(path)) };
  });
}

/** Stores an input under a name that depends on nothing but its bytes. */
export function storeEntry(directory: string, target: string, data: Uint8Array): string {
  const folder = join(directory, target);
  mkdirSync(folder, { recursive: true });
  const name = createHash("sha256").update(data).digest("hex").slice(0, 16);
  const path = join(folder, `${name}.bin`);
  writeFileSync(path, data);
  return path;
}

/** The input that mutations begin with most often is one of the newest: what it has opened is not explored yet. */
const NEWEST = 1 / 4;

interface Member {
  readonly data: Uint8Array;
  readonly cost: number;
}

/** The inputs of one target. A run guided by coverage adds to it whatever reaches something new. */
export class Corpus {
  readonly #members: Member[] = [];

  constructor(inputs: readonly Uint8Array[]) {
    for (const input of inputs.length > 0 ? inputs : [new Uint8Array(0)]) this.add(input);
  }

  get inputs(): readonly Uint8Array[] {
    return this.#members.map(({ data }) => data);
  }

  get size(): number {
    return this.#members.length;
  }

  /** `cost`: the larger, the less often it is picked. */
  add(data: Uint8Array, cost: number = data.length): void {
    this.#members.push({ data, cost });
  }

  /** One to mutate: the cheaper one of two. */
  pick(random: Random): Uint8Array {
    const [one, other] = [this.#draw(random), this.#draw(random)];
    return one.cost <= other.cost ? one.data : other.data;
  }

  /** One to take material from: any. */
  any(random: Random): Uint8Array {
    return random.pick(this.#members).data;
  }

  #draw(random: Random): Member {
    const count = this.#members.length;
    const newest = random.below(2) === 0 ? Math.ceil(count * NEWEST) : count;
    return this.#members[count - 1 - random.below(newest)]!;
  }
}
