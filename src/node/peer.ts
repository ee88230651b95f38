/**
 * Chapter 8.10 — What an application sees of a connection: the peer, its handlers, and the results of sending.
 *
 * Types, mostly. The same `Peer` stands at both ends, so that one set of handlers serves a server and a client.
 *
 * What this file must not know: sockets, how any of it is done.
 * Next: tap.ts.
 */

import type { Closed, State } from "../protocol/contract.ts";
import type { PreparedMessage } from "../protocol/prepared-message.ts";
import type { ProtocolError } from "../protocol/violation.ts";

/** Text as a string, anything else as bytes: as it was sent. */
export type Message = string | Uint8Array;

/** What can be sent: text, bytes, or a stream of either, which goes out in fragments. */
export type Sendable = string | ArrayBuffer | ArrayBufferView;

/**
 * What became of what was sent. `buffered`: it waits, because the peer or the network is slower than you are; `drain`
 * tells when nothing waits any more. `dropped`: the connection is closing or closed, or its budget is spent.
 */
export type SendResult = "sent" | "buffered" | "dropped";

/** How a connection ended: as the protocol sees it, and what the transport said, if that was the cause. */
export interface PeerClosed extends Closed {
  /** How far it had come: through the whole closing handshake, into one that broke off, or there was none. */
  readonly phase: "closed" | "closing" | "open";
  readonly error?: ProtocolError;
  /** The transport's error (a reset, a timeout), or what one of your handlers threw. */
  readonly cause?: unknown;
}

export type TapListener = (direction: "in" | "out", lines: readonly string[]) => void;

export interface Peer<Data = unknown> {
  /** Yours: what `upgrade` returned for this connection. */
  data: Data;
  readonly state: State;
  /** "" for none. */
  readonly subprotocol: string;
  /** The names of the extensions that were agreed on. */
  readonly extensions: readonly string[];
  /** The peer's address; behind a trusted proxy, the one the proxy reported. */
  readonly address: string;
  /** The resource name and the header fields of the opening handshake. */
  readonly target: string;
  /** Bytes that were sent and have not left. */
  readonly bufferedAmount: number;
  /** The last measured round-trip time in milliseconds. */
  readonly roundTripTime: number | undefined;

  send(data: Sendable): SendResult;
  /** Sends a message in fragments as its pieces come; resolves when the last has been handed over. */
  sendStream(pieces: AsyncIterable<Sendable> | Iterable<Sendable>): Promise<SendResult>;
  ping(data?: Uint8Array): SendResult;
  pong(data?: Uint8Array): SendResult;
  /** Starts the closing handshake, by default with 1000. 1005 stands for a Close frame without a code (§7.4.1). */
  close(code?: number, reason?: string): void;
  /** Ends the connection at once, without a closing handshake. */
  terminate(): void;
  /** Stops reading from this peer, until `resume` or `close`. What has arrived already is still delivered. */
  pause(): void;
  resume(): void;
  /** Resolves when nothing waits to be sent, or the connection has ended. */
  drained(): Promise<void>;
  /** Resolves when the connection has ended. */
  readonly closed: Promise<PeerClosed>;
  /** Calls back with annotated frames, both ways, until the returned function is called. For people. */
  tap(listener: TapListener): () => void;
}

/** Shared by all connections: there is no closure for each. What they return may be a promise; a rejection counts. */
export interface Handlers<Data = unknown> {
  open?(peer: Peer<Data>): unknown;
  message?(peer: Peer<Data>, data: Message): unknown;
  ping?(peer: Peer<Data>, data: Uint8Array): unknown;
  pong?(peer: Peer<Data>, data: Uint8Array): unknown;
  /** Nothing waits to be sent any more, after something did. */
  drain?(peer: Peer<Data>): unknown;
  close?(peer: Peer<Data>, closed: PeerClosed): unknown;
  /** One of your handlers threw or rejected. Its connection is being closed with 1011. */
  error?(peer: Peer<Data>, error: unknown): unknown;
}

/** The linear style: the connection lasts as long as the conversation. */
export interface LinearPeer<Data = unknown> extends Omit<Peer<Data>, "send">, AsyncIterable<Message> {
  /** Resolves when the peer has room for more. */
  send(data: Sendable): Promise<SendResult>;
  /** The next message; `undefined` when the connection has ended and nothing is left. */
  receive(): Promise<Message | undefined>;
}

export type Conversation<Data = unknown> = (peer: LinearPeer<Data>) => Promise<unknown>;

/** `terminated`: this side has ended the connection without saying so. */
export function peerClosed(closed: Closed, terminated: boolean, cause: unknown): PeerClosed {
  const { clean } = closed;
  const wasClosing = closed.initiator !== "transport";
  const initiator = terminated && !wasClosing ? "local" : closed.initiator;
  const phase = clean ? "closed" : wasClosing ? "closing" : "open";
  return { ...closed, initiator, phase, ...(cause !== undefined && { cause }) };
}

/** In bytes, or in characters for text: near enough for a budget. */
export function sizeOf(message: Message | PreparedMessage): number {
  return typeof message === "object" && "payload" in message ? message.payload.length : message.length;
}

/** Whatever can be waited for: not every promise is a `Promise`. */
export function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}

/** What is sent as bytes, as a plain array of them: the same memory. */
export function bytesFrom(method: string, data: ArrayBuffer | ArrayBufferView): Uint8Array {
  if (data instanceof Uint8Array) return data;
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  throw new TypeError(`${method}: data must be a string, an ArrayBuffer or a view of one`);
}
