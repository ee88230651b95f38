/**
 * The engine that is the real suite: what wstest is told, what it says meanwhile, and what it has written in the end.
 *
 * What this file must not know: where wstest is, what is expected.
 * Next: own.ts.
 */

import { readFileSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { type Engine, type Played, type Report, serverFor, startClient, type Task } from "./engine.ts";
import { type Child, type Command, withProcesses } from "./process.ts";
import type { Suite } from "./suite.ts";
import type { Outcome } from "./verdicts.ts";

/** `ids` are those of all its cases. */
export function wstest(suite: Suite, ids: readonly string[]): Engine {
  const play = { server: playServer, client: playClient };
  return {
    name: suite.name,
    // It has one thread, and leaves a core to the testee and to itself in the other mode.
    isParallel: true,
    ids: () => ids,
    play: (mode, task) => play[mode](suite, task),
  };
}

/** wstest is the client, and ends by itself. */
function playServer(suite: Suite, task: Task): Promise<Played> {
  return withProcesses(task.signal, async (start) => {
    const servers = [{ agent: task.agent, url: await serverFor(task, start) }];
    let failure: string | undefined;
    const onLine = (line: string): void => {
      if (line.startsWith("Connection to ")) failure = line;
      told(task)(line);
    };
    await start(fuzz(suite, "fuzzingclient", { servers }, task), onLine).ended;
    const result = played(task);
    // It would be the same sentence for each case.
    if (failure !== undefined && result.outcomes.size === 0) throw new Error(failure);
    return result;
  });
}

/** wstest is the server, and waits to be ended. */
function playClient(suite: Suite, task: Task): Promise<Played> {
  return withProcesses(task.signal, async (start) => {
    const port = await freePort();
    const url = `ws://127.0.0.1:${port}`;
    const fuzzer = start(fuzz(suite, "fuzzingserver", { url }, task), told(task));
    await Promise.race([listening(port, task.signal), early(fuzzer)]);
    // wstest has one thread: several cases at a time would only wait for each other.
    await Promise.race([startClient(task, url, {}, start).ended, early(fuzzer)]);
    return played(task);
  });
}

/** Its end is no success, even if it thinks so. */
async function early(fuzzer: Child): Promise<never> {
  await fuzzer.ended;
  throw new Error("wstest has ended before the client had played all cases");
}

// --- What it is told --------------------------------------------------------------------------------------------

/** The configurations say what to exclude: nothing. What is added here is about this run only. */
function fuzz(suite: Suite, mode: "fuzzingclient" | "fuzzingserver", spec: object, task: Task): Command {
  const configuration = readJson(new URL(`${mode}.json`, import.meta.url)) as object;
  const file = join(task.folder, `${mode}.json`);
  writeFileSync(file, JSON.stringify({ ...configuration, ...spec, cases: task.cases, outdir: task.folder }));
  // A web page about itself, on port 8080 unless told otherwise: 0 is none.
  return suite.command(["--mode", mode, "--spec", file, "--webport", "0"], task.folder);
}

/** A port that is free now. Whoever else takes it in the meantime makes wstest say so, and end. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const BETWEEN_ATTEMPTS = 100;

/** It does not say when it is ready: so it is tried. */
async function listening(port: number, signal: AbortSignal): Promise<void> {
  while (!(await accepts(port))) await setTimeout(BETWEEN_ATTEMPTS, undefined, { signal });
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.on("error", () => resolve(false));
    socket.on("connect", () => {
      socket.destroy();
      resolve(true);
    });
  });
}

// --- What it says -----------------------------------------------------------------------------------------------

const RUNNING = "Running test case ID ";

function told({ onCase }: Task): (line: string) => void {
  return (line) => {
    if (line.startsWith(RUNNING)) onCase(line.slice(RUNNING.length).split(" ", 1)[0]!);
  };
}

// --- What it has written ----------------------------------------------------------------------------------------

interface IndexEntry extends Outcome {
  readonly reportfile: string;
}

const YEAR = 365 * 24 * 60 * 60 * 1000;

export function played({ agent, folder }: Pick<Task, "agent" | "folder">): Played {
  const index = readJson(join(folder, "index.json")) as Record<string, Record<string, IndexEntry>>;
  const entries = index[agent] ?? {};
  const reportOn = (id: string): Report | undefined => {
    const file = entries[id]?.reportfile;
    return file === undefined ? undefined : (readJson(join(folder, file)) as Report);
  };
  const outcomes = Object.entries(entries).map(([id, { behavior, behaviorClose, duration }]) => {
    // That of a case whose opening handshake failed is the time since 1970.
    return [id, { behavior, behaviorClose, duration: duration < YEAR ? duration : 0 }] as const;
  });
  return { outcomes: new Map(outcomes), reportOn };
}

function readJson(file: string | URL): unknown {
  return JSON.parse(readFileSync(file, "utf8"));
}
