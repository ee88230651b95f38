/**
 * Categories 112 and 113 — Compressed messages (RFC 7692 §6, §7.2): every kind of block and every cut that a sender
 * may choose, with control frames in between; and reserved bits and data that are wrong. The octets are written by
 * hand, and mean the same with any window. Next: 114-windows.ts.
 */

import type { Case, Event, Script } from "../case.ts";
import { fromHex, repeated } from "../data.ts";
import { Opcode } from "../wire.ts";
import { ANY, answers, chapter, type Draft, fails, isFree } from "./beyond.ts";
import { binary, pong, text } from "./expectations.ts";

const { Continuation, Text, Binary, Close, Ping, Pong } = Opcode;
const RSV1 = 4;
const HELLO = "Hello";

/** "Hello" in all ways: RFC 7692 §7.2.3, and some more. */
const FIXED = fromHex("f248cdc9c90700");
const FINAL = fromHex("f348cdc9c9070000");
const STORED = fromHex("000500faff48656c6c6f00");
const TWO_BLOCKS = fromHex("f2480500 0000ffff cac9c90700".replaceAll(" ", ""));
const EMPTY = Uint8Array.of(0x00);
/** An empty stored block in the middle of a message. */
const FLUSH = fromHex("000000ffff");

// --- 112: right -----------------------------------------------------------------------------------------------

function good(
  description: string,
  requirements: readonly string[],
  events: readonly Event[],
  act: (script: Script) => void,
): Draft {
  return answers({ compression: ANY, description, requirements, events, act, seconds: 5 });
}

function whole(
  what: string,
  payload: Uint8Array,
  message: string,
  ...requirements: readonly string[]
): Draft {
  return good(`Send ${what}.`, ["RFC7692-7.2.2-01", ...requirements], [text(message)], (script) =>
    script.frame(Text, payload, { rsv: RSV1 }),
  );
}

/** RSV1 stands on the first frame, and only there (§6.1). */
function inFragments(
  script: Script,
  pieces: readonly Uint8Array[],
  between?: () => void,
  opcode: number = Text,
): void {
  pieces.forEach((piece, at) => {
    const isFirst = at === 0;
    script.frame(isFirst ? opcode : Continuation, piece, {
      rsv: isFirst ? RSV1 : 0,
      fin: at === pieces.length - 1,
    });
    if (at < pieces.length - 1) between?.();
  });
}

const octets = (payload: Uint8Array): Uint8Array[] => [...payload].map((octet) => Uint8Array.of(octet));
const joined = (...parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));
const stored = (message: string): Uint8Array => {
  const payload = Buffer.from(message);
  const { length } = payload;
  return joined(Uint8Array.of(0, length & 255, length >> 8, ~length & 255, (~length >> 8) & 255), payload);
};

const FRAGMENTED = ["RFC7692-6.2-01", "RFC7692-6.1-03"];
const INTERRUPTED = [...FRAGMENTED, "RFC6455-5.4-05", "RFC7692-6-01"];
const EITHER = ["RFC7692-6-02", "RFC7692-6.2-02"];

export const compressedMessages: readonly Case[] = chapter(112, "Compressed messages", [
  whole("a block with fixed codes", FIXED, HELLO, "RFC7692-7.2.3-01"),
  whole("a stored block", STORED, HELLO, "RFC7692-7.2.3-01", "RFC7692-7.2.1-03"),
  whole("two blocks", TWO_BLOCKS, HELLO, "RFC7692-7.2.3-01", "RFC7692-7.2.1-02"),
  whole("a block with BFINAL", FINAL, HELLO, "RFC7692-7.2.3-01", "RFC7692-7.2.1-04"),
  whole("an empty message in one octet, 00", EMPTY, "", "RFC7692-7.2.3-01"),
  whole("an empty message in two octets, 02 00", fromHex("0200"), "", "RFC7692-7.2.2-01"),
  whole(
    "a hundred empty stored blocks, and a message",
    joined(...Array.from({ length: 100 }, () => FLUSH), FIXED),
    HELLO,
    "RFC7692-7.2.1-02",
  ),
  whole(
    "a stored block for each letter",
    joined(...[...HELLO].map(stored), EMPTY),
    HELLO,
    "RFC7692-7.2.1-02",
    "RFC7692-7.2.1-03",
  ),
  whole(
    "a stored block, and one with fixed codes",
    joined(stored("Oh. "), FIXED),
    `Oh. ${HELLO}`,
    "RFC7692-7.2.1-02",
  ),
  good(
    "Send a block with BFINAL, and another message.",
    ["RFC7692-7.2.1-04", "RFC7692-7.2.3-01"],
    [text(HELLO), text(HELLO)],
    (script) => {
      script.frame(Text, FINAL, { rsv: RSV1 });
      script.frame(Text, FIXED, { rsv: RSV1 });
    },
  ),
  good("Send a binary message.", ["RFC7692-6.1-05"], [binary(Buffer.from(HELLO))], (script) =>
    script.frame(Binary, FIXED, { rsv: RSV1 }),
  ),
  good("Send a message that is not compressed.", EITHER, [text(HELLO)], (script) =>
    script.frame(Text, HELLO),
  ),
  good("Send a fragmented message that is not compressed.", EITHER, [text(HELLO)], (script) => {
    script.frame(Text, HELLO.slice(0, 2), { fin: false });
    script.frame(Continuation, HELLO.slice(2));
  }),
  good(
    "Send four messages, the second and the fourth of them compressed.",
    EITHER,
    ["1", HELLO, "3", HELLO].map((message) => text(message)),
    (script) => {
      script.frame(Text, "1");
      script.frame(Text, FIXED, { rsv: RSV1 });
      script.frame(Text, "3");
      script.frame(Text, STORED, { rsv: RSV1 });
    },
  ),
  good("Send a block in two fragments (RFC 7692 §7.2.3.1).", FRAGMENTED, [text(HELLO)], (script) =>
    inFragments(script, [FIXED.subarray(0, 3), FIXED.subarray(3)]),
  ),
  ...[FIXED, FINAL, STORED, TWO_BLOCKS].map((payload, at) =>
    good(
      `Send ${["a block with fixed codes", "a block with BFINAL", "a stored block", "two blocks"][at]}, in fragments of one octet.`,
      FRAGMENTED,
      [text(HELLO)],
      (script) => inFragments(script, octets(payload)),
    ),
  ),
  good("Send an empty fragment, and the message in the last one.", FRAGMENTED, [text(HELLO)], (script) =>
    inFragments(script, [new Uint8Array(0), FIXED]),
  ),
  good("Send the message in the first fragment, and an empty one.", FRAGMENTED, [text(HELLO)], (script) =>
    inFragments(script, [FIXED, new Uint8Array(0)]),
  ),
  good("Send empty fragments between those that are not.", FRAGMENTED, [text(HELLO)], (script) =>
    inFragments(
      script,
      octets(FIXED).flatMap((octet) => [new Uint8Array(0), octet]),
    ),
  ),
  good(
    "Send fragments of one octet, and a Ping behind each.",
    INTERRUPTED,
    [...Array.from({ length: FIXED.length - 1 }, () => pong("?")), text(HELLO)],
    (script) => inFragments(script, octets(FIXED), () => script.frame(Ping, "?")),
  ),
  good("Send fragments of one octet, and a Pong behind each.", INTERRUPTED, [text(HELLO)], (script) =>
    inFragments(script, octets(FIXED), () => script.frame(Pong, HELLO)),
  ),
  good(
    "Send a Ping whose payload looks compressed, inside a compressed message.",
    INTERRUPTED,
    [pong(FIXED), text(HELLO)],
    (script) =>
      inFragments(script, [FIXED.subarray(0, 3), FIXED.subarray(3)], () => script.frame(Ping, FIXED)),
  ),
  good(
    "Send a letter of four octets whose compressed octets come in two fragments.",
    ["RFC7692-6.1-05", "RFC6455-5.6-01"],
    [text("𝄞")],
    (script) => {
      const payload = joined(stored("𝄞"), EMPTY);
      inFragments(script, [payload.subarray(0, 7), payload.subarray(7)]);
    },
  ),
  good(
    "Send 64 KiB that compress well, in codes of their own.",
    ["RFC7692-7.2.2-01", "RFC7692-7.2.1-03"],
    [text(repeated("Ceci n'est pas une trame. ", 65536))],
    (script) => {
      const message = repeated("Ceci n'est pas une trame. ", 65536);
      script.frame(Text, script.deflate([message]).next().value, { rsv: RSV1 });
    },
  ),
  good("Send the octets one by one.", ["RFC7692-7.2.2-01", "RFC6455-6.2-01"], [text(HELLO)], (script) =>
    script.frame(Text, FIXED, { rsv: RSV1, chop: 1 }),
  ),
]);

// --- 113: wrong -----------------------------------------------------------------------------------------------

function bad(
  description: string,
  requirements: readonly string[],
  act: (script: Script) => void,
  codes: readonly number[] = [1002],
  before: readonly Event[] = [],
): Draft {
  return fails({ compression: ANY, description, requirements, codes, act, before });
}

const UNDEFINED_BIT = ["RFC6455-5.2-02", "RFC6455-5.2-03"];
const WRONG_PLACE = ["RFC7692-6.1-03", "RFC7692-6.1-04"];
/** No RFC names a code for data that cannot be decompressed. */
const NO_DATA = [1002, 1003, 1007, 1008, 1011];

/** The octets are no message: the peer cannot deliver anything. */
function undecodable(what: string, payload: Uint8Array): Draft {
  return bad(
    `Send ${what}.`,
    ["RFC7692-7.2.2-01", "RFC6455-10.7-01"],
    (script) => script.frame(Text, payload, { rsv: RSV1 }),
    NO_DATA,
  );
}

function notText(what: string, act: (script: Script) => void): Draft {
  return bad(`Send ${what}.`, ["RFC7692-6.1-05", "RFC6455-8.1-01"], act, [1007]);
}

export const compressedFaults: readonly Case[] = chapter(113, "Compressed messages that are wrong", [
  bad("Send a Ping with RSV1.", WRONG_PLACE, (script) => script.frame(Ping, "", { rsv: RSV1 })),
  bad("Send a compressed Ping.", WRONG_PLACE, (script) => script.frame(Ping, FIXED, { rsv: RSV1 })),
  bad("Send a compressed Pong.", WRONG_PLACE, (script) => script.frame(Pong, FIXED, { rsv: RSV1 })),
  bad("Send a Close with RSV1.", WRONG_PLACE, (script) =>
    script.frame(Close, Uint8Array.of(3, 232), { rsv: RSV1 }),
  ),
  bad("Send a Ping with RSV1 inside a compressed message.", WRONG_PLACE, (script) =>
    inFragments(script, [FIXED.subarray(0, 3), FIXED.subarray(3)], () =>
      script.frame(Ping, "", { rsv: RSV1 }),
    ),
  ),
  bad("Send RSV1 on the second fragment as well.", WRONG_PLACE, (script) => {
    script.frame(Text, FIXED.subarray(0, 3), { rsv: RSV1, fin: false });
    script.frame(Continuation, FIXED.subarray(3), { rsv: RSV1 });
  }),
  bad("Send RSV1 on the second fragment only.", WRONG_PLACE, (script) => {
    script.frame(Text, HELLO, { fin: false });
    script.frame(Continuation, FIXED, { rsv: RSV1 });
  }),
  bad("Send RSV1 on an empty last fragment.", WRONG_PLACE, (script) => {
    script.frame(Text, FIXED, { rsv: RSV1, fin: false });
    script.frame(Continuation, "", { rsv: RSV1 });
  }),
  bad(
    "Send a continuation with RSV1, and nothing to continue.",
    [...WRONG_PLACE, "RFC6455-5.4-13"],
    (script) => script.frame(Continuation, FIXED, { rsv: RSV1 }),
  ),
  bad(
    "Send a compressed message inside a fragmented one.",
    ["RFC6455-5.4-04", "RFC6455-5.4-13"],
    (script) => {
      script.frame(Text, FIXED.subarray(0, 3), { rsv: RSV1, fin: false });
      script.frame(Text, FIXED, { rsv: RSV1 });
    },
  ),
  ...[1, 2, 3, 5, 6, 7].map((rsv) =>
    bad(`Send a text message with RSV = ${rsv}.`, UNDEFINED_BIT, (script) =>
      script.frame(Text, rsv & RSV1 ? FIXED : HELLO, { rsv }),
    ),
  ),
  bad("Send a compressed message with RSV2 on its last fragment.", UNDEFINED_BIT, (script) => {
    script.frame(Text, FIXED.subarray(0, 3), { rsv: RSV1, fin: false });
    script.frame(Continuation, FIXED.subarray(3), { rsv: 2 });
  }),
  bad("Send a Ping with RSV3.", UNDEFINED_BIT, (script) => script.frame(Ping, "", { rsv: 1 })),
  bad("Send a frame with RSV1 and opcode 3.", ["RFC6455-5.2-04"], (script) =>
    script.frame(3, FIXED, { rsv: RSV1 }),
  ),
  bad(
    "Send a good compressed message, and one with RSV1 and RSV2 behind it.",
    UNDEFINED_BIT,
    (script) => {
      script.frame(Text, FIXED, { rsv: RSV1 });
      script.frame(Text, FIXED, { rsv: 6 });
    },
    [1002],
    [text(HELLO)],
  ),
  undecodable("a block of a type that does not exist", Uint8Array.of(0x06, 0x00)),
  undecodable("a stored block whose lengths do not agree", fromHex("0005000000")),
  undecodable(
    "a stored block whose lengths do not agree, with five octets",
    fromHex("000500faee48656c6c6f00"),
  ),
  undecodable("a copy from before the first octet", fromHex("f200110000")),
  undecodable("a block whose codes contradict each other", fromHex("04ffffffffffffffffffff")),
  undecodable("text with RSV1", Buffer.from("This is not compressed at all.")),
  notText("an octet ff, in a stored block", (script) =>
    script.frame(Text, fromHex("000100feffff00"), { rsv: RSV1 }),
  ),
  notText("half of a surrogate pair, in a stored block", (script) =>
    script.frame(Text, fromHex("000300fcffeda08000"), { rsv: RSV1 }),
  ),
  notText("a message that ends inside a letter", (script) =>
    script.frame(Text, fromHex("000300fcfff09d8400"), { rsv: RSV1 }),
  ),
  notText("an octet ff that is not compressed, in two fragments", (script) => {
    script.frame(Text, "", { fin: false });
    script.frame(Continuation, Uint8Array.of(0xff));
  }),
  isFree({
    compression: ANY,
    description: "Send a stored block that lacks half of its octets.",
    requirements: ["RFC7692-7.2.2-01"],
    act: (script) => script.frame(Text, fromHex("000a00f5ff48656c6c6f"), { rsv: RSV1 }),
  }),
  isFree({
    compression: ANY,
    description: "Send a block with BFINAL, and more blocks behind it in the same message.",
    requirements: ["RFC7692-7.2.1-04"],
    act: (script) => script.frame(Text, joined(fromHex("f348cdc9c90700"), FIXED), { rsv: RSV1 }),
  }),
  isFree({
    compression: ANY,
    description: "Send a compressed message without a single octet.",
    requirements: ["RFC7692-7.2.2-01"],
    act: (script) => script.frame(Text, "", { rsv: RSV1 }),
  }),
]);
