/**
 * Mutants 3 — What may be asked of the command.
 *
 * Next: sandbox.ts.
 */

import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { Misuse, readNumber } from "../command.ts";
import type { Faults } from "./fault.ts";

export const HELP = `Puts small faults into the source, one at a time, and runs the tests: which of them does no test see?

  npm run mutants -- [--only TEXT]... [--workers N] [--json] [--list] [--write]

  --only TEXT   only faults whose file or description has TEXT in it; may be repeated
  --workers N   how many faults are tried at once (1 to 64; default: one for each processor)
  --json        the results as JSON instead of a table
  --list        names the faults, and tries none
  --write       puts the result into docs/mutants.md; only with all faults
  --help        this text

It works on copies in a temporary directory: the source is not touched. Progress goes to the standard error.
Exit code: 0 when the tests found at least 95 % of the faults and the others are explained; 1 when not, or when it
cannot be told, because the tests fail without any fault; 2 when this command was misused.
`;

export interface Options {
  readonly help: boolean;
  readonly only: readonly string[];
  readonly workers: number;
  readonly json: boolean;
  readonly list: boolean;
  readonly write: boolean;
}

const MOST_WORKERS = 64;

/** Throws where the command line is wrong. */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: "string", multiple: true, default: [] },
      workers: { type: "string" },
      json: { type: "boolean", default: false },
      list: { type: "boolean", default: false },
      write: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.write && values.only.length > 0) {
    throw new Misuse("--write: docs/mutants.md tells of all faults, so it cannot be used with --only");
  }
  return { ...values, workers: readWorkers(values.workers) };
}

function readWorkers(text: string | undefined): number {
  if (text === undefined) return Math.min(availableParallelism(), MOST_WORKERS);
  const workers = readNumber("--workers", text, MOST_WORKERS);
  if (workers === 0) throw new Misuse("--workers: there has to be one at least");
  return workers;
}

/** The faults that `--only` asks for, or all. */
export function choose(all: readonly Faults[], only: readonly string[]): readonly Faults[] {
  for (const text of only) {
    if (!all.some((file) => file.faults.some(({ what }) => isAbout(file.in, what, text)))) {
      throw new Misuse(`--only: no fault has ${JSON.stringify(text)} in its file or description`);
    }
  }
  if (only.length === 0) return all;
  return all
    .map((file) => ({
      in: file.in,
      faults: file.faults.filter(({ what }) => only.some((text) => isAbout(file.in, what, text))),
    }))
    .filter(({ faults }) => faults.length > 0);
}

function isAbout(path: string, what: string, text: string): boolean {
  return path.includes(text) || what.includes(text);
}
