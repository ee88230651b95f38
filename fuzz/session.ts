/**
 * Fuzzing 9 — A session: one target, one seed, until something is found or the time is over.
 *
 * The loop is the place where coverage will come in: an execution that reaches something new adds its input to the
 * corpus. Until then every input is a mutation of one that people have made.
 *
 * What this file must not know: options, files, what is said to whom.
 * Next: options.ts.
 */

import type { Corpus } from "./corpus.ts";
import { Executor, type Finding, type Target } from "./executor.ts";
import { minimise } from "./minimise.ts";
import { mutate } from "./mutate.ts";
import { Random } from "./random.ts";

/** How long the executor works before it reports. */
const SLICE_MS = 1000;

export interface Session {
  readonly name: string;
  readonly target: Target;
  readonly corpus: Corpus;
  readonly dictionary: readonly Uint8Array[];
  readonly seed: number;
  readonly milliseconds: number;
  /** Told once a second how many executions there were, and in how many milliseconds. */
  onProgress?(executions: number, milliseconds: number): void;
}

/** What was found, in its smallest form; `undefined`: nothing in the given time. */
export function fuzz(session: Session): Finding | undefined {
  const executor = new Executor(session.target);
  const next = mutants(session);
  const start = performance.now();
  for (let elapsed = 0; elapsed < session.milliseconds; elapsed = performance.now() - start) {
    const finding = executor.runFor(Math.min(SLICE_MS, session.milliseconds - elapsed), next);
    session.onProgress?.(executor.executions, performance.now() - start);
    if (finding !== undefined) return smallest(finding, session.target);
  }
  return undefined;
}

/** The endless sequence of inputs that belongs to a corpus, a dictionary and a seed. */
export function mutants({
  name,
  corpus,
  dictionary,
  seed,
}: Omit<Session, "target" | "milliseconds">): () => Uint8Array {
  const random = new Random(seed, name);
  return () => mutate(corpus.pick(random), random, { other: corpus.pick(random), dictionary });
}

/** Minimises what fails in the same way. A hang stays as it is: each attempt would take seconds. */
function smallest(finding: Finding, target: Target): Finding {
  if (finding.hang) return finding;
  const executor = new Executor(target);
  let least = finding;
  minimise(finding.input, (candidate) => {
    const another = executor.run(candidate);
    if (another?.error.message !== finding.error.message) return false;
    least = another;
    return true;
  });
  return least;
}
