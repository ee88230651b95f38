/** What is measured: each scenario's load, and the server it asks for. */

import { type PayloadKind, payloadOf } from "./payloads.mjs";
import {
  BINARY,
  closing,
  compressedAlone,
  compressedTogether,
  type Exchange,
  fragmented,
  httpRequest,
  message,
  type Script,
  TEXT,
  upgradeRequest,
} from "./script.ts";

/** What a server of servers/ is told. */
export interface ServerSettings {
  readonly mode: "echo" | "await" | "broadcast" | "events";
  /** permessage-deflate: as it is by default, or for messages of every size, with or without context takeover. */
  readonly deflate?: "default" | "takeover" | "fresh";
  /** The largest message, where that is beyond somebody's default. */
  readonly largest?: number;
  readonly eventSize?: number;
}

/** What the generator is told. See generator/generator.c. */
export interface Load {
  readonly mode: "echo" | "fanout" | "handshake" | "hold";
  readonly connections: number;
  readonly inflight: number;
}

export interface Payload {
  readonly kind: PayloadKind;
  readonly size: number;
  /** In frames of one byte each. */
  readonly fragmented?: boolean;
}

export interface Scenario {
  readonly id: string;
  readonly title: string;
  readonly server: ServerSettings;
  readonly load: Load;
  readonly payload: Payload;
  /** What is counted: messages (deliveries in a fan-out, handshakes), or bytes held for a connection. */
  readonly unit: "messages" | "deliveries" | "handshakes" | "bytes";
  /** A series shows how cost grows along one axis; it is part of --full only, or of a choice by name. */
  readonly series?: { readonly name: string; readonly axis: string; readonly at: number };
  /** A measurement takes at least so many seconds, where messages are few. */
  readonly seconds?: number;
}

const CONNECTIONS = 64;
const PIPELINED = 32;
const KIB = 1024;
const MIB = 1024 * KIB;

const sizes = new Map([
  [16, "16 B"],
  [128, "128 B"],
  [KIB, "1 KiB"],
  [4 * KIB, "4 KiB"],
  [16 * KIB, "16 KiB"],
  [64 * KIB, "64 KiB"],
  [MIB, "1 MiB"],
  [64 * MIB, "64 MiB"],
]);

const number = new Intl.NumberFormat("en");

function echo(size: number, inflight: number): Scenario {
  return {
    id: `echo-${size}-${inflight}`,
    title: `echo ${sizes.get(size)}, ${inflight === 1 ? "one" : inflight} in flight`,
    server: { mode: "echo" },
    load: { mode: "echo", connections: CONNECTIONS, inflight },
    payload: { kind: "binary", size },
    unit: "messages",
  };
}

function text(kind: "ascii" | "multibyte", size: number): Scenario {
  return {
    ...echo(size, PIPELINED),
    id: `text-${kind}-${size}`,
    title: `text ${sizes.get(size)}, ${kind === "ascii" ? "ASCII" : "Greek"}, ${PIPELINED} in flight`,
    payload: { kind, size },
  };
}

function deflate(size: number, takeover: boolean): Scenario {
  return {
    ...echo(size, 1),
    id: `deflate-${size}-${takeover ? "takeover" : "fresh"}`,
    title: `permessage-deflate ${sizes.get(size)}, ${takeover ? "" : "no "}takeover, one in flight`,
    server: { mode: "echo", deflate: takeover ? "takeover" : "fresh" },
    payload: { kind: "json", size },
  };
}

function fanout(size: number, burst: number): Scenario {
  return {
    id: `fanout-${size}-${burst}`,
    title: `fan-out 1 → 1,000, ${sizes.get(size)}, ${burst === 1 ? "one at a time" : `bursts of ${burst}`}`,
    server: { mode: "broadcast" },
    load: { mode: "fanout", connections: 1000, inflight: burst },
    payload: { kind: "binary", size },
    unit: "deliveries",
  };
}

function fragments(count: number, title: string): Scenario {
  return {
    ...echo(count, 1),
    id: `fragments-${count}`,
    title,
    load: { mode: "echo", connections: count > 16 * KIB ? 1 : 8, inflight: 1 },
    payload: { kind: "binary", size: count, fragmented: true },
  };
}

function memory(connections: number, compressed: boolean): Scenario {
  return {
    id: `memory-${compressed ? "deflate" : "plain"}-${connections}`,
    title: `memory of an idle connection, ${number.format(connections)} of them${
      compressed ? ", permessage-deflate" : ""
    }`,
    server: compressed ? { mode: "echo", deflate: "default" } : { mode: "echo" },
    load: { mode: "hold", connections, inflight: compressed ? 1 : 0 },
    payload: { kind: compressed ? "json" : "binary", size: KIB },
    unit: "bytes",
  };
}

function events(size: number, burst: number): Scenario {
  return {
    id: `events-${size}-${burst}`,
    title: `event stream 1 → 1,000, ${sizes.get(size)}, ${burst === 1 ? "one at a time" : `bursts of ${burst}`}`,
    server: { mode: "events", eventSize: size },
    // One more, which publishes.
    load: { mode: "fanout", connections: 1001, inflight: burst },
    payload: { kind: "ascii", size },
    unit: "deliveries",
  };
}

/** In the order in which they are shown. */
export const SCENARIOS: readonly Scenario[] = [
  ...[16, 128, KIB].map((size) => echo(size, PIPELINED)),
  {
    ...echo(128, PIPELINED),
    id: `await-128-${PIPELINED}`,
    title: `sends after an await, 128 B, ${PIPELINED} in flight`,
    server: { mode: "await" },
  },
  ...[16, 128, KIB, 16 * KIB, 64 * KIB, MIB].map((size) => echo(size, 1)),
  fragments(16 * KIB, "a message in 16,384 one-byte fragments"),
  { ...fragments(MIB, "a message of 1 MiB in one-byte fragments"), seconds: 3 },
  {
    ...echo(64 * MIB, 1),
    server: { mode: "echo", largest: 64 * MIB },
    load: { mode: "echo", connections: 1, inflight: 1 },
    seconds: 3,
  },
  text("ascii", 128),
  text("multibyte", 128),
  text("ascii", 4 * KIB),
  text("multibyte", 4 * KIB),
  ...[128, KIB, 16 * KIB].flatMap((size) => [deflate(size, true), deflate(size, false)]),
  fanout(128, 8),
  fanout(KIB, 8),
  fanout(128, 1),
  fanout(KIB, 1),
  {
    id: "handshakes",
    title: "handshakes, each closed cleanly",
    server: { mode: "echo" },
    load: { mode: "handshake", connections: CONNECTIONS, inflight: 1 },
    payload: { kind: "binary", size: 0 },
    unit: "handshakes",
  },
  memory(10_000, false),
  memory(10_000, true),
  memory(50_000, false),
  memory(50_000, true),
  events(128, 8),
  events(128, 1),
  ...[64, 256, 1024, 4096, 10_000].map(
    (connections): Scenario => ({
      ...echo(128, 1),
      id: `growth-connections-${connections}`,
      title: `echo 128 B, one in flight, ${number.format(connections)} connections`,
      load: { mode: "echo", connections, inflight: 1 },
      series: { name: "connections", axis: "connections", at: connections },
    }),
  ),
  ...[1000, 2500, 5000, 10_000].map(
    (connections): Scenario => ({
      ...memory(connections, false),
      id: `growth-memory-${connections}`,
      series: { name: "memory", axis: "connections", at: connections },
    }),
  ),
  ...[1024, 4096, 16_384, 65_536, 262_144].map(
    (count): Scenario => ({
      ...fragments(count, `a message in ${number.format(count)} one-byte fragments`),
      id: `growth-fragments-${count}`,
      load: { mode: "echo", connections: 1, inflight: 1 },
      series: { name: "fragments", axis: "fragments", at: count },
    }),
  ),
];

// --- Scripts ----------------------------------------------------------------------------------------------------

/** A cycle is about as long as the window of compression, unless its messages are few and long. */
const CYCLE_BYTES = 32 * KIB;
const MOST_MESSAGES = 256;

/** `protocol` is that of the server: the one without any gets the frames back as they are. */
export function scriptOf(scenario: Scenario, protocol: "websocket" | "none"): Script {
  const { payload, server, load } = scenario;
  if (server.mode === "events") {
    const post = exchange(httpRequest("POST"), new Uint8Array());
    return script("marks", httpRequest("GET"), [post]);
  }
  if (load.mode === "handshake") {
    return script("frames", upgradeRequest(), [exchange(closing(), new Uint8Array())]);
  }
  const opcode = payload.kind === "binary" ? BINARY : TEXT;
  const count = Math.max(1, Math.min(MOST_MESSAGES, Math.floor(CYCLE_BYTES / payload.size)));
  if (server.deflate !== undefined) {
    const payloads = Array.from({ length: count }, (_, index) => payloadOf("json", payload.size, index));
    return compressedScript(opcode, payloads, server.deflate);
  }
  const content = payloadOf(payload.kind, payload.size);
  const cycle = Array.from({ length: payload.fragmented ? 1 : count }, (_, index) => {
    const sent = payload.fragmented ? fragmented(opcode, content) : message(opcode, content, index);
    return exchange(sent, protocol === "none" ? sent : content);
  });
  return protocol === "none"
    ? script("bytes", new Uint8Array(), cycle)
    : script("frames", upgradeRequest(), cycle);
}

/** Of two servers, one may remember what the other forgets: the offer decides, unless it is their defaults that count. */
export function extensionOffer(deflate: "default" | "takeover" | "fresh"): string {
  return deflate === "fresh"
    ? "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
    : "permessage-deflate";
}

function compressedScript(
  opcode: number,
  payloads: Uint8Array[],
  deflate: "default" | "takeover" | "fresh",
): Script {
  const exchanges = (frames: Uint8Array[]): Exchange[] =>
    frames.map((frame, index) => exchange(frame, payloads[index]!));
  const { prelude, cycle } =
    deflate === "takeover"
      ? compressedTogether(opcode, payloads)
      : { prelude: [], cycle: compressedAlone(opcode, payloads) };
  return {
    counting: "frames",
    answersVary: true,
    request: upgradeRequest(extensionOffer(deflate)),
    prelude: exchanges(prelude),
    cycle: exchanges(cycle),
  };
}

function exchange(sent: Uint8Array, answer: Uint8Array): Exchange {
  return { sent, answer };
}

function script(counting: Script["counting"], request: Uint8Array, cycle: Exchange[]): Script {
  return { counting, answersVary: false, request, prelude: [], cycle };
}
