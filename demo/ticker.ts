/**
 * An event stream one can cut without losing anything: the time, once a second.
 *
 * The id of an event is its second. A client that connects again names the last one it has seen, in Last-Event-ID, and
 * is sent those it missed before it is sent the next (WHATWG HTML §9.2.4).
 */

import { broadcastEvent, type EventStream } from "../src/node/server/event-stream.ts";
import type { EventFields } from "../src/sse/encode.ts";

/** So many missed seconds are remembered. Those before are lost. */
const REMEMBERED = 60;

const SECOND = 1000;

export class Ticker {
  readonly #streams = new Set<EventStream>();
  /** The last second that was told. */
  #told = 0;
  #timer: NodeJS.Timeout | undefined = undefined;

  add(stream: EventStream): void {
    if (this.#streams.size === 0) this.#start();
    const seen = this.#lastSeen(stream.lastEventId);
    if (seen === undefined) stream.send(tick("tick", this.#told));
    else for (let second = seen + 1; second <= this.#told; second++) stream.send(tick("missed", second));
    this.#streams.add(stream);
    void stream.ended.then(() => this.#remove(stream));
  }

  #remove(stream: EventStream): void {
    this.#streams.delete(stream);
    if (this.#streams.size === 0) clearTimeout(this.#timer);
  }

  #start(): void {
    this.#told = now();
    this.#sleep();
  }

  /** Until the next second begins. */
  #sleep(): void {
    this.#timer = setTimeout(() => this.#tell(), SECOND - (Date.now() % SECOND));
  }

  /** One second, as a rule; none if the timer was early, several if the process was held up. */
  #tell(): void {
    const latest = now();
    for (let second = Math.max(this.#told, latest - REMEMBERED) + 1; second <= latest; second++) {
      broadcastEvent(this.#streams, tick("tick", second));
    }
    this.#told = Math.max(this.#told, latest);
    this.#sleep();
  }

  /** `undefined` for a client that is new, or has an id that cannot be ours. */
  #lastSeen(id: string): number | undefined {
    const second = Number(id);
    if (!Number.isInteger(second) || String(second) !== id) return undefined;
    if (second < 0 || second > this.#told) return undefined;
    return Math.max(second, this.#told - REMEMBERED);
  }
}

function now(): number {
  return Math.floor(Date.now() / SECOND);
}

function tick(event: "tick" | "missed", second: number): EventFields {
  return { event, id: String(second), data: new Date(second * SECOND).toISOString() };
}
