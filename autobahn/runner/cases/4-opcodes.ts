/**
 * Category 4 — Opcodes (RFC 6455 §5.2): one that is reserved fails the connection, and what came before it counts.
 * Next: 5-fragmentation.ts.
 */

import type { Case } from "../case.ts";
import { Opcode } from "../wire.ts";
import { BY_OCTET, inPieces, type Pieces, peerFails, text, WHOLE } from "./expectations.ts";

const HELLO = "Hello, world!";
const AT_ONCE = "The connection is failed at once (1002).";

/** In each half: the first opcode alone, the second with a payload, the others behind a good message. */
const HALVES = [
  { id: "4.1", name: "Non-control Opcodes", first: 3 },
  { id: "4.2", name: "Control Opcodes", first: 11 },
] as const;

export const opcodes: readonly Case[] = HALVES.flatMap(({ id, name, first }) => [
  alone(`${id}.1`, name, first, ""),
  alone(`${id}.2`, name, first + 1, "reserved opcode payload"),
  behindGood(`${id}.3`, name, first + 2, "", WHOLE),
  behindGood(`${id}.4`, name, first + 3, HELLO, WHOLE),
  behindGood(`${id}.5`, name, first + 4, HELLO, BY_OCTET),
]);

function alone(id: string, subCategory: string, opcode: number, payload: string): Case {
  return {
    id,
    category: "Opcodes",
    subCategory,
    description: `Send a frame with the reserved opcode ${opcode}${payload === "" ? "" : " and a payload"}.`,
    expectation: AT_ONCE,
    expected: { OK: [] },
    close: peerFails(1002),
    script(script) {
      script.frame(opcode, payload);
      script.killAfter(1);
    },
  };
}

function behindGood(id: string, subCategory: string, opcode: number, payload: string, pieces: Pieces): Case {
  return {
    id,
    category: "Opcodes",
    subCategory,
    description:
      `Send a text message, then a frame with the reserved opcode ${opcode}` +
      `${payload === "" ? "" : " and a payload"}, then a Ping.${inPieces(pieces)}`,
    expectation: `The message comes back. ${AT_ONCE} There is no Pong.`,
    expected: { OK: [text(HELLO)], "NON-STRICT": [] },
    close: peerFails(1002),
    script(script) {
      script.frame(Opcode.Text, HELLO, pieces);
      script.frame(opcode, payload, pieces);
      script.frame(Opcode.Ping, "", pieces);
      script.killAfter(1);
    },
  };
}
