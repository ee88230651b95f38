/**
 * Fuzzing 13 — What a run says: a line each second, each finding, and a table at the end.
 *
 * What this file must not know: where it is printed.
 * Next: run.ts.
 */

import { inspect } from "node:util";
import type { Finding } from "./executor.ts";
import type { Progress } from "./session.ts";

/** `before` is the progress that the line before told of. */
export function progressLine(
  name: string,
  seed: number,
  progress: Progress,
  before: Progress | undefined,
): string {
  const executions = progress.executions - (before?.executions ?? 0);
  const rate = perSecond(executions, progress.milliseconds - (before?.milliseconds ?? 0));
  const words = [`${name}: ${progress.executions} executions, ${rate}/s`];
  if (progress.branches > 0) {
    words.push(`${progress.branches} branches (+${progress.branches - (before?.branches ?? 0)})`);
    words.push(`corpus ${progress.corpusSize} (+${progress.corpusSize - (before?.corpusSize ?? 0)})`);
  }
  return [...words, `seed ${seed}`].join(", ");
}

const WRONG = {
  broken: "an input breaks it",
  hang: "an input takes too long",
  work: "an input costs too much work",
} as const;

export function findingText(name: string, { input, error, kind }: Finding): string {
  const hex = Buffer.from(input).toString("hex");
  return `${name}: ${WRONG[kind]}, ${input.length} bytes:\n  ${hex}\n${inspect(error, { depth: 6 })}`;
}

export interface Row extends Progress {
  readonly name: string;
  readonly found: string;
}

const COLUMNS = ["target", "executions", "per second", "branches", "corpus", "found"] as const;

export function table(rows: readonly Row[]): string {
  const cells = rows.map((row) => [
    row.name,
    `${row.executions}`,
    `${perSecond(row.executions, row.milliseconds)}`,
    row.branches === 0 ? "-" : `${row.branches}`,
    `${row.corpusSize}`,
    row.found,
  ]);
  const widths = COLUMNS.map((title, column) =>
    Math.max(title.length, ...cells.map((row) => row[column]!.length)),
  );
  // Names to the left, numbers to the right.
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) =>
        column === 0 || column === 5 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!),
      )
      .join("  ")
      .trimEnd();
  return [COLUMNS, ...cells].map(line).join("\n");
}

function perSecond(count: number, milliseconds: number): number {
  return Math.round((count / Math.max(1, milliseconds)) * 1000);
}
