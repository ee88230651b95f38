/** One scenario: all its servers are started, and measured in turns, A B C A B C, so that what disturbs disturbs all. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { check } from "./check.ts";
import type { Generator } from "./generator.ts";
import type { Options } from "./options.ts";
import type { Peer } from "./peers.ts";
import { Held, type LoadOptions, type Measured, measure, ServerProcess } from "./processes.ts";
import { type Result, summarize } from "./results.ts";
import { type Scenario, scriptOf } from "./scenarios.ts";
import { encodeScript, type Script } from "./script.ts";

export interface Context {
  readonly options: Pick<Options, "rounds" | "seconds" | "compiling">;
  readonly generator: Generator;
  /** Where our server's profiles go, if they are wanted. */
  readonly profiles: string | undefined;
  /** Tells what is being done. */
  progress(text: string): void;
}

export async function run(scenario: Scenario, peers: readonly Peer[], context: Context): Promise<Result[]> {
  const missing = shortage(scenario.load.connections);
  if (missing !== undefined) return peers.map((peer) => failed(scenario, peer, missing));
  const folder = mkdtempSync(join(tmpdir(), "framewright-bench-"));
  try {
    const scripts = new Scripts(scenario, folder);
    const measureAll = scenario.unit === "bytes" ? memories : rates;
    return await measureAll(scenario, peers, context, scripts);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What is sent to whom: made once for all who speak alike, and handed to the generator as a file. */
class Scripts {
  readonly #scenario: Scenario;
  readonly #folder: string;
  readonly #made = new Map<Peer["protocol"], { script: Script; path: string }>();

  constructor(scenario: Scenario, folder: string) {
    this.#scenario = scenario;
    this.#folder = folder;
  }

  for({ protocol }: Peer): { script: Script; path: string } {
    const made = this.#made.get(protocol);
    if (made !== undefined) return made;
    const script = scriptOf(this.#scenario, protocol);
    const path = join(this.#folder, protocol);
    writeFileSync(path, encodeScript(script));
    this.#made.set(protocol, { script, path });
    return { script, path };
  }
}

/** Ports are told apart by address: with several, there are ports for as many connections as wanted. */
const PORTS_OF_AN_ADDRESS = 20_000;
/** A connection that was closed keeps its port for a while: handshakes need many. */
const ADDRESSES_FOR_HANDSHAKES = 32;

/** The generator's own beginning, and the time in which answers are compared. */
const WARMUP = 0.1;

function loadFor(
  { load, seconds = 0 }: Scenario,
  script: string,
  { options, generator }: Context,
  isFirst: boolean,
): LoadOptions {
  const many = process.platform === "linux";
  const needed =
    load.mode === "handshake" ? ADDRESSES_FOR_HANDSHAKES : Math.ceil(load.connections / PORTS_OF_AN_ADDRESS);
  return {
    ...load,
    generator: generator.command,
    script,
    warmup: isFirst ? options.compiling : WARMUP,
    seconds: Math.max(seconds, options.seconds),
    hosts: many ? needed : 1,
  };
}

async function rates(
  scenario: Scenario,
  peers: readonly Peer[],
  context: Context,
  scripts: Scripts,
): Promise<Result[]> {
  const servers = new Map<Peer, ServerProcess>();
  const rounds = new Map<Peer, Measured[]>(peers.map((peer) => [peer, []]));
  const failures = new Map<Peer, string>();
  const attempt = async (peer: Peer, what: () => Promise<unknown>): Promise<void> => {
    if (failures.has(peer)) return;
    await what().catch((error: Error) => failures.set(peer, error.message));
  };
  for (const peer of peers) {
    await attempt(peer, async () => {
      const server = await ServerProcess.start(peer, scenario.server, profiling(peer, scenario, context));
      servers.set(peer, server);
      await check(server.port, scenario, scripts.for(peer).script);
    });
  }
  for (let round = 1; round <= context.options.rounds; round++) {
    for (const peer of peers) {
      context.progress(`${scenario.title}: round ${round}, ${peer.title}`);
      const load = loadFor(scenario, scripts.for(peer).path, context, round === 1);
      await attempt(peer, async () => rounds.get(peer)!.push(await measure(servers.get(peer)!, load)));
    }
  }
  await Promise.all([...servers.values()].map((server) => server.end()));
  return peers.map((peer) => {
    const failure = failures.get(peer);
    if (failure !== undefined) return failed(scenario, peer, failure);
    return summarize(scenario.id, peer.id, rounds.get(peer)!);
  });
}

function profiling(peer: Peer, scenario: Scenario, { profiles }: Context): string[] {
  if (profiles === undefined || peer.id !== "ours") return [];
  return ["--cpu-prof", `--cpu-prof-dir=${profiles}`, `--cpu-prof-name=${scenario.id}.cpuprofile`];
}

/** More connections than that to several servers at once might be more than this machine has memory for. */
const MANY = 10_000;

/**
 * For how long nothing happens before memory is measured, in milliseconds. V8 keeps up to 32 MiB for the garbage to come, and
 * gives them back at a collection before which there was less than 1 MB of it in a second: up to 16 MB may be there already.
 */
const SILENCE = 20_000;

/** Memory is measured once: a process that has had ten thousand connections is not the same afterwards. */
async function memories(
  scenario: Scenario,
  peers: readonly Peer[],
  context: Context,
  scripts: Scripts,
): Promise<Result[]> {
  const { connections } = scenario.load;
  const groups = connections > MANY ? peers.map((peer) => [peer]) : [peers];
  const results: Result[] = [];
  for (const group of groups) {
    const trials = group.map((peer) => {
      const load = loadFor(scenario, scripts.for(peer).path, context, true);
      return new MemoryTrial(peer, scenario, load);
    });
    const each = async (what: string, step: (trial: MemoryTrial) => Promise<void>): Promise<void> => {
      for (const trial of trials) {
        context.progress(`${scenario.title}: ${trial.peer.title}, ${what}`);
        await trial.attempt(step);
      }
    };
    const silence = async (): Promise<void> => {
      context.progress(`${scenario.title}: silence`);
      await wait(SILENCE);
    };
    await each("start", (trial) => trial.start());
    await silence();
    await each("before", (trial) => trial.weigh());
    await each("connections", (trial) => trial.open());
    await silence();
    await each("with them", (trial) => trial.weigh());
    await each("end", (trial) => trial.end());
    for (const { peer, failure, weights } of trials) {
      const [before, after] = weights;
      results.push(
        failure === undefined
          ? { scenario: scenario.id, peer: peer.id, value: (after! - before!) / connections }
          : failed(scenario, peer, failure),
      );
    }
  }
  return results;
}

/** One server, and what it weighs. */
class MemoryTrial {
  readonly peer: Peer;
  readonly weights: number[] = [];
  failure: string | undefined = undefined;
  readonly #scenario: Scenario;
  readonly #load: LoadOptions;
  #server: ServerProcess | undefined = undefined;
  #held: Held | undefined = undefined;

  constructor(peer: Peer, scenario: Scenario, load: LoadOptions) {
    this.peer = peer;
    this.#scenario = scenario;
    this.#load = load;
  }

  /** Takes a step, unless one has failed. */
  async attempt(step: (trial: this) => Promise<void>): Promise<void> {
    if (this.failure !== undefined) return;
    try {
      await step(this);
    } catch (error) {
      this.failure = (error as Error).message;
      await this.end();
    }
  }

  /** What the first connections make a server load and compile is not theirs. */
  async start(): Promise<void> {
    this.#server = await ServerProcess.start(this.peer, this.#scenario.server);
    const connections = Math.min(100, this.#load.connections);
    await (await Held.open(this.#server, { ...this.#load, connections })).letGo();
  }

  async open(): Promise<void> {
    this.#held = await Held.open(this.#server!, this.#load);
  }

  async weigh(): Promise<void> {
    this.weights.push(await this.#server!.settledMemory());
  }

  async end(): Promise<void> {
    await this.#held?.letGo();
    await this.#server?.end();
  }
}

function failed(scenario: Scenario, peer: Peer, failure: string): Result {
  return { scenario: scenario.id, peer: peer.id, failure };
}

/** What a process needs besides its connections. */
const OTHER_FILES = 100;

/** Why so many connections cannot be: each is a file in the server, and one in the generator. */
function shortage(connections: number): string | undefined {
  const most = openFiles();
  if (connections + OTHER_FILES <= most) return undefined;
  return `a process may have ${most} open files here (ulimit -Hn), and needs ${connections + OTHER_FILES}`;
}

function openFiles(): number {
  try {
    const line = readFileSync("/proc/self/limits", "utf8").match(/^Max open files\s+\d+\s+(\d+)/m);
    return line === null ? Number.POSITIVE_INFINITY : Number(line[1]);
  } catch {
    // Nobody tells: the attempt will.
    return Number.POSITIVE_INFINITY;
  }
}
