import { getHeapStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { textCoder } from "../../src/node/machine.ts";
import {
  detached,
  Fields,
  fromLatin1,
  isFieldValue,
  isHost,
  isKey,
  isToken,
  isVisible,
  readExtensions,
  readProtocols,
  readTokens,
  toLatin1,
  writeExtension,
} from "../../src/protocol/fields.ts";
import { useTextCoder } from "../../src/protocol/utf8.ts";

const SEPARATORS = '()<>@,;:\\"/[]?={} \t';

describe("Fields", () => {
  it("finds fields in any case, keeps their order and their spelling", () => {
    const fields = new Fields([
      ["B", "1"],
      ["a", "2"],
      ["b", "3"],
    ]);
    expect([...fields]).toEqual([
      ["B", "1"],
      ["a", "2"],
      ["b", "3"],
    ]);
    expect(fields.size).toBe(3);
    expect(fields.all("b")).toEqual(["1", "3"]);
    expect(fields.get("B")).toBe("1, 3");
    expect(fields.has("A")).toBe(true);
  });

  it("has nothing that was not put into it", () => {
    const fields = new Fields();
    for (const name of ["__proto__", "constructor", "toString", "x"]) {
      expect(fields.has(name)).toBe(false);
      expect(fields.get(name)).toBe(undefined);
      expect(fields.all(name)).toEqual([]);
    }
  });

  it("takes __proto__ and constructor as names like any other", () => {
    const fields = new Fields([
      ["__proto__", "p"],
      ["constructor", "c"],
    ]);
    expect(fields.get("__PROTO__")).toBe("p");
    expect(fields.get("constructor")).toBe("c");
    expect(Object.getPrototypeOf(fields)).toBe(Fields.prototype);
  });

  it("is built from pairs, from other fields, or from an object", () => {
    const fields = new Fields({ A: "1", B: "2" });
    expect([...new Fields(fields)]).toEqual([
      ["A", "1"],
      ["B", "2"],
    ]);
  });
});

describe("characters", () => {
  it("[RFC6455-4.1-33] tokens are visible ASCII without the separators of RFC 2616", () => {
    for (let code = 0; code < 0x180; code++) {
      const character = String.fromCharCode(code);
      const visible = code > 0x20 && code < 0x7f;
      expect(isToken(character), `0x${code.toString(16)}`).toBe(visible && !SEPARATORS.includes(character));
      expect(isVisible(character)).toBe(visible);
      expect(isFieldValue(character)).toBe(code === 9 || (code >= 0x20 && code !== 0x7f && code <= 0xff));
    }
    expect(isToken("")).toBe(false);
    expect(isVisible("")).toBe(false);
    expect(isFieldValue("")).toBe(true);
  });

  it("carries every byte through a Latin-1 string and back, however long", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(toLatin1(fromLatin1(bytes))).toEqual(bytes);
      }),
    );
    const long = Uint8Array.from({ length: 20_000 }, (_, at) => at);
    expect(toLatin1(fromLatin1(long))).toEqual(long);
    expect(detached(fromLatin1(long))).toBe(fromLatin1(long));
  });

  it.each([
    ["by what is the same everywhere", undefined],
    ["by what Node's buffers can do", textCoder()],
  ])("reads a range of bytes, %s", (_, coder) => {
    const bytes = Uint8Array.from({ length: 10_000 }, (_, at) => at);
    useTextCoder(coder);
    try {
      for (const [start, end] of [
        [0, 3],
        [250, 260],
        [3, 5000],
        [7, 10_000],
      ] as const)
        expect(toLatin1(fromLatin1(bytes, start, end))).toEqual(bytes.subarray(start, end));
    } finally {
      useTextCoder();
    }
  });

  it("holds, of a text by itself, nothing of what that was cut out of", () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const head = new Uint8Array(100_000).fill(0x61);
    const used = (): number => {
      collect();
      return getHeapStatistics().used_heap_size;
    };
    const before = used();
    const kept = Array.from({ length: 100 }, () => detached(fromLatin1(head).slice(10, 50)));
    expect(used() - before).toBeLessThan(2_000_000);
    expect(new Set(kept)).toEqual(new Set(["a".repeat(40)]));
  });
});

describe("readTokens", () => {
  it.each([
    ["a", ["a"]],
    ["a,b", ["a", "b"]],
    [" a\t, b ", ["a", "b"]],
    ["a,,b, ,c,", ["a", "b", "c"]],
    ["", []],
    [" , ,", []],
    ["constructor, __proto__", ["constructor", "__proto__"]],
  ])("reads the list %j", (value, tokens) => {
    expect(readTokens(value)).toEqual(tokens);
  });

  it.each(["a b", "a;b", "a/b", '"a"', "a, b c", "é", "a\u0000", "a,\u007f", "(a)", "\u212a"])(
    "refuses %j",
    (value) => {
      expect(readTokens(value)).toBe(undefined);
    },
  );

  it("reads back any list of tokens", () => {
    const token = fc.string({
      unit: fc.constantFrom(..."abz019!#$%&'*+-.^_`|~"),
      minLength: 1,
      maxLength: 8,
    });
    const comma = fc.constantFrom(",", " , ", ",,", "\t,", ", ,");
    fc.assert(
      fc.property(fc.array(token), comma, (tokens, separator) => {
        expect(readTokens(tokens.join(separator))).toEqual(tokens);
      }),
    );
  });
});

describe("readProtocols", () => {
  it("reads names with and without a version", () => {
    expect(readProtocols("h2c, HTTP/2.0,, websocket")).toEqual(["h2c", "HTTP/2.0", "websocket"]);
  });

  it.each(["/", "a/", "/b", "a/b/c", "a /b", "a b"])("refuses %j", (value) => {
    expect(readProtocols(value)).toBe(undefined);
  });
});

describe("readExtensions", () => {
  it.each([
    ["foo", [{ name: "foo", parameters: [] }]],
    ["foo; x", [{ name: "foo", parameters: [{ name: "x", value: true }] }]],
    ["foo; x=10", [{ name: "foo", parameters: [{ name: "x", value: "10" }] }]],
    ['foo;x="10"', [{ name: "foo", parameters: [{ name: "x", value: "10" }] }]],
    ['foo;x="\\1\\0a"', [{ name: "foo", parameters: [{ name: "x", value: "10a" }] }]],
    [
      " foo ; x = 1\t; y , ,bar",
      [
        {
          name: "foo",
          parameters: [
            { name: "x", value: "1" },
            { name: "y", value: true },
          ],
        },
        { name: "bar", parameters: [] },
      ],
    ],
    [
      "constructor; __proto__=a; __proto__=b",
      [
        {
          name: "constructor",
          parameters: [
            { name: "__proto__", value: "a" },
            { name: "__proto__", value: "b" },
          ],
        },
      ],
    ],
  ])("[RFC6455-9.1-01] reads %j", (value, elements) => {
    expect(readExtensions(value)).toEqual(elements);
  });

  it.each([
    "",
    ",",
    "foo;",
    "foo;;x",
    "foo; x=",
    "foo; =1",
    ";x",
    "foo bar",
    "foo; x y",
    "foo; x=1 2",
    "foo=1",
    "fo\u00f6",
  ])("[RFC6455-9.1-01] refuses %j, which the ABNF does not allow", (value) => {
    expect(readExtensions(value)).toBe(undefined);
  });

  it.each([
    'foo; x=""',
    'foo; x="a b"',
    'foo; x="a',
    'foo; x="a\\"',
    'foo; x="\\""',
    'foo; x="a"b',
    'foo; x="\\',
    'foo; x="a,b"',
  ])("[RFC6455-9.1-02] [RFC6455-4.3-01] refuses %j, whose quoted value is not a token", (value) => {
    expect(readExtensions(value)).toBe(undefined);
  });

  it("takes a hostile value of any shape in one pass", () => {
    for (const unit of ["\\c", '"', "a;", ",", " ", 'a="', "; b"]) {
      for (const prefix of ["", 'a; b="'])
        expect(() => readExtensions(prefix + unit.repeat(20_000))).not.toThrow();
    }
  });

  it("reads back whatever writeExtension writes", () => {
    const token = fc.string({
      unit: fc.constantFrom(..."abz019!#$%&'*+-.^_`|~"),
      minLength: 1,
      maxLength: 8,
    });
    const parameter = fc.record({ name: token, value: fc.oneof(token, fc.constant<true>(true)) });
    const element = fc.record({ name: token, parameters: fc.array(parameter, { maxLength: 4 }) });
    fc.assert(
      fc.property(fc.array(element, { minLength: 1, maxLength: 4 }), (elements) => {
        expect(readExtensions(elements.map(writeExtension).join(", "))).toEqual(elements);
      }),
    );
  });

  it("never throws, whatever the characters", () => {
    const characters = fc.string({ unit: fc.constantFrom(...' \t,;="\\ab\u0000\u00ff'), maxLength: 40 });
    fc.assert(
      fc.property(characters, (value) => {
        readTokens(value);
        readProtocols(value);
        readExtensions(value);
        isHost(value);
        isKey(value);
      }),
      { numRuns: 1000 },
    );
  });
});

describe("writeExtension", () => {
  it("refuses what would not be read back as it was meant", () => {
    expect(() => writeExtension({ name: "a b", parameters: [] })).toThrow(TypeError);
    expect(() => writeExtension({ name: "a", parameters: [{ name: "x;y", value: true }] })).toThrow(
      TypeError,
    );
    expect(() => writeExtension({ name: "a", parameters: [{ name: "x", value: "1, b" }] })).toThrow(/"1, b"/);
  });
});

describe("isHost", () => {
  it.each([
    "example.com",
    "EXAMPLE.com:80",
    "localhost:",
    "a:0",
    "a:65535",
    "a:00080",
    "127.0.0.1:9001",
    "a_b~!$&'()*+,;=",
    "%41b%e9",
    "[::]",
    "[::1]:443",
    "[1:2:3:4:5:6:7:8]",
    "[1::8]",
    "[1:2:3:4:5:6:7::]",
    "[::ffff:192.0.2.1]",
    "[1:2:3:4:5:6:255.0.10.9]",
  ])("accepts %j", (host) => {
    expect(isHost(host)).toBe(true);
  });

  it.each([
    "",
    ":80",
    "a:65536",
    "a:99999999999999999999999",
    "a:8o",
    "a:+80",
    "a:b:c",
    "user@a",
    "a/b",
    "a b",
    "a,b c",
    "a?",
    "a#",
    "é",
    "%",
    "%4",
    "%4g",
    "[",
    "[]",
    "[:]",
    "[::1",
    "[::1]x",
    "[::1]80",
    "::1",
    "[:::]",
    "[1::2::3]",
    "[1::2:3:4::5:6:7:8]",
    "[1:2:3:4:5:6:7]",
    "[1:2:3:4:5:6:7:8:9]",
    "[1:2:3:4:5:6:7:8::]",
    "[12345::]",
    "[g::]",
    "[1.2.3.4::]",
    "[1.2.3.4:1::]",
    "[::1.2.3]",
    "[::1.2.3.256]",
    "[::1.2.3.04]",
    "[1:2:3:4:5:6:7:1.2.3.4]",
    "[v1.a]",
    "[fe80::1%25eth0]",
  ])("refuses %j", (host) => {
    expect(isHost(host)).toBe(false);
  });
});

describe("isKey", () => {
  it("[RFC6455-4.2.1-06] accepts the base64 form of any 16 bytes, and of no other number of bytes", () => {
    for (let length = 0; length < 40; length++) {
      const key = Buffer.from(Array.from({ length }, (_, at) => at * 37)).toString("base64");
      expect(isKey(key)).toBe(length === 16);
    }
  });

  it("accepts the uncorrected sample key of §4.1 (erratum 3150)", () => {
    expect(isKey("AQIDBAUGBwgJCgsMDQ4PEC==")).toBe(true);
  });

  it.each([
    "dGhlIHNhbXBsZSBub25jZQ=",
    "dGhlIHNhbXBsZSBub25jZQ",
    "dGhlIHNhbXBsZSBub25jZQ===",
    "dGhlIHNhbXBsZSBub25jZQQ=",
    "dGhlIHNhbXBsZSBub25jZQQQ",
    "dGhlIHNhbXBsZSBub25jZ-==",
    "dGhlIHNhbXBsZSBub2=jZQ==",
    "dGhlIHNhbXBsZSBub25j Q==",
  ])("refuses %j", (key) => {
    expect(isKey(key)).toBe(false);
  });
});
