import { describe, expect, it } from "vitest";
import { DISTANCE_BASE, LENGTH_BASE } from "../../src/deflate/alphabets.ts";
import { BitReader } from "../../src/deflate/bit-reader.ts";
import {
  borrowDynamicCodes,
  buildDynamicCodes,
  FIXED_CODES,
  returnDynamicCodes,
} from "../../src/deflate/block-codes.ts";
import { assignCodes } from "../../src/deflate/code-lengths.ts";
import { BASE, type DecodingTable, END, KIND } from "../../src/deflate/huffman.ts";

describe("the codes of a block", () => {
  it("are lent to one inflater at a time", () => {
    const first = borrowDynamicCodes();
    const second = borrowDynamicCodes();
    expect(second).not.toBe(first);
    returnDynamicCodes(first);
    expect(borrowDynamicCodes()).toBe(first);
  });

  it("are lent without the last borrower's code length code", () => {
    const codes = borrowDynamicCodes();
    codes.headerLengths.fill(3);
    returnDynamicCodes(codes);
    expect([...borrowDynamicCodes().headerLengths]).toEqual(new Array(19).fill(0));
  });

  it("are fixed ones where nothing else is said: the end is seven zeros, distance 1 is five", () => {
    expect(FIXED_CODES.literals.entries[0]! & KIND).toBe(END);
    expect(FIXED_CODES.distances.entries[0]!).toBe(BASE | (1 << 16) | 5);
  });

  it("have room for the largest tables that any lengths lead to", () => {
    // How many codes there are of each length: found by looking through all complete codes of 286 and 30 symbols.
    const literals = [0, 1, 1, 1, 0, 0, 0, 0, 0, 0, 117, 1, 17, 17, 1, 130];
    const distances = [0, 0, 3, 1, 1, 1, 0, 0, 0, 13, 5, 1, 1, 1, 1, 2];
    const spread = (counts: readonly number[]): number[] =>
      counts.flatMap((count, length) => new Array<number>(count).fill(length));
    const codes = borrowDynamicCodes();
    codes.lengths.set([...spread(literals), ...spread(distances)]);
    expect(buildDynamicCodes(codes, 286, 30)).toBe("");

    const lookedUp = (table: DecodingTable, lengths: readonly number[]): number[] => {
      const assigned = new Uint32Array(lengths.length);
      assignCodes(Uint8Array.from(lengths), assigned);
      return Array.from(assigned, (code) => {
        const reader = new BitReader();
        reader.open(Uint8Array.of(code >>> 4, code >>> 12));
        return reader.peek(table);
      });
    };
    const found = lookedUp(codes.literals, spread(literals));
    expect(found.map((entry) => entry & 15)).toEqual(spread(literals));
    expect(found.slice(0, 256).map((entry) => entry >>> 16)).toEqual(
      Array.from({ length: 256 }, (_, at) => at),
    );
    expect(found.slice(257).map((entry) => entry >>> 16)).toEqual([...LENGTH_BASE]);
    const foundDistances = lookedUp(codes.distances, spread(distances));
    expect(foundDistances.map((entry) => entry & 15)).toEqual(spread(distances));
    expect(foundDistances.map((entry) => entry >>> 16)).toEqual([...DISTANCE_BASE]);
  });

  it("are refused without a code for the end", () => {
    const codes = borrowDynamicCodes();
    codes.lengths.fill(0);
    expect(buildDynamicCodes(codes, 257, 1)).toBe("the end of the block has no code");
    codes.lengths[256] = 1;
    expect(buildDynamicCodes(codes, 257, 1)).toBe("");
  });
});
