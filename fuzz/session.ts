/**
 * Fuzzing 11 — A session: one target, one seed, until something is found or the time is over.
 *
 * Inputs are run in rounds, and V8 is asked after a round what it has reached: asking costs as much as running dozens
 * of inputs. Only a round that reaches something new is run again by halves, until the inputs are found that did it;
 * they join the corpus. Rounds grow as long as nothing is new. Of each round one input is looked at alone, for only
 * then do counts mean something: a loop that runs more often than ever is new as well.
 *
 * What this file must not know: options, files, what is said to whom.
 * Next: options.ts.
 */

import { setImmediate } from "node:timers/promises";
import type { Corpus } from "./corpus.ts";
import { Coverage, type Feature, type Profiler, reaches, totalOf } from "./coverage.ts";
import { Executor, type Finding, type Target } from "./executor.ts";
import { minimise } from "./minimise.ts";
import { mutate } from "./mutate.ts";
import { Random } from "./random.ts";
import { findTooMuchWork } from "./work.ts";

const SMALLEST_ROUND = 16;
const LARGEST_ROUND = 512;

/** For making an input small that joins the corpus. Each costs half a millisecond. */
const MOST_ATTEMPTS = 24;

/** The part of the time that may go into measuring the work that inputs cost. */
const MEASURING = 1 / 5;

const REPORT_MS = 1000;

export interface Session {
  readonly name: string;
  readonly target: Target;
  readonly corpus: Corpus;
  readonly seed: number;
  readonly milliseconds: number;
  /** Default: as many as there is time for. */
  readonly mostExecutions?: number;
  /** What guides the session. Without it, every input is a mutation of one that people have made. */
  readonly profiler?: Profiler | undefined;
  /** Told once a second. */
  onProgress?(progress: Progress): void;
}

export interface Progress {
  readonly executions: number;
  readonly milliseconds: number;
  readonly branches: number;
  readonly corpusSize: number;
}

export interface Outcome extends Progress {
  /** What was found, in its smallest form. */
  readonly finding: Finding | undefined;
  /** The inputs that reached a branch first: worth beginning with another time. */
  readonly reached: readonly Uint8Array[];
}

export async function fuzz(session: Session): Promise<Outcome> {
  const search = new Search(session);
  const finding = await search.run();
  return { ...search.progress(), finding, reached: search.reached };
}

/** The endless sequence of inputs that belongs to a corpus, a target and a seed. */
export function mutants({ name, target, corpus, seed }: Omit<Session, "milliseconds">): () => Uint8Array {
  const random = new Random(seed, name);
  const { dictionary } = target;
  return () => mutate(corpus.pick(random), random, { other: corpus.any(random), dictionary });
}

class Search {
  readonly #session: Session;
  readonly #executor: Executor;
  readonly #next: () => Uint8Array;
  readonly #coverage: Coverage = new Coverage();
  readonly #start: number = performance.now();
  readonly reached: Uint8Array[] = [];
  readonly #unmeasured: Uint8Array[] = [];
  /** How many milliseconds it has taken so far. */
  #measuring = 0;
  #round = SMALLEST_ROUND;

  constructor(session: Session) {
    this.#session = session;
    this.#executor = new Executor(session.target);
    this.#next = mutants(session);
  }

  progress(): Progress {
    return {
      executions: this.#executor.executions,
      milliseconds: performance.now() - this.#start,
      branches: this.#coverage.branches,
      corpusSize: this.#session.corpus.size,
    };
  }

  async run(): Promise<Finding | undefined> {
    const { milliseconds, mostExecutions = Number.POSITIVE_INFINITY, onProgress } = this.#session;
    let finding = await this.#beginWith(this.#session.corpus.inputs);
    let report = REPORT_MS;
    while (finding === undefined) {
      const progress = this.progress();
      if (progress.milliseconds >= report) {
        onProgress?.(progress);
        report = progress.milliseconds + REPORT_MS;
      }
      if (progress.milliseconds >= milliseconds || progress.executions >= mostExecutions) return undefined;
      finding = (await this.#runRound()) ?? (await this.#measureOne());
      // What targets leave for the next turn, such as the closing of a stream, shall have its turn.
      await setImmediate();
    }
    return await smallest(finding, this.#session.target);
  }

  /** The inputs that people have made need not join, but what they reach is no longer new. */
  async #beginWith(inputs: readonly Uint8Array[]): Promise<Finding | undefined> {
    const { profiler } = this.#session;
    if (profiler === undefined) return await this.#executor.run(inputs);
    profiler.take();
    for (const input of inputs) {
      const finding = await this.#executor.run([input]);
      if (finding !== undefined) return finding;
      this.#coverage.add(profiler.take());
    }
    if (!this.#session.target.foreign) this.#unmeasured.push(...inputs);
    return undefined;
  }

  async #runRound(): Promise<Finding | undefined> {
    const { profiler } = this.#session;
    const inputs = Array.from({ length: this.#round }, this.#next);
    const finding = await this.#executor.run(inputs);
    if (finding !== undefined || profiler === undefined) return finding;
    const profile = profiler.take();
    if (this.#coverage.isNew(profile)) {
      this.#round = SMALLEST_ROUND;
      const found = await this.#searchIn(inputs, profiler);
      // Something that only the first of many executions does would be new in every round.
      this.#coverage.add(profile);
      return found;
    }
    this.#round = Math.min(LARGEST_ROUND, this.#round * 2);
    return await this.#lookAt(inputs[0]!, profiler);
  }

  /** Finds those of the inputs that reach something new: in that half of them that does so, and so on. */
  async #searchIn(inputs: readonly Uint8Array[], profiler: Profiler): Promise<Finding | undefined> {
    if (inputs.length === 1) return await this.#lookAt(inputs[0]!, profiler);
    const middle = inputs.length >> 1;
    for (const half of [inputs.slice(0, middle), inputs.slice(middle)]) {
      const finding = await this.#executor.run(half);
      if (finding !== undefined) return finding;
      if (!this.#coverage.isNew(profiler.take())) continue;
      const found = await this.#searchIn(half, profiler);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** Runs one input. Where it reaches something new, it joins the corpus, as small as it can be made for that. */
  async #lookAt(input: Uint8Array, profiler: Profiler): Promise<Finding | undefined> {
    const { target, corpus } = this.#session;
    const finding = await this.#executor.run([input]);
    if (finding !== undefined) return finding;
    const profile = profiler.take();
    const features = this.#coverage.add(profile);
    if (features.length === 0) return undefined;
    let [small, broken]: Shortened = [input, undefined];
    if (features.some(({ first }) => first)) {
      [small, broken] = await this.#shorten(input, features, profiler);
      this.reached.push(small);
    }
    corpus.add(small, totalOf(profile));
    if (!target.foreign) this.#unmeasured.push(small);
    return broken;
  }

  /** Makes an input small that reaches the features. A candidate that breaks the target is a finding like any other. */
  async #shorten(input: Uint8Array, features: readonly Feature[], profiler: Profiler): Promise<Shortened> {
    let broken: Finding | undefined;
    const reachesTheSame = async (candidate: Uint8Array): Promise<boolean> => {
      const finding = await this.#executor.run([candidate]);
      broken ??= finding;
      const profile = profiler.take();
      return finding === undefined && features.every((feature) => reaches(profile, feature));
    };
    return [await minimise(input, reachesTheSame, MOST_ATTEMPTS), broken];
  }

  /** Measures the work of one input, if enough time has gone into finding inputs. It changes nothing else. */
  async #measureOne(): Promise<Finding | undefined> {
    const { target, profiler } = this.#session;
    const now = performance.now();
    if (profiler === undefined || this.#measuring > (now - this.#start) * MEASURING) return undefined;
    const input = this.#unmeasured.pop();
    if (input === undefined) return undefined;
    const finding = await findTooMuchWork(target, input, profiler);
    this.#measuring += performance.now() - now;
    return finding;
  }
}

type Shortened = readonly [small: Uint8Array, broken: Finding | undefined];

/** Minimises what fails in the same way. What takes too long stays as it is: each attempt would, too. */
async function smallest(finding: Finding, target: Target): Promise<Finding> {
  if (finding.kind !== "broken") return finding;
  const executor = new Executor(target);
  let least = finding;
  await minimise(finding.input, async (candidate) => {
    const another = await executor.run([candidate]);
    if (another?.error.message !== finding.error.message) return false;
    least = another;
    return true;
  });
  return least;
}
