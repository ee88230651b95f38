/**
 * Target: writing an event stream (WHATWG HTML §9.2.5): what is written is read as exactly one event, or refused.
 *
 * Settings: which fields there are, how long type and id are, data as text or bytes, how to chop.
 */

import { type EventFields, encodeComment, encodeEvent } from "../../src/sse/encode.ts";
import { EventStreamParser, type ServerSentEvent } from "../../src/sse/parse.ts";
import { check, checkSame } from "../check.ts";
import type { Target } from "../executor.ts";
import { cut, Input } from "../input.ts";
import { sseDictionary } from "./sse-parser.ts";

function run(data: Uint8Array): number {
  const input = new Input(data);
  const present = input.byte();
  const [eventLength, idLength] = [input.byte() % 16, input.byte() % 16];
  const asBytes = input.flag();
  const retry = input.byte() * 1000;
  const pattern = input.byte();
  const rest = input.rest();

  const content = rest.subarray(eventLength + idLength);
  const text = decode(content);
  const fields: EventFields = {};
  if ((present & 1) !== 0) fields.event = decode(rest.subarray(0, eventLength));
  if ((present & 2) !== 0) fields.id = decode(rest.subarray(eventLength, eventLength + idLength));
  if ((present & 4) !== 0) fields.data = asBytes ? content : text;
  if ((present & 8) !== 0) fields.retry = retry;
  if (isRefusable(fields)) {
    check(throwsTypeError(fields), "encodeEvent: it writes what cannot arrive", fields);
  } else {
    checkArrival(fields, text, cut(encodeEvent(fields), pattern));
  }

  const comments = read(cut(encodeComment(asBytes ? content : text), pattern));
  checkSame(comments.events, [], "encodeComment: a comment becomes an event");
  checkSame(comments.comments.join("\n"), withLineFeeds(text), "encodeComment: another comment arrives");
  return data.length;
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
}

function withLineFeeds(text: string): string {
  return text.replaceAll(/\r\n|\r/g, "\n");
}

/** Line ends and NUL where there is one line; an event type without data; nothing at all. */
function isRefusable({ event, id, data, retry }: EventFields): boolean {
  if (/[\r\n\0]/.test(`${event}${id}`)) return true;
  if (event !== undefined && data === undefined) return true;
  return id === undefined && data === undefined && retry === undefined;
}

function throwsTypeError(fields: EventFields): boolean {
  try {
    encodeEvent(fields);
    return false;
  } catch (error) {
    return error instanceof TypeError;
  }
}

function checkArrival(
  { event, id = "", data, retry }: EventFields,
  text: string,
  chunks: Iterable<Uint8Array>,
): void {
  const told = read(chunks);
  const type = event === undefined || event === "" ? "message" : event;
  const expected = data === undefined ? [] : [{ type, data: withLineFeeds(text), lastEventId: id }];
  checkSame(told.events, expected, "encodeEvent: another event arrives");
  checkSame(told.lastEventId, id, "encodeEvent: another id arrives");
  checkSame(told.reconnectionTime, retry, "encodeEvent: another reconnection time arrives");
  checkSame(told.comments, [], "encodeEvent: a field becomes a comment");
}

function read(chunks: Iterable<Uint8Array>) {
  const events: ServerSentEvent[] = [];
  const comments: string[] = [];
  const parser = new EventStreamParser({
    onEvent: (event) => void events.push(event),
    onComment: (comment) => void comments.push(comment),
  });
  for (const chunk of chunks) parser.push(chunk);
  const { lastEventId, reconnectionTime } = parser;
  return { events, comments, lastEventId, reconnectionTime };
}

export const target: Target = { run, settings: 6, dictionary: sseDictionary };
