/**
 * Category 7 — Closing (RFC 6455 §5.5.1, §7): what follows a Close, what a Close may say, and what is answered.
 * Next: 9-limits.ts.
 */

import type { Case, ExpectedClose, Payload, Script } from "../case.ts";
import { fromHex, repeated } from "../data.ts";
import { Opcode } from "../wire.ts";
import { JUDGE_CLOSES, text } from "./expectations.ts";

const CATEGORY = "Close Handling";
const HELLO = "Hello World!";
const { Continuation, Text, Close, Ping } = Opcode;

/** The judge closes in a wrong way: the peer may say so, or just end TCP. */
function refused(...codes: number[]): ExpectedClose {
  return { closedByMe: true, closeCode: codes, requireClean: false };
}

interface Outline {
  readonly id: string;
  readonly subCategory: string;
  readonly description: string;
  readonly expectation: string;
  readonly close?: ExpectedClose;
  readonly act: (script: Script) => void;
}

function closing({ close = JUDGE_CLOSES, act, ...outline }: Outline): Case {
  return {
    ...outline,
    category: CATEGORY,
    expected: { OK: [] },
    close,
    codeIsBehavior: true,
    script(script) {
      act(script);
      script.killAfter(1);
    },
  };
}

// --- 7.1: frames behind a Close -------------------------------------------------------------------------------

const BEHAVIOR = "Basic close behavior (fuzzer initiated)";
const LARGE = repeated("BAsd7&jh23", 256 * 1024);

function behindClose(id: string, what: string, expectation: string, act: (script: Script) => void): Case {
  return closing({ id, subCategory: BEHAVIOR, description: `Send ${what}.`, expectation, act });
}

const behavior: readonly Case[] = [
  {
    ...behindClose("7.1.1", "a message, and close", "The message comes back. Clean close.", (script) =>
      script.frame(Text, HELLO),
    ),
    expected: { OK: [text(HELLO)] },
  },
  behindClose("7.1.2", "two Closes", "Clean close. The second one is ignored.", (script) => {
    script.close(1000);
    script.frame(Close, "");
  }),
  behindClose("7.1.3", "a Ping behind a Close", "Clean close, and no Pong.", (script) => {
    script.close(1000);
    script.frame(Ping, "");
  }),
  behindClose("7.1.4", "a message behind a Close", "Clean close. The message is ignored.", (script) => {
    script.close(1000);
    script.frame(Text, HELLO);
  }),
  behindClose("7.1.5", "a fragment, a Close, and the last fragment", "Clean close.", (script) => {
    script.frame(Text, "fragment1", { fin: false });
    script.close(1000);
    script.frame(Continuation, "fragment2");
  }),
  {
    ...behindClose(
      "7.1.6",
      "256 KiB, a short message, a Close and a Ping, all at once",
      "Whether anything comes back depends on when the peer looks at the Close.",
      (script) => {
        script.frame(Text, LARGE);
        script.frame(Text, HELLO);
        script.close(1000);
        script.frame(Ping, "");
      },
    ),
    expected: { OK: [text(HELLO)], "NON-STRICT": [] },
    codeIsBehavior: false,
    isInformational: true,
  },
];

// --- 7.3, 7.5: what a Close looks like ------------------------------------------------------------------------

const LENGTH = "Close frame structure: payload length (fuzzer initiated)";
const VALUE = "Close frame structure: payload value (fuzzer initiated)";
const CLEAN = "Clean close with normal code.";
const REFUSED = "The peer says that this is a protocol error, or ends TCP.";

function closeFrame(
  id: string,
  subCategory: string,
  what: string,
  code: number | undefined,
  reason: Payload,
  close = JUDGE_CLOSES,
): Case {
  return closing({
    id,
    subCategory,
    description: `Send a Close ${what}.`,
    expectation: close.requireClean ? CLEAN : REFUSED,
    close,
    act: (script) => script.close(code, reason),
  });
}

const structure: readonly Case[] = [
  closeFrame("7.3.1", LENGTH, "without a payload", undefined, ""),
  closeFrame("7.3.2", LENGTH, "with one octet", undefined, "a", refused(1002)),
  closeFrame("7.3.3", LENGTH, "with a code", 1000, ""),
  closeFrame("7.3.4", LENGTH, "with a code and a reason", 1000, HELLO),
  closeFrame("7.3.5", LENGTH, "with a code and the longest reason, of 123 octets", 1000, repeated("*", 123)),
  closeFrame("7.3.6", LENGTH, "with a reason that is too long", 1000, repeated("*", 124), refused(1002)),
  closeFrame(
    "7.5.1",
    VALUE,
    "with a reason that is not UTF-8",
    1000,
    fromHex("cebae1bdb9cf83cebcceb5eda080656469746564"),
    refused(1002, 1007),
  ),
];

// --- 7.7, 7.9, 7.13: close codes ------------------------------------------------------------------------------

function codes(
  id: string,
  subCategory: string,
  list: readonly number[],
  make: (code: number) => Partial<Case>,
) {
  return list.map(
    (code, at): Case => ({
      ...closing({
        id: `${id}.${at + 1}`,
        subCategory: `${subCategory} (fuzzer initiated)`,
        description: `Send a Close with the code ${code}.`,
        expectation: "",
        act: (script) => script.close(code),
      }),
      ...make(code),
    }),
  );
}

const VALID = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999];
const INVALID = [0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999];

const closeCodes: readonly Case[] = [
  ...codes("7.7", "Close frame structure: valid close codes", VALID, (code) => ({
    expectation: "Clean close, with the normal code or the same.",
    close: { ...JUDGE_CLOSES, closeCode: [1000, code] },
  })),
  ...codes("7.9", "Close frame structure: invalid close codes", INVALID, () => ({
    expectation: REFUSED,
    close: refused(1002),
  })),
  ...codes("7.13", "Informational close information", [5000, 65535], (code) => ({
    expectation: "RFC 6455 does not say what happens.",
    close: refused(1000, code, 1002),
    codeIsBehavior: false,
    isInformational: true,
  })),
];

export const closeHandling: readonly Case[] = [...behavior, ...structure, ...closeCodes];
