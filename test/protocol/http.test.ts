import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Fields, toLatin1 } from "../../src/protocol/fields.ts";
import {
  announcesBody,
  type HeadLimits,
  HeadReader,
  type HeadResult,
  readTarget,
  reasonPhrase,
  writeRequest,
  writeResponse,
} from "../../src/protocol/http.ts";
import { everyCut } from "../helpers/cuts.ts";

type Direction = "request" | "response";

function read<D extends Direction>(direction: D, pieces: Uint8Array[], limits?: HeadLimits): HeadResult<D> {
  const reader = new HeadReader(direction, limits);
  for (const [index, piece] of pieces.entries()) {
    const result = reader.read(piece);
    if (result === undefined) continue;
    if (!result.ok) return result;
    const rest = Buffer.concat([result.rest, ...pieces.slice(index + 1)]);
    return { ...result, rest: new Uint8Array(rest) };
  }
  return undefined;
}

/** Reads the text at every cut, and expects the same each time. */
function readAtEveryCut<D extends Direction>(direction: D, text: string, limits?: HeadLimits): HeadResult<D> {
  const bytes = toLatin1(text);
  const whole = read(direction, [bytes], limits);
  for (const pieces of everyCut(bytes)) expect(read(direction, pieces, limits)).toEqual(whole);
  return whole;
}

function ruleOf(direction: Direction, text: string, limits?: HeadLimits): string | undefined {
  const result = readAtEveryCut(direction, text, limits);
  return result === undefined || result.ok ? undefined : result.rule;
}

describe("HeadReader", () => {
  it("reads a request at every cut, and leaves what is behind it", () => {
    const text =
      "GET /chat?a=b HTTP/1.1\r\nHost: example.com\r\nX: \t a b\t \r\nx:c\r\nEmpty:\r\nY: \xe9\r\n\r\n\x81\x80\r\n\r\n";
    const result = readAtEveryCut("request", text);
    if (result?.ok !== true) throw new Error("not read");
    const { method, target, version, fields } = result.head;
    expect({ method, target, version }).toEqual({ method: "GET", target: "/chat?a=b", version: "1.1" });
    expect([...fields]).toEqual([
      ["Host", "example.com"],
      ["X", "a b"],
      ["x", "c"],
      ["Empty", ""],
      ["Y", "\xe9"],
    ]);
    expect(result.rest).toEqual(toLatin1("\x81\x80\r\n\r\n"));
  });

  it.each([
    ["HTTP/1.1 101 Switching Protocols", "1.1", 101, "Switching Protocols"],
    ["HTTP/1.1 101 ", "1.1", 101, ""],
    ["HTTP/1.0 999 \xe9\t", "1.0", 999, "\xe9\t"],
  ])("reads the status line %j at every cut", (line, version, status, reason) => {
    const result = readAtEveryCut("response", `${line}\r\nA: b\r\n\r\nbody`);
    expect(result).toMatchObject({ ok: true, head: { version, status, reason }, rest: toLatin1("body") });
  });

  it("wants more as long as the empty line has not arrived", () => {
    const text = "\r\nGET / HTTP/1.1\r\nA: b\r\n\r";
    for (let end = 0; end <= text.length; end++)
      expect(read("request", [toLatin1(text.slice(0, end))])).toBe(undefined);
  });

  it("ignores one empty line before a request line, and no more", () => {
    expect(readAtEveryCut("request", "\r\nGET / HTTP/1.1\r\n\r\n")).toMatchObject({ ok: true });
    expect(ruleOf("request", "\r\n\r\nGET / HTTP/1.1\r\n\r\n")).toBe("malformed-request-line");
    expect(ruleOf("response", "\r\nHTTP/1.1 101 \r\n\r\n")).toBe("malformed-status-line");
  });

  it.each([
    "GET",
    "GET /",
    "GET  HTTP/1.1",
    "GET  / HTTP/1.1",
    "GET /  HTTP/1.1",
    "GET / HTTP/1.1 ",
    " GET / HTTP/1.1",
    "GET\t/ HTTP/1.1",
    "G@T / HTTP/1.1",
    " / HTTP/1.1",
    "GET HTTP/1.1",
    "GET /a b HTTP/1.1",
    "GET / http/1.1",
    "GET / HTTP/1",
    "GET / HTTP/1.10",
    "GET / HTTP/x.1",
    "GET / HTTP/1.x",
    "GET / HTTP/1,1",
    "GET / HTTP/+.1",
    "GET / HTTP/1.:",
    "GET / HTTP//.1",
    "GET / HTTQ/1.1",
  ])("refuses the request line %j", (line) => {
    expect(ruleOf("request", `${line}\r\n\r\n`)).toBe("malformed-request-line");
  });

  it.each([
    "",
    "HTTP/1.1",
    "HTTP/1.1 101",
    "HTTP/1.1  101 x",
    "HTTP/1.1 10 x",
    "HTTP/1.1 1010 x",
    "HTTP/1.1 001 x",
    "HTTP/1.1 1a1 x",
    "HTTP/1.1 10a x",
    "HTTP/1.1\t101 x",
    "HTTP/1.1 101\tx",
    "HTTP/2.0 101 x",
    "http/1.1 101 x",
    "ICY 200 OK",
  ])("refuses the status line %j", (line) => {
    expect(ruleOf("response", `${line}\r\n\r\n`)).toBe("malformed-status-line");
  });

  it.each([
    ["A: b\rc\r\n\r\n", "bare-carriage-return"],
    ["A: b\r\r\n\r\n", "bare-carriage-return"],
    ["A: b\r\n\r\r\n", "bare-carriage-return"],
    ["A: b\n\r\n", "bare-line-feed"],
    ["\n", "bare-line-feed"],
    ["A: \0\r\n\r\n", "control-byte"],
    ["A: \x7f\r\n\r\n", "control-byte"],
    ["A\x01: b\r\n\r\n", "control-byte"],
    [" A: b\r\n\r\n", "folded-line"],
    ["A: b\r\n\tc\r\n\r\n", "folded-line"],
    [" \r\n\r\n", "folded-line"],
    ["A\r\n\r\n", "missing-colon"],
    ["A : b\r\n\r\n", "space-before-colon"],
    ["A\t: b\r\n\r\n", "space-before-colon"],
    [": b\r\n\r\n", "invalid-field-name"],
    ["A B: c\r\n\r\n", "invalid-field-name"],
    ["A(: c\r\n\r\n", "invalid-field-name"],
    ["\xe9: c\r\n\r\n", "invalid-field-name"],
  ])("refuses the fields %j at every cut, in either direction", (text, rule) => {
    expect(ruleOf("request", `GET / HTTP/1.1\r\n${text}`)).toBe(rule);
    expect(ruleOf("response", `HTTP/1.1 101 \r\n${text}`)).toBe(rule);
  });

  it("refuses the first bytes of TLS at the first of them", () => {
    expect(read("request", [Uint8Array.of(0x16)])).toMatchObject({ rule: "control-byte", detail: "0x16" });
  });

  it("accepts a head of just the limits, and nothing above them", () => {
    const text = "GET /abc HTTP/1.1\r\nA: 0123456789abcd\r\nB: c\r\n\r\n";
    const exact = { maxHeadSize: text.length, maxLineLength: 17, maxFields: 2 };
    expect(readAtEveryCut("request", text, exact)).toMatchObject({ ok: true });
    expect(ruleOf("request", text, { ...exact, maxHeadSize: text.length - 1 })).toBe("head-too-long");
    expect(ruleOf("request", text, { ...exact, maxLineLength: 16 })).toBe("request-line-too-long");
    expect(ruleOf("request", text, { ...exact, maxFields: 1 })).toBe("too-many-fields");
    expect(ruleOf("response", `HTTP/1.1 101 ${"x".repeat(9)}`, { maxLineLength: 20 })).toBe(
      "status-line-too-long",
    );
  });

  it("has limits by default: 8192 bytes in a line, 16384 in a head, 100 fields", () => {
    const head = (...fields: readonly string[]): string =>
      fields.reduce((text, field) => `${text}${field}\r\n`, "GET / HTTP/1.1\r\n");
    const rule = (text: string): string | undefined => {
      const result = read("request", [toLatin1(`${text}\r\n`)]);
      return result === undefined || result.ok ? undefined : result.rule;
    };
    const line = (length: number): string => `A: ${"x".repeat(length - 3)}`;
    expect(rule(head(line(8192)))).toBe(undefined);
    expect(rule(head(line(8193)))).toBe("field-line-too-long");
    const rest = 16_384 - head(line(8192), "").length - 2;
    expect(rule(head(line(8192), line(rest)))).toBe(undefined);
    expect(rule(head(line(8192), line(rest + 1)))).toBe("head-too-long");
    expect(rule(head(...Array.from({ length: 100 }, () => "A: b")))).toBe(undefined);
    expect(rule(head(...Array.from({ length: 101 }, () => "A: b")))).toBe("too-many-fields");
  });

  it("refuses a line at the first byte too many, without waiting for its end", () => {
    const reader = new HeadReader("request", { maxLineLength: 20 });
    expect(reader.read(toLatin1("GET / HTTP/1.1\r\nA: 01234567890123456"))).toBe(undefined);
    expect(reader.read(toLatin1("7"))).toMatchObject({ rule: "field-line-too-long" });
  });

  it.each(["maxHeadSize", "maxLineLength", "maxFields"])("wants a positive integer for %s", (name) => {
    for (const value of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => new HeadReader("request", { [name]: value })).toThrow(RangeError);
      expect(() => new HeadReader("request", { [name]: value })).toThrow(name);
    }
  });

  it("refuses to go on behind the end", () => {
    for (const text of ["GET / HTTP/1.1\r\n\r\n", "\n"]) {
      const reader = new HeadReader("request");
      reader.read(toLatin1(text));
      expect(() => reader.read(new Uint8Array(1))).toThrow(/behind the end/);
    }
  });

  it("keeps no view of a chunk: what is torn survives the chunk being overwritten", () => {
    const reader = new HeadReader("request");
    for (const byte of toLatin1("GET / HTTP/1.1\r\nHost: abc\r\n\r")) {
      const chunk = Uint8Array.of(byte);
      reader.read(chunk);
      chunk.fill(0);
    }
    const result = reader.read(Uint8Array.of(10));
    expect(result?.ok === true && result.head.fields.get("host")).toBe("abc");
  });

  it("looks at each byte a bounded number of times, however it is cut", () => {
    const text = `GET / HTTP/1.1\r\n${"A: bcdefgh\r\n".repeat(90)}${"B".repeat(4000)}: c\r\n\r\n`;
    const bytes = toLatin1(text);
    for (const size of [1, 7, 100, bytes.length]) {
      let looks = 0;
      const reader = new HeadReader("request");
      for (let at = 0; at < bytes.length; at += size) {
        reader.read(
          counted(bytes.subarray(at, at + size), (count) => {
            looks += count;
          }),
        );
      }
      expect(looks).toBeGreaterThanOrEqual(bytes.length);
      expect(looks).toBeLessThanOrEqual(3 * bytes.length);
    }
  });

  it("never throws, whatever the bytes, and says the same at every cut", () => {
    const piece = fc.constantFrom(
      "GET / HTTP/1.1\r\n",
      "HTTP/1.1 101 x\r\n",
      "A: b\r\n",
      "\r\n",
      "\r",
      "\n",
      " ",
      ":",
      "\0",
      "\xff",
      "x",
    );
    const limits = { maxHeadSize: 60, maxLineLength: 20, maxFields: 3 };
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 8 }),
        fc.constantFrom("request", "response"),
        (pieces, direction) => {
          readAtEveryCut(direction, pieces.join(""), limits);
        },
      ),
    );
    fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => void read("request", [bytes])));
  });
});

/** A chunk that reports each look at one of its bytes; a copy of a part counts as one look at each byte of it. */
function counted(bytes: Uint8Array, report: (looks: number) => void): Uint8Array {
  return new Proxy(bytes, {
    get(target, property) {
      if (property === "subarray") {
        return (start: number, end: number) => {
          const part = target.subarray(start, end);
          report(part.length);
          return part;
        };
      }
      if (typeof property === "string" && property >= "0" && property < ":") report(1);
      return Reflect.get(target, property, target);
    },
  });
}

describe("readTarget", () => {
  it.each([
    ["/", "/", undefined],
    ["/a/b?c=d&e", "/a/b?c=d&e", undefined],
    ["//a", "//a", undefined],
    ["/{|}", "/{|}", undefined],
    ["http://a", "/", "a"],
    ["HTTPS://A:443/b?c", "/b?c", "A:443"],
    ["ws://[::1]:80?c", "/?c", "[::1]:80"],
    ["wss://a/?http://b", "/?http://b", "a"],
  ])("[RFC6455-4.2.1-02] reads %j", (target, path, authority) => {
    expect(readTarget(target)).toEqual({ path, authority });
  });

  it.each([
    "",
    "*",
    "a:80",
    "a",
    "http:/a",
    "http://",
    "http:///a",
    "http://user@a/",
    "ftp://a/",
    "://a",
    "/a#b",
    "/a b",
    "/\xe9",
    "/\t",
    "http://a:b/",
  ])("[RFC6455-4.2.1-02] refuses %j", (target) => {
    expect(readTarget(target)).toBe(undefined);
  });
});

describe("announcesBody", () => {
  it.each<[[string, string][], boolean]>([
    [[], false],
    [[["Content-Length", "0"]], false],
    [[["Content-Length", "1"]], true],
    [[["Content-Length", ""]], true],
    [[["Content-Length", "-0"]], true],
    [
      [
        ["Content-Length", "0"],
        ["content-length", "0"],
      ],
      true,
    ],
    [[["Transfer-Encoding", "identity"]], true],
    [[["transfer-encoding", ""]], true],
  ])("of %j says %s", (fields, expected) => {
    expect(announcesBody(new Fields(fields))).toBe(expected);
  });
});

describe("the writers", () => {
  it("write heads that read back the same", () => {
    const name = fc.string({ unit: fc.constantFrom(..."aZ0-_!"), minLength: 1, maxLength: 5 });
    const value = fc
      .string({ unit: fc.constantFrom(...'a: \t\xff"'), maxLength: 6 })
      .map((text) => text.trim());
    fc.assert(
      fc.property(fc.array(fc.tuple(name, value), { maxLength: 5 }), (entries) => {
        const fields = new Fields(entries);
        const request = read("request", [writeRequest({ method: "GET", target: "/a?b", fields })]);
        if (request?.ok !== true) throw new Error("not read");
        expect([...request.head.fields]).toEqual(entries);
        const response = read("response", [
          writeResponse({ status: 404, reason: "Not Found", fields }, toLatin1("xy")),
        ]);
        if (response?.ok !== true) throw new Error("not read");
        expect(response.head).toMatchObject({ version: "1.1", status: 404, reason: "Not Found" });
        expect([...response.head.fields]).toEqual(entries);
        expect(response.rest).toEqual(toLatin1("xy"));
      }),
    );
  });

  it.each<[string, string]>([
    ["A", "b\r\nC: d"],
    ["A", "b\nc"],
    ["A", "\0"],
    ["A", "\u0100"],
    ["A", undefined as unknown as string],
    ["A", 1 as unknown as string],
    ["A\r\nB", "c"],
    ["A B", "c"],
    ["", "c"],
    ["A:", "c"],
  ])("throw on the field %j: %j", (name, value) => {
    const fields = new Fields([[name, value]]);
    expect(() => writeRequest({ method: "GET", target: "/", fields })).toThrow(TypeError);
    expect(() => writeResponse({ status: 200, reason: "", fields })).toThrow(TypeError);
  });

  it("throw on start lines that are none", () => {
    const fields = new Fields();
    expect(() => writeRequest({ method: "G T", target: "/", fields })).toThrow("method");
    expect(() => writeRequest({ method: "GET", target: "/ HTTP/1.1\r\n", fields })).toThrow("target");
    expect(() => writeRequest({ method: "CONNECT", target: "/", fields })).toThrow("target");
    expect(() => writeResponse({ status: 200, reason: "a\r\nb", fields })).toThrow("reason");
    for (const status of [99, 1000, 200.5, -100]) {
      expect(() => writeResponse({ status, reason: "", fields })).toThrow(RangeError);
    }
  });
});

describe("reasonPhrase", () => {
  it("knows the usual phrases and is empty for the others", () => {
    expect(reasonPhrase(426)).toBe("Upgrade Required");
    expect(reasonPhrase(499)).toBe("");
  });
});
