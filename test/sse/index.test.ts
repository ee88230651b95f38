import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as sse from "../../src/sse/index.ts";

const { encodeComment, encodeEvent, EventStreamParser } = sse;

/** Text in which everything that means something to the format is frequent. */
const anyText = fc
  .array(
    fc.oneof(
      fc.constantFrom("\n", "\r", ":", " ", "\ufeff", "data", "id: ", "\0", "\ud800", "a"),
      fc.string(),
    ),
  )
  .map((pieces) => pieces.join(""));
const anyLine = anyText.map((text) => text.replace(/[\0\r\n]/g, "-"));

/** What of a text can arrive: §9.2.6 joins lines with LF, and UTF-8 has no lone surrogates. */
const arriving = (text: string): string =>
  new TextDecoder("utf-8", { ignoreBOM: true }).decode(
    new TextEncoder().encode(text.replace(/\r\n|\r/g, "\n")),
  );

const anyEvent: fc.Arbitrary<sse.EventFields> = fc.oneof(
  fc.record(
    { data: anyText, event: anyLine, id: anyLine, retry: fc.maxSafeNat() },
    { requiredKeys: ["data"], noNullPrototype: true },
  ),
  fc.record({ id: anyLine }, { noNullPrototype: true }),
  fc.record({ retry: fc.maxSafeNat(), id: anyLine }, { noNullPrototype: true }),
);

const anyItem = fc.oneof(
  { weight: 4, arbitrary: anyEvent },
  { weight: 1, arbitrary: anyText.map((comment) => ({ comment })) },
);

describe("framewright/sse", () => {
  it("exports both directions of the format", () => {
    expect(Object.keys(sse).sort()).toEqual([
      "EVENT_STREAM_TYPE",
      "EventStreamError",
      "EventStreamParser",
      "encodeComment",
      "encodeEvent",
    ]);
  });

  it("[WHATWG-SSE-9.2.6-17] reads what it has written, as text or as bytes, however it is cut", () => {
    const cuts = fc.array(fc.nat(400), { maxLength: 8 });
    fc.assert(
      fc.property(
        fc.array(anyItem, { maxLength: 6 }),
        fc.boolean(),
        fc.boolean(),
        cuts,
        (items, bytes, single, at) => {
          const content = (text: string) => (bytes ? new TextEncoder().encode(text) : text);
          const expected: unknown[] = [];
          const stream: number[] = [];
          let lastEventId = "";
          for (const item of items) {
            if ("comment" in item) {
              stream.push(...encodeComment(content(item.comment)));
              expected.push(...arriving(item.comment).split("\n"));
              continue;
            }
            const { data, event, id, retry } = item as { data?: string } & sse.EventFields;
            stream.push(...encodeEvent(data === undefined ? item : { ...item, data: content(data) }));
            if (retry !== undefined) expected.push(retry);
            if (id !== undefined) lastEventId = arriving(id);
            const type = event === undefined || event === "" ? "message" : arriving(event);
            if (data !== undefined) expected.push({ type, data: arriving(data), lastEventId });
          }

          const read: unknown[] = [];
          const take = (item: unknown): void => void read.push(item);
          const parser = new EventStreamParser({ onEvent: take, onComment: take, onRetry: take });
          const whole = Uint8Array.from(stream);
          const ends = single
            ? stream.map((_, i) => i)
            : at.filter((cut) => cut < stream.length).sort((a, b) => a - b);
          let start = 0;
          for (const end of [...ends, stream.length]) {
            parser.push(whole.subarray(start, end));
            start = end;
          }
          expect(read).toEqual(expected);
          expect(parser.lastEventId).toBe(lastEventId);
          expect(parser.error).toBeUndefined();
        },
      ),
      { numRuns: 500 },
    );
  });
});
