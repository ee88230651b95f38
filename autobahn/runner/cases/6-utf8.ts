/**
 * Category 6 — UTF-8 (RFC 6455 §8.1; RFC 3629): text that is valid comes back, and text that is not fails the
 * connection — as soon as it is known, if the peer is strict. The sequences are those of Markus Kuhn's well-known
 * decoder test. Next: 7-close.ts.
 */

import type { Case, ExpectedClose, Payload, Script } from "../case.ts";
import { fromHex } from "../data.ts";
import { Opcode } from "../wire.ts";
import { JUDGE_CLOSES, peerFails, text, timeout } from "./expectations.ts";

const CATEGORY = "UTF-8 Handling";
const { Continuation, Text } = Opcode;

/** κόσμε, with the accented letter of polytonic Greek, which takes three octets. */
const KOSME = "κ\u1f79σμε";
const GREETING = "Hello-µ@ßöäüàá-UTF-8!!";
/** A word, a surrogate, and another word. */
const BROKEN = fromHex("cebae1bdb9cf83cebcceb5eda080656469746564");

const ECHOED = "The message comes back.";
const REFUSED = "The connection is failed at once (1007): this is not valid UTF-8.";
const PEER_REFUSES: ExpectedClose = { ...peerFails(1007), closedByWrongEndpointIsFatal: true };

// --- 6.1 to 6.3: fragmented text ------------------------------------------------------------------------------

function fragmented(id: string, subCategory: string, what: string, parts: readonly string[]): Case {
  return {
    id,
    category: CATEGORY,
    subCategory,
    description: `Send ${what}.`,
    expectation: ECHOED,
    expected: { OK: [text(parts.join(""))] },
    close: JUDGE_CLOSES,
    script(script) {
      parts.forEach((part, at) => {
        script.frame(at === 0 ? Text : Continuation, part, { fin: at === parts.length - 1 });
      });
      script.closeAfter(1);
    },
  };
}

function byOctets(id: string, message: string): Case {
  return {
    ...fragmented(id, CUT, `${message} in frames of one octet`, [message]),
    script(script) {
      script.message(message, { fragmentSize: 1 });
      script.closeAfter(1);
    },
  };
}

function broken(id: string, how: string, fragmentSize?: number): Case {
  return {
    id,
    category: CATEGORY,
    subCategory: "Invalid UTF-8 differently fragmented",
    description: `Send text with a surrogate in its middle, ${how}.`,
    expectation: REFUSED,
    expected: { OK: [] },
    close: PEER_REFUSES,
    script(script) {
      script.message(BROKEN, { fragmentSize });
      script.killAfter(1);
    },
  };
}

const EMPTY = "Valid UTF-8 with zero payload fragments";
const CUT = "Valid UTF-8 unfragmented, fragmented on code-points and within code-points";

const fragmentedText: readonly Case[] = [
  fragmented("6.1.1", EMPTY, "an empty text", [""]),
  fragmented("6.1.2", EMPTY, "three empty fragments", ["", "", ""]),
  fragmented("6.1.3", EMPTY, "three fragments, the first and the last of them empty", [
    "",
    "middle frame payload",
    "",
  ]),
  fragmented("6.2.1", CUT, `${GREETING} in one frame`, [GREETING]),
  fragmented("6.2.2", CUT, `${GREETING} in two frames, cut between code points`, [
    "Hello-µ@ßöä",
    "üàá-UTF-8!!",
  ]),
  byOctets("6.2.3", GREETING),
  byOctets("6.2.4", KOSME),
  broken("6.3.1", "in one frame"),
  broken("6.3.2", "in frames of one octet", 1),
];

// --- 6.4: how fast a peer fails -------------------------------------------------------------------------------

/** Good, impossible from here on, and the rest. */
type Parts = readonly [good: string, bad: string, rest: string];

/** The second part holds a code point beyond U+10FFFF: whole, or just up to the octet that gives it away. */
const WHOLE_SEQUENCE: Parts = ["cebae1bdb9cf83cebcceb5", "f4908080", "656469746564"];
const FIRST_OCTET: Parts = ["cebae1bdb9cf83cebcceb5f4", "90", "8080656469746564"];

function failFast(
  id: string,
  how: string,
  parts: Parts,
  sender: (script: Script) => (part: Payload, at: number) => void,
): Case {
  const octets = parts.map(fromHex);
  return {
    id,
    category: CATEGORY,
    subCategory: "Fail-fast on invalid UTF-8",
    description:
      `Send text in three parts, with a second between them, as ${how}: ${parts.join(", ")}. The first is valid, ` +
      "the second makes it invalid.",
    expectation:
      "The first part is taken. The second one is refused at once (1007); at the latest the message as a whole is.",
    expected: { OK: [timeout("A")], "NON-STRICT": [timeout("A"), timeout("B")] },
    close: PEER_REFUSES,
    script(script) {
      const send = sender(script);
      const [good, bad, rest] = octets as [Uint8Array, Uint8Array, Uint8Array];
      send(good, 0);
      const second = (): void => {
        send(bad, 1);
        script.wait(1, last, "B");
      };
      const last = (): void => {
        send(rest, 2);
        script.killAfter(1);
      };
      script.wait(1, second, "A");
    },
  };
}

const asFrames = (script: Script) => (part: Payload, at: number) =>
  script.frame(at === 0 ? Text : Continuation, part, { fin: at === 2 });

/** One frame that does not end the message, in pieces; then an empty one that does. */
const asPieces = (script: Script) => {
  const piece = script.openFrame(Text, 21, { fin: false });
  return (part: Payload, at: number): void => {
    piece(part);
    if (at === 2) script.frame(Continuation, "");
  };
};

const failFastText: readonly Case[] = [
  failFast("6.4.1", "three frames", WHOLE_SEQUENCE, asFrames),
  failFast("6.4.2", "three frames", FIRST_OCTET, asFrames),
  failFast("6.4.3", "pieces of one frame", WHOLE_SEQUENCE, asPieces),
  failFast("6.4.4", "pieces of one frame", FIRST_OCTET, asPieces),
];

// --- 6.5 to 6.23: sequences -----------------------------------------------------------------------------------

/** Octets in hexadecimal, in the order of the cases; a "!" in front of those that are not valid. */
interface Group {
  readonly name: string;
  readonly sequences: readonly string[];
}

function group(name: string, sequences: string): Group {
  return { name, sequences: sequences.trim().split(/\s+/) };
}

function hexOf(text: string): string {
  return Buffer.from(text).toString("hex");
}

/** A start octet with nothing behind it but a space, for each in a range. */
function lonely(first: number, last: number): string {
  let hex = "!";
  for (let start = first; start <= last; start++) hex += `${start.toString(16)}20`;
  return hex;
}

/** Continuation octets that continue nothing, from 0x80. */
function continuations(count: number): string {
  return `!${Buffer.from(Array.from({ length: count }, (_, index) => 0x80 + index)).toString("hex")}`;
}

/** The last two code points of each plane. */
function nonCharacters(): string[] {
  return Array.from({ length: 17 }, (_, plane) => [0xfffe, 0xffff].map((low) => plane * 0x10000 + low))
    .flat()
    .map((point) => hexOf(String.fromCodePoint(point)));
}

/** 6.5 first. */
const GROUPS: readonly Group[] = [
  {
    name: "Some valid UTF-8 sequences",
    sequences: ["hello$world", "hello¢world", "hello€world", "hello𤭢world", KOSME].map(hexOf),
  },
  group(
    "All prefixes of a valid UTF-8 string that contains multi-byte code points",
    `!ce ceba !cebae1 !cebae1bd cebae1bdb9 !cebae1bdb9cf cebae1bdb9cf83 !cebae1bdb9cf83ce cebae1bdb9cf83cebc
     !cebae1bdb9cf83cebcce cebae1bdb9cf83cebcceb5`,
  ),
  group("First possible sequence of a certain length", "00 c280 e0a080 f0908080"),
  group("First possible sequence length 5/6 (invalid codepoints)", "!f888808080 !fc8480808080"),
  group("Last possible sequence of a certain length", "7f dfbf efbfbf f48fbfbf"),
  group("Last possible sequence length 4/5/6 (invalid codepoints)", "!f7bfbfbf !fbbfbfbfbf !fdbfbfbfbfbf"),
  group("Other boundary conditions", "ed9fbf ee8080 efbfbd f48fbfbf !f4908080"),
  group(
    "Unexpected continuation bytes",
    `!80 !bf !80bf !80bf80 !80bf80bf !80bf80bf80 !80bf80bf80bf ${continuations(63)}`,
  ),
  {
    name: "Lonely start characters",
    sequences: [
      lonely(0xc0, 0xde),
      lonely(0xe0, 0xee),
      lonely(0xf0, 0xf6),
      lonely(0xf8, 0xfa),
      lonely(0xfc, 0xfc),
    ],
  },
  group(
    "Sequences with last continuation byte missing",
    "!c0 !e080 !f08080 !f8808080 !fc80808080 !df !efbf !f7bfbf !fbbfbfbf !fdbfbfbfbf",
  ),
  group(
    "Concatenation of incomplete sequences",
    "!c0e080f08080f8808080fc80808080dfefbff7bfbffbbfbfbffdbfbfbfbf",
  ),
  group("Impossible bytes", "!fe !ff !fefeffff"),
  group("Examples of an overlong ASCII character", "!c0af !e080af !f08080af !f8808080af !fc80808080af"),
  group("Maximum overlong sequences", "!c1bf !e09fbf !f08fbfbf !f887bfbfbf !fc83bfbfbfbf"),
  group("Overlong representation of the NUL character", "!c080 !e08080 !f0808080 !f880808080 !fc8080808080"),
  group("Single UTF-16 surrogates", "!eda080 !edadbf !edae80 !edafbf !edb080 !edbe80 !edbfbf"),
  group(
    "Paired UTF-16 surrogates",
    `!eda080edb080 !eda080edbfbf !edadbfedb080 !edadbfedbfbf !edae80edb080 !edae80edbfbf !edafbfedb080
     !edafbfedbfbf`,
  ),
  { name: "Non-character code points (valid UTF-8)", sequences: nonCharacters() },
  group("Unicode specials (i.e. replacement char)", "efbfb9 efbfba efbfbb efbfbc efbfbd efbfbe efbfbf"),
];

const sequences: readonly Case[] = GROUPS.flatMap(({ name, sequences }, group) =>
  sequences.map((sequence, at): Case => {
    const isValid = !sequence.startsWith("!");
    const hex = isValid ? sequence : sequence.slice(1);
    const payload = fromHex(hex);
    return {
      id: `6.${5 + group}.${at + 1}`,
      category: CATEGORY,
      subCategory: name,
      description: `Send text that is ${isValid ? "" : "not "}valid UTF-8, in one frame: 0x${hex}`,
      expectation: isValid ? ECHOED : REFUSED,
      expected: { OK: isValid ? [text(payload)] : [] },
      close: isValid ? JUDGE_CLOSES : PEER_REFUSES,
      script(script) {
        script.message(payload);
        script.killAfter(0.5);
      },
    };
  }),
);

export const utf8: readonly Case[] = [...fragmentedText, ...failFastText, ...sequences];
