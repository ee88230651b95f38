import { expect, it } from "vitest";
import { endOfLine } from "../../src/sse/lines.ts";

it("finds the first CR or LF from a place on, or the end", () => {
  const bytes = new TextEncoder().encode("a\nbc\r\n\u000b\u0085\u2028d");
  expect([0, 1, 2, 4, 5, 6].map((start) => endOfLine(bytes, start))).toEqual([1, 1, 4, 4, 5, bytes.length]);
  expect(endOfLine(bytes, bytes.length)).toBe(bytes.length);
  expect(endOfLine(new Uint8Array(0), 0)).toBe(0);
});
