import { deflateRawSync, inflateRawSync, constants as zlib } from "node:zlib";
import { describe, expect, it } from "vitest";
import { ByteBuffer } from "../../src/bytes.ts";
import { PortableDeflater } from "../../src/deflate/deflate.ts";
import { portable } from "../../src/deflate/index.ts";
import { allocated } from "./allocated.ts";
import { json, random, repeat, text } from "./data.ts";

function size(data: Uint8Array, level: number): number {
  const output = new ByteBuffer();
  new PortableDeflater({ windowBits: 15, level, memoryLevel: 8 }).deflate(data, output);
  return output.length;
}

describe("the deflater", () => {
  it("comes within three percent of zlib at the same level", () => {
    for (const data of [json(1024), json(16_384), json(300_000)]) {
      for (let level = 1; level <= 9; level++) {
        const theirs = deflateRawSync(data, { level, finishFlush: zlib.Z_SYNC_FLUSH }).length;
        expect(size(data, level)).toBeLessThanOrEqual(1.03 * theirs + 8);
      }
    }
  });

  it("takes the longer match of the next place where the level is lazy, and not where it is greedy", () => {
    const data = text("abcd bcdefghijkl_abcdefghijkl");
    expect(size(data, 9)).toBeLessThan(size(data, 1));
  });

  it("finds matches across the end of its array: a small window costs a long run nothing", () => {
    const run = (windowBits: number): number => {
      const output = new ByteBuffer();
      new PortableDeflater({ windowBits, level: 6, memoryLevel: 8 }).deflate(new Uint8Array(100_000), output);
      return output.length;
    };
    expect(run(8)).toBe(run(15));
  });

  it("stores at level 0, and holds nothing", () => {
    const deflater = portable.deflater({ windowBits: 15, level: 0, memoryLevel: 8 });
    const output = new ByteBuffer();
    output.reserve(200_000);
    expect(allocated(() => deflater.deflate(random(70_000), output)).bytes).toBeLessThan(70_000 + 1);
    expect(output.length).toBe(70_000 + 2 * 5 + 5);
    output.clear();
    deflater.reset();
    deflater.deflate(new Uint8Array(0), output);
    expect([...output.view()]).toEqual([0, 0, 0, 0xff, 0xff]);
  });

  it("writes a short message in the fixed code, in the octets of RFC 7692 §7.2.3.1", () => {
    const output = new ByteBuffer();
    const deflater = new PortableDeflater({ windowBits: 15, level: 6, memoryLevel: 8 });
    deflater.deflate(text("Hello"), output);
    expect(Buffer.from(output.take()).toString("hex")).toBe("f248cdc9c907000000ffff");
    // §7.2.3.2: the second one is a reference to the first.
    deflater.deflate(text("Hello"), output);
    expect(output.length).toBeLessThanOrEqual(5 + 4);
  });

  it("costs almost nothing while it is idle and never used", () => {
    expect(allocated(() => portable.deflater({ windowBits: 15, level: 9, memoryLevel: 9 })).bytes).toBe(0);
  });

  it("needs no new memory for the next messages, with the window or without", () => {
    const deflater = new PortableDeflater({ windowBits: 12, level: 6, memoryLevel: 8 });
    const output = new ByteBuffer();
    deflater.deflate(json(10_000), output);
    output.clear();
    const { bytes } = allocated(() => {
      for (let round = 0; round < 50; round++) {
        if (round % 3 === 0) deflater.reset();
        deflater.deflate(json(900, round), output);
        output.clear();
      }
    });
    // What json() itself makes is counted too; none of it is larger than a message.
    expect(bytes).toBeLessThan(50 * 2000);
  });

  it("does the same work per byte for ten times the bytes, even where every place looks alike", () => {
    // The output is a measure of the work of the writer, the tries of the finder's: both are bounded per place.
    for (const pattern of ["a", "ab", "aaab"]) {
      const small = size(repeat(pattern, 50_000), 9);
      const large = size(repeat(pattern, 500_000), 9);
      expect(large).toBeLessThan(12 * small);
    }
  });

  it("compresses inputs of every size around that of its memory", () => {
    const data = repeat("a period longer than four bytes, ", 1200);
    for (let length = 1000; length <= 1100; length++) {
      const output = new ByteBuffer();
      new PortableDeflater({ windowBits: 8, level: 6, memoryLevel: 8 }).deflate(
        data.subarray(0, length),
        output,
      );
      const plain = inflateRawSync(output.view(), { finishFlush: zlib.Z_SYNC_FLUSH });
      expect(Buffer.compare(plain, data.subarray(0, length))).toBe(0);
    }
  });
});
