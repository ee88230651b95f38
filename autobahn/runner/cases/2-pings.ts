/**
 * Category 2 — Pings and Pongs (RFC 6455 §5.5.2, §5.5.3): a Ping is answered with its payload, a Pong with nothing.
 * Next: 3-reserved-bits.ts.
 */

import type { Case, Script } from "../case.ts";
import { fromHex, repeated } from "../data.ts";
import { Opcode } from "../wire.ts";
import { BY_OCTET, JUDGE_CLOSES, type Pieces, peerFails, pong, WHOLE } from "./expectations.ts";

const CATEGORY = "Pings/Pongs";
const UNSOLICITED = "unsolicited pong payload";
const LONGEST = repeated(Uint8Array.of(0xfe), 125);
const TEN = Array.from({ length: 10 }, (_, index) => `payload-${index}`);

function ping(id: string, what: string, payload: string | Uint8Array, seconds = 1, pieces = WHOLE): Case {
  return {
    id,
    category: CATEGORY,
    description: `Send a Ping ${what}.`,
    expectation: "A Pong with the same payload. Clean close with normal code.",
    expected: { OK: [pong(payload)] },
    close: JUDGE_CLOSES,
    script(script) {
      script.frame(Opcode.Ping, payload, pieces);
      script.closeAfter(seconds);
    },
  };
}

function unsolicitedPong(id: string, what: string, payload: string): Case {
  return {
    id,
    category: CATEGORY,
    description: `Send a Pong ${what} that nobody asked for, and close.`,
    expectation: "Nothing. Clean close with normal code.",
    expected: { OK: [] },
    close: JUDGE_CLOSES,
    script(script) {
      script.frame(Opcode.Pong, payload);
      script.close(1000);
      script.closeAfter(1);
    },
  };
}

function tenPings(id: string, how: string, pieces: Pieces): Case {
  return {
    id,
    category: CATEGORY,
    description: `Send ten Pings with different payloads${how}.`,
    expectation:
      "Ten Pongs, in order. RFC 6455 asks for the last one only; the suite asks for all. Clean close.",
    expected: { OK: TEN.map(pong) },
    close: JUDGE_CLOSES,
    script(script) {
      for (const payload of TEN) script.frame(Opcode.Ping, payload, pieces);
      script.closeAfter(3);
    },
  };
}

export const pings: readonly Case[] = [
  ping("2.1", "without a payload", ""),
  ping("2.2", "with a short text", "Hello, world!"),
  ping("2.3", "with octets that are not UTF-8", fromHex("00fffefdfcfb00ff")),
  ping("2.4", "with 125 octets", LONGEST),
  {
    id: "2.5",
    category: CATEGORY,
    description: "Send a Ping with 126 octets.",
    expectation: "The connection is failed at once (1002): control frames have at most 125 octets.",
    expected: { OK: [] },
    close: peerFails(1002),
    script(script) {
      script.frame(Opcode.Ping, repeated(Uint8Array.of(0xfe), 126));
      script.killAfter(1);
    },
  },
  ping("2.6", "with 125 octets, one by one", LONGEST, 2, BY_OCTET),
  unsolicitedPong("2.7", "without a payload", ""),
  unsolicitedPong("2.8", "with a payload", UNSOLICITED),
  {
    id: "2.9",
    category: CATEGORY,
    description: "Send a Pong that nobody asked for, then a Ping.",
    expectation: "A Pong for the Ping, and nothing else. Clean close with normal code.",
    expected: { OK: [pong("ping payload")] },
    close: JUDGE_CLOSES,
    script(script: Script) {
      script.frame(Opcode.Pong, UNSOLICITED);
      script.frame(Opcode.Ping, "ping payload");
      script.closeAfter(1);
    },
  },
  tenPings("2.10", "", WHOLE),
  tenPings("2.11", ", octet by octet", BY_OCTET),
];
