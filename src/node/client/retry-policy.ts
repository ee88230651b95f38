/**
 * Chapter 10.12 — Whether to try again, and when (§7.2.3, §7.4; RFC 9110 §10.2.3).
 *
 * A failure is permanent if it is the server's judgement of us: the next attempt would hear the same. Everything else
 * may go right next time, after a delay that grows and is random (§7.2.3), so that those whom one fault has thrown off
 * do not come back as one crowd.
 *
 * What this file must not know: connections, timers, what the application thinks of a failure.
 * Next: reconnecting.ts.
 */

import { CloseCode } from "../../protocol/close.ts";
import { size, time } from "../options.ts";
import type { PeerClosed } from "../peer.ts";
import { Backoff, type BackoffOptions, backoffSettings } from "./backoff.ts";
import { ConnectError } from "./connect-error.ts";
import { retryAfter } from "./retry-after.ts";

/** Why there is no connection: a ConnectError, or what your `accepted` threw; or how the last connection ended. */
export type Failure = Error | PeerClosed;

/** Times are in milliseconds. */
export interface RetryOptions extends BackoffOptions {
  /** Give up after so many attempts without a stable connection. Default: never. */
  attempts?: number;
  /** A connection that was open for so long is stable: the next failure counts as the first. Default 5 s. */
  stableAfter?: number;
  /** The longest wait that a server's Retry-After can ask for. Default 5 min. */
  maxRetryAfter?: number;
}

const SECOND = 1000;
const DEFAULT_STABLE_AFTER = 5 * SECOND;
const DEFAULT_MAX_RETRY_AFTER = 300 * SECOND;

/** Where IANA's registry of close codes asks for a random delay, it says which. */
const LEAST_BUSY_DELAY = 5 * SECOND;
const MOST_BUSY_DELAY = 30 * SECOND;

/** What one succession of attempts has come to, and what follows from each failure. */
export class RetryPolicy {
  readonly stableAfter: number;
  readonly #limit: number;
  readonly #maxRetryAfter: number;
  readonly #backoff: Backoff;
  readonly #random: () => number;
  #attempts = 0;

  constructor(options: RetryOptions = {}, random: () => number = Math.random) {
    if (typeof options !== "object" || options === null) throw new TypeError("retry: must be an object");
    if (typeof random !== "function") throw new TypeError("random: must be a function");
    const { attempts = Number.POSITIVE_INFINITY, stableAfter = DEFAULT_STABLE_AFTER } = options;
    const { maxRetryAfter = DEFAULT_MAX_RETRY_AFTER } = options;
    this.#limit = size("retry.attempts", attempts, 1);
    this.stableAfter = time("retry.stableAfter", stableAfter);
    this.#maxRetryAfter = time("retry.maxRetryAfter", maxRetryAfter);
    this.#backoff = new Backoff(backoffSettings(options), random);
    this.#random = random;
  }

  /** Attempts since the last stable connection. */
  get attempts(): number {
    return this.#attempts;
  }

  /** Counts an attempt: the first is 1. */
  begin(): number {
    return ++this.#attempts;
  }

  /** A connection was stable: what failed before it is forgotten. */
  startOver(): void {
    this.#attempts = 0;
    this.#backoff.reset();
  }

  /** In how many milliseconds to try again, or why not to. */
  judge(failure: Failure, permanent: boolean = isPermanent(failure)): number | "permanent" | "gave-up" {
    if (permanent) return "permanent";
    return this.#attempts >= this.#limit ? "gave-up" : this.#delayAfter(failure);
  }

  /**
   * Decision: the backoff's delay is added to a Retry-After, which is the same for everybody who was refused: none of
   * them comes too early, and they do not come all at once. The delay of a 1012 or 1013 is random already.
   */
  #delayAfter(failure: Failure): number {
    const delay = this.#backoff.next();
    const asked = retryAfter(fieldOf(failure, "Retry-After"), Date.now()) ?? 0;
    const least = BUSY.has(codeOf(failure)) ? between(LEAST_BUSY_DELAY, MOST_BUSY_DELAY, this.#random()) : 0;
    return Math.max(Math.min(asked, this.#maxRetryAfter) + delay, least);
  }
}

function between(least: number, most: number, share: number): number {
  return least + share * (most - least);
}

/** Registered with IANA for what 401 and 403 are in HTTP. */
const UNAUTHORIZED = 3000;
const FORBIDDEN = 3003;

const BUSY: ReadonlySet<number> = new Set([CloseCode.ServiceRestart, CloseCode.TryAgainLater]);

const FINAL: ReadonlySet<number> = new Set([
  CloseCode.Normal,
  CloseCode.PolicyViolation,
  CloseCode.MandatoryExtension,
  UNAUTHORIZED,
  FORBIDDEN,
]);

/** What may be different the next time: it was too slow, in conflict, misdirected, too early, or too often. */
const PASSING: ReadonlySet<number> = new Set([408, 409, 421, 425, 429]);

/**
 * Decision: whether the server, or a proxy before it, has judged us for good.
 *
 *   what your `accepted` threw                     permanent   you have judged the server
 *   3xx; any redirect that may not be followed     permanent   what we look for is not here
 *   4xx                                            permanent   the request is wrong, and the next is the same one
 *   408, 409, 421, 425, 429                                    about the moment or the way, not about the request
 *   other answers: 200, 5xx, what is no HTTP                   a captive portal, a proxy, a server that just starts
 *   no answer: network, TLS, time                              nobody has judged anything
 *
 *   Close 1000                                     permanent   its purpose is fulfilled (§7.4.1)
 *   1008, 3000, 3003                               permanent   we are not welcome
 *   1010                                           permanent   the next handshake would agree on no more
 *   1012, 1013                                                 asks for another attempt, but later
 *   1002, 1003, 1007, 1009                                     about a message, and none is sent twice
 *   other codes; no Close at all                               says nothing about us, or nothing we understand
 *
 * Close codes count if the server began to close: otherwise its Close echoes our own (§5.5.1).
 */
export function isPermanent(failure: Failure): boolean {
  if (!(failure instanceof Error)) return FINAL.has(codeOf(failure));
  if (!(failure instanceof ConnectError) || failure.phase === "redirect") return true;
  const { status = 0 } = failure;
  return status >= 300 && status < 500 && !PASSING.has(status);
}

/** The code with which the server closed; 1006 if it did not. */
function codeOf(failure: Failure): number {
  return !(failure instanceof Error) && failure.initiator === "remote" ? failure.code : CloseCode.Abnormal;
}

/** A header field of the answer, if one was read. */
function fieldOf(failure: Failure, name: string): string | undefined {
  return failure instanceof ConnectError ? failure.response?.fields.get(name) : undefined;
}
