/**
 * Category 9 — Limits and performance: large messages, many fragments, small segments, many round trips. Only type
 * and length of what comes back are looked at, as in the suite. Next: 10-auto-fragmentation.ts.
 */

import type { Case, Event, Script } from "../case.ts";
import { repeated } from "../data.ts";
import { Opcode } from "../wire.ts";
import { JUDGE_CLOSES } from "./expectations.ts";

const CATEGORY = "Limits/Performance";
const KIB = 1024;
const MIB = 1024 * KIB;

interface Kind {
  readonly name: "text" | "binary";
  readonly opcode: number;
  /** What large messages are made of. */
  readonly pattern: string | Uint8Array;
}

const TEXT: Kind = { name: "text", opcode: Opcode.Text, pattern: "BAsd7&jh23" };
const BINARY: Kind = {
  name: "binary",
  opcode: Opcode.Binary,
  pattern: Uint8Array.of(0x00, 0xfe, 0x23, 0xfa, 0xf0),
};

interface Outline {
  readonly id: string;
  readonly subCategory: string;
  readonly description: string;
  readonly kind: Kind;
  readonly length: number;
  readonly seconds: number;
  /** How many messages, each when the one before has come back. */
  readonly times?: number;
  /** Sends one. */
  readonly send: (script: Script) => void;
}

function limit({ kind, length, seconds, times = 1, send, ...outline }: Outline): Case {
  const isEcho = (event: Event): boolean =>
    event.type === "message" && event.binary === (kind.name === "binary") && event.payload.length === length;
  return {
    ...outline,
    category: CATEGORY,
    expectation: `${times === 1 ? "It comes" : "They come"} back within ${seconds} seconds.`,
    close: JUDGE_CLOSES,
    isMeasured: true,
    weight: times * (length + KIB),
    script(script) {
      let missing = times;
      script.verdict("FAILED", `Did not receive message within ${seconds} seconds.`);
      script.limit(seconds);
      script.onEvent = (event) => {
        if (missing === 0) return;
        if (!isEcho(event)) {
          missing = 0;
          script.verdict("FAILED", "Received something else than a message of this type and length.");
        } else if (--missing > 0) {
          send(script);
          return;
        } else {
          script.verdict("OK", "Received all messages in time, with the right type and length.");
        }
        script.close(1000);
      };
      send(script);
    },
  };
}

function shown(length: number): string {
  if (length >= MIB) return `${length / MIB} MiB`;
  return length >= KIB ? `${length / KIB} KiB` : `${length} octets`;
}

// --- 9.1, 9.2: one frame --------------------------------------------------------------------------------------

const SIZES = [64 * KIB, 256 * KIB, MIB, 4 * MIB, 8 * MIB, 16 * MIB];

function large(id: string, kind: Kind, seconds: readonly number[]): Case[] {
  return SIZES.map((length, at) =>
    limit({
      id: `${id}.${at + 1}`,
      subCategory: kind === TEXT ? "Text Message (increasing size)" : "Binary Message (increasing size)",
      description: `Send a ${kind.name} message of ${shown(length)}.`,
      kind,
      length,
      seconds: seconds[at]!,
      send: (script) => script.frame(kind.opcode, repeated(kind.pattern, length)),
    }),
  );
}

// --- 9.3, 9.4: many fragments ---------------------------------------------------------------------------------

const FRAGMENTED = 4 * MIB;
const FRAGMENTS = [64, 256, KIB, 4 * KIB, 16 * KIB, 64 * KIB, 256 * KIB, MIB, 4 * MIB];

function fragmented(id: string, kind: Kind, fill: (at: number) => string | Uint8Array): Case[] {
  return FRAGMENTS.map((fragmentSize, at) =>
    limit({
      id: `${id}.${at + 1}`,
      subCategory: `Fragmented ${kind === TEXT ? "Text" : "Binary"} Message (fixed size, increasing fragment size)`,
      description: `Send a ${kind.name} message of ${shown(FRAGMENTED)} in fragments of ${shown(fragmentSize)}.`,
      kind,
      length: FRAGMENTED,
      seconds: 100,
      send: (script) =>
        script.message(repeated(fill(at), FRAGMENTED), { binary: kind === BINARY, fragmentSize }),
    }),
  );
}

// --- 9.5, 9.6: small segments ---------------------------------------------------------------------------------

const CHOPS = [64, 128, 256, 512, 1024, 2048];

function chopped(id: string, kind: Kind): Case[] {
  return CHOPS.map((chop, at) =>
    limit({
      id: `${id}.${at + 1}`,
      subCategory: `${kind === TEXT ? "Text" : "Binary Text"} Message (fixed size, increasing chop size)`,
      description: `Send a ${kind.name} message of ${shown(MIB)} in chops of ${chop} octets.`,
      kind,
      length: MIB,
      seconds: 1000,
      send: (script) => script.frame(kind.opcode, repeated(kind.pattern, MIB), { chop }),
    }),
  );
}

// --- 9.7, 9.8: round trips ------------------------------------------------------------------------------------

const ROUND_TRIPS = 1000;
const SMALL: readonly (readonly [length: number, seconds: number])[] = [
  [0, 60],
  [16, 60],
  [64, 60],
  [256, 120],
  [1024, 240],
  [4096, 480],
];

function roundTrips(id: string, kind: Kind, fill: string | Uint8Array): Case[] {
  return SMALL.map(([length, seconds], at) => {
    const payload = repeated(fill, length);
    return limit({
      id: `${id}.${at + 1}`,
      subCategory: `${kind === TEXT ? "Text" : "Binary"} Message Roundtrip Time (fixed number, increasing size)`,
      description: `Send ${ROUND_TRIPS} ${kind.name} messages of ${shown(length)}, one after the other has come back.`,
      kind,
      length,
      seconds,
      times: ROUND_TRIPS,
      send: (script) => script.message(payload, { binary: kind === BINARY }),
    });
  });
}

const STAR = "*";
const HIGH = Uint8Array.of(0xfe);

export const limits: readonly Case[] = [
  ...large("9.1", TEXT, [10, 10, 100, 100, 100, 100]),
  ...large("9.2", BINARY, [10, 10, 10, 10, 100, 100]),
  ...fragmented("9.3", TEXT, () => STAR),
  ...fragmented("9.4", BINARY, (at) => (at === 0 ? HIGH : STAR)),
  ...chopped("9.5", TEXT),
  ...chopped("9.6", BINARY),
  ...roundTrips("9.7", TEXT, STAR),
  ...roundTrips("9.8", BINARY, HIGH),
];
