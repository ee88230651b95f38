/**
 * Chapter 8.9 — Options of a peer: defaults, and the checks at the call.
 *
 * What concerns an open connection; a test holds the README's table against these defaults. A wrong option throws where
 * it is given, by its name.
 *
 * What this file must not know: what the options do.
 * Next: peer.ts.
 */

import { DEFAULT_MAX_MESSAGE_SIZE } from "../protocol/contract.ts";
import type { Rate } from "./rate.ts";

/** What concerns a connection once it is open. Times are in milliseconds; Infinity means never. */
export interface PeerOptions {
  /** Bytes in a message, as received and once decoded. Default 1 MiB. */
  maxMessageSize?: number;
  /** Bytes in a frame. Default: as many as in a message. */
  maxFrameSize?: number;
  /** Text as strings, or as validated bytes. */
  text?: "string" | "utf8";
  /** Ping a peer after so much silence, and end it after so much more. `false`: never. Default 25 s and 20 s. */
  heartbeat?: { interval?: number; timeout?: number } | false;
  /** How long a closing handshake may take before the transport is destroyed. Default 10 s. */
  closeTimeout?: number;
  /** Close a peer with 1001 after so long without a message, either way. Default: never. */
  idleTimeout?: number;
  /** Close a peer with 1001 at this age. Default: never. */
  maxConnectionAge?: number;
  /** Close a peer with 1008 that sends more messages than this. Default: no limit. */
  messageRate?: { perSecond: number; burst?: number };
  /** Above so many bytes that wait for a peer, nothing is read from it. Default 1 MiB. */
  highWaterMark?: number;
  /** The most bytes that may wait for a peer. Default 16 MiB. */
  maxBufferedBytes?: number;
  /** What happens beyond that: the peer is closed with 1013 (default), or messages are dropped. */
  onSlow?: "close" | "drop";
}

export interface PeerSettings {
  readonly maxMessageSize: number;
  readonly maxFrameSize: number;
  readonly text: "string" | "utf8";
  readonly heartbeat: { readonly interval: number; readonly timeout: number } | undefined;
  readonly closeTimeout: number;
  /** `undefined` for never, so that nobody has to look at the clock for each message. */
  readonly idleTimeout: number | undefined;
  readonly maxConnectionAge: number;
  readonly messageRate: Rate | undefined;
  readonly highWaterMark: number;
  readonly maxBufferedBytes: number;
  readonly onSlow: "close" | "drop";
}

const SECOND = 1000;
const KIB = 1024;
const MIB = 1024 * KIB;
const NEVER = Number.POSITIVE_INFINITY;

interface PeerDefaults {
  readonly maxMessageSize: number;
  readonly heartbeatInterval: number;
  readonly heartbeatTimeout: number;
  readonly closeTimeout: number;
  readonly highWaterMark: number;
  readonly maxBufferedBytes: number;
}

export const PEER_DEFAULTS: PeerDefaults = {
  maxMessageSize: DEFAULT_MAX_MESSAGE_SIZE,
  heartbeatInterval: 25 * SECOND,
  heartbeatTimeout: 20 * SECOND,
  closeTimeout: 10 * SECOND,
  highWaterMark: MIB,
  maxBufferedBytes: 16 * MIB,
};

export function peerSettings(options: PeerOptions): PeerSettings {
  const { maxMessageSize = PEER_DEFAULTS.maxMessageSize, text = "string", onSlow = "close" } = options;
  const { maxFrameSize = NEVER, idleTimeout = NEVER, maxConnectionAge = NEVER } = options;
  const { closeTimeout = PEER_DEFAULTS.closeTimeout, highWaterMark = PEER_DEFAULTS.highWaterMark } = options;
  const { maxBufferedBytes = Math.max(PEER_DEFAULTS.maxBufferedBytes, highWaterMark), heartbeat = {} } =
    options;
  if (heartbeat !== false && (typeof heartbeat !== "object" || heartbeat === null)) {
    throw new TypeError("heartbeat: must be false, or an object with interval and timeout");
  }
  return {
    maxMessageSize: size("maxMessageSize", maxMessageSize),
    maxFrameSize: size("maxFrameSize", maxFrameSize),
    text: oneOf("text", text, ["string", "utf8"]),
    heartbeat:
      heartbeat === false
        ? undefined
        : {
            interval: time("heartbeat.interval", heartbeat.interval ?? PEER_DEFAULTS.heartbeatInterval),
            timeout: time("heartbeat.timeout", heartbeat.timeout ?? PEER_DEFAULTS.heartbeatTimeout),
          },
    closeTimeout: time("closeTimeout", closeTimeout),
    idleTimeout: idleTimeout === NEVER ? undefined : time("idleTimeout", idleTimeout),
    maxConnectionAge: time("maxConnectionAge", maxConnectionAge),
    messageRate: rate(options.messageRate),
    highWaterMark: size("highWaterMark", highWaterMark),
    maxBufferedBytes: size("maxBufferedBytes", maxBufferedBytes),
    onSlow: oneOf("onSlow", onSlow, ["close", "drop"]),
  };
}

function rate(option: PeerOptions["messageRate"]): PeerSettings["messageRate"] {
  if (option === undefined) return undefined;
  const { perSecond, burst = Math.max(1, perSecond) } = option;
  if (!(perSecond > 0)) throw new RangeError("messageRate.perSecond: must be a number above 0");
  if (!(burst >= 1)) throw new RangeError("messageRate.burst: must be a number, 1 or more");
  return { perSecond, burst };
}

/** A number of things or bytes: a whole number, or Infinity for as many as there are. */
export function size(name: string, value: number, least = 0): number {
  if (value === NEVER || (Number.isSafeInteger(value) && value >= least)) return value;
  throw new RangeError(
    `${name}: must be a whole number, ${least} or more, or Infinity; got ${String(value)}`,
  );
}

/** A time in milliseconds, or Infinity for never. */
export function time(name: string, value: number): number {
  if (typeof value === "number" && value > 0) return value;
  throw new RangeError(
    `${name}: must be a number of milliseconds above 0, or Infinity; got ${String(value)}`,
  );
}

export function oneOf<Value extends string>(name: string, value: Value, values: readonly Value[]): Value {
  if (values.includes(value)) return value;
  throw new TypeError(`${name}: must be one of ${values.map((known) => `"${known}"`).join(", ")}`);
}
