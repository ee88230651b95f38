/**
 * Chapter 10.10 — How long to wait before the next attempt: exponential backoff with full jitter (§7.2.3).
 *
 *     attempt      1       2       3       4           5        6        7 …
 *     at most      1 s     2 s     4 s     8 s         16 s     30 s     30 s
 *     waits        anywhere from nothing to that, each time by chance
 *
 * §7.2.3: when a server falls, all its clients lose their connection in the same moment. Did they all come back in the
 * same moment, they would bring it down again; so each waits for a random time, and longer when that did not help.
 *
 * Decision: full jitter: chance has the whole of the interval. "Equal jitter" keeps half of it as a fixed wait, and so
 * crowds everybody into the other half. Where the two were compared (M. Brooker, "Exponential Backoff And Jitter",
 * 2015), full jitter was done sooner, with fewer attempts. The price is that a wait may be next to nothing.
 * What this file must not know: what is attempted, timers.
 * Next: outbox.ts.
 */

/** Times are in milliseconds. */
export interface BackoffOptions {
  /** The longest that the first wait can be. Default 1 s. */
  initial?: number;
  /** The longest that any wait can be. Default 30 s. */
  maximum?: number;
  /** How much longer the longest wait becomes with each attempt. Default 2. */
  factor?: number;
}

export type BackoffSettings = Readonly<Required<BackoffOptions>>;

/**
 * Decision: §7.2.3 calls 5 s reasonable for the first wait, and leaves it to the client. Here it is less, since most
 * connections are lost alone, with nobody to crowd; where all are lost at once, the next waits are soon long enough.
 */
export const BACKOFF_DEFAULTS: BackoffSettings = { initial: 1000, maximum: 30_000, factor: 2 };

/** Decision: a maximum below `initial` is no mistake: it caps the first wait too. */
export function backoffSettings(options: BackoffOptions = {}): BackoffSettings {
  const { initial = BACKOFF_DEFAULTS.initial, maximum = BACKOFF_DEFAULTS.maximum } = options;
  const { factor = BACKOFF_DEFAULTS.factor } = options;
  if (!(Number.isFinite(factor) && factor >= 1)) {
    throw new RangeError(`retry.factor: must be a number, 1 or more; got ${String(factor)}`);
  }
  return { initial: wait("retry.initial", initial), maximum: wait("retry.maximum", maximum), factor };
}

/** Unlike other times, it cannot be Infinity: there is no chance in that. */
function wait(name: string, value: number): number {
  if (Number.isFinite(value) && value > 0) return value;
  throw new RangeError(`${name}: must be a number of milliseconds above 0; got ${String(value)}`);
}

export class Backoff {
  readonly #settings: BackoffSettings;
  /** From 0 up to, but not including, 1. */
  readonly #random: () => number;
  #attempts = 0;
  /** The longest that the next wait can be. Kept, not computed as a power, which would overflow. */
  #ceiling = 0;

  constructor(settings: BackoffSettings, random: () => number = Math.random) {
    this.#settings = settings;
    this.#random = random;
    this.reset();
  }

  /** How many waits there have been since the last `reset`. */
  get attempts(): number {
    return this.#attempts;
  }

  /** How long to wait this time. */
  next(): number {
    const { maximum, factor } = this.#settings;
    const delay = this.#random() * this.#ceiling;
    this.#ceiling = Math.min(this.#ceiling * factor, maximum);
    this.#attempts++;
    return delay;
  }

  /** It worked: the next failure is the first again. */
  reset(): void {
    const { initial, maximum } = this.#settings;
    this.#ceiling = Math.min(initial, maximum);
    this.#attempts = 0;
  }
}
