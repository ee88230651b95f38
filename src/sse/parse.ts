/**
 * Chapter 14.3 — Reading an event stream (WHATWG HTML §9.2.6).
 *
 * Bytes in, in pieces of any size; events out, each as soon as the empty line behind it is there. What comes out
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
  /** The last event ID string of §9.2.6: what to send as Last-Event-ID when connecting again, unless it is empty. */
  lastEventId = "";
  /** What the stream has asked for, in milliseconds; `undefined` until it does. Longer than a timer may take. */
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
  readonly #data = new ByteBuffer();
  #eventType = "";
  #lastEventId = "";

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
    this.#data.take();
  }

  /** Reads a line, or as much of it as there is, and returns where the next begins. */
  #readLine(chunk: Uint8Array, start: number): number {
    if (this.#afterCr) {
      this.#afterCr = false;
      if (chunk[start] === LF) return start + 1;
    }
    const end = endOfLine(chunk, start);
    // Before anything is copied, and alike for a line in one piece and one in many.
    if (end - start > this.#maxEventSize - this.#line.length - this.#data.length) {
      this.#fail();
      return end;
    }
    const isWhole = end < chunk.length;
    if (isWhole && this.#line.length === 0) {
      this.#afterCr = chunk[end] === CR;
      this.#interpretLine(chunk, start, end);
    } else {
      this.#line.append(chunk, start, end);
      if (isWhole) {
        this.#afterCr = chunk[end] === CR;
        const line = this.#line.view();
        empty(this.#line);
        this.#interpretLine(line, 0, line.length);
      }
    }
    return end + 1;
  }
}
