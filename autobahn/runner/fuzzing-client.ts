/**
 * The judge, 17 — Testing a server: every case on a connection of its own, several at a time.
 *
 * The order matters twice. Cases with short time limits come before those that keep the peer busy, so that a limit
 * measures the peer's manners and not its work; and of those that keep it busy, the longest comes first, so that
 * none is left alone at the end.
 *
 * What this file must not know: what happens on a connection. Next: fuzzing-server.ts.
 */

import { setMaxListeners } from "node:events";
import type { Case } from "./case.ts";
import { selectCases } from "./cases/index.ts";
import { playAgainst, ROUNDS_AT_A_TIME, reach } from "./dial.ts";
import { reset } from "./outbox.ts";
import type { CaseResult } from "./result.ts";

export interface RunOptions {
  /** The name in the reports. Default: what the server calls itself. */
  readonly agent?: string | undefined;
  /** Patterns: "6.*", "7.1.1". Default: all cases. */
  readonly cases?: readonly string[] | undefined;
  readonly exclude?: readonly string[] | undefined;
  /** How many connections at a time. Default 8. */
  readonly concurrency?: number | undefined;
  /** Comes for each case when it is finished. */
  readonly onResult?: ((result: CaseResult) => void) | undefined;
  /** Ends the cases that are played, begins no further one, and rejects. */
  readonly signal?: AbortSignal | undefined;
}

export const DEFAULT_CONCURRENCY = 8;

/**
 * The results of all cases, in the order of their numbers. Rejects if nobody listens at `url`. A server that is there
 * several times, one process for each core, can be named by several URLs: the cases are shared out among them.
 */
export async function runAgainst(
  url: string | readonly string[],
  options: RunOptions = {},
): Promise<CaseResult[]> {
  const { agent, concurrency = DEFAULT_CONCURRENCY, onResult } = options;
  const targets = [url].flat().map(parseUrl);
  if (!Number.isInteger(concurrency) || concurrency < 1) {
    throw new RangeError("concurrency: must be an integer from 1");
  }
  const signal = AbortSignal.any(options.signal === undefined ? [] : [options.signal]);
  setMaxListeners(concurrency * (1 + ROUNDS_AT_A_TIME), signal); // one for each connection, and that is no leak
  if (targets.length === 0) throw new TypeError("url: there is none");
  for (const target of targets) reset(await reach(target));

  const cases = selectCases(options.cases, options.exclude).filter(
    ({ roles }) => roles?.includes("client") ?? true,
  );
  const results: CaseResult[] = [];
  const playAll = async (waiting: readonly number[]): Promise<void> => {
    let next = 0;
    const playOneByOne = async (target: URL): Promise<void> => {
      while (next < waiting.length && !signal.aborted) {
        const at = waiting[next++]!;
        const result = await playAgainst(target, { testCase: cases[at]!, index: at + 1, agent, signal });
        results[at] = result;
        onResult?.(result);
      }
    };
    const connections = Array.from({ length: concurrency }, (_, at) => targets[at % targets.length]!);
    await Promise.all(connections.map(playOneByOne));
  };
  const [swift, heavy] = byWeight(cases);
  await playAll(swift);
  await playAll(heavy);
  signal.throwIfAborted();
  return results;
}

/** The places of the cases that weigh nothing, in their order; and of the others, the heaviest first. */
export function byWeight(cases: readonly Case[]): [swift: number[], heavy: number[]] {
  const weight = (at: number): number => cases[at]!.weight ?? 0;
  const places = cases.map((_, at) => at);
  const heavy = places.filter((at) => weight(at) > 0).sort((a, b) => weight(b) - weight(a));
  return [places.filter((at) => weight(at) === 0), heavy];
}

function parseUrl(url: string): URL {
  const target = URL.canParse(url) ? new URL(url) : undefined;
  if (target?.protocol !== "ws:" && target?.protocol !== "wss:") {
    throw new TypeError(`url: must be ws://… or wss://…, and is ${url}`);
  }
  return target;
}
