import { setImmediate } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { deflateRawSync, constants as z } from "node:zlib";
import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import { ByteBuffer } from "../../src/bytes.ts";
import { Inflated, type Inflater } from "../../src/deflate/codec.ts";
import { portable } from "../../src/deflate/index.ts";
import { compression, isNativeUsable, native } from "../../src/node/zlib.ts";
import { allocated } from "../deflate/allocated.ts";
import { codecSuite } from "../deflate/codec.suite.ts";
import { Bits, concat, json, random, repeat, TAIL, text, zlibMessage } from "../deflate/data.ts";
import { byZlib, NOTHING } from "./by-zlib.ts";

codecSuite("native", native);
codecSuite("native, as if no message were short", byZlib);

const GENEROUS = 1 << 30;
const SETTINGS = { windowBits: 15, level: 6, memoryLevel: 8 };

/** Messages as they come, short ones among them; and none that is short. */
const SUPPLIERS = [native, byZlib];

/** A message as it comes over the wire: without its tail. */
const payloadOf = (data: Uint8Array, options: object = {}): Uint8Array =>
  zlibMessage(data, options).subarray(0, -TAIL.length);

/** What `permessage-deflate` does with a payload; undefined where the message is broken. */
function read(inflater: Inflater, payload: Uint8Array): Uint8Array | undefined {
  const output = new ByteBuffer();
  for (const input of [payload, TAIL]) {
    if (inflater.inflate(input, output, GENEROUS) !== Inflated.Ok) return undefined;
  }
  return inflater.atBoundary ? output.take() : undefined;
}

function deflated(data: Uint8Array, deflater = native.deflater(SETTINGS)): Uint8Array {
  const output = new ByteBuffer();
  deflater.deflate(data, output);
  return output.take();
}

/**
 * A block that stops in its header, so that the tail completes it and goes on to the end of the block: 16 lengths of
 * zero; ten more of them, in eight bits of one; and the code for the end of the block, `bits` bits of one.
 */
function headerForTheTail(bits: number): Uint8Array {
  // Code lengths 1 to 7 have a code of four bits, 8 and the repeated zero (17) of five, and 0 of one.
  const lengths = [
    ...Array.from({ length: bits }, (_, symbol) => symbol + 1),
    ...Array(256 - bits).fill(0),
    bits,
  ];
  const codes = lengths.map((length) =>
    length === 0 ? "0" : length === 8 ? "11110" : (7 + length).toString(2),
  );
  const message = new Bits().block(0, 1);
  // A literal of nine bits moves what follows by one bit, until it ends with a byte.
  const size = 3 + 7 + 3 + 14 + 19 * 3 + codes.join("").length;
  for (let moved = 0; (size + moved) % 8 !== 0; moved++) message.fixed(200);
  message.fixed(256).block(0, 2).number(0, 5).number(25, 5).number(15, 4);
  // In the order 16 17 18 0 8 7 9 6 10 5 11 4 12 3 13 2 14 1 15.
  for (const length of [0, 5, 0, 1, 5, 4, 0, 4, 0, 4, 0, 4, 0, 4, 0, 4, 0, 4, 0]) message.number(length, 3);
  for (const code of codes) message.code(code);
  return message.bytes();
}

describe("the native supplier", () => {
  it("is usable on this Node, and is what one gets", () => {
    expect(isNativeUsable()).toBe(true);
    expect(compression()).toBe(native);
  });

  it("says which setting is wrong", () => {
    expect(() => native.inflater(7)).toThrow(new RangeError("windowBits: 7 is not an integer from 8 to 15"));
    expect(() => native.inflater("9" as never)).toThrow(RangeError);
    expect(() => native.deflater({ ...SETTINGS, windowBits: 8 })).toThrow(
      new RangeError("windowBits: 8 is not an integer from 9 to 15"),
    );
    expect(() => native.deflater({ ...SETTINGS, level: -1 })).toThrow(
      "level: -1 is not an integer from 0 to 9",
    );
    expect(() => native.deflater({ ...SETTINGS, memoryLevel: Number.NaN })).toThrow(
      "memoryLevel: NaN is not",
    );
  });

  it("throws for what is not bytes, instead of ending the process", () => {
    const problem = new TypeError("input: must be a Uint8Array");
    for (const input of ["text", [1, 2], null, undefined, new ArrayBuffer(3)] as never[]) {
      expect(() => native.inflater(15).inflate(input, new ByteBuffer(), GENEROUS)).toThrow(problem);
      expect(() => native.deflater(SETTINGS).deflate(input, new ByteBuffer())).toThrow(problem);
    }
  });
});

describe("the end of a message", () => {
  it("is told from a message that was cut off, wherever that was: in data, in codes, in headers", () => {
    const messages = [
      payloadOf(text("Hello, hello, hello"), { strategy: z.Z_FIXED }),
      payloadOf(json(300)),
      payloadOf(random(40), { level: 0 }),
      concat(zlibMessage(random(20), { level: 0 }), payloadOf(json(100))),
      concat(deflateRawSync(json(200)), Uint8Array.of(0)),
    ];
    for (const supplier of SUPPLIERS) {
      const inflater = supplier.inflater(15);
      for (const payload of messages) {
        for (let cut = 1; cut <= payload.length; cut++) {
          let whole = read(portable.inflater(15), payload.subarray(0, cut));
          // A stored block that ends with the tail as its data is no end of a message, where zlib reads it.
          const endsWithTail = cut < payload.length && whole?.subarray(-TAIL.length).join() === TAIL.join();
          if (endsWithTail && supplier === byZlib) whole = undefined;
          expect(read(inflater, payload.subarray(0, cut))).toEqual(whole);
          inflater.reset();
        }
      }
    }
  });

  it("is not taken for one where data look like it", () => {
    for (const supplier of SUPPLIERS) {
      const inflater = supplier.inflater(15);
      const output = new ByteBuffer();
      // A stored block of six octets, of which only those of a tail have come.
      const stored = new Bits().block(0, 0).align().number(6, 16).number(~6, 16).bytes();
      expect(inflater.inflate(concat(stored, TAIL), output, GENEROUS)).toBe(Inflated.Ok);
      expect([...output.view()]).toEqual([...TAIL]);
      expect(inflater.atBoundary).toBe(false);
      expect(inflater.inflate(Uint8Array.of(1, 2), output, GENEROUS)).toBe(Inflated.Ok);
      expect([...output.view()]).toEqual([...TAIL, 1, 2]);
      expect(read(inflater, Uint8Array.of(0))).toEqual(new Uint8Array(0));
    }
  });

  it("has no bits behind the last block: a header that the tail completes", () => {
    for (const bits of [8, 7, 6, 5, 4]) {
      const payload = headerForTheTail(bits);
      expect(read(portable.inflater(15), payload) === undefined).toBe(bits !== 8);
      for (const supplier of SUPPLIERS) {
        expect(read(supplier.inflater(15), payload) === undefined).toBe(bits !== 8);
      }
    }
  });

  it("lets only reset follow where the octets were there and the answer is no", () => {
    const inflater = byZlib.inflater(15);
    const output = new ByteBuffer();
    expect(read(inflater, headerForTheTail(5))).toBe(undefined);
    expect(inflater.fault).toBe("the data end inside a block");
    expect(inflater.atBoundary).toBe(false);
    expect(inflater.inflate(zlibMessage(json(10)), output, GENEROUS)).toBe(Inflated.Corrupt);
    inflater.reset();
    expect(inflater.atBoundary).toBe(true);
    expect(read(inflater, payloadOf(json(10)))).toEqual(json(10));
  });

  it("is found by any cut of the tail", () => {
    const everyCut = [[1], [2], [3], [1, 2], [1, 3], [2, 3], [1, 2, 3]];
    for (const [supplier, cuts] of SUPPLIERS.flatMap((each) =>
      everyCut.map((cuts) => [each, cuts] as const),
    )) {
      const inflater = supplier.inflater(15);
      const output = new ByteBuffer();
      inflater.inflate(payloadOf(json(100)), output, GENEROUS);
      for (const [index, cut] of [...cuts, 4].entries()) {
        expect(inflater.atBoundary).toBe(false);
        inflater.inflate(TAIL.subarray(cuts[index - 1] ?? 0, cut), output, GENEROUS);
      }
      expect(inflater.atBoundary).toBe(true);
    }
  });
});

describe("a final block", () => {
  it("[RFC7692-7.2.1-04] [RFC7692-7.2.2-03] keeps the window, at any place in any message", () => {
    const block = fc.record({
      data: fc.oneof(
        fc.nat(300).map((size) => json(size)),
        fc.uint8Array({ maxLength: 50 }),
        fc.nat(2000).map((size) => repeat("framewright ", size)),
      ),
      finishFlush: fc.constantFrom(z.Z_FINISH, z.Z_SYNC_FLUSH),
      level: fc.constantFrom(0, 1, 6),
    });
    const messages = fc.array(fc.array(block, { maxLength: 4 }), { maxLength: 6 });
    fc.assert(
      fc.property(
        messages,
        fc.integer({ min: 9, max: 15 }),
        fc.constantFrom(...SUPPLIERS),
        (list, windowBits, supplier) => {
          const inflater = supplier.inflater(windowBits);
          let window: Uint8Array = new Uint8Array(0);
          for (const blocks of list) {
            const parts: Uint8Array[] = [];
            const expected: Uint8Array[] = [];
            for (const { data, finishFlush, level } of blocks) {
              const dictionary = window.length > 0 ? { dictionary: window.subarray(-(1 << windowBits)) } : {};
              parts.push(deflateRawSync(data, { finishFlush, level, windowBits, ...dictionary }));
              expected.push(data);
              window = concat(window, data);
            }
            expect(read(inflater, concat(...parts, Uint8Array.of(0)))).toEqual(concat(...expected));
          }
        },
      ),
      { numRuns: 100 },
    );
  });

  it("ends a message, unseen until then, also without an empty block behind it", () => {
    for (const supplier of SUPPLIERS) {
      const inflater = supplier.inflater(15);
      const output = new ByteBuffer();
      const message = concat(zlibMessage(json(100)), deflateRawSync(json(200)));
      expect(inflater.inflate(message, output, GENEROUS)).toBe(Inflated.Ok);
      expect(inflater.atBoundary).toBe(true);
      expect(output.view()).toEqual(concat(json(100), json(200)));
    }
  });

  it("may stand in one input with all that follows, to the last octet of the message", () => {
    for (const supplier of SUPPLIERS) {
      const inflater = supplier.inflater(15);
      for (const middle of [zlibMessage(json(300)), zlibMessage(random(50)), deflateRawSync(json(20))]) {
        const output = new ByteBuffer();
        const message = concat(deflateRawSync(json(200)), middle, Uint8Array.of(0), TAIL);
        expect(inflater.inflate(message, output, GENEROUS)).toBe(Inflated.Ok);
        expect(inflater.atBoundary).toBe(true);
        expect(output.view().subarray(0, 200)).toEqual(json(200));
      }
    }
  });

  it("does not hide what is wrong behind it, nor the limit", () => {
    for (const supplier of SUPPLIERS) {
      const inflater = supplier.inflater(15);
      const final = deflateRawSync(json(100));
      const corrupt = concat(final, Uint8Array.of(7));
      expect(inflater.inflate(corrupt, new ByteBuffer(), GENEROUS)).toBe(Inflated.Corrupt);
      expect(inflater.fault).toBe("the block type 3 is reserved");
      inflater.reset();
      expect(inflater.inflate(concat(final, final), new ByteBuffer(), 199)).toBe(Inflated.LimitReached);
    }
  });
});

describe("a short message", () => {
  /** As an input of so many bytes: a stored block, and behind it a block type that is none. */
  const corrupt = (size: number): Uint8Array => {
    const count = size - 6;
    const header = new Bits().block(0, 0).align().number(count, 16).number(~count, 16).bytes();
    return concat(header, random(count), Uint8Array.of(7));
  };

  /** Who has found the fault tells who was chosen. */
  const faultOf = (...inputs: Uint8Array[]): string => {
    const inflater = native.inflater(15);
    const results = inputs.map((input) => inflater.inflate(input, new ByteBuffer(), GENEROUS));
    expect(results.at(-1)).toBe(Inflated.Corrupt);
    return inflater.fault;
  };

  const BY_PORTABLE = "the block type 3 is reserved";
  const BY_ZLIB = "zlib: invalid block type";

  it("is one that begins with up to 128 bytes, and without codes of its own", () => {
    expect(faultOf(corrupt(7))).toBe(BY_PORTABLE);
    expect(faultOf(corrupt(128))).toBe(BY_PORTABLE);
    expect(faultOf(corrupt(129))).toBe(BY_ZLIB);
    const ownCodes = zlibMessage(json(60).map((byte) => byte & 0x63));
    expect((ownCodes[0]! >> 1) & 3).toBe(2);
    expect(ownCodes.length).toBeLessThan(100);
    expect(faultOf(concat(ownCodes, Uint8Array.of(7)))).toBe(BY_ZLIB);
  });

  it("and a long one end where they began, whatever pieces follow", () => {
    const message = corrupt(5000);
    expect(faultOf(message.subarray(0, 128), message.subarray(128))).toBe(BY_PORTABLE);
    expect(faultOf(message.subarray(0, 129), message.subarray(129))).toBe(BY_ZLIB);
    expect(faultOf(message.subarray(0, 129), message.subarray(129, 4999), message.subarray(4999))).toBe(
      BY_ZLIB,
    );
    // The next message is judged by itself.
    expect(faultOf(zlibMessage(random(1000)), corrupt(100))).toBe(BY_ZLIB);
    const inflater = native.inflater(15);
    expect(read(inflater, payloadOf(random(1000)))).toEqual(random(1000));
    expect(inflater.inflate(corrupt(100), new ByteBuffer(), GENEROUS)).toBe(Inflated.Corrupt);
    expect(inflater.fault).toBe(BY_PORTABLE);
  });

  it("may be asked for its end behind every byte, after a long one, too", () => {
    const inflater = native.inflater(15);
    const output = new ByteBuffer();
    const message = zlibMessage(text("Hello"));
    for (let round = 0; round < 2; round++) {
      expect(read(inflater, payloadOf(json(1000)))).toEqual(json(1000));
      output.clear();
      for (let at = 0; at < message.length; at++) {
        expect(inflater.inflate(message.subarray(at, at + 1), output, GENEROUS)).toBe(Inflated.Ok);
        expect(inflater.atBoundary).toBe(at === message.length - 1);
      }
      expect(output.view()).toEqual(text("Hello"));
    }
  });

  it("and a long one refer to each other's output, in any order, cut in any way", () => {
    const data = fc.oneof(
      fc.tuple(fc.nat(5000), fc.nat(5)).map(([size, seed]) => json(size, seed)),
      fc.tuple(fc.nat(150), fc.nat(5)).map(([size, seed]) => json(size, seed)),
      fc.tuple(fc.nat(300), fc.nat(3)).map(([size, seed]) => random(size, seed)),
      fc.nat(3000).map((size) => repeat("framewright ", size)),
    );
    const message = fc.record({
      data,
      strategy: fc.constantFrom(z.Z_DEFAULT_STRATEGY, z.Z_FIXED),
      final: fc.boolean(),
      cuts: fc.array(fc.integer({ min: 1, max: 300 }), { maxLength: 5 }),
    });
    const messages = fc.array(message, { minLength: 2, maxLength: 12 });
    fc.assert(
      fc.property(messages, fc.integer({ min: 9, max: 15 }), (list, windowBits) => {
        const readers = [native, byZlib, portable].map((supplier) => supplier.inflater(windowBits));
        let window: Uint8Array = new Uint8Array(0);
        for (const { data, strategy, final, cuts } of list) {
          const dictionary = window.length > 0 ? { dictionary: window.subarray(-(1 << windowBits)) } : {};
          const finishFlush = final ? z.Z_FINISH : z.Z_SYNC_FLUSH;
          const coded = deflateRawSync(data, { strategy, finishFlush, windowBits, ...dictionary });
          const payload = final ? concat(coded, Uint8Array.of(0)) : coded.subarray(0, -TAIL.length);
          for (const reader of readers) {
            const output = new ByteBuffer();
            let from = 0;
            for (const cut of [...cuts, payload.length]) {
              const piece = payload.subarray(from, from + cut);
              from += cut;
              expect(reader.inflate(piece, output, data.length)).toBe(Inflated.Ok);
            }
            expect(reader.inflate(TAIL, output, data.length)).toBe(Inflated.Ok);
            expect(reader.atBoundary).toBe(true);
            expect(Buffer.compare(output.view(), data)).toBe(0);
          }
          window = concat(window, data);
        }
      }),
      { numRuns: 100 },
    );
  });

  it("stops at the limit, and forgets with a reset what came before", () => {
    const inflater = native.inflater(15);
    const data = json(100);
    const message = payloadOf(data, { strategy: z.Z_FIXED });
    expect(read(inflater, message)).toEqual(data);
    for (const limit of [0, 1, 50, 99]) {
      const output = new ByteBuffer();
      expect(inflater.inflate(message, output, limit)).toBe(Inflated.LimitReached);
      expect(output.length).toBeLessThanOrEqual(limit);
      inflater.reset();
    }
    const match = new Bits().block(0, 1).fixed(257).code("00000").fixed(256).bytes();
    expect(inflater.inflate(match, new ByteBuffer(), GENEROUS)).toBe(Inflated.Corrupt);
    inflater.reset();
    expect(read(inflater, message)).toEqual(data);
  });
});

describe("an inflater", () => {
  it("says what zlib found, and needs a reset then", () => {
    const inflater = byZlib.inflater(15);
    expect(inflater.inflate(Uint8Array.of(7), new ByteBuffer(), GENEROUS)).toBe(Inflated.Corrupt);
    expect(inflater.fault).toBe("zlib: invalid block type");
    expect(inflater.atBoundary).toBe(false);
    expect(inflater.inflate(TAIL, new ByteBuffer(), GENEROUS)).toBe(Inflated.Corrupt);
    inflater.reset();
    expect(inflater.fault).toBe("");
    expect(read(inflater, payloadOf(json(10)))).toEqual(json(10));
  });

  it("reports a fault in what it held back, in the call in which it is inflated", () => {
    const inflater = byZlib.inflater(15);
    const output = new ByteBuffer();
    expect(inflater.inflate(headerForTheTail(5), output, GENEROUS)).toBe(Inflated.Ok);
    expect(inflater.inflate(TAIL, output, GENEROUS)).toBe(Inflated.Ok);
    expect(inflater.inflate(Uint8Array.of(1), output, GENEROUS)).toBe(Inflated.Corrupt);
    expect(inflater.fault).toBe("zlib: invalid block type");
  });

  it("shares streams with the others, and no bytes: many messages in pieces at once", () => {
    const count = 20;
    const inflaters = Array.from({ length: count }, (_, index) => SUPPLIERS[index % 2]!.inflater(12));
    const deflaters = Array.from({ length: count }, () => native.deflater({ ...SETTINGS, windowBits: 12 }));
    for (let round = 0; round < 5; round++) {
      const data = deflaters.map((_, index) => json(200 + 50 * index, index));
      const messages = data.map((bytes, index) => deflated(bytes, deflaters[index]));
      const outputs = data.map(() => new ByteBuffer());
      for (let at = 0; at < 1000; at += 40) {
        for (const [index, message] of messages.entries()) {
          const piece = message.subarray(at, at + 40);
          expect(inflaters[index]!.inflate(piece, outputs[index]!, GENEROUS)).toBe(Inflated.Ok);
        }
      }
      for (const [index, inflater] of inflaters.entries()) {
        expect(inflater.atBoundary).toBe(true);
        expect(outputs[index]!.view()).toEqual(data[index]);
      }
    }
  });

  it("asks for no more memory than its output, four times over", () => {
    const output = new ByteBuffer();
    const inflater = native.inflater(15);
    for (const size of [100, 10_000, 1_000_000]) {
      inflater.inflate(zlibMessage(json(size)), output, GENEROUS);
      expect(output.bytes.length).toBeLessThanOrEqual(4 * output.length + 4096);
      output.take();
    }
  });
});

describe("a deflater", () => {
  it("[RFC7692-7.2.3-01] writes an empty message as an empty block, first and again and between others", () => {
    const deflater = native.deflater(SETTINGS);
    const inflater = native.inflater(15);
    for (const data of [text(""), text(""), text("Hello"), text(""), text(""), text("Hello")]) {
      const message = deflated(data, deflater);
      if (data.length === 0) expect([...message]).toEqual([0, ...TAIL]);
      expect(read(inflater, message.subarray(0, -TAIL.length))).toEqual(data);
    }
  });

  it("writes the same, however little room there was", () => {
    const data = concat(random(3000), json(3000));
    const expected = deflated(data);
    const deflater = native.deflater(SETTINGS);
    for (let room = 0; room < 200; room++) {
      const output = new ByteBuffer();
      output.bytes = new Uint8Array(room);
      deflater.reset();
      deflater.deflate(data, output);
      expect(Buffer.compare(output.view(), expected)).toBe(0);
    }
  });
});

describe("memory", () => {
  it("goes with the objects: neither the native side nor a pool holds on to what was given up", async () => {
    const givenUp: WeakRef<object>[] = [];
    for (let count = 0; count < 50; count++) {
      const deflater = native.deflater(SETTINGS);
      const inflater = SUPPLIERS[count % 2]!.inflater(15);
      inflater.inflate(deflated(json(100), deflater).subarray(0, 20), new ByteBuffer(), GENEROUS);
      givenUp.push(new WeakRef(deflater), new WeakRef(inflater));
    }
    setFlagsFromString("--expose-gc");
    const collectGarbage = runInNewContext("gc") as () => void;
    await setImmediate();
    collectGarbage();
    // The last two may still be in a register.
    expect(givenUp.slice(0, -2).filter((reference) => reference.deref() !== undefined)).toEqual([]);
  });

  it("an inflater asks for memory in proportion to what it inflates, however many messages that was", () => {
    const message = (index: number): Uint8Array =>
      Uint8Array.of(0x00, 0x05, 0x00, 0xfa, 0xff, index, 2, 3, 4, 5, 0x00, 0x00, 0x00, 0xff, 0xff);
    for (const supplier of SUPPLIERS) {
      const inflater = supplier.inflater(15);
      const output = new ByteBuffer();
      output.reserve(64);
      const { bytes } = allocated(() => {
        for (let index = 0; index < 5000; index++) {
          output.clear();
          inflater.inflate(message(index), output, 100);
          expect(inflater.atBoundary).toBe(true);
        }
      });
      // 25,000 bytes in all.
      expect(bytes).toBeLessThan(200_000);
    }
  });

  it("a full window takes no more, and what a message needs besides is not kept", () => {
    const fill = payloadOf(random(40_000));
    const short = payloadOf(json(100), { strategy: z.Z_FIXED });
    const inflater = native.inflater(15);
    const output = new ByteBuffer();
    output.reserve(100_000);
    const all = (messages: readonly Uint8Array[]): number =>
      allocated(() => {
        for (const message of messages) {
          output.clear();
          expect(inflater.inflate(message, output, GENEROUS)).toBe(Inflated.Ok);
          expect(inflater.inflate(TAIL, output, GENEROUS)).toBe(Inflated.Ok);
          expect(inflater.atBoundary).toBe(true);
        }
      }).bytes;
    expect(all([fill])).toBe(32_768);
    all([fill]); // lends the window for the first time
    expect(all([fill, short, fill, short])).toBe(0);
  });

  it("the tables of a block that a short message stops in are there for the next, once it is given up", () => {
    const own = zlibMessage(json(1000));
    const torn = concat(zlibMessage(json(20), { strategy: z.Z_FIXED }), own.subarray(0, 80));
    expect(torn.length).toBeLessThanOrEqual(128);
    const inflaters = Array.from({ length: 10 }, () => native.inflater(15));
    const output = new ByteBuffer();
    output.reserve(2000);
    const all = (): number =>
      allocated(() => {
        for (const inflater of inflaters) {
          output.clear();
          expect(inflater.inflate(torn, output, GENEROUS)).toBe(Inflated.Ok);
          inflater.reset();
        }
      }).bytes;
    all();
    expect(all()).toBe(0);
  });
});

describe("where zlib is not what it was", () => {
  afterEach(() => {
    vi.doUnmock("node:zlib");
    vi.resetModules();
  });

  /** The module, on a Node whose streams went through `change`. */
  async function on(change: (stream: Changeable, kind: "inflate" | "deflate") => void) {
    vi.resetModules();
    vi.doMock("node:zlib", async (original) => {
      const zlib = await original<typeof import("node:zlib")>();
      const changed =
        <Options, Stream>(create: (options: Options) => Stream, kind: "inflate" | "deflate") =>
        (options: Options) => {
          const stream = create(options);
          change(stream as Changeable, kind);
          return stream;
        };
      return {
        ...zlib,
        createInflateRaw: changed(zlib.createInflateRaw, "inflate"),
        createDeflateRaw: changed(zlib.createDeflateRaw, "deflate"),
      };
    });
    const module = await import("../../src/node/zlib.ts");
    const { portable } = await import("../../src/deflate/index.ts");
    return { ...module, portable };
  }

  interface Changeable {
    _handle: {
      writeSync(...call: unknown[]): unknown;
      onerror(message: string, errorNumber: number, code: string): void;
    } | null;
    _writeState: Uint32Array;
    _processChunk: unknown;
    reset(): void;
  }

  const changes: Record<string, (stream: Changeable, kind: "inflate" | "deflate") => void> = {
    "there is no handle": (stream) => {
      stream._handle = null;
    },
    "a deflater has no handle": (stream, kind) => {
      if (kind === "deflate") stream._handle = null;
    },
    "the handle cannot write": (stream) => {
      stream._handle!.writeSync = undefined as never;
    },
    "the handle has no place for errors": (stream) => {
      stream._handle!.onerror = undefined as never;
    },
    "the state is another": (stream) => {
      stream._writeState = new Uint32Array(3);
    },
    "nothing can be watched": (stream) => {
      stream._processChunk = undefined;
    },
    "writeSync is called in another way": (stream) => {
      const handle = stream._handle!;
      stream._processChunk = () => handle.writeSync({ flush: 2 });
      handle.writeSync = () => undefined;
    },
    "writeSync takes one argument more": (stream) => {
      const handle = stream._handle!;
      const { writeSync } = handle;
      handle.writeSync = (...call) => writeSync.call(handle, ...call.slice(0, 7));
      stream._processChunk = (chunk: Uint8Array, flush: number) =>
        handle.writeSync(flush, chunk, 0, chunk.length, new Uint8Array(64), 0, 64, true);
    },
    "a chunk does not go through writeSync": (stream) => {
      stream._processChunk = () => undefined;
    },
    "creating a stream throws": () => {
      throw new Error("no more streams");
    },
    "errors do not come": (stream) => {
      Object.defineProperty(stream._handle, "onerror", { get: () => () => undefined, set: () => undefined });
    },
    "the two numbers have changed places": (stream) => {
      const handle = stream._handle!;
      const { writeSync } = handle;
      handle.writeSync = (...call) => {
        Reflect.apply(writeSync, handle, call);
        stream._writeState.reverse();
      };
      stream._processChunk = (chunk: Uint8Array, flush: number) =>
        handle.writeSync(flush, chunk, 0, chunk.length, new Uint8Array(64), 0, 64);
    },
    "reset does nothing": (stream) => {
      stream.reset = () => undefined;
    },
  };

  for (const [name, change] of Object.entries(changes)) {
    it(`takes the portable codec: ${name}`, async () => {
      const { isNativeUsable, compression, native, portable } = await on(change);
      expect(isNativeUsable()).toBe(false);
      expect(compression()).toBe(portable);
      expect(() => native.inflater(15)).toThrow("this Node's zlib is not usable");
      expect(() => native.deflater(SETTINGS)).toThrow("this Node's zlib is not usable");
    });
  }

  it("is no different where nothing has changed", async () => {
    const { isNativeUsable, compression, native } = await on(() => undefined);
    expect(isNativeUsable()).toBe(true);
    expect(compression()).toBe(native);
  });

  it("throws where zlib has no memory to compress, and begins anew", async () => {
    let failing = false;
    const { native } = await on(({ _handle: handle }) => {
      const { writeSync } = handle!;
      handle!.writeSync = (...call) => {
        if (failing) handle!.onerror("Insufficient memory", z.Z_MEM_ERROR, "Z_MEM_ERROR");
        else Reflect.apply(writeSync, handle, call);
      };
    });
    const deflater = native.deflater(SETTINGS);
    const first = deflated(json(100), deflater);
    failing = true;
    expect(() => deflater.deflate(json(100), new ByteBuffer())).toThrow("zlib: Insufficient memory");
    failing = false;
    deflater.reset();
    expect(deflated(json(100), deflater)).toEqual(first);
  });

  it("gives a value where zlib has no memory to inflate, and takes another stream then", async () => {
    let failing = false;
    const { native } = await on(({ _handle: handle }) => {
      const { writeSync } = handle!;
      handle!.writeSync = (...call) => {
        if (failing) handle!.onerror("Insufficient memory", z.Z_MEM_ERROR, "Z_MEM_ERROR");
        else Reflect.apply(writeSync, handle, call);
      };
    });
    const inflater = native.inflater(15);
    const message = concat(NOTHING, zlibMessage(json(100)));
    inflater.inflate(message.subarray(0, NOTHING.length + 20), new ByteBuffer(), GENEROUS);
    failing = true;
    expect(inflater.atBoundary).toBe(false);
    expect(inflater.inflate(message.subarray(NOTHING.length + 20), new ByteBuffer(), GENEROUS)).toBe(
      Inflated.Corrupt,
    );
    expect(inflater.fault).toBe("zlib: Insufficient memory");
    failing = false;
    inflater.reset();
    expect(read(inflater, message.subarray(0, -TAIL.length))).toEqual(json(100));
  });
});
