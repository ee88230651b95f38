/**
 * Chapter 8.7 — Diagnostics channels: for those who watch a server from outside the application.
 *
 * A tracer subscribes by name (`subscribe("framewright:open", listener)` of node:diagnostics_channel) and needs to
 * change no line of the program. As long as nobody does, telling costs a look at a flag: no message is made.
 *
 * What this file must not know: who listens, what peers do with their messages.
 * Next: rate.ts.
 */

import { type Channel, channel } from "node:diagnostics_channel";
import type { Closed } from "../protocol/contract.ts";
import type { UpgradeRequest } from "../protocol/server-handshake.ts";

/** What can be said of a peer here. The object that is told is the whole `Peer`. */
export interface ChannelPeer {
  readonly address: string;
  readonly target: string;
  readonly bufferedAmount: number;
}

/** A request asks, correctly, for a WebSocket; nothing has been decided. */
export interface HandshakeNotice {
  readonly address: string;
  readonly request: UpgradeRequest;
}

/** A handshake was refused, by a rule of `RefusalRule`. There is no request if what came was none. */
export interface RefusedNotice {
  readonly address: string;
  readonly rule: string;
  readonly request: UpgradeRequest | undefined;
}

/** A connection is open. */
export interface OpenNotice {
  readonly peer: ChannelPeer;
}

/** A message has arrived. Bytes are those the application gets: do not change them, and copy what you keep. */
export interface MessageNotice {
  readonly peer: ChannelPeer;
  readonly data: string | Uint8Array;
}

/**
 * A peer takes less than it is sent. `paused` and `resumed`: reading from it. `dropped`: a message was not sent.
 * `budget-exceeded`: it is being closed.
 */
export type Backpressure = "paused" | "resumed" | "dropped" | "budget-exceeded";

export interface BackpressureNotice {
  readonly peer: ChannelPeer;
  readonly what: Backpressure;
  readonly bufferedAmount: number;
}

/** A connection has ended; `closed.error` is what §7.1.7 would have a server log. */
export interface CloseNotice {
  readonly peer: ChannelPeer;
  readonly closed: Closed;
}

/** What is told on which channel: its name is `framewright:` and one of these. */
export interface Notices {
  readonly handshake: HandshakeNotice;
  readonly refused: RefusedNotice;
  readonly open: OpenNotice;
  readonly message: MessageNotice;
  readonly backpressure: BackpressureNotice;
  readonly close: CloseNotice;
}

export type ChannelName = `framewright:${keyof Notices}`;

export const channels: { readonly [name in keyof Notices]: Channel } = {
  handshake: channel("framewright:handshake"),
  refused: channel("framewright:refused"),
  open: channel("framewright:open"),
  message: channel("framewright:message"),
  backpressure: channel("framewright:backpressure"),
  close: channel("framewright:close"),
};

function tell<Name extends keyof Notices>(name: Name, notice: Notices[Name]): void {
  channels[name].publish(notice);
}

export function tellHandshake(address: string, request: UpgradeRequest): void {
  if (channels.handshake.hasSubscribers) tell("handshake", { address, request });
}

export function tellRefused(address: string, rule: string, request: UpgradeRequest | undefined): void {
  if (channels.refused.hasSubscribers) tell("refused", { address, rule, request });
}

export function tellOpen(peer: ChannelPeer): void {
  if (channels.open.hasSubscribers) tell("open", { peer });
}

/** Asked for every message: V8 knows a constant better than a property, by 5 ns. */
const messages: Channel = channels.message;

export function tellMessage(peer: ChannelPeer, data: string | Uint8Array): void {
  if (messages.hasSubscribers) tell("message", { peer, data });
}

export function tellBackpressure(peer: ChannelPeer, what: Backpressure): void {
  if (!channels.backpressure.hasSubscribers) return;
  tell("backpressure", { peer, what, bufferedAmount: peer.bufferedAmount });
}

export function tellClose(peer: ChannelPeer, closed: Closed): void {
  if (channels.close.hasSubscribers) tell("close", { peer, closed });
}
