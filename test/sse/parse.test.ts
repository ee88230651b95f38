import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  EventStreamError,
  type EventStreamOptions,
  EventStreamParser,
  type ServerSentEvent,
} from "../../src/sse/parse.ts";

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const hex = (text: string): Uint8Array =>
  Uint8Array.from(text.split(" "), (octet) => Number.parseInt(octet, 16));

interface Reading {
  /** Events, comments and reconnection times, in the order in which they came. */
  seen: (ServerSentEvent | { comment: string } | { retry: number })[];
  lastEventId: string;
  reconnectionTime: number | undefined;
  failed: boolean;
}

function readChunks(chunks: Iterable<Uint8Array>, maxEventSize?: number): Reading {
  const seen: Reading["seen"] = [];
  const options: EventStreamOptions = {
    onEvent: (event) => seen.push(event),
    onComment: (comment) => seen.push({ comment }),
    onRetry: (retry) => seen.push({ retry }),
  };
  if (maxEventSize !== undefined) options.maxEventSize = maxEventSize;
  const parser = new EventStreamParser(options);
  for (const chunk of chunks) expect(parser.push(chunk)).toBe(parser.error === undefined);
  const { lastEventId, reconnectionTime, error } = parser;
  parser.end();
  return { seen, lastEventId, reconnectionTime, failed: error !== undefined };
}

/** Reads a stream whole, byte by byte, and cut in two at every place; all of them must give the same. */
function readStream(stream: string | Uint8Array, maxEventSize?: number): Reading {
  const bytes = typeof stream === "string" ? utf8(stream) : stream;
  const whole = readChunks([bytes], maxEventSize);
  expect(
    readChunks(
      [...bytes].map((byte) => Uint8Array.of(byte)),
      maxEventSize,
    ),
  ).toEqual(whole);
  for (let cut = 0; cut <= bytes.length; cut++) {
    const halves = [bytes.subarray(0, cut), new Uint8Array(0), bytes.subarray(cut)];
    expect(readChunks(halves, maxEventSize)).toEqual(whole);
  }
  return whole;
}

const event = (data: string, lastEventId = "", type = "message"): ServerSentEvent => ({
  type,
  data,
  lastEventId,
});

const eventsOf = (stream: string | Uint8Array) => readStream(stream).seen.filter((item) => "data" in item);

describe("EventStreamParser, the examples of §9.2.6", () => {
  it("[WHATWG-SSE-9.2.6-13] [WHATWG-SSE-9.2.6-05] joins data lines with LF", () => {
    expect(eventsOf("data: YHOO\ndata: +2\ndata: 10\n\n")).toEqual([event("YHOO\n+2\n10")]);
  });

  it("[WHATWG-SSE-9.2.6-17] [WHATWG-SSE-9.2.6-18] keeps the last event ID until it is set again", () => {
    const stream =
      ": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n";
    expect(readStream(stream)).toEqual({
      seen: [
        { comment: "test stream" },
        event("first event", "1"),
        event("second event"),
        event(" third event"),
      ],
      lastEventId: "",
      reconnectionTime: undefined,
      failed: false,
    });
    expect(eventsOf("id: 1\ndata: a\n\ndata: b\n\n")).toEqual([event("a", "1"), event("b", "1")]);
  });

  it("[WHATWG-SSE-9.2.6-10] [WHATWG-SSE-9.2.6-06] discards what no empty line has completed", () => {
    expect(eventsOf("data\n\ndata\ndata\n\ndata:")).toEqual([event(""), event("\n")]);
    expect(eventsOf("data: a\n\ndata: b\n")).toEqual([event("a")]);
    expect(readStream("id: 1\ndata: a\n").lastEventId).toBe("");
  });

  it("[WHATWG-SSE-9.2.6-08] ignores one space behind the colon", () => {
    expect(eventsOf("data:test\n\ndata: test\n\n")).toEqual([event("test"), event("test")]);
    expect(eventsOf("data:  a\n\ndata:\ta\n\ndata : a\n\n")).toEqual([event(" a"), event("\ta")]);
    expect(eventsOf("data: a: b\n\ndata::\n\n")).toEqual([event("a: b"), event(":")]);
  });
});

describe("EventStreamParser, line ends", () => {
  it("[WHATWG-SSE-9.2.6-03] takes CR, LF and CRLF for the same, mixed and torn", () => {
    for (const end of ["\n", "\r", "\r\n"]) {
      expect(eventsOf(["data: a", "data: b", "", "data: c", "", ""].join(end))).toEqual([
        event("a\nb"),
        event("c"),
      ]);
    }
    expect(eventsOf("data: a\r\ndata: b\r\r\ndata: c\n\r")).toEqual([event("a\nb"), event("c")]);
    expect(eventsOf("data: a\n\r\ndata: b\r\n\rdata: c\r\n\n")).toEqual([event("a"), event("b"), event("c")]);
  });

  it("[WHATWG-SSE-9.2.5-06] hands out an event at the CR of its empty line, without waiting for an LF", () => {
    const events: string[] = [];
    const parser = new EventStreamParser({ onEvent: ({ data }) => events.push(data) });
    parser.push(utf8("data: a\r\r"));
    expect(events).toEqual(["a"]);
    parser.push(utf8("\ndata: b\n"));
    expect(events).toEqual(["a"]);
    parser.push(utf8("\n"));
    expect(events).toEqual(["a", "b"]);
  });

  it("ends no line at characters that only look like line ends", () => {
    const data = "a\vb\fc\u0085d\u2028e\u2029f";
    expect(eventsOf(`data: ${data}\n\n`)).toEqual([event(data)]);
  });
});

describe("EventStreamParser, UTF-8", () => {
  it("[WHATWG-SSE-9.2.6-02] removes one byte order mark at the very start, and only there", () => {
    expect(eventsOf("\ufeffdata: a\n\n")).toEqual([event("a")]);
    expect(eventsOf("\ufeff\ufeffdata: a\n\ndata: b\n\n")).toEqual([event("b")]);
    expect(eventsOf("\n\ufeffdata: a\n\n")).toEqual([]);
    expect(eventsOf("\ufeff\ndata: a\n\n")).toEqual([event("a")]);
    expect(eventsOf("data: \ufeffa\ndata:\ufeff\n\n")).toEqual([event("\ufeffa\n\ufeff")]);
    expect(readStream("\ufeff: a\n:\ufeffb\n").seen).toEqual([{ comment: "a" }, { comment: "\ufeffb" }]);
  });

  it("takes the beginning of a mark for what it is", () => {
    for (const start of ["ef", "ef bb", "ef bb be", "bb bf"]) {
      expect(eventsOf(new Uint8Array([...hex(start), ...utf8("data: a\n\ndata: b\n\n")]))).toEqual([
        event("b"),
      ]);
    }
    expect(eventsOf(new Uint8Array([...hex("ef bb 0a"), ...utf8("data: a\n\n")]))).toEqual([event("a")]);
  });

  it("[WHATWG-SSE-9.2.6-01] replaces what is not UTF-8 and loses no line end or colon to it", () => {
    const stream = [...utf8("data: "), 0xff, 0x61, 0xe2, 0x82, 0x0a, ...utf8("data: "), 0xf0, 0x0d, 0x0a];
    expect(eventsOf(new Uint8Array([...stream, 0x0a]))).toEqual([event("\ufffda\ufffd\n\ufffd")]);
    const id = [...utf8("id: "), 0xc3, 0x0a, ...utf8("event: "), 0xed, 0xa0, 0x80, 0x0a, ...utf8("data\n\n")];
    expect(eventsOf(new Uint8Array(id))).toEqual([event("", "\ufffd", "\ufffd\ufffd\ufffd")]);
    expect(eventsOf(new Uint8Array([...utf8("data"), 0xc3, ...utf8(": a\ndata: b\n\n")]))).toEqual([
      event("b"),
    ]);
  });

  it("reads any bytes as if the whole stream had been decoded first", () => {
    const bytes = fc.array(fc.constantFrom(...utf8("\n\n\r::  data\0"), 0xe2, 0x82, 0xac, 0xff), {
      maxLength: 60,
    });
    fc.assert(
      fc.property(bytes, (content) => {
        const stream = Uint8Array.from([...utf8("data: "), ...content, ...utf8("\n\n")]);
        const decoded = utf8(new TextDecoder().decode(stream));
        expect(readChunks([stream])).toEqual(readChunks([decoded]));
      }),
    );
  });
});

describe("EventStreamParser, fields", () => {
  it("[WHATWG-SSE-9.2.6-07] hands a comment to whoever wants it, and to nobody else", () => {
    const stream = utf8(":\n: a\n:b\n:  c\n: d: e\ndata: x\n:data: y\n\n");
    const comments = ["", "a", "b", " c", "d: e", "data: y"].map((comment) => ({ comment }));
    expect(readStream(stream).seen).toEqual([...comments, event("x")]);
    expect(new EventStreamParser().push(stream)).toBe(true);
  });

  it("[WHATWG-SSE-9.2.6-09] takes a line without a colon for a field without a value", () => {
    expect(eventsOf("data\n\n")).toEqual([event("")]);
    expect(eventsOf("event: x\nevent\ndata: a\n\n")).toEqual([event("a")]);
    expect(readStream("retry\n\n").seen).toEqual([]);
  });

  it("[WHATWG-SSE-9.2.6-11] knows field names only as they are written", () => {
    expect(eventsOf("Data: a\nDATA: b\n data: c\ndatum: d\ndat: e\ndataa: f\ndata\0: g\n\n")).toEqual([]);
    expect(readStream("ID: 1\nRetry: 2\nretrY: 3\ni: 4\n\n")).toMatchObject({ seen: [], lastEventId: "" });
  });

  it("[WHATWG-SSE-9.2.6-16] ignores every other field", () => {
    expect(eventsOf("foo: bar\nfoo\ndata: a\n__proto__: x\nconstructor\n\n")).toEqual([event("a")]);
  });

  it("[WHATWG-SSE-9.2.6-12] takes the last event type of an event", () => {
    expect(eventsOf("event: a\nevent: b\ndata: x\n\n")).toEqual([event("x", "", "b")]);
  });

  it("[WHATWG-SSE-9.2.6-21] [WHATWG-SSE-9.2.6-04] calls an event without a type a message", () => {
    expect(eventsOf("event:\ndata: a\n\nevent: message\ndata: b\n\n")).toEqual([event("a"), event("b")]);
  });

  it("[WHATWG-SSE-9.2.6-14] ignores an id with a NUL, wherever it is", () => {
    expect(eventsOf("id: 1\nid: a\0\nid: \0\nid: \0b\ndata: x\n\n")).toEqual([event("x", "1")]);
    expect(eventsOf("data: a\0\nevent: \0\n\n")).toEqual([event("a\0", "", "\0")]);
  });

  it("[WHATWG-SSE-9.2.6-15] takes only ASCII digits for a reconnection time", () => {
    const values = [
      "10",
      "007",
      "0",
      "1.5",
      "-1",
      "+1",
      " 1",
      "1 ",
      "1e3",
      "0x10",
      "",
      "١",
      "1a",
      "a1",
      "1/",
      "1:",
    ];
    const stream = values.map((value) => `retry: ${value}\n`).join("");
    expect(readStream(stream).seen).toEqual([{ retry: 10 }, { retry: 7 }, { retry: 0 }]);
    expect(readStream("retry: 5\nretry: x\n").reconnectionTime).toBe(5);
  });

  it("reads a reconnection time beyond the safe integers as the largest of them", () => {
    for (let below = 0; below < 100; below++) {
      const time = Number.MAX_SAFE_INTEGER - below;
      expect(readChunks([utf8(`retry:${time}\n`)]).reconnectionTime).toBe(time);
    }
    for (const digits of ["9007199254740992", "9".repeat(400), `1${"0".repeat(400)}`]) {
      expect(readStream(`retry:${digits}\n`).reconnectionTime).toBe(Number.MAX_SAFE_INTEGER);
    }
  });

  it("sets the reconnection time at once, also when the event is never completed", () => {
    expect(readStream("data: a\nretry: 5\n").seen).toEqual([{ retry: 5 }]);
  });
});

describe("EventStreamParser, dispatch", () => {
  it("[WHATWG-SSE-9.2.6-19] dispatches nothing without data, and forgets the type", () => {
    expect(eventsOf("event: a\n\ndata: x\n\n")).toEqual([event("x")]);
    expect(eventsOf("\n\n\n\r\r")).toEqual([]);
  });

  it("[WHATWG-SSE-9.2.6-18] moves the last event ID on without data too, but not before the empty line", () => {
    expect(readStream("id: 1\n\n").lastEventId).toBe("1");
    expect(readStream("id: 1\n\nid: 2\n").lastEventId).toBe("1");
    expect(readStream("id: 1\n\nid\n\n").lastEventId).toBe("");
    expect(eventsOf("id: 1\n\ndata: a\n\n")).toEqual([event("a", "1")]);
  });

  it("[WHATWG-SSE-9.2.6-20] removes one LF from the end of the data, not two", () => {
    expect(eventsOf("data: a\ndata\ndata:\n\n")).toEqual([event("a\n\n")]);
  });

  it("[WHATWG-SSE-9.2.6-17] [WHATWG-SSE-9.2.6-22] [WHATWG-SSE-9.2.6-24] begins each event with no data and no type", () => {
    expect(eventsOf("event: a\ndata: x\n\ndata: y\n\n")).toEqual([event("x", "", "a"), event("y")]);
  });

  it("[WHATWG-SSE-9.2.4-01] never has a last event ID that a header could not carry", () => {
    const bytes = fc.array(fc.constantFrom(...utf8("\n\r\0id: i"), 0xff), { maxLength: 40 });
    fc.assert(
      fc.property(bytes, (content) => {
        const { lastEventId } = readChunks([Uint8Array.from([...utf8("id: "), ...content, ...utf8("\n\n")])]);
        for (const bad of ["\0", "\n", "\r"]) expect(lastEventId).not.toContain(bad);
      }),
    );
  });
});

describe("EventStreamParser, limits", () => {
  const limit = 40;
  const fails = (stream: string) => readStream(stream, limit).failed;

  it("holds exactly as much as it may, and fails with one byte more", () => {
    expect(fails(`data:${"a".repeat(limit - 5)}\n\n`)).toBe(false);
    expect(fails(`data:${"a".repeat(limit - 4)}\n\n`)).toBe(true);
    expect(fails(`data:${"a".repeat(limit - 4)}`)).toBe(true);
    expect(fails(`:${"a".repeat(limit - 1)}\r:${"a".repeat(limit - 1)}`)).toBe(false);
    expect(fails(`:${"a".repeat(limit)}`)).toBe(true);
    expect(fails(`${"data:\n".repeat(limit - 4)}\n`)).toBe(false);
    expect(fails("data:\n".repeat(limit - 3))).toBe(true);
    expect(fails("id: a\nevent: b\n: c\nfoo: d\n\n".repeat(50))).toBe(false);
  });

  it("hands out what came before, says why it failed, and reads nothing more", () => {
    const stream = `id: 1\ndata: a\n\n:${"a".repeat(limit)}\n\ndata: b\n\n`;
    expect(readStream(stream, limit)).toMatchObject({
      seen: [event("a", "1")],
      lastEventId: "1",
      failed: true,
    });

    const events: ServerSentEvent[] = [];
    const parser = new EventStreamParser({ maxEventSize: limit, onEvent: (item) => events.push(item) });
    expect(parser.push(utf8("data: ".padEnd(limit)))).toBe(true);
    expect(parser.error).toBeUndefined();
    expect(parser.push(utf8("a"))).toBe(false);
    const { error } = parser;
    expect(error).toBeInstanceOf(EventStreamError);
    expect(error).toMatchObject({ name: "EventStreamError", message: expect.stringContaining("40 bytes") });
    expect(parser.push(utf8("\n\ndata: b\n\n"))).toBe(false);
    expect(parser.error).toBe(error);
    expect(events).toEqual([]);
  });

  it("allows 1 MiB by default", () => {
    const line = utf8("data: ".padEnd(1024 * 1024, "a"));
    const parser = new EventStreamParser();
    expect(parser.push(line)).toBe(true);
    expect(parser.push(utf8("a"))).toBe(false);
  });

  it("takes time in proportion to the bytes, also in chunks of one, for lines and events without end", () => {
    const once = 300_000;
    const feed = (parser: EventStreamParser, text: string): void => {
      const bytes = utf8(text);
      for (let i = 0; i < once; i++) parser.push(bytes);
    };
    const sizes: number[] = [];
    const parser = new EventStreamParser({ onEvent: ({ data }) => sizes.push(data.length) });
    parser.push(utf8("data:"));
    feed(parser, "a");
    parser.push(utf8("\n"));
    feed(parser, "data\n");
    parser.push(utf8("\n"));
    expect(sizes).toEqual([once + once]);
    parser.push(utf8("no-colon\n".repeat(once)));
    expect(parser.error).toBeUndefined();
  });

  it("keeps no memory of the chunks", () => {
    const events: ServerSentEvent[] = [];
    const parser = new EventStreamParser({ onEvent: (item) => events.push(item) });
    for (const piece of ["data: ab", "c\nid: 1", "2\nevent: e\n", "\n"]) {
      const chunk = utf8(piece);
      parser.push(chunk);
      chunk.fill(0x2a);
    }
    expect(events).toEqual([event("abc", "12", "e")]);
  });

  it("reads on after a large event", () => {
    const large = "a".repeat(100_000);
    expect(readChunks([utf8(`data: ${large}`), utf8("\n\ndata: b\n\n")]).seen).toEqual([
      event(large),
      event("b"),
    ]);
  });
});

describe("EventStreamParser and its application", () => {
  it("calls handlers as methods of the options", () => {
    const events: string[] = [];
    class Reader {
      onEvent({ data }: ServerSentEvent): void {
        events.push(data);
        expect(this).toBe(reader);
      }
    }
    const reader = new Reader();
    new EventStreamParser(reader).push(utf8("data: a\n\n"));
    expect(events).toEqual(["a"]);
  });

  it("stops in the middle of a chunk when a handler ends it", () => {
    const events: string[] = [];
    const parser: EventStreamParser = new EventStreamParser({
      onEvent({ data }) {
        events.push(data);
        parser.end();
      },
    });
    expect(parser.push(utf8("data: a\n\ndata: b\n\n"))).toBe(true);
    expect(events).toEqual(["a"]);
  });

  it("refuses bytes after the end; ending twice is ending once", () => {
    const parser = new EventStreamParser();
    parser.end();
    parser.end();
    expect(() => parser.push(utf8("\n"))).toThrow(new Error("push was called after end"));
  });

  it("refuses to be pushed by its own handlers", () => {
    const parser: EventStreamParser = new EventStreamParser({
      onComment: () => void parser.push(utf8("\n")),
    });
    expect(() => parser.push(utf8(":\n"))).toThrow(/inside a handler/);
  });

  it("lets a handler's error through, and then reads no stream with a hole in it", () => {
    const parser = new EventStreamParser({
      onRetry() {
        throw new Error("mine");
      },
    });
    expect(() => parser.push(utf8("retry: 1\ndata: a\n\n"))).toThrow("mine");
    expect(() => parser.push(utf8("data: b\n\n"))).toThrow(/after a handler threw/);
    parser.end();
  });

  it.each([undefined, null, "data: a\n\n", [10], new ArrayBuffer(1), new DataView(new ArrayBuffer(1))])(
    "refuses the chunk %s",
    (chunk) => {
      const push = () => new EventStreamParser().push(chunk as unknown as Uint8Array);
      expect(push).toThrow(new TypeError("chunk must be a Uint8Array"));
    },
  );

  it("refuses options that are none, by name", () => {
    const make = (options: object) => () => new EventStreamParser(options as EventStreamOptions);
    for (const maxEventSize of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
      expect(make({ maxEventSize })).toThrow(new RangeError("maxEventSize must be a positive safe integer"));
    }
    for (const maxEventSize of ["1", null, 1n]) {
      expect(make({ maxEventSize })).toThrow(new TypeError("maxEventSize must be a number"));
    }
    for (const name of ["onEvent", "onComment", "onRetry"]) {
      expect(make({ [name]: "x" })).toThrow(new TypeError(`${name} must be a function`));
      expect(make({ [name]: undefined })).not.toThrow();
    }
    expect(make(null as unknown as object)).toThrow(TypeError);
  });
});
