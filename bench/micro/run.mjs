/**
 * Measures workloads of the core, each in a process of its own: what one teaches the engine is not known to the next.
 *
 *   node --expose-gc bench/micro/run.mjs <number of a workload>     prints its result as JSON
 *   node --expose-gc bench/micro/run.mjs                            prints how many there are
 */

import { measure } from "./measure.mjs";
import { workloads } from "./workloads.mjs";

const [number] = process.argv.slice(2);
if (number === undefined) {
  console.log(JSON.stringify(workloads.map(({ id, title, peer }) => ({ scenario: id, title, peer }))));
} else {
  console.log(JSON.stringify(measure(workloads[number].start())));
}
