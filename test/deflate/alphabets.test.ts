import { describe, expect, it } from "vitest";
import {
  DISTANCE_BASE,
  DISTANCE_EXTRA,
  distanceSymbol,
  FIXED_LITERAL_LENGTHS,
  LENGTH_BASE,
  LENGTH_EXTRA,
  LENGTH_INDEX,
} from "../../src/deflate/alphabets.ts";

describe("the alphabets", () => {
  it("have the lengths of RFC 1951 §3.2.5", () => {
    const bases = [
      3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131,
    ];
    expect([...LENGTH_BASE]).toEqual([...bases, 163, 195, 227, 258]);
    expect([...LENGTH_EXTRA.subarray(0, 9)]).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 1]);
    expect([...LENGTH_EXTRA.subarray(24)]).toEqual([5, 5, 5, 5, 0]);
  });

  it("have the distances of RFC 1951 §3.2.5", () => {
    expect([...DISTANCE_BASE.subarray(0, 8)]).toEqual([1, 2, 3, 4, 5, 7, 9, 13]);
    expect([...DISTANCE_BASE.subarray(26)]).toEqual([8193, 12289, 16385, 24577]);
    expect([...DISTANCE_EXTRA.subarray(26)]).toEqual([12, 12, 13, 13]);
  });

  it("find the symbol of every length and of every distance", () => {
    for (let length = 3; length <= 258; length++) {
      const index = LENGTH_INDEX[length]!;
      const extra = length - LENGTH_BASE[index]!;
      expect(extra >= 0 && extra < 1 << LENGTH_EXTRA[index]!).toBe(true);
    }
    for (let distance = 1; distance <= 32_768; distance++) {
      const symbol = distanceSymbol(distance);
      const extra = distance - DISTANCE_BASE[symbol]!;
      if (!(extra >= 0 && extra < 1 << DISTANCE_EXTRA[symbol]!))
        expect.fail(`distance ${distance}: symbol ${symbol}`);
    }
  });

  it("write the longest length with the symbol of its own", () => {
    expect(LENGTH_INDEX[258]).toBe(28);
    expect(LENGTH_INDEX[257]).toBe(27);
  });

  it("have fixed codes that fill the code space", () => {
    expect(FIXED_LITERAL_LENGTHS.reduce((sum, length) => sum + 2 ** -length, 0)).toBe(1);
  });
});
