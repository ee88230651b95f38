/**
 * The judge, 19 — Results in short: counts, a table for the terminal, and what failed.
 *
 * What this file must not know: where it is shown. Next: report.ts.
 */

import type { Behavior, BehaviorClose } from "./case.ts";
import { compareIds } from "./cases/index.ts";
import type { CaseResult } from "./result.ts";

export interface Summary {
  readonly total: number;
  readonly behavior: Readonly<Partial<Record<Behavior, number>>>;
  readonly behaviorClose: Readonly<Partial<Record<BehaviorClose, number>>>;
  /** What has failed, in the order of the cases. */
  readonly failed: readonly CaseResult[];
}

export function summary(results: readonly CaseResult[]): Summary {
  return {
    total: results.length,
    behavior: tally(results, ({ behavior }) => behavior),
    behaviorClose: tally(results, ({ behaviorClose }) => behaviorClose),
    failed: results.filter(hasFailed).sort((a, b) => compareIds(a.id, b.id)),
  };
}

/** Wrong behavior, or a wrong end. What is not strict, not implemented or not defined has not failed. */
export function hasFailed({ behavior, behaviorClose }: CaseResult): boolean {
  return behavior === "FAILED" || !["OK", "INFORMATIONAL"].includes(behaviorClose);
}

function tally<Key extends string>(
  results: readonly CaseResult[],
  keyOf: (result: CaseResult) => Key,
): Partial<Record<Key, number>> {
  const counts: Partial<Record<Key, number>> = {};
  for (const result of results) {
    const key = keyOf(result);
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}

// --- For the terminal -----------------------------------------------------------------------------------------

const BEHAVIORS: readonly Behavior[] = ["OK", "NON-STRICT", "INFORMATIONAL", "UNIMPLEMENTED", "FAILED"];
const LAST_COLUMN = "closed badly";

/** A line for each category and one for all; behind it, why each failed case has failed. */
export function table(results: readonly CaseResult[]): string {
  const categories = new Map<string, CaseResult[]>();
  for (const result of [...results].sort((a, b) => compareIds(a.id, b.id))) {
    const [category = ""] = result.id.split(".");
    categories.set(category, [...(categories.get(category) ?? []), result]);
  }
  const header = ["category", "cases", ...BEHAVIORS, LAST_COLUMN];
  const lines = [...categories].map(([category, cases]) => row(category, cases));
  const all = aligned([header, ...lines, row("all", results)]);
  const reasons = summary(results).failed.map(
    ({ id, behavior, behaviorClose, result, resultClose, wasNotCleanReason }) =>
      `${id.padEnd(8)} ${behavior}, close ${behaviorClose}: ${result} ${resultClose}.` +
      (wasNotCleanReason === null ? "" : ` (${wasNotCleanReason})`),
  );
  return [...all, ...(reasons.length > 0 ? ["", ...reasons] : [])].join("\n");
}

function row(name: string, results: readonly CaseResult[]): string[] {
  const { behavior } = summary(results);
  const badlyClosed = results.filter(({ behaviorClose }) => !["OK", "INFORMATIONAL"].includes(behaviorClose));
  const counts = [results.length, ...BEHAVIORS.map((name) => behavior[name] ?? 0), badlyClosed.length];
  return [name, ...counts.map((count) => (count === 0 ? "·" : String(count)))];
}

function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((cells) => cells[column]!.length)));
  return rows.map((cells) =>
    cells
      .map((cell, at) => (at === 0 ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]!)))
      .join("  ")
      .trimEnd(),
  );
}
