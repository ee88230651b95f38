/** The targets (targets.json): what a run must show of Framewright, and whether it does. */

import type { Report, Result } from "./results.ts";
import { quotient, Results } from "./results.ts";

export interface Target {
  readonly scenarios: readonly string[];
  /** What is compared with: another peer in the same scenario, ourselves in another one, or nothing but the number. */
  readonly to?: string;
  readonly toScenario?: string;
  /** What is compared: the value, unless it says so. */
  readonly measure?: "allocated";
  readonly least?: number;
  readonly most?: number;
}

export interface Verdict {
  readonly scenario: string;
  readonly target: Target;
  /** undefined: not measured in this run. */
  readonly found: number | undefined;
  /** The same ratio, of what a message costs in processor time: for a busy machine. It decides nothing. */
  readonly byProcessorTime: number | undefined;
  readonly met: boolean | undefined;
}

const US = "ours";

export function verdicts(targets: readonly Target[], report: Report): Verdict[] {
  const results = new Results(report.results);
  return targets.flatMap((target) =>
    target.scenarios.map((scenario): Verdict => {
      const found = foundFor(target, scenario, results);
      const met = found === undefined ? undefined : isMet(target, found);
      return { scenario, target, found, byProcessorTime: cheaperBy(target, scenario, results), met };
    }),
  );
}

function foundFor(target: Target, scenario: string, results: Results): number | undefined {
  const measured = (result: Result | undefined): number | undefined => result?.[target.measure ?? "value"];
  const ours = measured(results.get(scenario, US));
  if (target.to !== undefined) return quotient(ours, measured(results.get(scenario, target.to)));
  if (target.toScenario !== undefined) return quotient(ours, measured(results.get(target.toScenario, US)));
  return ours;
}

function cheaperBy({ to, toScenario }: Target, scenario: string, results: Results): number | undefined {
  const ours = results.get(scenario, US)?.cpu;
  if (to !== undefined) return quotient(results.get(scenario, to)?.cpu, ours);
  return toScenario === undefined ? undefined : quotient(results.get(toScenario, US)?.cpu, ours);
}

function isMet({ least = Number.NEGATIVE_INFINITY, most = Number.POSITIVE_INFINITY }: Target, found: number) {
  return found >= least && found <= most;
}
