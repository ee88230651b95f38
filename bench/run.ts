/**
 * The benchmark: servers of WebSocket and server-sent events, measured one beside the other.
 *
 *   npm run bench -- --help
 *
 * Next: lib/rounds.ts.
 */

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runCommand } from "../scripts/command.ts";
import { chart } from "./lib/chart.ts";
import { compiled, generator } from "./lib/generator.ts";
import { runMicro } from "./lib/micro.ts";
import { HELP, type Options, readOptions } from "./lib/options.ts";
import { isInstalled, PEERS, versions } from "./lib/peers.ts";
import { isPinned } from "./lib/processes.ts";
import { selfTimes, sharesText } from "./lib/profile.ts";
import { reportText } from "./lib/report.ts";
import type { Report, Result } from "./lib/results.ts";
import { run } from "./lib/rounds.ts";
import { SCENARIOS, type Scenario } from "./lib/scenarios.ts";
import { isMicroWanted, scenariosFor } from "./lib/selection.ts";
import { type Target, verdicts } from "./lib/targets.ts";

const pathOf = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const TARGETS: Target[] = JSON.parse(readFileSync(pathOf("targets.json"), "utf8"));

const PROFILES = pathOf("results/profiles");

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  if (options.help) process.stdout.write(HELP);
  else if (options.list) list();
  else await bench(options);
}

function list(): void {
  for (const { id, title } of [...SCENARIOS, ...PEERS]) console.log(`${id.padEnd(28)} ${title}`);
}

async function bench(options: Options): Promise<void> {
  install();
  const load = generator(options.generator);
  compiled("ceiling");
  progress(`load generator in ${load.kind}${isPinned ? ", on a core of its own" : ""}\n`);
  const profiles = options.profile ? PROFILES : undefined;
  if (options.profile) rmSync(PROFILES, { recursive: true, force: true });
  const results: Result[] = [];
  const scenarios = scenariosFor(options, TARGETS);
  for (const scenario of scenarios) {
    if (!process.stderr.isTTY) progress(`${scenario.title}\n`);
    const peers = options.peers.filter((peer) => peer.can(scenario) && isInstalled(peer));
    results.push(...(await run(scenario, peers, { options, generator: load, profiles, progress })));
  }
  results.push(...(await runMicro((id) => isMicroWanted(options, TARGETS, id), progress)));
  progress("");
  const report = reportOf(results, load.kind);
  save(report, options.save);
  if (options.profile) process.stdout.write(profilesText(scenarios));
  process.stdout.write(
    options.json
      ? `${JSON.stringify(report, null, 2)}\n`
      : `${reportText(report, verdicts(TARGETS, report))}\n`,
  );
}

const MOST_FUNCTIONS = 25;

function profilesText(scenarios: readonly Scenario[]): string {
  return scenarios
    .map(({ id, title }) => ({ title, path: join(PROFILES, `${id}.cpuprofile`) }))
    .filter(({ path }) => existsSync(path))
    .map(({ title, path }) => {
      const shares = selfTimes(JSON.parse(readFileSync(path, "utf8")), MOST_FUNCTIONS);
      return `${title}: ${path}\n${sharesText(shares)}\n`;
    })
    .join("");
}

/** The peers stand in a package of their own. Their install scripts are not needed, and not run. */
function install(): void {
  if (existsSync(pathOf("node_modules/ws"))) return;
  progress("installing the peers: npm ci in bench/\n");
  const { status } = spawnSync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], {
    cwd: pathOf("."),
    stdio: ["ignore", "ignore", "inherit"],
  });
  if (status !== 0) throw new Error("npm ci in bench/ failed");
}

function reportOf(results: readonly Result[], generatorKind: string): Report {
  return {
    date: new Date().toISOString(),
    machine: {
      platform: `${process.platform} ${process.arch}`,
      processor: cpus()[0]?.model ?? "unknown",
      cores: cpus().length,
      memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
      generator: generatorKind,
      pinned: isPinned ? "yes" : "no",
    },
    versions: versions(),
    results,
  };
}

function save(report: Report, wanted: string | undefined): void {
  mkdirSync(pathOf("results"), { recursive: true });
  const name = pathOf(`results/${wanted ?? report.date.replaceAll(":", "-").slice(0, 19)}`);
  writeFileSync(`${name}.json`, `${JSON.stringify(report, null, 2)}\n`);
  writeFileSync(`${name}.svg`, chart(report));
}

/** One line, written over and over; in a log, a line for each scenario. */
function progress(text: string): void {
  if (text.endsWith("\n")) process.stderr.write(text);
  else if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}

await runCommand("bench", "npm run bench", main);
