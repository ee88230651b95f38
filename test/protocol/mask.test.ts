import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import {
  bitsBehind,
  MaskingKeys,
  mask,
  maskInto,
  useWideWords,
  WIDE_WORDS_PAY_FROM,
  WORDS_PAY_FROM,
  wordInMemory,
  wordsOf,
} from "../../src/protocol/mask.ts";

const KEY = 0x37fa213d; // the key of §5.7's example, which begins with octet 37
const HIGH_KEY = 0x81928384 | 0; // its first octet has the top bit set: a negative number here

/** The loop of §5.3, word for word: octet i of the payload with octet i modulo 4 of the key. */
function masked(payload: Uint8Array, key: number, phase: number): Uint8Array {
  const octets = [key >>> 24, (key >>> 16) & 0xff, (key >>> 8) & 0xff, key & 0xff];
  return payload.map((octet, i) => octet ^ octets[(phase + i) % 4]!);
}

const counting = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (i * 7 + 1) & 0xff);

describe("mask", () => {
  it("[RFC6455-5.3-05] transforms the example of §5.7", () => {
    const hello = Uint8Array.of(0x7f, 0x9f, 0x4d, 0x51, 0x58);
    mask(hello, 0, 5, KEY, 0);
    expect(new TextDecoder().decode(hello)).toBe("Hello");
  });

  it("[RFC6455-5.3-05] equals the RFC's loop for every phase, alignment and length, and touches nothing else", () => {
    for (const key of [KEY, HIGH_KEY, 0x000000ff, -1]) {
      for (let offset = 0; offset < 4; offset++) {
        for (let phase = 0; phase < 4; phase++) {
          for (let length = 0; length <= WORDS_PAY_FROM + 12; length++) {
            for (const start of [0, 1, 2, 3, 5]) {
              // The chunk lies inside a larger memory: its neighbours must stay as they are.
              const memory = counting(offset + start + length + 11);
              const chunk = memory.subarray(offset, memory.length - 3);
              const expected = memory.slice();
              expected.set(masked(chunk.slice(start, start + length), key, phase), offset + start);
              const withWords = length % 2 === 0;
              mask(chunk, start, start + length, key, phase, withWords ? wordsOf(chunk) : undefined);
              if (!same(memory, expected)) expect.fail(`${key} @${offset}+${start} ~${phase} #${length}`);
            }
          }
        }
      }
    }
  });

  it("is its own inverse, also when the payload comes in pieces", () => {
    const anyPayload = fc.uint8Array({ maxLength: 400, size: "max" });
    const anyCuts = fc.array(fc.nat(400), { maxLength: 5 });
    fc.assert(
      fc.property(anyPayload, fc.integer(), anyCuts, (payload, key, cuts) => {
        const bytes = payload.slice();
        mask(bytes, 0, bytes.length, key, 0);
        expect(bytes).toEqual(masked(payload, key, 0));
        const ends = [...cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b), bytes.length];
        let start = 0;
        for (const end of ends) {
          mask(bytes, start, end, key, start & 3, wordsOf(bytes));
          start = end;
        }
        expect(bytes).toEqual(payload);
      }),
    );
  });

  it("leaves everything as it is under the key 0", () => {
    const bytes = counting(100);
    mask(bytes, 0, 100, 0, 3);
    expect(bytes).toEqual(counting(100));
  });

  it("has the key's octets in the order of the wire on machines of either byte order", () => {
    for (const key of [KEY, HIGH_KEY, 1, -1]) {
      const octets = new Uint8Array(4);
      const view = new DataView(octets.buffer);
      view.setInt32(0, wordInMemory(key, true), true);
      expect(view.getInt32(0, false)).toBe(key);
      view.setInt32(0, wordInMemory(key, false), false);
      expect(view.getInt32(0, false)).toBe(key);
    }
  });

  it("knows the part of a word behind its first bytes on machines of either byte order", () => {
    const view = new DataView(new ArrayBuffer(4));
    for (const littleEndian of [true, false]) {
      const octets = [0, 1, 2, 3].map((count) => {
        view.setInt32(0, bitsBehind(count, littleEndian), littleEndian);
        return view.getUint32(0, false).toString(16);
      });
      expect(octets).toEqual(["ffffffff", "ffffff", "ffff", "ff"]);
    }
  });
});

describe("wordsOf", () => {
  it("gives all aligned words inside the chunk, and none that reaches outside", () => {
    const memory = new ArrayBuffer(WORDS_PAY_FROM + 16);
    for (let offset = 0; offset <= 8; offset++) {
      for (let length = WORDS_PAY_FROM; length <= WORDS_PAY_FROM + 8; length++) {
        const { words, origin } = wordsOf(new Uint8Array(memory, offset, length));
        const before = words.byteOffset - offset;
        expect(origin).toBe(before);
        const behind = offset + length - (words.byteOffset + words.byteLength);
        expect(words.buffer).toBe(memory);
        expect(before).toBeGreaterThanOrEqual(0);
        expect(before).toBeLessThan(8);
        expect(behind).toBeGreaterThanOrEqual(0);
        expect(behind).toBeLessThan(4);
      }
    }
  });

  it("gives none for a chunk too short, even at the unaligned end of its memory", () => {
    const memory = new ArrayBuffer(6);
    expect(wordsOf(new Uint8Array(memory, 5, 1)).words).toHaveLength(0);
    expect(wordsOf(new Uint8Array(memory, 6, 0)).words).toHaveLength(0);
    expect(wordsOf(new Uint8Array(WORDS_PAY_FROM - 1)).words).toHaveLength(0);
  });
});

describe("words of 64 bits", () => {
  const LONG = 2048;
  afterEach(() => useWideWords(false));

  it("are used only when asked for, and only for long chunks", () => {
    expect(wordsOf(new Uint8Array(LONG)).wide).toBeUndefined();
    useWideWords();
    expect(wordsOf(new Uint8Array(LONG)).wide).toHaveLength(LONG / 8);
    expect(wordsOf(new Uint8Array(WIDE_WORDS_PAY_FROM)).wide).toHaveLength(WIDE_WORDS_PAY_FROM / 8);
    expect(wordsOf(new Uint8Array(WIDE_WORDS_PAY_FROM - 1)).wide).toBeUndefined();
    useWideWords(false);
    expect(wordsOf(new Uint8Array(LONG)).wide).toBeUndefined();
  });

  it("lie where the words of 32 bits lie, and reach no farther", () => {
    useWideWords();
    const memory = new ArrayBuffer(LONG + 40);
    for (let offset = 0; offset <= 8; offset++) {
      for (let length = LONG; length <= LONG + 8; length++) {
        const { words, wide, origin } = wordsOf(new Uint8Array(memory, offset, length));
        expect(wide!.byteOffset).toBe(words.byteOffset);
        expect(wide!.byteOffset).toBe(offset + origin);
        expect(words.byteLength - wide!.byteLength).toBeLessThan(8);
        expect(wide!.byteLength).toBeLessThanOrEqual(words.byteLength);
      }
    }
  });

  it("[RFC6455-5.3-05] equal the RFC's loop for every phase, alignment and length, and touch nothing else", () => {
    useWideWords();
    const original = counting(LONG + 64);
    for (let offset = 0; offset < 8; offset++) {
      for (let start = 0; start < 9; start++) {
        for (const length of [0, 47, 48, 95, 96, 97, 100, 191, 192, 193, 250, 311, 700, LONG]) {
          for (const phase of [0, 1, 3]) {
            const memory = original.slice();
            const chunk = memory.subarray(offset, offset + LONG + 16);
            const expected = original.slice();
            expected.set(masked(chunk.slice(start, start + length), HIGH_KEY, phase), offset + start);
            mask(chunk, start, start + length, HIGH_KEY, phase, wordsOf(chunk));
            if (!same(memory, expected)) expect.fail(`@${offset}+${start} ~${phase} #${length}`);
          }
        }
      }
    }
  });
});

describe("maskInto", () => {
  it("copies masked and changes neither the source nor the neighbours in the target", () => {
    for (let phase = 0; phase < 4; phase++) {
      for (let length = 0; length <= WORDS_PAY_FROM + 12; length++) {
        for (const at of [0, 1, 2, 3, 6]) {
          const source = counting(length + 5);
          const target = new Uint8Array(at + length + 9).fill(0xaa);
          const expected = target.slice();
          expected.set(masked(source.slice(3, 3 + length), HIGH_KEY, phase), at);
          maskInto(source, 3, 3 + length, target, at, HIGH_KEY, phase, at > 1 ? wordsOf(target) : undefined);
          expect(same(source, counting(length + 5))).toBe(true);
          if (!same(target, expected)) expect.fail(`@${at} ~${phase} #${length}`);
        }
      }
    }
  });

  it("copies as it is under the key 0", () => {
    for (const length of [0, 5, 200]) {
      const target = new Uint8Array(length);
      maskInto(counting(length), 0, length, target, 0, 0, 0);
      expect(target).toEqual(counting(length));
    }
  });

  it("masks in place when source and target are the same range", () => {
    for (const length of [7, 130]) {
      const bytes = counting(length);
      maskInto(bytes, 0, length, bytes, 0, KEY, 1);
      expect(bytes).toEqual(masked(counting(length), KEY, 1));
    }
  });
});

describe("MaskingKeys", () => {
  /** A source that counts, so that every key says where it came from. */
  function counter() {
    const asked: number[] = [];
    let value = HIGH_KEY;
    const random = (bytes: Uint8Array): void => {
      asked.push(bytes.length);
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
      for (let at = 0; at < bytes.length; at += 4) view.setInt32(at, value++, false);
    };
    return { asked, random };
  }

  it("[RFC6455-5.3-02] [RFC6455-5.3-04] [RFC6455-10.3-01] takes each key from bytes of its own, first octet in the top bits", () => {
    const { random } = counter();
    const keys = new MaskingKeys(random);
    for (let i = 0; i < 3000; i++) expect(keys.next()).toBe(HIGH_KEY + i);
  });

  it("asks for whole pools, and for none before the first key", () => {
    const { asked, random } = counter();
    const keys = new MaskingKeys(random);
    expect(asked).toEqual([]);
    keys.next();
    const size = asked[0]!;
    expect(size).toBeGreaterThanOrEqual(1024);
    for (let i = 1; i < size / 4; i++) keys.next();
    expect(asked).toEqual([size]);
    keys.next();
    expect(asked).toEqual([size, size]);
  });

  it("forgets a key as soon as it is given out", () => {
    let pool = new Uint8Array(0);
    const keys = new MaskingKeys((bytes) => {
      pool = bytes.fill(0xff) as Uint8Array<ArrayBuffer>;
    });
    for (let i = 1; i <= 256; i++) {
      expect(keys.next()).toBe(-1);
      expect(pool.indexOf(0xff)).toBe(4 * i < pool.length ? 4 * i : -1);
    }
  });

  it("gives no key when the source fails, neither at once nor later", () => {
    let working = false;
    const keys = new MaskingKeys((bytes) => {
      if (!working) throw new Error("no entropy");
      bytes.fill(1);
    });
    expect(() => keys.next()).toThrow("no entropy");
    expect(() => keys.next()).toThrow("no entropy");
    working = true;
    expect(keys.next()).toBe(0x01010101);
  });

  it("[RFC6455-5.3-03] draws on the platform's generator by default", () => {
    const keys = new MaskingKeys();
    const seen = new Set(Array.from({ length: 600 }, () => keys.next()));
    expect(seen.size).toBeGreaterThan(597); // equal keys among 600 of 2^32: one run in 24 000 has a pair
    expect([...seen].some((key) => key < 0)).toBe(true);
  });
});

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((octet, i) => octet === b[i]);
}
