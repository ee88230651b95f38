import { describe, expect, it } from "vitest";
import { payloadOf } from "../../bench/lib/payloads.mjs";

const decoder = new TextDecoder("utf-8", { fatal: true });

describe("a payload", () => {
  it.each(["binary", "ascii", "multibyte", "json"] as const)(
    "of %s has the size that was asked for",
    (kind) => {
      for (const size of [1, 16, 127, 128, 1024]) expect(payloadOf(kind, size)).toHaveLength(size);
    },
  );

  it("is the same every time", () => {
    expect(payloadOf("json", 500, 3)).toEqual(payloadOf("json", 500, 3));
  });

  it("differs from message to message, as JSON", () => {
    expect(payloadOf("json", 128, 0)).not.toEqual(payloadOf("json", 128, 1));
  });

  it("of text is valid UTF-8, at every size", () => {
    for (let size = 1; size < 40; size++) {
      expect(decoder.decode(payloadOf("ascii", size))).toMatch(/^[\x20-\x7e]+$/);
      expect(decoder.decode(payloadOf("multibyte", size))).toMatch(/^[κόσμε ]+$/);
    }
  });
});
