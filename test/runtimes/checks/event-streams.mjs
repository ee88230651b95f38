/** Server-sent events: written, and read at every cut. */

import { EventStreamParser, encodeComment, encodeEvent } from "../../../dist/sse/index.js";
import { atEveryCut, bytesOf, concat } from "../suite.mjs";

const ENCODED = [
  [{ data: "hello" }, "data: hello\n\n"],
  [{ data: "two\nlines" }, "data: two\ndata: lines\n\n"],
  [{ data: "a\r\nb\rc" }, "data: a\ndata: b\ndata: c\n\n"],
  [{ data: " leading space" }, "data:  leading space\n\n"],
  [{ event: "tick", data: "1" }, "event: tick\ndata: 1\n\n"],
  [{ id: "7", data: "1" }, "id: 7\ndata: 1\n\n"],
  [{ data: "Zażółć 😀" }, "data: Zażółć 😀\n\n"],
];

const message = (data, lastEventId = "", type = "message") => ({ type, data, lastEventId });

const STREAMS = [
  ["an event", "data: a\n\n", [message("a")]],
  ["all line ends", "data: a\r\n\r\ndata: b\r\rdata: c\n\n", [message("a"), message("b"), message("c")]],
  ["several lines of data", "data: a\ndata\ndata:b\n\n", [message("a\n\nb")]],
  ["a byte order mark", "\ufeffdata: a\n\n", [message("a")]],
  ["types and ids", "event: x\nid: 1\ndata: a\n\ndata: b\n\n", [message("a", "1", "x"), message("b", "1")]],
  ["comments and unknown fields", ": no\nwhat: ever\ndata: a\n\n", [message("a")]],
  ["no event without data", "event: x\n\ndata: a\n\n", [message("a")]],
  ["no event at the end of the stream", "data: a\n\ndata: b\n", [message("a")]],
  ["characters of every size", "data: aé€😀\n\n", [message("aé€😀")]],
];

/** The events of a stream. */
function read(chunks) {
  const events = [];
  const onEvent = ({ type, data, lastEventId }) => void events.push({ type, data, lastEventId });
  const parser = new EventStreamParser({ onEvent });
  for (const chunk of chunks) parser.push(chunk);
  parser.end();
  return events;
}

export function checkEventStreams(suite) {
  for (const [fields, stream] of ENCODED) {
    suite.check(`written: ${JSON.stringify(fields)}`, () => encodeEvent(fields), bytesOf(stream));
    const data = fields.data.replaceAll("\r\n", "\n").replaceAll("\r", "\n");
    suite.check(`written and read: ${JSON.stringify(fields)}`, () => atEveryCut(encodeEvent(fields), read), [
      message(data, fields.id, fields.event),
    ]);
  }
  suite.check(
    "comments are not events",
    () => read([concat(encodeComment("keep alive"), encodeEvent({ data: "a" }))]),
    [message("a")],
  );
  for (const [title, stream, events] of STREAMS) {
    suite.check(`read: ${title}`, () => atEveryCut(bytesOf(stream), read), events);
  }
  suite.check(
    "what is not UTF-8 is replaced",
    () => read([Uint8Array.of(...bytesOf("data: "), 0xff, 10, 10)]),
    [message("\ufffd")],
  );
}
