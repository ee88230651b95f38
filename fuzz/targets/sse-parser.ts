/**
 * Target: reading an event stream (WHATWG HTML §9.2.6), whole and chopped, judged against a plain reading of it.
 *
 * Settings: limit, how to chop.
 */

import { EventStreamParser, type ServerSentEvent } from "../../src/sse/parse.ts";
import { bytesOf } from "../../test/helpers/frames.ts";
import { check, checkSame } from "../check.ts";
import type { Target } from "../executor.ts";
import { cut, Input } from "../input.ts";

const LIMITS: readonly number[] = [1 << 20, 1, 16, 200];

function run(data: Uint8Array): number {
  const input = new Input(data);
  const maxEventSize = input.pick(LIMITS);
  const pattern = input.byte();
  const stream = input.rest();

  const whole = parse([stream], maxEventSize);
  checkSame(
    parse(cut(stream, pattern), maxEventSize),
    whole,
    "EventStreamParser: chopped, it tells something else",
  );
  for (const { data: text } of whole.events) {
    // A byte that is not UTF-8 becomes U+FFFD, one code unit: there are never more units than bytes.
    check(text.length <= maxEventSize, "EventStreamParser: an event is larger than the limit", text.length);
  }
  if (whole.failed) return data.length;
  const { failed, ...told } = whole;
  checkSame(told, plainReading(stream), "EventStreamParser: it disagrees with a plain reading of the stream");
  return data.length;
}

interface Told {
  events: ServerSentEvent[];
  comments: string[];
  retries: number[];
  lastEventId: string;
}

function parse(chunks: Iterable<Uint8Array>, maxEventSize: number): Told & { failed: boolean } {
  const events: ServerSentEvent[] = [];
  const comments: string[] = [];
  const retries: number[] = [];
  const parser = new EventStreamParser({
    maxEventSize,
    onEvent: (event) => void events.push(event),
    onComment: (text) => void comments.push(text),
    onRetry: (milliseconds) => void retries.push(milliseconds),
  });
  for (const chunk of chunks) if (!parser.push(chunk)) break;
  parser.end();
  const { lastEventId, error } = parser;
  return { events, comments, retries, lastEventId, failed: error !== undefined };
}

/** The algorithm of §9.2.6 over the whole stream as a string, one line after the other. */
function plainReading(stream: Uint8Array): Told {
  const told: Told = { events: [], comments: [], retries: [], lastEventId: "" };
  const lines = new TextDecoder().decode(stream).split(/\r\n|\n|\r/);
  // What is behind the last line end is no line.
  lines.pop();
  let [data, type, id] = ["", "", ""];
  for (const line of lines) {
    const [, field, value] = /^([^:]*)(?:: ?(.*))?$/s.exec(line)!;
    if (line === "") {
      told.lastEventId = id;
      if (data !== "")
        told.events.push({ type: type || "message", data: data.slice(0, -1), lastEventId: id });
      [data, type] = ["", ""];
    } else if (field === "") told.comments.push(value ?? "");
    else if (field === "data") data += `${value ?? ""}\n`;
    else if (field === "event") type = value ?? "";
    else if (field === "id" && value?.includes("\0") !== true) id = value ?? "";
    else if (field === "retry" && /^[0-9]+$/.test(value ?? "")) {
      told.retries.push(Math.min(Number(value), Number.MAX_SAFE_INTEGER));
    }
  }
  return told;
}

export const sseDictionary: readonly Uint8Array[] = [
  ...[
    "data",
    "data:",
    "data: ",
    "event: ",
    "id: ",
    "id",
    "retry: 10",
    ":",
    ": ",
    "\n",
    "\n\n",
    "\r",
    "\r\n",
    "\r\n\r\n",
  ],
  ...["\ufeff", "\0", "ä", "😀", "message", "99999999999999999999"],
].map(bytesOf);

export const target: Target = { run, settings: 2, dictionary: sseDictionary };
