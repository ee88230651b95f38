import { describe, expect, it } from "vitest";
import { Outbox } from "../../../autobahn/runner/outbox.ts";

const octets = (text: string): Uint8Array => Buffer.from(text);
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function outbox() {
  const written: string[] = [];
  const sent: string[] = [];
  const box = new Outbox({ write: (piece) => written.push(Buffer.from(piece).toString()) }, (piece, queued) =>
    sent.push(`${Buffer.from(piece)}${queued ? " queued" : ""}`),
  );
  return { box, written, sent };
}

describe("the outbox", () => {
  it("writes at once what is not to wait", () => {
    const { box, written, sent } = outbox();
    box.write(octets("a"));
    box.write(octets("b"));
    expect(written).toEqual(["a", "b"]);
    expect(sent).toEqual(["a", "b"]);
  });

  it("writes a piece in each turn, and what comes meanwhile behind them", async () => {
    const { box, written, sent } = outbox();
    box.queue(octets("abcde"), 2);
    box.write(octets("X"));
    box.queue(octets("fg"));
    expect(written).toEqual(["ab"]);
    await turn();
    expect(written).toEqual(["ab", "cd"]);
    for (let count = 0; count < 4; count++) await turn();
    expect(written).toEqual(["ab", "cd", "e", "X", "fg"]);
    expect(sent.at(-1)).toBe("fg queued");
    box.write(octets("Y"));
    expect(sent.at(-1)).toBe("Y");
  });

  it("drops what waits when it is closed, and takes nothing more", async () => {
    const { box, written } = outbox();
    box.queue(octets("abc"), 1);
    box.close();
    box.write(octets("x"));
    box.queue(octets("y"));
    await turn();
    await turn();
    expect(written).toEqual(["a"]);
  });
});
