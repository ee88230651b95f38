import { describe, expect, it } from "vitest";
import { ByteBuffer } from "../../src/bytes.ts";
import { BitReader } from "../../src/deflate/bit-reader.ts";
import { borrowDynamicCodes, buildDynamicCodes, FIXED_CODES } from "../../src/deflate/block-codes.ts";
import { Inflated } from "../../src/deflate/codec.ts";
import { PortableInflater } from "../../src/deflate/inflate.ts";
import { decodeFast } from "../../src/deflate/inflate-fast.ts";
import { Window } from "../../src/deflate/window.ts";
import { Bits, concat, json, repeat, zlibMessage } from "./data.ts";

/** Runs over `symbols`; returns what came out and the bit of the input where it stopped. */
function run(symbols: Bits, limit = 1 << 20, codes = FIXED_CODES) {
  const reader = new BitReader();
  const output = new ByteBuffer();
  const window = new Window(8);
  window.append(Uint8Array.of(1, 2, 3, 4), 0, 4);
  reader.open(symbols.number(0, 32).number(0, 32).number(0, 32).bytes());
  decodeFast(reader, codes, window, output, 0, limit);
  expect(reader.bits).toBeLessThan(8);
  expect(reader.hold >>> reader.bits).toBe(0);
  return { output: [...output.view()], stopped: 8 * reader.at - reader.bits, reader };
}

describe("the fast loop", () => {
  it("takes literals, and matches from the window, from the output and from both", () => {
    // Literal 9; six bytes from four back (2, 3, 4 in the window, then 9 and the match itself); three from two back.
    const symbols = new Bits().fixed(9).fixed(260).code("00011").fixed(257).code("00001");
    expect(run(symbols).output.slice(0, 10)).toEqual([9, 2, 3, 4, 9, 2, 3, 2, 3, 2]);
  });

  it("stops at the first bit of what it leaves to the machine", () => {
    const literals = () => new Bits().fixed(65).fixed(66); // 16 bits
    expect(run(literals().fixed(256)).stopped).toBe(16);
    expect(run(literals().fixed(286)).stopped).toBe(16);
    expect(run(literals().fixed(257).code("11110")).stopped).toBe(16);
    expect(run(literals().fixed(257).code("00110").number(0, 2)).stopped).toBe(16); // distance 9, where 6 bytes are known
    expect(run(literals().fixed(257).code("10000").number(0, 7)).stopped).toBe(16); // distance 257, window 256
  });

  it("does not begin without room, or in the middle of a symbol", () => {
    expect(run(new Bits().fixed(65), 100)).toMatchObject({ output: [], stopped: 0 });
    const { reader } = run(new Bits().fixed(256));
    expect(reader.at).toBe(0);
    reader.fetch(9);
    decodeFast(reader, FIXED_CODES, new Window(8), new ByteBuffer(), 0, 1 << 20);
    expect([reader.at, reader.bits]).toEqual([2, 16]);
  });

  it("leaves a distance whose code is in the second table to the machine", () => {
    const codes = borrowDynamicCodes();
    // The end and two lengths, of which four is "0"; and distances with codes of 1, 2, 3 ... 14, 15 and 15 bits.
    codes.lengths.fill(0);
    codes.lengths.set([2, 2, 1], 256);
    codes.lengths.set([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 15], 259);
    expect(buildDynamicCodes(codes, 259, 16)).toBe("");
    const symbols = new Bits();
    for (let round = 0; round < 5; round++) symbols.code("0").code("0");
    expect(run(symbols.code("0").code("111111110").number(0, 3), 1 << 20, codes)).toMatchObject({
      output: new Array(20).fill(4),
      stopped: 10,
    });
  });

  it("takes as much of a long input as of the same input in pieces", () => {
    const plain = concat(json(6000), new Uint8Array(400).fill(7), repeat("abc", 400), json(6000, 2));
    const coded = zlibMessage(plain);
    for (const piece of [coded.length, 300, 150]) {
      const inflater = new PortableInflater(new Window(15));
      const output = new ByteBuffer();
      for (let at = 0; at < coded.length; at += piece) {
        expect(inflater.inflate(coded.subarray(at, at + piece), output, plain.length)).toBe(Inflated.Ok);
      }
      expect(Buffer.compare(output.view(), plain)).toBe(0);
    }
  });
});
