/**
 * Chapter 10.13 — Reconnecting (§7.2.3): one connection after another, and what waits between them.
 *
 *     connecting ── it opens ──▶ open ── it ends ──▶ waiting ── the delay is over ──▶ connecting
 *     connecting ── it fails ──▶ waiting             any ── close, permanent, gave up ──▶ stopped
 *
 * Messages are handed to connections in the order in which they were sent, each to one connection at most. One that no
 * connection has taken yet is kept, within bounds, for as many attempts as it takes. One that a connection has taken is
 * never handed to another, even if it was lost on the way: nobody can tell whether it was, and none shall come twice.
 *
 * What this file must not know: sockets, which failure is permanent, how long to wait.
 * Next: events.ts.
 */

import { CloseCode, checkClose } from "../../protocol/close.ts";
import {
  bytesFrom,
  type Handlers,
  isPromiseLike,
  type Peer,
  type PeerClosed,
  type Sendable,
  type SendResult,
} from "../peer.ts";
import { type Clock, systemClock } from "../timers.ts";
import { type ConnectOptions, connect, connectSettings } from "./connect.ts";
import { Outbox, type OutboxOptions, outboxSettings } from "./outbox.ts";
import { type Failure, type RetryOptions, RetryPolicy } from "./retry-policy.ts";

/** `stopped`: for good. Nothing is sent any more; `closed` tells when the last connection has ended. */
export type ReconnectingState = "connecting" | "open" | "waiting" | "stopped";

/** How it ended for good. */
export interface Stopped {
  /** You closed it; a failure was permanent; or the attempts were spent. */
  readonly reason: "closed" | "permanent" | "gave-up";
  /** What it stopped at. When you closed it: how the connection ended, if its closing handshake broke off. */
  readonly failure?: Failure;
  /** Attempts since the last stable connection. */
  readonly attempts: number;
  /** Messages that were kept and that no connection took. */
  readonly unsent: number;
}

/** The handlers of each connection in turn, and announcements between them. */
export interface ReconnectingHandlers<Data = unknown> extends Handlers<Data> {
  /** An attempt begins: the first since the last stable connection is number 1. It has waited `delay` milliseconds. */
  attempt?(attempt: { readonly number: number; readonly delay: number }): unknown;
  /** There is no connection, for this reason; the next attempt begins in `delay` milliseconds. */
  waiting?(waiting: { readonly attempt: number; readonly delay: number; readonly failure: Failure }): unknown;
  /** The end: nothing is announced after it. */
  stopped?(stopped: Stopped): unknown;
}

/** What concerns the succession of connections. */
export interface SuccessionOptions {
  retry?: RetryOptions;
  /** Bounds for messages that are kept. */
  outbox?: OutboxOptions;
  /** Overrules what is permanent, either way; `undefined` leaves it at that. */
  isPermanent?(failure: Failure): boolean | undefined;
  /** What `isPermanent` or an announcement threw. Without this it becomes a process warning. */
  hookError?(error: unknown): void;
  /** Stops everything, as `close` does. */
  signal?: AbortSignal;
  /** The time, for tests. */
  clock?: Clock;
  /** From 0 up to 1, for tests: the jitter of the delays. */
  random?: () => number;
}

export interface ReconnectingOptions<Data = unknown> extends ConnectOptions<Data>, SuccessionOptions {}

/** Opens one connection, or rejects with the reason; `connect`, but for tests. */
export type Dial<Data> = (handlers: Handlers<Data>, signal: AbortSignal) => Promise<Peer<Data>>;

/**
 * Connects, and connects again whenever that is of use. Handlers stand among the options, or behind them. The options
 * are read anew for each attempt: `attempt` may put a fresh token into the headers.
 */
export function reconnecting<Data = unknown>(
  url: string | URL,
  options: ReconnectingOptions<Data> & ReconnectingHandlers<Data> = {},
  handlers: ReconnectingHandlers<Data> = options,
): Reconnecting<Data> {
  connectSettings(url, options); // throws what each attempt would reject with
  const dial: Dial<Data> = (ofPeer, signal) => connect<Data>(url, { ...options, signal }, ofPeer);
  return new Reconnecting(dial, options, handlers);
}

export class Reconnecting<Data = unknown> {
  readonly #dial: Dial<Data>;
  readonly #handlers: ReconnectingHandlers<Data>;
  readonly #options: SuccessionOptions;
  readonly #clock: Clock;
  readonly #policy: RetryPolicy;
  readonly #outbox: Outbox;
  readonly #stopping = new AbortController();
  readonly #ofPeer: Handlers<Data>;
  /** Resolves when it has ended for good. */
  readonly closed: Promise<Stopped>;
  #resolveClosed!: (stopped: Stopped) => void;

  #state: ReconnectingState = "connecting";
  /** From its opening until its end has been told. */
  #peer: Peer<Data> | undefined = undefined;
  /** Stops the timer, of which there is one at a time. */
  #disarm: () => void = () => {};
  /** The application was told "kept" or "buffered", and is owed a `drain`: of this connection or a later one. */
  #owesDrain = false;

  /** The first attempt begins when the caller's turn is over, so that its handlers can know the object. */
  constructor(dial: Dial<Data>, options: SuccessionOptions, handlers: ReconnectingHandlers<Data>) {
    const { clock = clockThatKeepsAlive, signal } = options;
    if (typeof handlers !== "object" || handlers === null) throw new TypeError("handlers: must be an object");
    checkFunction("isPermanent", options.isPermanent);
    checkFunction("hookError", options.hookError);
    this.#dial = dial;
    this.#handlers = handlers;
    this.#options = options;
    this.#clock = clock;
    this.#policy = new RetryPolicy(options.retry, options.random);
    this.#outbox = new Outbox(outboxSettings(options.outbox));
    this.#ofPeer = this.#handlersOfPeer();
    this.closed = new Promise((resolve) => (this.#resolveClosed = resolve));
    signal?.addEventListener("abort", () => this.close(), { signal: this.#stopping.signal });
    queueMicrotask(() => {
      if (signal?.aborted === true) this.close();
      else this.#attempt(0);
    });
  }

  // --- What an application sees -------------------------------------------------------------------------------

  get state(): ReconnectingState {
    return this.#state;
  }

  /**
   * The connection, while there is one: for all that a peer can do. Closing it makes room for the next. What it sends
   * overtakes what is kept: in `open`, that is the place for a greeting or a login.
   */
  get peer(): Peer<Data> | undefined {
    return this.#peer;
  }

  /** Attempts since the last stable connection. */
  get attempts(): number {
    return this.#policy.attempts;
  }

  /** Messages that are kept. */
  get waitingMessages(): number {
    return this.#outbox.length;
  }

  /** Messages that the outbox had no room for: those that it refused, and those that made room. */
  get droppedMessages(): number {
    return this.#outbox.dropped;
  }

  /** Bytes that are kept, or were sent and have not left. */
  get bufferedAmount(): number {
    return this.#outbox.bytes + (this.#peer?.bufferedAmount ?? 0);
  }

  /**
   *   the connection is open, and nothing is kept       handed to it: "sent" or "buffered", or "dropped" by its `onSlow`
   *   there is none, it is closing, or older ones wait  "kept", or "dropped" by the bounds of the outbox
   *   stopped                                           "dropped"
   *
   * `drain` tells when nothing is kept or buffered any more.
   */
  send(data: Sendable): SendResult | "kept" {
    const message = typeof data === "string" ? data : bytesFrom("send", data);
    if (this.#isStopped) return "dropped";
    const peer = this.#outbox.length === 0 ? this.#peer : undefined;
    const result = peer?.state === "open" ? peer.send(message) : this.#outbox.put(message);
    this.#owesDrain ||= result === "buffered" || result === "kept";
    return result;
  }

  /** Ends it for good: with a closing handshake if a connection is open. What is kept is not sent any more. */
  close(code: number = CloseCode.Normal, reason = ""): void {
    checkClose(code, reason);
    if (this.#isStopped) return;
    const peer = this.#peer;
    this.#stop();
    if (peer === undefined) this.#tellStopped("closed");
    else peer.close(code, reason);
  }

  // --- Attempts -----------------------------------------------------------------------------------------------

  get #isStopped(): boolean {
    return this.#stopping.signal.aborted;
  }

  #attempt(delay: number): void {
    if (this.#isStopped) return;
    this.#state = "connecting";
    const number = this.#policy.begin();
    this.#call(() => this.#handlers.attempt?.({ number, delay }));
    if (this.#isStopped) return;
    this.#dial(this.#ofPeer, this.#stopping.signal).catch((error: unknown) => this.#failed(asError(error)));
  }

  /** There is no connection: waits for the next attempt, unless there is to be none. */
  #failed(failure: Failure): void {
    if (this.#isStopped) return;
    this.#state = "waiting";
    const permanent = this.#call(() => this.#options.isPermanent?.(failure));
    if (this.#isStopped) return;
    const verdict = this.#policy.judge(failure, permanent);
    if (typeof verdict === "string") {
      this.#stop();
      this.#tellStopped(verdict, failure);
      return;
    }
    this.#disarm = once(this.#clock, verdict, () => this.#attempt(verdict));
    const attempt = this.#policy.attempts + 1;
    this.#call(() => this.#handlers.waiting?.({ attempt, delay: verdict, failure }));
  }

  /** From here on there are no more attempts. One that is under way is broken off. */
  #stop(): void {
    this.#state = "stopped";
    this.#disarm();
    this.#stopping.abort();
  }

  #tellStopped(reason: Stopped["reason"], failure?: Failure): void {
    const { attempts } = this.#policy;
    const unsent = this.#outbox.clear();
    const stopped: Stopped = { reason, attempts, unsent, ...(failure !== undefined && { failure }) };
    this.#resolveClosed(stopped);
    this.#call(() => this.#handlers.stopped?.(stopped));
  }

  // --- A connection -------------------------------------------------------------------------------------------

  /** The application's, with our own work around them. The peer sees to what they throw. */
  #handlersOfPeer(): Handlers<Data> {
    const handlers = this.#handlers;
    return {
      open: (peer) => {
        this.#opened(peer);
        const opened = handlers.open?.(peer);
        if (!this.#handOver(peer) || !this.#owesDrain) return opened;
        return Promise.all([opened, Promise.resolve().then(() => this.#drained(peer))]);
      },
      message: (peer, data) => handlers.message?.(peer, data),
      ping: (peer, data) => handlers.ping?.(peer, data),
      pong: (peer, data) => handlers.pong?.(peer, data),
      drain: (peer) => (this.#handOver(peer) ? this.#drained(peer) : undefined),
      close: (peer, closed) => {
        this.#disarm();
        if (!this.#isStopped) this.#state = "waiting";
        try {
          return handlers.close?.(peer, closed);
        } finally {
          this.#ended(closed);
        }
      },
      error: (peer, error) => handlers.error?.(peer, error),
    };
  }

  /** Decision: a timer finds out what is stable, not a look back at the end, when the peer may have been closing for long. */
  #opened(peer: Peer<Data>): void {
    this.#state = "open";
    this.#peer = peer;
    this.#disarm = once(this.#clock, this.#policy.stableAfter, () => {
      if (peer.state === "open") this.#policy.startOver();
    });
  }

  /**
   * Hands over what is kept, as far as the peer takes it. Returns whether nothing waits any more.
   * Decision: what the peer drops (`onSlow: "drop"`) is dropped here too: that is what the option asks for.
   */
  #handOver(peer: Peer<Data>): boolean {
    while (peer.state === "open") {
      const message = this.#outbox.shift();
      if (message === undefined) return true;
      if (peer.send(message) === "buffered") return false;
    }
    return false;
  }

  #drained(peer: Peer<Data>): unknown {
    this.#owesDrain = false;
    return this.#handlers.drain?.(peer);
  }

  #ended(closed: PeerClosed): void {
    this.#peer = undefined;
    if (this.#isStopped) this.#tellStopped("closed", closed.clean ? undefined : closed);
    else this.#failed(closed);
  }

  // --- Hooks --------------------------------------------------------------------------------------------------

  /** Calls what is the application's. What it throws, now or later, is reported, and stops nothing. */
  #call<Result>(hook: () => Result): Result | undefined {
    try {
      const result = hook();
      if (isPromiseLike(result)) result.then(undefined, (error: unknown) => this.#report(error));
      return result;
    } catch (error) {
      this.#report(error);
      return undefined;
    }
  }

  #report(error: unknown): void {
    try {
      if (this.#options.hookError !== undefined) this.#options.hookError(error);
      else process.emitWarning(error instanceof Error ? error : String(error));
    } catch {
      // The hook for errors has none of its own.
    }
  }
}

function checkFunction(name: string, option: unknown): void {
  if (option !== undefined && typeof option !== "function")
    throw new TypeError(`${name}: must be a function`);
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error("The attempt ended in no Error.", { cause: thrown });
}

// --- Time -------------------------------------------------------------------------------------------------------

/** Somebody who waits for a connection is not done: unlike other timers here, this one lets no process end. */
const clockThatKeepsAlive: Clock = {
  ...systemClock,
  setInterval: (callback, ms) => setInterval(callback, ms),
};

/** Node counts the milliseconds of a timer in 31 bits; a longer one would come at once. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** Calls back once, never early, however long it takes. The function that it returns sees to it that it never does. */
function once(clock: Clock, delay: number, callback: () => void): () => void {
  const due = clock.now() + delay;
  let interval: unknown;
  const arm = (): void => {
    interval = clock.setInterval(ring, Math.min(due - clock.now(), LONGEST_TIMER));
  };
  const ring = (): void => {
    clock.clearInterval(interval);
    if (clock.now() < due) arm();
    else callback();
  };
  arm();
  return () => clock.clearInterval(interval);
}
