/** Where what nobody may guess comes from: the platform's cryptographic generator, and from nothing else. */

import { afterEach, describe, expect, it, vi } from "vitest";
import { ClientHandshake } from "../../src/protocol/client-handshake.ts";
import { fromLatin1 } from "../../src/protocol/fields.ts";
import { MaskingKeys } from "../../src/protocol/mask.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

/** Replaces the generator by one that counts from 1, and notes whether Math.random was asked. */
function watched() {
  let next = 1;
  const strong = vi.spyOn(crypto, "getRandomValues").mockImplementation((array) => {
    (array as unknown as Uint8Array).forEach((_, index, bytes) => {
      (bytes as unknown as Uint8Array)[index] = next++;
    });
    return array;
  });
  return { strong, weak: vi.spyOn(Math, "random") };
}

describe("crypto.getRandomValues", () => {
  it("[RFC6455-5.3-03] [RFC6455-5.3-04] [RFC6455-10.3-01] is where masking keys come from, each from four bytes of its own", () => {
    const { strong, weak } = watched();
    const keys = new MaskingKeys();
    expect([keys.next(), keys.next(), keys.next()]).toEqual([0x01020304, 0x05060708, 0x090a0b0c]);
    expect(strong).toHaveBeenCalled();
    expect(weak).not.toHaveBeenCalled();
  });

  it("[RFC6455-4.1-26] [RFC6455-4.1-27] is where a handshake's key comes from: 16 bytes for each", () => {
    const { strong, weak } = watched();
    const keyOf = () => {
      const request = fromLatin1(new ClientHandshake({ host: "a" }).request);
      return Buffer.from(/Sec-WebSocket-Key: (.*)\r\n/.exec(request)![1]!, "base64").toString("hex");
    };
    expect([keyOf(), keyOf()]).toEqual([
      "0102030405060708090a0b0c0d0e0f10",
      "1112131415161718191a1b1c1d1e1f20",
    ]);
    expect(strong).toHaveBeenCalledTimes(2);
    expect(weak).not.toHaveBeenCalled();
  });
});
