/**
 * Fuzzing 12 — What may be asked of the runner on the command line.
 *
 * Next: report.ts.
 */

import { parseArgs } from "node:util";

export interface Options {
  readonly help: boolean;
  readonly targets: readonly string[];
  /** For all targets together. */
  readonly seconds: number;
  readonly seed: number;
  /** Whether coverage guides the run. */
  readonly coverage: boolean;
  /** Where to keep the inputs that reached something new. */
  readonly keep: string | undefined;
  /** The file to run once, instead of fuzzing. */
  readonly replay: string | undefined;
}

/** The command line asks for something that does not exist. */
export class UsageError extends Error {
  override readonly name: string = "UsageError";
}

const DEFAULT_SECONDS = 60;
const SEEDS = 2 ** 32;

/** `names` are the targets of a run, `others` those that take part only when they are named. */
export function usage(names: readonly string[], others: readonly string[]): string {
  return [
    "npm run fuzz -- [--target NAME]... [--seconds N] [--seed S] [--keep DIR] [--no-coverage]",
    "npm run fuzz -- --target NAME --replay FILE",
    "",
    `  --target NAME   what to fuzz; may be repeated. All share the time. Default: every target of the first list.`,
    `  --seconds N     how long, for all targets together. Default: ${DEFAULT_SECONDS}.`,
    "  --seed S        a whole number; the same one gives the same inputs. Default: a random one.",
    "  --keep DIR      begins with the inputs in DIR/NAME as well, and stores there those that reach something new.",
    "  --no-coverage   only mutates the corpus: faster, but blind.",
    "  --replay FILE   runs one input, and fuzzes nothing.",
    "  --help          says this.",
    "",
    `Targets: ${names.join(", ")}.`,
    `Against other implementations, once npm run interop has installed them: ${others.join(", ")}.`,
    "Exit code: 0 nothing found, 1 something found, 2 the command line is wrong or a package is missing.",
  ].join("\n");
}

/** Throws `UsageError`. */
export function parseOptions(
  args: readonly string[],
  names: readonly string[],
  others: readonly string[],
): Options {
  const values = parseValues(args);
  const targets = values.target ?? names;
  for (const name of targets) {
    if (!names.includes(name) && !others.includes(name)) {
      const all = [...names, ...others].join(", ");
      throw new UsageError(`--target: there is no target "${name}"; there are ${all}`);
    }
  }
  if (values.replay !== undefined && values.target?.length !== 1) {
    throw new UsageError("--replay: name the one target that the file is for with --target");
  }
  if (values.keep === "") throw new UsageError("--keep: name a directory");
  return {
    help: values.help,
    targets: [...new Set(targets)],
    seconds: wholeNumber("--seconds", values.seconds, 1, Number.MAX_SAFE_INTEGER) ?? DEFAULT_SECONDS,
    seed: wholeNumber("--seed", values.seed, 0, SEEDS - 1) ?? Math.floor(Math.random() * SEEDS),
    coverage: !values["no-coverage"],
    keep: values.keep,
    replay: values.replay,
  };
}

function parseValues(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        help: { type: "boolean", default: false },
        target: { type: "string", multiple: true },
        seconds: { type: "string" },
        seed: { type: "string" },
        keep: { type: "string" },
        "no-coverage": { type: "boolean", default: false },
        replay: { type: "string" },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function wholeNumber(
  name: string,
  text: string | undefined,
  least: number,
  most: number,
): number | undefined {
  if (text === undefined) return undefined;
  const value = /^[0-9]+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw new UsageError(`${name}: "${text}" is not a whole number from ${least} to ${most}`);
}
