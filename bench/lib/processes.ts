/** The processes of a measurement: servers on one core, the generator on another. */

import { type ChildProcess, type ChildProcessByStdio, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { createInterface, type Interface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import type { Peer } from "./peers.ts";
import type { Load, ServerSettings } from "./scenarios.ts";

const SERVER_CORE = 0;
const GENERATOR_CORE = 1;

/** Each alone on its core, where the machine can do that: one never takes time from the other. */
export const isPinned: boolean =
  availableParallelism() > 1 && spawnSync("taskset", ["-c", "0", "true"]).status === 0;

function pinned(core: number, command: readonly string[]): [string, string[]] {
  const [program, ...rest] = isPinned ? ["taskset", "-c", String(core), ...command] : command;
  return [program!, rest];
}

type Said = Record<string, unknown>;

/** A process that says lines of JSON. */
class Talking {
  readonly child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #lines: AsyncIterator<string>;
  readonly #reader: Interface;
  #complaints = "";

  constructor(core: number, command: readonly string[], environment: Record<string, string> = {}) {
    this.child = spawn(...pinned(core, command), {
      stdio: ["pipe", "pipe", "pipe"],
      env: { ...process.env, ...environment },
    });
    this.child.stdin.on("error", () => {});
    this.child.stderr.on("data", (data) => {
      this.#complaints = (this.#complaints + data).slice(-2000);
    });
    this.#reader = createInterface({ input: this.child.stdout });
    this.#lines = this.#reader[Symbol.asyncIterator]();
  }

  async said(): Promise<Said> {
    const { value, done } = await this.#lines.next();
    if (done !== true) return JSON.parse(value);
    if (this.child.exitCode === null && this.child.signalCode === null) await once(this.child, "exit");
    throw new Error(this.#complaints.trim() || `it ended: ${this.child.signalCode ?? this.child.exitCode}`);
  }

  async end(): Promise<void> {
    this.child.stdin.end();
    this.#reader.close();
    await ended(this.child, 5000);
  }
}

/** Runs a program of ours alone on the servers' core, and returns the JSON that it prints. */
export async function runAlone(program: URL, arguments_: readonly string[]): Promise<unknown> {
  const command = [process.execPath, "--expose-gc", "--max-semi-space-size=64", fileURLToPath(program)];
  const talking = new Talking(SERVER_CORE, [...command, ...arguments_]);
  try {
    return await talking.said();
  } finally {
    await talking.end();
  }
}

async function ended(child: ChildProcess, patience: number): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const timer = setTimeout(() => child.kill("SIGKILL"), patience);
  await once(child, "exit");
  clearTimeout(timer);
}

// --- Servers ----------------------------------------------------------------------------------------------------

export class ServerProcess {
  readonly #process: Talking;
  readonly port: number;

  private constructor(process: Talking, port: number) {
    this.#process = process;
    this.port = port;
  }

  /** `arguments_` are for the program that runs the server, as in `node --cpu-prof`. */
  static async start(
    peer: Peer,
    settings: ServerSettings,
    arguments_: readonly string[] = [],
  ): Promise<ServerProcess> {
    const [program, ...rest] = peer.command;
    const process = new Talking(
      SERVER_CORE,
      [program!, ...arguments_, ...rest, JSON.stringify(settings)],
      peer.environment,
    );
    const { port } = await process.said();
    return new ServerProcess(process, port as number);
  }

  get pid(): number {
    return this.#process.child.pid!;
  }

  /** Resident memory, once garbage has been collected. */
  async settledMemory(): Promise<number> {
    this.#process.child.stdin.write("memory\n");
    return (await this.#process.said()).rss as number;
  }

  end(): Promise<void> {
    return this.#process.end();
  }
}

/** Nanoseconds that a process has spent on a processor, with all its threads; undefined where nobody tells. */
export function processorTime(pid: number): number | undefined {
  try {
    return readdirSync(`/proc/${pid}/task`)
      .map((task) => Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, "utf8").split(" ")[0]))
      .reduce((sum, time) => sum + time, 0);
  } catch {
    return undefined;
  }
}

/** Resident memory now. */
export function residentMemory(pid: number): number | undefined {
  try {
    const pages = Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]);
    return pages * 4096;
  } catch {
    return undefined;
  }
}

// --- The generator ----------------------------------------------------------------------------------------------

export interface Measured {
  readonly messages: number;
  readonly seconds: number;
  /** Latencies, in microseconds. */
  readonly p50: number;
  readonly p99: number;
  /** Microseconds of the server's processor time for each message. */
  readonly cpu: number | undefined;
  readonly memory: number | undefined;
}

export interface LoadOptions extends Load {
  readonly generator: readonly string[];
  readonly script: string;
  readonly warmup: number;
  readonly seconds: number;
  readonly hosts: number;
}

function generatorOn(server: ServerProcess, options: LoadOptions): Talking {
  const { mode, generator } = options;
  const numbers = { port: server.port, connections: options.connections, inflight: options.inflight };
  const times = { warmup: options.warmup, seconds: options.seconds, hosts: options.hosts };
  const given = Object.entries({ ...numbers, ...times, script: options.script });
  return new Talking(GENERATOR_CORE, [
    ...generator,
    mode,
    ...given.flatMap(([name, value]) => [`--${name}`, `${value}`]),
  ]);
}

/** Puts a load on a server, and measures. */
export async function measure(server: ServerProcess, options: LoadOptions): Promise<Measured> {
  const generator = generatorOn(server, options);
  try {
    while ((await generator.said()).event !== "measure");
    const before = processorTime(server.pid);
    const { messages, seconds, p50, p99 } = (await generator.said()) as unknown as Measured;
    const after = processorTime(server.pid);
    const cpu = before === undefined || after === undefined ? undefined : (after - before) / 1000 / messages;
    return { messages, seconds, p50, p99, cpu, memory: residentMemory(server.pid) };
  } finally {
    await generator.end();
  }
}

/** Connections to a server that are open and silent, until they are let go of. */
export class Held {
  readonly #generator: Talking;

  private constructor(generator: Talking) {
    this.#generator = generator;
  }

  static async open(server: ServerProcess, options: LoadOptions): Promise<Held> {
    const generator = generatorOn(server, options);
    try {
      while ((await generator.said()).event !== "holding");
      return new Held(generator);
    } catch (error) {
      await generator.end();
      throw error;
    }
  }

  letGo(): Promise<void> {
    return this.#generator.end();
  }
}
