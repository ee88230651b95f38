import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  BACKOFF_DEFAULTS,
  Backoff,
  type BackoffOptions,
  backoffSettings,
} from "../../../src/node/client/backoff.ts";

/** The last number below 1: what waits are at most. */
const ALMOST_ONE = 1 - Number.EPSILON / 2;

/** The first waits, with a chance that always falls the same way. */
function waits(count: number, chance: number, options?: BackoffOptions): number[] {
  const backoff = new Backoff(backoffSettings(options), () => chance);
  return Array.from({ length: count }, () => backoff.next());
}

/** A generator of numbers that is the same each time: good enough to see how waits spread. */
function mulberry(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const settingsWithin = fc.record({
  initial: fc.double({ min: 0.001, max: 1e6, noNaN: true }),
  maximum: fc.double({ min: 0.001, max: 1e7, noNaN: true }),
  factor: fc.double({ min: 1, max: 10, noNaN: true }),
});
const chances = fc.array(fc.double({ min: 0, max: ALMOST_ONE, noNaN: true }), {
  minLength: 1,
  maxLength: 60,
});

describe("a wait", () => {
  it("[RFC6455-7.2.3-04] is at most twice as long each time, up to half a minute", () => {
    const [half, most] = [waits(7, 0.5), waits(7, ALMOST_ONE)];
    expect(half).toEqual([500, 1000, 2000, 4000, 8000, 15_000, 15_000]);
    expect(most.map(Math.round)).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
  });

  it("[RFC6455-7.2.3-02] is random, also the first time, and may be nothing", () => {
    expect(waits(3, 0)).toEqual([0, 0, 0]);
    const backoff = new Backoff(backoffSettings());
    const first = Array.from({ length: 20 }, () => {
      backoff.reset();
      return backoff.next();
    });
    expect(new Set(first).size).toBeGreaterThan(10);
  });

  it("[RFC6455-7.2.3-03] grows as the options say", () => {
    expect(waits(4, 0.5, { initial: 10, maximum: 100, factor: 3 })).toEqual([5, 15, 45, 50]);
    expect(waits(3, 0.5, { factor: 1 })).toEqual([500, 500, 500]);
    expect(waits(2, 0.5, { initial: 1000, maximum: 10 })).toEqual([5, 5]);
  });

  it("is anywhere from nothing to the power, or the maximum", () => {
    fc.assert(
      fc.property(settingsWithin, chances, (settings, list) => {
        let at = 0;
        const backoff = new Backoff(backoffSettings(settings), () => list[at]!);
        for (; at < list.length; at++) {
          const most = Math.min(settings.maximum, settings.initial * settings.factor ** at);
          const wait = backoff.next();
          expect(wait).toBeGreaterThanOrEqual(0);
          expect(wait).toBeLessThanOrEqual(most * (1 + 1e-9));
          expect(wait).toBeCloseTo(list[at]! * most, 3);
        }
      }),
    );
  });

  it("is as likely in each tenth of its interval, also in the first", () => {
    const backoff = new Backoff(backoffSettings({ initial: 100, maximum: 100 }), mulberry(7));
    const tenths = new Array<number>(10).fill(0);
    for (let index = 0; index < 10_000; index++) tenths[Math.floor(backoff.next() / 10)]!++;
    for (const count of tenths) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });

  it("is still within bounds after a thousand attempts, whatever the factor", () => {
    for (const factor of [2, 1e300, Number.MAX_VALUE]) {
      const backoff = new Backoff(backoffSettings({ factor, maximum: Number.MAX_VALUE }), () => 0.5);
      for (let index = 0; index < 5000; index++) backoff.next();
      expect(backoff.next()).toBe(Number.MAX_VALUE / 2);
    }
  });
});

describe("a backoff", () => {
  it("[RFC6455-7.2.3-01] counts the waits", () => {
    const backoff = new Backoff(backoffSettings());
    expect(backoff.attempts).toBe(0);
    backoff.next();
    backoff.next();
    expect(backoff.attempts).toBe(2);
  });

  it("starts over when it is reset, whatever has been before", () => {
    fc.assert(
      fc.property(settingsWithin, chances, fc.integer({ min: 0, max: 50 }), (settings, list, before) => {
        let at = 0;
        const backoff = new Backoff(backoffSettings(settings), () => list[at++ % list.length]!);
        for (let index = 0; index < before; index++) backoff.next();
        backoff.reset();
        expect(backoff.attempts).toBe(0);
        at = 0;
        const again = list.map(() => backoff.next());
        at = 0;
        const fresh = new Backoff(backoffSettings(settings), () => list[at++ % list.length]!);
        expect(again).toEqual(list.map(() => fresh.next()));
      }),
    );
  });
});

describe("the settings of a backoff", () => {
  it("have defaults, for what is undefined too", () => {
    expect(backoffSettings()).toEqual(BACKOFF_DEFAULTS);
    expect(backoffSettings({ factor: 3 })).toEqual({ ...BACKOFF_DEFAULTS, factor: 3 });
    expect(backoffSettings({ initial: undefined } as never)).toEqual(BACKOFF_DEFAULTS);
  });

  it("have names, and say what they must be", () => {
    for (const wrong of [0, -1, Number.NaN, Number.POSITIVE_INFINITY, "1", null]) {
      for (const name of ["initial", "maximum"]) {
        const options = { [name]: wrong } as BackoffOptions;
        expect(() => backoffSettings(options)).toThrow(RangeError);
        expect(() => backoffSettings(options)).toThrow(`retry.${name}: must be`);
      }
    }
    for (const wrong of [0.5, 0, -2, Number.NaN, Number.POSITIVE_INFINITY, "2", null]) {
      expect(() => backoffSettings({ factor: wrong as number })).toThrow(RangeError);
      expect(() => backoffSettings({ factor: wrong as number })).toThrow("retry.factor: must be");
    }
  });
});
