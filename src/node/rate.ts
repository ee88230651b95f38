/**
 * Chapter 8.8 — How often: a token bucket.
 *
 * So many at once, and so many a second in the long run.
 *
 * What this file must not know: what is counted.
 * Next: options.ts.
 */

import type { Clock } from "./timers.ts";

export interface Rate {
  readonly perSecond: number;
  /** How many may come at once, after a pause. */
  readonly burst: number;
}

export class TokenBucket {
  readonly #rate: Rate;
  readonly #clock: Clock;
  #tokens: number;
  /** When there were so many. */
  #at: number;

  constructor(rate: Rate, clock: Clock) {
    this.#rate = rate;
    this.#clock = clock;
    this.#tokens = rate.burst;
    this.#at = clock.now();
  }

  /** Takes one; false if there is none. */
  take(): boolean {
    const now = this.#clock.now();
    const earned = ((now - this.#at) / 1000) * this.#rate.perSecond;
    this.#tokens = Math.min(this.#rate.burst, this.#tokens + earned);
    this.#at = now;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}
