/**
 * Categories 114 and 115 — Windows and their takeover (RFC 7692 §7.2.1, §7.2.2): whether a peer's compressor stays
 * within what was agreed on, and whether its decompressor remembers as much as it must. Next: 116-bombs.ts.
 *
 * Messages to the peer go uncompressed where its compressor is looked at: what it makes of them is its own.
 */

import type { Case, Script } from "../case.ts";
import { keys, repeated } from "../data.ts";
import type { Wish } from "../extension.ts";
import { reachOf } from "../reach.ts";
import { type Frame, Opcode, type Role } from "../wire.ts";
import { ANY, answers, chapter, type Draft, field, isFree } from "./beyond.ts";
import { pong, text } from "./expectations.ts";

const { Text, Ping } = Opcode;
const RSV1 = 4;

/** `length` letters that do not repeat: those from `at` on. */
function noise(length: number, at = 0): Uint8Array {
  return keys.octets.subarray(at, at + length);
}

// --- 114: the peer's compressor -------------------------------------------------------------------------------

/** Looks at what the peer's messages are on the wire. */
class Inspector {
  compressed = 0;
  flaw: string | undefined;
  readonly #window: number;
  readonly #forgets: boolean;
  #pieces: Uint8Array[] | undefined;

  constructor({ windowBits = 15, noContextTakeover }: Wish) {
    this.#window = 2 ** windowBits;
    this.#forgets = noContextTakeover;
  }

  frame({ opcode, rsv, fin, payload }: Frame): void {
    if (opcode >= Opcode.Close) return;
    if (opcode !== Opcode.Continuation) this.#pieces = rsv === RSV1 ? [] : undefined;
    this.#pieces?.push(payload);
    if (fin && this.#pieces !== undefined) this.#inspect(Buffer.concat(this.#pieces));
  }

  #inspect(payload: Uint8Array): void {
    this.compressed++;
    const reach = reachOf(payload);
    if (reach === undefined) {
      this.flaw ??= "A message is no DEFLATE stream.";
    } else if (reach.farthest > this.#window) {
      this.flaw ??= `A copy reaches back ${reach.farthest} octets, and the window has ${this.#window}.`;
    } else if (this.#forgets && reach.before > 0) {
      this.flaw ??= `A copy reaches ${reach.before} octets into the messages before.`;
    }
  }
}

const FOR_WINDOWS = ["RFC7692-7.2.1-13", "RFC7692-7.2.1-15", "RFC7692-7.2.2-11", "RFC7692-7.1.2.1-03"];
const FOR_TAKEOVER = ["RFC7692-7.2.1-08", "RFC7692-7.2.1-11", "RFC7692-7.1.1.1-03", "RFC7692-7.1.1.2-03"];

/** Each message comes back, and what it is compressed to stays within the limits that were wished for. */
function withinLimits(wish: Wish, what: string, messages: readonly Uint8Array[]): Draft {
  const { windowBits, noContextTakeover } = wish;
  const limits = [
    ...(windowBits === undefined ? [] : [`a window of 2^${windowBits}`]),
    ...(noContextTakeover ? ["no context takeover"] : []),
  ].join(" and ");
  return {
    ...answers({
      compression: [wish],
      ...(windowBits === SMALLEST && { roles: SERVERS }),
      description: `Ask for ${limits}, and send ${what}.`,
      requirements: [
        ...(windowBits === undefined ? [] : FOR_WINDOWS),
        ...(noContextTakeover ? FOR_TAKEOVER : []),
      ],
      seconds: 10,
      act: (script) => inspect(script, new Inspector(wish), messages),
    }),
    expectation: `The messages come back, within ${limits}. Clean close.`,
  };
}

function inspect(script: Script, inspector: Inspector, messages: readonly Uint8Array[]): void {
  let received = 0;
  script.verdict("FAILED", "Not everything came back.");
  script.onFrame = (frame) => inspector.frame(frame);
  script.onEvent = (event) => {
    if (event.type !== "message") return;
    const isSame = !event.binary && Buffer.compare(event.payload, messages[received]!) === 0;
    received++;
    if (!isSame) {
      script.verdict("FAILED", `Message ${received} came back changed.`);
    } else if (inspector.flaw !== undefined) {
      script.verdict("FAILED", inspector.flaw);
    } else if (received < messages.length) {
      script.message(messages[received]!);
      return;
    } else {
      script.verdict("OK", `All came back, ${inspector.compressed} of ${messages.length} compressed.`);
    }
    script.close(1000);
  };
  script.message(messages[0]!);
}

/** Something that repeats just behind the window's end, so that a larger window would be of use; 4 KiB at least. */
function tempting(windowBits: number): Uint8Array {
  const period = 2 ** windowBits + 64;
  return repeated(noise(period), Math.max(3 * period, 4096));
}

/**
 * Many compressors have no window of 2^8. A server then declines, and has not failed; a client has offered
 * client_max_window_bits before it knows the number, and then it can only end the connection (RFC 7692 §7).
 */
const SMALLEST = 8;
const SERVERS: readonly Role[] = ["client"];

const ALL_WINDOWS = [SMALLEST, 9, 10, 11, 12, 13, 14];

export const compressors: readonly Case[] = chapter(114, "What a compressor may use", [
  ...ALL_WINDOWS.map((windowBits) =>
    withinLimits({ windowBits, noContextTakeover: false }, "what repeats just outside of it", [
      tempting(windowBits),
    ]),
  ),
  ...ALL_WINDOWS.map((windowBits) => {
    const message = noise(Math.max(2 ** windowBits + 64, 2048));
    return withinLimits({ windowBits, noContextTakeover: false }, "a longer message three times", [
      message,
      message,
      message,
    ]);
  }),
  withinLimits({ noContextTakeover: true }, "the same message three times", [
    noise(4000),
    noise(4000),
    noise(4000),
  ]),
  withinLimits({ noContextTakeover: true }, "a long message, and parts of it", [
    noise(30000),
    noise(2000),
    noise(5000, 20000),
  ]),
  ...[SMALLEST, 9, 12, 15].map((windowBits) =>
    withinLimits({ windowBits, noContextTakeover: true }, "the same messages twice", [
      tempting(Math.min(windowBits, 14)),
      noise(2000),
      tempting(Math.min(windowBits, 14)),
      noise(2000),
    ]),
  ),
  isFree({
    roles: ["server"],
    compression: [{ windowBits: SMALLEST, noContextTakeover: false }],
    description: "Ask a client for a window of 2^8, and send a message.",
    requirements: ["RFC7692-7-10", "RFC7692-5.1-01", "RFC7692-7.2.1-13"],
    act: (script) => script.message(tempting(SMALLEST)),
  }),
]);

// --- 115: the peer's decompressor -----------------------------------------------------------------------------

type Step = Uint8Array | "ping" | { readonly plain: Uint8Array };

/** Compressed messages that build on each other as far as the agreement allows it, with other things in between. */
function remembers(
  what: string,
  steps: readonly Step[],
  { offer = "permessage-deflate", fragmentSize }: { offer?: string; fragmentSize?: number } = {},
  roles: readonly Role[] = ["client", "server"],
): Draft {
  const compressed = steps.filter((step) => step instanceof Uint8Array);
  return answers({
    compression: ANY,
    roles,
    description: `Send ${what}, compressed with all of the window${offer.includes(";") ? ` (offer: ${offer})` : ""}.`,
    requirements: [
      "RFC7692-7.2.2-03",
      "RFC7692-7.2.2-05",
      "RFC7692-7.2.2-06",
      "RFC7692-7.2.2-08",
      "RFC7692-7.2.2-10",
    ],
    opening: (usual, role) => (role === "client" ? field("Sec-WebSocket-Extensions", offer)(usual) : usual),
    seconds: 10,
    events: steps.map((step) =>
      step === "ping" ? pong("?") : text(step instanceof Uint8Array ? step : step.plain),
    ),
    act(script) {
      const deflated = script.deflate(compressed);
      for (const step of steps) {
        if (step === "ping") script.frame(Ping, "?");
        else if (step instanceof Uint8Array)
          script.message(step, { deflated: deflated.next().value, fragmentSize });
        else script.frame(Text, step.plain);
      }
    },
  });
}

/** Repeats at the far end of the largest window. */
const FAR = noise(32700);
const SHORT = noise(300);

export const decompressors: readonly Case[] = chapter(115, "What a decompressor remembers", [
  remembers("the same message twice", [SHORT, SHORT]),
  remembers("the same message of almost 32 KiB twice", [FAR, FAR]),
  remembers("a message, 32 KiB, and the message again", [
    SHORT,
    noise(32000, 40000),
    SHORT,
    noise(400, 71500),
  ]),
  remembers("ten messages of 10000 octets, and their ends again", [
    ...Array.from({ length: 10 }, (_, at) => noise(10000, at * 10000)),
    noise(10000, 90000),
    noise(3000, 80000),
  ]),
  remembers("the same message twice, with a Ping between", [SHORT, "ping", SHORT]),
  remembers("the same message twice, with another one between that is not compressed", [
    SHORT,
    { plain: noise(40000, 1000) },
    SHORT,
  ]),
  remembers("the same message twice, with an empty one between", [SHORT, new Uint8Array(0), SHORT]),
  remembers(
    "the same message thirty times",
    Array.from({ length: 30 }, () => SHORT),
  ),
  remembers("the same message twice, in fragments of one octet", [SHORT, SHORT], { fragmentSize: 1 }),
  remembers("almost 32 KiB twice, in fragments of 1000 octets", [FAR, FAR], { fragmentSize: 1000 }),
  remembers(
    "the same message of almost 32 KiB twice",
    [FAR, FAR],
    { offer: "permessage-deflate; client_max_window_bits=9" },
    SERVERS,
  ),
  remembers(
    "the same message of almost 32 KiB twice",
    [FAR, FAR],
    { offer: "permessage-deflate; client_no_context_takeover" },
    SERVERS,
  ),
  remembers(
    "the same message of almost 32 KiB twice",
    [FAR, FAR],
    { offer: "permessage-deflate; server_no_context_takeover" },
    SERVERS,
  ),
  remembers(
    "the same message of almost 32 KiB twice",
    [FAR, FAR],
    { offer: "permessage-deflate; server_max_window_bits=9" },
    SERVERS,
  ),
]);
