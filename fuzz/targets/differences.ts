/**
 * Where other implementations read the same bytes in another way, and who is right.
 *
 * Each difference is recognised by what it is about, as narrowly as can be, so that it hides no other one.
 * `npx tsx fuzz/make-differences.ts` writes docs/differences.md from this table.
 */

import { isDeepStrictEqual } from "node:util";
import { inflateRawSync, type Zlib, constants as z } from "node:zlib";
import { concat, frameTo } from "../../test/helpers/frames.ts";
import type { Divergence, Inflation, Peer, Reading } from "./against.ts";

export interface Difference {
  readonly peers: readonly Peer["name"][];
  readonly theirs: string;
  readonly ours: string;
  readonly right: string;
  readonly section: string;
  /** An input that shows it, in hexadecimal: the settings, and what a client receives. */
  readonly example: string;
  /** Whether this is why the two readings differ. */
  explains?(divergence: Divergence): boolean | Promise<boolean>;
  /** What ours has read as they would tell it, for a difference that changes no more than that. */
  adapt?(told: string): string;
}

const NO_LIMIT = Number.POSITIVE_INFINITY;

export const differences: Readonly<Record<string, Difference>> = {
  "length-not-minimal": {
    peers: ["ws", "undici"],
    theirs: "accept a payload length in more bytes than it needs",
    ours: "fails with 1002",
    right: "Framewright: the minimal number of bytes must be used.",
    section: "RFC 6455 §5.2",
    example: "01000000 827e000161",
    explains: (divergence) => divergence.rule === "length-not-minimal" && oursEndsFirst(divergence),
  },
  "length-top-bit": {
    peers: ["ws", "undici"],
    theirs: "fail with 1009 where the top bit of a 64-bit length is set",
    ours: "fails with 1002",
    right:
      "Framewright: the bit must be 0, so this is no large message, but none at all. Both end the connection.",
    section: "RFC 6455 §5.2",
    example: "01000000 827f8000000000000000",
    explains: ({ rule, ours, theirs }) =>
      rule === "length-top-bit" && failsWith(theirs, 1009) && sameEvents(ours, theirs),
  },
  "first-impossible-byte": {
    peers: ["ws", "undici"],
    theirs: "wait for the whole header, frame or message before they look at it",
    ours: "fails at the first byte that nothing can make right again",
    right:
      "Both: it is left open when an endpoint must notice. Autobahn calls the late ones non-strict (6.4).",
    section: "RFC 6455 §5.2, §8.1",
    example: "01000000 8103ff",
    explains: (divergence) => theyFailAsWellLater(divergence),
  },
  "last-possible-byte": {
    peers: ["ws", "undici"],
    theirs:
      "look at a Close frame of one byte at its header, and at each fragment of a compressed message when it has come",
    ours: "waits for the byte, and for a block of 16 KiB or the end of the message; then fails with the same code",
    right: "Both, as above. Here the others are the earlier ones.",
    section: "RFC 6455 §5.5.1, RFC 7692 §7.2.2",
    example: "01010000 410107",
    explains: (divergence) => oursFailsAsWellLater(divergence),
  },
  "reserved-bit": {
    peers: ["undici"],
    theirs:
      "accepts RSV1 on control frames and on continuation frames, once permessage-deflate was negotiated",
    ours: "fails with 1002",
    right: "Framewright: the bit marks messages, at their first fragment; elsewhere it must not be set.",
    section: "RFC 7692 §6.1",
    example: "01010000 c900",
    explains: (divergence) =>
      (divergence.rule === "reserved-bit-on-control-frame" ||
        divergence.rule === "reserved-bit-on-continuation") &&
      oursEndsFirst(divergence),
  },
  "continuation-after-compressed-message": {
    peers: ["undici"],
    theirs: "takes a continuation frame behind a compressed message for the beginning of another one",
    ours: "fails with 1002",
    right: "Framewright: there is nothing that the frame could continue.",
    section: "RFC 6455 §5.4",
    example: "01010000 c107f248cdc9c90700 8000",
    explains: (divergence) =>
      divergence.rule === "unexpected-continuation" &&
      oursEndsFirst(divergence) &&
      divergence.inflated.length > 0,
  },
  "control-frame-counted": {
    peers: ["undici"],
    theirs: "counts a Ping or Pong behind a data frame towards the limit for messages, and fails with 1009",
    ours: "counts data frames only",
    right: "Framewright: control frames are no part of the message that they interrupt.",
    section: "RFC 6455 §5.4, §5.5",
    example: "01000100 820161 8965",
    explains: async ({ ours, theirs, upToTheirFailure }) =>
      failsWith(theirs, 1009) &&
      endsFirst(theirs, ours) &&
      isControlFrame([...framesOf(await upToTheirFailure())].at(-1)),
  },
  "data-frame-not-counted": {
    peers: ["undici"],
    theirs:
      "does not compare a data frame of up to 125 bytes with the limit if it stands behind a Ping or Pong",
    ours: "counts each data frame, and fails with 1009",
    right: "Framewright: with a Ping in front of each fragment, a message of any size passes the limit.",
    section: "RFC 6455 §10.4",
    example: "01000100 8900 8265",
    explains: ({ rule, ours, theirs, upToOurFailure }) => {
      if (rule !== "message-too-big" || !endsFirst(ours, theirs)) return false;
      const [before, last] = [...framesOf(upToOurFailure())].slice(-2);
      return isControlFrame(before) && last !== undefined && last.length <= 125;
    },
  },
  "sizes-added": {
    peers: ["undici"],
    theirs:
      "adds a fragment as it is sent to what those before it were inflated to, and compares that with the limit",
    ours: "compares the message as it is sent, and as it is inflated",
    right:
      "Both: limits are the receiver's own. But here a message may fail with 1009 that is within the limit.",
    section: "RFC 6455 §10.4",
    example: "01010100 410a4a4ca41500000000ffff 000b",
    explains: async ({ ours, theirs, setting, upToTheirFailure }) => {
      if (!setting.compressed || !failsWith(theirs, 1009) || !endsFirst(theirs, ours)) return false;
      const last = [...framesOf(await upToTheirFailure())].at(-1);
      return last !== undefined && (last.first & 0x0f) === 0 && last.length <= setting.limit;
    },
  },
  "byte-order-mark": {
    peers: ["undici"],
    theirs: "takes U+FEFF away where a text or the reason of a Close begins with it",
    ours: "keeps it",
    right:
      "Framewright: the payload is the text, and the reason is decoded without a byte order mark being looked for.",
    section: "RFC 6455 §5.6; WHATWG WebSockets, feedback from the protocol",
    example: "01000000 8103efbbbf",
    adapt: (told) => (told.startsWith("\ufeff") ? told.slice(1) : told),
  },
  "corrupt-behind-the-limit": {
    peers: ["ws", "undici"],
    theirs:
      "fail with 1007 where compressed data are corrupt behind the limit for the message, or before it is counted",
    ours: "stops at the limit, and fails with 1009",
    right: "Both: such a message is wrong twice.",
    section: "RFC 6455 §10.4, RFC 7692 §7.2.2",
    example: "01010100 c20b4a4c1c1e00000000ffff07",
    explains: ({ rule, ours, theirs, wire, readOurs }) =>
      rule === "decoded-message-too-big" &&
      failsWith(theirs, 1007) &&
      sameEvents(ours, theirs) &&
      failsWith(readOurs(wire, NO_LIMIT), 1007),
  },
  "empty-fragments": {
    peers: ["ws", "undici"],
    theirs: "accept any number of empty fragments in one message",
    ours: "charges one byte to the limit for each, and fails with 1009 when it is reached",
    right: "Both: limits are the receiver's own. An endless message of empty fragments should meet one.",
    section: "RFC 6455 §10.4",
    example: `01000100 0100${" 0000".repeat(100)}`,
    explains: (divergence) =>
      divergence.rule === "message-too-big" &&
      oursEndsFirst(divergence) &&
      emptyFragments(divergence.wire) > 0,
  },
  "truncated-message": {
    peers: ["ws", "undici"],
    theirs: "deliver what can be inflated of a compressed message that ends inside a block",
    ours: "fails with 1007",
    right: "Framewright: a message ends with an empty block behind all others, so this one was cut off.",
    section: "RFC 7692 §7.2.1, §7.2.2",
    example: "01010000 c103f248cd",
    explains: (divergence) =>
      oursEndsFirst(divergence) &&
      (divergence.rule === "truncated-message" ||
        (divergence.rule === "corrupt-message" && isRefusedLater(bytesOf(divergence.inflated)))),
  },
  "final-block": {
    peers: ["ws", "undici"],
    theirs: "ignore what stands behind a final block, and lose the window for the messages after it",
    ours: "reads on, with the window",
    right: "Framewright: a message may have blocks with BFINAL set, and blocks behind them.",
    section: "RFC 7692 §7.2.1, §7.2.3.4",
    example: "01010000 c108f348cdc9c9070000 c105f200110000",
    explains: ({ ours, theirs, inflated }) => {
      const before = eventsBeforeFinalBlock(inflated);
      return (
        before !== undefined &&
        isDeepStrictEqual(ours.events.slice(0, before), theirs.events.slice(0, before))
      );
    },
  },
};

function oursEndsFirst({ ours, theirs }: Divergence): boolean {
  return endsFirst(ours, theirs);
}

function failsWith({ end }: Reading, code: number): boolean {
  return end.how === "failed" && end.code === code;
}

function sameEvents(one: Reading, other: Reading): boolean {
  return isDeepStrictEqual(one.events, other.events);
}

/** The first one has failed, and up to there both tell the same. */
function endsFirst(first: Reading, other: Reading): boolean {
  const before = { ...other, events: other.events.slice(0, first.events.length) };
  return first.end.how === "failed" && sameEvents(first, before);
}

/**
 * Ours has failed. Given what it has failed at, and the rest of the frame and of its message, as harmless as can be,
 * they fail in the same way.
 */
async function theyFailAsWellLater(divergence: Divergence): Promise<boolean> {
  const { ours, theirs, setting, upToOurFailure, readTheirs } = divergence;
  if (!endsFirst(ours, theirs)) return false;
  const impossible = upToOurFailure();
  const rest = restOfMessage(impossible, setting.role);
  if (rest === undefined) return theirs.end.how === "waiting";
  return isDeepStrictEqual(await readTheirs(concat(impossible, rest)), ours);
}

/** The same the other way round. */
async function oursFailsAsWellLater(divergence: Divergence): Promise<boolean> {
  const { ours, theirs, setting, upToTheirFailure, readOurs } = divergence;
  if (!endsFirst(theirs, ours)) return false;
  const impossible = await upToTheirFailure();
  const rest = restOfMessage(impossible, setting.role);
  if (rest === undefined) return false;
  const whole = concat(impossible, rest);
  // What is corrupt behind the limit is wrong twice, and ours finds that at the limit.
  return [setting.limit, NO_LIMIT].some((limit) => isDeepStrictEqual(readOurs(whole, limit), theirs));
}

interface Frame {
  readonly first: number;
  readonly length: number;
  /** How many of its bytes have not come. */
  readonly missing: number;
  readonly lacksSecond: boolean;
}

/** All that is known of the frames of a wire. The last one may lack bytes. */
function* framesOf(wire: Uint8Array): Generator<Frame> {
  for (let at = 0; at < wire.length; ) {
    const [first, second = 0] = wire.subarray(at);
    const extended = (second & 0x7f) === 126 ? 2 : (second & 0x7f) === 127 ? 8 : 0;
    const bytes = wire.subarray(at + 2, at + 2 + extended);
    const length = extended === 0 ? second & 0x7f : bytes.reduce((sum, byte) => sum * 256 + byte, 0);
    const lacksSecond = at + 1 === wire.length;
    at += 2 + extended + (second >= 0x80 ? 4 : 0) + length;
    yield { first: first!, length, missing: Math.max(0, at - wire.length), lacksSecond };
  }
}

const LONGEST_REST = 200_000;

/** What ends the last frame of a wire, and its message. `undefined`: it is too long to be tried. */
function restOfMessage(wire: Uint8Array, role: "client" | "server"): Uint8Array | undefined {
  const maskBit = Uint8Array.of(role === "server" ? 0x80 : 0);
  let unfinished = false;
  let missing = 0;
  for (const frame of framesOf(wire)) {
    // The second byte of a header cannot be zero where frames must be masked.
    if (frame.lacksSecond) return concat(maskBit, restOfMessage(concat(wire, maskBit), role)!);
    if ((frame.first & 0x08) === 0) unfinished = (frame.first & 0x80) === 0;
    missing = frame.missing;
  }
  if (missing > LONGEST_REST) return undefined;
  const end = unfinished ? frameTo(role, { opcode: 0 }) : new Uint8Array(0);
  return concat(new Uint8Array(missing), end);
}

function isControlFrame(frame: Frame | undefined): boolean {
  return frame !== undefined && (frame.first & 0x08) !== 0;
}

function emptyFragments(wire: Uint8Array): number {
  return [...framesOf(wire)].filter(({ first, length }) => length === 0 && (first & 0x88) === 0).length;
}

function bytesOf(inflated: readonly Inflation[]): Uint8Array {
  return concat(...inflated.map(({ bytes }) => bytes));
}

/** How many events were told before the first final block, behind which zlib stops. `undefined`: there is none. */
function eventsBeforeFinalBlock(inflated: readonly Inflation[]): number | undefined {
  let left = taken(bytesOf(inflated)) ?? Number.POSITIVE_INFINITY;
  for (const { bytes, told } of inflated) {
    if (left < bytes.length) return told;
    left -= bytes.length;
  }
  return undefined;
}

/**
 * A dynamic block whose code length code is empty is refused by ours at once, by zlib only behind the code lengths
 * that it goes on to read, a bit for each: 316 at the most.
 */
function isRefusedLater(stream: Uint8Array): boolean {
  return taken(stream) !== undefined && taken(concat(stream, new Uint8Array(64))) === undefined;
}

/** How many bytes zlib takes of a stream; `undefined` where it finds it corrupt. */
function taken(stream: Uint8Array): number | undefined {
  try {
    const options = { finishFlush: z.Z_SYNC_FLUSH, info: true };
    // With `info`, the result is not what its type says.
    const { engine } = inflateRawSync(stream, options) as unknown as { engine: Zlib };
    return engine.bytesWritten;
  } catch {
    return undefined;
  }
}
