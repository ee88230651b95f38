import { describe, expect, it } from "vitest";
import { Taps } from "../../src/node/tap.ts";
import { everyCut } from "../helpers/cuts.ts";
import { bytesOf, concat, frame, frameTo } from "../helpers/frames.ts";

const never = (): void => expect.fail("no tap has failed");

function tapped() {
  const taps = new Taps();
  const shown: string[] = [];
  const remove = taps.add((direction, lines) => shown.push(`${direction}: ${lines.join("\n")}`), never);
  return { taps, shown, remove };
}

describe("a tap", () => {
  it("shows each frame once, however the bytes are cut", () => {
    const bytes = concat(
      frameTo("server", { opcode: 1, payload: "Hello" }),
      frameTo("server", { opcode: 2, payload: new Uint8Array(300) }),
      frameTo("server", { opcode: 9 }),
    );
    const whole = tapped();
    whole.taps.push("in", bytes, 0);
    expect(whole.shown).toHaveLength(3);
    expect(whole.shown[0]).toContain('payload "Hello"');
    expect(whole.shown[0]).toContain("masking key");
    for (const chunks of everyCut(bytes)) {
      const cut = tapped();
      for (const chunk of chunks) cut.taps.push("in", chunk, 0);
      expect(cut.shown).toEqual(whole.shown);
    }
  });

  it("follows the two directions apart", () => {
    const { taps, shown } = tapped();
    const [incoming, outgoing] = [
      frameTo("server", { opcode: 1, payload: "in" }),
      frame({ opcode: 1, payload: "out" }),
    ];
    taps.push("in", incoming.subarray(0, 3), 0);
    taps.push("out", outgoing, 0);
    taps.push("in", incoming.subarray(3), 0);
    expect(shown.map((line) => line.slice(0, line.indexOf(":")))).toEqual(["out", "in"]);
  });

  it("begins with the next frame, and with the next message, where it comes in the middle of one", () => {
    const messages = ["one", "two"].map((payload) => frameTo("server", { opcode: 1, payload }));
    const rest = concat(
      frameTo("server", { opcode: 0, fin: false, payload: "middle" }),
      frameTo("server", { opcode: 9, payload: "ping" }),
      frameTo("server", { opcode: 0, payload: "end" }),
    );
    const { taps, shown } = tapped();
    taps.push("in", Uint8Array.of(0x81), undefined);
    taps.push("in", concat(new Uint8Array(3), rest, messages[0]!), 3);
    taps.push("in", messages[1]!, 0);
    expect(shown.map((lines) => /ping|"one"|"two"/.exec(lines)?.[0])).toEqual(["ping", '"one"', '"two"']);
    expect(shown.join()).not.toContain("✗");
  });

  it("does not gather a large frame: it shows its beginning, and finds the next one", () => {
    const { taps, shown } = tapped();
    const bytes = concat(
      frame({ opcode: 2, payload: new Uint8Array(200_000) }),
      frame({ opcode: 1, payload: "next" }),
    );
    for (let at = 0; at < bytes.length; at += 50_000) taps.push("out", bytes.subarray(at, at + 50_000), 0);
    expect(shown).toHaveLength(2);
    expect(shown[1]).toContain('payload "next"');
  });

  it("copies what it shows: bytes that arrive are unmasked where they lie", () => {
    const { taps, shown } = tapped();
    const bytes = frameTo("server", { opcode: 1, payload: "Hello" });
    taps.push("in", bytes.subarray(0, 8), 0);
    bytes.fill(0, 0, 8);
    taps.push("in", bytes.subarray(8), 0);
    expect(shown[0]).toContain('payload "Hello"');
  });

  it("shows a length that cannot be, and goes on", () => {
    const { taps, shown } = tapped();
    taps.push("out", Uint8Array.of(0x82, 127, 0xff, 0, 0, 0, 0, 0, 0, 0), 0);
    taps.push("out", frame({ opcode: 9 }), 0);
    expect(shown).toHaveLength(2);
  });

  it("is taken away without the others", () => {
    const { taps, shown, remove } = tapped();
    const others: string[] = [];
    taps.add((direction) => others.push(direction), never);
    remove();
    remove();
    taps.push("in", frame({ opcode: 1 }), 0);
    expect([shown, others]).toEqual([[], ["in"]]);
  });

  it("that throws is reported, and keeps nothing from the others", () => {
    const taps = new Taps();
    const [errors, others]: [unknown[], string[]] = [[], []];
    taps.add(
      () => {
        throw new Error("listener");
      },
      (error) => errors.push(error),
    );
    taps.add((direction) => others.push(direction), never);
    taps.push("out", concat(frame({ opcode: 1 }), frame({ opcode: 1 })), 0);
    expect([errors, others]).toEqual([
      [new Error("listener"), new Error("listener")],
      ["out", "out"],
    ]);
  });

  it("must be a function", () => {
    expect(() => new Taps().add("log" as never, never)).toThrow(
      new TypeError("tap: the listener must be a function"),
    );
  });

  it("waits for a whole header", () => {
    const { taps, shown } = tapped();
    taps.push("in", bytesOf(""), 0);
    taps.push("in", Uint8Array.of(0x81), 0);
    taps.push("in", Uint8Array.of(0x80), 0);
    expect(shown).toEqual([]);
  });
});
