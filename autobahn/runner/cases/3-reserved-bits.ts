/**
 * Category 3 — Reserved bits (RFC 6455 §5.2): a bit that nobody has given a meaning fails the connection, and what
 * came before it counts. Next: 4-opcodes.ts.
 */

import type { Case } from "../case.ts";
import { fromHex } from "../data.ts";
import { Opcode } from "../wire.ts";
import { BY_FRAME, BY_OCTET, inPieces, type Pieces, peerFails, text, WHOLE } from "./expectations.ts";

const CATEGORY = "Reserved Bits";
const HELLO = "Hello, world!";
const AT_ONCE = "The connection is failed at once (1002): no extension gives these bits a meaning.";

function alone(id: string, opcode: number, name: string, rsv: number, payload: string | Uint8Array): Case {
  return {
    id,
    category: CATEGORY,
    description: `Send a ${name} frame with RSV = ${rsv}.`,
    expectation: AT_ONCE,
    expected: { OK: [] },
    close: peerFails(1002),
    script(script) {
      script.frame(opcode, payload, { rsv });
      script.killAfter(1);
    },
  };
}

function behindGood(id: string, rsv: number, pieces: Pieces): Case {
  return {
    id,
    category: CATEGORY,
    description: `Send a text message, then another with RSV = ${rsv}, then a Ping.${inPieces(pieces)}`,
    expectation: `The first message comes back. ${AT_ONCE} There is no Pong.`,
    expected: { OK: [text(HELLO)], "NON-STRICT": [] },
    close: peerFails(1002),
    script(script) {
      script.frame(Opcode.Text, HELLO, pieces);
      script.frame(Opcode.Text, HELLO, { ...pieces, rsv });
      script.frame(Opcode.Ping, "", pieces);
      script.killAfter(1);
    },
  };
}

export const reservedBits: readonly Case[] = [
  alone("3.1", Opcode.Text, "text", 1, HELLO),
  behindGood("3.2", 2, WHOLE),
  behindGood("3.3", 3, BY_FRAME),
  behindGood("3.4", 4, BY_OCTET),
  alone("3.5", Opcode.Binary, "binary", 5, fromHex("00fffefdfcfb00ff")),
  alone("3.6", Opcode.Binary, "binary", 6, HELLO),
  alone("3.7", Opcode.Close, "Close", 7, ""),
];
