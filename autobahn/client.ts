/**
 * The testee as a client.
 *
 *   npm run autobahn:client -- --url ws://127.0.0.1:9002
 *
 * Before that, elsewhere: wstest -m fuzzingserver -s autobahn/fuzzingserver.json
 *
 * It asks the fuzzing server how many cases there are, lets it play each of them, and has it write its reports. What
 * came out is for the suite to say: the client only echoes.
 * Next: verdicts.ts.
 */

import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { Misuse, readNumber, runCommand } from "../scripts/command.ts";
import { ConnectError, connect, type Peer } from "../src/node/index.ts";
import { AGENT, ECHO, TESTEE_OPTIONS } from "./testee.ts";

const MOST_AT_A_TIME = 100;

const HELP = `The echo client that the Autobahn suite tests: messages of up to 64 MiB, permessage-deflate.

  npm run autobahn:client -- [--url URL] [--agent NAME] [--concurrency N]

  --url URL        where the fuzzing server is. Default ws://127.0.0.1:9002
  --agent NAME     the name in its reports. Default ${AGENT}
  --concurrency N  how many cases at a time, 1 to ${MOST_AT_A_TIME}. Default 1
  --share I/N      every Nth case only, from the Ith on: the rest is played by others. Default 1/1
  --help           this text

Exit code: 0 when all cases were played, whatever came out; 1 when not, 2 when this command was misused.
`;

export interface Play {
  /** Where the fuzzing server is. */
  readonly url: string;
  /** The name in the reports. */
  readonly agent?: string;
  /** How many cases at a time. Default 1. */
  readonly concurrency?: number;
  /** Only its share of the cases, where several play them: every `of`th, from the `share`th on. Default: all. */
  readonly share?: number;
  readonly of?: number;
  /** Ends it, and the connections that are open. */
  readonly signal?: AbortSignal;
}

/** Plays the cases of a fuzzing server; resolves to their number when the reports are written. */
export async function playCases({
  url,
  agent = AGENT,
  concurrency = 1,
  share = 1,
  of = 1,
  signal,
}: Play): Promise<number> {
  const failure = new AbortController();
  const end = signal === undefined ? failure.signal : AbortSignal.any([signal, failure.signal]);
  const total = Number(await ask(endpoint(url, "/getCaseCount"), end));
  let next = share;
  let played = 0;
  const oneByOne = async (): Promise<void> => {
    while (next <= total) {
      const number = next;
      next += of;
      await play(endpoint(url, "/runCase", { case: String(number), agent }), end);
      played++;
    }
  };
  try {
    await Promise.all(Array.from({ length: concurrency }, oneByOne));
  } catch (error) {
    failure.abort(error); // the other ones
    throw error;
  }
  await ask(endpoint(url, "/updateReports", { agent }), end);
  return played;
}

function endpoint(url: string, path: string, query: Record<string, string> = {}): URL {
  const target = new URL(path, url);
  target.search = new URLSearchParams(query).toString();
  return target;
}

/** Echoes until the suite has enough. An opening handshake that fails is for the suite to judge, like all else. */
async function play(url: URL, end: AbortSignal): Promise<void> {
  try {
    await endOf(await connect(url, { ...TESTEE_OPTIONS, oneAtATime: false, signal: end }, ECHO), end);
  } catch (error) {
    const isRefusal = error instanceof ConnectError && error.phase === "handshake";
    if (!isRefusal || error.rule === "handshake-timeout") throw error;
  }
}

/** What the suite answers, before it closes. */
async function ask(url: URL, end: AbortSignal): Promise<string> {
  const peer = await connect(url, { signal: end });
  const [answer] = await Promise.all([peer.receive(), endOf(peer, end)]);
  return String(answer);
}

/** Resolves when the connection has ended: by itself, or because `end` says so, and then it rejects. */
async function endOf(peer: Pick<Peer, "closed" | "terminate">, end: AbortSignal): Promise<void> {
  const terminate = (): void => peer.terminate();
  end.addEventListener("abort", terminate);
  if (end.aborted) terminate();
  await peer.closed;
  end.removeEventListener("abort", terminate);
  end.throwIfAborted();
}

/** What `args` ask for; undefined if that is help. */
export function clientOptions(args: readonly string[]): Required<Omit<Play, "signal">> | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      url: { type: "string", default: "ws://127.0.0.1:9002" },
      agent: { type: "string", default: AGENT },
      concurrency: { type: "string", default: "1" },
      share: { type: "string", default: "1/1" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) return undefined;
  const { url, agent } = values;
  if (!URL.canParse(url)) throw new Misuse(`--url: ${JSON.stringify(url)} is no URL`);
  if (agent === "") throw new Misuse("--agent: must not be empty");
  const concurrency = readNumber("--concurrency", values.concurrency, MOST_AT_A_TIME);
  if (concurrency === 0) throw new Misuse("--concurrency: must be 1 or more");
  return { url, agent, concurrency, ...shareOf(values.share) };
}

function shareOf(text: string): { share: number; of: number } {
  const [share = 0, of = 0, ...more] = text
    .split("/")
    .map((part) => readNumber("--share", part, MOST_AT_A_TIME));
  if (more.length > 0 || share < 1 || share > of) {
    throw new Misuse(`--share: ${JSON.stringify(text)} is no share, such as 1/2`);
  }
  return { share, of };
}

async function main(): Promise<void> {
  const options = clientOptions(process.argv.slice(2));
  if (options === undefined) {
    process.stdout.write(HELP);
    return;
  }
  console.log(`played ${await playCases(options)} cases`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  await runCommand("autobahn/client", "npm run autobahn:client", main);
}
