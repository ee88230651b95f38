import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sha1 } from "../../src/protocol/sha1.ts";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("sha1", () => {
  it.each([
    ["", "da39a3ee5e6b4b0d3255bfef95601890afd80709"],
    ["abc", "a9993e364706816aba3e25717850c26c9cd0d89d"],
    ["abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", "84983e441c3bd26ebaae4aa1f95129e5e54670f1"],
    [
      "0123456701234567012345670123456701234567012345670123456701234567".repeat(10),
      "dea356a2cddd90c7a7ecedc5ebb563934f460452",
    ],
  ])("gives the digest that RFC 3174 or FIPS 180 states for %j", (message, digest) => {
    expect(hex(sha1(ascii(message)))).toBe(digest);
  });

  it("agrees with the platform for every length around a block", () => {
    for (let length = 0; length <= 200; length++) {
      const message = Uint8Array.from({ length }, (_, at) => at * 7);
      expect(hex(sha1(message))).toBe(createHash("sha1").update(message).digest("hex"));
    }
  });

  it("agrees with the platform for any bytes, and leaves them as they are", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1000 }), (message) => {
        const before = message.slice();
        expect(hex(sha1(message))).toBe(createHash("sha1").update(message).digest("hex"));
        expect(message).toEqual(before);
      }),
    );
  });
});
