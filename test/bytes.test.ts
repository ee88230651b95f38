import { describe, expect, it } from "vitest";
import { ByteBuffer } from "../src/bytes.ts";
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
