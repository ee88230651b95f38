/**
 * What the targets against other implementations share: the same bytes are read by ours and by theirs.
 *
 * Both must tell the same events in the same order, and must end alike: with the same close code, or waiting for more.
 * Where they do not, the difference must be one of those that differences.ts knows.
 *
 * Settings: role, permessage-deflate, limit, how to chop.
 */

import { isDeepStrictEqual } from "node:util";
import type { Compression } from "../../src/deflate/codec.ts";
import { portable } from "../../src/deflate/index.ts";
import { Connection } from "../../src/protocol/connection.ts";
import type { Agreement } from "../../src/protocol/extension.ts";
import type { Role } from "../../src/protocol/frame.ts";
import { permessageDeflate } from "../../src/protocol/permessage-deflate.ts";
import type { Rule } from "../../src/protocol/violation.ts";
import { checkSame } from "../check.ts";
import type { Target } from "../executor.ts";
import { cut, Input } from "../input.ts";
import { type Difference, differences } from "./differences.ts";
import { frameDictionary } from "./frames.ts";

export interface Setting {
  readonly role: Role;
  readonly compressed: boolean;
  /** The most that a message may have, in bytes. */
  readonly limit: number;
}

/** What a receiver makes of the bytes that it is given. */
export interface Reading {
  readonly events: readonly Told[];
  readonly end: End;
}

export interface Told {
  readonly type: "text" | "binary" | "ping" | "pong";
  readonly data: string | Uint8Array;
}

export type End =
  | { readonly how: "waiting" }
  | { readonly how: "closed"; readonly code: number; readonly reason: string }
  | { readonly how: "failed"; readonly code: number };

export interface Peer {
  readonly name: "ws" | "undici";
  readonly roles: readonly Role[];
  read(setting: Setting, chunks: Iterable<Uint8Array>): Promise<Reading>;
}

/** Bytes that an inflater was given, and how many events had been told by then. */
export interface Inflation {
  readonly bytes: Uint8Array;
  readonly told: number;
}

/** All there is to know where the two readings are not the same. */
export interface Divergence {
  readonly setting: Setting;
  readonly wire: Uint8Array;
  readonly ours: Reading;
  readonly theirs: Reading;
  /** The rule by which ours failed. */
  readonly rule: Rule | undefined;
  /** All that ours has inflated, one message behind the other. */
  readonly inflated: readonly Inflation[];
  /** The bytes up to the one at which ours failed, or theirs. */
  upToOurFailure(): Uint8Array;
  upToTheirFailure(): Promise<Uint8Array>;
  /** What ours makes of other bytes, and what theirs does. */
  readOurs(wire: Uint8Array, limit?: number): Reading;
  readTheirs(wire: Uint8Array): Promise<Reading>;
}

export function targetAgainst(peer: Peer): Target {
  const run = async (data: Uint8Array): Promise<number> => {
    const { ours, theirs, differences: names } = await compare(peer, data);
    // A text that was adapted is the same then; anything else needs to be explained.
    if (names.length === 0) checkSame(theirs, ours, `${peer.name}: it reads something else`);
    return data.length;
  };
  return { run, settings: 4, dictionary: frameDictionary, foreign: true };
}

export interface Comparison {
  readonly ours: Reading;
  readonly theirs: Reading;
  /** The names of the known differences that the input shows. */
  readonly differences: readonly string[];
}

export async function compare(peer: Peer, data: Uint8Array): Promise<Comparison> {
  const input = new Input(data);
  const setting: Setting = {
    role: input.pick(peer.roles),
    compressed: input.flag(),
    limit: input.pick([70_000, 100, 1000]),
  };
  const pattern = input.byte();
  const wire = input.rest();
  const chunks = (bytes: Uint8Array): Iterable<Uint8Array> => cut(bytes, pattern === 0 ? 255 : pattern);
  const readTheirs = (bytes: Uint8Array): Promise<Reading> => peer.read(setting, chunks(bytes));
  const readOurs = (bytes: Uint8Array, limit = setting.limit) =>
    new OurReader({ ...setting, limit }, peer).read(chunks(bytes));
  const theirs = await readTheirs(wire);
  const reader = new OurReader(setting, peer);
  const ours = reader.read(chunks(wire));
  const adapted = [...reader.adapted];
  if (isDeepStrictEqual(ours, theirs)) return { ours, theirs, differences: adapted };
  const explaining = await whatExplains(peer, {
    setting,
    wire,
    ours,
    theirs,
    rule: reader.connection.closed?.error?.rule,
    inflated: reader.inflated,
    upToOurFailure: () => new OurReader(setting, peer).upToFailure(wire),
    upToTheirFailure: () => upToFailure(wire, readTheirs),
    readOurs,
    readTheirs,
  });
  return { ours, theirs, differences: explaining.length === 0 ? [] : [...adapted, ...explaining] };
}

async function whatExplains(peer: Peer, divergence: Divergence): Promise<string[]> {
  const names: string[] = [];
  for (const [name, { explains }] of differencesOf(peer)) {
    if (await explains?.(divergence)) names.push(name);
  }
  return names;
}

function differencesOf({ name }: Peer): [name: string, Difference][] {
  return Object.entries(differences).filter(([, { peers }]) => peers.includes(name));
}

class OurReader {
  readonly connection: Connection;
  readonly inflated: Inflation[] = [];
  /** The differences that have changed what is told. */
  readonly adapted = new Set<string>();
  readonly #events: Told[] = [];
  readonly #peer: Peer;

  constructor({ role, compressed, limit }: Setting, peer: Peer) {
    this.#peer = peer;
    const handler = {
      write: () => true,
      end: () => {},
      onText: (data: string) => void this.#events.push({ type: "text", data: this.#adapt(data) }),
      onBinary: (data: Uint8Array) => this.#tell("binary", data),
      onPing: (data: Uint8Array) => this.#tell("ping", data),
      onPong: (data: Uint8Array) => this.#tell("pong", data),
    };
    const extensions = compressed ? [this.#agreement()] : [];
    this.connection = new Connection(role, handler, { extensions, maxMessageSize: limit });
  }

  read(chunks: Iterable<Uint8Array>): Reading {
    for (const chunk of chunks) this.connection.receive(chunk.slice());
    const waiting = this.connection.state === "open";
    this.connection.receiveEnd();
    return { events: this.#events, end: waiting ? { how: "waiting" } : this.#end() };
  }

  /** The bytes up to the one at which it fails. */
  upToFailure(wire: Uint8Array): Uint8Array {
    let at = 0;
    while (this.connection.state === "open" && at < wire.length)
      this.connection.receive(wire.slice(at, ++at));
    return wire.subarray(0, at);
  }

  /** What the peer would make of a text. */
  #adapt(told: string): string {
    let text = told;
    for (const [name, { adapt }] of differencesOf(this.#peer)) {
      const before = text;
      text = adapt?.(text) ?? text;
      if (text !== before) this.adapted.add(name);
    }
    return text;
  }

  /** permessage-deflate without parameters. What is inflated is written down. */
  #agreement(): Agreement {
    const compression: Compression = {
      ...portable,
      inflater: (windowBits) => {
        const inflater = portable.inflater(windowBits);
        const inflate = inflater.inflate.bind(inflater);
        inflater.inflate = (input, output, limit) => {
          this.inflated.push({ bytes: input.slice(), told: this.#events.length });
          return inflate(input, output, limit);
        };
        return inflater;
      },
    };
    return permessageDeflate({ compression }).accept([])!;
  }

  #tell(type: Told["type"], data: Uint8Array): void {
    this.#events.push({ type, data: data.slice() });
  }

  #end(): End {
    const { code, reason, error } = this.connection.closed!;
    if (error !== undefined) return { how: "failed", code: error.code };
    return { how: "closed", code, reason: this.#adapt(reason) };
  }
}

/** Whoever fails at some bytes fails at all longer ones. */
async function upToFailure(
  wire: Uint8Array,
  readTheirs: (wire: Uint8Array) => Promise<Reading>,
): Promise<Uint8Array> {
  let [tooShort, longEnough] = [0, wire.length];
  while (longEnough - tooShort > 1) {
    const middle = (tooShort + longEnough) >> 1;
    const { end } = await readTheirs(wire.subarray(0, middle));
    if (end.how === "failed") longEnough = middle;
    else tooShort = middle;
  }
  return wire.subarray(0, longEnough);
}
