/**
 * Chapter 6.1 — The contract (§7.1): what a connection asks of its owner, what it tells, and how it is configured.
 *
 * Types, and the checks of what an application hands over: a wrong option is refused at the call, by its name.
 *
 * What this file must not know: how any of it is done.
 * Next: connection.ts.
 */

import type { Agreement } from "./extension.ts";
import { MAX_CONTROL_PAYLOAD, type Role } from "./frame.ts";
import { MaskingKeys } from "./mask.ts";
import type { MessageReaderOptions } from "./message-reader.ts";
import type { ProtocolError } from "./violation.ts";

/** §7.1.3, §7.1.4. CONNECTING ends where a `Connection` begins. */
export type State = "open" | "closing" | "closed";

/** How a connection ended. */
export interface Closed {
  /** §7.1.5: the code in the peer's Close frame; 1005 if that had none, 1006 if there was no such frame. */
  readonly code: number;
  /** §7.1.6: the reason in the peer's Close frame. */
  readonly reason: string;
  /** §7.1.4: TCP ended after both sides had sent a Close frame. */
  readonly clean: boolean;
  /** Who began to close: this side, the peer, or nobody before TCP ended. */
  readonly initiator: "local" | "remote" | "transport";
  /** The rule the peer broke, if that was the end of it. */
  readonly error?: ProtocolError;
}

export type MessageType = "text" | "binary";

export type Event =
  | { readonly type: "text"; readonly data: string }
  | { readonly type: "utf8"; readonly data: Uint8Array }
  | { readonly type: "binary"; readonly data: Uint8Array }
  | { readonly type: "piece"; readonly of: MessageType; readonly data: Uint8Array; readonly last: boolean }
  | { readonly type: "ping"; readonly data: Uint8Array }
  | { readonly type: "pong"; readonly data: Uint8Array }
  | { readonly type: "close"; readonly close: Closed };

/**
 * What a connection needs from its owner (two duties) and tells it (announcements). Bytes that are announced are
 * views of the chunk they arrived in: they stay valid, but copy what you keep for long, or it keeps the chunk.
 */
export interface Handler {
  /**
   * Sends bytes. Returns true if they were taken at once and their memory may be used again; otherwise they are
   * yours. `more` says that another call follows at once (a chance to cork).
   */
  // biome-ignore lint/suspicious/noConfusingVoidType: a handler that keeps the bytes need not return anything
  write(bytes: Uint8Array, more: boolean): boolean | void;
  /** Ends this side of the transport, after everything written. Called exactly once. */
  end(): void;

  onText?(data: string): void;
  /** Text messages with `text: "utf8"`: their bytes, validated but not decoded. */
  onUtf8?(data: Uint8Array): void;
  onBinary?(data: Uint8Array): void;
  /** Messages with `pieces: true`, as they arrive. A piece of text may end inside a character. */
  onPiece?(data: Uint8Array, of: MessageType, last: boolean): void;
  onPing?(data: Uint8Array): void;
  onPong?(data: Uint8Array): void;
  onClose?(closed: Closed): void;
}

export interface ConnectionOptions {
  /** The most a message may have, in payload bytes as received and once decoded. Default 1 MiB; else 1009. */
  maxMessageSize?: number;
  /** The most a single data frame may declare. No limit of its own by default; else 1009. */
  maxFrameSize?: number;
  /** What the opening handshake agreed on. */
  extensions?: readonly Agreement[];
  /** Text as strings (default), or as validated bytes for a relay that never looks at them. */
  text?: "string" | "utf8";
  /** Messages in pieces, as they arrive, unbuffered; `maxMessageSize` still holds. Default false. */
  pieces?: boolean;
  /**
   * Called when output waits that was produced outside `receive`: call `connection.flush()` when the turn ends, e.g.
   * `(connection) => queueMicrotask(() => connection.flush())`. Without it each send leaves at once.
   */
  schedule?: (connection: Flushable) => void;
  /** Fills an array with unpredictable bytes (§10.3), for a client's masking keys. Default crypto.getRandomValues. */
  random?: (bytes: Uint8Array) => void;
}

/** The part of a connection that a scheduler needs. */
export interface Flushable {
  flush(): void;
}

export const DEFAULT_MAX_MESSAGE_SIZE: number = 1024 * 1024;

function checkRole(role: Role): void {
  if (role !== "client" && role !== "server") throw new TypeError('role: must be "client" or "server"');
}

export function checkHandler(handler: Handler): void {
  if (typeof handler?.write !== "function") throw new TypeError("handler.write: must be a function");
  if (typeof handler.end !== "function") throw new TypeError("handler.end: must be a function");
}

/** What the connections of one server have in common. */
export interface Settings extends MessageReaderOptions {
  readonly role: Role;
  readonly schedule: ConnectionOptions["schedule"];
  /** A client's. */
  readonly keys: MaskingKeys | undefined;
}

/** The last ones: a server's connections are all configured alike, and share one object. */
let latest: Settings | undefined;

/** All clients of a process draw their keys from one supply, unless told of another source. */
const sharedKeys = new MaskingKeys();

function keysFrom(random: ConnectionOptions["random"]): MaskingKeys {
  return random === undefined ? sharedKeys : new MaskingKeys(random);
}

/** The options, checked and with their defaults. */
export function settingsFrom(role: Role, options: ConnectionOptions): Settings {
  checkRole(role);
  const { maxMessageSize = DEFAULT_MAX_MESSAGE_SIZE, maxFrameSize = Number.POSITIVE_INFINITY } = options;
  const { text = "string", pieces = false, schedule, random } = options;
  checkLimit("maxMessageSize", maxMessageSize);
  checkLimit("maxFrameSize", maxFrameSize);
  if (text !== "string" && text !== "utf8") throw new TypeError('text: must be "string" or "utf8"');
  if (typeof pieces !== "boolean") throw new TypeError("pieces: must be true or false");
  if (schedule !== undefined && typeof schedule !== "function")
    throw new TypeError("schedule: must be a function");
  if (random !== undefined && typeof random !== "function") throw new TypeError("random: must be a function");
  const textAsBytes = text === "utf8";
  const keys = role === "client" ? keysFrom(random) : undefined;
  const settings = { role, maxMessageSize, maxFrameSize, textAsBytes, pieces, schedule, keys };
  if (latest === undefined || !areEqual(settings, latest)) latest = settings;
  return latest;
}

function areEqual(one: Settings, other: Settings): boolean {
  return (Object.keys(one) as (keyof Settings)[]).every((name) => one[name] === other[name]);
}

function checkLimit(name: string, value: number): void {
  if (value === Number.POSITIVE_INFINITY || (Number.isSafeInteger(value) && value >= 0)) return;
  throw new RangeError(
    `${name}: must be a whole number of bytes, 0 or more, or Infinity; got ${String(value)}`,
  );
}

export function checkString(method: string, data: string): void {
  if (typeof data !== "string") throw new TypeError(`${method}: data must be a string`);
}

export function checkBytes(method: string, data: Uint8Array): void {
  if (!(data instanceof Uint8Array)) throw new TypeError(`${method}: data must be a Uint8Array`);
}

export function checkControlPayload(method: string, data: Uint8Array): void {
  checkBytes(method, data);
  if (data.length > MAX_CONTROL_PAYLOAD) {
    throw new RangeError(
      `${method}: data has ${data.length} bytes; a control frame carries at most ${MAX_CONTROL_PAYLOAD} (RFC 6455 §5.5)`,
    );
  }
}
