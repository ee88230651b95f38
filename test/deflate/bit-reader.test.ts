import { describe, expect, it } from "vitest";
import { BitReader } from "../../src/deflate/bit-reader.ts";
import { FIXED_CODES } from "../../src/deflate/block-codes.ts";
import { Bits } from "./data.ts";

describe("the bit reader", () => {
  it("reads numbers from the least significant bit on, over the borders of bytes and inputs", () => {
    const reader = new BitReader();
    const bytes = new Bits().number(5, 3).number(1000, 10).number(0xbeef, 16).number(0, 3).bytes();
    reader.open(bytes.subarray(0, 1));
    expect(reader.fetch(3)).toBe(true);
    expect(reader.take(3)).toBe(5);
    expect(reader.fetch(10)).toBe(false);
    reader.close();
    reader.open(bytes.subarray(1));
    expect(reader.fetch(10)).toBe(true);
    expect(reader.take(10)).toBe(1000);
    expect(reader.fetch(16)).toBe(true);
    expect(reader.take(16)).toBe(0xbeef);
    expect(reader.bits).toBe(3);
    reader.align();
    expect(reader.bits).toBe(0);
  });

  it("holds 32 bits at most, and gives them back whole", () => {
    const reader = new BitReader();
    reader.open(Uint8Array.of(0xff, 0x00, 0x01, 0x80));
    expect(reader.fetch(32)).toBe(true);
    expect([reader.take(16), reader.take(16), reader.bits]).toEqual([0x00ff, 0x8001, 0]);
  });

  it("aligns within the byte at hand: whole bytes that are held stay", () => {
    const reader = new BitReader();
    reader.open(Uint8Array.of(0xff, 0x5a));
    expect(reader.fetch(12)).toBe(true);
    reader.take(1);
    reader.align();
    expect([reader.bits, reader.take(8)]).toEqual([8, 0x5a]);
  });

  it("finds the next code with no more input than the code is long", () => {
    const reader = new BitReader();
    // The end (seven bits) and literal 144 (nine bits).
    reader.open(new Bits().fixed(256).fixed(144).bytes());
    const end = reader.peek(FIXED_CODES.literals);
    expect(end & 15).toBe(7);
    expect(reader.at).toBe(1);
    reader.take(7);
    expect(reader.peek(FIXED_CODES.literals) >>> 16).toBe(144);
    reader.reset();
    expect(reader.bits).toBe(0);
    expect(reader.peek(FIXED_CODES.literals) & 15).toBeGreaterThan(reader.bits);
  });
});
