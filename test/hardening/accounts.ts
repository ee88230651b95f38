/** What this process uses: before an attack, under it and afterwards. */

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { turn } from "../helpers/fake-socket.ts";

export const KIB = 1024;
export const MIB = 1024 * KIB;

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** The heap and what hangs on it, in bytes, once the collector has run. */
export async function memoryInUse(): Promise<number> {
  // What the first run lets go of may own what the second one frees.
  for (let run = 0; run < 2; run++) {
    await turn();
    collect();
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** The most memory this process has had at any moment, in bytes. */
export function peakMemory(): number {
  return process.resourceUsage().maxRSS * KIB;
}

/** How many TCP connections this process holds, counting both ends. */
export function sockets(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === "TCPSocketWrap").length;
}

/** The test runner has timers of its own; a server with a clock of ours has none but on that. */
const NOT_OURS = new Set(["Timeout", "Immediate"]);

/** What keeps this process busy, by kind, and how many listen to it. */
export function whatIsUsed(): Record<string, number> {
  const used: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) {
    if (!NOT_OURS.has(kind)) used[kind] = (used[kind] ?? 0) + 1;
  }
  for (const name of process.eventNames()) used[`on ${String(name)}`] = process.listenerCount(name);
  return used;
}

const warned: string[] = [];
process.on("warning", (warning) => warned.push(String(warning)));

/** What Node has warned of since the last time: too many listeners, for one. */
export function warnings(): string[] {
  return warned.splice(0);
}
