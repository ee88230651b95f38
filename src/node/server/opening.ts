/**
 * Chapter 9.3 — The opening handshake on a socket (§4.2): from its first byte to a peer, a refusal, or a web page.
 *
 * Reads the request head with the core, straight from the stream; a request that asks for something else than a
 * WebSocket is handed to an HTTP server with every byte it came with. The application may take its time to decide:
 * what arrives meanwhile is kept, up to a limit, and read afterwards, in order.
 *
 * What this file must not know: listening, frames.
 * Next: pages.ts.
 */

import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { ByteBuffer } from "../../bytes.ts";
import type { Extension } from "../../protocol/extension.ts";
import { detached, Fields, type FieldsInput, readProtocols } from "../../protocol/fields.ts";
import { type HeadLimits, HeadReader, type RequestHead } from "../../protocol/http.ts";
import { refuseRequest } from "../../protocol/refusal.ts";
import {
  type Answer,
  acceptUpgrade,
  type OfferLimits,
  readUpgrade,
  refuse,
  type UpgradeRequest,
} from "../../protocol/server-handshake.ts";
import { tellHandshake, tellRefused } from "../channels.ts";
import { NodePeer, type PeerContext } from "../node-peer.ts";
import { isPromiseLike } from "../peer.ts";
import { Timed } from "../timers.ts";
import { Pause, plain, Transport, type TransportListener } from "../transport.ts";

/** What an `upgrade` hook is asked about. */
export interface Upgrade extends UpgradeRequest {
  /** The peer's address; behind a trusted proxy, the one the proxy reported. */
  readonly address: string;
  /** Whether the connection is encrypted. */
  readonly secure: boolean;
  /** Aborted when the client goes away before there is an answer, or the answer takes too long. */
  readonly signal: AbortSignal;
}

/** What an `upgrade` hook may say to accept. */
export interface Acceptance<Data> {
  data?: Data;
  /** One of those offered. */
  subprotocol?: string;
  headers?: FieldsInput;
  /** With one it would be a rejection. */
  status?: never;
}

/** What an `upgrade` hook may say to refuse. */
export interface Rejection {
  status: number;
  headers?: FieldsInput;
  body?: string;
}

/** `true` or nothing accepts; `false` refuses with 403. */
// biome-ignore lint/suspicious/noConfusingVoidType: a hook that accepts need not return anything
export type Decision<Data> = Acceptance<Data> | Rejection | boolean | undefined | void;

export type UpgradeHook<Data> = (upgrade: Upgrade) => Decision<Data> | PromiseLike<Decision<Data>>;

/** What all opening handshakes of a server share. */
export interface OpeningContext<Data> {
  readonly peers: PeerContext<Data>;
  readonly extensions: readonly Extension[];
  readonly subprotocols: readonly string[];
  readonly limits: HeadLimits & OfferLimits;
  readonly handshakeTimeout: number;
  /** Bytes that are kept while the hook decides. */
  readonly maxPendingBytes: number;
  readonly hook: UpgradeHook<Data> | undefined;
  /** A reason to refuse whoever asks, at this moment: the server is closing, or full. */
  unavailable(): string | undefined;
  /** Counts an address; a reason to refuse it, if it has enough connections. */
  admit(opening: Opening<Data>, address: string): string | undefined;
  isOriginAllowed(upgrade: Upgrade): boolean;
  addressOf(socketAddress: string, fields: Fields): string;
  /** Whether a trusted proxy says that the client came to it by TLS. */
  cameSecurely(socketAddress: string, fields: Fields): boolean;
  /** Takes a request that is no upgrade, with the bytes it began with. */
  handOver: ((socket: Duplex, bytes: Uint8Array, offersUpgrade: boolean) => void) | undefined;
  opened(opening: Opening<Data>, peer: NodePeer<Data>): void;
  /** The handshake ended without a peer. */
  failed(opening: Opening<Data>, rule: string): void;
  hookFailed(error: unknown, upgrade: Upgrade): void;
}

/** A class, since an object written with a getter costs as much as reading the whole head. */
class Asked implements Upgrade {
  readonly target: string;
  readonly host: string;
  readonly origin: string | undefined;
  readonly key: string;
  readonly subprotocols: UpgradeRequest["subprotocols"];
  readonly extensions: UpgradeRequest["extensions"];
  readonly fields: Fields;
  readonly address: string;
  readonly secure: boolean;
  /** Few hooks ask for the signal. */
  #gone: AbortController | undefined = undefined;

  constructor(request: UpgradeRequest, address: string, secure: boolean) {
    this.target = request.target;
    this.host = request.host;
    this.origin = request.origin;
    this.key = request.key;
    this.subprotocols = request.subprotocols;
    this.extensions = request.extensions;
    this.fields = request.fields;
    this.address = address;
    this.secure = secure;
  }

  get signal(): AbortSignal {
    this.#gone ??= new AbortController();
    return this.#gone.signal;
  }

  abort(): void {
    this.#gone?.abort();
  }
}

export class Opening<Data> extends Timed implements TransportListener {
  readonly socket: Duplex;
  readonly remoteAddress: string;
  /** The address it was counted under, once it was. */
  address: string | undefined;
  readonly #context: OpeningContext<Data>;
  readonly #transport: Transport;
  readonly #secure: boolean;
  /** Everything that arrived, as long as it may have to be handed over, and what came behind the head afterwards. */
  readonly #kept: ByteBuffer = new ByteBuffer();
  #reader: HeadReader<"request"> | undefined;
  #upgrade: Asked | undefined = undefined;
  #done = false;

  constructor(context: OpeningContext<Data>, socket: Duplex, remoteAddress: string, secure: boolean) {
    super();
    this.socket = socket;
    this.#context = context;
    this.#transport = new Transport(socket);
    this.remoteAddress = remoteAddress;
    this.#secure = secure;
    context.peers.deadlines.set(this, context.handshakeTimeout);
  }

  /** Reads the head from the socket. */
  read(): void {
    this.#transport.listen(this);
    const full = this.#context.unavailable();
    if (full !== undefined) this.#refuse(UNAVAILABLE, full);
    else this.#reader = new HeadReader("request", this.#context.limits);
  }

  /** Goes on from a head that an HTTP server has read. */
  take(request: IncomingMessage, rest: Uint8Array): void {
    this.#transport.listen(this);
    const fields = new Fields();
    const { rawHeaders } = request;
    for (let index = 0; index < rawHeaders.length; index += 2) {
      fields.append(rawHeaders[index]!, rawHeaders[index + 1]!);
    }
    const head = {
      method: request.method ?? "",
      target: request.url ?? "",
      version: request.httpVersion,
      fields,
    };
    this.#keep(rest);
    this.#judge(head);
  }

  /** The handshake as a whole has taken too long, whoever is to blame. */
  override onDeadline(): void {
    this.#upgrade?.abort();
    if (this.#done) this.#transport.destroy();
    else if (this.#reader !== undefined) this.#refuse({ status: 408 }, "handshake-timeout");
    else this.#refuse({ status: 503, reason: "The decision took too long." }, "hook-timeout");
  }

  /** The server is closing: who has not been answered is not answered any more. */
  abandon(): void {
    if (!this.#done) this.#refuse(UNAVAILABLE, "closing");
  }

  /** The client has gone; a reset, at whatever moment, is no more than that. */
  transportEnded(): void {
    this.#upgrade?.abort();
    const { deadlines } = this.#context.peers;
    deadlines.clear(this);
    if (!this.#done) {
      this.#done = true;
      this.#context.failed(this, "client-gone");
    }
    this.#transport.destroy();
  }

  drain(): void {}

  receive(chunk: Uint8Array): void {
    if (this.#done) return;
    if (this.#reader === undefined) {
      this.#keep(chunk);
      return;
    }
    const read = this.#reader.read(plain(chunk));
    if (this.#context.handOver !== undefined) this.#keep(chunk);
    if (read === undefined) return;
    this.#reader = undefined;
    if (!read.ok) {
      this.#refuse(refuseRequest(read.rule, read.detail), read.rule);
      return;
    }
    if (this.#context.handOver !== undefined && !asksForWebSocket(read.head)) {
      this.#handOver(this.#context.handOver, read.head.fields.has("Upgrade"));
      return;
    }
    this.#kept.clear();
    this.#keep(read.rest);
    this.#judge(read.head);
  }

  /** Law 6: in one buffer. Kept as they come, chunks of one byte would hold 200 each. */
  #keep(chunk: Uint8Array): void {
    this.#kept.append(chunk);
    // While a head is being read, its own limits hold.
    if (this.#reader === undefined && this.#kept.length >= this.#context.maxPendingBytes) {
      this.#transport.pause(Pause.Application);
    }
  }

  #handOver(take: NonNullable<OpeningContext<Data>["handOver"]>, offersUpgrade: boolean): void {
    const bytes = this.#kept.take();
    this.#finish();
    this.#context.failed(this, "");
    take(this.#transport.release(), bytes, offersUpgrade);
  }

  #judge(head: RequestHead): void {
    const context = this.#context;
    const result = readUpgrade(head, context.limits);
    if (!result.ok) {
      this.#refuse(result.refusal, result.refusal.rule);
      return;
    }
    const { addressOf, cameSecurely } = context;
    const address = addressOf(this.remoteAddress, head.fields);
    const secure = this.#secure || cameSecurely(this.remoteAddress, head.fields);
    const upgrade = new Asked(result.upgrade, address, secure);
    this.#upgrade = upgrade;
    tellHandshake(address, upgrade);
    const full = context.unavailable() ?? context.admit(this, address);
    if (full !== undefined) this.#refuse(UNAVAILABLE, full);
    else this.#ask(upgrade);
  }

  #ask(upgrade: Asked): void {
    const { isOriginAllowed, hook } = this.#context;
    try {
      // §10.2: a page from elsewhere is answered 403, and the application is not asked.
      if (!isOriginAllowed(upgrade)) {
        this.#refuse({ status: 403, reason: "This origin may not connect here." }, "origin");
        return;
      }
      const answer = hook?.(upgrade);
      if (!isPromiseLike(answer)) {
        this.#decided(upgrade, answer);
        return;
      }
      Promise.resolve(answer).then(
        (decision) => this.#decided(upgrade, decision),
        (error: unknown) => this.#hookFailed(upgrade, error),
      );
    } catch (error) {
      this.#hookFailed(upgrade, error);
    }
  }

  #decided(upgrade: Asked, decision: Decision<Data>): void {
    if (this.#done) return;
    // The server may have begun to close while the application thought.
    const closing = this.#context.unavailable();
    if (closing !== undefined) {
      this.#refuse(UNAVAILABLE, closing);
      return;
    }
    try {
      this.#carryOut(upgrade, decision);
    } catch (error) {
      this.#hookFailed(upgrade, error);
    }
  }

  #hookFailed(upgrade: Asked, error: unknown): void {
    if (!this.#done) this.#refuse({ status: 500 }, "hook-error");
    this.#context.hookFailed(error, upgrade);
  }

  /** What the hook has decided. Throws where it decided something that cannot be. */
  #carryOut(upgrade: Upgrade, decision: Decision<Data>): void {
    if (decision === false) {
      this.#refuse({ status: 403 }, "hook");
    } else if (!isDecision(decision)) {
      // Decision: what is no answer accepts nobody: 0, "" and null are what a check that failed may come to.
      throw new TypeError("upgrade: must return true, false, an object or nothing");
    } else if (typeof decision === "object" && isRejection(decision)) {
      const { status, headers, body } = decision;
      this.#refuse(
        { status, ...(headers && { fields: headers }), ...(body !== undefined && { body }) },
        "hook",
      );
    } else {
      this.#accept(upgrade, typeof decision === "object" ? decision : {});
    }
  }

  #accept(upgrade: Upgrade, acceptance: Acceptance<Data>): void {
    const { extensions, subprotocols, peers } = this.#context;
    const accepted = acceptUpgrade(upgrade, {
      subprotocol: acceptance.subprotocol ?? subprotocols.find((name) => upgrade.subprotocols.includes(name)),
      extensions,
      ...(acceptance.headers && { fields: acceptance.headers }),
    });
    this.#finish();
    this.#transport.write(accepted.response, false);
    this.#transport.resume(Pause.Application);
    const peer = new NodePeer<Data>(peers, this.#transport, {
      target: detached(upgrade.target),
      address: upgrade.address,
      subprotocol: accepted.subprotocol,
      agreements: accepted.extensions,
      data: acceptance.data as Data,
    });
    this.#context.opened(this, peer);
    peer.start(this.#kept.take());
  }

  /** §4.2.2: a refusal ends the connection; one that the client does not end with us is ended for it. */
  #refuse(answer: Answer, rule: string): void {
    const bytes = refuse(answer);
    const { deadlines, settings } = this.#context.peers;
    deadlines.clear(this);
    this.#done = true;
    this.#context.failed(this, rule);
    tellRefused(this.address ?? this.remoteAddress, rule, this.#upgrade);
    this.#transport.write(bytes, false);
    this.#transport.end();
    this.#transport.resume(Pause.Application);
    deadlines.set(this, settings.closeTimeout);
  }

  #finish(): void {
    this.#done = true;
    this.#context.peers.deadlines.clear(this);
  }
}

function isRejection<Data>(decision: Acceptance<Data> | Rejection): decision is Rejection {
  return decision.status !== undefined;
}

function isDecision(decision: unknown): boolean {
  if (typeof decision === "object") return decision !== null;
  return decision === undefined || typeof decision === "boolean";
}

const UNAVAILABLE: Answer = { status: 503, fields: { "Retry-After": "5" } };

function asksForWebSocket({ fields }: RequestHead): boolean {
  const upgrade = fields.get("Upgrade");
  return (
    upgrade !== undefined &&
    readProtocols(upgrade)?.some((name) => name.toLowerCase() === "websocket") === true
  );
}
