import { deflateRawSync, inflateRawSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { deflateRaw, inflateRaw, portable } from "../../src/deflate/index.ts";
import { json, samples, text } from "./data.ts";

describe("deflateRaw and inflateRaw", () => {
  it("are each other's inverse, and zlib's", () => {
    for (const data of Object.values(samples)) {
      for (const level of [0, 1, 6]) {
        const stream = deflateRaw(data, { level });
        expect(Buffer.compare(inflateRaw(stream), data)).toBe(0);
        expect(Buffer.compare(inflateRawSync(stream), data)).toBe(0);
      }
      expect(Buffer.compare(inflateRaw(deflateRawSync(data)), data)).toBe(0);
    }
  });

  it("give an empty stream for nothing", () => {
    expect([...deflateRaw(new Uint8Array(0))]).toEqual([0x03, 0x00]);
  });

  it("[RFC7692-7.2.1-05] pad a final block with zeros", () => {
    expect(Buffer.from(deflateRaw(text("Hello"))).toString("hex")).toBe("f348cdc9c90700");
  });

  it("throw what is wrong with the caller's data", () => {
    const stream = deflateRaw(json(1000));
    expect(inflateRaw(stream, { maxSize: 1000 }).length).toBe(1000);
    expect(() => inflateRaw(stream, { maxSize: 999 })).toThrow(
      new RangeError("data: more than 999 bytes when decompressed"),
    );
    expect(() => inflateRaw(Uint8Array.of(7))).toThrow("data: the block type 3 is reserved");
    for (let cut = 0; cut < stream.length; cut++) {
      expect(() => inflateRaw(stream.subarray(0, cut))).toThrow(
        "data: ends before the end of its final block",
      );
    }
    expect(() => inflateRaw(Uint8Array.of(0, 0, 0, 0xff, 0xff))).toThrow("data: ends before");
  });

  it("throw what is wrong with the arguments, by name", () => {
    const data = text("data");
    expect(() => inflateRaw("data" as never)).toThrow(new TypeError("data: must be a Uint8Array"));
    expect(() => deflateRaw([1] as never)).toThrow(new TypeError("data: must be a Uint8Array"));
    expect(() => inflateRaw(data, { maxSize: "1" as never })).toThrow(
      new TypeError("maxSize: must be a number"),
    );
    expect(() => inflateRaw(data, { maxSize: -1 })).toThrow(RangeError);
    expect(() => inflateRaw(data, { maxSize: Number.NaN })).toThrow(RangeError);
    expect(() => deflateRaw(data, { level: 10 })).toThrow("level: 10 is not an integer from 0 to 9");
    expect(() => deflateRaw(data, { level: "6" as never })).toThrow(new TypeError("level: must be a number"));
    expect(() => deflateRaw(data, { memoryLevel: 0 })).toThrow(
      "memoryLevel: 0 is not an integer from 1 to 9",
    );
    expect(() => deflateRaw(data, { windowBits: 7 })).toThrow("windowBits: 7 is not an integer from 8 to 15");
    expect(() => portable.inflater(16)).toThrow("windowBits: 16 is not an integer from 8 to 15");
    expect(() => portable.inflater(8.5)).toThrow(RangeError);
  });
});
