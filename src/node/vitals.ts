/**
 * Chapter 8.13 — Signs of life: heartbeat, round trips, and everything about a connection that time decides.
 *
 * A silent peer is pinged (§5.5.2), and any byte it sends is a sign of life, not only the Pong; so is any byte that it
 * takes, where a Ping has to wait behind others. One that stays silent is given up (§7.1.1); one that is old, or idle, is
 * closed; one that is closing has to finish in time (§5.5.1). Each of these is an option, since a client should not close
 * for reasons of its own (§7.1.7, §7.2.1). All that hangs on one deadline for each connection, the nearest.
 *
 * What this file must not know: sockets, frames.
 * Next: held-back.ts.
 */

import { CloseCode } from "../protocol/close.ts";
import type { PeerSettings } from "./options.ts";
import type { Statistics } from "./statistics.ts";
import { type Clock, type Deadlines, Timed } from "./timers.ts";

export interface VitalsContext {
  readonly settings: PeerSettings;
  readonly statistics: Statistics;
  readonly clock: Clock;
  readonly deadlines: Deadlines;
}

/** Whose signs of life these are. */
export interface Patient {
  /** The application does not read what it sends: its silence says nothing. */
  readonly isPaused: boolean;
  ping(): unknown;
  close(code: number, reason: string): void;
  /** Ends the transport at once: there is nobody to close with. */
  giveUp(reason: string): void;
}

/** What is on its way to the patient. */
export interface Outlet {
  /** Bytes that have not left. */
  readonly waiting: number;
  /** Bytes that have. */
  readonly taken: number;
}

/** A Ping that nothing has answered. */
interface Ping {
  readonly sentAt: number;
  /** Since when a sign of life is waited for. */
  askedAt: number;
  /** How much had left then, when the Ping had to queue up behind the rest: more since is a sign of life. */
  takenBefore: number | undefined;
}

const NEVER = Number.POSITIVE_INFINITY;

/** In place of the time when the end began: there is nothing to wait for any more. */
const ENDED = NEVER;

export class Vitals extends Timed {
  readonly #context: VitalsContext;
  readonly #patient: Patient;
  readonly #outlet: Outlet;
  readonly #openedAt: number;
  /** When a message went last, either way; kept up to date only if somebody asks. */
  #messageAt: number;
  /** An object of its own: most of the time there is none. */
  #ping: Ping | undefined = undefined;
  /** Since when the peer has to finish; or ENDED. */
  #closingAt: number | undefined = undefined;
  /** The last measured one, in milliseconds. */
  roundTripTime: number | undefined = undefined;

  constructor(context: VitalsContext, patient: Patient, outlet: Outlet) {
    super();
    this.#context = context;
    this.#patient = patient;
    this.#outlet = outlet;
    // Whole milliseconds do, and take no memory of their own, as other numbers do in an object.
    this.#openedAt = Math.ceil(context.clock.now());
    this.#messageAt = this.#openedAt;
    // The wheel has to turn first: when one that stands still was touched, it could not say for long.
    context.deadlines.set(this, 0);
    context.deadlines.touch(this);
    this.#arm();
  }

  /** Bytes have arrived. */
  sign(): void {
    this.#context.deadlines.touch(this);
  }

  /** A message has arrived, or was sent. */
  message(): void {
    const { settings, clock } = this.#context;
    if (settings.idleTimeout !== undefined) this.#messageAt = Math.ceil(clock.now());
  }

  pinged(): void {
    this.#context.statistics.pingsSent++;
    if (this.#ping !== undefined) return;
    const now = this.#context.clock.now();
    this.#ping = { sentAt: now, askedAt: now, takenBefore: this.#takenSoFar() };
  }

  #takenSoFar(): number | undefined {
    return this.#outlet.waiting > 0 ? this.#outlet.taken : undefined;
  }

  ponged(): void {
    const { statistics, clock } = this.#context;
    statistics.pongsReceived++;
    if (this.#ping === undefined) return;
    this.roundTripTime = clock.now() - this.#ping.sentAt;
    this.#ping = undefined;
    statistics.roundTrip(this.roundTripTime);
  }

  /** From here on the peer has `closeTimeout` to finish, whether it reads or not. */
  closing(): void {
    if (this.#closingAt !== undefined) return;
    this.#closingAt = this.#context.clock.now();
    this.#arm();
  }

  end(): void {
    this.#closingAt = ENDED;
    this.#context.deadlines.clear(this);
  }

  override onDeadline(): void {
    const { settings, clock } = this.#context;
    const now = clock.now();
    if (this.#closingAt !== undefined) {
      if (now - this.#closingAt >= settings.closeTimeout) {
        this.#giveUp("closeTimeout: the closing handshake did not end in time");
      }
    } else if (now - this.#openedAt >= settings.maxConnectionAge) {
      this.#patient.close(CloseCode.GoingAway, "maximum age");
    } else if (now - this.#messageAt >= (settings.idleTimeout ?? NEVER)) {
      this.#patient.close(CloseCode.GoingAway, "idle");
    } else {
      this.#beat(now);
    }
    if (this.#closingAt !== ENDED) this.#arm();
  }

  #beat(now: number): void {
    const { settings, deadlines, statistics } = this.#context;
    if (settings.heartbeat === undefined) return;
    const { interval, timeout } = settings.heartbeat;
    if (this.#patient.isPaused) this.sign();
    const silence = deadlines.silence(this);
    const ping = this.#ping;
    if (ping === undefined) {
      if (silence >= interval) this.#patient.ping();
    } else if (silence < now - ping.sentAt) {
      // It has sent something since: the next silence begins there.
      this.#ping = undefined;
    } else if (now - ping.askedAt >= timeout) {
      if (ping.takenBefore !== undefined && this.#outlet.taken > ping.takenBefore) {
        // It reads, but slowly, and has not come to the Ping yet.
        ping.askedAt = now;
        ping.takenBefore = this.#takenSoFar();
        return;
      }
      statistics.deadPeers++;
      this.#giveUp("heartbeat: the peer did not answer a Ping");
    }
  }

  /** There is nothing left to wait for, even if the transport takes its time to end. */
  #giveUp(reason: string): void {
    this.end();
    this.#patient.giveUp(reason);
  }

  /** Asks to be called at the earliest moment at which anything may be due. */
  #arm(): void {
    this.#context.deadlines.set(this, Math.max(0, this.#nextDue() - this.#context.clock.now()));
  }

  #nextDue(): number {
    const { settings, deadlines, clock } = this.#context;
    const { heartbeat, closeTimeout, maxConnectionAge, idleTimeout = NEVER } = settings;
    if (this.#closingAt !== undefined) return this.#closingAt + closeTimeout;
    const due = Math.min(this.#openedAt + maxConnectionAge, this.#messageAt + idleTimeout);
    if (heartbeat === undefined) return due;
    if (this.#ping !== undefined) return Math.min(due, this.#ping.askedAt + heartbeat.timeout);
    return Math.min(due, clock.now() + Math.max(0, heartbeat.interval - deadlines.silence(this)));
  }
}
