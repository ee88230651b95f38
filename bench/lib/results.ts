/** What a run found out, and the arithmetic of it. */

import type { Measured } from "./processes.ts";

/** One peer in one scenario: the medians of its rounds. */
export interface Result {
  readonly scenario: string;
  readonly peer: string;
  /** Where the scenario is no load on a server, what it is. */
  readonly title?: string;
  /** Per second; or bytes per connection. */
  readonly value?: number;
  /** Of each round. */
  readonly rounds?: readonly number[];
  /** Latencies, and the server's processor time for each message, in microseconds. */
  readonly p50?: number;
  readonly p99?: number;
  readonly cpu?: number;
  /** Resident memory of the server, in bytes. */
  readonly memory?: number;
  /** Bytes of memory for each operation, where that was measured. */
  readonly allocated?: number;
  /** Why there is no value. */
  readonly failure?: string;
}

export interface Report {
  readonly date: string;
  readonly machine: Readonly<Record<string, string | number>>;
  readonly versions: Readonly<Record<string, string>>;
  readonly results: readonly Result[];
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

export function summarize(scenario: string, peer: string, rounds: readonly Measured[]): Result {
  const rates = rounds.map(({ messages, seconds }) => messages / seconds);
  const cpu = rounds.map((round) => round.cpu).filter((value) => value !== undefined);
  const memory = rounds.map((round) => round.memory).filter((value) => value !== undefined);
  return {
    scenario,
    peer,
    value: median(rates),
    rounds: rates,
    p50: median(rounds.map(({ p50 }) => p50)),
    p99: median(rounds.map(({ p99 }) => p99)),
    ...(cpu.length > 0 && { cpu: median(cpu) }),
    ...(memory.length > 0 && { memory: median(memory) }),
  };
}

/** Finds results by their names. */
export class Results {
  readonly #results = new Map<string, Result>();

  constructor(results: Iterable<Result>) {
    for (const result of results) this.#results.set(`${result.scenario} ${result.peer}`, result);
  }

  get(scenario: string, peer: string): Result | undefined {
    return this.#results.get(`${scenario} ${peer}`);
  }

  /** The value of one peer over that of another. */
  ratio(scenario: string, peer: string, other: string): number | undefined {
    return quotient(this.get(scenario, peer)?.value, this.get(scenario, other)?.value);
  }
}

export function quotient(value: number | undefined, other: number | undefined): number | undefined {
  return value === undefined || other === undefined || other === 0 ? undefined : value / other;
}
