/** The core by itself: micro/, run in processes of their own, on the servers' core. */

import { runAlone } from "./processes.ts";
import type { Result } from "./results.ts";

/** What the ids of these workloads begin with. */
export const MICRO = "micro-";

interface Workload {
  readonly scenario: string;
  readonly title: string;
  readonly peer: string;
}

const PROGRAM = new URL("../micro/run.mjs", import.meta.url);

/** Those that `isWanted`. */
export async function runMicro(
  isWanted: (id: string) => boolean,
  progress: (text: string) => void,
): Promise<Result[]> {
  const results: Result[] = [];
  const workloads = (await runAlone(PROGRAM, [])) as Workload[];
  for (const [number, workload] of workloads.entries()) {
    if (!isWanted(workload.scenario)) continue;
    progress(`fed from memory: ${workload.title}, ${workload.peer}`);
    try {
      const measured = (await runAlone(PROGRAM, [String(number)])) as { value: number; allocated: number };
      results.push({ ...workload, ...measured });
    } catch (error) {
      results.push({ ...workload, failure: (error as Error).message });
    }
  }
  return results;
}
