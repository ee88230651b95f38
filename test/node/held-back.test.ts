import { describe, expect, it } from "vitest";
import { HeldBack } from "../../src/node/held-back.ts";
import { PreparedMessage } from "../../src/protocol/prepared-message.ts";

describe("what is held back", () => {
  it("is counted, and given back in the order in which it came", async () => {
    const held = new HeldBack();
    expect(held.isHolding).toBe(false);
    await held.hold();
    const messages = ["one", Uint8Array.of(1, 2), new PreparedMessage("four")];
    for (const message of messages) held.add(message);
    expect([held.isHolding, held.bytes]).toEqual([true, 3 + 2 + 4]);
    expect(held.release()).toEqual(messages);
    expect([held.isHolding, held.bytes]).toEqual([false, 0]);
  });

  it("is nothing before anybody holds", () => {
    expect(new HeldBack().release()).toEqual([]);
  });

  it("lets one hold at a time, in the order of their asking, and never two together", async () => {
    const held = new HeldBack();
    const story: string[] = [];
    const stream = async (name: string): Promise<void> => {
      await held.hold();
      story.push(`${name} begins`);
      await Promise.resolve();
      held.add(name);
      story.push(`${name} ends with ${held.release().join()}`);
    };
    await Promise.all([stream("a"), stream("b"), stream("c")]);
    expect(story).toEqual([
      "a begins",
      "a ends with a",
      "b begins",
      "b ends with b",
      "c begins",
      "c ends with c",
    ]);
  });
});
