import { createDeflateRaw, createInflateRaw, inflateRawSync, constants as z } from "node:zlib";
import { describe, expect, it } from "vitest";
import { isAsKnown, SMALLEST_CHUNK, ZlibStream } from "../../src/node/zlib-stream.ts";
import { json, zlibMessage } from "../deflate/data.ts";

const SMALL = { chunkSize: SMALLEST_CHUNK };
const HELLO_FINAL = Uint8Array.of(0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00);

const inflateStream = (): ZlibStream => new ZlibStream(createInflateRaw(SMALL));

describe("a zlib stream", () => {
  it("is what it is known to be, on this Node", () => {
    expect(isAsKnown()).toBe(true);
  });

  it("is not made of anything else", () => {
    for (const stream of [{}, { _handle: null }, { _handle: { onerror: () => {} } }]) {
      expect(() => new ZlibStream(stream as never)).toThrow("zlib is not usable on this Node");
    }
  });

  it("takes and makes bytes in the places that it is given, and tells how many", () => {
    const stream = inflateStream();
    const output = new Uint8Array(10).fill(46);
    const input = Uint8Array.of(9, 9, ...HELLO_FINAL, 9);
    expect(stream.write(z.Z_SYNC_FLUSH, input, 2, 10, output, 3, 2)).toBe(true);
    expect(stream.made).toBe(2);
    expect(stream.write(z.Z_SYNC_FLUSH, input, 2 + stream.taken, 10, output, 5, 5)).toBe(true);
    expect(stream.made).toBe(3);
    expect(Buffer.from(output).toString("latin1")).toBe("...Hello..");
    expect(stream.write(z.Z_SYNC_FLUSH, input, 9, 10, output, 0, 10)).toBe(true);
    expect([stream.taken, stream.made]).toEqual([0, 0]);
  });

  it("knows whether a final block has ended, and may be asked at any time", () => {
    const stream = inflateStream();
    const output = new Uint8Array(10);
    let made = 0;
    for (let at = 0; at < HELLO_FINAL.length; at++) {
      expect(stream.hasEnded()).toBe(false);
      expect(stream.fault).toBe("");
      expect(stream.write(z.Z_SYNC_FLUSH, HELLO_FINAL, at, at + 1, output, made, 10 - made)).toBe(true);
      made += stream.made;
    }
    expect(stream.hasEnded()).toBe(true);
    expect(stream.hasEnded()).toBe(true);
    stream.reset();
    expect(stream.hasEnded()).toBe(false);
  });

  it("keeps a fault, and is not written to again", () => {
    const stream = inflateStream();
    const output = new Uint8Array(10);
    expect(stream.write(z.Z_SYNC_FLUSH, Uint8Array.of(7), 0, 1, output, 0, 10)).toBe(false);
    expect(stream.fault).toBe("zlib: invalid block type");
    expect(stream.write(z.Z_SYNC_FLUSH, HELLO_FINAL, 0, HELLO_FINAL.length, output, 0, 10)).toBe(false);
    expect(stream.hasEnded()).toBe(false);
    expect(stream.fault).toBe("zlib: invalid block type");
    stream.close();
  });

  it("leaves Node's stream without an 'error' event", async () => {
    const stream = createInflateRaw(SMALL);
    const events: string[] = [];
    stream.on("error", () => events.push("error"));
    const closed = new Promise<void>((resolve) => stream.on("close", resolve));
    const raw = new ZlibStream(stream);
    raw.write(z.Z_SYNC_FLUSH, Uint8Array.of(7), 0, 1, new Uint8Array(1), 0, 1);
    raw.close();
    await closed;
    expect(events).toEqual([]);
  });

  it("deflates as zlib does", () => {
    const stream = new ZlibStream(createDeflateRaw(SMALL));
    const data = json(1000);
    const output = new Uint8Array(2000);
    expect(stream.write(z.Z_SYNC_FLUSH, data, 0, data.length, output, 0, output.length)).toBe(true);
    const message = output.subarray(0, stream.made);
    expect(Buffer.compare(message, zlibMessage(data))).toBe(0);
    expect(Buffer.compare(inflateRawSync(message, { finishFlush: z.Z_SYNC_FLUSH }), data)).toBe(0);
  });
});
