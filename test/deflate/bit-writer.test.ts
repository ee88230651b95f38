import { describe, expect, it } from "vitest";
import { ByteBuffer } from "../../src/bytes.ts";
import { BitWriter } from "../../src/deflate/bit-writer.ts";
import { Bits, numbers } from "./data.ts";

describe("the bit writer", () => {
  it("writes any sequence of up to 16 bits each, from the least significant on", () => {
    const next = numbers(3);
    const output = new ByteBuffer();
    const writer = new BitWriter();
    const expected = new Bits();
    writer.open(output);
    for (let count = 0; count < 2000; count++) {
      const bits = next() % 17;
      const value = next() & ((1 << bits) - 1);
      writer.reserve(bits);
      writer.put(value, bits);
      expected.number(value, bits);
    }
    writer.align();
    expect([...output.view()]).toEqual([...expected.bytes()]);
  });

  it("aligns with zeros, copies bytes, and knows how far the byte is filled", () => {
    const output = new ByteBuffer();
    const writer = new BitWriter();
    writer.open(output);
    writer.reserve(16);
    writer.put(0b111, 3);
    expect(writer.bitsInByte).toBe(3);
    writer.align();
    expect(writer.bitsInByte).toBe(0);
    writer.putBytes(Uint8Array.of(1, 2, 3, 4), 1, 3);
    writer.close();
    expect([...output.view()]).toEqual([0b111, 2, 3]);
  });

  it("makes room for the last byte too, however few bits it has", () => {
    const output = new ByteBuffer();
    output.bytes = new Uint8Array(2);
    const writer = new BitWriter();
    writer.open(output);
    writer.reserve(17);
    writer.put(0xffff, 16);
    writer.put(1, 1);
    writer.align();
    expect([...output.view()]).toEqual([0xff, 0xff, 1]);
  });

  it("begins anew with each output", () => {
    const writer = new BitWriter();
    writer.open(new ByteBuffer());
    writer.put(0x1ff, 9);
    expect(writer.bitsInByte).toBe(1);
    const output = new ByteBuffer();
    writer.open(output);
    expect(writer.bitsInByte).toBe(0);
    writer.reserve(8);
    writer.put(2, 8);
    writer.align();
    expect([...output.view()]).toEqual([2]);
  });
});
