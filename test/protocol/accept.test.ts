import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { acceptValue, makeKey } from "../../src/protocol/accept.ts";

describe("acceptValue", () => {
  it("[RFC6455-4.2.2-17] answers the sample key of the RFC with its sample value", () => {
    expect(acceptValue("dGhlIHNhbXBsZSBub25jZQ==")).toBe("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  });

  it("takes the key as it is, with the space around it", () => {
    expect(new Set(["a", " a", "a "].map(acceptValue)).size).toBe(3);
  });

  it("agrees with the platform's SHA-1 and base64 for any key", () => {
    fc.assert(
      fc.property(fc.base64String({ maxLength: 64 }), (key) => {
        const hash = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`);
        expect(acceptValue(key)).toBe(hash.digest("base64"));
      }),
    );
  });
});

describe("makeKey", () => {
  it("[RFC6455-4.1-26] encodes 16 bytes, with zeros in the bits left over (erratum 3150)", () => {
    const random = (bytes: Uint8Array): void => bytes.set(Array.from(bytes, (_, at) => at + 1));
    expect(makeKey(random)).toBe("AQIDBAUGBwgJCgsMDQ4PEA==");
  });
});
