import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { assignCodes, chooseCodeLengths } from "../../src/deflate/code-lengths.ts";

function choose(frequencies: number[], limit: number): number[] {
  const lengths = new Uint8Array(frequencies.length).fill(99);
  chooseCodeLengths(Uint32Array.from(frequencies), limit, lengths);
  return [...lengths];
}

const cost = (frequencies: number[], lengths: number[]) =>
  frequencies.reduce((sum, frequency, symbol) => sum + frequency * lengths[symbol]!, 0);

/** Huffman's construction the slow way: the cost is the sum of all inner nodes. */
function leastCost(frequencies: number[]): number {
  const nodes = frequencies.filter((frequency) => frequency > 0);
  let sum = 0;
  while (nodes.length > 1) {
    nodes.sort((a, b) => b - a);
    const joined = nodes.pop()! + nodes.pop()!;
    sum += joined;
    nodes.push(joined);
  }
  return sum;
}

describe("choosing code lengths", () => {
  it("gives no code where nothing occurs, and one bit to a lone symbol", () => {
    expect(choose([0, 0, 0], 15)).toEqual([0, 0, 0]);
    expect(choose([0, 7, 0], 15)).toEqual([0, 1, 0]);
  });

  it("gives the least total where the limit does not matter, and always a complete code", () => {
    const frequencies = fc.array(fc.oneof(fc.constant(0), fc.nat(2000)), { minLength: 2, maxLength: 286 });
    fc.assert(
      fc.property(frequencies, (counts) => {
        const lengths = choose(counts, 15);
        const used = lengths.filter((length) => length > 0);
        expect(used.length).toBe(counts.filter((count) => count > 0).length);
        if (used.length < 2) return;
        expect(used.reduce((sum, length) => sum + 2 ** -length, 0)).toBe(1);
        if (Math.max(...lengths) < 15) expect(cost(counts, lengths)).toBe(leastCost(counts));
      }),
    );
  });

  it("keeps to the limit with frequencies that grow like Fibonacci's numbers", () => {
    const counts = [1, 1];
    while (counts.length < 19) counts.push(counts.at(-1)! + counts.at(-2)!);
    for (const limit of [5, 7, 15]) {
      const lengths = choose(counts, limit);
      expect(Math.max(...lengths)).toBe(limit);
      expect(lengths.reduce((sum, length) => sum + 2 ** -length, 0)).toBe(1);
      // The rarer, the longer.
      expect(lengths).toEqual([...lengths].sort((a, b) => b - a));
    }
    expect(cost(counts, choose(counts, 10))).toBeLessThan(1.02 * leastCost(counts));
  });
});

describe("assigning codes", () => {
  it("follows the example of RFC 1951 §3.2.2, mirrored", () => {
    const codes = new Uint32Array(8);
    assignCodes(Uint8Array.of(3, 3, 3, 3, 3, 2, 4, 4), codes);
    const paper = [...codes].map((code) => (code >>> 4).toString(2).padStart(code & 15, "0"));
    expect(paper.map((code) => [...code].reverse().join(""))).toEqual([
      "010",
      "011",
      "100",
      "101",
      "110",
      "00",
      "1110",
      "1111",
    ]);
  });
});
