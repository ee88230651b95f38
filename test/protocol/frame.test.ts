import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  firstByteViolation,
  headerSize,
  headerSizeFor,
  isControl,
  MASK,
  MAX_HEADER_SIZE,
  readLength,
  readMaskingKey,
  secondByteViolation,
  writeHeader,
} from "../../src/protocol/frame.ts";
import type { Rule } from "../../src/protocol/violation.ts";
import { hex } from "../helpers/frames.ts";

/** The rules of §5.2, §5.4 and §5.5 about a first byte, as plainly as they can be said. */
function expectedRules(first: number, claimed: number, fragmented: boolean): Set<Rule | undefined> {
  const fin = (first & 0x80) !== 0;
  const bits = first & 0x70;
  const opcode = first & 0x0f;
  const rules = new Set<Rule | undefined>();
  if ((bits & ~claimed) !== 0) rules.add("reserved-bit");
  if ((bits & claimed) !== 0 && opcode >= 8) rules.add("reserved-bit-on-control-frame");
  if ((bits & claimed) !== 0 && opcode === 0) rules.add("reserved-bit-on-continuation");
  if ((opcode >= 3 && opcode <= 7) || opcode >= 11) rules.add("unknown-opcode");
  if (opcode >= 8 && !fin) rules.add("fragmented-control-frame");
  if (opcode === 0 && !fragmented) rules.add("unexpected-continuation");
  if ((opcode === 1 || opcode === 2) && fragmented) rules.add("expected-continuation");
  if (rules.size === 0) rules.add(undefined);
  return rules;
}

describe("the first byte of a header", () => {
  it("[RFC6455-5.2-03] [RFC6455-5.4-02] [RFC6455-5.5-02] is judged by the rules in each of its 256 values, with any claimed bits, in each state", () => {
    for (let first = 0; first < 256; first++) {
      for (const claimed of [0, 0x10, 0x20, 0x40, 0x60, 0x70]) {
        for (const fragmented of [false, true]) {
          const found = firstByteViolation(first, claimed, fragmented);
          const context = `first ${first.toString(16)}, claimed ${claimed.toString(16)}, fragmented ${fragmented}`;
          expect(expectedRules(first, claimed, fragmented), context).toContain(found);
        }
      }
    }
  });

  it("[RFC6455-5.2-04] names the opcodes 3 to 7 and 11 to 15 unknown", () => {
    for (const opcode of [3, 4, 5, 6, 7, 11, 12, 13, 14, 15]) {
      expect(firstByteViolation(0x80 | opcode, 0, false)).toBe("unknown-opcode");
    }
  });

  it("tells control frames from data frames", () => {
    expect([0, 1, 2, 8, 9, 10].map(isControl)).toEqual([false, false, false, true, true, true]);
  });
});

describe("the second byte of a header", () => {
  it("[RFC6455-5.1-02] [RFC6455-5.1-05] must have the mask bit that the sender's role demands", () => {
    for (let second = 0; second < 128; second++) {
      expect(secondByteViolation(0x82, second, MASK)).toBe("unmasked-frame");
      expect(secondByteViolation(0x82, second | MASK, 0)).toBe("masked-frame");
      expect(secondByteViolation(0x82, second, 0)).toBeUndefined();
      expect(secondByteViolation(0x82, second | MASK, MASK)).toBeUndefined();
    }
  });

  it("[RFC6455-5.5-01] allows a control frame 125 bytes and no more", () => {
    for (const opcode of [8, 9, 10]) {
      expect(secondByteViolation(0x80 | opcode, 125, 0)).toBeUndefined();
      expect(secondByteViolation(0x80 | opcode, 126, 0)).toBe("control-frame-too-long");
      expect(secondByteViolation(0x80 | opcode, 127, 0)).toBe("control-frame-too-long");
    }
  });

  it("tells the size of the whole header", () => {
    const sizes = [0, 125, 126, 127].flatMap((length) => [headerSize(length), headerSize(length | MASK)]);
    expect(sizes).toEqual([2, 6, 2, 6, 4, 8, 10, 14]);
  });
});

describe("a payload length", () => {
  const boundaries = [
    0,
    1,
    125,
    126,
    127,
    65535,
    65536,
    2 ** 31 - 1,
    2 ** 31,
    2 ** 32 - 1,
    2 ** 32,
    2 ** 53 - 1,
  ];

  it.each(boundaries)("[RFC6455-5.3-01] of %d is written in its shortest form and read back", (length) => {
    const header = new Uint8Array(MAX_HEADER_SIZE);
    for (const key of [undefined, 0x12345678 | 0]) {
      const end = writeHeader(header, 0, 0x82, length, key);
      expect(end).toBe(headerSizeFor(length, key !== undefined));
      expect(end).toBe(headerSize(header[1]!));
      expect(readLength(header, 0)).toBe(length);
      if (key !== undefined) expect(readMaskingKey(header, end)).toBe(key);
    }
  });

  it.each([
    [0, "82 00"],
    [125, "82 7d"],
    [126, "82 7e 00 7e"],
    [256, "82 7e 01 00"],
    [65535, "82 7e ff ff"],
    [65536, "82 7f 00 00 00 00 00 01 00 00"],
    [2 ** 53 - 1, "82 7f 00 1f ff ff ff ff ff ff"],
  ])("[RFC6455-5.2-06] [RFC6455-5.2-07] of %d is written as %s", (length, bytes) => {
    const header = new Uint8Array(MAX_HEADER_SIZE);
    const end = writeHeader(header, 0, 0x82, length);
    expect(header.subarray(0, end)).toEqual(hex(bytes));
  });

  it("[RFC6455-5.2-07] is refused in any form but the shortest", () => {
    expect(readLength(Uint8Array.of(0x82, 126, 0, 0), 0)).toBe("length-not-minimal");
    expect(readLength(Uint8Array.of(0x82, 126, 0, 125), 0)).toBe("length-not-minimal");
    expect(readLength(Uint8Array.of(0x82, 126, 0, 126), 0)).toBe(126);
    expect(readLength(Uint8Array.of(0x82, 127, 0, 0, 0, 0, 0, 0, 0, 0), 0)).toBe("length-not-minimal");
    expect(readLength(Uint8Array.of(0x82, 127, 0, 0, 0, 0, 0, 0, 0xff, 0xff), 0)).toBe("length-not-minimal");
    expect(readLength(Uint8Array.of(0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0), 0)).toBe(65536);
  });

  it("of 2^53 and more is refused, being no safe integer", () => {
    expect(readLength(Uint8Array.of(0x82, 127, 0, 0x20, 0, 0, 0, 0, 0, 0), 0)).toBe("length-unsafe");
    expect(readLength(Uint8Array.of(0x82, 127, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff), 0)).toBe(
      "length-unsafe",
    );
  });

  it("[RFC6455-5.2-05] of 2^63 and more is refused, its top bit being set", () => {
    expect(readLength(Uint8Array.of(0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0), 0)).toBe("length-top-bit");
    expect(readLength(Uint8Array.of(0x82, 127, ...Array(8).fill(0xff)), 0)).toBe("length-top-bit");
  });

  it("is read where the header stands, whatever lies around it", () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.nat(9), fc.integer(), (length, at, key) => {
        const bytes = new Uint8Array(at + MAX_HEADER_SIZE + 1).fill(0xaa);
        const end = writeHeader(bytes, at, 0x81, length, key);
        expect(readLength(bytes, at)).toBe(length);
        expect(readMaskingKey(bytes, end)).toBe(key);
        expect(bytes.subarray(0, at).every((byte) => byte === 0xaa)).toBe(true);
        expect(bytes.subarray(end).every((byte) => byte === 0xaa)).toBe(true);
      }),
    );
  });
});
