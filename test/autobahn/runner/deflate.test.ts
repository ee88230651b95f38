import { constants, deflateRawSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type DeflateParameters, Deflater, Inflater } from "../../../autobahn/runner/deflate.ts";

const KEEPS: DeflateParameters = { windowBits: 15, noContextTakeover: false };
const FORGETS: DeflateParameters = { windowBits: 15, noContextTakeover: true };
const text = (value: string): Uint8Array => new Uint8Array(Buffer.from(value));
const hex = (octets: Uint8Array | undefined): string => Buffer.from(octets ?? []).toString("hex");
const phrase = text("a phrase that is worth being remembered, and comes again and again. ");

describe("what is deflated", () => {
  it("is that of RFC 7692 §7.2.3: Hello alone, and Hello again", () => {
    const deflater = new Deflater(KEEPS);
    expect(hex(deflater.deflate(text("Hello")))).toBe("f248cdc9c90700");
    expect(hex(deflater.deflate(text("Hello")))).toBe("f200110000");
    const forgetful = new Deflater(FORGETS);
    expect(hex(forgetful.deflate(text("Hello")))).toBe("f248cdc9c90700");
    expect(hex(forgetful.deflate(text("Hello")))).toBe("f248cdc9c90700");
  });

  it("is what was inflated, whatever the window and the takeover", () => {
    const message = fc.array(fc.constantFrom(phrase, text("x"), new Uint8Array(600).fill(9), text("")), {
      maxLength: 8,
    });
    fc.assert(
      fc.property(
        fc.array(message, { maxLength: 12 }),
        fc.integer({ min: 8, max: 15 }),
        fc.boolean(),
        (messages, windowBits, noContextTakeover) => {
          const parameters = { windowBits, noContextTakeover };
          const [deflater, inflater] = [new Deflater(parameters), new Inflater(parameters)];
          for (const parts of messages) {
            const whole = new Uint8Array(Buffer.concat(parts));
            expect(hex(inflater.inflate(deflater.deflate(whole)))).toBe(hex(whole));
          }
        },
      ),
    );
  });

  it("repeats from round to round, and is what was inflated all the same", () => {
    const messages = Array.from({ length: 7 }, (_, at) => text(`${at} `.repeat(4000)));
    for (const parameters of [KEEPS, FORGETS, { ...KEEPS, windowBits: 9 }]) {
      const rounds = new Deflater(parameters).rounds(messages);
      const inflater = new Inflater(parameters);
      const seen: Uint8Array[] = [];
      for (let turn = 0; turn < 28; turn++) {
        seen.push(rounds.next().value);
        expect(hex(inflater.inflate(seen[turn]!))).toBe(hex(messages[turn % 7]!));
      }
      expect(seen[27]).toBe(seen[20]);
    }
  });
});

describe("what is inflated", () => {
  it("is inflated once, if the same comes behind the same", () => {
    const large = text("something to say, at some length. ".repeat(1000));
    const other = text("something else, at the same length".repeat(1000));
    const [deflater, inflater] = [new Deflater(FORGETS), new Inflater(FORGETS)];
    const first = inflater.inflate(deflater.deflate(large));
    expect(inflater.inflate(deflater.deflate(large))).toBe(first);
    expect(hex(inflater.inflate(deflater.deflate(other)))).toBe(hex(other));
    const [keeps, kept] = [new Deflater(KEEPS), new Inflater(KEEPS)];
    const seen = [large, other, large, other, large].map((message) => kept.inflate(keeps.deflate(message)));
    expect(seen.map(hex)).toEqual([large, other, large, other, large].map(hex));
    expect(seen[4]).toBe(seen[2]);
  });

  it("may be what no stream ever says", () => {
    expect(new Inflater(KEEPS).inflate(Uint8Array.of(0xff, 0xff))).toBeUndefined();
  });

  it("must not reach back beyond the window", () => {
    const noise = Uint8Array.from({ length: 600 }, (_, at) => (at * at * 31) >> 3);
    const large = new Deflater(KEEPS);
    const small = new Inflater({ ...KEEPS, windowBits: 9 });
    expect(small.inflate(large.deflate(noise))).toEqual(Buffer.from(noise));
    expect(small.inflate(large.deflate(noise.subarray(0, 80)))).toBeUndefined();
  });

  it("must not reach back into a message that is forgotten", () => {
    const [keeps, forgets] = [new Deflater(KEEPS), new Inflater(FORGETS)];
    expect(forgets.inflate(keeps.deflate(phrase))).toEqual(Buffer.from(phrase));
    expect(forgets.inflate(keeps.deflate(phrase))).toBeUndefined();
  });

  it("ends with a final block, unless the window is forgotten anyway", () => {
    const final = deflateRawSync(phrase, { finishFlush: constants.Z_FINISH });
    const ended = new Inflater(KEEPS);
    expect(ended.inflate(final)).toEqual(Buffer.from(phrase));
    expect(ended.inflate(new Deflater(KEEPS).deflate(phrase))).toHaveLength(0);
    const anew = new Inflater(FORGETS);
    expect(anew.inflate(final)).toEqual(Buffer.from(phrase));
    expect(anew.inflate(final)).toEqual(Buffer.from(phrase));
  });
});
