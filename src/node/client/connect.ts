/**
 * Chapter 10.8 — The client: `connect`, from a URL to a peer (§4.1).
 *
 * The peer is the one a server has, so handlers that serve one end serve the other. Every option is checked at the
 * call; everything that can go wrong afterwards is one ConnectError.
 *
 * What this file must not know: frames, heads, sockets' events.
 * Next: streams.ts.
 */

import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { createSecureContext, type ConnectionOptions as TlsOptions } from "node:tls";
import { ClientHandshake, type Established } from "../../protocol/client-handshake.ts";
import type { Extension } from "../../protocol/extension.ts";
import type { Fields, FieldsInput } from "../../protocol/fields.ts";
import { applicationFields } from "../../protocol/handshake.ts";
import type { HeadLimits } from "../../protocol/http.ts";
import { type CompressionOptions, compressionOf } from "../compression.ts";
import { Lines, linear } from "../conversation.ts";
import { useEngine } from "../machine.ts";
import { NodePeer } from "../node-peer.ts";
import { type PeerOptions, type PeerSettings, peerSettings, size, time } from "../options.ts";
import type { Conversation, Handlers, LinearPeer, Peer, PeerClosed } from "../peer.ts";
import { Queues } from "../queues.ts";
import { Statistics, type StatisticsSnapshot } from "../statistics.ts";
import { type Clock, Deadlines, systemClock, Timed } from "../timers.ts";
import { Transport } from "../transport.ts";
import { endOfTurn } from "../turn.ts";
import { ConnectError, type ConnectPhase, connectError } from "./connect-error.ts";
import { type Attempt, dial, type Route, type TcpOptions, type Tunnel } from "./dial.ts";
import { greet } from "./greeting.ts";
import { follow, isRedirect } from "./redirect.ts";
import { basicAuthorization, readUrl, type WebSocketUrl } from "./url.ts";

export interface ConnectOptions<Data = unknown> extends PeerOptions {
  /** Subprotocols to offer, best first. */
  subprotocols?: readonly string[];
  /** More header fields for the request, such as Authorization or Cookie. */
  headers?: FieldsInput;
  /** The origin of the page on whose behalf this connects. Programs that are no browsers have none. */
  origin?: string;
  /** Offer permessage-deflate. Default: no. */
  compression?: boolean | CompressionOptions;
  /** Other extensions to offer. */
  extensions?: readonly Extension[];
  /**
   * Whether to wait while another connection to the same host and port is being opened, as §4.1 demands. Default true; a
   * program that opens many to a server of its own may be in a hurry.
   */
  oneAtATime?: boolean;
  /** From the call to the open connection, redirects and all, in milliseconds. Default 10 s. */
  handshakeTimeout?: number;
  /** Gives up, as long as the connection is not open. `connect` rejects with the signal's reason then. */
  signal?: AbortSignal;
  /** How many redirects to follow. Nothing that is secret goes to another origin. Default 0. */
  redirects?: number;
  /** A proxy that opens tunnels (CONNECT): the URL of one, http: or https:. */
  proxy?: string | URL | ProxyOptions;
  /** What node:tls is told: `ca`, `cert`, `key`, … Certificates are checked, unless this says otherwise. */
  tls?: TlsOptions;
  /** What node:net is told: `lookup`, `family`, `localAddress`, `autoSelectFamily`, … */
  tcp?: TcpOptions;
  /** A Unix socket to connect to; the URL then says only what to ask for. */
  socketPath?: string;
  /** Limits of the head of the answer. */
  limits?: HeadLimits;
  /** Yours: `peer.data`. */
  data?: Data;
  /** The time, for tests. */
  clock?: Clock;
  /** Told the header fields of the server's answer, before the connection is open. */
  accepted?(fields: Fields): void;
}

export interface ProxyOptions {
  url: string | URL;
  headers?: FieldsInput;
  /** For a proxy that is spoken to by TLS. */
  tls?: TlsOptions;
}

type Application<Data> = Handlers<Data> | Conversation<Data>;
type WithHandlers<Data> = ConnectOptions<Data> & Handlers<Data> & Required<Pick<Handlers<Data>, "message">>;

/** Connects. Messages go to handlers, which stand behind the options, or among them; or there is a conversation. */
export function connect<Data = unknown>(
  url: string | URL,
  options: ConnectOptions<Data>,
  application: Application<Data>,
): Promise<Peer<Data>>;
export function connect<Data = unknown>(url: string | URL, options: WithHandlers<Data>): Promise<Peer<Data>>;
/** Connects. Messages wait until they are asked for, and the server with them: `for await (const message of peer)`. */
export function connect<Data = unknown>(
  url: string | URL,
  options?: ConnectOptions<Data> & Omit<Handlers<Data>, "message">,
): Promise<LinearPeer<Data>>;
export async function connect<Data>(
  url: string | URL,
  options: ConnectOptions<Data> & Handlers<Data> = {},
  application?: Application<Data>,
): Promise<Peer<Data> | LinearPeer<Data>> {
  useEngine();
  const settings = connectSettings(url, options);
  if (application !== undefined) {
    return open(settings, typeof application === "function" ? linear(application) : application);
  }
  if (options.message !== undefined) return open(settings, options);
  const lines = new Lines<Data>();
  return lines.of(await open(settings, lines.handlers(options)));
}

/** What all connections of this process have seen that were opened by `connect`. */
export function clientStats(): StatisticsSnapshot {
  return statistics.snapshot();
}

// --- The options ------------------------------------------------------------------------------------------------

const DEFAULT_HANDSHAKE_TIMEOUT = 10_000;

/** What `connect` was asked for, checked. */
export interface ConnectSettings<Data> {
  readonly options: ConnectOptions<Data>;
  readonly url: WebSocketUrl;
  readonly fields: Fields;
  readonly extensions: readonly Extension[];
  readonly route: Route;
  /** Where to wait for other connections to the same place. */
  readonly queues: Queues | undefined;
  readonly redirects: number;
  readonly handshakeTimeout: number;
  readonly clock: Clock;
  readonly peer: PeerSettings;
}

/** Throws where an option cannot be, by its name. */
export function connectSettings<Data>(
  url: string | URL,
  options: ConnectOptions<Data>,
): ConnectSettings<Data> {
  const { compression, extensions = [], tcp = {}, socketPath, redirects = 0 } = options;
  const { oneAtATime = true } = options;
  const { signal, handshakeTimeout = DEFAULT_HANDSHAKE_TIMEOUT, clock = systemClock } = options;
  const target = readUrl(url);
  const fields = applicationFields(options.headers, "headers");
  if (target.credentials !== undefined && !fields.has("Authorization")) {
    fields.append("Authorization", basicAuthorization(target.credentials));
  }
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new TypeError("signal: must be an AbortSignal");
  }
  if (socketPath !== undefined && (typeof socketPath !== "string" || socketPath === "")) {
    throw new TypeError("socketPath: must be the path of a Unix socket");
  }
  if (typeof oneAtATime !== "boolean") throw new TypeError("oneAtATime: must be true or false");
  const proxy = proxyOf(options.proxy);
  if (proxy !== undefined && socketPath !== undefined) {
    throw new TypeError("socketPath: a Unix socket is not reached through a proxy");
  }
  const settings: ConnectSettings<Data> = {
    options,
    url: target,
    fields,
    extensions: [...compressionOf(compression), ...extensions],
    route: { socketPath, proxy, tcp, tls: tlsOf("tls", options.tls) },
    queues: oneAtATime ? queues : undefined,
    redirects: size("redirects", redirects),
    handshakeTimeout: time("handshakeTimeout", handshakeTimeout),
    clock,
    peer: peerSettings(options),
  };
  // The rest is the handshake's to check.
  handshakeWith(settings, target, fields);
  return settings;
}

function proxyOf(option: ConnectOptions["proxy"]): Tunnel | undefined {
  if (option === undefined) return undefined;
  const {
    url,
    headers,
    tls = {},
  } = typeof option === "string" || option instanceof URL ? { url: option } : option;
  return {
    url: readUrl(url, "proxy"),
    fields: applicationFields(headers, "proxy.headers"),
    tls: tlsOf("proxy.tls", tls),
  };
}

function tlsOf(name: string, options: TlsOptions | undefined): TlsOptions {
  if (options === undefined) return {};
  try {
    return { secureContext: createSecureContext(options), ...options };
  } catch (error) {
    throw new TypeError(`${name}: ${(error as Error).message}`, { cause: error });
  }
}

function handshakeWith<Data>(
  { options, extensions }: ConnectSettings<Data>,
  { host, target }: WebSocketUrl,
  fields: Fields,
): ClientHandshake {
  const { subprotocols, origin, limits } = options;
  return new ClientHandshake({
    host,
    target,
    fields,
    extensions,
    ...(subprotocols !== undefined && { subprotocols }),
    ...(origin !== undefined && { origin }),
    ...(limits !== undefined && { limits }),
  });
}

// --- The attempt ------------------------------------------------------------------------------------------------

async function open<Data>(
  settings: ConnectSettings<Data>,
  handlers: Handlers<Data>,
): Promise<NodePeer<Data>> {
  const { options, clock, handshakeTimeout } = settings;
  const { signal } = options;
  const attempt = new TimedAttempt(handshakeTimeout);
  const onAbort = (): void => attempt.abort(signal?.reason);
  signal?.addEventListener("abort", onAbort);
  if (signal?.aborted) onAbort();
  const deadlines = deadlinesOf(clock);
  deadlines.set(attempt, handshakeTimeout);
  try {
    const { stream, established, url } = await reach(settings, attempt);
    try {
      options.accepted?.(established.fields);
      attempt.signal.throwIfAborted();
    } catch (error) {
      stream.destroy();
      throw error;
    }
    return start(settings, handlers, stream, established, url);
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    deadlines.clear(attempt);
    signal?.removeEventListener("abort", onAbort);
  }
}

class TimedAttempt extends Timed implements Attempt {
  phase: ConnectPhase = "connect";
  readonly #controller = new AbortController();
  readonly #timeout: number;

  constructor(timeout: number) {
    super();
    this.#timeout = timeout;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  abort(reason: unknown): void {
    this.#controller.abort(reason);
  }

  override onDeadline(): void {
    this.abort(connectError(this.phase, "handshake-timeout", `handshakeTimeout: ${this.#timeout} ms`));
  }
}

interface Reached {
  readonly stream: Duplex;
  readonly established: Established;
  readonly url: WebSocketUrl;
}

/** Goes where the URL leads, and on from there as often as it is allowed to. */
async function reach<Data>(settings: ConnectSettings<Data>, attempt: Attempt): Promise<Reached> {
  let { url, fields, route } = settings;
  const isFollowed = (status: number): boolean => settings.redirects > 0 && isRedirect(status);
  for (let redirects = 0; ; redirects++) {
    const place = placeOf(url, route);
    attempt.phase = "connect";
    await settings.queues?.enter(place, attempt.signal);
    try {
      const stream = await dial(url, route, attempt);
      const handshake = handshakeWith(settings, url, fields);
      return { stream, url, established: await greet(stream, handshake, attempt, isFollowed) };
    } catch (error) {
      const response =
        error instanceof ConnectError && error.phase === "handshake" ? error.response : undefined;
      if (response === undefined || !isFollowed(response.status)) throw error;
      if (redirects === settings.redirects) {
        throw connectError("redirect", "too-many-redirects", "", { response });
      }
      const next = follow(url, response.fields.all("Location"), fields);
      if (!next.ok) throw connectError("redirect", next.rule, next.detail, { response });
      if (next.url.origin !== url.origin) {
        route = { ...route, socketPath: undefined, tls: withoutIdentity(route.tls) };
      }
      ({ url, fields } = next);
    } finally {
      settings.queues?.leave(place);
    }
  }
}

/**
 * §4.1 (2): of several connections to one place only one is being established, and the others wait for it.
 * Decision: two names are two places, as behind a proxy, where nobody else knows better: which address a name leads to is
 * found out by node:net, which may try several at once.
 */
const queues = new Queues();

function placeOf({ hostname, port }: WebSocketUrl, { socketPath }: Route): string {
  return socketPath ?? `${hostname}:${port}`;
}

/** Another origin is told no secret, and not measured by the name of the first. */
function withoutIdentity(options: TlsOptions): TlsOptions {
  const { cert, key, pfx, passphrase, secureContext, session, servername, checkServerIdentity, ...rest } =
    options;
  return rest;
}

// --- The peer ---------------------------------------------------------------------------------------------------

const statistics = new Statistics();
const schedule = endOfTurn();
const wheels = new WeakMap<Clock, Deadlines>();

/** All connections share a timer. */
function deadlinesOf(clock: Clock): Deadlines {
  let deadlines = wheels.get(clock);
  if (deadlines === undefined) wheels.set(clock, (deadlines = new Deadlines(clock)));
  return deadlines;
}

function start<Data>(
  { options, clock, peer: settings }: ConnectSettings<Data>,
  handlers: Handlers<Data>,
  stream: Duplex,
  { subprotocol, extensions, rest }: Established,
  { target }: WebSocketUrl,
): NodePeer<Data> {
  const context = {
    role: "client",
    handlers,
    settings,
    statistics,
    clock,
    deadlines: deadlinesOf(clock),
    schedule,
    ended: (_peer: NodePeer<Data>, { code }: PeerClosed) => statistics.closed(code),
  } as const;
  const peer = new NodePeer<Data>(context, new Transport(stream), {
    target,
    address: stream instanceof Socket ? (stream.remoteAddress ?? "") : "",
    subprotocol,
    agreements: extensions,
    data: options.data as Data,
  });
  statistics.opened();
  peer.start(rest);
  return peer;
}
