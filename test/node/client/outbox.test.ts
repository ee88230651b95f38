import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  OUTBOX_DEFAULTS,
  Outbox,
  type OutboxOptions,
  outboxSettings,
} from "../../../src/node/client/outbox.ts";
import type { Message } from "../../../src/node/peer.ts";

function outboxOf(options?: OutboxOptions): Outbox {
  return new Outbox(outboxSettings(options));
}

/** Takes everything out. */
function drain(outbox: Outbox): Message[] {
  const messages: Message[] = [];
  for (let message = outbox.shift(); message !== undefined; message = outbox.shift()) messages.push(message);
  return messages;
}

describe("an outbox", () => {
  it("gives messages back in their order, text as text and bytes as bytes", () => {
    const outbox = outboxOf();
    for (const message of ["a", Uint8Array.of(1, 2), "", new Uint8Array(0), "b"]) {
      expect(outbox.put(message)).toBe("kept");
    }
    expect(drain(outbox)).toEqual(["a", Uint8Array.of(1, 2), "", new Uint8Array(0), "b"]);
    expect(outbox.shift()).toBeUndefined();
  });

  it("goes on after it was empty", () => {
    const outbox = outboxOf();
    outbox.put("a");
    expect(drain(outbox)).toEqual(["a"]);
    outbox.put("b");
    outbox.put("c");
    expect(drain(outbox)).toEqual(["b", "c"]);
  });

  it("shows the first message and keeps it", () => {
    const outbox = outboxOf();
    expect(outbox.peek()).toBeUndefined();
    outbox.put("a");
    outbox.put("b");
    expect(outbox.peek()).toBe("a");
    expect(outbox).toMatchObject({ length: 2, bytes: 2 });
  });

  it("counts messages and bytes, text as UTF-8", () => {
    const outbox = outboxOf();
    for (const message of ["aé\u{1f600}", new Uint8Array(10), ""]) outbox.put(message);
    expect(outbox).toMatchObject({ length: 3, bytes: 17, dropped: 0 });
    outbox.shift();
    expect(outbox).toMatchObject({ length: 2, bytes: 10 });
    drain(outbox);
    expect(outbox).toMatchObject({ length: 0, bytes: 0 });
  });

  it("copies bytes, also those of a Buffer: the caller may use its array again", () => {
    const outbox = outboxOf();
    for (const bytes of [
      Uint8Array.of(1, 2, 3),
      Buffer.from([1, 2, 3]),
      new Uint8Array([0, 1, 2, 3]).subarray(1),
    ]) {
      outbox.put(bytes);
      bytes.fill(0);
      const kept = outbox.shift() as Uint8Array;
      expect(kept).toEqual(Uint8Array.of(1, 2, 3));
      expect(Buffer.isBuffer(kept)).toBe(false);
      expect(kept.buffer.byteLength).toBe(3);
    }
  });

  it("lets everything go when it is cleared, says how much that was, and can be used again", () => {
    const outbox = outboxOf();
    expect(outbox.clear()).toBe(0);
    outbox.put("a");
    outbox.put("b");
    expect(outbox.clear()).toBe(2);
    expect(outbox).toMatchObject({ length: 0, bytes: 0, dropped: 0 });
    expect(outbox.peek()).toBeUndefined();
    outbox.put("c");
    expect(drain(outbox)).toEqual(["c"]);
  });

  it("takes a hundred thousand messages, and gives them back in a time that grows no faster", () => {
    const outbox = outboxOf({ maxMessages: Number.POSITIVE_INFINITY });
    const count = 100_000;
    const start = performance.now();
    for (let index = 0; index < count; index++) outbox.put(String(index));
    const all = drain(outbox);
    expect(performance.now() - start).toBeLessThan(2000);
    expect(all).toHaveLength(count);
    expect(all.at(-1)).toBe(String(count - 1));
  });
});

describe("a full outbox", () => {
  it("refuses what does not fit, by default: what is kept stays kept", () => {
    const outbox = outboxOf({ maxMessages: 2 });
    expect(["a", "b", "c", "d"].map((text) => outbox.put(text))).toEqual([
      "kept",
      "kept",
      "dropped",
      "dropped",
    ]);
    expect(outbox.dropped).toBe(2);
    expect(drain(outbox)).toEqual(["a", "b"]);
    expect(outbox.put("e")).toBe("kept");
  });

  it("lets the oldest make room, if it is told to", () => {
    const outbox = outboxOf({ maxMessages: 2, onFull: "drop-oldest" });
    for (const text of ["a", "b", "c", "d"]) expect(outbox.put(text)).toBe("kept");
    expect(outbox.dropped).toBe(2);
    expect(drain(outbox)).toEqual(["c", "d"]);
  });

  it("is one with no more bytes to spare: exactly as many fit as the limit says", () => {
    const newest = outboxOf({ maxBytes: 4 });
    expect(["aa", "é", "", "b"].map((text) => newest.put(text))).toEqual(["kept", "kept", "kept", "dropped"]);
    expect(newest).toMatchObject({ bytes: 4, length: 3 });
    const oldest = outboxOf({ maxBytes: 4, onFull: "drop-oldest" });
    for (const text of ["a", "b", "cc", "ddd"]) expect(oldest.put(text)).toBe("kept");
    expect(oldest.dropped).toBe(3);
    expect(drain(oldest)).toEqual(["ddd"]);
  });

  it("never takes a message that is bigger than all of it, and nothing makes room for that", () => {
    for (const onFull of ["drop-newest", "drop-oldest"] as const) {
      const outbox = outboxOf({ maxBytes: 4, onFull });
      outbox.put("a");
      expect(outbox.put("12345")).toBe("dropped");
      expect(outbox.put(new Uint8Array(5))).toBe("dropped");
      expect(outbox.put("ééé")).toBe("dropped");
      expect(outbox.dropped).toBe(3);
      expect(drain(outbox)).toEqual(["a"]);
    }
  });

  it("is what an outbox without room for a single message always is", () => {
    for (const onFull of ["drop-newest", "drop-oldest"] as const) {
      const outbox = outboxOf({ maxMessages: 0, onFull });
      expect(outbox.put("")).toBe("dropped");
      expect(outbox).toMatchObject({ length: 0, dropped: 1 });
    }
    expect(outboxOf({ maxBytes: 0 }).put("")).toBe("kept");
    expect(outboxOf({ maxBytes: 0 }).put("a")).toBe("dropped");
  });

  it("does what a plain list would do, with the same limits", () => {
    const options = fc.record({
      maxBytes: fc.integer({ min: 0, max: 30 }),
      maxMessages: fc.integer({ min: 0, max: 6 }),
      onFull: fc.constantFrom("drop-newest" as const, "drop-oldest" as const),
    });
    const steps = fc.array(
      fc.oneof(
        { weight: 6, arbitrary: fc.string({ unit: fc.constantFrom("a", "é", "\u{1f600}"), maxLength: 12 }) },
        { weight: 2, arbitrary: fc.constant({ take: true }) },
        { weight: 1, arbitrary: fc.constant({ take: false }) },
      ),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(options, steps, (limits, list) => {
        const outbox = outboxOf(limits);
        let model: string[] = [];
        let dropped = 0;
        const bytes = () => Buffer.byteLength(model.join(""));
        for (const step of list) {
          if (typeof step === "object") {
            if (step.take) expect(outbox.shift()).toBe(model.shift());
            else {
              expect(outbox.clear()).toBe(model.length);
              model = [];
            }
          } else {
            const needed = Buffer.byteLength(step);
            const fits = () => model.length < limits.maxMessages && bytes() + needed <= limits.maxBytes;
            const possible = limits.maxMessages > 0 && needed <= limits.maxBytes;
            while (limits.onFull === "drop-oldest" && possible && !fits()) {
              model.shift();
              dropped++;
            }
            const kept = fits();
            if (kept) model.push(step);
            else dropped++;
            expect(outbox.put(step)).toBe(kept ? "kept" : "dropped");
          }
          expect(outbox).toMatchObject({ length: model.length, bytes: bytes(), dropped });
          expect(outbox.peek()).toBe(model[0]);
        }
        expect(drain(outbox)).toEqual(model);
      }),
    );
  });
});

describe("the settings of an outbox", () => {
  it("have defaults, for what is undefined too", () => {
    expect(outboxSettings()).toEqual(OUTBOX_DEFAULTS);
    expect(OUTBOX_DEFAULTS).toEqual({ maxBytes: 2 ** 20, maxMessages: 1024, onFull: "drop-newest" });
    expect(outboxSettings({ maxBytes: undefined } as never)).toEqual(OUTBOX_DEFAULTS);
  });

  it("have names, and say what they must be", () => {
    for (const wrong of [-1, 1.5, Number.NaN, "1", null]) {
      for (const name of ["maxBytes", "maxMessages"]) {
        const options = { [name]: wrong } as OutboxOptions;
        expect(() => outboxSettings(options)).toThrow(RangeError);
        expect(() => outboxSettings(options)).toThrow(`outbox.${name}: must be`);
      }
    }
    for (const wrong of [null, 7, "drop-oldest"]) {
      expect(() => outboxSettings(wrong as never)).toThrow(new TypeError("outbox: must be an object"));
    }
    expect(() => outboxSettings({ onFull: "drop" as never })).toThrow(TypeError);
    expect(() => outboxSettings({ onFull: "drop" as never })).toThrow("outbox.onFull: must be one of");
  });
});
