// The contract of the seam (src/deflate/codec.ts), for any supplier.

import { deflateRawSync, inflateRawSync, constants as zlib } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ByteBuffer } from "../../src/bytes.ts";
import { type Compression, type Deflater, Inflated, type Inflater } from "../../src/deflate/codec.ts";
import { Bits, concat, json, random, repeat, samples, TAIL, text, zlibMessage } from "./data.ts";

const GENEROUS = 1 << 30;

export interface SuiteOptions {
  /** The window sizes to compress with. Default: all that the supplier says it has. */
  windowBits?: readonly [least: number, most: number];
}

export function codecSuite(name: string, compression: Compression, options: SuiteOptions = {}): void {
  const [leastBits, mostBits] = options.windowBits ?? [compression.smallestWindowBits, 15];
  const everyWindow = Array.from({ length: mostBits - leastBits + 1 }, (_, index) => leastBits + index);
  const defaults = { windowBits: 15, level: 6, memoryLevel: 8 };

  function inflate(data: Uint8Array, inflater: Inflater = compression.inflater(15)): Uint8Array {
    const output = new ByteBuffer();
    const result = inflater.inflate(data, output, GENEROUS);
    if (result !== Inflated.Ok) throw new Error(`result ${result}: ${inflater.fault}`);
    return output.take();
  }

  function inflateInPieces(data: Uint8Array, size: number, inflater = compression.inflater(15)): Uint8Array {
    const output = new ByteBuffer();
    for (let at = 0; at < data.length; at += size) {
      const result = inflater.inflate(data.subarray(at, at + size), output, GENEROUS);
      if (result !== Inflated.Ok) throw new Error(`result ${result} behind byte ${at}: ${inflater.fault}`);
    }
    return output.take();
  }

  function deflate(data: Uint8Array, deflater: Deflater = compression.deflater(defaults)): Uint8Array {
    const output = new ByteBuffer();
    deflater.deflate(data, output);
    return output.take();
  }

  /** With zlib as the judge. */
  function inflateByZlib(data: Uint8Array, windowBits = 15): Uint8Array {
    return new Uint8Array(inflateRawSync(data, { finishFlush: zlib.Z_SYNC_FLUSH, windowBits }));
  }

  function expectSame(actual: Uint8Array, expected: Uint8Array): void {
    expect(Buffer.compare(actual, expected)).toBe(0);
  }

  describe(`${name}: inflating`, () => {
    for (const [sample, data] of Object.entries(samples)) {
      it(`reads what zlib writes at every level, strategy and window (${sample})`, () => {
        for (let level = 0; level <= 9; level += 3) {
          for (const strategy of [zlib.Z_DEFAULT_STRATEGY, zlib.Z_FIXED, zlib.Z_HUFFMAN_ONLY, zlib.Z_RLE]) {
            expectSame(inflate(zlibMessage(data, { level, strategy })), data);
          }
        }
        for (let windowBits = 9; windowBits <= 15; windowBits++) {
          expectSame(inflate(zlibMessage(data, { windowBits }), compression.inflater(windowBits)), data);
        }
      });

      it(`reads it however it is cut (${sample})`, () => {
        const message = zlibMessage(data);
        for (const size of [1, 2, 3, 7, 100, 1000]) expectSame(inflateInPieces(message, size), data);
        const final = deflateRawSync(data, { strategy: zlib.Z_FIXED });
        for (const size of [1, 5]) expectSame(inflateInPieces(final, size), data);
      });
    }

    it("is right at each single cut of a message with all block types", () => {
      const data = concat(json(400), random(40), text("Hello, hello, hello"));
      const message = concat(
        zlibMessage(json(400)),
        zlibMessage(random(40), { level: 0 }),
        zlibMessage(text("Hello, hello, hello"), { strategy: zlib.Z_FIXED }),
      );
      for (let cut = 0; cut <= message.length; cut++) {
        const inflater = compression.inflater(15);
        const output = new ByteBuffer();
        expect(inflater.inflate(message.subarray(0, cut), output, GENEROUS)).toBe(Inflated.Ok);
        expect(inflater.inflate(message.subarray(cut), output, GENEROUS)).toBe(Inflated.Ok);
        expect(inflater.atBoundary).toBe(true);
        expectSame(output.view(), data);
      }
    });

    it("[RFC7692-7.2.1-02] [RFC7692-7.2.1-03] reads blocks of every type behind partial, sync, full and final flushes", () => {
      const parts = [json(300, 1), json(300, 2), random(50), json(2000, 3)];
      for (const finishFlush of [zlib.Z_PARTIAL_FLUSH, zlib.Z_SYNC_FLUSH, zlib.Z_FULL_FLUSH, zlib.Z_FINISH]) {
        for (const level of [0, 6]) {
          // A partial flush does not end at a byte, so it can only come last.
          const head = finishFlush === zlib.Z_PARTIAL_FLUSH ? [] : parts;
          const message = concat(
            ...head.map((part) => deflateRawSync(part, { finishFlush, level })),
            deflateRawSync(json(300, 4), { finishFlush, level }),
          );
          expectSame(inflate(message), concat(...head, json(300, 4)));
        }
      }
    });

    it("[RFC7692-7.2.2-01] [RFC7692-7.2.3-01] reads the worked examples of RFC 7692", () => {
      const read = (inflater: Inflater, ...payload: number[]) => {
        const output = new ByteBuffer();
        expect(inflater.inflate(Uint8Array.from(payload), output, GENEROUS)).toBe(Inflated.Ok);
        expect(inflater.inflate(TAIL, output, GENEROUS)).toBe(Inflated.Ok);
        expect(inflater.atBoundary).toBe(true);
        return Buffer.from(output.view()).toString();
      };
      const oneBlock = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
      expect(read(compression.inflater(15), ...oneBlock)).toBe("Hello");

      const shared = compression.inflater(15);
      expect(read(shared, ...oneBlock)).toBe("Hello");
      expect(read(shared, 0xf2, 0x00, 0x11, 0x00, 0x00)).toBe("Hello");

      const stored = [0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00];
      expect(read(compression.inflater(15), ...stored)).toBe("Hello");

      const final = [0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00];
      expect(read(compression.inflater(15), ...final)).toBe("Hello");

      const two = [0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00];
      expect(read(compression.inflater(15), ...two)).toBe("Hello");

      expect(read(compression.inflater(15), 0x00)).toBe("");
    });

    it("[RFC7692-7.2.1-04] goes on behind a final block, at the next byte and with the window kept", () => {
      const inflater = compression.inflater(15);
      const first = deflateRawSync(text("Hello, hello"), { strategy: zlib.Z_FIXED });
      expectSame(inflate(first, inflater), text("Hello, hello"));
      expect(inflater.atBoundary).toBe(true);
      // A match of length 5 (symbol 259) at distance 5 (symbol 4, one extra bit).
      const match = new Bits().block(1, 1).fixed(259).code("00100").number(0, 1).fixed(256).bytes();
      expectSame(inflate(match, inflater), text("hello"));
      expectSame(inflate(concat(match, match), inflater), text("hellohello"));
    });

    it("is at a boundary only between blocks and between bytes", () => {
      const inflater = compression.inflater(15);
      const output = new ByteBuffer();
      const message = zlibMessage(json(300));
      expect(inflater.atBoundary).toBe(true);
      for (let at = 0; at < message.length; at++) {
        expect(inflater.inflate(message.subarray(at, at + 1), output, GENEROUS)).toBe(Inflated.Ok);
        expect(inflater.atBoundary).toBe(at === message.length - 1);
      }
    });

    it("appends to what is in the output already, and leaves it alone", () => {
      const inflater = compression.inflater(15);
      const output = new ByteBuffer();
      output.append(text("before "));
      expect(inflater.inflate(zlibMessage(text("hello hello")), output, GENEROUS)).toBe(Inflated.Ok);
      expect(Buffer.from(output.view()).toString()).toBe("before hello hello");
    });

    it("takes an empty input for nothing at all", () => {
      const inflater = compression.inflater(15);
      expectSame(inflate(new Uint8Array(0), inflater), new Uint8Array(0));
      expect(inflater.atBoundary).toBe(true);
    });

    it("keeps the window from call to call, also when the caller takes the output away", () => {
      const deflater = compression.deflater(defaults);
      const inflater = compression.inflater(15);
      for (let round = 0; round < 200; round++) {
        const data = json(50 + ((round * 37) % 900), round % 7);
        expectSame(inflate(deflate(data, deflater), inflater), data);
      }
    });

    it("stops at the limit, and not before it", () => {
      for (const data of [json(5000), random(5000), new Uint8Array(5000), json(300)]) {
        for (const strategy of [zlib.Z_DEFAULT_STRATEGY, zlib.Z_FIXED]) {
          const message = zlibMessage(data, { strategy });
          const output = new ByteBuffer();
          expect(compression.inflater(15).inflate(message, output, data.length)).toBe(Inflated.Ok);
          expectSame(output.view(), data);
          for (const limit of [0, 1, 100, 257, 258, 259, data.length - 1]) {
            const limited = new ByteBuffer();
            expect(compression.inflater(15).inflate(message, limited, limit)).toBe(Inflated.LimitReached);
            expect(limited.length).toBeLessThanOrEqual(limit);
            expectSame(limited.view(), data.subarray(0, limited.length));
          }
        }
      }
    });

    it("counts what was in the output before towards the limit", () => {
      const message = zlibMessage(text("hello"));
      const output = new ByteBuffer();
      output.append(new Uint8Array(95));
      expect(compression.inflater(15).inflate(message, output, 99)).toBe(Inflated.LimitReached);
      expect(output.length).toBeLessThanOrEqual(99);
    });

    it("does not give memory to a bomb beyond the limit and one growth", () => {
      // A block that says a thousand times as much as it takes, a hundred times over: 1 : 100,000 with its window.
      const bomb = zlibMessage(new Uint8Array(10_000_000), { level: 9 });
      const inflater = compression.inflater(15);
      const output = new ByteBuffer();
      let result: Inflated = Inflated.Ok;
      for (let round = 0; round < 100 && result === Inflated.Ok; round++) {
        result = inflater.inflate(bomb, output, 100_000);
      }
      expect(result).toBe(Inflated.LimitReached);
      expect(output.length).toBeLessThanOrEqual(100_000);
      expect(output.bytes.length).toBeLessThanOrEqual(200_000);
    });

    it("starts anew with reset: after a fault, after the limit, inside a block, and never reaches behind it", () => {
      const inflater = compression.inflater(15);
      const match = new Bits().block(0, 1).fixed(257).code("00000").fixed(256).bytes();
      const message = zlibMessage(json(2000));
      const output = new ByteBuffer();
      for (const spoil of [
        () => inflater.inflate(Uint8Array.of(0x07), output, GENEROUS),
        () => inflater.inflate(message, output, output.length + 10),
        () => inflater.inflate(message.subarray(0, 30), output, GENEROUS),
        () => inflater.inflate(message, output, GENEROUS),
      ]) {
        spoil();
        inflater.reset();
        expect(inflater.atBoundary).toBe(true);
        expect(inflater.inflate(match, output, GENEROUS)).toBe(Inflated.Corrupt);
        expect(inflater.fault).not.toBe("");
        inflater.reset();
        expectSame(inflate(message, inflater), json(2000));
      }
    });

    it("answers Corrupt and says why", () => {
      const inflater = compression.inflater(15);
      expect(inflater.inflate(new Bits().block(0, 3).bytes(), new ByteBuffer(), GENEROUS)).toBe(
        Inflated.Corrupt,
      );
      expect(inflater.fault.length).toBeGreaterThan(0);
    });

    it("refuses a distance well beyond its window and accepts the farthest inside", () => {
      for (let windowBits = 8; windowBits < 15; windowBits++) {
        const size = 1 << windowBits;
        const deflater = compression.deflater({ windowBits: 15, level: 9, memoryLevel: 8 });
        const mark = random(64, 5);
        const filler = random(size + 100, 6);
        const far = concat(mark, filler.subarray(0, size + 36), mark);
        const near = concat(mark, filler.subarray(0, size - 64), mark);
        const nearMessage = deflate(near, deflater);
        deflater.reset();
        const farMessage = deflate(far, deflater);
        // In many calls: what one call has produced, a supplier may reach although its window is smaller.
        const judge = (message: Uint8Array) => {
          const inflater = compression.inflater(windowBits);
          const output = new ByteBuffer();
          for (let at = 0; at < message.length; at += 16) {
            const result = inflater.inflate(message.subarray(at, at + 16), output, GENEROUS);
            if (result !== Inflated.Ok) return result;
          }
          return Inflated.Ok;
        };
        expect(judge(nearMessage)).toBe(Inflated.Ok);
        expect(judge(farMessage)).toBe(Inflated.Corrupt);
      }
    });
  });

  describe(`${name}: deflating`, () => {
    for (const [sample, data] of Object.entries(samples)) {
      it(`writes what zlib reads, at every level, memory level and window (${sample})`, () => {
        for (let level = 0; level <= 9; level++) {
          expectSame(inflateByZlib(deflate(data, compression.deflater({ ...defaults, level }))), data);
        }
        for (const memoryLevel of [1, 4, 9]) {
          expectSame(inflateByZlib(deflate(data, compression.deflater({ ...defaults, memoryLevel }))), data);
        }
        for (const windowBits of everyWindow) {
          const message = deflate(data, compression.deflater({ ...defaults, windowBits }));
          expectSame(inflateByZlib(message), data);
          expectSame(inflateInPieces(message, 9, compression.inflater(windowBits)), data);
        }
      });
    }

    it("[RFC7692-7.2.1-01] ends every call with the empty stored block", () => {
      const deflater = compression.deflater(defaults);
      for (const data of [text("Hello"), json(3000), random(100), new Uint8Array(0), text("H")]) {
        expect([...deflate(data, deflater).subarray(-4)]).toEqual([...TAIL]);
      }
    });

    it("appends to what is in the output already, and leaves it alone", () => {
      const output = new ByteBuffer();
      output.append(text("before "));
      compression.deflater(defaults).deflate(json(500), output);
      expect(Buffer.from(output.view().subarray(0, 7)).toString()).toBe("before ");
      expectSame(inflateByZlib(output.view().subarray(7)), json(500));
    });

    it("keeps the window: the same message again is a few bytes", () => {
      const deflater = compression.deflater(defaults);
      const data = random(200);
      expect(deflate(data, deflater).length).toBeGreaterThan(200);
      expect(deflate(data, deflater).length).toBeLessThan(20);
    });

    it("[RFC7692-7.2.1-08] [RFC7692-7.2.1-11] refers to nothing before reset", () => {
      const deflater = compression.deflater(defaults);
      for (let round = 0; round < 300; round++) {
        const data = json(20 + ((round * 977) % 3000), round % 3);
        const message = deflate(data, deflater);
        expectSame(inflateByZlib(message), data); // a fresh decompressor each time
        deflater.reset();
      }
    });

    it("[RFC7692-7.2.1-07] [RFC7692-7.2.1-13] [RFC7692-7.2.1-15] never reaches further back than its window", () => {
      for (const windowBits of everyWindow) {
        for (const level of [1, 6, 9]) {
          const deflater = compression.deflater({ windowBits, level, memoryLevel: 8 });
          const inflater = compression.inflater(windowBits);
          const period = repeat(Buffer.from(random((1 << windowBits) + 1, 3)).toString("latin1"), 1);
          for (const data of [
            json(5000),
            period,
            json(300),
            random((1 << windowBits) - 3),
            random((1 << windowBits) - 3),
          ]) {
            const message = deflate(data, deflater);
            expectSame(inflateInPieces(message, 50, inflater), data);
          }
        }
      }
    });

    it("makes data that cannot be compressed hardly longer", () => {
      const data = random(100_000);
      expect(deflate(data).length).toBeLessThan(100_100);
    });
  });

  describe(`${name}: both`, () => {
    it("[RFC7692-7.2.2-03] [RFC7692-7.2.2-05] inflates what it deflated: any messages, any settings, any cuts, with takeover", () => {
      const message = fc.oneof(
        fc.uint8Array({ maxLength: 300 }),
        fc.tuple(fc.nat(5000), fc.nat(20)).map(([size, seed]) => json(size, seed)),
        fc
          .tuple(fc.string({ minLength: 1, maxLength: 40 }), fc.nat(2000))
          .map(([pattern, size]) => repeat(pattern, size)),
        fc.array(fc.constantFrom(1, 2), { maxLength: 500 }).map((bytes) => Uint8Array.from(bytes)),
      );
      const settings = fc.record({
        windowBits: fc.integer({ min: leastBits, max: mostBits }),
        level: fc.integer({ min: 0, max: 9 }),
        memoryLevel: fc.integer({ min: 1, max: 9 }),
      });
      fc.assert(
        fc.property(
          settings,
          fc.array(fc.tuple(message, fc.boolean()), { maxLength: 12 }),
          fc.integer({ min: 1, max: 400 }),
          (chosen, messages, piece) => {
            const deflater = compression.deflater(chosen);
            const inflater = compression.inflater(chosen.windowBits);
            for (const [data, reset] of messages) {
              if (reset) deflater.reset();
              if (reset) inflater.reset();
              expectSame(inflateInPieces(deflate(data, deflater), piece, inflater), data);
              expect(inflater.atBoundary).toBe(true);
            }
          },
        ),
        { numRuns: 150 },
      );
    });

    it("survives any bytes: a value, never an exception, and never more than the limit", () => {
      fc.assert(
        fc.property(
          fc.uint8Array({ maxLength: 200 }),
          fc.nat(2000),
          fc.integer({ min: 1, max: 50 }),
          (data, limit, piece) => {
            const inflater = compression.inflater(10);
            const output = new ByteBuffer();
            for (let at = 0; at < data.length; at += piece) {
              const result = inflater.inflate(data.subarray(at, at + piece), output, limit);
              expect(output.length).toBeLessThanOrEqual(limit);
              if (result !== Inflated.Ok) break;
            }
          },
        ),
        { numRuns: 500 },
      );
    });
  });
}
