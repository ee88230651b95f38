import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { textCoder } from "../../src/node/machine.ts";
import { wordsOf } from "../../src/protocol/mask.ts";
import {
  decodeUtf8,
  encodeUtf8Into,
  UTF8_ACCEPT,
  UTF8_REJECT,
  useTextCoder,
  validateUtf8,
} from "../../src/protocol/utf8.ts";

const hex = (text: string): Uint8Array =>
  Uint8Array.from(text.split(" "), (octet) => Number.parseInt(octet, 16));
const encoded = (text: string): Uint8Array => new TextEncoder().encode(text);

/** The platform's verdict on a whole text. */
function isValid(bytes: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

/** The index of the byte at which the validator refuses, fed byte by byte; -1 if it does not. */
function refusedAt(bytes: Uint8Array): number {
  let state: number = UTF8_ACCEPT;
  for (let i = 0; i < bytes.length; i++) {
    state = validateUtf8(state, bytes, i, i + 1);
    if (state === UTF8_REJECT) return i;
  }
  return -1;
}

function byteByByte(bytes: Uint8Array): number {
  let state: number = UTF8_ACCEPT;
  for (let i = 0; i < bytes.length; i++) state = validateUtf8(state, bytes, i, i + 1);
  return state;
}

describe("validateUtf8", () => {
  it("[RFC6455-8.1-01] follows exactly the beginnings of exactly the encodings of U+0000 to U+10FFFF", () => {
    // Every encoding there is, from the platform, as a tree: inner nodes are beginnings, `true` is a character.
    type Tree = Map<number, Tree | true>;
    const root: Tree = new Map();
    const bytes = new Uint8Array(4);
    const encoder = new TextEncoder();
    for (let point = 0; point <= 0x10ffff; point++) {
      if (point >= 0xd800 && point <= 0xdfff) continue;
      const { written } = encoder.encodeInto(String.fromCodePoint(point), bytes);
      let node = root;
      for (let i = 0; i < written - 1; i++) {
        let child = node.get(bytes[i]!);
        if (child === undefined) {
          child = new Map();
          node.set(bytes[i]!, child);
        }
        node = child as Tree;
      }
      node.set(bytes[written - 1]!, true);
    }

    const one = new Uint8Array(1);
    let wrong = 0;
    const compare = (node: Tree, state: number): void => {
      for (let byte = 0; byte < 256; byte++) {
        one[0] = byte;
        const next = validateUtf8(state, one, 0, 1);
        const child = node.get(byte);
        if (child === undefined) wrong += next === UTF8_REJECT ? 0 : 1;
        else if (child === true) wrong += next === UTF8_ACCEPT ? 0 : 1;
        else if (next === UTF8_ACCEPT || next === UTF8_REJECT) wrong++;
        else compare(child, next);
      }
    };
    compare(root, UTF8_ACCEPT);
    expect(wrong).toBe(0);
  });

  it("sees the same in a slice as byte by byte, for all pairs and all interesting longer sequences", () => {
    const sequence = new Uint8Array(5);
    const edges = [0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xff];
    const check = (length: number): void => {
      const bytes = sequence.subarray(0, length);
      const state = byteByByte(bytes);
      for (let cut = 0; cut < length; cut++) {
        const whole = validateUtf8(validateUtf8(UTF8_ACCEPT, bytes, 0, cut), bytes, cut, length);
        if (whole !== state) expect.fail(`${[...bytes]} cut at ${cut}: ${whole}, not ${state}`);
      }
    };
    for (let first = 0; first < 256; first++) {
      sequence[0] = first;
      check(1);
      for (let second = 0; second < 256; second++) {
        sequence[1] = second;
        check(2);
      }
      for (const second of edges) {
        for (const third of edges) {
          for (const fourth of edges) {
            sequence.set([second, third, fourth, 0x80], 1);
            check(3);
            check(4);
            check(5);
          }
        }
      }
    }
  });

  it("agrees with the platform's decoder on all pairs of bytes", () => {
    const pair = new Uint8Array(2);
    for (let both = 0; both < 0x10000; both++) {
      pair[0] = both >> 8;
      pair[1] = both & 0xff;
      if ((validateUtf8(UTF8_ACCEPT, pair, 0, 2) === UTF8_ACCEPT) !== isValid(pair))
        expect.fail(`${[...pair]}`);
    }
  });

  it.each([
    ["80", 0, "a continuation byte that continues nothing"],
    ["41 bf", 1, "the same behind a letter"],
    ["c0 80", 0, "U+0000 in two bytes"],
    ["c1 bf", 0, "U+007F in two bytes"],
    ["e0 80 80", 1, "U+0000 in three bytes"],
    ["e0 9f bf", 1, "U+07FF in three bytes"],
    ["f0 80 80 80", 1, "U+0000 in four bytes"],
    ["f0 8f bf bf", 1, "U+FFFF in four bytes"],
    ["ed a0 80", 1, "the surrogate U+D800"],
    ["ed bf bf", 1, "the surrogate U+DFFF"],
    ["f4 90 80 80", 1, "U+110000"],
    ["f5 80 80 80", 0, "a lead byte beyond U+13FFFF"],
    ["f8 88 80 80 80", 0, "a sequence of five"],
    ["fe", 0, "a byte that UTF-8 never uses"],
    ["ff", 0, "another one"],
    ["c3 28", 1, "two bytes, the second missing"],
    ["e2 82 28", 2, "three bytes, the third missing"],
    ["f0 9f 98 28", 3, "four bytes, the fourth missing"],
    ["ce ba e1 bd b9 cf 83 ce bc ce b5 f4 90 80 80", 12, "Autobahn 6.4.1: a word, then U+110000"],
    ["e2 82 ac ed a0 80", 4, "the euro sign, then a surrogate"],
  ])("[RFC6455-8.1-01] refuses %s at byte %i and no later: %s", (text, index) => {
    const bytes = hex(text);
    expect(refusedAt(bytes)).toBe(index);
    expect(validateUtf8(UTF8_ACCEPT, bytes, 0, index + 1)).toBe(UTF8_REJECT);
    expect(validateUtf8(UTF8_ACCEPT, bytes, 0, index)).not.toBe(UTF8_REJECT);
    // However long the text before it, and wherever that is cut.
    for (const before of ["é".repeat(40), "a".repeat(500)].map(encoded)) {
      const late = new Uint8Array([...before, ...bytes]);
      for (const start of [0, 1, 2, 3, before.length - 1]) {
        const state = validateUtf8(UTF8_ACCEPT, late, 0, start);
        expect(validateUtf8(state, late, start, before.length + index + 1)).toBe(UTF8_REJECT);
        expect(validateUtf8(state, late, start, before.length + index)).not.toBe(UTF8_REJECT);
      }
    }
  });

  it("[RFC6455-5.6-01] carries a torn character from slice to slice, wherever it is cut", () => {
    const bytes = encoded("aé€😀\u{10ffff}\u{ffff}\u{d7ff}\u{e000}");
    for (let cut = 0; cut <= bytes.length; cut++) {
      for (let second = cut; second <= bytes.length; second++) {
        const a = validateUtf8(UTF8_ACCEPT, bytes, 0, cut);
        const b = validateUtf8(a, bytes, cut, second);
        expect(validateUtf8(b, bytes, second, bytes.length)).toBe(UTF8_ACCEPT);
        expect(a === UTF8_ACCEPT).toBe(isValid(bytes.subarray(0, cut)));
      }
    }
  });

  it("never leaves the state of refusal", () => {
    for (let byte = 0; byte < 256; byte++) {
      expect(validateUtf8(UTF8_REJECT, Uint8Array.of(byte), 0, 1)).toBe(UTF8_REJECT);
    }
    expect(validateUtf8(UTF8_REJECT, encoded("a".repeat(300)), 0, 300)).toBe(UTF8_REJECT);
  });

  it("leaves the state alone where there are no bytes", () => {
    for (let state = UTF8_ACCEPT; state <= UTF8_REJECT; state++) {
      expect(validateUtf8(state, encoded("a"), 1, 1)).toBe(state);
    }
  });

  it("finds one bad byte at every place of a long ASCII text, at every alignment, and looks at none outside", () => {
    const memory = new Uint8Array(420).fill(0xff);
    for (let offset = 0; offset < 4; offset++) {
      const bytes = memory.subarray(offset, offset + 410).fill(0x61, 3, 403);
      expect(validateUtf8(UTF8_ACCEPT, bytes, 3, 403)).toBe(UTF8_ACCEPT);
      for (let at = 3; at < 403; at++) {
        bytes[at] = 0x80;
        expect(validateUtf8(UTF8_ACCEPT, bytes, 3, 403)).toBe(UTF8_REJECT);
        bytes[at] = 0x61;
      }
      memory.fill(0xff);
    }
  });

  it("agrees with the platform's decoder on texts with one byte changed, at any cuts", () => {
    const anyText = fc.oneof(
      fc.string({ unit: "binary", size: "medium" }),
      fc.string({ maxLength: 600, size: "max" }),
    );
    fc.assert(
      fc.property(anyText, fc.nat(), fc.nat(255), fc.array(fc.nat(600)), (text, at, byte, cuts) => {
        const bytes = encoded(text);
        if (bytes.length > 0 && at % 3 > 0) bytes[at % bytes.length] = byte;
        let state: number = UTF8_ACCEPT;
        let start = 0;
        for (const end of [...cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b), bytes.length]) {
          state = validateUtf8(state, bytes, start, end);
          start = end;
        }
        expect(state === UTF8_ACCEPT).toBe(isValid(bytes));
        expect(state).toBe(byteByByte(bytes));
      }),
      { numRuns: 200 },
    );
  });
});

/** All of Unicode, in order, in texts of 4096 characters. */
function* unicode(): Generator<string> {
  for (let block = 0; block < 0x110000; block += 0x1000) {
    const points = Array.from({ length: 0x1000 }, (_, i) => block + i);
    const text = String.fromCodePoint(...points.filter((point) => point < 0xd800 || point > 0xdfff));
    if (text !== "") yield text;
  }
}

const platform = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
/** What the platform makes of bytes. */
function textOf(bytes: Uint8Array): string | undefined {
  try {
    return platform.decode(bytes);
  } catch {
    return undefined;
  }
}

describe.each([
  ["by what is the same everywhere", undefined],
  ["by what Node's buffers can do", textCoder()],
])("decodeUtf8 and encodeUtf8Into, %s,", (_, coder) => {
  beforeAll(() => useTextCoder(coder));
  afterAll(() => useTextCoder());

  it("[RFC6455-5.6-01] keep every character there is", () => {
    const target = new Uint8Array(3 * 0x2000);
    for (const text of unicode()) {
      const length = encodeUtf8Into(text, target, 0);
      expect(validateUtf8(UTF8_ACCEPT, target, 0, length)).toBe(UTF8_ACCEPT);
      if (decodeUtf8(target.subarray(0, length)) !== text) expect.fail(`from ${text.codePointAt(0)}`);
    }
  });

  it("keep U+FEFF in front", () => {
    expect(decodeUtf8(hex("ef bb bf 41"))).toBe("\ufeffA");
    expect(decodeUtf8(hex("ef bb bf ef bb bf"))).toBe("\ufeff\ufeff");
  });

  it("agree with the platform for ASCII of every length, with and without another character at every place", () => {
    for (let length = 0; length < 40; length++) {
      const ascii = "0123456789".repeat(4).slice(0, length);
      const texts = [ascii];
      for (let at = 0; at < length; at++) {
        for (const unit of ["\0", "\x7f", "\x80", "é", "€", "\ud800"]) {
          texts.push(ascii.slice(0, at) + unit + ascii.slice(at + 1));
        }
      }
      for (const text of texts) {
        const bytes = encoded(text);
        const target = new Uint8Array(3 * length + 7).fill(0xaa);
        expect(encodeUtf8Into(text, target, 2)).toBe(bytes.length);
        expect(target.subarray(2, 2 + bytes.length)).toEqual(bytes);
        expect(target.subarray(0, 2)).toEqual(hex("aa aa"));
        expect(decodeUtf8(bytes)).toBe(text.replace("\ud800", "\ufffd"));
      }
    }
  });

  it("writes lone surrogates as U+FFFD and pairs as one character, cut from ASCII or not", () => {
    const target = new Uint8Array(100);
    const written = (text: string) => decodeUtf8(target.subarray(0, encodeUtf8Into(text, target, 0)));
    expect(written("a\ud800")).toBe("a\ufffd");
    expect(written("\udc00\ud800")).toBe("\ufffd\ufffd");
    expect(written("abc\ud83d\ude00d")).toBe("abc😀d");
    expect(written(`${"a".repeat(30)}\ud83d`)).toBe(`${"a".repeat(30)}\ufffd`);
  });

  it("[RFC6455-8.1-01] decodes nothing that is invalid, short or long, and is ready for the next text", () => {
    for (const text of [
      "80",
      "61 62 63 64 ff",
      "61 62 63 ff 64",
      "e2 82",
      "ed a0 80",
      "61 61 61 61 61 61 61 61 61 c3",
    ]) {
      expect(decodeUtf8(hex(text))).toBeUndefined();
      expect(decodeUtf8(encoded("a text behind it"))).toBe("a text behind it");
    }
  });

  it.each([
    ["C0 begins no character", "c0 80"],
    ["nor does C1", "c1 bf"],
    ["nor a continuation byte", "80 80"],
    ["a pair ends in a continuation byte", "c3 c0"],
    ["three bytes are not for what fits in two", "e0 9f bf"],
    ["the second of them is a continuation byte", "e1 40 80"],
    ["and so is the third", "e1 80 40"],
    ["surrogates are no characters: the first", "ed a0 80"],
    ["and the last", "ed bf bf"],
    ["four bytes are not for what fits in three", "f0 8f bf bf"],
    ["the fourth of them is a continuation byte", "f1 80 80 40"],
    ["U+10FFFF is the last character", "f4 90 80 80"],
    ["F5 begins no character", "f5 80 80 80"],
  ])("[RFC6455-8.1-01] refuse it inside a long text: %s", (_, octets) => {
    const [before, impossible, behind] = [encoded("Ω".repeat(30)), hex(octets), encoded("日".repeat(30))];
    expect(decodeUtf8(Uint8Array.of(...before, ...impossible, ...behind))).toBeUndefined();
  });

  it("[RFC6455-8.1-01] take the first and the last character of each length inside a long text", () => {
    const text = `${"Ω".repeat(30)}\0\x7f\x80\u07ff\u0800\ud7ff\ue000\uffff\u{10000}\u{10ffff}${"日".repeat(30)}`;
    expect(decodeUtf8(encoded(text))).toBe(text);
  });

  it("keep a pair of code units together, wherever in a very long text it stands", () => {
    for (let at = 4090; at < 4100; at++) {
      const text = `${"a".repeat(at)}😀${"Ω".repeat(5000)}`;
      expect(decodeUtf8(encoded(text))).toBe(text);
    }
  });

  it("agree with the platform on arbitrary bytes and strings", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const text = decodeUtf8(bytes);
        expect(text !== undefined).toBe(isValid(bytes));
        if (text !== undefined) expect(encoded(text)).toEqual(bytes);
      }),
    );
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.nat(9), (text, at) => {
        const target = new Uint8Array(at + 3 * text.length);
        const length = encodeUtf8Into(text, target, at);
        expect(target.slice(at, at + length)).toEqual(encoded(text));
      }),
    );
  });

  it("agree with the platform on texts of few ASCII characters, whole and with one byte changed", () => {
    const character = fc.constantFrom("α", "é", "日", "\ufeff", "\uffff", "😀", "\u{10ffff}", "a", "\0");
    fc.assert(
      fc.property(
        fc.array(character, { minLength: 5, maxLength: 60 }),
        fc.constantFrom(1, 3, 90, 700),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (characters, times, place, change) => {
          const bytes = encoded(characters.join("").repeat(times));
          expect(decodeUtf8(bytes)).toBe(textOf(bytes));
          bytes[place % bytes.length]! ^= change;
          expect(decodeUtf8(bytes)).toBe(textOf(bytes));
        },
      ),
    );
  });

  it.each([
    ["a", 40],
    ["a", 47],
    ["a", 160],
    ["a", 700],
    ["é", 50],
    ["日", 40],
    ["😀", 40],
    ["ab😀é日", 12],
  ])("look at nothing but the range they are given: %j, %i times", (unit, times) => {
    const bytes = encoded(unit.repeat(times));
    for (let start = 0; start < 10; start++) {
      for (let cut = 0; cut < 10; cut++) {
        const end = bytes.length - cut;
        // Where the text is cut inside a character, what is behind it would make it whole.
        const expected = textOf(bytes.subarray(start, end));
        expect(decodeUtf8(bytes, start, end)).toBe(expected);
        expect(decodeUtf8(bytes, start, end, wordsOf(bytes))).toBe(expected);
      }
    }
  });

  it("see what is not ASCII at every place, by words too, wherever they begin", () => {
    const memory = new Uint8Array(220);
    for (let origin = 0; origin < 8; origin++) {
      const bytes = memory.subarray(origin, origin + 200);
      for (let place = 0; place < 200; place++) {
        bytes.fill(0x61);
        bytes[place] = 0x80;
        const words = wordsOf(bytes);
        expect(decodeUtf8(bytes, 0, place, words)).toBe("a".repeat(place));
        expect(decodeUtf8(bytes, place + 1, 200, words)).toBe("a".repeat(199 - place));
        expect(decodeUtf8(bytes, 0, 200, words)).toBeUndefined();
      }
    }
  });
});
