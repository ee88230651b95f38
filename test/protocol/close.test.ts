import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  CloseCode,
  checkClose,
  isValidCloseCode,
  MAX_REASON_BYTES,
  readClosePayload,
  writeClosePayload,
} from "../../src/protocol/close.ts";
import { bytesOf, concat } from "../helpers/frames.ts";

const inRange = (code: number, ranges: [number, number][]) =>
  ranges.some(([from, to]) => code >= from && code <= to);

describe("the status code of a Close frame", () => {
  it("[RFC6455-7.4.2-01] [RFC6455-7.4.1-03] is valid in the registered ranges and nowhere else among all 65,536", () => {
    const valid: [number, number][] = [
      [1000, 1003],
      [1007, 1014],
      [3000, 4999],
    ];
    for (let code = 0; code <= 0xffff; code++) {
      const payload = Uint8Array.of(code >> 8, code & 0xff);
      const expected = inRange(code, valid) ? { code, reason: "" } : "invalid-close-code";
      expect(isValidCloseCode(code)).toBe(inRange(code, valid));
      expect(readClosePayload(payload)).toEqual(expected);
    }
  });

  it("[RFC6455-7.4.1-04] [RFC6455-7.4.1-05] [RFC6455-7.4.1-08] [RFC6455-7.4.1-01] may be sent where it may be received, and only there", () => {
    for (let code = 0; code <= 0xffff; code++) {
      if (isValidCloseCode(code)) expect(() => checkClose(code, "")).not.toThrow();
      else expect(() => checkClose(code, "")).toThrow(RangeError);
    }
  });

  it("that is reported but never sent is refused with a sentence that says what may be", () => {
    expect(() => checkClose(CloseCode.NoStatus, "")).toThrow("close: 1005 may not be sent; use 1000-1003");
    expect(() => checkClose(1000.5, "")).toThrow(RangeError);
    expect(() => checkClose(Number.NaN, "")).toThrow(RangeError);
  });
});

describe("the payload of a Close frame", () => {
  it("[RFC6455-7.1.5-01] means code 1005 when it is empty", () => {
    expect(readClosePayload(new Uint8Array(0))).toEqual({ code: 1005, reason: "" });
  });

  it("[RFC6455-5.5.1-02] is refused when it has one byte, which is no status code", () => {
    expect(readClosePayload(Uint8Array.of(3))).toBe("close-payload-of-one-byte");
  });

  it("is refused when its reason is not UTF-8", () => {
    expect(readClosePayload(concat(Uint8Array.of(3, 232), Uint8Array.of(0xce)))).toBe("invalid-close-reason");
    expect(readClosePayload(concat(Uint8Array.of(3, 232), Uint8Array.of(0xed, 0xa0, 0x80)))).toBe(
      "invalid-close-reason",
    );
  });

  it("[WHATWG-WS-4-08] keeps a byte order mark in the reason", () => {
    expect(readClosePayload(concat(Uint8Array.of(3, 232), bytesOf("\ufeffbye")))).toEqual({
      code: 1000,
      reason: "\ufeffbye",
    });
  });

  it("[RFC6455-5.5.1-03] [RFC6455-5.5.1-01] [RFC6455-7.4-01] is written and read back", () => {
    const codes = fc.integer({ min: 0, max: 0xffff }).filter(isValidCloseCode);
    fc.assert(
      fc.property(codes, fc.string({ unit: "grapheme", maxLength: 30 }), (code, reason) => {
        fc.pre(bytesOf(reason).length <= MAX_REASON_BYTES);
        expect(readClosePayload(writeClosePayload(code, reason))).toEqual({ code, reason });
      }),
    );
    expect(writeClosePayload(undefined, "")).toEqual(new Uint8Array(0));
  });
});

describe("what an application asks to be sent in a Close frame", () => {
  it("may have a reason of 123 bytes of UTF-8 and not one more", () => {
    expect(() => checkClose(1000, "x".repeat(123))).not.toThrow();
    expect(() => checkClose(1000, "x".repeat(124))).toThrow("124 bytes of UTF-8, but 123 are the most");
    expect(() => checkClose(1000, "é".repeat(62))).toThrow(RangeError);
  });

  it("needs a code before a reason", () => {
    expect(() => checkClose(undefined, "bye")).toThrow("a reason needs a code before it");
    expect(() => checkClose(undefined, "")).not.toThrow();
  });

  it("must be of the right types", () => {
    // @ts-expect-error a number is no reason
    expect(() => checkClose(1000, 7)).toThrow(TypeError);
    // @ts-expect-error a string is no code
    expect(() => checkClose("1000", "")).toThrow(RangeError);
  });
});
