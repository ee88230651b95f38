import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BodyReader } from "../../../src/node/client/body.ts";
import { Fields, type FieldsInput } from "../../../src/protocol/fields.ts";
import { everyCut } from "../../helpers/cuts.ts";

const CHUNKED = { "Transfer-Encoding": "chunked" };
const encoder = new TextEncoder();

function readerOf(fields: FieldsInput, { status = 400, limit = 1000 } = {}): BodyReader {
  return new BodyReader(status, new Fields(fields), limit);
}

/** The text of a body, which must be the same however it is cut; and whether the reader had enough before the end. */
function read(body: string, fields: FieldsInput, settings?: { status?: number; limit?: number }) {
  const results = Array.from(everyCut(encoder.encode(body)), (pieces) => {
    const reader = readerOf(fields, settings);
    let enough = reader.push(new Uint8Array(0));
    for (const piece of pieces) enough = reader.push(piece);
    reader.end();
    return { text: reader.text(), enough };
  });
  for (const result of results) expect(result).toEqual(results[0]);
  return results[0]!;
}

describe("a body with a Content-Length", () => {
  it("has so many bytes, and nothing behind them", () => {
    expect(read("hello, and more", { "Content-Length": "5" })).toEqual({ text: "hello", enough: true });
    expect(read("hello", { "content-length": "0005" })).toEqual({ text: "hello", enough: true });
    expect(read("hello", { "Content-Length": "0" })).toEqual({ text: "", enough: true });
  });

  it("is what has come, when the connection ends before that", () => {
    expect(read("hell", { "Content-Length": "5" })).toEqual({ text: "hell", enough: false });
  });

  it("is cut at the limit, however long it is said to be", () => {
    for (const length of ["11", "9007199254740993", "9".repeat(400)]) {
      expect(read("0123456789abc", { "Content-Length": length }, { limit: 10 })).toEqual({
        text: "0123456789",
        enough: true,
      });
    }
  });

  it("is not read when the length is none, or there are two", () => {
    for (const length of ["", "-1", "+5", "5 ", "0x5", "5,5", "5e0", "5.0", "five", "NaN"]) {
      expect(read("hello", { "Content-Length": length })).toEqual({ text: "", enough: true });
    }
    for (const second of ["5", "6"]) {
      const fields = [
        ["Content-Length", "5"],
        ["content-length", second],
      ] as const;
      expect(read("hello", fields)).toEqual({ text: "", enough: true });
    }
  });
});

describe("a body that ends with the connection", () => {
  it("is all that comes", () => {
    expect(read("hello", {})).toEqual({ text: "hello", enough: false });
  });

  it("is cut at the limit", () => {
    expect(read("hello", {}, { limit: 4 })).toEqual({ text: "hell", enough: true });
  });

  it("takes nothing behind the end", () => {
    const reader = readerOf({});
    reader.end();
    expect(reader.push(encoder.encode("hello"))).toBe(true);
    expect(reader.bytes).toHaveLength(0);
  });
});

describe("a body in chunks", () => {
  it("is what they hold, up to the last one", () => {
    expect(read("5\r\nhello\r\n1\r\n \r\n0B\r\nlittle frog\r\n0\r\nX: y\r\n\r\nmore", CHUNKED)).toEqual({
      text: "hello little frog",
      enough: true,
    });
    expect(read("0\r\n\r\n", CHUNKED)).toEqual({ text: "", enough: true });
    expect(read("a\r\n0123456789\r\n000\r\n", { "transfer-encoding": "Chunked" })).toEqual({
      text: "0123456789",
      enough: true,
    });
  });

  it("may have extensions, which mean nothing to us", () => {
    for (const extension of [";x", ";x=y", ';x="y;\tz"', " ;x", "\t ; x = y", ";"]) {
      expect(read(`5${extension}\r\nhello\r\n0${extension}\r\n\r\n`, CHUNKED)).toEqual({
        text: "hello",
        enough: true,
      });
    }
  });

  it("is what has come, when the connection ends before the last chunk", () => {
    for (const rest of ["", "\r", "\r\n", "\r\n2", "\r\n2\r", "\r\n2\r\n", "\r\n0", "\r\n0\r"]) {
      expect(read(`5\r\nhello${rest}`, CHUNKED)).toEqual({ text: "hello", enough: false });
    }
  });

  it("ends where it is malformed, and what was read so far stands", () => {
    for (const rest of [
      "x",
      "\n",
      "\rx",
      "\r\r",
      "\r\n\r\n",
      "\r\n\n",
      "\r\n2\n",
      "\r\n2\rx",
      "\r\n2\r\r\n",
      "\r\ng\r\n",
      "\r\n-1\r\n",
      "\r\n+1\r\n",
      "\r\n0x1\r\n",
      "\r\n 1\r\n",
      "\r\n1 \r\n",
      "\r\n1 2\r\n",
      "\r\n1 x;\r\n",
      "\r\n;x\r\n",
      "\r\n1;\0\r\n",
    ]) {
      expect(read(`5\r\nhello${rest}`, CHUNKED)).toEqual({ text: "hello", enough: true });
      expect(read(`5\r\nhello${rest}5\r\nhello`, CHUNKED)).toEqual({ text: "hello", enough: true });
    }
  });

  it("is cut at the limit, also where a chunk is said to be longer than anything", () => {
    expect(read("5\r\nhello\r\n5\r\nhello\r\n", CHUNKED, { limit: 7 })).toEqual({
      text: "hellohe",
      enough: true,
    });
    expect(read("5\r\nhello\r\n0\r\n\r\n", CHUNKED, { limit: 5 })).toEqual({ text: "hello", enough: true });
    for (const size of ["6", "ffffffffffffffff", "1".padEnd(256, "0"), "f".repeat(200)]) {
      expect(read(`${size}\r\nhello!`, CHUNKED, { limit: 5 })).toEqual({ text: "hello", enough: true });
    }
  });

  it("has no endless line in front of a chunk", () => {
    for (const filler of ["0", "x"]) {
      const longest = filler === "0" ? "5".padStart(256, "0") : "5;".padEnd(256, filler);
      expect(read(`${longest}\r\nhello\r\n0\r\n`, CHUNKED)).toEqual({ text: "hello", enough: true });
      const tooLong = filler === "0" ? `0${longest}` : `${longest}x`;
      expect(read(tooLong, CHUNKED)).toEqual({ text: "", enough: true });
    }
  });

  it("is not read in any other coding, nor when there is a length as well", () => {
    for (const coding of ["gzip", "gzip, chunked", "chunked, chunked", "chunked, gzip", "identity", ""]) {
      expect(read("5\r\nhello\r\n0\r\n", { "Transfer-Encoding": coding })).toEqual({
        text: "",
        enough: true,
      });
    }
    expect(read("5\r\nhello\r\n0\r\n", { ...CHUNKED, "Content-Length": "5" })).toEqual({
      text: "",
      enough: true,
    });
  });
});

describe("no body", () => {
  it("is what an answer has whose status allows none, whatever its fields say", () => {
    for (const status of [100, 101, 199, 204, 304]) {
      for (const fields of [{}, CHUNKED, { "Content-Length": "5" }]) {
        expect(read("5\r\nhello\r\n", fields, { status })).toEqual({ text: "", enough: true });
      }
    }
  });

  it("is not what any other answer has, as far as its status goes", () => {
    for (const status of [200, 203, 205, 300, 303, 305, 401, 503]) {
      expect(read("hello", { "Content-Length": "5" }, { status })).toEqual({ text: "hello", enough: true });
    }
  });

  it("is known at once, before anything comes", () => {
    const nothing = new Uint8Array(0);
    expect(readerOf({ "Content-Length": "0" }).push(nothing)).toBe(true);
    expect(readerOf({ "Content-Length": "x" }).push(nothing)).toBe(true);
    expect(readerOf({}, { status: 304 }).push(nothing)).toBe(true);
    expect(readerOf({}, { limit: 0 }).push(nothing)).toBe(true);
    expect(readerOf({}).push(nothing)).toBe(false);
  });

  it("is read with a limit of 0", () => {
    expect(read("hello", {}, { limit: 0 })).toEqual({ text: "", enough: true });
    expect(read("5\r\nhello\r\n", CHUNKED, { limit: 0 })).toEqual({ text: "", enough: true });
  });
});

describe("a reader of bodies", () => {
  it("keeps copies: whoever gave the bytes may use the memory again", () => {
    const reader = readerOf({});
    const piece = encoder.encode("hello");
    reader.push(piece);
    piece.fill(0);
    expect(reader.text()).toBe("hello");
    expect(reader.bytes.buffer).not.toBe(piece.buffer);
  });

  it("reads text as UTF-8, with replacements for what is none", () => {
    const reader = readerOf({});
    reader.push(Uint8Array.of(0xc3, 0xa9, 0xff, 0x21));
    expect(reader.text()).toBe("é\ufffd!");
  });

  it("leaves off a character that the limit has cut through, but shows one that the server did not finish", () => {
    expect(read("aé", {}, { limit: 2 }).text).toBe("a");
    expect(read("2\r\naé", CHUNKED, { limit: 2 }).text).toBe("a");
    for (const fields of [{}, { "Content-Length": "2" }]) {
      const reader = readerOf(fields);
      reader.push(encoder.encode("aé").subarray(0, 2));
      reader.end();
      expect(reader.text()).toBe("a\ufffd");
    }
  });

  it("gives back what was put into chunks, however it was chunked and cut", () => {
    const chunks = fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 8 });
    fc.assert(
      fc.property(
        chunks,
        fc.integer({ min: 1, max: 200 }),
        fc.integer({ min: 1, max: 9 }),
        (list, limit, step) => {
          const framed = Buffer.concat([
            ...list.flatMap((chunk) => [
              Buffer.from(`${chunk.length.toString(16)}\r\n`),
              chunk,
              Buffer.from("\r\n"),
            ]),
            Buffer.from("0\r\n\r\n"),
          ]);
          const reader = readerOf(CHUNKED, { limit });
          for (let at = 0; at < framed.length; at += step) reader.push(framed.subarray(at, at + step));
          expect(reader.push(new Uint8Array(0))).toBe(true);
          expect(Buffer.from(reader.bytes)).toEqual(Buffer.concat(list).subarray(0, limit));
        },
      ),
    );
  });

  it("never throws and never keeps more than the limit, whatever comes", () => {
    const fields = fc.constantFrom<FieldsInput>({}, CHUNKED, { "Content-Length": "50" });
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 100 }),
      fc
        .string({ unit: fc.constantFrom("\r\n", "\r", "\n", "1", "a", "0", ";", " ", "x") })
        .map((text) => encoder.encode(text)),
    );
    fc.assert(
      fc.property(fields, fc.array(bytes), fc.integer({ min: 0, max: 60 }), (head, pieces, limit) => {
        const reader = readerOf(head, { limit });
        let enough = false;
        for (const piece of pieces) {
          const length = reader.bytes.length;
          const had = enough;
          enough = reader.push(piece);
          expect(had && (!enough || reader.bytes.length > length)).toBe(false);
        }
        expect(reader.bytes.length).toBeLessThanOrEqual(limit);
        reader.text();
      }),
    );
  });
});
