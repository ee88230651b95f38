/**
 * The table: how many cases came out how, category by category. It is Markdown, and aligned: for a terminal and for a
 * README.
 *
 * What this file must not know: what was expected.
 * Next: process.ts.
 */

import { inOrder, type Outcome, type Outcomes } from "./verdicts.ts";

const CATEGORIES: Readonly<Record<string, string>> = {
  1: "framing",
  2: "pings and pongs",
  3: "reserved bits",
  4: "reserved opcodes",
  5: "fragmentation",
  6: "UTF-8",
  7: "closing",
  9: "limits and performance",
  10: "automatic fragmentation",
  12: "compression, by data",
  13: "compression, by parameters",
  101: "wrong requests",
  102: "right requests",
  103: "wrong responses",
  104: "right responses",
  105: "masks",
  106: "lengths",
  107: "control frames inside messages",
  108: "close races",
  109: "close codes and reasons",
  110: "offers of compression",
  111: "agreements on compression",
  112: "compressed messages",
  113: "wrong compressed messages",
  114: "windows, sent",
  115: "windows, remembered",
  116: "bombs",
};

/** What a column counts; of several that would, the first. */
type Column = readonly [heading: string, counts: (outcome: Outcome) => boolean];

const BEHAVIORS: readonly Column[] = [
  ["OK", ({ behavior }) => behavior === "OK"],
  ["NON-STRICT", ({ behavior }) => behavior === "NON-STRICT"],
  ["INFO", ({ behavior }) => behavior === "INFORMATIONAL"],
  ["UNIMPL", ({ behavior }) => behavior === "UNIMPLEMENTED"],
  ["FAILED", () => true],
];
const CLOSINGS: readonly Column[] = [
  ["closed OK", ({ behaviorClose }) => behaviorClose === "OK"],
  ["closed INFO", ({ behaviorClose }) => behaviorClose === "INFORMATIONAL"],
  ["closed wrongly", () => true],
];

const HEADINGS = ["category", "cases", ...[...BEHAVIORS, ...CLOSINGS].map(([heading]) => heading), "seconds"];

export function table(outcomes: Outcomes): string {
  const rows = [...byCategory(outcomes)].map(([category, found]) => [
    `${category.padStart(3)} ${CATEGORIES[category] ?? ""}`.trimEnd(),
    ...cells(found),
  ]);
  return markdown([HEADINGS, ...rows, ["all", ...cells([...outcomes.values()])]]);
}

function byCategory(outcomes: Outcomes): Map<string, Outcome[]> {
  const categories = new Map<string, Outcome[]>();
  for (const [id, outcome] of inOrder(outcomes)) {
    const category = id.slice(0, id.indexOf("."));
    const found = categories.get(category);
    if (found === undefined) categories.set(category, [outcome]);
    else found.push(outcome);
  }
  return categories;
}

/** The counts, and how many seconds it took. */
function cells(outcomes: readonly Outcome[]): string[] {
  const counts = [outcomes.length, ...tally(BEHAVIORS, outcomes), ...tally(CLOSINGS, outcomes)];
  const duration = outcomes.reduce((sum, outcome) => sum + outcome.duration, 0);
  return [...counts.map((count) => (count === 0 ? "·" : String(count))), (duration / 1000).toFixed(1)];
}

function tally(columns: readonly Column[], outcomes: readonly Outcome[]): number[] {
  const found = outcomes.map((outcome) => columns.findIndex(([, counts]) => counts(outcome)));
  return columns.map((_, column) => found.filter((at) => at === column).length);
}

/** Names on the left, numbers on the right. */
function markdown(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const line = (row: readonly string[]): string => `| ${row.map(aligned).join(" | ")} |`;
  const aligned = (cell: string, column: number): string =>
    column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!);
  const rule = widths.map((width, column) =>
    column === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`,
  );
  const [headings, ...others] = rows;
  return [line(headings!), line(rule), ...others.map(line)].join("\n");
}
