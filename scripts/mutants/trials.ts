/**
 * Mutants 5 — Trying the faults: each one alone, against the tests that should find it first.
 *
 * Next: report.ts.
 */

import { applyFault, type Fault, FaultError, type Faults } from "./fault.ts";
import { Sandbox } from "./sandbox.ts";

export interface Trial {
  readonly in: string;
  readonly fault: Fault;
  /** A fault that makes the tests go on for ever is found too, if not by any test. */
  readonly verdict: "found" | "hung" | "survived";
  /** The test that failed first. */
  readonly by: string;
  readonly seconds: number;
}

/** All tests that count. */
const TESTS = ["test/protocol/", "test/deflate/"];

/** Seconds of processor time: so many times what the tests take without a fault, and some, before they are ended. */
const PATIENCE = 3;
const LEAST = 10;
const WITHOUT_FAULT = 600;

/** The test file that belongs to a source file. */
export function mirrorOf(path: string): string {
  return path.replace("src/", "test/").replace(/\.ts$/, ".test.ts");
}

/** Tries them all, so many at a time. Rejects where nothing can be told: without a fault, the tests have to pass. */
export async function tryAll(
  tree: string,
  all: readonly Faults[],
  workers: number,
  say: (line: string) => void,
): Promise<readonly Trial[]> {
  const sandboxes: Sandbox[] = [];
  const removeAll = (): void => {
    for (const sandbox of sandboxes) sandbox.remove();
  };
  process.once("exit", removeAll);
  try {
    for (let index = 0; index < workers; index++) sandboxes.push(new Sandbox(tree));
    const waiting = all.flatMap((file) => file.faults.map((fault) => ({ in: file.in, fault })));
    // Before the long work: one that has lost its place throws.
    for (const { in: path, fault } of waiting) applyFault(sandboxes[0]!.read(path), fault, path);
    say("Without a fault:");
    const times = await timesWithoutFault(sandboxes[0]!);
    say(`  the tests pass, in ${sum(times.values()).toFixed(1)} s`);

    const trials: Trial[] = [];
    let begun = 0;
    let done = 0;
    const work = async (sandbox: Sandbox): Promise<void> => {
      while (begun < waiting.length) {
        const index = begun++;
        const next = waiting[index]!;
        trials[index] = await tryOne(sandbox, next.in, next.fault, times);
        say(progressLine(trials[index], ++done, waiting.length));
      }
    };
    await Promise.all(sandboxes.map(work));
    return trials;
  } finally {
    process.off("exit", removeAll);
    removeAll();
  }
}

async function timesWithoutFault(sandbox: Sandbox): Promise<ReadonlyMap<string, number>> {
  const run = await sandbox.test(TESTS, WITHOUT_FAULT);
  if (run.outcome === "passed") return run.times;
  throw new Error(`the tests fail without any fault${run.outcome === "failed" ? `: ${run.by}` : ""}`);
}

async function tryOne(
  sandbox: Sandbox,
  path: string,
  fault: Fault,
  times: ReadonlyMap<string, number>,
): Promise<Trial> {
  const start = performance.now();
  const source = sandbox.read(path);
  const mirror = mirrorOf(path);
  sandbox.write(path, applyFault(source, fault, path));
  try {
    let run = times.has(mirror) ? await sandbox.test([mirror], limitFor(times.get(mirror)!)) : undefined;
    if (run === undefined || run.outcome === "passed") {
      run = await sandbox.test(TESTS, limitFor(sum(times.values())), mirror);
    }
    if (run.outcome === "unreadable") throw new FaultError(`${path}: "${fault.what}": ${run.why}`);
    const verdict = run.outcome === "passed" ? "survived" : run.outcome === "failed" ? "found" : "hung";
    const by = run.outcome === "failed" ? run.by : "";
    return { in: path, fault, verdict, by, seconds: (performance.now() - start) / 1000 };
  } finally {
    sandbox.write(path, source);
  }
}

function limitFor(time: number): number {
  return LEAST + time * PATIENCE;
}

function progressLine(trial: Trial, done: number, of: number): string {
  const time = `${trial.seconds.toFixed(1)} s`.padStart(7);
  return `${String(done).padStart(4)}/${of} ${time}  ${trial.verdict.padEnd(8)}  ${trial.in}: ${trial.fault.what}`;
}

function sum(numbers: Iterable<number>): number {
  let total = 0;
  for (const number of numbers) total += number;
  return total;
}
