/**
 * Fuzzing 11 — The runner: `npm run fuzz -- --help`.
 *
 * Every target gets its share of the time. The first thing it finds ends its session (one mistake is found thousands
 * of times a second), is made small, and stored in fuzz/crashes/, where the tests replay it from then on.
 *
 * Read random.ts first.
 */

import { existsSync, readFileSync } from "node:fs";
import { relative } from "node:path";
import { inspect } from "node:util";
import { CORPUS_DIRECTORY, Corpus, readEntries, storeCrash } from "./corpus.ts";
import { Executor, type Finding } from "./executor.ts";
import { type Options, parseOptions, UsageError, usage } from "./options.ts";
import { fuzz } from "./session.ts";
import { dictionaries, targets } from "./targets/index.ts";

const Exit = { NothingFound: 0, Found: 1, Usage: 2 } as const;
type Exit = (typeof Exit)[keyof typeof Exit];

const names = Object.keys(targets);

function main(args: readonly string[]): Exit {
  try {
    const options = parseOptions(args, names);
    if (options.help) {
      console.log(usage(names));
      return Exit.NothingFound;
    }
    return options.replay === undefined ? fuzzAll(options) : replay(options.targets[0]!, options.replay);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(error.message);
    console.error("See npm run fuzz -- --help");
    return Exit.Usage;
  }
}

function fuzzAll({ targets: chosen, seconds, seed }: Options): Exit {
  let exit: Exit = Exit.NothingFound;
  for (const name of chosen) {
    const finding = fuzz({
      name,
      target: targets[name]!,
      corpus: new Corpus(readEntries(CORPUS_DIRECTORY, name).map(({ data }) => data)),
      dictionary: dictionaries[name] ?? [],
      seed,
      milliseconds: (seconds * 1000) / chosen.length,
      onProgress: (executions, milliseconds) => {
        const rate = Math.round((executions / milliseconds) * 1000);
        console.error(`${name}: ${executions} executions, ${rate}/s, seed ${seed}`);
      },
    });
    if (finding === undefined) continue;
    exit = Exit.Found;
    const path = relative(process.cwd(), storeCrash(name, finding.input));
    report(name, finding);
    console.error(`Stored as ${path}. To see it again:`);
    console.error(`  npm run fuzz -- --target ${name} --replay ${path}`);
  }
  return exit;
}

function replay(name: string, path: string): Exit {
  if (!existsSync(path)) throw new UsageError(`--replay: there is no file ${path}`);
  const finding = new Executor(targets[name]!).run(new Uint8Array(readFileSync(path)));
  if (finding === undefined) {
    console.error(`${name}: nothing is wrong with ${path}`);
    return Exit.NothingFound;
  }
  report(name, finding);
  return Exit.Found;
}

function report(name: string, { input, error, hang }: Finding): void {
  console.error(
    `${name}: ${hang ? "an input takes too long" : "an input breaks it"}, ${input.length} bytes:`,
  );
  console.error(`  ${Buffer.from(input).toString("hex")}`);
  console.error(inspect(error, { depth: 6 }));
}

process.exitCode = main(process.argv.slice(2));
