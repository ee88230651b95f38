/**
 * Categories 105 and 106 — Masks (RFC 6455 §5.1, §5.3) and lengths (§5.2): who masks, with what; lengths at the edges
 * of their forms, in longer forms than needed, and those that nobody can mean. Next: 107-control-frames.ts.
 */

import type { Case, Script } from "../case.ts";
import { repeated } from "../data.ts";
import { type FrameShape, freshMask, Opcode } from "../wire.ts";
import { type Answering, answers, chapter, type Draft, fails, isFree } from "./beyond.ts";
import { binary, text } from "./expectations.ts";

const HELLO = "Hello";
const { Continuation, Text, Binary, Close, Ping, Pong } = Opcode;

// --- 105: masks -----------------------------------------------------------------------------------------------

const GOING_AWAY = Uint8Array.of(0x03, 0xe9);

/** §5.1 forbids opposite things to the two ends: without a mask to a server, with one to a client. */
function wronglyMasked(what: string, act: (script: Script, shape: FrameShape) => void): Draft {
  return fails({
    description: `Send ${what}: to a server without a mask, to a client with one.`,
    requirements: ["RFC6455-5.1-02", "RFC6455-5.1-05"],
    codes: [1002],
    act: (script) => act(script, { mask: script.role === "client" ? undefined : freshMask() }),
  });
}

const SERVERS_ONLY = { roles: ["client"] } as const;
const MASKING = "RFC6455-5.3-05";

function maskedWith(what: string, key: Uint8Array): Draft {
  return answers({
    ...SERVERS_ONLY,
    description: `Send a text message that is masked with ${what}.`,
    requirements: [MASKING],
    events: [text(HELLO)],
    act: (script) => script.frame(Text, HELLO, { mask: key }),
  });
}

const KEYS = 32;

/** §5.3: a key that comes again could have been foreseen. By chance that happens once in ten million plays. */
const freshKeys: Draft = {
  ...answers({
    description: `Send ${KEYS / 2} messages and ${KEYS / 2} Pings, and look at the keys of what comes back.`,
    requirements: ["RFC6455-5.3-01", "RFC6455-5.3-02", "RFC6455-5.3-04", "RFC6455-10.3-01", "RFC6455-5.1-01"],
    roles: ["server"],
    act(script) {
      const keys = new Set<string>();
      let frames = 0;
      script.verdict("FAILED", "Not everything came back.");
      script.onFrame = ({ mask }) => {
        keys.add(Buffer.from(mask ?? []).toString("hex"));
        if (++frames < KEYS) return;
        if (keys.size === frames) script.verdict("OK", `${frames} frames, ${frames} keys.`);
        else script.verdict("FAILED", `${frames} frames, ${keys.size} keys.`);
        script.onFrame = undefined;
        script.close(1000);
      };
      script.onEvent = () => {};
      for (let count = 0; count < KEYS / 2; count++) {
        script.frame(Text, HELLO);
        script.frame(Ping, HELLO);
      }
    },
  }),
  expectation: "Every frame has a key of its own.",
};

export const masks: readonly Case[] = chapter(105, "Masks", [
  wronglyMasked("a text message", (script, shape) => script.frame(Text, HELLO, shape)),
  wronglyMasked("a binary message", (script, shape) => script.frame(Binary, HELLO, shape)),
  wronglyMasked("an empty message", (script, shape) => script.frame(Text, "", shape)),
  wronglyMasked("70000 octets", (script, shape) => script.frame(Binary, repeated("m", 70000), shape)),
  wronglyMasked("a Ping", (script, shape) => script.frame(Ping, HELLO, shape)),
  wronglyMasked("a Pong", (script, shape) => script.frame(Pong, HELLO, shape)),
  wronglyMasked("a Close", (script, shape) => script.frame(Close, GOING_AWAY, shape)),
  wronglyMasked("a first fragment", (script, shape) => script.frame(Text, HELLO, { ...shape, fin: false })),
  wronglyMasked("a last fragment, behind a good one", (script, shape) => {
    script.frame(Text, HELLO, { fin: false });
    script.frame(Continuation, HELLO, shape);
  }),
  wronglyMasked("a Ping, inside a good message", (script, shape) => {
    script.frame(Text, HELLO, { fin: false });
    script.frame(Ping, "", shape);
    script.frame(Continuation, HELLO);
  }),
  fails({
    description: "Send a good message, and a wrongly masked one behind it.",
    requirements: ["RFC6455-5.1-02", "RFC6455-5.1-05"],
    before: [text(HELLO)],
    act(script) {
      script.frame(Text, HELLO);
      script.frame(Text, HELLO, { mask: script.role === "client" ? undefined : freshMask() });
    },
  }),
  maskedWith("00000000", Uint8Array.of(0, 0, 0, 0)),
  maskedWith("ffffffff", Uint8Array.of(255, 255, 255, 255)),
  maskedWith("the first letters of the text", new TextEncoder().encode(HELLO.slice(0, 4))),
  answers({
    ...SERVERS_ONLY,
    description: "Send a text in seven fragments of one to seven octets, each with a key of its own.",
    requirements: [MASKING, "RFC6455-5.4-07"],
    events: [text("abbcccddddeeeeeffffffggggggg")],
    act(script) {
      for (let size = 1; size <= 7; size++) {
        const letters = repeated(String.fromCharCode(0x60 + size), size);
        script.frame(size === 1 ? Text : Continuation, letters, { fin: size === 7 });
      }
    },
  }),
  answers({
    ...SERVERS_ONLY,
    description: "Send 1000 octets, one by one: the key goes on where it was.",
    requirements: [MASKING],
    events: [binary(repeated("0123456789abc", 1000))],
    act: (script) => script.frame(Binary, repeated("0123456789abc", 1000), { chop: 1 }),
  }),
  freshKeys,
]);

// --- 106: lengths ---------------------------------------------------------------------------------------------

/** A header that promises more than comes, or can come. */
function impossible(what: string, opcode: number, length: bigint, codes: readonly number[]): Draft {
  return fails({
    description: `Send the header of ${what}, and a few octets behind it.`,
    requirements: opcode >= Close ? ["RFC6455-5.5-01"] : ["RFC6455-5.2-05"],
    codes,
    act: (script) => script.openFrame(opcode, 0, { length, lengthBits: length > 0xffff ? 64 : 16 })(HELLO),
  });
}

/** §5.2 asks the sender for the shortest form, and does not say what a receiver does. */
function roundabout(length: number, lengthBits: 16 | 64, opcode: number = Text): Draft {
  return isFree({
    description: `Send a frame (opcode ${opcode}) of ${length} octets whose length takes ${lengthBits} bits.`,
    requirements: ["RFC6455-5.2-06"],
    act: (script) => script.frame(opcode, repeated("*", length), { lengthBits }),
  });
}

function edge(length: number, what: string, act: Answering["act"]): Draft {
  return answers({
    description: `Send ${what} of ${length} octets.`,
    requirements: ["RFC6455-5.2-06", "RFC6455-5.2-07", "RFC6455-5.4-06"],
    events: [binary(repeated("edge", 2 * length))],
    act,
  });
}

const twoHalves =
  (length: number): Answering["act"] =>
  (script) => {
    const payload = repeated("edge", 2 * length);
    script.frame(Binary, payload.subarray(0, length), { fin: false });
    script.frame(Continuation, payload.subarray(length));
  };

const LARGE = 70000;

export const lengths: readonly Case[] = chapter(106, "Lengths", [
  ...[125, 126, 127, 65535, 65536].map((length) => edge(length, "two fragments", twoHalves(length))),
  answers({
    description: `Send an empty text in two fragments, octet by octet, and ${LARGE} octets in chops of 7.`,
    requirements: ["RFC6455-5.2-07", "RFC6455-6.2-01"],
    events: [text(""), binary(repeated("*", LARGE))],
    seconds: 10,
    act(script) {
      script.frame(Text, "", { fin: false, chop: 1 });
      script.frame(Continuation, "", { chop: 1 });
      script.frame(Binary, repeated("*", LARGE), { chop: 7 });
    },
  }),
  answers({
    description: "Send a text in 1000 fragments, all of them empty but the last.",
    requirements: ["RFC6455-5.4-06", "RFC6455-5.4-07"],
    events: [text(HELLO)],
    act(script) {
      for (let count = 0; count < 999; count++)
        script.frame(count === 0 ? Text : Continuation, "", { fin: false });
      script.frame(Continuation, HELLO);
    },
  }),
  // Not more: a peer may have a limit for their number (§10.4).
  answers({
    description: "Send a text in 1000 fragments of one octet.",
    requirements: ["RFC6455-5.4-06", "RFC6455-5.4-07"],
    events: [text(repeated("*", 1000))],
    act: (script) => script.message(repeated("*", 1000), { fragmentSize: 1 }),
  }),
  impossible("a message of 2^63 octets", Binary, 1n << 63n, [1002, 1009]),
  impossible("a message of 2^64 - 1 octets", Binary, (1n << 64n) - 1n, [1002, 1009]),
  impossible("a message of 2^63 + 5 octets", Text, (1n << 63n) + 5n, [1002, 1009]),
  impossible("a Ping of 126 octets", Ping, 126n, [1002]),
  impossible("a Ping of 65536 octets", Ping, 65536n, [1002]),
  impossible("a Ping of 2^63 octets", Ping, 1n << 63n, [1002]),
  impossible("a Pong of 2^32 + 5 octets", Pong, (1n << 32n) + 5n, [1002]),
  impossible("a Close of 126 octets", Close, 126n, [1002]),
  impossible("a Close of 2^32 octets", Close, 1n << 32n, [1002]),
  isFree({
    description: "Send the header of a message of 2^62 octets, and five of them.",
    requirements: ["RFC6455-5.2-05", "RFC6455-10.4-01"],
    act: (script) => script.openFrame(Binary, 0, { length: 1n << 62n, lengthBits: 64 })(HELLO),
  }),
  roundabout(0, 16),
  roundabout(5, 16),
  roundabout(125, 16),
  roundabout(0, 64),
  roundabout(5, 64),
  roundabout(126, 64),
  roundabout(65535, 64),
  roundabout(5, 16, Ping),
  roundabout(2, 64, Close),
]);
