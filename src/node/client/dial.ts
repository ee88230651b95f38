/**
 * Chapter 10.6 — Dialling: a stream to a server, by TCP, TLS, a Unix socket, or a proxy (§4.1, §10.6; RFC 9110 §9.3.6).
 *
 * Addresses are looked up, and tried, by node:net; certificates are checked by node:tls. Each step waits for one event
 * of a stream, and ends when that comes, when the stream fails, or when the attempt is given up.
 *
 * What this file must not know: WebSockets.
 * Next: greeting.ts.
 */

import { connect as connectTcp, isIP, type TcpSocketConnectOpts } from "node:net";
import type { Duplex } from "node:stream";
import { type ConnectionOptions, connect as connectTls } from "node:tls";
import { Fields } from "../../protocol/fields.ts";
import { HeadReader, type ResponseHead, writeRequest } from "../../protocol/http.ts";
import { quote, refuseResponse } from "../../protocol/refusal.ts";
import { plain } from "../transport.ts";
import { BodyReader } from "./body.ts";
import { ConnectError, type ConnectPhase, connectError, type RefusedResponse } from "./connect-error.ts";
import { basicAuthorization, type WebSocketUrl } from "./url.ts";

/** What node:net is told beside host and port. */
export type TcpOptions = Omit<TcpSocketConnectOpts, "host" | "port">;

/** A proxy that tunnels (CONNECT). */
export interface Tunnel {
  readonly url: WebSocketUrl;
  readonly fields: Fields;
  readonly tls: ConnectionOptions;
}

/** How the server is reached. */
export interface Route {
  readonly socketPath: string | undefined;
  readonly proxy: Tunnel | undefined;
  readonly tcp: TcpOptions;
  readonly tls: ConnectionOptions;
}

/** An attempt to connect, as its steps see it. */
export interface Attempt {
  /** What is being done, for whoever asks why it takes so long. */
  phase: ConnectPhase;
  /** Aborted when nobody waits for the connection any more. */
  readonly signal: AbortSignal;
}

export async function dial(url: WebSocketUrl, route: Route, attempt: Attempt): Promise<Duplex> {
  const stream = await reach(url, route, attempt);
  return url.secure ? encrypt(stream, url, route.tls, attempt) : stream;
}

function reach(url: WebSocketUrl, { socketPath, proxy, tcp }: Route, attempt: Attempt): Promise<Duplex> {
  if (socketPath !== undefined) {
    return opened(connectTcp({ path: socketPath }), "connect", "network", attempt);
  }
  return proxy === undefined ? call(url, tcp, attempt) : tunnel(url, proxy, tcp, attempt);
}

function call({ hostname, port }: WebSocketUrl, tcp: TcpOptions, attempt: Attempt): Promise<Duplex> {
  const socket = connectTcp({ noDelay: true, ...tcp, host: hostname, port });
  return opened(socket, "connect", "network", attempt);
}

function encrypt(
  stream: Duplex,
  { hostname }: WebSocketUrl,
  options: ConnectionOptions,
  attempt: Attempt,
): Promise<Duplex> {
  attempt.phase = "tls";
  // §4.1 asks for the server's name; RFC 6066 §3: an address is none, though a certificate has it; and no dot ends one.
  const servername = isIP(hostname) !== 0 ? "" : hostname.endsWith(".") ? hostname.slice(0, -1) : hostname;
  const name = { servername, host: hostname, ALPNProtocols: ["http/1.1"] };
  try {
    return opened(connectTls({ ...name, ...options, socket: stream }), "secureConnect", "tls", attempt);
  } catch (error) {
    // An option that node:tls cannot use.
    stream.destroy();
    throw error;
  }
}

// --- Through a proxy --------------------------------------------------------------------------------------------

/** Asks a proxy for a tunnel. Whatever it sends behind its answer comes from the other end of it. */
async function tunnel(url: WebSocketUrl, proxy: Tunnel, tcp: TcpOptions, attempt: Attempt): Promise<Duplex> {
  attempt.phase = "proxy";
  const plainStream = await call(proxy.url, tcp, attempt);
  const stream = proxy.url.secure ? await encrypt(plainStream, proxy.url, proxy.tls, attempt) : plainStream;
  attempt.phase = "proxy";
  const host = url.hostname.includes(":") ? `[${url.hostname}]` : url.hostname;
  const target = `${host}:${url.port}`;
  const fields = new Fields([["Host", target], ...proxy.fields]);
  if (proxy.url.credentials !== undefined && !fields.has("Proxy-Authorization")) {
    fields.append("Proxy-Authorization", basicAuthorization(proxy.url.credentials));
  }
  stream.write(writeRequest({ method: "CONNECT", target, fields }));
  const { head, rest } = await readHead(stream, attempt);
  const { status, reason } = head;
  if (status < 200 || status > 299) {
    const response = await readRefusal(stream, head, rest, attempt.signal);
    throw connectError("proxy", "proxy-refused", `${status} ${quote(reason)}`, { response });
  }
  if (rest.length > 0) stream.unshift(rest);
  return stream;
}

function readHead(stream: Duplex, attempt: Attempt): Promise<{ head: ResponseHead; rest: Uint8Array }> {
  const reader = new HeadReader("response");
  return nextOf(
    stream,
    attempt,
    "data",
    (chunk) => {
      const read = reader.read(plain(chunk));
      if (read?.ok === false) throw new ConnectError(attempt.phase, refuseResponse(read.rule, read.detail));
      return read;
    },
    (error) => cutShort(attempt, error),
  );
}

// --- One step ---------------------------------------------------------------------------------------------------

/** Waits until a stream has connected. */
function opened(
  stream: Duplex,
  event: "connect" | "secureConnect",
  rule: "network" | "tls",
  attempt: Attempt,
): Promise<Duplex> {
  // First of all, and for ever: what a stream comes to when nobody waits for it is no more than its end.
  stream.on("error", () => {});
  return nextOf(
    stream,
    attempt,
    event,
    () => stream,
    (error) => connectError(attempt.phase, rule, reasonOf(error), { cause: error }),
  );
}

/** The stream has ended while an answer was expected. */
export function cutShort({ phase }: Attempt, error: Error | undefined): ConnectError {
  return connectError(phase, "ended", reasonOf(error), { cause: error });
}

/** Where several addresses were tried, there are several errors in one that has no message, but a code. */
function reasonOf(error: NodeJS.ErrnoException | undefined): string {
  return error?.message || error?.code || "";
}

/**
 * Waits for an event of a stream until `take` makes something of it. What else may happen is `failed`'s to name. A
 * stream that was read from is paused then: what comes next waits for the next step.
 */
export function nextOf<Result>(
  stream: Duplex,
  { signal }: Pick<Attempt, "signal">,
  event: "connect" | "secureConnect" | "data",
  take: (chunk: Uint8Array) => Result | undefined,
  failed: (error: Error | undefined) => Error,
): Promise<Result> {
  return new Promise((resolve, reject) => {
    const done = (): void => {
      if (event === "data") stream.pause();
      stream.off(event, onEvent).off("error", onError).off("end", onEnd).off("close", onEnd);
      signal.removeEventListener("abort", onAbort);
    };
    const fail = (error: unknown): void => {
      done();
      stream.destroy();
      reject(error);
    };
    const onEvent = (chunk: Uint8Array): void => {
      try {
        const result = take(chunk);
        if (result === undefined) return;
        done();
        resolve(result);
      } catch (error) {
        fail(error);
      }
    };
    const onError = (error: Error): void => fail(failed(error));
    const onEnd = (): void => fail(failed(undefined));
    const onAbort = (): void => fail(signal.reason);
    stream.on(event, onEvent).on("error", onError).on("end", onEnd).on("close", onEnd);
    signal.addEventListener("abort", onAbort);
    if (signal.aborted) onAbort();
    else if (event === "data") stream.resume();
  });
}

/** The most that is read of the body of an answer that refuses. */
const MAX_BODY_SIZE = 16 * 1024;

/** Reads the body behind a head that refuses: what has come when it is over, however it is over. */
export async function readRefusal(
  stream: Duplex,
  { status, fields }: Pick<ResponseHead, "status" | "fields">,
  rest: Uint8Array,
  signal: AbortSignal,
): Promise<RefusedResponse> {
  const body = new BodyReader(status, fields, MAX_BODY_SIZE);
  if (!body.push(rest)) {
    const over = new Error("the body is over");
    await nextOf(
      stream,
      { signal },
      "data",
      (chunk) => body.push(plain(chunk)) || undefined,
      () => over,
    ).catch(() => body.end());
  }
  stream.destroy();
  return { status, fields, body: body.text() };
}
