/**
 * Chapter 11 — What "framewright/node" exports: a server, beside or instead of node:http's, and a client.
 */

export { channels } from "./channels.ts";
export { type ConnectOptions, clientStats, connect, type ProxyOptions } from "./client/connect.ts";
export {
  ConnectError,
  type ConnectPhase,
  type ConnectRule,
  type RefusedResponse,
} from "./client/connect-error.ts";
export type { OutboxOptions } from "./client/outbox.ts";
export {
  Reconnecting,
  type ReconnectingHandlers,
  type ReconnectingOptions,
  type ReconnectingState,
  reconnecting,
  type Stopped,
} from "./client/reconnecting.ts";
export type { Failure, RetryOptions } from "./client/retry-policy.ts";
export {
  type CloseReason,
  ConnectionClosedError,
  connectStreams,
  type SocketStreams,
  streamsOf,
} from "./client/streams.ts";
export type { CompressionOptions } from "./compression.ts";
export type { PeerOptions } from "./options.ts";
export type {
  Conversation,
  Handlers,
  LinearPeer,
  Message,
  Peer,
  PeerClosed,
  Sendable,
  SendResult,
  TapListener,
} from "./peer.ts";
export { broadcastEvent, type EventStream, eventStream } from "./server/event-stream.ts";
export type { Acceptance, Decision, Rejection, Upgrade, UpgradeHook } from "./server/opening.ts";
export {
  type CloseReport,
  type Ending,
  type ServeOptions,
  Server,
  type ServerOptions,
  serve,
} from "./server/server.ts";
export type { StatisticsSnapshot } from "./statistics.ts";
export { type Clock, systemClock } from "./timers.ts";
export { compression, isNativeUsable, native } from "./zlib.ts";
