import { describe, expect, it } from "vitest";
import { EVENT_STREAM_TYPE, type EventFields, encodeComment, encodeEvent } from "../../src/sse/encode.ts";
import { EventStreamParser, type ServerSentEvent } from "../../src/sse/parse.ts";

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (bytes: Uint8Array): string => new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);

/** What a program without types may pass. */
const untyped = (fields: unknown): EventFields => fields as EventFields;

/** Everything a client sees in a stream. */
function read(stream: Uint8Array) {
  const events: ServerSentEvent[] = [];
  const comments: string[] = [];
  const parser = new EventStreamParser({
    onEvent: (event) => events.push(event),
    onComment: (comment) => comments.push(comment),
  });
  parser.push(stream);
  parser.end();
  return { events, comments, id: parser.lastEventId, retry: parser.reconnectionTime };
}

describe("encodeEvent", () => {
  it("[WHATWG-SSE-9.2.5-02] [WHATWG-SSE-9.2.5-04] writes each field on a line of its own and an empty line behind them", () => {
    const bytes = encodeEvent({ data: "hello", event: "greeting", id: "7", retry: 1500 });
    expect(text(bytes)).toBe("event: greeting\nid: 7\nretry: 1500\ndata: hello\n\n");
    expect(text(encodeEvent({ id: "7" }))).toBe("id: 7\n\n");
    expect(text(encodeEvent({ retry: 0 }))).toBe("retry: 0\n\n");
    expect(text(encodeEvent({ retry: Number.MAX_SAFE_INTEGER }))).toBe("retry: 9007199254740991\n\n");
    expect(text(encodeEvent({ retry: -0 }))).toBe("retry: 0\n\n");
  });

  it.each([
    ["", ["data: "]],
    ["a\nb", ["data: a", "data: b"]],
    ["a\rb", ["data: a", "data: b"]],
    ["a\r\nb", ["data: a", "data: b"]],
    ["\n", ["data: ", "data: "]],
    ["a\n", ["data: a", "data: "]],
    ["\r\r\n\n", ["data: ", "data: ", "data: ", "data: "]],
    ["\n\r", ["data: ", "data: ", "data: "]],
    ["a\u2028b\u0085c\vd\fe", ["data: a\u2028b\u0085c\vd\fe"]],
    [" a", ["data:  a"]],
    ["\ufeffa", ["data: \ufeffa"]],
    ["a\0b", ["data: a\0b"]],
    ["\ud800", ["data: \ufffd"]],
  ])(
    "[WHATWG-SSE-9.2.5-05] gives each line of the data %j a field of its own, as text and as bytes",
    (data, lines) => {
      const expected = `${lines.join("\n")}\n\n`;
      expect(text(encodeEvent({ data }))).toBe(expected);
      expect(text(encodeEvent({ data: utf8(data) }))).toBe(expected);
      expect(text(encodeEvent({ id: "1", data: utf8(data) }))).toBe(`id: 1\n${expected}`);
    },
  );

  it("passes bytes on undecoded, also those that are not UTF-8, and leaves the application's as they are", () => {
    const data = Uint8Array.of(0xff, 0xc3, 0x0a, 0xed, 0xa0, 0x80);
    const before = data.slice();
    const bytes = encodeEvent({ data });
    expect([...bytes]).toEqual([
      ...utf8("data: "),
      0xff,
      0xc3,
      0x0a,
      ...utf8("data: "),
      0xed,
      0xa0,
      0x80,
      10,
      10,
    ]);
    expect(data).toEqual(before);
  });

  it("returns memory of its own, of just the size of the event", () => {
    for (const data of ["a\nb", utf8("a\nb"), new Uint8Array(0)]) {
      const bytes = encodeEvent({ data });
      expect(bytes.byteOffset).toBe(0);
      expect(bytes.buffer.byteLength).toBe(bytes.length);
    }
  });

  it("[WHATWG-SSE-9.2.5-03] writes UTF-8", () => {
    expect(encodeEvent({ event: "é", id: "€", data: "😀" })).toEqual(utf8("event: é\nid: €\ndata: 😀\n\n"));
  });

  it("begins no stream with a byte order mark, whatever it is given", () => {
    const fields: EventFields[] = [
      { data: "\ufeff" },
      { id: "\ufeff" },
      { event: "\ufeff", data: utf8("\ufeff") },
    ];
    for (const bytes of [...fields.map(encodeEvent), encodeComment("\ufeff")])
      expect(bytes[0]).toBeLessThan(0x80);
  });

  it("refuses an event that no client would notice", () => {
    expect(() => encodeEvent({})).toThrow(
      new TypeError("fields must have at least one of event, id, data and retry"),
    );
    expect(() => encodeEvent(untyped({ name: "x", id: undefined }))).toThrow(/at least one/);
    expect(() => encodeEvent({ event: "x" })).toThrow(/^event has no effect without data/);
    expect(() => encodeEvent({ event: "", id: "1", retry: 1 })).toThrow(/^event has no effect without data/);
  });

  it("ignores fields that it does not know", () => {
    expect(text(encodeEvent(untyped({ data: "a", "x\ndata: y": "b" })))).toBe("data: a\n\n");
  });

  it("asks for each field once, so that what was checked is what is written", () => {
    const asked: string[] = [];
    const answer = (name: string) => {
      const again = asked.includes(name);
      asked.push(name);
      if (again) return "x\n\ndata: y";
      return name === "retry" ? 1 : "x";
    };
    const fields = new Proxy({}, { get: (_, name) => answer(String(name)) });
    expect(text(encodeEvent(fields))).toBe("event: x\nid: x\nretry: 1\ndata: x\n\n");
    expect(asked.sort()).toEqual(["data", "event", "id", "retry"]);
  });
});

describe("encodeEvent and hostile input", () => {
  const injections = [
    "\n",
    "\r",
    "\r\n",
    "\n\n",
    "\r\r",
    "\n\r",
    "a\ndata: b",
    "a\rdata: b",
    "a\r\ndata: b",
    "a\n\ndata: b\n\n",
    "a\r\rdata: b\r\r",
    "a\r\n\r\ndata: b\r\n\r\n",
    "a\nid: 9",
    "a\revent: b",
    "a\nretry: 1",
    "a\n: comment",
    "a\n",
    "\ra",
    "\0",
    "a\0b",
    "a\0\nb",
  ];
  const harmless = [
    "",
    " ",
    "  a ",
    ":",
    ": a",
    "data: a",
    "a\u2028b",
    "a\u2029b",
    "a\u0085b",
    "a\vb\fc",
    "\\n",
    "\ufeff",
    "\ufeffdata: a",
    "\ud800",
    "a\udc00",
    "\u010a\u010d\u560a\u560d", // code units whose low bytes are LF and CR
    "e\u0301",
    "\u200b",
    "\x7f",
    "__proto__",
  ];

  const asRead = (value: string): string => text(utf8(value));

  for (const value of injections) {
    it.each(["event", "id"])(
      `[WHATWG-SSE-9.2.5-05] refuses ${JSON.stringify(value)} in %s, by name`,
      (name) => {
        const message = `${name} must not contain CR, LF or NUL`;
        expect(() => encodeEvent({ data: "x", [name]: value })).toThrow(new TypeError(message));
      },
    );
  }

  it.each([...injections, ...harmless])("keeps %j inside the data, and inside a comment", (value) => {
    const lines = asRead(value).split(/\r\n|\r|\n/);
    for (const content of [value, utf8(value)]) {
      const { events, comments, ...rest } = read(encodeEvent({ data: content }));
      expect(events).toEqual([{ type: "message", data: lines.join("\n"), lastEventId: "" }]);
      expect([comments, rest]).toEqual([[], { id: "", retry: undefined }]);
      expect(read(encodeComment(content))).toEqual({ events: [], comments: lines, id: "", retry: undefined });
    }
  });

  it.each(harmless)("keeps %j inside an event's type and id", (value) => {
    const { events, comments, ...rest } = read(encodeEvent({ event: value, id: value, data: "x" }));
    const id = asRead(value);
    expect(events).toEqual([{ type: id === "" ? "message" : id, data: "x", lastEventId: id }]);
    expect([comments, rest]).toEqual([[], { id, retry: undefined }]);
  });

  it.each([
    "1",
    "1\ndata: x",
    "",
    null,
    true,
    1n,
    [],
    [1],
    {},
    { toString: () => "1\n\ndata: x" },
    { valueOf: () => 1 },
    new Date(0),
    Object(1),
    () => 1,
    Symbol("1"),
  ])("refuses a retry that is no number: %s", (retry) => {
    expect(() => encodeEvent(untyped({ retry }))).toThrow(new TypeError("retry must be a number"));
  });

  it.each([-1, 0.5, 1e21, 2 ** 53, -(2 ** 53), Number.NaN, Number.POSITIVE_INFINITY, Number.MIN_VALUE])(
    "refuses the retry %d",
    (retry) => {
      expect(() => encodeEvent({ retry })).toThrow(
        new RangeError("retry must be a non-negative safe integer"),
      );
    },
  );

  const strangers: [string, unknown][] = [
    ["null", null],
    ["a number", 1],
    ["a boolean", false],
    ["an array", ["a\nb"]],
    ["an object", {}],
    ["an object that turns into a string", { toString: () => "a\n\ndata: b" }],
    ["a String object", Object("a")],
    ["a function", () => "a"],
    ["an ArrayBuffer", new ArrayBuffer(1)],
    ["a DataView", new DataView(new ArrayBuffer(1))],
    ["other numbers than bytes", new Uint16Array(1)],
    ["something that says it is bytes", { length: 1, 0: 10, [Symbol.toStringTag]: "Uint8Array" }],
  ];

  it.each(strangers)("refuses %s as data, event, id and comment, by name", (_, value) => {
    expect(() => encodeEvent(untyped({ data: value }))).toThrow(
      new TypeError("data must be a string or a Uint8Array"),
    );
    for (const name of ["event", "id"]) {
      const fields = untyped({ data: "", [name]: value });
      expect(() => encodeEvent(fields)).toThrow(new TypeError(`${name} must be a string`));
    }
    expect(() => encodeComment(value as string)).toThrow(
      new TypeError("text must be a string or a Uint8Array"),
    );
  });

  it.each([undefined, null, 1, "data: x\n\n"])("refuses %j instead of fields", (fields) => {
    expect(() => encodeEvent(untyped(fields))).toThrow(new TypeError("fields must be an object"));
  });

  it("takes time in proportion to the data, however many lines they have", () => {
    for (const unit of ["\n", "\r", "\r\n", "a\r"]) {
      const data = unit.repeat(200_000);
      const lines = 200_000 + 1;
      const size = lines * "data: \n".length + (unit.startsWith("a") ? 200_000 : 0) + 1;
      expect(encodeEvent({ data })).toHaveLength(size);
      expect(encodeEvent({ data: utf8(data) })).toHaveLength(size);
    }
  });
});

describe("encodeComment", () => {
  it("[WHATWG-SSE-9.2.7-01] writes a comment for each line, ended by an empty line like an event", () => {
    expect(text(encodeComment("still here"))).toBe(": still here\n\n");
    expect(text(encodeComment(""))).toBe(": \n\n");
    expect(text(encodeComment("a\r\nb\rc"))).toBe(": a\n: b\n: c\n\n");
    expect(text(encodeComment(utf8("a\r\nb\rc")))).toBe(": a\n: b\n: c\n\n");
  });
});

it("[WHATWG-SSE-9.2.5-01] names the MIME type of the format", () => {
  expect(EVENT_STREAM_TYPE).toBe("text/event-stream");
});
