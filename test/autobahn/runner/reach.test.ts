import { constants, deflateRawSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { reachOf } from "../../../autobahn/runner/reach.ts";

const hex = (octets: string): Uint8Array => Buffer.from(octets.replaceAll(" ", ""), "hex");

function deflated(message: Uint8Array, options: Parameters<typeof deflateRawSync>[1] = {}): Uint8Array {
  return deflateRawSync(message, { ...options, finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);
}

/** Letters that do not repeat. */
function noise(length: number): Uint8Array {
  let state = 1;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return state >>> 24;
  });
}

describe("reachOf", () => {
  it.each([
    ["a block with fixed codes and no copies", "f248cdc9c90700", { farthest: 0, before: 0 }],
    ["a message that copies from the one before", "f200110000", { farthest: 5, before: 4 }],
    ["a stored block", "00 0500 faff 48656c6c6f 00", { farthest: 0, before: 0 }],
    ["two blocks", "f2480500 0000ffff cac9c90700", { farthest: 0, before: 0 }],
    ["a block with BFINAL", "f348cdc9c9070000", { farthest: 0, before: 0 }],
    ["an empty message", "00", { farthest: 0, before: 0 }],
  ])("reads %s", (_, octets, reach) => {
    expect(reachOf(hex(octets))).toEqual(reach);
  });

  it.each([
    ["a block of a type that does not exist", "0600"],
    ["a stored block whose lengths do not agree", "00 0500 faee 48656c6c6f 00"],
    ["a stored block that is cut off", "00 0500 faff 4865"],
    ["a block with fixed codes that is cut off", "f248cd"],
    ["codes that are cut off", "04 c0"],
    ["codes that contradict each other", "04ffffffffffffffffffff"],
    ["codes whose first length repeats the one before", "0480 01 00 00 00 00 00"],
    ["a message that has kept its last four octets", "f248cdc9c90700 0000ffff"],
    ["nothing", ""],
  ])("refuses %s", (_, octets) => {
    expect(reachOf(hex(octets))).toBeUndefined();
  });

  it("sees a copy over the whole of the largest window", () => {
    const block = noise(32_000);
    const twice = Buffer.concat([block, block]);
    expect(reachOf(deflated(twice))).toEqual({ farthest: 32_000, before: 0 });
    expect(reachOf(deflated(block, { dictionary: block }))).toEqual({ farthest: 32_000, before: 31_999 });
  });

  it("reads whatever zlib writes, which stays within its window", () => {
    const message = fc
      .array(fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.constant(noise(700)), fc.constant(noise(90))), {
        maxLength: 12,
      })
      .map((parts) => Buffer.concat(parts));
    const strategy = fc.constantFrom(
      constants.Z_DEFAULT_STRATEGY,
      constants.Z_FIXED,
      constants.Z_HUFFMAN_ONLY,
      constants.Z_RLE,
    );
    fc.assert(
      fc.property(
        message,
        fc.integer({ min: 9, max: 15 }),
        fc.integer({ min: 0, max: 9 }),
        strategy,
        (...drawn) => {
          const [octets, windowBits, level, strategy] = drawn;
          const reach = reachOf(deflated(octets, { windowBits, level, strategy }));
          expect(reach?.farthest).toBeLessThanOrEqual(2 ** windowBits);
          expect(reach?.before).toBe(0);
        },
      ),
      { numRuns: 200 },
    );
  });
});
