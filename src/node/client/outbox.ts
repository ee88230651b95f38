/**
 * Chapter 10.11 — Messages that wait for a connection: a bounded queue.
 *
 * While there is no connection, what the application sends is kept here, in order, and leaves when there is one. That
 * may be long, so there is a limit to the bytes; and since an empty message has none, a limit to the messages too.
 * Beyond the limits somebody loses: the policy says who.
 *
 *     drop-newest    the message that does not fit is refused; whoever sent it is told, and what is kept stays kept
 *     drop-oldest    the oldest make room, though they had been accepted: for news that supersedes old news
 *
 * Decision: drop-newest by default, so that "kept" is a promise. Either way, what could never fit displaces nothing.
 * What this file must not know: connections, when there is one.
 * Next: retry-policy.ts.
 */

import { oneOf, size } from "../options.ts";
import type { Message } from "../peer.ts";

export interface OutboxOptions {
  /** The most bytes that wait: text counts as its UTF-8. Default 1 MiB. */
  maxBytes?: number;
  /** The most messages that wait. 0: none does. Default 1024. */
  maxMessages?: number;
  /** Who gives way when there is no room. Default "drop-newest". */
  onFull?: "drop-oldest" | "drop-newest";
}

export type OutboxSettings = Readonly<Required<OutboxOptions>>;

export const OUTBOX_DEFAULTS: OutboxSettings = {
  maxBytes: 1024 * 1024,
  maxMessages: 1024,
  onFull: "drop-newest",
};

export function outboxSettings(options: OutboxOptions = {}): OutboxSettings {
  if (typeof options !== "object" || options === null) throw new TypeError("outbox: must be an object");
  const { maxBytes = OUTBOX_DEFAULTS.maxBytes, maxMessages = OUTBOX_DEFAULTS.maxMessages } = options;
  const { onFull = OUTBOX_DEFAULTS.onFull } = options;
  return {
    maxBytes: size("outbox.maxBytes", maxBytes),
    maxMessages: size("outbox.maxMessages", maxMessages),
    onFull: oneOf("outbox.onFull", onFull, ["drop-oldest", "drop-newest"]),
  };
}

/** A message in the queue. It knows the one behind it, so that taking the first is the same for a queue of any length. */
interface Waiting {
  readonly message: Message;
  readonly bytes: number;
  next: Waiting | undefined;
}

export class Outbox {
  readonly #settings: OutboxSettings;
  #first: Waiting | undefined;
  #last: Waiting | undefined;
  #bytes = 0;
  #length = 0;
  #dropped = 0;

  constructor(settings: OutboxSettings) {
    this.#settings = settings;
  }

  /** How many bytes wait. */
  get bytes(): number {
    return this.#bytes;
  }

  /** How many messages wait. */
  get length(): number {
    return this.#length;
  }

  /** How many messages have given way: those that were refused, and those that made room. */
  get dropped(): number {
    return this.#dropped;
  }

  /** What becomes of this message. Bytes are copied: the caller may use its array again. */
  put(message: Message): "kept" | "dropped" {
    const bytes = typeof message === "string" ? Buffer.byteLength(message) : message.length;
    if (!this.#makeRoom(bytes)) {
      this.#dropped++;
      return "dropped";
    }
    // `slice` would not copy a Buffer.
    const kept = typeof message === "string" ? message : new Uint8Array(message);
    this.#append({ message: kept, bytes, next: undefined });
    return "kept";
  }

  /** The first message, which stays. */
  peek(): Message | undefined {
    return this.#first?.message;
  }

  /** Takes the first message. */
  shift(): Message | undefined {
    const first = this.#first;
    if (first === undefined) return undefined;
    this.#first = first.next;
    if (this.#first === undefined) this.#last = undefined;
    this.#bytes -= first.bytes;
    this.#length--;
    return first.message;
  }

  /** Lets all of them go, and says how many there were. They have not given way to others: `dropped` stays. */
  clear(): number {
    const count = this.#length;
    this.#first = this.#last = undefined;
    this.#bytes = this.#length = 0;
    return count;
  }

  #makeRoom(bytes: number): boolean {
    const { maxBytes, maxMessages, onFull } = this.#settings;
    if (bytes > maxBytes || maxMessages === 0) return false;
    while (this.#length === maxMessages || bytes > maxBytes - this.#bytes) {
      if (onFull === "drop-newest") return false;
      this.shift();
      this.#dropped++;
    }
    return true;
  }

  #append(waiting: Waiting): void {
    if (this.#last === undefined) this.#first = waiting;
    else this.#last.next = waiting;
    this.#last = waiting;
    this.#bytes += waiting.bytes;
    this.#length++;
  }
}
