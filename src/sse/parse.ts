/**
 * Chapter 7.3 — Reading an event stream (WHATWG HTML §9.2.6).
 *
 * Bytes in, in pieces of any size; events out, each as soon as the empty line behind it is there, as §9.2.5 wishes. What comes out
 * does not depend on how the bytes were cut. Whatever they are, `push` does not throw because of them: there is no
 * syntax error in this format, only fields that are ignored, and one limit.
 *
 * The file owns the buffers of §9.2.6: data, event type, last event ID.
 * What it must not know: HTTP, reconnecting, time.
 * Next: index.ts.
 */

import { ByteBuffer } from "../bytes.ts";
import { CR, endOfLine, LF } from "./lines.ts";

export interface ServerSentEvent {
  /** "message", unless the stream named another type. */
  readonly type: string;
  readonly data: string;
  /** The last id the stream has sent up to here, in this event or an earlier one; "" if none. */
  readonly lastEventId: string;
}

export interface EventStreamOptions {
  onEvent?(event: ServerSentEvent): void;
  /** A comment, without its colon and one space: clients ignore comments, people who look at a stream do not. */
  onComment?(text: string): void;
  /** The server has set the reconnection time. */
  onRetry?(milliseconds: number): void;
  /** The most bytes held of one event: the data gathered and the line that is arriving. Default: 1 MiB. */
  maxEventSize?: number;
}

/** Why the parser gave up. It is a value in `EventStreamParser.error`; it is never thrown. */
export class EventStreamError extends Error {
  override readonly name: string = "EventStreamError";
}

const DEFAULT_MAX_EVENT_SIZE = 1024 * 1024;

/** An event larger than this leaves no memory behind when it is gone. */
const KEPT_CAPACITY = 4096;

const COLON = 0x3a;
const SPACE = 0x20;
const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;
const LINE_FEED: Uint8Array = Uint8Array.of(LF);

const encoder = new TextEncoder();
const EVENT: Uint8Array = encoder.encode("event");
const DATA: Uint8Array = encoder.encode("data");
const ID: Uint8Array = encoder.encode("id");
const RETRY: Uint8Array = encoder.encode("retry");
const BYTE_ORDER_MARK: Uint8Array = encoder.encode("\ufeff");

/** §9.2.6 asks for replacement of what is not UTF-8. A byte order mark is removed from the stream, not from values. */
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** One stream's parser: a new connection needs a new one, which begins with empty buffers. */
export class EventStreamParser {
  /** The last event ID string of §9.2.6: what to send as Last-Event-ID (§9.2.4) when connecting again, unless empty. */
  lastEventId = "";
  /** What the stream has asked for, in milliseconds; `undefined` until it does. It may be more than a timer takes. */
  reconnectionTime: number | undefined;
  /** Set once the stream has passed `maxEventSize`: nothing more is read from it. */
  error: EventStreamError | undefined;

  readonly #options: EventStreamOptions;
  readonly #maxEventSize: number;
  /** The beginning of a line whose end has not arrived. */
  readonly #line = new ByteBuffer();
  #isFirstLine = true;
  /** The last line ended with CR: an LF that follows, perhaps in the next chunk, belongs to the same line end. */
  #afterCr = false;
  /** Between `push` and its return, and for ever if a handler throws: then the rest of its chunk is lost. */
  #busy = false;
  #ended = false;

  // The buffers of §9.2.6.
  readonly #dataBuffer = new ByteBuffer();
  #eventTypeBuffer = "";
  #lastEventIdBuffer = "";

  constructor(options: EventStreamOptions = {}) {
    const { maxEventSize = DEFAULT_MAX_EVENT_SIZE } = options;
    if (typeof maxEventSize !== "number") throw new TypeError("maxEventSize must be a number");
    if (!Number.isSafeInteger(maxEventSize) || maxEventSize < 1) {
      throw new RangeError("maxEventSize must be a positive safe integer");
    }
    for (const name of ["onEvent", "onComment", "onRetry"] as const) {
      const handler: unknown = options[name];
      if (handler !== undefined && typeof handler !== "function") {
        throw new TypeError(`${name} must be a function`);
      }
    }
    this.#options = options;
    this.#maxEventSize = maxEventSize;
  }

  /**
   * Reads the next bytes and hands out what they complete. Returns whether there is any use in reading on: false
   * after `error` was set. Nothing of `chunk` is kept but copies.
   */
  push(chunk: Uint8Array): boolean {
    if (!(chunk instanceof Uint8Array)) throw new TypeError("chunk must be a Uint8Array");
    if (this.#ended) throw new Error("push was called after end");
    if (this.#busy) throw new Error("push was called inside a handler, or after a handler threw");
    this.#busy = true;
    for (let start = 0; start < chunk.length && this.error === undefined && !this.#ended; ) {
      start = this.#readLine(chunk, start);
    }
    this.#busy = false;
    return this.error === undefined;
  }

  /** The end of the stream. §9.2.6: an event whose empty line has not arrived is discarded. */
  end(): void {
    this.#ended = true;
    this.#line.take();
    this.#dataBuffer.take();
  }

  /** Reads a line, or as much of it as there is, and returns where the next begins. */
  #readLine(chunk: Uint8Array, start: number): number {
    if (this.#afterCr) {
      this.#afterCr = false;
      if (chunk[start] === LF) return start + 1;
    }
    const end = endOfLine(chunk, start);
    // Before anything is copied, and alike for a line in one piece and one in many.
    if (end - start > this.#maxEventSize - this.#line.length - this.#dataBuffer.length) {
      this.#fail();
      return end;
    }
    if (end === chunk.length) {
      this.#line.append(chunk, start, end);
      return end;
    }
    this.#afterCr = chunk[end] === CR;
    if (this.#line.length === 0) {
      this.#interpretLine(chunk, start, end);
    } else {
      this.#line.append(chunk, start, end);
      this.#interpretLine(this.#line.view(), 0, this.#line.length);
      empty(this.#line);
    }
    return end + 1;
  }

  #fail(): void {
    this.error = new EventStreamError(`An event is larger than ${this.#maxEventSize} bytes (maxEventSize).`);
    this.#line.take();
    this.#dataBuffer.take();
  }

  #interpretLine(bytes: Uint8Array, lineStart: number, end: number): void {
    let start = lineStart;
    if (this.#isFirstLine) {
      this.#isFirstLine = false;
      const afterMark = start + BYTE_ORDER_MARK.length;
      if (afterMark <= end && equals(BYTE_ORDER_MARK, bytes, start, afterMark)) start = afterMark;
    }
    if (start === end) {
      this.#dispatch();
      return;
    }
    let colon = start;
    while (colon < end && bytes[colon] !== COLON) colon++;
    let valueStart = Math.min(colon + 1, end);
    if (valueStart < end && bytes[valueStart] === SPACE) valueStart++;
    if (colon === start) this.#options.onComment?.(decoder.decode(bytes.subarray(valueStart, end)));
    else this.#processField(bytes, start, colon, valueStart, end);
  }

  /** Names are compared literally, and a field with any other name is ignored. */
  #processField(bytes: Uint8Array, start: number, colon: number, valueStart: number, end: number): void {
    if (equals(DATA, bytes, start, colon)) {
      this.#dataBuffer.append(bytes, valueStart, end);
      this.#dataBuffer.append(LINE_FEED);
    } else if (equals(EVENT, bytes, start, colon)) {
      this.#eventTypeBuffer = decoder.decode(bytes.subarray(valueStart, end));
    } else if (equals(ID, bytes, start, colon)) {
      const value = bytes.subarray(valueStart, end);
      if (!value.includes(0)) this.#lastEventIdBuffer = decoder.decode(value);
    } else if (equals(RETRY, bytes, start, colon)) {
      const time = parseDigits(bytes, valueStart, end);
      if (time === undefined) return;
      this.reconnectionTime = time;
      this.#options.onRetry?.(time);
    }
  }

  #dispatch(): void {
    // Also without data: so a server can move the id on, or reset it, and no listener hears of it.
    this.lastEventId = this.#lastEventIdBuffer;
    const type = this.#eventTypeBuffer === "" ? "message" : this.#eventTypeBuffer;
    this.#eventTypeBuffer = "";
    if (this.#dataBuffer.length === 0) return;
    const data = decoder.decode(this.#dataBuffer.view().subarray(0, -LINE_FEED.length));
    empty(this.#dataBuffer);
    this.#options.onEvent?.({ type, data, lastEventId: this.lastEventId });
  }
}

/**
 * The integer that ASCII digits write, or `undefined` if there is anything else.
 *
 * Decision: no digits are no integer, so an empty `retry` is ignored; and an integer too large to be exact is read as
 * the largest exact one, 285 000 years.
 */
function parseDigits(bytes: Uint8Array, start: number, end: number): number | undefined {
  if (start === end) return undefined;
  let value = 0;
  for (let i = start; i < end; i++) {
    const byte = bytes[i]!;
    if (byte < DIGIT_0 || byte > DIGIT_9) return undefined;
    value = Math.min(value * 10 + (byte - DIGIT_0), Number.MAX_SAFE_INTEGER);
  }
  return value;
}

/** Whether `bytes[start, end)` is exactly `name`. */
function equals(name: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start !== name.length) return false;
  for (let i = 0; i < name.length; i++) if (bytes[start + i] !== name[i]) return false;
  return true;
}

function empty(buffer: ByteBuffer): void {
  if (buffer.bytes.length > KEPT_CAPACITY) buffer.take();
  else buffer.clear();
}
