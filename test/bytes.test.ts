import { afterEach, describe, expect, it } from "vitest";
import { ByteBuffer, uncleared, useUnclearedMemory } from "../src/bytes.ts";
import { bytesOf } from "./helpers/frames.ts";

describe("a byte buffer", () => {
  it("gathers what is appended, whole or in part", () => {
    const buffer = new ByteBuffer();
    buffer.append(bytesOf("Hello"));
    buffer.append(bytesOf("-, world-"), 1, 8);
    expect(new TextDecoder().decode(buffer.view())).toBe("Hello, world");
  });

  it("owns no memory before the first byte, and none after it was taken", () => {
    const buffer = new ByteBuffer();
    expect(buffer.bytes).toHaveLength(0);
    buffer.append(bytesOf("x"));
    const taken = buffer.take();
    expect(taken).toEqual(bytesOf("x"));
    expect(buffer.bytes).toHaveLength(0);
    buffer.append(bytesOf("y"));
    expect(taken).toEqual(bytesOf("x"));
  });

  it("keeps its memory when it is cleared", () => {
    const buffer = new ByteBuffer();
    buffer.append(bytesOf("x"));
    const { bytes } = buffer;
    buffer.clear();
    buffer.append(bytesOf("y"));
    expect(buffer.bytes).toBe(bytes);
    expect(buffer.view()).toEqual(bytesOf("y"));
  });

  it("grows in proportion to what it holds, however small the pieces", () => {
    const buffer = new ByteBuffer();
    let growths = 0;
    for (let index = 0; index < 100_000; index++) {
      const { bytes } = buffer;
      buffer.append(Uint8Array.of(index));
      if (buffer.bytes !== bytes) growths++;
      expect(buffer.bytes.length).toBeLessThanOrEqual(Math.max(64, 2 * buffer.length));
    }
    expect(growths).toBeLessThan(20);
  });

  it("never has more room than a length that is known, nor more than four times what has come of it", () => {
    const buffer = new ByteBuffer();
    buffer.append(new Uint8Array(100), 0, 100, 1_000_000);
    expect(buffer.bytes).toHaveLength(400);
    buffer.append(new Uint8Array(400), 0, 400, 1_000_000);
    expect(buffer.bytes).toHaveLength(2000);
    const nearlyDone = new ByteBuffer();
    nearlyDone.append(new Uint8Array(65_522), 0, 65_522, 65_536);
    expect(nearlyDone.bytes).toHaveLength(65_536);
  });
});

describe("uncleared memory", () => {
  afterEach(() => useUnclearedMemory());
  const dirty = (size: number): Uint8Array => new Uint8Array(size).fill(0xee);

  it("is what the platform has, and zeros where nothing is known of it, or not worth while", () => {
    expect(uncleared(10_000)).toEqual(new Uint8Array(10_000));
    useUnclearedMemory(dirty);
    expect(uncleared(10_000)).toEqual(dirty(10_000));
    expect(uncleared(100)).toEqual(new Uint8Array(100));
  });

  it("is asked for only by a buffer that was told so", () => {
    useUnclearedMemory(dirty);
    const buffer = new ByteBuffer();
    buffer.append(new Uint8Array(10_000));
    expect(buffer.bytes).toEqual(new Uint8Array(20_000));
  });

  it("is not seen by who takes what was gathered in it, not even behind it", () => {
    useUnclearedMemory(dirty);
    const buffer = new ByteBuffer(uncleared);
    buffer.append(new Uint8Array(10_000).fill(1));
    expect(buffer.bytes[10_000]).toBe(0xee);
    const taken = buffer.take();
    expect(taken).toEqual(new Uint8Array(10_000).fill(1));
    expect(new Uint8Array(taken.buffer, 10_000)).toEqual(new Uint8Array(10_000));
  });
});
