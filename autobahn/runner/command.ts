/**
 * The judge, 22 — The command.
 *
 * What this file must not know: anything that is not in index.ts. Next: main.ts.
 */

import { parseArgs } from "node:util";
import {
  allCases,
  type Case,
  type CaseResult,
  DEFAULT_CONCURRENCY,
  hasFailed,
  runAgainst,
  type ServeCasesOptions,
  selectCases,
  serveCases,
  summary,
  table,
  Unreachable,
  writeReport,
} from "./index.ts";

const HELP = `Tests a WebSocket server, or WebSocket clients: ${allCases.length} cases, among them those of the Autobahn suite.

  framewright-autobahn ws://host:port/     tests the server
  framewright-autobahn --serve 9001        waits for clients to test (paths as in Autobahn's fuzzing server)

  --url URL         the server, if it is not said without a name
  --agent NAME      what it is called in the report. Default: what it calls itself
  --serve PORT      the port for clients to test; they end it with /stopServer, or you with Ctrl-C
  --host HOST       where to listen. Default 127.0.0.1: this machine only
  --cases LIST      only these: 6.*,7.1.1
  --exclude LIST    not these
  --concurrency N   how many connections at a time. Default ${DEFAULT_CONCURRENCY}
  --report DIR      writes index.html, index.json, and a page for each case
  --json            prints the results as JSON, and nothing else
  --list            prints the cases, and plays none
  --help            this text

It ends with 0 if no case failed, 1 if one did, 2 if it was called wrongly or nobody listens.
`;

/** The caller's mistake: it is told, and what it should have been. */
class Misuse extends Error {}

const OPTIONS = {
  url: { type: "string" },
  agent: { type: "string" },
  serve: { type: "string" },
  host: { type: "string", default: "127.0.0.1" },
  cases: { type: "string", default: "*" },
  exclude: { type: "string", default: "" },
  concurrency: { type: "string", default: String(DEFAULT_CONCURRENCY) },
  report: { type: "string" },
  json: { type: "boolean", default: false },
  list: { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
} as const;

/** Where the command writes. */
export interface Output {
  readonly isTTY?: boolean | undefined;
  write(text: string): unknown;
}

/** Does what `args` say. Resolves to the exit status. */
export async function run(args: readonly string[], out: Output, notes: Output): Promise<number> {
  try {
    return await obey(args, out, notes);
  } catch (error) {
    if (!isToldPlainly(error)) throw error;
    notes.write(`framewright-autobahn: ${error.message}\n`);
    return 2;
  }
}

/** What the caller can mend: misuse, a server that is not there, a port that is taken, a folder that cannot be. */
function isToldPlainly(error: unknown): error is Error {
  return (
    error instanceof Error && (error instanceof Misuse || error instanceof Unreachable || "code" in error)
  );
}

async function obey(args: readonly string[], out: Output, notes: Output): Promise<number> {
  const { values, positionals } = parsed(args);
  if (values.help) {
    out.write(HELP);
    return 0;
  }
  const selection = { cases: list(values.cases), exclude: list(values.exclude) };
  const cases = selectCases(selection.cases, selection.exclude);
  if (cases.length === 0) throw new Misuse("--cases: no case has such a number");
  if (values.list) {
    for (const { id, description } of cases) out.write(`${id.padEnd(9)} ${description}\n`);
    return 0;
  }

  const url = values.url ?? positionals[0];
  if (positionals.length > (values.url === undefined ? 1 : 0)) throw new Misuse("there is one URL too many");
  if ((url === undefined) === (values.serve === undefined)) {
    throw new Misuse(
      "say either which server to test (ws://host:port/) or where to wait for clients (--serve PORT)",
    );
  }
  const progress = new Progress(notes, cases);
  const onResult = (result: CaseResult): void => progress.add(result);
  let results: readonly CaseResult[];
  if (url !== undefined) {
    const concurrency = integer("--concurrency", values.concurrency, 1, 1000);
    if (!URL.canParse(url) || !["ws:", "wss:"].includes(new URL(url).protocol)) {
      throw new Misuse(`--url: must be ws://… or wss://…, and is ${url}`);
    }
    results = await runAgainst(url, { ...selection, agent: values.agent, concurrency, onResult });
  } else {
    const port = integer("--serve", values.serve ?? "", 0, 65535);
    results = await waitForClients({ ...selection, host: values.host, port, onResult }, values.report, notes);
  }
  progress.end();
  if (values.report !== undefined) await writeReport(values.report, results);
  out.write(values.json ? `${JSON.stringify(results, undefined, 2)}\n` : `${table(results)}\n`);
  return results.some(hasFailed) ? 1 : 0;
}

/** Until a client says that it was the last one, or somebody presses Ctrl-C. */
async function waitForClients(
  options: ServeCasesOptions & { host: string },
  report: string | undefined,
  notes: Output,
): Promise<readonly CaseResult[]> {
  let stop: () => void = () => {};
  const stopped = new Promise<void>((resolve) => {
    stop = resolve;
  });
  const server = await serveCases({
    ...options,
    onStop: stop,
    onReports: (results) => (report === undefined ? undefined : writeReport(report, results)),
  });
  notes.write(`${server.count} cases on ws://${options.host}:${server.port}\n`);
  process.once("SIGINT", stop);
  await stopped;
  process.off("SIGINT", stop);
  await server.close();
  return server.results();
}

// --- Progress -------------------------------------------------------------------------------------------------

/** One line that changes, on a terminal; else a line for each category when it is done. */
class Progress {
  readonly #notes: Output;
  readonly #results: CaseResult[] = [];
  readonly #begun = performance.now();
  /** How many cases each category has, and how many of them are done. */
  readonly #sizes = new Map<string, number>();
  readonly #done = new Map<string, number>();

  constructor(notes: Output, cases: readonly Case[]) {
    this.#notes = notes;
    for (const { id } of cases) count(this.#sizes, categoryOf(id));
  }

  add(result: CaseResult): void {
    this.#results.push(result);
    const category = categoryOf(result.id);
    const done = count(this.#done, category);
    if (this.#notes.isTTY) this.#notes.write(`\r\x1b[K${this.#soFar()}`);
    else if (done % this.#sizes.get(category)! === 0)
      this.#notes.write(`category ${category} done: ${this.#soFar()}\n`);
  }

  end(): void {
    this.#notes.write(`${this.#notes.isTTY ? "\r\x1b[K" : ""}${this.#soFar()}\n`);
  }

  #soFar(): string {
    const { total, failed } = summary(this.#results);
    const seconds = ((performance.now() - this.#begun) / 1000).toFixed(1);
    return `${total} cases, ${failed.length === 0 ? "none" : failed.length} failed, ${seconds} s`;
  }
}

function categoryOf(id: string): string {
  return id.slice(0, id.indexOf("."));
}

function count(counts: Map<string, number>, key: string): number {
  const value = (counts.get(key) ?? 0) + 1;
  counts.set(key, value);
  return value;
}

// --- Arguments ------------------------------------------------------------------------------------------------

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw new Misuse(error instanceof Error ? error.message : String(error));
  }
}

function list(text: string): string[] {
  return text.split(",").flatMap((pattern) => (pattern.trim() === "" ? [] : [pattern.trim()]));
}

function integer(name: string, text: string, least: number, most: number): number {
  const value = text === "" ? Number.NaN : Number(text);
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new Misuse(`${name}: must be an integer from ${least} to ${most}, and is ${text}`);
  }
  return value;
}
