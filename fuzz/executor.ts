/**
 * Fuzzing 4 — Execution: a target meets its inputs, and whatever it throws is a finding.
 *
 * A target that never returns is a finding as well. The runtime's own watchdog (`node:vm`) can end a loop that would
 * not end by itself, but it costs a thread each time it is set, so it guards many executions at once.
 *
 * What this file must not know: where inputs come from, what happens to findings.
 * Next: minimise.ts.
 */

import { setTimeout } from "node:timers/promises";
import { createContext, Script } from "node:vm";

/** What is fuzzed: a function of bytes, and what is known of them. */
export interface Target {
  /**
   * Throws when an oracle fails. Returns how many bytes it has handled, in and out: its work shall be in proportion.
   * Only those who must ask somebody that answers later make a promise of it.
   */
  run(data: Uint8Array): number | Promise<number>;
  /** How many bytes at the beginning of an input are settings. */
  readonly settings: number;
  /** Byte strings that mean something. */
  readonly dictionary: readonly Uint8Array[];
  /** Whether other people's code is run as well: then its work is not ours to judge. */
  readonly foreign?: true;
}

export interface Finding {
  readonly input: Uint8Array;
  readonly error: Error;
  /** What is wrong: an oracle, the time, or the amount of work. */
  readonly kind: "broken" | "hang" | "work";
}

/** No input of this size has any business to take so long: linear work takes milliseconds. */
const LONGEST_EXECUTION_MS = 2000;

/** How long the executor works before the watchdog is set anew. */
const SLICE_MS = 500;

export class Executor {
  /** How many inputs have been run. */
  executions = 0;
  /** What the last of them has handled, in bytes. */
  handled = 0;
  readonly #target: Target;
  readonly #longest: number;
  #inputs: readonly Uint8Array[] = [];
  #at = 0;

  constructor(target: Target, longestExecutionMs: number = LONGEST_EXECUTION_MS) {
    this.#target = target;
    this.#longest = longestExecutionMs;
  }

  /** Runs one input after the other, until something is found. */
  async run(inputs: readonly Uint8Array[]): Promise<Finding | undefined> {
    this.#inputs = inputs;
    this.#at = 0;
    try {
      while (this.#at < inputs.length) {
        const answer = watched(SLICE_MS + this.#longest, () => this.#runSome());
        if (answer !== undefined) this.handled = await this.#inTime(answer);
      }
      return undefined;
    } catch (error) {
      const kind = error instanceof Hang || isTimeout(error) ? "hang" : "broken";
      const input = inputs[this.#at - 1]!.slice();
      return { input, error: error instanceof Error ? error : new Error(String(error)), kind };
    }
  }

  /** Runs inputs until the slice of time is over; or up to an answer that has to be waited for. */
  #runSome(): Promise<number> | undefined {
    const start = performance.now();
    for (let before = start; this.#at < this.#inputs.length && before - start < SLICE_MS; ) {
      this.executions++;
      // A copy: receivers may write into what they are given, and the finding must be what was run.
      const handled = this.#target.run(this.#inputs[this.#at++]!.slice());
      if (typeof handled !== "number") return handled;
      this.handled = handled;
      const now = performance.now();
      if (now - before > this.#longest) throw new Hang(`one execution took ${Math.round(now - before)} ms`);
      before = now;
    }
    return undefined;
  }

  #inTime(answer: Promise<number>): Promise<number> {
    const stop = new AbortController();
    const tooLate = setTimeout(this.#longest, undefined, { signal: stop.signal }).then(() => {
      throw new Hang(`one execution took more than ${this.#longest} ms`);
    });
    // When it is no longer needed, nobody shall hear of it.
    tooLate.catch(() => {});
    return Promise.race([answer, tooLate]).finally(() => stop.abort());
  }
}

class Hang extends Error {
  override readonly name: string = "Hang";
}

const context = createContext({ work: undefined });
const script = new Script("work()");

/** Calls `work` and ends it by force after the given time. */
function watched<Result>(milliseconds: number, work: () => Result): Result {
  context.work = work;
  return script.runInContext(context, { timeout: Math.ceil(milliseconds) }) as Result;
}

function isTimeout(error: unknown): boolean {
  // The watchdog's error comes from the realm of the script, so it is told by its code.
  return (error as { code?: unknown } | undefined)?.code === "ERR_SCRIPT_EXECUTION_TIMEOUT";
}
