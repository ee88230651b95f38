import { describe, expect, it } from "vitest";
import { bytesFrom, isPromiseLike, sizeOf } from "../../src/node/peer.ts";
import { PreparedMessage } from "../../src/protocol/prepared-message.ts";

describe("what is sent as bytes", () => {
  const memory = Uint8Array.of(1, 2, 3, 4, 5, 6).buffer;

  it("is the array itself, if it is one", () => {
    const bytes = Uint8Array.of(1);
    expect(bytesFrom("send", bytes)).toBe(bytes);
  });

  it.each([
    ["an ArrayBuffer", memory, [1, 2, 3, 4, 5, 6]],
    ["a DataView of a part", new DataView(memory, 1, 3), [2, 3, 4]],
    ["a Uint16Array of a part", new Uint16Array(memory, 2, 2), [3, 4, 5, 6]],
  ])("is what %s shows, in the same memory", (_what, data, bytes) => {
    const found = bytesFrom("send", data);
    expect([...found]).toEqual(bytes);
    expect(found.buffer).toBe(memory);
  });

  it.each([[null], [undefined], [5], [{}], [[1, 2]]])("is nothing else: %j", (data) => {
    expect(() => bytesFrom("send", data as never)).toThrow(
      new TypeError("send: data must be a string, an ArrayBuffer or a view of one"),
    );
  });
});

it("the size of a message is what a budget counts", () => {
  expect(sizeOf("héllo")).toBe(5);
  expect(sizeOf(new Uint8Array(7))).toBe(7);
  expect(sizeOf(new PreparedMessage("héllo"))).toBe(6);
});

it("whatever can be waited for counts as a promise, and nothing else", () => {
  const having = (then: unknown): object => ({ then });
  expect([Promise.resolve(), having(() => {})].map(isPromiseLike)).toEqual([true, true]);
  expect([null, undefined, "then", {}, having(1)].map(isPromiseLike)).toEqual(Array(5).fill(false));
});
