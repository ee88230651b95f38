/**
 * Fuzzing 10 — Work: what an execution costs, counted and not timed.
 *
 * Three measures, the same on every machine: how often blocks of code have run; how many bytes were moved by the
 * engine's own loops, which V8 does not count; and how many bytes of memory were asked for. Each must be in proportion
 * to the bytes that the target has handled, or else a peer can buy much work with few bytes.
 *
 * A mistake that costs the square of its input does not show in a short one. So an input is made longer by repetition,
 * twice as long and four times as long, and each time a byte must cost what it did before.
 *
 * What this file must not know: how inputs are found.
 * Next: session.ts.
 */

import { check, type OracleError } from "./check.ts";
import { type Profiler, totalOf } from "./coverage.ts";
import { Executor, type Finding, type Target } from "./executor.ts";

interface Work {
  readonly blocks: number;
  readonly moved: number;
  readonly allocated: number;
}

interface Execution {
  readonly work: Work;
  readonly handled: number;
}

const SIZES: readonly number[] = [4096, 8192, 16_384];

/** A long input may take its time: it is not the clock that finds fault with it here. */
const LONGEST_EXECUTION_MS = 20_000;

/** Twice as much of what costs its square costs twice as much a byte; beside other work, somewhat less. */
const GROWTH = 1.2;
/** Less than this is not worth a word: what stands out here is how an execution begins. */
const SMALLEST: Work = { blocks: 200_000, moved: 200_000, allocated: 4_000_000 };
/** Memory follows what has come, never what was announced. The most that a target needs is 300 bytes for one. */
const MOST_ALLOCATED = { perByte: 1000, atAll: 8_000_000 } as const;

/** Makes `input` long, and finds fault with it where its work is out of proportion. */
export async function findTooMuchWork(
  target: Target,
  input: Uint8Array,
  profiler: Profiler,
): Promise<Finding | undefined> {
  const executor = new Executor(target, LONGEST_EXECUTION_MS);
  const executions: Execution[] = [];
  for (const size of SIZES) {
    const long = lengthen(input, target.settings, size);
    profiler.take();
    const { finding, ...bytes } = await countBytes(() => executor.run([long]));
    if (finding !== undefined) return finding;
    executions.push({ work: { blocks: totalOf(profiler.take()), ...bytes }, handled: executor.handled });
  }
  try {
    checkProportion(executions);
    return undefined;
  } catch (error) {
    return { input, error: error as OracleError, kind: "work" };
  }
}

/** The settings, and what stands behind them again and again. */
function lengthen(input: Uint8Array, settings: number, size: number): Uint8Array {
  const unit = input.subarray(settings);
  if (unit.length === 0 || unit.length >= size) return input;
  const long = new Uint8Array(settings + Math.floor(size / unit.length) * unit.length);
  long.set(input.subarray(0, settings));
  for (let at = settings; at < long.length; at += unit.length) long.set(unit, at);
  return long;
}

function checkProportion(executions: readonly Execution[]): void {
  for (const name of Object.keys(SMALLEST) as (keyof Work)[]) {
    const perByte = executions.map(({ work, handled }) => work[name] / Math.max(1, handled));
    const grows = perByte.every((cost, index) => index === 0 || cost > perByte[index - 1]! * GROWTH);
    const worthAWord = executions.at(-1)!.work[name] > SMALLEST[name];
    check(!grows || !worthAWord, `work: ${name} grows faster than the input`, executions);
  }
  for (const { work, handled } of executions) {
    const most = MOST_ALLOCATED.atAll + MOST_ALLOCATED.perByte * handled;
    check(work.allocated <= most, "work: more memory than the bytes can be worth", { work, handled });
  }
}

type Mover = (this: Uint8Array, ...args: unknown[]) => unknown;
// biome-ignore lint/suspicious/noExplicitAny: each has arguments of its own
type Amount = (array: Uint8Array, args: readonly any[]) => number;

/** What moves bytes in loops of the engine, and how many. */
const MOVERS: Readonly<Record<string, Amount>> = {
  set: (_, [source]) => source.length,
  slice: (array, [start = 0, end = array.length]) => end - start,
  fill: (array, [, start = 0, end = array.length]) => end - start,
  copyWithin: (array, [, start = 0, end = array.length]) => end - start,
};

/** Counts what `action` moves and allocates, by standing in for the engine's own functions as long as it takes. */
async function countBytes(
  action: () => Promise<Finding | undefined>,
): Promise<Omit<Work, "blocks"> & { finding: Finding | undefined }> {
  let moved = 0;
  let allocated = 0;
  const prototype = Object.getPrototypeOf(Uint8Array.prototype) as Record<string, Mover>;
  const originals: Record<string, Mover> = {};
  for (const [name, amount] of Object.entries(MOVERS)) {
    const original = (originals[name] = prototype[name]!);
    prototype[name] = function (...args) {
      moved += Math.max(0, amount(this, args));
      return original.apply(this, args);
    };
  }
  const Original = globalThis.Uint8Array;
  globalThis.Uint8Array = new Proxy(Original, {
    construct(Kind, args, newTarget) {
      const made = Reflect.construct(Kind, args, newTarget) as Uint8Array;
      if (!(args[0] instanceof ArrayBuffer)) allocated += made.length;
      return made;
    },
  });
  try {
    return { finding: await action(), moved, allocated };
  } finally {
    globalThis.Uint8Array = Original;
    Object.assign(prototype, originals);
  }
}
