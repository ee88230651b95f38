import { inflateRawSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { ByteBuffer } from "../../src/bytes.ts";
import { BlockWriter } from "../../src/deflate/block-writer.ts";
import { json, random } from "./data.ts";

const STORED = 0;
const FIXED = 1;
const DYNAMIC = 2;

/** One final block of nothing but literals. */
function write(raw: Uint8Array): { type: number; bytes: Uint8Array } {
  const writer = new BlockWriter(1 << 17);
  const output = new ByteBuffer();
  writer.open(output);
  writer.symbols.set(raw);
  writer.count = raw.length;
  writer.writeBlock(raw, 0, raw.length, true);
  writer.close();
  expect(writer.count).toBe(0);
  const bytes = output.take();
  expect(Buffer.compare(inflateRawSync(bytes), raw)).toBe(0);
  return { type: (bytes[0]! >> 1) & 3, bytes };
}

describe("a block", () => {
  it("[RFC7692-7.2.1-03] takes the smallest of the three forms", () => {
    expect(write(json(20)).type).toBe(FIXED);
    expect(write(json(2000)).type).toBe(DYNAMIC);
    expect(write(random(200)).type).toBe(STORED);
    expect(write(new Uint8Array(0))).toEqual({ type: FIXED, bytes: Uint8Array.of(0x03, 0x00) });
  });

  it("is several stored blocks where one cannot hold the bytes", () => {
    const { type, bytes } = write(random(100_000));
    expect(type).toBe(STORED);
    expect(bytes.length).toBe(100_000 + 2 * 5);
  });

  it("is flushed with the empty stored block, aligned with zeros", () => {
    const writer = new BlockWriter(16);
    const output = new ByteBuffer();
    writer.open(output);
    writer.writeFlush();
    writer.close();
    expect([...output.view()]).toEqual([0x00, 0x00, 0x00, 0xff, 0xff]);
  });

  it("holds matches of every length and of every distance symbol", () => {
    const writer = new BlockWriter(1024);
    const output = new ByteBuffer();
    const raw = [...random(32_768)];
    writer.open(output);
    writer.writeStored(Uint8Array.from(raw), 0, raw.length, false);
    for (let length = 3, distance = 1; length <= 258; length++, distance = (distance * 7) % 32_768) {
      writer.symbols[writer.count++] = (length << 16) | distance;
      for (let count = 0; count < length; count++) raw.push(raw.at(-distance)!);
    }
    writer.writeBlock(new Uint8Array(0), 0, 1 << 20, true);
    writer.close();
    expect(Buffer.compare(inflateRawSync(output.view()), Uint8Array.from(raw))).toBe(0);
  });
});
