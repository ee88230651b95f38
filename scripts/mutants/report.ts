/**
 * Mutants 6 — What came of it: for the terminal, for docs/mutants.md, and as JSON.
 */

import { mirrorOf, type Trial } from "./trials.ts";

/** What has to be found, of a hundred. */
export const PASS_MARK = 95;

export interface Tally {
  readonly faults: number;
  /** By the test file of the source file. */
  readonly byOwnTests: number;
  readonly byOtherTests: number;
  readonly hung: number;
  readonly survived: number;
}

export function tally(trials: readonly Trial[]): Tally {
  const count = (is: (trial: Trial) => boolean): number => trials.filter(is).length;
  const isOwn = (trial: Trial): boolean => trial.by.startsWith(`${mirrorOf(trial.in)}: `);
  const found = trials.filter(({ verdict }) => verdict === "found");
  const byOwnTests = found.filter(isOwn).length;
  return {
    faults: trials.length,
    byOwnTests,
    byOtherTests: found.length - byOwnTests,
    hung: count(({ verdict }) => verdict === "hung"),
    survived: count(({ verdict }) => verdict === "survived"),
  };
}

/** How many of a hundred were found. */
export function rateOf(trials: readonly Trial[]): number {
  const { faults, survived } = tally(trials);
  return faults === 0 ? 100 : ((faults - survived) / faults) * 100;
}

export function survivors(trials: readonly Trial[]): readonly Trial[] {
  return trials.filter(({ verdict }) => verdict === "survived");
}

/** Enough were found, and for each of the others there is a reason. */
export function isGood(trials: readonly Trial[]): boolean {
  const unexplained = survivors(trials).filter(({ fault }) => fault.equivalent === undefined);
  return rateOf(trials) >= PASS_MARK && unexplained.length === 0;
}

/** Explained as beyond any test, and found by one: the explanation is wrong, or too modest. */
export function foundAllTheSame(trials: readonly Trial[]): readonly Trial[] {
  return trials.filter(({ verdict, fault }) => verdict !== "survived" && fault.equivalent !== undefined);
}

type Row = readonly [file: string, ...numbers: readonly (string | number)[]];

const HEAD: Row = ["file", "faults", "its own tests", "other tests", "hung", "survived"];

function rows(trials: readonly Trial[]): readonly Row[] {
  const files = [...new Set(trials.map((trial) => trial.in))];
  const row = (name: string, of: readonly Trial[]): Row => [name, ...Object.values(tally(of))];
  return [
    ...files.map((file) =>
      row(
        file,
        trials.filter((trial) => trial.in === file),
      ),
    ),
    row("all", trials),
  ];
}

/** The table, what survived, and a closing line. */
export function toText(trials: readonly Trial[]): string {
  const line = ([file, ...numbers]: Row): string =>
    file.padEnd(38) + numbers.map((number) => String(number).padStart(15)).join("");
  const about = ({ fault, in: path }: Trial): readonly string[] => [
    `${path}: ${fault.what}`,
    fault.equivalent === undefined ? "  no test found it" : `  no test can: ${fault.equivalent}`,
  ];
  const wrong = foundAllTheSame(trials).map(
    (trial) => `${trial.in}: ${trial.fault.what}\n  said to be beyond any test, but found by ${trial.by}`,
  );
  return [
    ...[HEAD, ...rows(trials)].map(line),
    "",
    ...survivors(trials).flatMap(about),
    ...wrong,
    closing(trials),
  ].join("\n");
}

function closing(trials: readonly Trial[]): string {
  const { faults, survived } = tally(trials);
  return `${faults - survived} of ${faults} faults were found: ${rateOf(trials).toFixed(1)} %`;
}

/** docs/mutants.md. It tells nothing that changes from run to run. */
export function toMarkdown(trials: readonly Trial[]): string {
  const line = (row: Row): string => `| ${row.join(" | ")} |`;
  const list = survivors(trials).map(
    ({ fault, in: path }) => `- \`${path}\`: ${fault.what} ${fault.equivalent ?? "Not found."}`,
  );
  return [
    "# Faults that the tests have to find",
    "",
    "Written by `npm run mutants -- --write`; do not edit. Each fault is put into a copy of the source alone, and the",
    "tests of `src/protocol` and `src/deflate` are run, those of its own file first. The faults stand in",
    "`scripts/mutants/faults/`.",
    "",
    `**${closing(trials)}.**`,
    "",
    line(HEAD),
    line(["---", "--:", "--:", "--:", "--:", "--:"]),
    ...rows(trials).map(line),
    "",
    "A fault under *hung* made the tests go on for ever, and was found by that.",
    "",
    "## Not found",
    "",
    ...(list.length === 0 ? ["None."] : ["What no test can tell from the right code, and why:", "", ...list]),
    "",
  ].join("\n");
}

export function toJson(trials: readonly Trial[]): string {
  return JSON.stringify({ rate: rateOf(trials), ...tally(trials), trials }, undefined, 2);
}
