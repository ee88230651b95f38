import { describe, expect, it } from "vitest";
import { authority, readNumber } from "../../scripts/command.ts";

describe("numbers in arguments", () => {
  it("are read as they are usually written", () => {
    expect(readNumber("--count", "0", 10)).toBe(0);
    expect(readNumber("--count", "10", 10)).toBe(10);
  });

  it.each(["", "11", "-0", "1.0", "1_0", "ten"])("%j is none", (text) => {
    expect(() => readNumber("--count", text, 10)).toThrow("--count: ");
  });
});

describe("the authority of a URL", () => {
  it("has IPv6 addresses in brackets", () => {
    expect(authority("127.0.0.1", 80)).toBe("127.0.0.1:80");
    expect(authority("::1", 80)).toBe("[::1]:80");
  });
});
