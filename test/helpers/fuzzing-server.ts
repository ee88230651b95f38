/**
 * A fuzzing server that is no judge: it has as many cases as it is told to, sends one message in each, and closes when
 * it comes back. It stands in for the real suite, in the process of a test or, with the suite's arguments, in its own.
 */

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { type Message, type Peer, type Server, serve } from "../../src/node/index.ts";

const MIB = 1024 * 1024;

export interface FuzzingServer {
  readonly server: Server;
  readonly url: string;
  /** The path and query of every request, in order. */
  readonly requests: readonly string[];
  /** The most cases that were being played at a time. */
  readonly atATime: number;
}

export interface Fuzzing {
  readonly cases: number;
  readonly port?: number;
  /** Begins a case otherwise. */
  readonly open?: (peer: Peer, request: string) => void;
  /** What came back in a case. */
  readonly message?: (peer: Peer, data: Message) => void;
  /** Answers a request with this status, if it gives one. */
  readonly status?: (request: string) => number | undefined;
  readonly onReports?: (requests: readonly string[]) => void;
}

export async function fuzzingServer({ cases, port = 0, ...fuzzing }: Fuzzing): Promise<FuzzingServer> {
  const requests: string[] = [];
  let now = 0;
  let most = 0;
  const server = await serve(
    {
      port,
      host: "127.0.0.1",
      compression: true,
      maxMessageSize: 64 * MIB,
      maxBufferedBytes: 64 * MIB,
      upgrade: ({ target }) => {
        requests.push(target);
        const status = fuzzing.status?.(target);
        return status === undefined ? {} : { status };
      },
    },
    {
      open: (peer) => {
        const { target } = peer;
        if (target.startsWith("/runCase?")) {
          most = Math.max(most, ++now);
          if (fuzzing.open === undefined) peer.send(target);
          else fuzzing.open(peer, target);
          return;
        }
        if (target === "/getCaseCount") peer.send(String(cases));
        if (target.startsWith("/updateReports?")) fuzzing.onReports?.(requests);
        peer.close();
      },
      message: (peer, data) => {
        fuzzing.message?.(peer, data);
        peer.close();
      },
      close: ({ target }) => {
        if (target.startsWith("/runCase?")) now--;
      },
    },
  );
  return {
    server,
    url: `ws://127.0.0.1:${server.port}`,
    requests,
    get atATime() {
      return most;
    },
  };
}

/** What the real suite is told. */
interface Spec {
  readonly url: string;
  readonly outdir: string;
  readonly cases: readonly string[];
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const { values } = parseArgs({
    options: { mode: { type: "string" }, spec: { type: "string" }, webport: { type: "string" } },
  });
  const { url, outdir, cases }: Spec = JSON.parse(readFileSync(values.spec!, "utf8"));
  const write = (name: string, content: unknown): void => {
    mkdirSync(outdir, { recursive: true });
    writeFileSync(join(outdir, name), JSON.stringify(content));
  };
  await fuzzingServer({
    cases: cases.length,
    port: Number(new URL(url).port),
    open: (peer, request) => {
      const query = new URL(request, url).searchParams;
      console.log(
        `Running test case ID ${cases[Number(query.get("case")) - 1]} for agent ${query.get("agent")}`,
      );
      peer.send(request);
    },
    onReports: (requests) => {
      const agent = new URL(requests.at(-1)!, url).searchParams.get("agent")!;
      const verdict = { behavior: "OK", behaviorClose: "OK", duration: 1 };
      write("index.json", { [agent]: Object.fromEntries(cases.map((id) => [id, verdict])) });
    },
  });
}
