import { describe, expect, it } from "vitest";
import { copyMatch, Window } from "../../src/deflate/window.ts";
import { allocated } from "./allocated.ts";
import { concat, numbers, random } from "./data.ts";

describe("the window", () => {
  it("gives back the last bytes, whatever the pieces they came in", () => {
    for (const windowBits of [8, 10]) {
      const data = random(20_000, windowBits);
      const next = numbers(windowBits);
      const window = new Window(windowBits);
      for (let at = 0; at < data.length; ) {
        const end = Math.min(data.length, at + (next() % 3 === 0 ? next() % 3000 : next() % 100));
        window.append(data, at, end);
        at = end;
        expect(window.filled).toBe(Math.min(1 << windowBits, at));
        const back = next() % (window.filled + 1);
        const count = next() % (back + 1);
        const target = new Uint8Array(count + 2);
        window.copy(back, count, target, 1);
        expect([...target]).toEqual([0, ...data.subarray(at - back, at - back + count), 0]);
        const roomy = new Uint8Array(count + 4);
        window.copy(back, count, roomy, 1, new DataView(roomy.buffer));
        expect([...roomy.subarray(0, count + 1)]).toEqual([...target.subarray(0, count + 1)]);
        const pieces: Uint8Array[] = [];
        window.read((bytes, from, to) => pieces.push(bytes.subarray(from, to)));
        expect(pieces.length).toBeLessThanOrEqual(2);
        expect(pieces.every((piece) => piece.length > 0)).toBe(true);
        expect(Buffer.compare(concat(...pieces), data.subarray(at - window.filled, at))).toBe(0);
      }
    }
  });

  it("grows with what it has seen and never beyond its size", () => {
    const { result: window, bytes } = allocated(() => new Window(15));
    expect(bytes).toBe(0);
    const rest = random(100_000);
    expect(allocated(() => window.append(rest, 0, 0)).bytes).toBe(0);
    expect(allocated(() => window.append(rest, 0, 200)).bytes).toBe(256);
    expect(allocated(() => window.append(rest, 0, 1000)).bytes).toBe(2048);
    expect(allocated(() => window.append(rest, 0, rest.length)).bytes).toBe(32_768);
    window.clear();
    expect(allocated(() => window.append(rest, 0, rest.length)).bytes).toBe(0);
  });

  it("has forgotten everything once cleared", () => {
    const window = new Window(8);
    window.append(random(300), 0, 300);
    window.clear();
    expect(window.filled).toBe(0);
    window.read(() => expect.unreachable());
    window.append(Uint8Array.of(1, 2, 3), 0, 3);
    const target = new Uint8Array(3);
    window.copy(3, 3, target, 0);
    expect([...target]).toEqual([1, 2, 3]);
  });
});

describe("a match", () => {
  it("is copied alike by bytes and by words, and repeats what it writes itself", () => {
    const window = new Window(8);
    window.append(random(200), 0, 200);
    const begin = random(100, 2);
    for (const distance of [1, 2, 3, 4, 5, 7, 8, 99, 100, 101, 103, 250, 300]) {
      for (let length = 3; length <= 258; length++) {
        const bytes = new Uint8Array(100 + length + 3);
        bytes.set(begin);
        const byWords = bytes.slice();
        expect(copyMatch(bytes, 100, distance, length, window, 100)).toBe(100 + length);
        expect(bytes[100 + length]).toBe(0);
        const view = new DataView(byWords.buffer);
        expect(copyMatch(byWords, 100, distance, length, window, 100, view)).toBe(100 + length);
        const end = 100 + length;
        expect(Buffer.compare(byWords.subarray(0, end), bytes.subarray(0, end))).toBe(0);
        const repeated = bytes.subarray(Math.min(end, 100 + distance), end);
        expect(
          Buffer.compare(repeated, bytes.subarray(end - repeated.length - distance, end - distance)),
        ).toBe(0);
      }
    }
  });
});
