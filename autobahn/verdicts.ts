/**
 * Verdicts: what is expected of each case, and what differs from it.
 *
 * A case has two: about what the testee did, and about how it closed. expected.json says how many cases there are
 * ("7.9.*": 9 stands for 7.9.1 to 7.9.9), and which of them are to be anything but OK in either mode.
 *
 * What this file must not know: which suite judges, processes, files.
 * Next: table.ts.
 */

import { compareIds, matches } from "./runner/cases/index.ts";

/** Which end the testee is. */
export type Mode = "server" | "client";

export interface Verdict {
  readonly behavior: string;
  readonly behaviorClose: string;
}

/** What came out of a case, and the milliseconds that it took. */
export interface Outcome extends Verdict {
  readonly duration: number;
}

/** By the case's id. */
export type Outcomes = ReadonlyMap<string, Outcome>;

export interface Expected extends Readonly<Record<Mode, Readonly<Record<string, Verdict>>>> {
  readonly cases: Readonly<Record<string, number>>;
}

const FINE: Verdict = { behavior: "OK", behaviorClose: "OK" };

// --- Cases ------------------------------------------------------------------------------------------------------

/** The ids of all cases, in order. */
export function caseIds({ cases }: Expected): string[] {
  return Object.entries(cases).flatMap(([group, count]) =>
    Array.from({ length: count }, (_, index) => group.replace("*", String(index + 1))),
  );
}

/** Those that are meant by one of the patterns. */
export function select(ids: readonly string[], patterns: readonly string[]): string[] {
  return ids.filter((id) => patterns.some((pattern) => matches(id, pattern)));
}

export function inOrder(outcomes: Outcomes): (readonly [id: string, outcome: Outcome])[] {
  return [...outcomes].sort(([one], [other]) => compareIds(one, other));
}

// --- Comparison -------------------------------------------------------------------------------------------------

export interface Difference {
  readonly id: string;
  readonly expected: Verdict;
  /** Undefined for a case that was not played. */
  readonly actual: Verdict | undefined;
}

/**
 * What is other than expected, in order; a case that was not played is, too. So is a verdict that is better than
 * expected: then it is expected.json that is wrong. A case that it does not know has to be OK.
 */
export function differences(
  expected: Expected,
  mode: Mode,
  selected: readonly string[],
  outcomes: Outcomes,
): Difference[] {
  return [...new Set([...selected, ...outcomes.keys()])]
    .sort(compareIds)
    .map((id) => ({ id, expected: expected[mode][id] ?? FINE, actual: outcomes.get(id) }))
    .filter(({ expected, actual }) => !isSame(expected, actual));
}

function isSame(expected: Verdict, actual: Verdict | undefined): boolean {
  return expected.behavior === actual?.behavior && expected.behaviorClose === actual.behaviorClose;
}

export function describeDifference({ id, expected, actual }: Difference): string {
  return `${id}: ${actual === undefined ? "was not played" : inWords(actual)}; expected ${inWords(expected)}`;
}

function inWords({ behavior, behaviorClose }: Verdict): string {
  return `${behavior}, closed ${behaviorClose}`;
}
