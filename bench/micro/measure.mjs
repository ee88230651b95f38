/** Time and memory of one operation, in this process. */

const ROUNDS = 7;
const ROUND_MS = 120;
const SAMPLES = 30;
/** A sample is big enough that what the looking itself allocates does not count, and small enough to fit between two collections. */
const SAMPLE_OPERATIONS = 2000;

const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];

/** `run` does some operations and says how many. */
export function measure(run) {
  const rates = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const start = performance.now();
    const before = process.cpuUsage();
    let operations = 0;
    while (performance.now() - start < ROUND_MS) operations += run();
    // Processor time: that of others, on a busy machine, is not ours.
    const { user, system } = process.cpuUsage(before);
    // The first round warms up.
    if (round > 0) rates.push((operations / (user + system)) * 1e6);
  }
  return { value: median(rates), allocated: allocatedBy(run) };
}

/** Bytes for each operation: by how much the heap grows, where nothing was collected meanwhile. */
function allocatedBy(run) {
  const samples = [];
  for (let sample = 0; sample < SAMPLES; sample++) {
    globalThis.gc();
    const before = held();
    let operations = 0;
    do operations += run();
    while (operations < SAMPLE_OPERATIONS);
    const grown = held() - before;
    if (grown >= 0) samples.push(grown / operations);
  }
  return median(samples);
}

function held() {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
