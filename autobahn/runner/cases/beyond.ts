/**
 * Beyond the suite, 1 — What the cases from 101 on have in common: how they are numbered, and the three things that a
 * peer can be asked to do.
 *
 * Verdicts: what a MUST forbids is FAILED; what a SHOULD asks for and does not come is NON-STRICT; where the RFC
 * leaves freedom, what happens is written down and is INFORMATIONAL. Nothing that a conforming peer may do fails.
 *
 * What this file must not know: any particular case. Next: 101-requests.ts.
 */

import type { Case, Event, Script, Seen, Verdict } from "../case.ts";
import { answer, type Wish } from "../extension.ts";
import { type Head, valuesOf } from "../handshake.ts";
import { JUDGE_CLOSES } from "./expectations.ts";

/** A case that has not got its number yet. */
export type Draft = Omit<Case, "id" | "category">;

/** The cases of one category, numbered as they stand: new ones are put at the end. */
export function chapter(number: number, category: string, drafts: readonly Draft[]): readonly Case[] {
  return drafts.map((draft, at) => ({ ...draft, id: `${number}.${at + 1}`, category }));
}

export interface Outline extends Pick<Case, "roles" | "compression" | "opening" | "judgeOpening" | "weight"> {
  readonly description: string;
  readonly requirements: readonly string[];
  readonly act: (script: Script) => void;
}

/** How long a peer may take that has next to nothing to do. */
const PATIENCE = 3;

// --- A peer answers -------------------------------------------------------------------------------------------

export interface Answering extends Outline {
  /** None: the script itself says the verdict, and closes. */
  readonly events?: readonly Event[];
  /** What is also good, but not as good. */
  readonly lesser?: readonly Event[];
  readonly seconds?: number;
  /** What the peer's Close may say. Default: 1000. */
  readonly codes?: readonly number[];
}

/** These events come, and nothing else; then the judge closes, and that is answered. */
export function answers({ events, lesser, act, seconds = PATIENCE, codes, ...outline }: Answering): Draft {
  return {
    ...outline,
    ...negotiated(outline),
    expectation: "What was sent comes back as it was. Clean close.",
    ...(events !== undefined && {
      expected: { OK: events, ...(lesser !== undefined && { "NON-STRICT": lesser }) },
    }),
    close: codes === undefined ? JUDGE_CLOSES : { ...JUDGE_CLOSES, closeCode: codes },
    script(script) {
      act(script);
      script.killAfter(seconds);
    },
  };
}

// --- A peer fails the connection ------------------------------------------------------------------------------

/** A peer that closes with one of these has noticed something; whether it has the right word for it is another question. */
export const ANY_CODE: readonly number[] = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011];

export interface Failing extends Outline {
  /** The codes that name the fault. */
  readonly codes?: readonly number[];
  /** What was good before it, and comes back first. */
  readonly before?: readonly Event[];
  readonly seconds?: number;
}

/**
 * The peer ends the connection (§7.1.7), with a Close or without one: to leave it open is a failure, and so is
 * everything that is answered after the fault. The right close code is only recommended.
 */
export function fails({ codes = [1002], before = [], act, seconds = 1, ...outline }: Failing): Draft {
  return {
    ...outline,
    ...negotiated(outline),
    expectation: `The connection is failed (${codes.join(" or ")}), or TCP is ended.`,
    expected: { OK: before, ...(before.length > 0 && { "NON-STRICT": [] }) },
    close: {
      closedByMe: false,
      closeCode: ANY_CODE,
      requireClean: false,
      closedByWrongEndpointIsFatal: true,
    },
    judge: (seen, verdict) => withRightCode(seen, verdict, codes),
    script(script) {
      act(script);
      script.killAfter(seconds);
    },
  };
}

function withRightCode({ facts }: Seen, verdict: Verdict, codes: readonly number[]): Verdict {
  const { remoteCloseCode: code } = facts;
  if (verdict.behavior !== "OK" || code === null || codes.includes(code)) return verdict;
  return { behavior: "NON-STRICT", result: `The close code is ${code}, which does not name the fault.` };
}

// --- A peer is free -------------------------------------------------------------------------------------------

/** Whatever happens is written down. */
export function isFree({ act, ...outline }: Outline): Draft {
  return {
    ...outline,
    ...negotiated(outline),
    expectation: "The RFCs leave this to the peer: what happens is written down.",
    close: JUDGE_CLOSES,
    isInformational: true,
    judge: whatHappened,
    script(script) {
      act(script);
      script.wait(0.3, () => script.close(1000));
      script.killAfter(2);
    },
  };
}

function whatHappened({ events, facts }: Seen): Verdict {
  const types = events.map(({ type }) => type);
  const said = [...new Set(types)].map(
    (type) => `${type} (${types.filter((other) => other === type).length})`,
  );
  const end = facts.closedByMe ? "it was the judge who closed" : "it ended the connection";
  const code = facts.remoteCloseCode === null ? "without a code" : `with ${facts.remoteCloseCode}`;
  return {
    behavior: "INFORMATIONAL",
    result: `The peer said ${said.join(", ") || "nothing"}; ${end}, ${code}.`,
  };
}

// --- Compression ----------------------------------------------------------------------------------------------

/** Nothing is asked of the peer's compression. */
export const ANY: readonly Wish[] = [{ noContextTakeover: false }];

const WITHOUT: Verdict = { behavior: "UNIMPLEMENTED", result: "permessage-deflate was not negotiated." };

/** A case that needs compression ends with the opening handshake if the peer has none, or not what is asked for. */
function negotiated({
  compression,
  judgeOpening,
}: Pick<Case, "compression" | "judgeOpening">): Pick<Case, "judgeOpening"> {
  if (compression === undefined) return {};
  return {
    judgeOpening: (head) =>
      judgeOpening?.(head) ?? (head && !agrees(head, compression) ? WITHOUT : undefined),
  };
}

/** Whether a response agrees to anything, or a request offers what is wished for. Whether it is right comes later. */
function agrees(head: Head, wishes: readonly Wish[]): boolean {
  const values = valuesOf(head, "sec-websocket-extensions");
  if (isResponse(head)) return statusOf(head) !== 101 || values.length > 0;
  return values.length > 0 && answer(values.join(", "), wishes) !== undefined;
}

// --- Heads ----------------------------------------------------------------------------------------------------

export function isResponse({ startLine }: Head): boolean {
  return startLine.startsWith("HTTP/");
}

export function statusOf({ startLine }: Head): number {
  return Number(startLine.split(" ")[1]);
}

/** A change of a head. */
export type Edit = (usual: string) => string;

/** The start line and the lines of the fields change; the empty line stays where it is. */
export function editLines(change: (lines: readonly string[]) => readonly string[]): Edit {
  return (usual) => `${change(usual.slice(0, -4).split("\r\n")).join("\r\n")}\r\n\r\n`;
}

export function startLine(line: string): Edit {
  return editLines((lines) => [line, ...lines.slice(1)]);
}

/** The field, in its place, gets these values, one line for each; none: it is gone. One that is not there is added. */
export function field(name: string, ...values: readonly string[]): Edit {
  const written = values.map((value) => `${name}: ${value}`);
  return editLines((lines) => {
    const isIt = (line: string): boolean => line.toLowerCase().startsWith(`${name.toLowerCase()}:`);
    const at = lines.findIndex(isIt);
    if (at < 0) return [...lines, ...written];
    return [...lines.slice(0, at), ...written, ...lines.slice(at + 1).filter((line) => !isIt(line))];
  });
}
