/** How long echoes took: counts in buckets, each 4 % wider than the one before, so that any number can be kept. */

const PER_OCTAVE = 16;
/** From 1 µs to more than four minutes. */
const BUCKETS: number = 28 * PER_OCTAVE;

export class Latencies {
  readonly counts: Float64Array;

  constructor(counts: Float64Array = new Float64Array(BUCKETS)) {
    this.counts = counts;
  }

  add(milliseconds: number): void {
    const octaves = Math.log2(Math.max(milliseconds * 1000, 1));
    this.counts[Math.min(Math.ceil(octaves * PER_OCTAVE), BUCKETS - 1)]!++;
  }

  addAll(other: Float64Array): void {
    for (let bucket = 0; bucket < BUCKETS; bucket++) this.counts[bucket]! += other[bucket]!;
  }

  /** The milliseconds that this share of the echoes took at most: too high by 4 % at most. NaN without any. */
  quantile(share: number): number {
    let rest = this.counts.reduce((sum, count) => sum + count, 0) * share;
    if (rest === 0) return Number.NaN;
    const bucket = this.counts.findIndex((count) => (rest -= count) <= 0);
    return 2 ** (bucket / PER_OCTAVE) / 1000;
  }
}
