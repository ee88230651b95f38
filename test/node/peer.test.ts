import { describe, expect, it } from "vitest";
import { bytesFrom, isPromiseLike, peerClosed, sizeOf } from "../../src/node/peer.ts";
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

describe("the end of a peer", () => {
  const whole = { code: 1000, reason: "", clean: true, initiator: "remote" } as const;
  const broken = { code: 1006, reason: "", clean: false, initiator: "local" } as const;
  const none = { code: 1006, reason: "", clean: false, initiator: "transport" } as const;

  it("says how far the closing handshake came", () => {
    const phases = [whole, broken, none].map((closed) => peerClosed(closed, false, undefined).phase);
    expect(phases).toEqual(["closed", "closing", "open"]);
  });

  it("says that it was this side which ended the connection, where no closing handshake says so", () => {
    expect(peerClosed(none, true, undefined)).toEqual({ ...none, initiator: "local", phase: "open" });
    expect(peerClosed(broken, true, undefined)).toEqual({ ...broken, phase: "closing" });
    expect(peerClosed({ ...broken, initiator: "remote" }, true, undefined).initiator).toBe("remote");
  });

  it("has a cause only if there is one", () => {
    expect(peerClosed(whole, false, undefined)).not.toHaveProperty("cause");
    expect(peerClosed(none, false, "reset").cause).toBe("reset");
  });
});
