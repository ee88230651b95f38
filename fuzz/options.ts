/**
 * Fuzzing 10 — What may be asked of the runner on the command line.
 *
 * Next: run.ts.
 */

import { parseArgs } from "node:util";

export interface Options {
  readonly help: boolean;
  readonly targets: readonly string[];
  /** For all targets together. */
  readonly seconds: number;
  readonly seed: number;
  /** The file to run once, instead of fuzzing. */
  readonly replay: string | undefined;
}

/** The command line asks for something that does not exist. */
export class UsageError extends Error {
  override readonly name: string = "UsageError";
}

const DEFAULT_SECONDS = 60;
const SEEDS = 2 ** 32;

export function usage(names: readonly string[]): string {
  return [
    "npm run fuzz -- [--target NAME]... [--seconds N] [--seed S]",
    "npm run fuzz -- --target NAME --replay FILE",
    "",
    `  --target NAME   what to fuzz; may be repeated. All share the time. Default: every target.`,
    `  --seconds N     how long, for all targets together. Default: ${DEFAULT_SECONDS}.`,
    "  --seed S        a whole number; the same one gives the same inputs. Default: a random one.",
    "  --replay FILE   runs one input, and fuzzes nothing.",
    "  --help          says this.",
    "",
    `Targets: ${names.join(", ")}.`,
    "Exit code: 0 nothing found, 1 something found, 2 the command line is wrong.",
  ].join("\n");
}

/** Throws `UsageError`. `names` are the targets that exist. */
export function parseOptions(args: readonly string[], names: readonly string[]): Options {
  const values = parseValues(args);
  const targets = values.target ?? names;
  for (const name of targets) {
    if (!names.includes(name)) {
      throw new UsageError(`--target: there is no target "${name}"; there are ${names.join(", ")}`);
    }
  }
  if (values.replay !== undefined && values.target?.length !== 1) {
    throw new UsageError("--replay: name the one target that the file is for with --target");
  }
  return {
    help: values.help,
    targets: [...new Set(targets)],
    seconds: wholeNumber("--seconds", values.seconds, 1, Number.MAX_SAFE_INTEGER) ?? DEFAULT_SECONDS,
    seed: wholeNumber("--seed", values.seed, 0, SEEDS - 1) ?? Math.floor(Math.random() * SEEDS),
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
