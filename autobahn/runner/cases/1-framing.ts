/**
 * Category 1 — Framing: messages around the three forms of the length (RFC 6455 §5.2) come back as they were.
 * Next: 2-pings.ts.
 */

import type { Case } from "../case.ts";
import { repeated } from "../data.ts";
import { Opcode } from "../wire.ts";
import { binary, JUDGE_CLOSES, text } from "./expectations.ts";

/** Length, how it is chopped, and the seconds that it may take. */
const SHAPES: readonly (readonly [length: number, seconds: number, chop?: number])[] = [
  [0, 1],
  [125, 1],
  [126, 1],
  [127, 1],
  [128, 1],
  [65535, 10],
  [65536, 10],
  [65536, 10, 997],
];

const KINDS = [
  { id: "1.1", name: "Text", opcode: Opcode.Text, fill: "*", echo: text },
  { id: "1.2", name: "Binary", opcode: Opcode.Binary, fill: Uint8Array.of(0xfe), echo: binary },
] as const;

export const framing: readonly Case[] = KINDS.flatMap(({ id, name, opcode, fill, echo }) =>
  SHAPES.map(([length, seconds, chop], at): Case => {
    const payload = repeated(fill, length);
    return {
      id: `${id}.${at + 1}`,
      category: "Framing",
      subCategory: `${name} Messages`,
      description:
        `Send a ${name.toLowerCase()} message of ${length} octets` +
        (chop === undefined ? "." : `, in chops of ${chop} octets.`),
      expectation: "The message comes back as it was sent. Clean close with normal code.",
      expected: { OK: [echo(payload)] },
      close: JUDGE_CLOSES,
      script(script) {
        script.frame(opcode, payload, chop === undefined ? {} : { chop });
        script.killAfter(seconds);
      },
    };
  }),
);
