/**
 * Holds thousands of connections for a while, on one machine, and counts: what is lost, what each costs, how long an
 * echo takes.
 *
 *   npm run soak -- --connections 20000 --seconds 60
 *
 * The server and the clients have processes of their own: soak/server.ts, soak/load.ts. This one asks and prints.
 */

import { execFileSync } from "node:child_process";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { Latencies } from "./soak/latencies.ts";
import type { LoadDuties, Tally } from "./soak/load.ts";
import { Process } from "./soak/processes.ts";
import type { Footprint, Heartbeats, ServerDuties, Subject } from "./soak/server.ts";

const HELP = `Holds many connections on this machine, sends messages over each, and checks that every one comes back.

  npm run soak -- [--connections N] [--seconds N] [--every N] [--size N] [--deflate] [--server NAME]

  --connections N  how many are held (1 to 100000; default 20000)
  --seconds N      for how long, once all are there (1 to 3600; default 60)
  --every N        how many seconds pass between two messages of a connection (0.05 to 3600; default 15)
  --size N         characters in a message (50 to 100000; default 128, with --deflate 2048)
  --deflate        with permessage-deflate, as the server has it by default
  --server NAME    framewright (default), or ws to compare with: the one that npm run interop installs
  --help           this text

Each process can have as many connections as "ulimit -n" lets it have files: where one server process cannot hold all
of them, several do. Exit code: 0 when nothing was lost, 1 when something was, 2 when this command was misused.
`;

export interface SoakOptions {
  readonly connections: number;
  readonly seconds: number;
  readonly every: number;
  readonly size: number;
  readonly deflate: boolean;
  readonly subject: Subject;
}

// --- What is asked for ------------------------------------------------------------------------------------------

/** The options of a command line; undefined if it asks for help. Throws where it is wrong. */
export function readOptions(args: readonly string[]): SoakOptions | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      connections: { type: "string", default: "20000" },
      seconds: { type: "string", default: "60" },
      every: { type: "string", default: "15" },
      size: { type: "string" },
      deflate: { type: "boolean", default: false },
      server: { type: "string", default: "framewright" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return undefined;
  const { deflate, server } = values;
  if (server !== "framewright" && server !== "ws") {
    throw new RangeError(`--server: ${JSON.stringify(server)} is neither framewright nor ws`);
  }
  return {
    connections: whole("--connections", values.connections, 1, 100_000),
    seconds: whole("--seconds", values.seconds, 1, 3600),
    every: number("--every", values.every, 0.05, 3600),
    size: whole("--size", values.size ?? (deflate ? "2048" : "128"), 50, 100_000),
    deflate,
    subject: server,
  };
}

function whole(name: string, text: string, least: number, most: number): number {
  const value = number(name, text, least, most);
  if (!Number.isInteger(value)) throw new RangeError(`${name}: ${text} is not a whole number`);
  return value;
}

function number(name: string, text: string, least: number, most: number): number {
  const value = text.trim() === "" ? Number.NaN : Number(text);
  if (value >= least && value <= most) return value;
  throw new RangeError(`${name}: ${JSON.stringify(text)} is not a number from ${least} to ${most}`);
}

/** How many processes of each kind it takes. */
export interface Plan {
  readonly servers: number;
  readonly loads: number;
}

/** Files that a process of Node has open before it has any connection, and some to spare. */
const OTHER_FILES = 100;
const MOST_PROCESSES = 8;
/** From here on, one process of clients would be what is measured. */
const MANY_CONNECTIONS = 1000;

export function planFor(connections: number, openFiles: number): Plan {
  const room = Math.max(openFiles - OTHER_FILES, 0);
  const servers = Math.max(Math.ceil(connections / room), 1);
  if (servers > MOST_PROCESSES) {
    const needed = Math.ceil(connections / MOST_PROCESSES) + OTHER_FILES;
    throw new RangeError(
      `--connections: "ulimit -n" is ${openFiles}, too low for ${connections} connections. ` +
        `Raise it ("ulimit -n ${needed}" at least), or ask for fewer.`,
    );
  }
  return { servers, loads: connections < MANY_CONNECTIONS ? servers : Math.max(servers, 2) };
}

/** How many files a process may have open: the hard limit, since Node raises its own to that. */
function openFilesLimit(): number {
  const limit = execFileSync("sh", ["-c", "ulimit -Hn"], { encoding: "utf8" }).trim();
  return limit === "unlimited" ? Number.POSITIVE_INFINITY : Number(limit);
}

// --- What is done -----------------------------------------------------------------------------------------------

export interface Outcome {
  readonly options: SoakOptions;
  readonly plan: Plan;
  /** All clients together; `held` is how many were connected when the time was over. */
  readonly tally: Tally;
  readonly latencies: Latencies;
  readonly heartbeats: Heartbeats;
  /** The server: before the connections came, when all had exchanged one message, and when the time was over. */
  readonly before: Footprint;
  readonly connected: Footprint;
  readonly after: Footprint;
  /** How long it took to connect, and how long messages were sent, in seconds. */
  readonly connecting: number;
  readonly sending: number;
}

/** Connections that come and go before anything is measured, so that what a program needs once is not counted. */
const WARM_UP = 100;

export async function soak(options: SoakOptions, plan: Plan, say: (line: string) => void): Promise<Outcome> {
  const { subject, deflate, size } = options;
  const servers = Array.from(
    { length: plan.servers },
    () => new Process<ServerDuties>(new URL("soak/server.ts", import.meta.url)),
  );
  const loads = Array.from(
    { length: plan.loads },
    () => new Process<LoadDuties>(new URL("soak/load.ts", import.meta.url)),
  );
  const footprint = async (settled: boolean): Promise<Footprint> =>
    sum(await Promise.all(servers.map((server) => server.ask("footprint", { settled }))));
  const counts = async (): Promise<Tally> =>
    sumOfTallies(await Promise.all(loads.map((load) => load.ask("progress", null))));

  let reporter: NodeJS.Timeout | undefined;
  try {
    const ports = await Promise.all(servers.map((server) => server.ask("start", { subject, deflate })));
    const connect = (load: Process<LoadDuties>, index: number, connections: number): Promise<void> => {
      // All of 127.0.0.0/8 is this machine on Linux; elsewhere only one address is.
      const network = process.platform === "linux" ? `127.0.${index + 1}` : undefined;
      return load.ask("connect", { ports, connections, network, deflate, size });
    };
    await connect(loads[0]!, 0, WARM_UP);
    await loads[0]!.ask("leave", null);

    const before = await footprint(true);
    const started = performance.now();
    reporter = setInterval(() => {
      const seconds = Math.round((performance.now() - started) / 1000);
      Promise.all([counts(), footprint(false)]).then(
        ([tally, { rss }]) => say(progressLine(seconds, tally, rss)),
        () => {}, // a process has ended: whoever waits for it below is told
      );
    }, 1000);

    const shares = split(options.connections, plan.loads);
    await Promise.all(loads.map((load, index) => connect(load, index, shares[index]!)));
    const connecting = (performance.now() - started) / 1000;
    const connected = await footprint(true);

    const begun = performance.now();
    await Promise.all(loads.map((load) => load.ask("send", { every: options.every * 1000 })));
    await new Promise((resolve) => setTimeout(resolve, options.seconds * 1000));
    const finished = await Promise.all(loads.map((load) => load.ask("finish", null)));
    const sending = (performance.now() - begun) / 1000;
    clearInterval(reporter);
    const heartbeats = sum(await Promise.all(servers.map((server) => server.ask("heartbeats", null))));
    const after = await footprint(true);
    const latencies = new Latencies();
    for (const load of finished) latencies.addAll(load.latencies);

    const { held } = sumOfTallies(finished.map((load) => load.tally));
    const left = await Promise.all(loads.map((load) => load.ask("leave", null)));
    const tally = { ...sumOfTallies(left), held };
    return { options, plan, tally, latencies, heartbeats, before, connected, after, connecting, sending };
  } finally {
    clearInterval(reporter);
    for (const child of [...servers, ...loads]) child.end();
  }
}

/** `total` in `parts` that differ by one at most. */
function split(total: number, parts: number): readonly number[] {
  return Array.from({ length: parts }, (_, part) => Math.floor((total + part) / parts));
}

/** Adds up, property by property. */
function sum<Numbers extends { readonly [name in keyof Numbers]: number }>(all: readonly Numbers[]): Numbers {
  return all.reduce((one, other) => {
    const names = Object.keys(one) as (keyof Numbers)[];
    return Object.fromEntries(names.map((name) => [name, one[name] + other[name]])) as Numbers;
  });
}

function sumOfTallies(all: readonly Tally[]): Tally {
  const trouble = all.find((tally) => tally.trouble !== undefined)?.trouble;
  return { ...sum(all.map(({ trouble: _, ...counts }) => counts)), trouble };
}

// --- What is told -----------------------------------------------------------------------------------------------

/** Messages that never came back. */
export function lostOf({ sent, echoed }: Tally): number {
  return sent - echoed;
}

/** Whether every connection was held, and every message came back as it was, where it belongs. */
export function isGood({ options, tally, heartbeats }: Outcome): boolean {
  const wrong = lostOf(tally) + tally.outOfOrder + tally.damaged + tally.broken + heartbeats.deadPeers;
  return wrong === 0 && tally.held === options.connections;
}

const KIB = 1024;
const MIB = KIB * KIB;

function progressLine(seconds: number, { held, sent, echoed, broken }: Tally, rss: number): string {
  const trouble = broken === 0 ? "" : `, ${count(broken)} broken`;
  return (
    `${String(seconds).padStart(4)} s  ${count(held)} held${trouble}, ` +
    `${count(sent)} sent, ${count(echoed)} echoed, server ${Math.round(rss / MIB)} MiB`
  );
}

/** The table at the end. */
export function reportOn(outcome: Outcome): string {
  const { options, plan, tally, latencies, heartbeats, before, connected, after } = outcome;
  const each = (bytes: number): string => `${(bytes / KIB / options.connections).toFixed(1)} KiB`;
  const memory = (now: Footprint): string =>
    `${each(now.rss - before.rss)} resident, ${each(now.heap - before.heap)} heap, ` +
    `${each(now.external - before.external)} arrays`;
  const milliseconds = (share: number): string => `${latencies.quantile(share).toFixed(2)} ms`;
  const processor = (after.cpu - connected.cpu) / 1e6 / outcome.sending;
  const rows: readonly (readonly [string, string])[] = [
    ["server", `${options.subject}${options.deflate ? ", permessage-deflate" : ""}`],
    ["processes", `${plan.servers} of the server, ${plan.loads} of clients`],
    ["connections held", `${count(tally.held)} of ${count(options.connections)}`],
    ["connections broken", count(tally.broken) + (tally.trouble === undefined ? "" : `: ${tally.trouble}`)],
    ["connected in", `${outcome.connecting.toFixed(1)} s`],
    ["messages sent", `${count(tally.sent)} of ${options.size} characters`],
    ["messages lost", count(lostOf(tally))],
    ["out of order", count(tally.outOfOrder)],
    ["damaged", count(tally.damaged)],
    [
      "heartbeats",
      `${count(heartbeats.pings)} pings, ${count(heartbeats.pongs)} pongs, ${heartbeats.deadPeers} dead`,
    ],
    ["echo p50, p99", `${milliseconds(0.5)}, ${milliseconds(0.99)}`],
    ["server processor", `${(processor * 100).toFixed(1)} % of one, while messages were sent`],
    ["a connection, idle", memory(connected)],
    ["a connection, at the end", memory(after)],
    [
      "server at the end",
      `${Math.round(after.rss / MIB)} MiB resident; ${Math.round(before.rss / MIB)} before`,
    ],
  ];
  return rows.map(([name, value]) => `${name.padEnd(26)}${value}`).join("\n");
}

function count(value: number): string {
  return value.toLocaleString("en-US");
}

async function main(args: readonly string[]): Promise<0 | 1 | 2> {
  let options: SoakOptions | undefined;
  let plan: Plan;
  try {
    options = readOptions(args);
    if (options === undefined) {
      process.stdout.write(HELP);
      return 0;
    }
    plan = planFor(options.connections, openFilesLimit());
  } catch (error) {
    console.error(`soak: ${(error as Error).message}\nTry: npm run soak -- --help`);
    return 2;
  }
  try {
    const outcome = await soak(options, plan, (line) => console.log(line));
    console.log(`\n${reportOn(outcome)}`);
    return isGood(outcome) ? 0 : 1;
  } catch (error) {
    console.error(`soak: ${(error as Error).message}`);
    return 1;
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  process.exitCode = await main(process.argv.slice(2));
}
