import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Rate, TokenBucket } from "../../src/node/rate.ts";
import { FakeClock } from "../helpers/fake-clock.ts";

/** How many of `most` are to be had at this moment. */
function taken(bucket: TokenBucket, most = 1000): number {
  let count = 0;
  while (count < most && bucket.take()) count++;
  return count;
}

function bucketOf(rate: Rate) {
  const clock = new FakeClock();
  return { clock, bucket: new TokenBucket(rate, clock) };
}

describe("a token bucket", () => {
  it("is full at first: as many as the burst may come at once", () => {
    const { bucket } = bucketOf({ perSecond: 1, burst: 5 });
    expect(taken(bucket)).toBe(5);
  });

  it("fills with time, in fractions too", () => {
    const { bucket, clock } = bucketOf({ perSecond: 4, burst: 2 });
    taken(bucket);
    clock.advance(125);
    expect(bucket.take()).toBe(false);
    clock.advance(125);
    expect(taken(bucket)).toBe(1);
  });

  it("never holds more than the burst, however long nobody comes", () => {
    const { bucket, clock } = bucketOf({ perSecond: 1000, burst: 3 });
    clock.advance(3_600_000);
    expect(taken(bucket)).toBe(3);
  });

  it("loses nothing to those who ask in vain", () => {
    const { bucket, clock } = bucketOf({ perSecond: 1, burst: 1 });
    taken(bucket);
    for (let index = 0; index < 8; index++) {
      clock.advance(125);
      expect(bucket.take()).toBe(index === 7);
    }
  });

  it("gives in any time no more than the burst and what that time earned", () => {
    const waits = fc.array(fc.integer({ min: 0, max: 2000 }), { maxLength: 50 });
    const rates = fc.record({
      perSecond: fc.integer({ min: 1, max: 50 }),
      burst: fc.integer({ min: 1, max: 20 }),
    });
    fc.assert(
      fc.property(rates, waits, (rate, gaps) => {
        const { bucket, clock } = bucketOf(rate);
        let [count, elapsed] = [0, 0];
        for (const gap of gaps) {
          clock.advance(gap);
          elapsed += gap;
          count += taken(bucket, 5);
          expect(count).toBeLessThanOrEqual(rate.burst + (elapsed / 1000) * rate.perSecond + 1e-6);
        }
      }),
    );
  });
});
