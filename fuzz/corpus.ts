/**
 * Fuzzing 3 — What is kept: the inputs to start from, and those that broke something.
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

/** The inputs of one target. A run guided by coverage will add to it whatever reaches something new. */
export class Corpus {
  readonly #inputs: Uint8Array[];

  constructor(inputs: readonly Uint8Array[]) {
    this.#inputs = inputs.length > 0 ? [...inputs] : [new Uint8Array(0)];
  }

  pick(random: Random): Uint8Array {
    return random.pick(this.#inputs);
  }
}

/** Stores an input that broke its target, under a name that depends on nothing but its bytes. */
export function storeCrash(target: string, data: Uint8Array, directory: string = CRASHES_DIRECTORY): string {
  const folder = join(directory, target);
  mkdirSync(folder, { recursive: true });
  const name = createHash("sha256").update(data).digest("hex").slice(0, 16);
  const path = join(folder, `${name}.bin`);
  writeFileSync(path, data);
  return path;
}
