import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { FrameWriter } from "../../src/protocol/frame-writer.ts";
import { MaskingKeys } from "../../src/protocol/mask.ts";
import { allocated } from "../deflate/allocated.ts";
import { bytesOf, concat, readFrames } from "../helpers/frames.ts";

const TEXT = 0x81;
const BINARY = 0x82;

/** A writer whose output is taken at once, or kept by the transport. */
function recorded({ taken, client = false }: { taken: boolean; client?: boolean }) {
  const writes: { bytes: Uint8Array; more: boolean; memory: number }[] = [];
  const kept: Uint8Array[] = [];
  const output = {
    write(bytes: Uint8Array, more: boolean): boolean {
      writes.push({ bytes: bytes.slice(), more, memory: bytes.buffer.byteLength });
      if (!taken) kept.push(bytes);
      return taken;
    },
  };
  let key = 1;
  const random = (bytes: Uint8Array) => bytes.set(bytes.map(() => key++ * 37));
  const writer = new FrameWriter(output, client ? new MaskingKeys(random) : undefined);
  const frames = () => readFrames(concat(...writes.map(({ bytes }) => bytes)));
  return { writer, writes, kept, frames };
}

const SIZES = [
  0, 1, 23, 24, 125, 126, 4000, 4095, 4096, 16384, 32767, 32768, 65521, 65522, 65523, 65535, 65536, 65537,
  200_000,
];
const payloadOf = (size: number) => Uint8Array.from({ length: size }, (_, index) => (index * 13) & 0xff);

describe.each([
  { client: false, taken: true },
  { client: false, taken: false },
  { client: true, taken: true },
  { client: true, taken: false },
])("a frame written with $client as client, output taken at once $taken", (settings) => {
  it("[RFC6455-6.1-04] arrives as it was, at every size, with more behind it", () => {
    for (const bulk of [true, false]) {
      const { writer, frames } = recorded(settings);
      for (const size of SIZES) writer.frame(BINARY, payloadOf(size), bulk);
      writer.flush();
      const read = frames();
      expect(read.map(({ payload }) => payload.length)).toEqual(SIZES);
      for (const { payload, masked } of read) {
        expect(Buffer.compare(payload, payloadOf(payload.length))).toBe(0);
        expect(masked).toBe(settings.client);
      }
      expect(writer.idle).toBe(true);
    }
  });

  it("of text is encoded in its place, however many bytes its characters need", () => {
    const { writer, frames } = recorded(settings);
    const texts = SIZES.flatMap((size) => ["a", "é", "€"].map((character) => character.repeat(size)));
    for (const text of texts) writer.textFrame(TEXT, text, true);
    writer.flush();
    const read = frames();
    expect(read).toHaveLength(texts.length);
    for (const [index, { payload }] of read.entries()) {
      expect(Buffer.compare(payload, bytesOf(texts[index]!)), `text ${index}`).toBe(0);
    }
  });

  it("of text in characters of three bytes has room for all of them", () => {
    for (const bulk of [true, false]) {
      for (const length of [1300, 1360, 1361, 1362, 1365, 1366, 2000, 2041, 21_839, 21_840, 21_841, 32_000]) {
        const { writer, frames } = recorded(settings);
        writer.textFrame(TEXT, "€".repeat(length), bulk);
        writer.flush();
        expect(Buffer.from(frames()[0]!.payload).toString()).toBe("€".repeat(length));
      }
    }
  });

  it("leaves the application's bytes as they are", () => {
    const { writer } = recorded(settings);
    const data = payloadOf(1000);
    writer.frame(BINARY, data, false);
    writer.flush();
    expect(data).toEqual(payloadOf(1000));
  });
});

describe("all frames of a turn", () => {
  it("[RFC6455-2.1-01] leave in one write", () => {
    const { writer, writes, frames } = recorded({ taken: true });
    for (let index = 0; index < 100; index++) writer.frame(BINARY, payloadOf(100), true);
    expect(writes).toHaveLength(0);
    expect(writer.waiting).toBe(100 * 102);
    writer.flush();
    writer.flush();
    expect(writes).toHaveLength(1);
    expect(frames()).toHaveLength(100);
  });

  it("leave in several when they are many, each but the last saying that more follows", () => {
    const { writer, writes } = recorded({ taken: true });
    for (let index = 0; index < 3; index++) writer.frame(BINARY, payloadOf(16_000), false);
    for (let index = 0; index < 3; index++) writer.frame(BINARY, payloadOf(50_000), true);
    writer.frame(BINARY, payloadOf(10), true);
    writer.flush();
    expect(writes.map(({ more }) => more)).toEqual([true, true, true, true, true, true, false]);
  });
});

describe("the memory that frames leave in", () => {
  it("is used again when the output has taken it at once", () => {
    const { writer, writes } = recorded({ taken: true });
    writer.frame(BINARY, payloadOf(10), false);
    writer.flush();
    writer.frame(BINARY, payloadOf(10), false);
    writer.flush();
    expect(writes.map(({ memory }) => memory)).toEqual([4096, 4096]);
  });

  it.each([false, true])("is made once for many turns (with bulk %s)", (bulk) => {
    const writer = new FrameWriter({ write: () => true }, undefined);
    const turn = (): void => {
      for (const size of [1, 2000, 3000]) writer.frame(BINARY, payloadOf(size), bulk);
      writer.textFrame(TEXT, "text", bulk);
      writer.flush();
    };
    turn();
    const { bytes } = allocated(() => {
      for (let time = 0; time < 50; time++) turn();
    });
    // What payloadOf() makes is counted, too.
    expect(bytes).toBeLessThan(50 * 6000);
  });

  it("of payloads that are passed on is never another writer's", () => {
    const [one, other] = [recorded({ taken: true }), recorded({ taken: true })];
    for (const size of [40_000, 50_000]) {
      one.writer.frame(BINARY, payloadOf(size), false);
      other.writer.frame(BINARY, payloadOf(size + 1), false);
    }
    one.writer.flush();
    other.writer.flush();
    const sizes = ({ frames }: typeof one) => frames().map(({ payload }) => payload.length);
    expect([sizes(one), sizes(other)]).toEqual([
      [40_000, 50_000],
      [40_001, 50_001],
    ]);
  });

  it("of payloads that are passed on is let go when they have left", async () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const writer = new FrameWriter({ write: () => true }, undefined);
    const pass = (): WeakRef<Uint8Array> => {
      const payload = payloadOf(40_000);
      writer.frame(BINARY, payload, false);
      writer.flush();
      return new WeakRef(payload);
    };
    const passed = [pass(), pass(), pass()];
    await new Promise((resolve) => setImmediate(resolve));
    collect();
    expect(passed.map((payload) => payload.deref())).toEqual([undefined, undefined, undefined]);
    expect(writer.idle).toBe(true);
  });

  it("is given away when the output keeps it, and never written again", () => {
    const { writer, writes, kept } = recorded({ taken: false });
    for (let index = 0; index < 5; index++) {
      writer.frame(BINARY, payloadOf(3000 + index), false);
      writer.flush();
    }
    expect(kept.map((bytes) => bytes.length)).toEqual(writes.map(({ bytes }) => bytes.length));
    for (const [index, bytes] of kept.entries()) expect(bytes).toEqual(writes[index]!.bytes);
  });

  it("is of the exact size for few bytes, once the output is behind: a Pong does not hold a slab", () => {
    const { writer, writes } = recorded({ taken: false });
    for (let index = 0; index < 3; index++) {
      writer.frame(0x8a, payloadOf(10), true);
      writer.flush();
    }
    expect(writes.map(({ memory }) => memory)).toEqual([65536, 12, 12]);
  });
});

describe("an output that calls back", () => {
  it("is of the exact size in front of a large payload: no header holds a slab until the payload has left", () => {
    const { writer, writes } = recorded({ taken: true });
    for (const bulk of [true, false]) writer.frame(BINARY, payloadOf(100_000), bulk);
    writer.flush();
    expect(writes.map(({ more, memory }) => [more, memory])).toEqual([
      [true, 10],
      [true, 100_000],
      [true, 10],
      [false, 100_000],
    ]);
  });

  it("takes frames that others are sent too: alone as they are, several in one write, in their order", () => {
    const { writer, writes, frames } = recorded({ taken: true });
    const made = [1, 2, 3].map((size) => Uint8Array.of(0x82, size, ...payloadOf(size)));
    writer.whole(made[0]!);
    writer.flush();
    expect(writes.map(({ memory }) => memory)).toEqual([3]);
    writer.frame(TEXT, bytesOf("first"), false);
    for (const frame of made) writer.whole(frame);
    writer.frame(TEXT, bytesOf("last"), false);
    expect(writer.waiting).toBe(7 + 3 + 4 + 5 + 6);
    writer.flush();
    expect(writes).toHaveLength(2);
    const large = new Uint8Array([0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0, ...new Uint8Array(65536)]);
    for (const frame of [made[0]!, made[1]!, large, made[2]!, made[0]!]) writer.whole(frame);
    writer.flush();
    expect(writes.slice(2).map(({ bytes, more }) => [bytes.length, more])).toEqual([
      [7, true],
      [large.length, true],
      [8, false],
    ]);
    expect(frames().map(({ payload }) => payload.length)).toEqual([1, 5, 1, 2, 3, 4, 1, 2, 65536, 3, 1]);
    expect(writer.idle).toBe(true);
  });

  it("takes so many of them that they fill several slabs", () => {
    const { writer, writes, frames } = recorded({ taken: false });
    const made = Uint8Array.of(0x82, 100, ...payloadOf(100));
    for (let count = 0; count < 2000; count++) writer.whole(made);
    writer.flush();
    expect(frames()).toHaveLength(2000);
    expect(writes.length).toBe(Math.ceil(2000 / Math.floor(65536 / 102)));
  });

  it("gets the next frames in order, behind those that are being written", () => {
    const received: Uint8Array[] = [];
    let answers = 3;
    const output = {
      write(bytes: Uint8Array): boolean {
        received.push(bytes.slice());
        if (answers-- > 0) {
          writer.frame(BINARY, payloadOf(answers), false);
          if (answers === 1) writer.frame(BINARY, payloadOf(40_000), false);
          writer.flush();
          expect(writer.idle).toBe(false);
        }
        return true;
      },
    };
    const writer = new FrameWriter(output, undefined);
    writer.frame(BINARY, payloadOf(37_000), false);
    writer.flush();
    expect(writer.idle).toBe(true);
    expect(readFrames(concat(...received)).map(({ payload }) => payload.length)).toEqual([
      37_000, 2, 1, 40_000, 0,
    ]);
  });

  it("that throws in the middle loses what it was given, and nothing behind it", () => {
    const received: number[] = [];
    let calls = 0;
    const output = {
      write(bytes: Uint8Array): boolean {
        if (calls++ === 0) throw new Error("transport");
        received.push(bytes.length);
        return true;
      },
    };
    const writer = new FrameWriter(output, undefined);
    for (const size of [40_000, 50_000]) writer.frame(BINARY, payloadOf(size), false);
    expect(() => writer.flush()).toThrow("transport");
    writer.flush();
    expect(received.reduce((sum, length) => sum + length, 0)).toBeGreaterThanOrEqual(50_000);
    expect(writer.idle).toBe(true);
  });

  it("has the writer busy until it has returned, though nothing waits behind what it takes", () => {
    const inside: unknown[] = [];
    const output = {
      write(): boolean {
        inside.push(writer.waiting, writer.idle);
        return true;
      },
    };
    const writer = new FrameWriter(output, undefined);
    writer.frame(BINARY, payloadOf(1), false);
    writer.flush();
    expect([inside, writer.idle]).toEqual([[0, false], true]);
  });

  it("that throws leaves the writer usable", () => {
    let broken = true;
    const output = {
      write(): void {
        if (broken) throw new Error("transport");
      },
    };
    const writer = new FrameWriter(output, undefined);
    writer.frame(BINARY, payloadOf(1), false);
    expect(() => writer.flush()).toThrow("transport");
    broken = false;
    writer.frame(BINARY, payloadOf(1), false);
    writer.flush();
    expect(writer.idle).toBe(true);
  });
});
