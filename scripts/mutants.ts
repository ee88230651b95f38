/**
 * Checks the tests: puts small faults into the source, one at a time, and reports which of them no test finds.
 *
 *   npm run mutants -- --only utf8
 *
 * Read mutants/fault.ts first.
 */

import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { runCommand } from "./command.ts";
import type { Faults } from "./mutants/fault.ts";
import { FAULTS } from "./mutants/faults/index.ts";
import { choose, HELP, readOptions } from "./mutants/options.ts";
import { isGood, toJson, toMarkdown, toText } from "./mutants/report.ts";
import { tryAll } from "./mutants/trials.ts";

const TREE = fileURLToPath(new URL("..", import.meta.url));

async function main(args: readonly string[]): Promise<void> {
  const options = readOptions(args);
  if (options.help) {
    process.stdout.write(HELP);
    return;
  }
  const chosen = choose(FAULTS, options.only);
  if (options.list) {
    process.stdout.write(`${list(chosen).join("\n")}\n`);
    return;
  }
  const trials = await tryAll(TREE, chosen, options.workers, (line) => process.stderr.write(`${line}\n`));
  if (options.write) {
    mkdirSync(`${TREE}docs`, { recursive: true });
    writeFileSync(`${TREE}docs/mutants.md`, toMarkdown(trials));
  }
  process.stdout.write(`${options.json ? toJson(trials) : toText(trials)}\n`);
  process.exitCode = isGood(trials) ? 0 : 1;
}

function list(chosen: readonly Faults[]): readonly string[] {
  return chosen.flatMap((file) => file.faults.map(({ what }) => `${file.in}: ${what}`));
}

/** So that what was begun is ended, and the copies are removed. */
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));

await runCommand("mutants", "npm run mutants", () => main(process.argv.slice(2)));
