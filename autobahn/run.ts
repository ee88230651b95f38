/**
 * Runs a conformance suite against both ends of ours, and holds what comes out against expected.json.
 *
 *   npm run autobahn                      our own suite
 *   npm run autobahn -- --suite wstest    the Autobahn suite
 *
 * Any difference fails, be it for the better.
 */

import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { endAsked, Misuse, readNumber, runCommand } from "../scripts/command.ts";
import type { Engine, Played, Report } from "./engine.ts";
import { Patience, Progress, type Terminal } from "./progress.ts";
import { findSuite, HOW_TO_GET_ONE, installCommand } from "./suite.ts";
import { table } from "./table.ts";
import { AGENT } from "./testee.ts";
import {
  caseIds,
  type Difference,
  describeDifference,
  differences,
  type Expected,
  inOrder,
  type Mode,
  select,
} from "./verdicts.ts";
import { wstest } from "./wstest.ts";

const DEFAULT_TIMEOUT = 1800;

const HELP = `Tests our server and our client with a conformance suite: ours, or the real Autobahn suite.

  npm run autobahn -- [--suite own|wstest] [--mode server|client|both] [--cases PATTERNS] [--report DIR] [--json]

  --suite NAME      own (default): the suite in autobahn/runner. wstest: Autobahn's, from the PATH, from
                    autobahn/.venv, or Docker's image, whichever is there
  --install         with --suite wstest: if it is nowhere, installs it into autobahn/.venv
  --mode MODE       which end is tested. Default both
  --cases PATTERNS  only these cases: ids, and beginnings of ids with a star, between commas: 6.*,7.1.6
  --url URL         tests the server there instead, by the same expectations; --mode is server then
  --agent NAME      its name in the reports. Default ${AGENT}
  --report DIR      keeps the suite's reports in DIR/server and DIR/client. Otherwise they are kept if a case differs
  --timeout N       ends a suite that has not ended by itself after N seconds. Default ${DEFAULT_TIMEOUT}
  --json            prints JSON instead of tables
  --list            prints the cases of our suite, and plays none
  --serve PORT      waits for other clients to be tested by our suite; the other options are then those of
                    framewright-autobahn, in autobahn/runner
  --help            this text

Exit code: 0 when everything is as expected (autobahn/expected.json), 1 when not, 2 when this command was misused.
`;

// --- What is asked for ------------------------------------------------------------------------------------------

export interface RunOptions {
  readonly suite: "own" | "wstest";
  readonly install: boolean;
  readonly modes: readonly Mode[];
  readonly patterns: readonly string[];
  readonly url: string | undefined;
  readonly agent: string;
  readonly report: string | undefined;
  /** In milliseconds. */
  readonly timeout: number;
  readonly json: boolean;
}

/** What `args` ask for; undefined if that is help. */
export function runOptions(args: readonly string[]): RunOptions | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      suite: { type: "string", default: "own" },
      install: { type: "boolean", default: false },
      mode: { type: "string" },
      cases: { type: "string", default: "*" },
      url: { type: "string" },
      agent: { type: "string", default: AGENT },
      report: { type: "string" },
      timeout: { type: "string", default: String(DEFAULT_TIMEOUT) },
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return undefined;
  const { suite, install, url, agent, report, json } = values;
  if (suite !== "own" && suite !== "wstest") {
    throw new Misuse(`--suite: ${JSON.stringify(suite)} is neither own nor wstest`);
  }
  if (install && suite === "own") throw new Misuse("--install: our own suite needs no installation");
  if (url !== undefined && !(URL.canParse(url) && url.startsWith("ws://"))) {
    throw new Misuse(`--url: ${JSON.stringify(url)} is no URL that begins with ws://`);
  }
  if (agent === "") throw new Misuse("--agent: must not be empty");
  if (report === "") throw new Misuse("--report: must not be empty");
  return {
    suite,
    install,
    modes: modesOf(values.mode ?? (url === undefined ? "both" : "server"), url),
    patterns: patternsOf(values.cases),
    url,
    agent,
    report,
    timeout: secondsOf(values.timeout) * 1000,
    json,
  };
}

function modesOf(mode: string, url: string | undefined): readonly Mode[] {
  if (url !== undefined && mode !== "server") {
    throw new Misuse(`--url: what is there is a server, and --mode is ${mode}`);
  }
  if (mode === "both") return ["server", "client"];
  if (mode === "server" || mode === "client") return [mode];
  throw new Misuse(`--mode: ${JSON.stringify(mode)} is none of server, client and both`);
}

function patternsOf(text: string): readonly string[] {
  const patterns = text.split(",").map((pattern) => pattern.trim());
  if (patterns.includes("")) throw new Misuse(`--cases: ${JSON.stringify(text)} has an empty pattern`);
  return patterns;
}

/** As long as a timer of Node can be, at most. */
const LONGEST_TIMEOUT = 2_000_000;

function secondsOf(text: string): number {
  const seconds = readNumber("--timeout", text, LONGEST_TIMEOUT);
  if (seconds === 0) throw new Misuse("--timeout: must be 1 or more");
  return seconds;
}

// --- What is done -----------------------------------------------------------------------------------------------

/** What came out in one mode. */
export interface Result {
  readonly mode: Mode;
  readonly played: Played;
  readonly differences: readonly Difference[];
  readonly seconds: number;
}

export type Job = Pick<RunOptions, "modes" | "patterns" | "url" | "agent" | "timeout"> & {
  /** Where the reports go: one folder for each mode. */
  readonly folder: string;
  /** Ends it early. */
  readonly signal: AbortSignal;
  readonly terminal: Terminal;
};

/** What there is to play in one mode. */
interface Plan {
  readonly mode: Mode;
  readonly cases: readonly string[];
}

/** Plays what is asked for. Rejects if that could not be done; differences are results. */
export async function run(engine: Engine, expected: Expected, job: Job): Promise<Result[]> {
  const plans = job.modes
    .map((mode): Plan => ({ mode, cases: select(engine.ids(mode), job.patterns) }))
    .filter(({ cases }) => cases.length > 0);
  if (plans.length === 0) throw new Misuse(`--cases: no case is meant by ${job.patterns.join(",")}`);

  const progress = new Progress(job.terminal, new Map(plans.map(({ mode, cases }) => [mode, cases.length])));
  const failure = new AbortController();
  const signal = AbortSignal.any([job.signal, failure.signal]);
  const play = async (plan: Plan): Promise<Result> => {
    try {
      return await playMode(engine, expected, plan, { ...job, signal }, progress);
    } catch (error) {
      job.signal.throwIfAborted();
      // What fails in one mode ends the other one, too, and is what both of them reject with.
      if (!failure.signal.aborted) failure.abort(new Error(`mode ${plan.mode}: ${messageOf(error)}`));
      throw failure.signal.reason;
    }
  };
  try {
    const results: Promise<Result>[] = [];
    for (const plan of plans) {
      results.push(play(plan));
      if (!engine.isParallel) await results.at(-1);
    }
    await Promise.allSettled(results);
    return await Promise.all(results);
  } finally {
    progress.stop();
  }
}

async function playMode(
  engine: Engine,
  expected: Expected,
  { mode, cases }: Plan,
  { agent, url, timeout, signal, folder: parent }: Job,
  progress: Progress,
): Promise<Result> {
  const folder = join(parent, mode);
  mkdirSync(folder, { recursive: true });
  const started = performance.now();
  const patience = new Patience(timeout);
  try {
    const played = await engine.play(mode, {
      agent,
      url,
      cases,
      folder,
      signal: AbortSignal.any([signal, patience.signal]),
      onCase: (id) => {
        patience.onCase(id);
        progress.onCase(mode);
      },
    });
    const seconds = (performance.now() - started) / 1000;
    return { mode, played, differences: differences(expected, mode, cases, played.outcomes), seconds };
  } finally {
    patience.stop();
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

// --- What is told -----------------------------------------------------------------------------------------------

/** For people. */
export function report(engine: Engine, results: readonly Result[]): string {
  const tables = results.map(({ mode, played: { outcomes }, seconds }) => {
    const title = `${mode} mode, ${engine.name}: ${outcomes.size} cases in ${seconds.toFixed(1)} s`;
    return `${title}\n\n${table(outcomes)}\n\n`;
  });
  const differing = results.flatMap((result) => result.differences.map((it) => account(result, it)));
  const end =
    differing.length === 0
      ? "Everything is as expected."
      : `Other than expected: ${differing.length}\n\n${differing.join("\n")}`;
  return `${tables.join("")}${end}`;
}

/** A difference, and what the suite says about it. */
function account({ mode, played }: Result, difference: Difference): string {
  const found = played.reportOn(difference.id);
  const lines = found === undefined ? [] : sentences(found);
  return [`  ${mode} ${describeDifference(difference)}`, ...lines].join("\n      ");
}

function sentences(report: Report): string[] {
  const { expectation, expected, received, result, resultClose, wasNotCleanReason } = report;
  const events = Object.entries(expected).map(([verdict, it]) => `for ${verdict}: ${JSON.stringify(it)}`);
  if (events.length > 0) events.push(`received: ${JSON.stringify(received)}`);
  return [expectation, ...events, result, resultClose, wasNotCleanReason].filter((line) => line !== null);
}

/** For programs. */
export function reportJson(engine: Engine, results: readonly Result[]): string {
  const modes = results.map(({ mode, seconds, differences, played }) => [
    mode,
    { seconds, differences, cases: Object.fromEntries(inOrder(played.outcomes)) },
  ]);
  return JSON.stringify({ suite: engine.name, modes: Object.fromEntries(modes) }, null, 2);
}

// --- The command ------------------------------------------------------------------------------------------------

function expectations(): Expected {
  return JSON.parse(readFileSync(new URL("expected.json", import.meta.url), "utf8"));
}

async function engineFor({ suite, install }: RunOptions, expected: Expected): Promise<Engine> {
  // Only now, since our suite is much to load, and needs nothing of the other.
  if (suite === "own") return (await import("./own.ts")).own;
  let found = await findSuite();
  if (found === undefined && install) {
    const { file, args } = installCommand();
    if (spawnSync(file, args, { stdio: ["ignore", 2, 2] }).status === 0) found = await findSuite();
  }
  if (found === undefined) throw new Error(HOW_TO_GET_ONE);
  return wstest(found, caseIds(expected));
}

/** What is only about our suite is for the command that it has: it runs, too, where there is nothing else of this. */
const FOR_THE_RUNNER = ["--list", "--serve"];

async function main(): Promise<void> {
  const args = process.argv.slice(2);
  if (args.some((arg) => FOR_THE_RUNNER.includes(arg.split("=", 1)[0]!))) {
    const runner = await import("./runner/command.ts");
    process.exitCode = await runner.run(args, process.stdout, process.stderr);
    return;
  }
  const options = runOptions(args);
  if (options === undefined) {
    process.stdout.write(HELP);
    return;
  }
  const expected = expectations();
  const engine = await engineFor(options, expected);
  console.error(`suite: ${engine.name}`);

  const asked = new AbortController();
  endAsked().then(() => asked.abort(new Error("ended, as it was asked to")));
  const folder = resolve(options.report ?? mkdtempSync(join(tmpdir(), "autobahn-")));
  let isKept = options.report !== undefined;
  try {
    const job = { ...options, folder, signal: asked.signal, terminal: process.stderr };
    const results = await run(engine, expected, job);
    console.log(options.json ? reportJson(engine, results) : report(engine, results));
    if (results.some(({ differences }) => differences.length > 0)) {
      isKept = true;
      process.exitCode = 1;
    }
  } finally {
    if (isKept) console.error(`the reports are in ${folder}`);
    else rmSync(folder, { recursive: true });
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  await runCommand("autobahn", "npm run autobahn", main);
}
