/**
 * Fuzzing 14 — The runner: `npm run fuzz -- --help`.
 *
 * Every target gets its share of the time. The first thing it finds ends its session (one mistake is found thousands
 * of times a second), is made small, and stored in fuzz/crashes/, where the tests replay it from then on.
 *
 * Read random.ts first.
 */

import { existsSync, readFileSync } from "node:fs";
import { relative } from "node:path";
import { CORPUS_DIRECTORY, Corpus, CRASHES_DIRECTORY, readEntries, storeEntry } from "./corpus.ts";
import { Profiler } from "./coverage.ts";
import { Executor } from "./executor.ts";
import { type Options, parseOptions, UsageError, usage } from "./options.ts";
import { findingText, progressLine, type Row, table } from "./report.ts";
import { fuzz, type Progress } from "./session.ts";
import { loadTarget, peerNames, targetNames } from "./targets/index.ts";
import { PeerMissing, peerDirectories } from "./targets/peer-packages.ts";
import { findTooMuchWork } from "./work.ts";

const Exit = { NothingFound: 0, Found: 1, Usage: 2 } as const;
type Exit = (typeof Exit)[keyof typeof Exit];

async function main(args: readonly string[]): Promise<Exit> {
  try {
    const options = parseOptions(args, targetNames, peerNames);
    if (options.help) {
      console.log(usage(targetNames, peerNames));
      return Exit.NothingFound;
    }
    return await (options.replay === undefined
      ? fuzzAll(options)
      : replay(options.targets[0]!, options.replay));
  } catch (error) {
    if (!(error instanceof UsageError) && !(error instanceof PeerMissing)) throw error;
    console.error(error.message);
    console.error("See npm run fuzz -- --help");
    return Exit.Usage;
  }
}

async function fuzzAll(options: Options): Promise<Exit> {
  const profiler = options.coverage ? makeProfiler() : undefined;
  const rows: Row[] = [];
  for (const name of options.targets) rows.push(await fuzzOne(name, options, profiler));
  console.error(`\n${table(rows)}\nseed ${options.seed}`);
  return rows.every(({ found }) => found === "nothing") ? Exit.NothingFound : Exit.Found;
}

async function fuzzOne(name: string, options: Options, profiler: Profiler | undefined): Promise<Row> {
  const { seed, seconds, targets, keep } = options;
  const directories = keep === undefined ? [CORPUS_DIRECTORY] : [CORPUS_DIRECTORY, keep];
  const entries = directories.flatMap((directory) => readEntries(directory, name));
  let before: Progress | undefined;
  const outcome = await fuzz({
    name,
    target: await loadTarget(name),
    corpus: new Corpus(entries.map(({ data }) => data)),
    seed,
    milliseconds: (seconds * 1000) / targets.length,
    profiler,
    onProgress: (progress) => {
      console.error(progressLine(name, seed, progress, before));
      before = progress;
    },
  });
  if (before === undefined) console.error(progressLine(name, seed, outcome, before));
  const { finding, reached } = outcome;
  if (keep !== undefined) for (const input of reached) storeEntry(keep, name, input);
  if (finding === undefined) return { ...outcome, name, found: "nothing" };
  const path = relative(process.cwd(), storeEntry(CRASHES_DIRECTORY, name, finding.input));
  console.error(findingText(name, finding));
  console.error(`Stored as ${path}. To see it again:`);
  console.error(`  npm run fuzz -- --target ${name} --replay ${path}`);
  return { ...outcome, name, found: path };
}

async function replay(name: string, path: string): Promise<Exit> {
  if (!existsSync(path)) throw new UsageError(`--replay: there is no file ${path}`);
  const input = new Uint8Array(readFileSync(path));
  const profiler = makeProfiler();
  const target = await loadTarget(name);
  const broken = await new Executor(target).run([input]);
  const finding = broken ?? (target.foreign ? undefined : await findTooMuchWork(target, input, profiler));
  console.error(
    finding === undefined ? `${name}: nothing is wrong with ${path}` : findingText(name, finding),
  );
  return finding === undefined ? Exit.NothingFound : Exit.Found;
}

/** To be made before any of our code is loaded: see coverage.ts. */
function makeProfiler(): Profiler {
  return new Profiler([new URL("../src/", import.meta.url).href, ...peerDirectories]);
}

process.exitCode = await main(process.argv.slice(2));
