/**
 * Chapter 7.4 — What "framewright/sse" exports: server-sent events as bytes, in both directions.
 *
 * To serve a stream, answer with `EVENT_STREAM_TYPE` and write what `encodeEvent` returns; to read one, push what
 * arrives into an `EventStreamParser`.
 */

export { EVENT_STREAM_TYPE, type EventFields, encodeComment, encodeEvent } from "./encode.ts";
export {
  EventStreamError,
  type EventStreamOptions,
  EventStreamParser,
  type ServerSentEvent,
} from "./parse.ts";
