import { describe, expect, it } from "vitest";
import {
  borrowDynamicCodes,
  buildDynamicCodes,
  FIXED_CODES,
  returnDynamicCodes,
} from "../../src/deflate/block-codes.ts";
import { BASE, END, KIND } from "../../src/deflate/huffman.ts";

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

  it("are refused without a code for the end", () => {
    const codes = borrowDynamicCodes();
    codes.lengths.fill(0);
    expect(buildDynamicCodes(codes, 257, 1)).toBe("the end of the block has no code");
    codes.lengths[256] = 1;
    expect(buildDynamicCodes(codes, 257, 1)).toBe("");
  });
});
