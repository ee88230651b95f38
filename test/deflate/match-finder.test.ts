import { describe, expect, it, vi } from "vitest";
import { MatchFinder } from "../../src/deflate/match-finder.ts";
import { allocated } from "./allocated.ts";
import { concat, json, random, text } from "./data.ts";

/** Fills the finder with `data` and asks at `place`, with nothing taken before. */
function ask(data: Uint8Array, place: number, known = 3, tries = 100, windowBits = 15) {
  const finder = new MatchFinder(windowBits, 8);
  expect(finder.fill(data, 0)).toBe(data.length);
  const match = finder.find(place, known, tries, 258);
  return { length: match >>> 16, distance: match & 0xffff };
}

const none = { length: 0, distance: 0 };

describe("the match finder", () => {
  it("finds the longest match, and the nearest of the longest", () => {
    expect(ask(text("abcdefgh abcd abcdef abcdef"), 21)).toEqual({ length: 6, distance: 7 });
    expect(ask(text("aaaaaaaaaa"), 1)).toEqual({ length: 9, distance: 1 });
    expect(ask(new Uint8Array(600), 1)).toEqual({ length: 258, distance: 1 });
  });

  it("finds nothing where there is nothing, or nothing longer than what is known", () => {
    expect(ask(text("abcdefgh"), 4)).toEqual(none);
    expect(ask(text("abcde abcde"), 6, 5)).toEqual(none);
    expect(ask(text("abcde abcdx"), 6, 4)).toEqual(none);
    expect(ask(text("abcde abc"), 6)).toEqual(none);
    expect(ask(text("ab"), 1)).toEqual(none);
  });

  it("tries no more candidates than it was told", () => {
    const data = text("abcdefgh abcdX abcdY abcdZ abcdefgh");
    expect(ask(data, 27, 3, 2)).toEqual({ length: 4, distance: 6 });
    expect(ask(data, 27, 3, 10)).toEqual({ length: 8, distance: 27 });
  });

  it("looks no further once a match is long enough", () => {
    const finder = new MatchFinder(15, 8);
    finder.fill(text("abcdefgh abcdX abcdefgh"), 0);
    expect(finder.find(15, 3, 100, 4)).toBe((4 << 16) | 6);
    finder.forget();
    finder.fill(text("abcdefgh abcdX abcdefgh"), 0);
    expect(finder.find(15, 3, 100, 5)).toBe((8 << 16) | 15);
  });

  it("finds what began with the last bytes of the input before", () => {
    // With more before them, the tables are not made anew when the rest comes.
    for (const before of [0, 3000]) {
      const finder = new MatchFinder(15, 8);
      finder.fill(concat(random(before), text("abc")), 0);
      for (let place = before; place < before + 3; place++) expect(finder.find(place, 3, 100, 258)).toBe(0);
      finder.next = before + 3;
      finder.fill(text("defgh abcdefgh"), 0);
      expect(finder.find(before + 9, 3, 100, 258)).toBe((8 << 16) | 9);
    }
  });

  it("reaches to the window's end and not a byte further", () => {
    for (const windowBits of [8, 12, 15]) {
      const size = 1 << windowBits;
      const mark = text("a mark of its own");
      for (const [distance, found] of [
        [size, true],
        [size + 1, false],
      ] as const) {
        const data = concat(mark, random(distance - mark.length), mark);
        const finder = new MatchFinder(windowBits, 8);
        let match = 0;
        for (let taken = 0; taken < data.length; ) {
          taken = finder.fill(data, taken);
          const last = taken === data.length;
          finder.next = last ? finder.end - mark.length : finder.stop;
          match = finder.find(finder.next, 3, 4096, 258);
        }
        expect(match).toBe(found ? (mark.length << 16) | distance : 0);
      }
    }
  });

  it("compares a bounded number of bytes: equal hashes cannot make it slow", () => {
    const finder = new MatchFinder(15, 8);
    finder.fill(
      new Uint8Array(30_000).map((_, at) => (at % 5 === 4 ? (at / 5) & 0xff : 7)),
      0,
    );
    const reading = vi.spyOn(DataView.prototype, "getInt32");
    for (let place = 0; place < 2000; place++) finder.find(place, 3, 16, 258);
    const reads = reading.mock.calls.length;
    reading.mockRestore();
    expect(reads).toBeGreaterThan(2000);
    expect(reads).toBeLessThan(2000 * (2 + 16 * (2 + 2 * Math.ceil(258 / 4))));
  });

  it("holds no memory before the first byte, and then what its header states", () => {
    const { result: finder, bytes } = allocated(() => new MatchFinder(15, 8));
    expect(bytes).toBe(0);
    const small = allocated(() => finder.fill(json(100), 0)).bytes;
    expect(small).toBe(2 * 256 + 520 + 2 * 256 + 2 * 512);
    const whole = allocated(() => finder.fill(json(50_000), 0)).bytes;
    expect(whole).toBe(2 * 32_768 + 520 + 2 * 32_768 + 2 * 32_768);
    const other = allocated(() => new MatchFinder(10, 1).fill(json(50_000), 0)).bytes;
    expect(other).toBe(2 * 1024 + 520 + 2 * 1024 + 2 * 256);
  });

  it("forgets without touching its tables", () => {
    const finder = new MatchFinder(15, 8);
    const data = text("the same words, the same words");
    finder.fill(data, 0);
    expect(finder.find(16, 3, 100, 258) >>> 16).toBe(14);
    finder.next = finder.end;
    finder.forget();
    expect(allocated(() => finder.fill(data, 0)).bytes).toBe(0);
    expect(finder.find(0, 3, 100, 258)).toBe(0);
    expect(finder.find(16, 3, 100, 258)).toBe((14 << 16) | 16);
  });

  it("looks no further than the last byte where its memory is full to the end", () => {
    for (let size = 1024; size <= 1032; size++) {
      const data = random(size, 3);
      data.copyWithin(size - 40, 0, 40);
      const finder = new MatchFinder(8, 8);
      const taken = finder.fill(data, 0);
      expect(taken).toBe(Math.min(size, 1029));
      for (let place = taken - 100; place < taken; place++) {
        const match = finder.find(place, 3, 4096, 258);
        expect(match >>> 16).toBeLessThanOrEqual(taken - place);
      }
    }
  });
});
