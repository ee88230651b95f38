/** A clock that stands still until a test moves it. */

import type { Clock } from "../../src/node/timers.ts";

interface Interval {
  callback: () => void;
  ms: number;
  next: number;
}

export class FakeClock implements Clock {
  readonly #intervals = new Set<Interval>();
  #now: number;
  /** How many intervals were ever started. */
  started = 0;

  constructor(now = 1_000_000.5) {
    this.#now = now;
  }

  /** How many intervals are running. */
  get running(): number {
    return this.#intervals.size;
  }

  now(): number {
    return this.#now;
  }

  setInterval(callback: () => void, ms: number): Interval {
    const interval = { callback, ms, next: this.#now + ms };
    this.#intervals.add(interval);
    this.started++;
    return interval;
  }

  clearInterval(handle: unknown): void {
    this.#intervals.delete(handle as Interval);
  }

  /** Lets time pass: everything is called at its moment, in order. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const [first] = [...this.#intervals].sort((a, b) => a.next - b.next);
      if (first === undefined || first.next > end) break;
      this.#now = Math.max(this.#now, first.next);
      first.next = this.#now + first.ms; // as Node's timers do: what is overdue is called once
      first.callback();
    }
    this.#now = end;
  }

  /** Lets time pass while nothing can be called, as when the event loop is kept. What is overdue comes with `advance`. */
  stall(ms: number): void {
    this.#now += ms;
  }
}
