/** A report as tables: what each server does in each scenario, the ratios, the targets, and how cost grows. */

import { PEERS } from "./peers.ts";
import { quotient, type Report, type Result, Results } from "./results.ts";
import { SCENARIOS, type Scenario } from "./scenarios.ts";
import { type Alignment, kibibytes, short, table, threeDigits } from "./table.ts";
import type { Verdict } from "./targets.ts";

export function reportText(report: Report, verdicts: readonly Verdict[]): string {
  if (report.results.length === 0) return "";
  const parts = [
    heading(report),
    rateTable(report),
    costTable(report),
    microTable(report),
    growthTables(report),
    targetTable(report, verdicts),
    failures(report),
  ];
  return parts.filter((part) => part !== "").join("\n\n");
}

/** Who was measured, where and with what. */
function heading({ date, machine, versions }: Report): string {
  const software = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const hardware = Object.entries(machine).map(([name, value]) => `${name} ${value}`);
  return `${date.slice(0, 10)}: ${software.join(", ")}\n${hardware.join(", ")}`;
}

/** What a table is about: the scenarios of the report that are no part of a series, and those who were measured. */
function measured(report: Report, isWanted: (result: Result) => boolean) {
  const results = report.results.filter(isWanted);
  const scenarios = SCENARIOS.filter(
    ({ id, series }) => series === undefined && results.some(({ scenario }) => scenario === id),
  );
  const ids = new Set(scenarios.map(({ id }) => id));
  const peers = PEERS.filter(({ id }) =>
    results.some(({ peer, scenario }) => peer === id && ids.has(scenario)),
  );
  return { results: new Results(results), scenarios, peers };
}

const RATIOS = ["ws", "raw", "bun"];

/** Per second; and how often ours goes into that of others. */
function rateTable(report: Report): string {
  const { results, scenarios, peers } = measured(report, () => true);
  if (scenarios.length === 0) return "";
  const others = RATIOS.filter((other) => peers.some(({ id }) => id === other));
  const heading = ["per second", ...peers.map(({ title }) => title), ...others.map((other) => `× ${other}`)];
  const rows = scenarios.map((scenario) => [
    scenario.title,
    ...peers.map(({ id }) => cell(scenario, results.get(scenario.id, id))),
    ...others.map((other) => show(results.ratio(scenario.id, "ours", other), threeDigits)),
  ]);
  return table([heading, ...rows], leftThenRight(heading));
}

/** The server's processor time for each message, which a busy machine disturbs less than rates; and its memory. */
function costTable(report: Report): string {
  const { results, scenarios, peers } = measured(report, ({ cpu }) => cpu !== undefined);
  if (scenarios.length === 0) return "";
  const others = RATIOS.filter((other) => peers.some(({ id }) => id === other));
  const heading = [
    "processor time per message, memory",
    ...peers.map(({ title }) => title),
    ...others.map((other) => `${other} ×`),
  ];
  const rows = scenarios.map(({ id: scenario, title }) => {
    const ours = results.get(scenario, "ours")?.cpu;
    return [
      title,
      ...peers.map(({ id }) => costCell(results.get(scenario, id))),
      ...others.map((other) => show(quotient(results.get(scenario, other)?.cpu, ours), threeDigits)),
    ];
  });
  return table([heading, ...rows], leftThenRight(heading));
}

function costCell(result: Result | undefined): string {
  if (result?.cpu === undefined) return "";
  return `${microseconds(result.cpu)}, ${show(result.memory, (bytes) => (bytes / 2 ** 20).toFixed(0))} MiB`;
}

/** The core by itself. */
function microTable(report: Report): string {
  const results = report.results.filter(({ title, value }) => title !== undefined && value !== undefined);
  if (results.length === 0) return "";
  const rows = results.map(({ title, peer, value, allocated }) => [
    title!,
    peer,
    `${short(value!)}/s`,
    `${threeDigits(1e9 / value!)} ns`,
    `${Math.round(allocated!)} B`,
  ]);
  const heading = ["fed from memory", "", "rate", "each", "allocated"];
  return table([heading, ...rows], ["left", "left", "right", "right", "right"]);
}

function leftThenRight(heading: readonly string[]): Alignment[] {
  return heading.map((_, column) => (column === 0 ? "left" : "right"));
}

function cell(scenario: Scenario, result: Result | undefined): string {
  if (result === undefined) return "";
  return show(result.value, scenario.unit === "bytes" ? kibibytes : short);
}

function show(value: number | undefined, format: (value: number) => string): string {
  return value === undefined ? "–" : format(value);
}

/** Work per unit of the axis must stay the same. */
function growthTables(report: Report): string {
  const results = new Results(report.results);
  const names = [...new Set(SCENARIOS.flatMap(({ series }) => (series === undefined ? [] : [series.name])))];
  return names
    .map((name) => {
      const scenarios = SCENARIOS.filter(
        ({ id, series }) => series?.name === name && report.results.some(({ scenario }) => scenario === id),
      );
      const peers = PEERS.filter(({ id }) => scenarios.some((scenario) => results.get(scenario.id, id)));
      if (scenarios.length === 0) return "";
      const heading = [scenarios[0]!.series!.axis, ...peers.map(({ title }) => title)];
      const rows = scenarios.map((scenario) => [
        scenario.series!.at.toLocaleString("en"),
        ...peers.map(({ id }) => growthCell(scenario, results.get(scenario.id, id))),
      ]);
      return table(
        [heading, ...rows],
        heading.map(() => "right"),
      );
    })
    .filter((part) => part !== "")
    .join("\n\n");
}

function growthCell(scenario: Scenario, result: Result | undefined): string {
  if (result?.value === undefined) return "–";
  if (scenario.unit === "bytes") return kibibytes(result.value);
  if (scenario.payload.fragmented === true) {
    const fragments = scenario.payload.size;
    return `${microseconds(1e6 / result.value)} (${threeDigits(1e9 / result.value / fragments)} ns each)`;
  }
  return `${short(result.value)}/s, p50 ${microseconds(result.p50!)}, p99 ${microseconds(result.p99!)}`;
}

function microseconds(value: number): string {
  return value < 1000 ? `${threeDigits(value)} µs` : `${threeDigits(value / 1000)} ms`;
}

function targetTable(report: Report, verdicts: readonly Verdict[]): string {
  const measured = verdicts.filter(({ found }) => found !== undefined);
  if (measured.length === 0) return "";
  const rows = measured.map(({ scenario, target, found, byProcessorTime, met }) => {
    const title = titleOf(report, scenario);
    const compared = target.to ?? target.toScenario;
    const bound = target.least ?? target.most!;
    const format = compared === undefined ? short : threeDigits;
    return [
      title,
      `${target.least === undefined ? "≤" : "≥"} ${format(bound)}${compared === undefined ? "" : ` × ${compared}`}`,
      format(found!),
      show(byProcessorTime, threeDigits),
      met ? "met" : "missed",
    ];
  });
  const heading = ["target", "bound", "found", "by processor time", ""];
  return table([heading, ...rows], ["left", "right", "right", "right", "left"]);
}

function titleOf(report: Report, scenario: string): string {
  const { title } =
    SCENARIOS.find(({ id }) => id === scenario) ??
    report.results.find((result) => result.scenario === scenario)!;
  return title!;
}

function failures(report: Report): string {
  const lines = report.results
    .filter(({ failure }) => failure !== undefined)
    .map(({ scenario, peer, failure }) => `${scenario}, ${peer}: ${failure}`);
  return lines.length === 0 ? "" : `Not measured:\n${lines.map((line) => `  ${line}`).join("\n")}`;
}
