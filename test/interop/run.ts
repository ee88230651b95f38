/**
 * Runs Framewright against other implementations, and beside other people's HTTP frameworks.
 *
 *   npm run interop
 *
 * The others are packages of this folder's own package.json, installed here when they are missing: so the modules
 * that import them are loaded only afterwards.
 */

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type Check, type Group, Skipped } from "./check.ts";

const HELP = `Runs our server against the clients of ws and of Node, our client and core against the servers of ws and of
Python's websockets, and our server beside Express, Fastify and Koa.

  npm run interop
  npm run interop -- --only TEXT

  --only TEXT   only the checks with this text in their group's title or their name
  --help        this text

Installs what is missing into test/interop/node_modules. Exit code: 0 when every check passes, 1 when one fails, 2
when this command was misused. A check of a runtime, a Python or an openssl that is not there is skipped, and says so.
`;

const here = fileURLToPath(new URL(".", import.meta.url));

/** The longest a check may take, in milliseconds: most need a few. */
const TIME_LIMIT = 30_000;

type Result = "passed" | "FAILED" | "skipped";

async function main(): Promise<number> {
  const { only = "", help } = readArguments();
  if (help) {
    process.stdout.write(HELP);
    return 0;
  }
  if (!isInstalled() && !install()) {
    console.error("interop: the packages of test/interop could not be installed");
    return 1;
  }
  const groups = await load();
  const counts: Record<Result, number> = { passed: 0, FAILED: 0, skipped: 0 };
  for (const { title, checks } of groups) {
    const chosen = checks.filter(({ name }) => `${title} ${name}`.includes(only));
    if (chosen.length > 0) console.log(`\n${title}\n`);
    for (const check of chosen) counts[await examine(check)]++;
  }
  if (counts.passed + counts.FAILED + counts.skipped === 0) {
    console.error(`interop: --only: no check has ${JSON.stringify(only)} in its name`);
    return 2;
  }
  const skipped = counts.skipped === 0 ? "" : `, ${counts.skipped} skipped`;
  console.log(`\n${counts.passed} passed, ${counts.FAILED} failed${skipped}`);
  return counts.FAILED === 0 ? 0 : 1;
}

function readArguments(): { only?: string; help?: boolean } {
  const options = { only: { type: "string" }, help: { type: "boolean", short: "h" } } as const;
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    console.error(`interop: ${(error as Error).message}\nTry: npm run interop -- --help`);
    process.exit(2);
  }
}

// --- The packages -----------------------------------------------------------------------------------------------

/** Whether all of them are there, in the versions that are asked for. */
function isInstalled(): boolean {
  const pins: Record<string, string> = readJson(`${here}package.json`).dependencies;
  return Object.entries(pins).every(([name, version]) => {
    const manifest = `${here}node_modules/${name}/package.json`;
    return existsSync(manifest) && readJson(manifest).version === version;
  });
}

function readJson(path: string): { version?: string; dependencies: Record<string, string> } {
  return JSON.parse(readFileSync(path, "utf8"));
}

function install(): boolean {
  console.log("Installing packages into test/interop/node_modules …");
  const flags = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  return (
    spawnSync("npm", ["ci", ...flags], { cwd: here, stdio: ["ignore", "inherit", "inherit"] }).status === 0
  );
}

async function load(): Promise<readonly Group[]> {
  const { wsClient } = await import("./ws-client.ts");
  const { wsCompression } = await import("./ws-compression.ts");
  const { wsServer } = await import("./ws-server.ts");
  const { builtinClient } = await import("./builtin-client.ts");
  const { clientPartners } = await import("./client-partners.ts");
  const { frameworks } = await import("./frameworks.ts");
  return [wsClient, wsCompression, wsServer, builtinClient, ...clientPartners, frameworks];
}

// --- The checks -------------------------------------------------------------------------------------------------

/** Makes one check, and prints its line of the table. */
async function examine({ name, run }: Check): Promise<Result> {
  const started = performance.now();
  const problem = await withinLimit(run()).then(
    () => undefined,
    (error: unknown) => error,
  );
  const ms = Math.round(performance.now() - started);
  const result = problem === undefined ? "passed" : problem instanceof Skipped ? "skipped" : "FAILED";
  console.log(`  ${result}  ${String(ms).padStart(5)} ms  ${name}`);
  if (problem instanceof Skipped) console.log(`           ${problem.message}`);
  else if (problem !== undefined) console.log(problem);
  return result;
}

async function withinLimit(work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`took longer than ${TIME_LIMIT} ms`)), TIME_LIMIT);
  });
  await Promise.race([work, late]).finally(() => clearTimeout(timer));
}

process.exit(await main());
