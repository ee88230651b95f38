import { runInThisContext } from "node:vm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Corpus } from "../../fuzz/corpus.ts";
import { Coverage, Profiler, reaches, totalOf } from "../../fuzz/coverage.ts";
import type { Target } from "../../fuzz/executor.ts";
import { fuzz, type Outcome } from "../../fuzz/session.ts";

/** Blocks are counted of what is compiled while V8 counts, so the code under the counters is made here. */
const ADDRESS = "artificial:";
let profiler: Profiler;

beforeAll(() => {
  profiler = new Profiler([ADDRESS]);
});

afterAll(() => {
  profiler.stop();
});

function compile<Function>(name: string, code: string): Function {
  return runInThisContext(`(${code})`, { filename: ADDRESS + name }) as Function;
}

describe("Coverage", () => {
  it("tells what is reached for the first time, and what more often than ever", () => {
    const run = compile<(n: number) => void>(
      "loop.js",
      `function run(n) { if (n < 0) { n = -n; } for (let i = 0; i < n; i++) { run.sum += i; } }`,
    );
    const coverage = new Coverage();
    const add = (n: number): number => {
      run(n);
      return coverage.add(profiler.take()).length;
    };
    profiler.take();
    expect(add(0)).toBeGreaterThan(0);
    const before = coverage.branches;
    expect(add(0)).toBe(0);
    expect(add(1)).toBeGreaterThan(0);
    expect(coverage.branches).toBeGreaterThan(before);
    // Three times and four times are much the same.
    expect([add(3), add(4)]).toEqual([expect.any(Number), 0]);
    expect(add(50)).toBeGreaterThan(0);
    run(-3);
    const profile = profiler.take();
    expect(coverage.isNew(profile)).toBe(true);
    const features = coverage.add(profile);
    expect(features.some(({ first }) => first)).toBe(true);
    expect(features.every((feature) => reaches(profile, feature))).toBe(true);
    expect(coverage.isNew(profile)).toBe(false);
    run(2);
    const other = profiler.take();
    expect(features.every((feature) => reaches(other, feature))).toBe(false);
  });

  it("counts work: ten times as many rounds are about ten times as much", () => {
    const run = compile<(n: number) => void>(
      "work.js",
      `function run(n) { for (let i = 0; i < n; i++) { run.sum += i; } }`,
    );
    const work = (n: number): number => {
      profiler.take();
      run(n);
      return totalOf(profiler.take());
    };
    expect(work(1000)).toBeGreaterThan(1000);
    expect(work(10_000) / work(1000)).toBeCloseTo(10, 0);
  });

  it("is of the modules only that it was asked for", () => {
    const run = runInThisContext("(function run() { return 1; })", {
      filename: "elsewhere:run.js",
    }) as () => void;
    profiler.take();
    run();
    expect(profiler.take()).toEqual([]);
  });
});

describe("a session that is guided", () => {
  const MOST = 50_000;

  function search(guided: boolean, mostExecutions = MOST): Promise<Outcome> {
    const run = compile<Target["run"]>(
      "magic.js",
      `function run(data) {
        if (data[0] === 0x46) {
          if (data[1] === 0x72) {
            if (data[2] === 0x61) {
              if (data[3] === 0x6d) throw new Error("found");
            }
          }
        }
        return data.length;
      }`,
    );
    return fuzz({
      name: "artificial",
      target: { run, settings: 0, dictionary: [] },
      corpus: new Corpus([new Uint8Array(2)]),
      seed: 3,
      milliseconds: 60_000,
      mostExecutions,
      profiler: guided ? profiler : undefined,
    });
  }

  it(`finds within ${MOST} executions what is hidden behind four bytes, and a blind one does not`, async () => {
    const guided = await search(true);
    expect(guided.finding?.error.message).toBe("found");
    expect(Buffer.from(guided.finding!.input).toString()).toBe("Fram");
    expect(guided.reached.length).toBeGreaterThanOrEqual(3);
    expect((await search(false)).finding).toBeUndefined();
  });

  it("reaches the same again with the same seed, in as many executions", async () => {
    const runs = [await search(true, 5000), await search(true, 5000)];
    const [one, other] = runs.map(({ milliseconds, ...rest }) => rest);
    expect(one).toEqual(other);
  });
});
