/**
 * An engine plays cases against the testee. There are two: the real suite (wstest.ts) and ours (own.ts).
 *
 * Both have the testee in a process of its own, so that judge and judged do not share a thread.
 *
 * What this file must not know: either of the two.
 * Next: suite.ts.
 */

import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Child, Command, Start } from "./process.ts";
import type { Mode, Outcomes } from "./verdicts.ts";

export interface Engine {
  /** For people: which suite, which version, from where. */
  readonly name: string;
  /** Whether two cores are better used when it plays both modes at the same time. */
  readonly isParallel: boolean;
  /** The ids of all its cases, in order. */
  ids(mode: Mode): readonly string[];
  /** Rejects if cases could not be played. A testee that fails does not make it reject: that is an outcome. */
  play(mode: Mode, task: Task): Promise<Played>;
}

export interface Task {
  /** The name of the testee in the reports. */
  readonly agent: string;
  /** Mode "server": where the testee is, if it is not our own. */
  readonly url?: string | undefined;
  /** The ids of the cases to play, in order. */
  readonly cases: readonly string[];
  /** Where reports are written. */
  readonly folder: string;
  /** Ends everything. */
  readonly signal: AbortSignal;
  /** A sign of life: this case has begun, or is finished, whichever the suite tells. */
  readonly onCase: (id: string) => void;
}

export interface Played {
  readonly outcomes: Outcomes;
  /** What the suite wrote about a case, if it wrote anything. */
  reportOn(id: string): Report | undefined;
}

/** Of all that either suite writes about a case, what says why it came out as it did. */
export interface Report {
  readonly expectation: string;
  /** By verdict, the events that lead to it; none where a case judges in another way. */
  readonly expected: Readonly<Record<string, unknown>>;
  readonly received: unknown;
  readonly result: string | null;
  readonly resultClose: string | null;
  readonly wasNotCleanReason: string | null;
}

// --- The testee -------------------------------------------------------------------------------------------------

const LISTENING = "listening on ";

/** Where the server is that is to be tested: the one that is asked for, or ours, which begins now. */
export function serverFor({ url }: Task, start: Start): Promise<string> {
  if (url !== undefined) return Promise.resolve(url);
  return new Promise((resolve, reject) => {
    const server = start(program("server.ts", "--port", "0"), (line) => {
      if (line.startsWith(LISTENING)) resolve(line.slice(LISTENING.length));
    });
    server.ended.catch(reject);
  });
}

/** Our client, which ends when it has played its share of the cases of the fuzzing server at `url`. */
export function startClient(
  { agent }: Task,
  url: string,
  { concurrency = 1, share = "1/1" }: { readonly concurrency?: number; readonly share?: string },
  start: Start,
): Child {
  const work = ["--concurrency", String(concurrency), "--share", share];
  return start(program("client.ts", "--url", url, "--agent", agent, ...work));
}

/** TypeScript needs its loader in each process, by its full name. */
const LOADER = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;

function program(name: string, ...args: readonly string[]): Command {
  const file = fileURLToPath(new URL(name, import.meta.url));
  return { file: process.execPath, args: ["--import", LOADER, file, ...args] };
}
