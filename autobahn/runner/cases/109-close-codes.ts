/**
 * Category 109 — What a Close says (RFC 6455 §5.5.1, §7.4): every kind of code, at its edges, and reasons.
 *
 * A peer that answers a code which nobody may send with the same code sends it, too, and that is FAILED; one that
 * answers with another code has not noticed, and is NON-STRICT. Next: 110-negotiation.ts.
 */

import type { Case, Payload } from "../case.ts";
import { repeated } from "../data.ts";
import { ANY_CODE, answers, chapter, type Draft, isFree } from "./beyond.ts";
import { JUDGE_CLOSES } from "./expectations.ts";

/** The answer may be the same code, or say that all is well (§5.5.1). */
function goodCode(code: number, requirement = "RFC6455-7.4.2-01"): Draft {
  return answers({
    description: `Send a Close with the code ${code}.`,
    requirements: ["RFC6455-5.5.1-07", "RFC6455-5.5.1-08", requirement],
    events: [],
    codes: [1000, code],
    act: (script) => script.close(code),
  });
}

/** What is wrong with a Close must be said, or TCP is ended. Whatever is said, it is not the same again. */
function badClose(
  description: string,
  requirements: readonly string[],
  code: number,
  reason: Payload = "",
  right: readonly number[] = [1002],
): Draft {
  const forbidden = right.includes(1007) ? undefined : code;
  return {
    description,
    requirements,
    expectation: `A Close that says so (${right.join(" or ")}), or the end of TCP.`,
    expected: { OK: [] },
    // What the answer says is judged below: a peer that answers at all has closed.
    close: { closedByMe: true, closeCode: [...ANY_CODE, code], requireClean: false },
    judge({ facts: { remoteCloseCode } }, verdict) {
      if (verdict.behavior !== "OK" || remoteCloseCode === null || right.includes(remoteCloseCode))
        return verdict;
      const result = `The answer is ${remoteCloseCode}.`;
      return { behavior: remoteCloseCode === forbidden ? "FAILED" : "NON-STRICT", result };
    },
    script(script) {
      script.close(code, reason);
      script.killAfter(3);
    },
  };
}

function badCode(code: number, ...requirements: readonly string[]): Draft {
  return badClose(`Send a Close with the code ${code}.`, requirements, code);
}

/** RFC 6455 leaves them to its heirs, or says nothing of them. */
function freeCode(code: number): Draft {
  return isFree({
    description: `Send a Close with the code ${code}.`,
    requirements: ["RFC6455-7.4.2-01"],
    act: (script) => script.close(code),
  });
}

function goodReason(what: string, reason: string | Uint8Array): Draft {
  return answers({
    description: `Send a Close with ${what}.`,
    requirements: ["RFC6455-5.5.1-01", "RFC6455-5.5.1-03", "RFC6455-5.5.1-07"],
    events: [],
    act: (script) => script.close(1000, reason),
  });
}

function badReason(what: string, reason: Uint8Array): Draft {
  const requirements = ["RFC6455-5.5.1-03", "RFC6455-8.1-01"];
  return badClose(`Send a Close with ${what}.`, requirements, 1000, reason, [1002, 1007]);
}

const LAST_WITH_A_MEANING = 4999;
const LAST = 0xffff;

/** §7.4.2, and 7.4.1 for what has a name. */
function oneOf(code: number): Draft {
  if (code > LAST_WITH_A_MEANING || (code >= 1012 && code <= 1014)) return freeCode(code);
  const isGood = code >= 3000 || (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1011);
  return isGood ? goodCode(code) : badCode(code, "RFC6455-7.4.2-01");
}

/** A code takes a connection; a server on one core makes some 2400 of them in a second. So it is begun first. */
const sweep: Draft = {
  roles: ["client"],
  description: `Send each code from 0 to ${LAST}, over a connection of its own.`,
  expectation:
    "Each code gets what its kind gets in the other cases: the worst verdict is the one of this case.",
  requirements: [
    "RFC6455-7.4.1-01",
    "RFC6455-7.4.1-03",
    "RFC6455-7.4.1-04",
    "RFC6455-7.4.1-05",
    "RFC6455-7.4.2-01",
  ],
  close: JUDGE_CLOSES,
  weight: Number.MAX_SAFE_INTEGER,
  rounds: () => Array.from({ length: LAST + 1 }, (_, code) => oneOf(code)),
  script: () => {},
};

const NEVER_SENT = "RFC6455-7.4.1-0";

export const closeCodes: readonly Case[] = chapter(109, "What a Close says", [
  ...[1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011].map((code) => goodCode(code, "RFC6455-7.4.1-01")),
  ...[3000, 3001, 3500, 3999, 4000, 4001, 4500, 4999].map((code) => goodCode(code)),
  ...[0, 1, 3, 255, 256, 500, 998, 999].map((code) => badCode(code, "RFC6455-7.4.2-01")),
  badCode(1004, `${NEVER_SENT}3`),
  badCode(1005, `${NEVER_SENT}4`),
  badCode(1006, `${NEVER_SENT}5`),
  badCode(1015, `${NEVER_SENT}8`),
  ...[1016, 1999, 2000, 2500, 2999].map((code) => badCode(code, "RFC6455-7.4.2-01")),
  ...[1012, 1013, 1014, 5000, 9999, 32768, 65534, 65535].map(freeCode),
  goodReason("a reason of 123 octets in 41 letters", repeated("語", 123)),
  goodReason("a reason that begins with a byte order mark", "\ufeffreason"),
  goodReason("a reason of NULs", repeated("\0", 5)),
  goodReason("a reason that ends with the last code point", "\u{10ffff}"),
  badReason("a reason that ends inside a letter", Buffer.from("𝄞").subarray(0, 3)),
  badReason("a reason with half of a surrogate pair", Uint8Array.of(0xed, 0xa0, 0x80)),
  badReason("a reason with a letter in an overlong form", Uint8Array.of(0xc0, 0xaf)),
  badReason("a reason behind the last code point", Uint8Array.of(0xf4, 0x90, 0x80, 0x80)),
  sweep,
]);
