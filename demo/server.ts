/**
 * The demonstration: one page that opens a WebSocket to this server and shows each frame that goes over it.
 *
 *   npm start
 *
 * The frames are told by the server's wire tap. They travel to the page over an event stream, beside the WebSocket, so
 * that watching does not add to what is watched; what the page asks for besides (a Ping, a cut stream) comes by POST.
 * A page makes up a session, a random name for itself, and sees what belongs to that session only.
 */

import { readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { authority, endAsked, Misuse, readPort, runCommand } from "../scripts/command.ts";
import type { Peer } from "../src/node/peer.ts";
import { type EventStream, eventStream } from "../src/node/server/event-stream.ts";
import type { Rejection, Upgrade } from "../src/node/server/opening.ts";
import { serve } from "../src/node/server/server.ts";
import { Ticker } from "./ticker.ts";

const HELP = `Serves a page that shows a WebSocket at work, frame by frame.

  npm start -- [--port N] [--host H]

  --port N  where to listen; 0 is any free port. Default: the environment's PORT, else 8080
  --host H  the address to listen at. Default 127.0.0.1: this machine only
  --help    this text

Exit code: 0 when closed, 1 when it could not listen, 2 when this command was misused.
`;

// --- The page ---------------------------------------------------------------------------------------------------

interface File {
  readonly type: string;
  readonly bytes: Uint8Array;
}

/** Read at the start: what a request names is looked up here, and never in the file system. */
const FILES: ReadonlyMap<string, File> = new Map([
  ["/", file("page.html", "text/html")],
  ["/page.css", file("page.css", "text/css")],
  ["/page.js", file("page.js", "text/javascript")],
  ["/icon.svg", file("icon.svg", "image/svg+xml")],
]);

function file(name: string, type: string): File {
  return { type: `${type}; charset=utf-8`, bytes: readFileSync(new URL(name, import.meta.url)) };
}

/** The page's own files and connections, and nothing else: no script or style inside it, no other origin. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const HEADERS = {
  "Content-Security-Policy": CONTENT_SECURITY_POLICY,
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
  "Cache-Control": "no-cache",
} as const;

// --- Sessions ---------------------------------------------------------------------------------------------------

/** What one page has open. It lasts until all of that has ended. */
interface Session {
  readonly id: string;
  frames: EventStream | undefined;
  ticks: EventStream | undefined;
  peer: Peer<Session> | undefined;
}

/** As the page writes it: 16 random bytes in hexadecimal. */
const SESSION_LENGTH = 32;

const PING_PAYLOAD: Uint8Array = new TextEncoder().encode("Are you there?");

/** How long a page waits before it connects again to a stream that has ended. */
const RETRY = 1000;

class Sessions {
  readonly #sessions = new Map<string, Session>();
  readonly #ticker = new Ticker();

  /** Only a page that watches its frames has a connection to be watched. */
  admit(upgrade: Upgrade): { data: Session } | Rejection {
    const { path, id } = readTarget(upgrade.target);
    if (path !== "/socket") return { status: 404 };
    const session = this.#sessions.get(id);
    if (session?.frames !== undefined) return { data: session };
    return { status: 403, body: "Open /frames with this session first.\n" };
  }

  answer(request: IncomingMessage, response: ServerResponse): void {
    const { path, id } = readTarget(request.url ?? "/");
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
    switch (path) {
      case "/frames":
        this.#stream("frames", id, request, response);
        break;
      case "/ticks":
        this.#stream("ticks", id, request, response);
        break;
      case "/ping":
        this.#command(id, request, response, ({ peer }) => peer?.ping(PING_PAYLOAD));
        break;
      case "/cut":
        this.#command(id, request, response, ({ ticks }) => ticks?.close());
        break;
      default:
        answerFile(FILES.get(path), request, response);
    }
  }

  /** What a page asks for its own session. Nobody else knows the session's name. */
  #command(
    id: string,
    request: IncomingMessage,
    response: ServerResponse,
    act: (session: Session) => void,
  ): void {
    const session = this.#sessions.get(id);
    if (request.method !== "POST") {
      refuse(response, 405, { Allow: "POST" });
    } else if (session === undefined) {
      refuse(response, 404);
    } else {
      act(session);
      response.writeHead(204).end();
    }
  }

  /** One of a session's two streams; a new one takes the place of an old one that its page has lost. */
  #stream(name: "frames" | "ticks", id: string, request: IncomingMessage, response: ServerResponse): void {
    if (!isSession(id)) {
      refuse(response, 400);
      return;
    }
    const stream = eventStream(request, response, { retry: RETRY });
    if (stream.closed) return;
    const session = this.#sessions.get(id) ?? { id, frames: undefined, ticks: undefined, peer: undefined };
    this.#sessions.set(id, session);
    session[name]?.close();
    session[name] = stream;
    void stream.ended.then(() => this.ended(session, name, stream));
    if (name === "ticks") this.#ticker.add(stream);
  }

  /** Something of a session has ended; something newer may stand in its place already. */
  ended(session: Session, name: "frames" | "ticks" | "peer", what: unknown): void {
    if (session[name] === what) session[name] = undefined;
    const { id, frames, ticks, peer } = session;
    if (frames === undefined && ticks === undefined && peer === undefined) this.#sessions.delete(id);
  }

  close(): void {
    for (const { frames, ticks } of this.#sessions.values()) {
      frames?.close();
      ticks?.close();
    }
  }
}

export interface Demo {
  readonly port: number;
  close(): Promise<void>;
}

export async function startDemo(port: number, host: string): Promise<Demo> {
  const sessions = new Sessions();
  const server = await serve<Session>({
    port,
    host,
    request: (request, response) => sessions.answer(request, response),
    upgrade: (upgrade) => sessions.admit(upgrade),
    open: (peer) => watch(peer),
    message: (peer, data) => peer.send(data),
    pong: (peer) => tell(peer.data, "roundtrip", peer.roundTripTime),
    close: (peer) => sessions.ended(peer.data, "peer", peer),
  });
  return {
    port: server.port,
    async close() {
      const closed = server.close();
      sessions.close();
      await closed;
    },
  };
}

/** Tells the page of every frame of its connection, in both directions. */
function watch(peer: Peer<Session>): void {
  peer.data.peer = peer;
  peer.tap((direction, lines) => tell(peer.data, "frame", { direction, lines }));
}

function tell(session: Session, event: string, data: unknown): void {
  session.frames?.send({ event, data: JSON.stringify(data) });
}

function answerFile(page: File | undefined, { method }: IncomingMessage, response: ServerResponse): void {
  if (page === undefined) {
    refuse(response, 404);
  } else if (method !== "GET" && method !== "HEAD") {
    refuse(response, 405, { Allow: "GET, HEAD" });
  } else {
    response.setHeader("Content-Type", page.type).end(page.bytes);
  }
}

function refuse(response: ServerResponse, status: number, headers: Record<string, string> = {}): void {
  response.writeHead(status, { ...headers, "Content-Type": "text/plain; charset=utf-8" });
  response.end(`${status}\n`);
}

/** The path of a request target, and the session in its query. */
function readTarget(target: string): { path: string; id: string } {
  const mark = target.indexOf("?");
  if (mark === -1) return { path: target, id: "" };
  const query = new URLSearchParams(target.slice(mark));
  return { path: target.slice(0, mark), id: query.get("session") ?? "" };
}

function isSession(id: string): boolean {
  return id.length === SESSION_LENGTH && [...id].every((digit) => "0123456789abcdef".includes(digit));
}

// --- The command ------------------------------------------------------------------------------------------------

const OPTIONS = {
  port: { type: "string" },
  host: { type: "string", default: "127.0.0.1" },
  help: { type: "boolean", short: "h" },
} as const;

/** Where to listen; `undefined` if the arguments ask for help. An argument comes before the environment. */
export function demoPlace(
  args: readonly string[],
  environment: { readonly PORT?: string | undefined },
): { port: number; host: string } | undefined {
  const { values } = parseArgs({ args: [...args], options: OPTIONS });
  if (values.help) return undefined;
  if (values.host === "") throw new Misuse("--host: must not be empty");
  const port =
    values.port === undefined
      ? readPort("PORT", environment.PORT ?? "8080")
      : readPort("--port", values.port);
  return { port, host: values.host };
}

async function main(): Promise<void> {
  const place = demoPlace(process.argv.slice(2), process.env);
  if (place === undefined) {
    process.stdout.write(HELP);
    return;
  }
  const demo = await startDemo(place.port, place.host);
  console.log(`open http://${authority(place.host, demo.port)}/`);
  await endAsked();
  await demo.close();
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  await runCommand("start", "npm start", main);
}
