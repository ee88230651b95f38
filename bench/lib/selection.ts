/** Which scenarios a run is about. */

import { MICRO } from "./micro.ts";
import type { Options } from "./options.ts";
import { SCENARIOS, type Scenario } from "./scenarios.ts";
import type { Target } from "./targets.ts";

type Choice = Pick<Options, "extent" | "scenarios" | "peers">;

/** More connections than this are no quick matter. */
const MANY = 10_000;

/**
 * Those that were named; else all of a full run, in between no series, and those of the targets in a quick one, without
 * memory, which takes silence.
 */
export function scenariosFor({ extent, scenarios }: Choice, targets: readonly Target[]): Scenario[] {
  if (scenarios.length > 0) return SCENARIOS.filter(({ id }) => scenarios.some((word) => id.includes(word)));
  if (extent === "full") return [...SCENARIOS];
  const plain = SCENARIOS.filter(({ series, load }) => series === undefined && load.connections <= MANY);
  return extent === "quick"
    ? plain.filter(({ id, unit }) => unit !== "bytes" && isTargeted(id, targets))
    : plain;
}

/** The core by itself is about us, and nobody's server. */
export function isMicroWanted(
  { extent, scenarios, peers }: Choice,
  targets: readonly Target[],
  id: string,
): boolean {
  if (!peers.some((peer) => peer.id === "ours")) return false;
  if (scenarios.length > 0) return scenarios.some((word) => word.startsWith(MICRO) && id.includes(word));
  return extent !== "quick" || isTargeted(id, targets);
}

function isTargeted(id: string, targets: readonly Target[]): boolean {
  return targets.some(({ scenarios }) => scenarios.includes(id));
}
