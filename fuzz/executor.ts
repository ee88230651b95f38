/**
 * Fuzzing 4 — Execution: a target meets its inputs, and whatever it throws is a finding.
 *
 * A target that never returns is a finding as well. The runtime's own watchdog (`node:vm`) can end a loop that would
 * not end by itself, but it costs a thread each time it is set, so it guards a slice of many executions.
 *
 * What this file must not know: where inputs come from, what happens to findings.
 * Next: minimise.ts.
 */

import { createContext, Script } from "node:vm";

/** Throws when an oracle fails; returns when all is well. */
export type Target = (data: Uint8Array) => void;

export interface Finding {
  readonly input: Uint8Array;
  readonly error: Error;
  readonly hang: boolean;
}

/** No input of this size has any business to take so long: linear work takes milliseconds. */
const LONGEST_EXECUTION_MS = 2000;

export class Executor {
  /** How many inputs have been run. */
  executions = 0;
  readonly #target: Target;
  readonly #longest: number;

  constructor(target: Target, longestExecutionMs: number = LONGEST_EXECUTION_MS) {
    this.#target = target;
    this.#longest = longestExecutionMs;
  }

  /** Runs one input. */
  run(input: Uint8Array): Finding | undefined {
    return this.runFor(0, () => input);
  }

  /** Runs what `next` supplies, at least one input, until the time is over or something is found. */
  runFor(milliseconds: number, next: () => Uint8Array): Finding | undefined {
    let input: Uint8Array = new Uint8Array(0);
    const slice = (): void => {
      const start = performance.now();
      let now = start;
      do {
        input = next();
        this.executions++;
        const before = now;
        // A copy: receivers may write into what they are given, and the finding must be what was run.
        this.#target(input.slice());
        now = performance.now();
        if (now - before > this.#longest) throw new Hang(`one execution took ${Math.round(now - before)} ms`);
      } while (now - start < milliseconds);
    };
    try {
      watched(milliseconds + this.#longest, slice);
      return undefined;
    } catch (error) {
      const hang = error instanceof Hang || isTimeout(error);
      return { input: input.slice(), error: error instanceof Error ? error : new Error(String(error)), hang };
    }
  }
}

class Hang extends Error {
  override readonly name: string = "Hang";
}

const context = createContext({ work: undefined });
const script = new Script("work()");

/** Calls `work` and ends it by force after the given time. */
function watched(milliseconds: number, work: () => void): void {
  context.work = work;
  script.runInContext(context, { timeout: Math.ceil(milliseconds) });
}

function isTimeout(error: unknown): boolean {
  // The watchdog's error comes from the realm of the script, so it is told by its code.
  return (error as { code?: unknown } | undefined)?.code === "ERR_SCRIPT_EXECUTION_TIMEOUT";
}
