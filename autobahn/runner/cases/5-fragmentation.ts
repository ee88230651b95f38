/**
 * Category 5 — Fragmentation (RFC 6455 §5.4): a message in pieces, control frames between them, and pieces of no
 * message at all. Next: 6-utf8.ts.
 */

import type { Case, Event, Script } from "../case.ts";
import { Opcode } from "../wire.ts";
import {
  BY_FRAME,
  BY_OCTET,
  inPieces,
  JUDGE_CLOSES,
  type Pieces,
  peerFails,
  pong,
  text,
  WHOLE,
} from "./expectations.ts";

const CATEGORY = "Fragmentation";
const { Continuation, Text, Ping, Pong } = Opcode;

/** A frame of a script: opcode, whether it ends its message, payload. */
type Piece = readonly [opcode: number, fin: boolean, payload: string];

const WAYS: readonly Pieces[] = [WHOLE, BY_FRAME, BY_OCTET];
const BOTH = "fragment1fragment2";

function sent(script: Script, frames: readonly Piece[], pieces: Pieces): void {
  for (const [opcode, fin, payload] of frames) script.frame(opcode, payload, { fin, ...pieces });
}

function good(
  id: string,
  what: string,
  frames: readonly Piece[],
  pieces: Pieces,
  OK: readonly Event[],
): Case {
  return {
    id,
    category: CATEGORY,
    description: `Send ${what}.${inPieces(pieces)}`,
    expectation: "The message comes back. A Ping is answered before the message is complete.",
    expected: { OK },
    close: JUDGE_CLOSES,
    script(script) {
      sent(script, frames, pieces);
      script.closeAfter(1);
    },
  };
}

function bad(
  id: string,
  what: string,
  why: string,
  frames: readonly Piece[],
  pieces = WHOLE,
  echo = "",
): Case {
  return {
    id,
    category: CATEGORY,
    description: `Send ${what}.${inPieces(pieces)}`,
    expectation: `${echo === "" ? "" : "The first message comes back. "}The connection is failed at once (1002): ${why}.`,
    expected: echo === "" ? { OK: [] } : { OK: [text(echo)], "NON-STRICT": [] },
    close: peerFails(1002),
    script(script) {
      sent(script, frames, pieces);
      script.killAfter(1);
    },
  };
}

const TWO: readonly Piece[] = [
  [Text, false, "fragment1"],
  [Continuation, true, "fragment2"],
];
const [FIRST, SECOND] = TWO as [Piece, Piece];
const NOTHING_TO_CONTINUE = "there is nothing to continue";

/** 5.9 to 5.14: a continuation of nothing, then a good message. */
const astray: readonly Case[] = [true, false].flatMap((fin, half) =>
  WAYS.map((pieces, way) =>
    bad(
      `5.${9 + 3 * half + way}`,
      `a continuation frame with FIN = ${fin} where there is nothing to continue, then a text message`,
      NOTHING_TO_CONTINUE,
      [
        [Continuation, fin, "non-continuation payload"],
        [Text, true, "Hello, world!"],
      ],
      pieces,
    ),
  ),
);

/** 5.16 and 5.17: twice the same. */
function astrayTwice(id: string, fin: boolean): Case {
  const once: readonly Piece[] = [
    [Continuation, fin, "fragment1"],
    [Text, false, "fragment2"],
    [Continuation, true, "fragment3"],
  ];
  const what = `twice: a continuation frame with FIN = ${fin}, then a text message in two fragments`;
  return bad(id, what, NOTHING_TO_CONTINUE, [...once, ...once]);
}

function patient(id: string, pieces: Pieces): Case {
  return {
    id,
    category: CATEGORY,
    description:
      "Send two fragments of a text message and a Ping; after a second two more fragments, another Ping, and the " +
      `last fragment.${inPieces(pieces)}`,
    expectation: "Each Ping is answered at once, with its payload; then the message comes back.",
    expected: {
      OK: [pong("pongme 1!"), pong("pongme 2!"), text("fragment1fragment2fragment3fragment4fragment5")],
    },
    close: JUDGE_CLOSES,
    script(script) {
      const part = (opcode: number, fin: boolean, payload: string): void =>
        script.frame(opcode, payload, { fin, ...pieces });
      part(Text, false, "fragment1");
      part(Continuation, false, "fragment2");
      part(Ping, true, "pongme 1!");
      script.wait(1, () => {
        part(Continuation, false, "fragment3");
        part(Continuation, false, "fragment4");
        part(Ping, true, "pongme 2!");
        part(Continuation, true, "fragment5");
        script.closeAfter(1);
      });
    },
  };
}

export const fragmentation: readonly Case[] = [
  ...(
    [
      ["5.1", Ping, "Ping"],
      ["5.2", Pong, "Pong"],
    ] as const
  ).map(([id, opcode, name]) =>
    bad(id, `a ${name} in two fragments`, "control frames are not fragmented", [
      [opcode, false, "fragment1"],
      SECOND,
    ]),
  ),
  ...WAYS.map((pieces, way) =>
    good(`5.${3 + way}`, "a text message in two fragments", TWO, pieces, [text(BOTH)]),
  ),
  ...WAYS.map((pieces, way) =>
    good(
      `5.${6 + way}`,
      "a text message in two fragments, with a Ping between them",
      [FIRST, [Ping, true, "ping payload"], SECOND],
      pieces,
      [pong("ping payload"), text(BOTH)],
    ),
  ),
  ...astray,
  bad(
    "5.15",
    "a text message in two fragments, then a continuation frame with FIN = false, then a text message",
    NOTHING_TO_CONTINUE,
    [...TWO, [Continuation, false, "fragment3"], [Text, true, "fragment4"]],
    WHOLE,
    BOTH,
  ),
  astrayTwice("5.16", false),
  astrayTwice("5.17", true),
  bad("5.18", "two text frames, the first with FIN = false", "the message goes on with opcode 0", [
    FIRST,
    [Text, true, "fragment2"],
  ]),
  patient("5.19", WHOLE),
  patient("5.20", BY_FRAME),
];
