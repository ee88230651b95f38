import { createInflateRaw, deflateRawSync, constants as zlib } from "node:zlib";
import { describe, expect, it } from "vitest";
import { ByteBuffer } from "../../src/bytes.ts";
import { Inflated } from "../../src/deflate/codec.ts";
import { PortableInflater } from "../../src/deflate/inflate.ts";
import { Window } from "../../src/deflate/window.ts";
import { allocated } from "./allocated.ts";
import { Bits, concat, dynamicBlock, json, numbers, random, samples, text, zlibMessage } from "./data.ts";

const GENEROUS = 1 << 30;

/** Inflates at once and in pieces; both must end in the same way. Returns the fault. */
function faultOf(data: Uint8Array, windowBits = 15): string {
  const faults = [data.length, 1, 3].map((size) => {
    const inflater = new PortableInflater(new Window(windowBits));
    const output = new ByteBuffer();
    for (let at = 0; at < data.length; at += size) {
      const result = inflater.inflate(data.subarray(at, at + size), output, GENEROUS);
      if (result === Inflated.Corrupt) return inflater.fault;
      expect(result).toBe(Inflated.Ok);
      expect(inflater.fault).toBe("");
    }
    return "";
  });
  expect(new Set(faults).size).toBe(1);
  return faults[0]!;
}

/** Bytes behind the fault, so that the fast loop could run over it. */
const behind = new Uint8Array(32);

describe("a corrupt block", () => {
  const nothing = Array.from({ length: 257 }, () => 0);

  it.each<[string, Uint8Array]>([
    ["the block type 3 is reserved", new Bits().block(0, 3).bytes()],
    [
      "the stored length 5 and its complement 65535 do not match",
      new Bits().block(0, 0).align().number(5, 16).number(0xffff, 16).bytes(),
    ],
    [
      "287 literal and length codes, where the alphabet has 286",
      new Bits().block(0, 2).number(30, 5).number(0, 5).number(0, 4).bytes(),
    ],
    [
      "31 distance codes, where the alphabet has 30",
      new Bits().block(0, 2).number(0, 5).number(30, 5).number(0, 4).bytes(),
    ],
    ["the code length code is incomplete", new Bits().block(0, 2).number(0, 14).number(0, 12).bytes()],
    [
      "the code length code is incomplete",
      new Bits().block(0, 2).number(0, 14).number(1, 3).number(0, 9).bytes(),
    ],
    [
      "the code length code is over-subscribed",
      new Bits().block(0, 2).number(0, 14).number(1, 3).number(1, 3).number(1, 3).number(0, 3).bytes(),
    ],
    ["there is no code length before the first to repeat", dynamicBlock(257, 1, [[16, 0]]).bytes()],
    [
      "a repeated code length runs past the 258 announced",
      dynamicBlock(257, 1, [
        [18, 127],
        [18, 127],
      ]).bytes(),
    ],
    ["the end of the block has no code", dynamicBlock(257, 1, [1, 1, ...nothing.slice(1), 0]).bytes()],
    [
      "the set of literal and length code lengths is over-subscribed",
      dynamicBlock(257, 1, [1, 1, ...nothing.slice(3), 1, 0]).bytes(),
    ],
    [
      "the set of literal and length code lengths is incomplete",
      dynamicBlock(257, 1, [1, ...nothing.slice(2), 2, 0]).bytes(),
    ],
    [
      "the set of distance code lengths is over-subscribed",
      dynamicBlock(257, 3, [1, ...nothing.slice(2), 1, 1, 1, 1]).bytes(),
    ],
    [
      "the set of distance code lengths is incomplete",
      dynamicBlock(257, 2, [1, ...nothing.slice(2), 1, 2, 2]).bytes(),
    ],
    [
      "the set of distance code lengths is incomplete",
      dynamicBlock(257, 1, [1, ...nothing.slice(2), 1, 2]).bytes(),
    ],
    [
      "a literal or length code that no symbol has",
      concat(new Bits().block(0, 1).fixed(65).fixed(286).bytes(), behind),
    ],
    [
      "a literal or length code that no symbol has",
      concat(new Bits().block(0, 1).fixed(65).fixed(287).bytes(), behind),
    ],
    [
      "a distance code that no symbol has",
      concat(new Bits().block(0, 1).fixed(65).fixed(257).code("11110").bytes(), behind),
    ],
    [
      "a distance code that no symbol has",
      concat(new Bits().block(0, 1).fixed(65).fixed(257).code("11111").bytes(), behind),
    ],
    [
      "distance 2 reaches before the start of the data",
      concat(new Bits().block(0, 1).fixed(65).fixed(257).code("00001").bytes(), behind),
    ],
    [
      "distance 300 reaches before the start of the data",
      concat(
        new Bits()
          .block(0, 1)
          .fixed(65)
          .fixed(257)
          .code("10000")
          .number(300 - 257, 7)
          .bytes(),
        behind,
      ),
    ],
  ])("is refused: %s", (fault, data) => {
    expect(faultOf(data)).toBe(fault);
  });

  it("is refused where the lone code of the literals, or of the distances, is not the one that comes", () => {
    const onlyEnd = [...nothing.slice(1), 1];
    expect(
      faultOf(
        concat(
          dynamicBlock(257, 1, [...onlyEnd, 0])
            .code("1")
            .bytes(),
          behind,
        ),
      ),
    ).toBe("a literal or length code that no symbol has");
    // Literal "a", end of block and length 3 (symbol 257): codes 0, 10, 11.
    const lengths = [...nothing.slice(0, 97), 1, ...nothing.slice(98, 256), 2, 2];
    for (const distance of [0, 1]) {
      const block = dynamicBlock(258, 1, [...lengths, distance])
        .code("0")
        .code("11")
        .code("1");
      expect(faultOf(concat(block.bytes(), behind))).toBe("a distance code that no symbol has");
    }
  });

  it("is refused from the first distance that is larger than the window", () => {
    for (const [extra, fault] of [
      [127, ""],
      [128, "distance 257 reaches out of the window of 256 bytes"],
    ] as const) {
      const block = new Bits().block(0, 1);
      for (let count = 0; count < 300; count++) block.fixed(count & 127);
      // Symbol 15 is 193 and six extra bits, up to 256; symbol 16 begins at 257.
      if (extra === 127) block.fixed(257).code("01111").number(63, 6);
      else block.fixed(257).code("10000").number(0, 7);
      expect(faultOf(block.fixed(256).bytes(), 8)).toBe(fault);
    }
  });

  it("is refused where a distance reaches out of the window although the data is in the same call", () => {
    const block = new Bits().block(0, 1);
    for (let count = 0; count < 300; count++) block.fixed(count & 127);
    const data = concat(
      block
        .fixed(257)
        .code("10000")
        .number(300 - 257, 7)
        .fixed(256)
        .bytes(),
      behind,
    );
    expect(faultOf(data, 8)).toBe("distance 300 reaches out of the window of 256 bytes");
    expect(faultOf(data, 9)).not.toContain("distance");
  });
});

describe("a legal oddity", () => {
  const nothing = Array.from({ length: 257 }, () => 0);

  function read(data: Uint8Array): number[] {
    const output = new ByteBuffer();
    const inflater = new PortableInflater(new Window(15));
    for (const byte of data)
      expect(inflater.inflate(Uint8Array.of(byte), output, GENEROUS)).toBe(Inflated.Ok);
    return [...output.view()];
  }

  it("is a block with nothing but its end, as a lone code of one bit", () => {
    expect(
      read(
        dynamicBlock(257, 1, [...nothing.slice(1), 1, 0])
          .code("0")
          .bytes(),
      ),
    ).toEqual([]);
  });

  it("is a lone distance code of one bit, and repetitions that run from one alphabet into the other", () => {
    // "a" 0, end 10, length three 11; 1 distance code of length 2 would be incomplete, of length 1 is not.
    const lengths = [...nothing.slice(0, 97), 1, ...nothing.slice(98, 256), 2, 2];
    expect(
      read(
        dynamicBlock(258, 1, [...lengths, 1])
          .code("0")
          .code("11")
          .code("0")
          .code("10")
          .bytes(),
      ),
    ).toEqual([97, 97, 97, 97]);
    // "a" has length 1; the end, length three and four distances have length 2: five of the six are one repetition.
    const crossing = dynamicBlock(258, 4, [
      ...nothing.slice(0, 97),
      1,
      ...nothing.slice(98, 256),
      2,
      [16, 2],
    ]);
    expect(read(crossing.code("0").code("11").code("00").code("10").bytes())).toEqual([97, 97, 97, 97]);
  });

  it("is padding of ones behind a stored block's header and behind a final block", () => {
    const stored = new Bits().block(0, 0).number(31, 5).number(1, 16).number(0xfffe, 16).number(7, 8);
    expect(read(stored.bytes())).toEqual([7]);
    const final = new Bits().block(1, 1).fixed(9).fixed(256).number(63, 6).bytes();
    expect(read(concat(final, stored.bytes()))).toEqual([9, 7]);
  });

  it("is the length 258 written as 227 + 31", () => {
    const block = new Bits().block(0, 1).fixed(5).fixed(284).number(31, 5).code("00000").fixed(256);
    expect(read(block.bytes()).length).toBe(259);
  });
});

describe("against zlib", () => {
  /** Everything zlib makes of `data`; `rest` is what it left behind a final block. */
  function byZlib(data: Uint8Array) {
    const stream = createInflateRaw() as unknown as {
      _handle: {
        writeSync(...args: unknown[]): void;
        onerror(message: string, number: number): void;
        close(): void;
      };
      _writeState: Uint32Array;
    };
    const output = new Uint8Array(1 << 16);
    let corrupt = false;
    stream._handle.onerror = (_message, number) => {
      corrupt ||= number === zlib.Z_DATA_ERROR;
    };
    stream._handle.writeSync(zlib.Z_SYNC_FLUSH, data, 0, data.length, output, 0, output.length);
    const [room, rest] = stream._writeState;
    const produced = corrupt ? output : output.subarray(0, output.length - room!);
    stream._handle.close();
    return { output: produced, corrupt, rest: corrupt ? 0 : rest! };
  }

  it("says the same of thousands of damaged streams, and has produced the same before", () => {
    const next = numbers(7);
    const verdicts = { ok: 0, corrupt: 0 };
    const originals = [json(600), random(200), text("abcabcabcabcd"), json(3000)].flatMap((data) =>
      [zlib.Z_DEFAULT_STRATEGY, zlib.Z_FIXED, zlib.Z_HUFFMAN_ONLY].map((strategy) =>
        zlibMessage(data, { strategy }),
      ),
    );
    for (let round = 0; round < 6000; round++) {
      const data = originals[round % originals.length]!.slice();
      // Most damage near the beginning, where the header of a dynamic block is.
      const reach = round % 2 === 0 ? Math.min(60, data.length) : data.length;
      for (let flips = 1 + (next() % 3); flips > 0; flips--) data[next() % reach]! ^= 1 << (next() % 8);
      data[0]! &= 0xfe; // the first block stays one that others follow
      const theirs = byZlib(data);
      const inflater = new PortableInflater(new Window(15));
      const output = new ByteBuffer();
      const result = inflater.inflate(data, output, 1 << 16);
      if (theirs.rest > 0) {
        // zlib stops at a final block; the same has come out by then, and here it goes on.
        expect(Buffer.compare(theirs.output, output.view().subarray(0, theirs.output.length))).toBe(0);
        continue;
      }
      // Decision: a code length code without any code is refused at once; zlib reads on until nothing can come of it.
      if (inflater.fault !== "the code length code is incomplete") {
        expect([result === Inflated.Corrupt, inflater.fault]).toEqual([theirs.corrupt, inflater.fault]);
      }
      const ours = output.view();
      expect(Buffer.compare(theirs.output.subarray(0, ours.length), ours)).toBe(0);
      if (!theirs.corrupt && result === Inflated.Ok) expect(ours.length).toBe(theirs.output.length);
      if (theirs.corrupt) verdicts.corrupt++;
      else verdicts.ok++;
    }
    expect(verdicts.ok).toBeGreaterThan(50);
    expect(verdicts.corrupt).toBeGreaterThan(1000);
  });
});

describe("what an inflater costs", () => {
  it("holds no window before the first byte, and then a small multiple of what it has produced", () => {
    expect(allocated(() => new PortableInflater(new Window(15))).bytes).toBe(0);
    for (const size of [1, 256, 1000, 5000, 40_000, 200_000]) {
      const message = zlibMessage(samples["JSON, 200 kB"]!.subarray(0, size), { strategy: zlib.Z_FIXED });
      const inflater = new PortableInflater(new Window(15));
      const output = new ByteBuffer();
      output.reserve(2 * size + 1000);
      const { bytes } = allocated(() => inflater.inflate(message, output, GENEROUS));
      expect(bytes).toBeLessThanOrEqual(Math.min(32_768, Math.max(256, 2 * size)));
    }
  });

  it("needs no new memory after reset, nor for dynamic blocks that follow each other", () => {
    const message = zlibMessage(json(5000));
    const inflater = new PortableInflater(new Window(15));
    const output = new ByteBuffer();
    inflater.inflate(message, output, GENEROUS);
    output.clear();
    const { bytes } = allocated(() => {
      for (let round = 0; round < 10; round++) {
        inflater.reset();
        inflater.inflate(message, output, GENEROUS);
        output.clear();
      }
    });
    expect(bytes).toBe(0);
  });

  it("gives its tables to the next when a block has ended, or is given up", () => {
    const message = zlibMessage(json(1000));
    const half = message.subarray(0, message.length >> 1);
    const inflaters = Array.from({ length: 10 }, () => new PortableInflater(new Window(15)));
    const output = new ByteBuffer();
    const all = (input: Uint8Array, reset: boolean): number =>
      allocated(() => {
        for (const inflater of inflaters) {
          expect(inflater.inflate(input, output, GENEROUS)).toBe(Inflated.Ok);
          output.clear();
          if (reset) inflater.reset();
        }
      }).bytes;
    all(message, true);
    expect(all(message, true)).toBe(0);
    expect(all(half, true)).toBe(0);
    expect(all(message, false)).toBe(0);
  });

  it("is at a boundary where a block and a byte have ended, and nowhere else", () => {
    const atBoundary = (bits: Bits): boolean => {
      const inflater = new PortableInflater(new Window(15));
      expect(inflater.inflate(bits.bytes(), new ByteBuffer(), GENEROUS)).toBe(Inflated.Ok);
      return inflater.atBoundary;
    };
    expect(atBoundary(new Bits().block(0, 1).fixed(97).fixed(256))).toBe(false);
    const twoBitsLeft = new Bits().block(0, 1).fixed(200).fixed(200).fixed(200).fixed(200).fixed(256);
    expect(atBoundary(twoBitsLeft)).toBe(false);
    expect(atBoundary(new Bits().block(1, 1).fixed(97).fixed(256))).toBe(true);
    expect(atBoundary(new Bits().block(0, 0).align().number(0, 16).number(0xffff, 16))).toBe(true);
    expect(atBoundary(new Bits().block(0, 0).align().number(1, 16).number(0xfffe, 16))).toBe(false);
  });

  it("forgets with a reset what was wrong", () => {
    const inflater = new PortableInflater(new Window(15));
    expect(inflater.inflate(Uint8Array.of(7), new ByteBuffer(), GENEROUS)).toBe(Inflated.Corrupt);
    expect(inflater.fault).not.toBe("");
    inflater.reset();
    expect(inflater.fault).toBe("");
  });

  it("keeps the tables apart of inflaters that wait inside their blocks", () => {
    const messages = [json(500, 1), json(700, 2), text("some other words, and some others")].map((data) => ({
      data,
      message: deflateRawSync(data, { finishFlush: zlib.Z_SYNC_FLUSH }),
      inflater: new PortableInflater(new Window(15)),
      output: new ByteBuffer(),
    }));
    for (let at = 0; at < 1000; at += 5) {
      for (const { message, inflater, output } of messages) {
        expect(inflater.inflate(message.subarray(at, at + 5), output, GENEROUS)).toBe(Inflated.Ok);
      }
    }
    for (const { data, output } of messages) expect(Buffer.compare(output.view(), data)).toBe(0);
  });

  it("stops exactly where the next symbol would pass the limit", () => {
    const output = new ByteBuffer();
    const stored = new Bits()
      .block(0, 0)
      .align()
      .number(100, 16)
      .number(100 ^ 0xffff, 16)
      .bytes();
    const inflater = new PortableInflater(new Window(15));
    expect(inflater.inflate(concat(stored, new Uint8Array(60)), output, 64)).toBe(Inflated.Ok);
    expect(inflater.inflate(new Uint8Array(40), output, 64)).toBe(Inflated.LimitReached);
    expect(output.length).toBe(64);
    expect(output.bytes.length).toBe(64);
  });
});
