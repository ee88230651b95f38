/**
 * Fuzzing 9 — Coverage: what an input has reached, as V8 counts it.
 *
 * V8 counts how often each block of the code has run (Chrome DevTools protocol, domain Profiler). It reports nested
 * ranges of the source, and leaves out a range that was run as often as the one around it: so which ranges there are
 * depends on the counts. Here they are laid side by side as segments, which only ever get shorter.
 *
 * Only code that is compiled while V8 counts is counted by block: the targets are loaded after `Profiler` is made.
 *
 * What this file must not know: inputs, targets.
 * Next: work.ts.
 */

import { type Profiler as Protocol, Session } from "node:inspector";

/** How often the blocks of some functions have run since the profile before. */
export type Profile = readonly FunctionProfile[];

interface FunctionProfile {
  readonly key: string;
  /** An outer range before the inner ones. */
  readonly ranges: readonly Protocol.CoverageRange[];
}

/** V8's counters, for the modules whose addresses begin with one of `prefixes`. */
export class Profiler {
  readonly #session: Session = new Session();
  readonly #prefixes: readonly string[];

  constructor(prefixes: readonly string[]) {
    this.#prefixes = prefixes;
    this.#session.connect();
    this.#session.post("Profiler.enable");
    this.#session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
  }

  /** Takes the counts, which begin at zero again. About half a millisecond, and more for much code. */
  take(): Profile {
    const profile: FunctionProfile[] = [];
    // The session is of this very thread: it answers before `post` returns.
    this.#session.post("Profiler.takePreciseCoverage", (error, { result }) => {
      if (error !== null) throw error;
      for (const { url, functions } of result) {
        if (!this.#prefixes.some((prefix) => url.startsWith(prefix))) continue;
        for (const { ranges } of functions) {
          const [{ startOffset, endOffset }] = ranges as [Protocol.CoverageRange];
          profile.push({ key: `${url}:${startOffset}:${endOffset}`, ranges });
        }
      }
    });
    return profile;
  }

  stop(): void {
    this.#session.post("Profiler.stopPreciseCoverage");
    this.#session.disconnect();
  }
}

/** How often blocks have run, all in all: a measure of work that no clock and no other process disturbs. */
export function totalOf(profile: Profile): number {
  let total = 0;
  for (const { ranges } of profile) for (const { count } of ranges) total += count;
  return total;
}

/** Something that an input reaches: a place in the code, run about so often. */
export interface Feature {
  readonly key: string;
  readonly offset: number;
  readonly bucket: number;
  /** Whether the place was never run before, however often. */
  readonly first: boolean;
}

/** Whether the profile of one input has the feature. */
export function reaches(profile: Profile, { key, offset, bucket }: Feature): boolean {
  const ranges = profile.find((one) => one.key === key)?.ranges ?? [];
  const innermost = ranges
    .filter(({ startOffset, endOffset }) => startOffset <= offset && offset < endOffset)
    .at(-1);
  return innermost !== undefined && innermost.count > 0 && bucketOf(innermost.count) === bucket;
}

/** What has been reached so far. */
export class Coverage {
  readonly #functions = new Map<string, Segments>();

  /** How many segments of the code have been run. */
  get branches(): number {
    let branches = 0;
    for (const segments of this.#functions.values()) branches += segments.reached;
    return branches;
  }

  /** Whether the profile, of one input or of many, reaches a segment that nothing has reached before. */
  isNew(profile: Profile): boolean {
    return profile.some(({ key, ranges }) => this.#segments(key).hasNew(ranges));
  }

  /** Takes note of what one input reaches, and returns what of it is new. */
  add(profile: Profile): Feature[] {
    return profile.flatMap(({ key, ranges }) =>
      this.#segments(key)
        .add(ranges)
        .map((feature) => ({ ...feature, key })),
    );
  }

  #segments(key: string): Segments {
    let segments = this.#functions.get(key);
    if (segments === undefined) this.#functions.set(key, (segments = new Segments()));
    return segments;
  }
}

/** The code of one function, cut wherever a range was ever seen to begin or end. */
class Segments {
  /** Offsets, ascending. Segment n is from bound n up to bound n + 1. */
  readonly #bounds: number[] = [];
  /** For each segment, how often it was run in one execution: a bit for each bucket of counts. */
  readonly #seen: number[] = [];

  get reached(): number {
    return this.#seen.reduce((sum, buckets) => sum + (buckets === 0 ? 0 : 1), 0);
  }

  hasNew(ranges: readonly Protocol.CoverageRange[]): boolean {
    return this.#counts(ranges).some((count, index) => count > 0 && this.#seen[index] === 0);
  }

  add(ranges: readonly Protocol.CoverageRange[]): Omit<Feature, "key">[] {
    const added: Omit<Feature, "key">[] = [];
    for (const [index, count] of this.#counts(ranges).entries()) {
      if (count === 0) continue;
      const [seen, bucket] = [this.#seen[index]!, bucketOf(count)];
      this.#seen[index] = seen | (1 << bucket);
      if (this.#seen[index] !== seen) added.push({ offset: this.#bounds[index]!, bucket, first: seen === 0 });
    }
    return added;
  }

  /** How often each segment has run: what the innermost range says that it lies in. */
  #counts(ranges: readonly Protocol.CoverageRange[]): number[] {
    for (const { startOffset, endOffset } of ranges) {
      this.#cutAt(startOffset);
      this.#cutAt(endOffset);
    }
    const counts = new Array<number>(this.#seen.length).fill(0);
    for (const { startOffset, endOffset, count } of ranges) {
      counts.fill(count, this.#bounds.indexOf(startOffset), this.#bounds.indexOf(endOffset));
    }
    return counts;
  }

  #cutAt(offset: number): void {
    const index = this.#bounds.findIndex((bound) => bound >= offset);
    if (index === -1) {
      // Behind all others; the segment that ends here is new.
      if (this.#bounds.push(offset) > 1) this.#seen.push(0);
    } else if (this.#bounds[index] !== offset) {
      this.#bounds.splice(index, 0, offset);
      // Both parts of a segment have been run as often as the whole was.
      this.#seen.splice(index, 0, this.#seen[Math.max(0, index - 1)]!);
    }
  }
}

/** 1, 2, 3 to 4, 5 to 8, 9 to 16, 17 to 32, 33 to 64, more. */
function bucketOf(count: number): number {
  return count <= 2 ? count - 1 : Math.min(7, 32 - Math.clz32(count - 1));
}
