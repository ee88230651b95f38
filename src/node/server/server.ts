/**
 * Chapter 9.5 — The server: a port, or a place beside another server's, and everybody who is connected to it.
 *
 * What this file must not know: frames, heads; how a peer is kept alive.
 * Next: event-stream.ts.
 */

import type { Server as HttpServer, IncomingMessage, RequestListener } from "node:http";
import type { Server as HttpsServer } from "node:https";
import {
  type AddressInfo,
  createServer as createTcpServer,
  Socket,
  type Server as TcpServer,
} from "node:net";
import type { Duplex } from "node:stream";
import { createServer as createTlsServer, TLSSocket, type TlsOptions } from "node:tls";
import { CloseCode } from "../../protocol/close.ts";
import type { Extension } from "../../protocol/extension.ts";
import type { HeadLimits } from "../../protocol/http.ts";
import { PreparedMessage } from "../../protocol/prepared-message.ts";
import type { OfferLimits } from "../../protocol/server-handshake.ts";
import { type CompressionOptions, compressionOf } from "../compression.ts";
import { linear } from "../conversation.ts";
import { keepFreedMemory, useEngine } from "../machine.ts";
import { NodePeer, type PeerContext } from "../node-peer.ts";
import { type PeerOptions, peerSettings, size, time } from "../options.ts";
import type { Conversation, Handlers, Message, Peer, PeerClosed } from "../peer.ts";
import { prometheus, Statistics, type StatisticsSnapshot } from "../statistics.ts";
import { type Clock, Deadlines, systemClock, Timed } from "../timers.ts";
import { endOfTurn } from "../turn.ts";
import {
  AddressCounter,
  cameSecurely,
  clientAddress,
  type TrustProxyOption,
  trustedProxies,
} from "./address.ts";
import { Opening, type OpeningContext, type Upgrade, type UpgradeHook } from "./opening.ts";
import { type OriginOption, originPolicy } from "./origin.ts";
import { Pages } from "./pages.ts";

export interface ServerOptions<Data = unknown> extends PeerOptions {
  /** Decides about each upgrade: accepts with `data`, a subprotocol and headers, or answers with any HTTP status. */
  upgrade?: UpgradeHook<Data>;
  /** Subprotocols that the server speaks, best first. */
  subprotocols?: readonly string[];
  /** permessage-deflate. Default: none. */
  compression?: boolean | CompressionOptions;
  /** Other extensions. */
  extensions?: readonly Extension[];
  /** Whose pages may connect: those of the same origin (default), of a list, those a predicate likes, or any. */
  origin?: OriginOption<Upgrade>;
  /** From the first byte to the answer, the `upgrade` hook included. Default 10 s. */
  handshakeTimeout?: number;
  /** Bytes that are kept of a client while the hook decides. Default 64 KiB. */
  maxPendingBytes?: number;
  /** Limits of the request head. */
  limits?: HeadLimits & OfferLimits;
  /** Beyond so many connections, handshakes under way included, clients are answered 503. Default: no limit. */
  maxConnections?: number;
  /** Beyond so many connections of one address, it is answered 503. Default: no limit. */
  maxConnectionsPerAddress?: number;
  /** Whose X-Forwarded-For is believed: nobody's (default), that of so many hops, or of these addresses. */
  trustProxy?: TrustProxyOption;
  /** The time, for tests. */
  clock?: Clock;
  /** What your `upgrade` hook threw. Without this it becomes a process warning. The client is answered 500. */
  upgradeError?(error: unknown, upgrade: Upgrade): void;
}

export interface ServeOptions<Data = unknown> extends ServerOptions<Data> {
  /** Default 0: any free port. */
  port?: number;
  host?: string;
  /** A Unix socket instead of a port. */
  path?: string;
  backlog?: number;
  /** With `cert` and `key` and whatever else node:tls knows, the port speaks TLS (§10.6), and that first (§4.2.2). */
  tls?: TlsOptions;
  /** Takes the requests that ask for no WebSocket: pages, event streams. Without it they are answered 426. */
  request?: RequestListener;
}

/** How a server's connections ended when it closed. */
export interface CloseReport<Data = unknown> {
  /** After a closing handshake. */
  readonly clean: number;
  /** Without one: they were gone, or did not answer in time. */
  readonly unclean: number;
  /** Each of them, in the order in which they ended. */
  readonly endings: readonly Ending<Data>[];
}

export interface Ending<Data = unknown> {
  readonly peer: Peer<Data>;
  readonly closed: PeerClosed;
}

type Application<Data> = Handlers<Data> | Conversation<Data>;

const SECOND = 1000;
const DEFAULT_HANDSHAKE_TIMEOUT = 10 * SECOND;
const DEFAULT_MAX_PENDING_BYTES = 64 * 1024;
/** That of node:tls for its handshake; a longer time would come at once. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** Listens, and resolves when it does. Handlers stand among the options, or behind them; or there is a conversation. */
export async function serve<Data = unknown>(
  options: ServeOptions<Data> & Handlers<Data>,
  application: Application<Data> = options,
): Promise<Server<Data>> {
  const server = new Server<Data>(options, application);
  await server.listen(options);
  return server;
}

export class Server<Data = unknown> {
  readonly #statistics = new Statistics();
  readonly #peers = new Set<NodePeer<Data>>();
  readonly #openings = new Set<Opening<Data>>();
  readonly #addresses = new AddressCounter();
  readonly #opening: OpeningContext<Data>;
  readonly #listeners: TcpServer[] = [];
  /** Every connection to them that is no peer's (yet), from its first moment on: in the TLS handshake, refused. */
  readonly #sockets = new Set<Duplex>();
  /** One for all of them, which it is called on. */
  readonly #forget: (this: Duplex) => void;
  #pages: Pages | undefined = undefined;
  #isClosing = false;
  #closing: Promise<CloseReport<Data>> | undefined = undefined;
  #onEmpty: (() => void) | undefined = undefined;
  /** Kept from the moment when the server begins to close. */
  readonly #endings: Ending<Data>[] = [];

  constructor(options: ServerOptions<Data>, application: Application<Data>) {
    useEngine();
    keepFreedMemory();
    const sockets = this.#sockets;
    this.#forget = function () {
      sockets.delete(this);
    };
    const { clock = systemClock, upgrade, subprotocols = [], extensions = [] } = options;
    const { maxConnections = Number.POSITIVE_INFINITY, limits = {} } = options;
    const { maxConnectionsPerAddress = Number.POSITIVE_INFINITY } = options;
    size("maxConnections", maxConnections);
    size("maxConnectionsPerAddress", maxConnectionsPerAddress, 1);
    if (upgrade !== undefined && typeof upgrade !== "function")
      throw new TypeError("upgrade: must be a function");
    const isAllowed = originPolicy<Upgrade>(options.origin);
    const trust = trustedProxies(options.trustProxy);
    const peers: PeerContext<Data> = {
      role: "server",
      handlers: typeof application === "function" ? linear(application) : application,
      settings: peerSettings(options),
      statistics: this.#statistics,
      clock,
      deadlines: new Deadlines(clock),
      schedule: endOfTurn(),
      ended: (peer, closed) => this.#peerEnded(peer, closed),
    };
    this.#opening = {
      peers,
      hook: upgrade,
      subprotocols,
      extensions: [...compressionOf(options.compression), ...extensions],
      limits,
      handshakeTimeout: time("handshakeTimeout", options.handshakeTimeout ?? DEFAULT_HANDSHAKE_TIMEOUT),
      maxPendingBytes: size("maxPendingBytes", options.maxPendingBytes ?? DEFAULT_MAX_PENDING_BYTES),
      handOver: undefined,
      unavailable: () => {
        if (this.#isClosing) return "closing";
        return this.#openings.size + this.#peers.size > maxConnections ? "max-connections" : undefined;
      },
      admit: (opening, address) => {
        opening.address = address;
        return this.#addresses.add(address) > maxConnectionsPerAddress
          ? "max-connections-per-address"
          : undefined;
      },
      isOriginAllowed: (request) => isAllowed(request.origin, request.host, request.secure, request),
      addressOf: (address, fields) => clientAddress(address, fields.get("X-Forwarded-For"), trust),
      cameSecurely: (address, fields) => cameSecurely(address, fields.get("X-Forwarded-Proto"), trust),
      opened: (opening, peer) => this.#peerOpened(opening, peer),
      failed: (opening, rule) => this.#openingFailed(opening, rule),
      hookFailed: (error, request) => {
        try {
          if (options.upgradeError !== undefined) options.upgradeError(error, request);
          else process.emitWarning(error instanceof Error ? error : String(error));
        } catch {
          // The handler for errors has none of its own.
        }
      },
    };
  }

  // --- Who connects -------------------------------------------------------------------------------------------

  /** Listens on a port or a Unix socket, as `serve` does. */
  async listen(options: ServeOptions<Data> = {}): Promise<void> {
    const { port = 0, host, path, backlog, tls, request } = options;
    if (request !== undefined) {
      const pages = new Pages(request, (asked, socket, head) => this.upgrade(asked, socket, head));
      this.#pages = pages;
      this.#opening.handOver = (socket, bytes, offersUpgrade) => pages.take(socket, bytes, offersUpgrade);
    }
    const handshakeTimeout = Math.min(this.#opening.handshakeTimeout, LONGEST_TIMER);
    const accept = (socket: Socket): void => this.#accept(socket, tls !== undefined);
    const listener =
      tls === undefined
        ? createTcpServer({ noDelay: true }, accept)
        : createTlsServer({ ALPNProtocols: ["http/1.1"], handshakeTimeout, ...tls }, accept);
    // A client that fails the TLS handshake is no error of ours.
    listener.on("tlsClientError", () => {});
    listener.on("connection", (socket: Socket) => this.#follow(socket));
    this.#listeners.push(listener);
    await new Promise<void>((resolve, reject) => {
      listener.once("error", reject);
      const place = path === undefined ? { port, ...(host !== undefined && { host }) } : { path };
      listener.listen({ ...place, ...(backlog !== undefined && { backlog }) }, () => {
        listener.off("error", reject);
        listener.on("error", (error) => process.emitWarning(error));
        resolve();
      });
    });
  }

  /** Answers the upgrades of an HTTP server that is yours. */
  attach(httpServer: HttpServer | HttpsServer): this {
    httpServer.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      this.upgrade(request, socket, head);
    });
    return this;
  }

  /** Answers one upgrade: what an HTTP server's `upgrade` event is about. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Uint8Array): void {
    // Not every runtime hands out a net.Socket here: a Duplex has to do.
    if (socket instanceof Socket) socket.setNoDelay(true).setTimeout(0);
    this.#begin(socket, socket instanceof TLSSocket).take(request, head);
  }

  #follow(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("close", this.#forget);
  }

  /** Whoever is a peer is ended as a peer; a second set and a second listener would only cost memory. */
  #unfollow(socket: Duplex): void {
    if (this.#sockets.delete(socket)) socket.off("close", this.#forget);
  }

  #accept(socket: Socket, secure: boolean): void {
    if (secure) socket.setNoDelay(true);
    else forgetListeners(socket, "end");
    this.#begin(socket, secure).read();
  }

  #begin(socket: Duplex, secure: boolean): Opening<Data> {
    const remoteAddress = socket instanceof Socket ? (socket.remoteAddress ?? "") : "";
    const opening = new Opening<Data>(this.#opening, socket, remoteAddress, secure);
    this.#openings.add(opening);
    return opening;
  }

  #openingFailed(opening: Opening<Data>, rule: string): void {
    this.#openings.delete(opening);
    if (opening.address !== undefined) this.#addresses.remove(opening.address);
    if (rule !== "") this.#statistics.refused(rule);
    this.#mayBeEmpty();
  }

  #peerOpened(opening: Opening<Data>, peer: NodePeer<Data>): void {
    this.#openings.delete(opening);
    this.#peers.add(peer);
    this.#unfollow(opening.socket);
    this.#statistics.opened();
  }

  #peerEnded(peer: NodePeer<Data>, closed: PeerClosed): void {
    this.#peers.delete(peer);
    this.#addresses.remove(peer.address);
    this.#statistics.closed(closed.code);
    if (this.#isClosing) this.#endings.push({ peer, closed });
    this.#mayBeEmpty();
  }

  // --- Who is there -------------------------------------------------------------------------------------------

  /** Everybody who is connected. */
  get peers(): ReadonlySet<Peer<Data>> {
    return this.#peers;
  }

  /** Where it listens: the first place, if there are several. */
  get port(): number {
    const address = this.#listeners[0]?.address();
    return typeof address === "object" && address !== null ? (address as AddressInfo).port : 0;
  }

  /** What the server has seen so far. */
  stats(): StatisticsSnapshot {
    return this.#statistics.snapshot();
  }

  /** The same as text, as Prometheus reads it. */
  prometheus(prefix?: string): string {
    return prometheus(this.stats(), prefix);
  }

  /** Sends a message to many: framed once, and compressed once for all who allow it. Returns how many took it. */
  broadcast(data: Message, to: Iterable<Peer<Data>> = this.#peers): number {
    const message = new PreparedMessage(data);
    let taken = 0;
    for (const peer of to) {
      if (peer instanceof NodePeer && peer.sendPrepared(message) !== "dropped") taken++;
    }
    return taken;
  }

  // --- The end ------------------------------------------------------------------------------------------------

  /**
   * Stops accepting, closes everybody with 1001, and resolves when all have gone. Who does not answer is ended by its
   * `closeTimeout`, or after `timeout` milliseconds.
   */
  close({ timeout = Number.POSITIVE_INFINITY }: { timeout?: number } = {}): Promise<CloseReport<Data>> {
    time("timeout", timeout);
    this.#closing ??= this.#closeAll(timeout);
    return this.#closing;
  }

  async #closeAll(timeout: number): Promise<CloseReport<Data>> {
    this.#isClosing = true;
    const stopped = this.#listeners.map(
      (listener) => new Promise<void>((resolve) => listener.close(() => resolve())),
    );
    this.#pages?.closeIdle();
    for (const opening of this.#openings) opening.abandon();
    for (const peer of this.#peers) peer.close(CloseCode.GoingAway, "server is closing");
    await this.#atMost(
      timeout,
      new Promise<void>((resolve) => {
        this.#onEmpty = resolve;
        this.#mayBeEmpty();
      }),
      () => {
        for (const peer of this.#peers) peer.terminate();
      },
    );
    // Pages that are being answered may be finished; event streams have no end of their own.
    this.#pages?.closeIdle();
    const { closeTimeout } = this.#opening.peers.settings;
    await this.#atMost(Math.min(timeout, closeTimeout), Promise.all(stopped), () => {
      for (const socket of this.#sockets) socket.destroy();
    });
    this.#pages?.close();
    const endings = this.#endings;
    const clean = endings.filter(({ closed }) => closed.clean).length;
    return { clean, unclean: endings.length - clean, endings };
  }

  /** Waits for what must come; after so long, does what makes it come. */
  async #atMost(ms: number, awaited: Promise<unknown>, otherwise: () => void): Promise<void> {
    const { deadlines } = this.#opening.peers;
    const alarm = new Alarm(otherwise);
    deadlines.set(alarm, ms);
    await awaited;
    deadlines.clear(alarm);
  }

  #mayBeEmpty(): void {
    if (this.#peers.size + this.#openings.size === 0) this.#onEmpty?.();
  }
}

/**
 * Takes Node's own listener off a socket of ours: all it does is to make `write` fail once the peer has ended its side,
 * and then nothing is written. Two listeners of one event stand in an array, of 64 bytes; two events had one, this and
 * `close`, before a peer's socket was left to the peer (`npm run bench -- --scenario memory-plain`, Node 20.20). One by
 * one, since `removeAllListeners` would turn all that a socket listens to into a dictionary.
 */
function forgetListeners(socket: Socket, event: string): void {
  for (const listener of socket.listeners(event)) socket.off(event, listener as () => void);
}

class Alarm extends Timed {
  readonly #ring: () => void;

  constructor(ring: () => void) {
    super();
    this.#ring = ring;
  }

  override onDeadline(): void {
    this.#ring();
  }
}
