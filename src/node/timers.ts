/**
 * Chapter 8.4 — Deadlines: a hundred thousand of them at the cost of one timer.
 *
 * Every connection waits for something: its handshake, a sign of life, the peer's Close. The deadlines stand in a
 * wheel: a ring of lists, one for each tick to come. One interval turns the wheel, and looks only into the lists
 * whose tick has come.
 *
 *     tick   8000    8001    8002   …   9023
 *     slot    832     833     834   …    831      (behind slot 1023 comes slot 0)
 *             now   A ⇄ B       C          D       D's deadline is farther away: looked at there, and put back
 *
 * A deadline is never early. It is late by a tick and a millisecond at most, plus what the event loop is late.
 * What this file must not know: what is waited for, and what follows when it does not come.
 * Next: turn.ts.
 */

/** The time, as connections see it; tests bring their own. */
export interface Clock {
  /** Milliseconds that only ever grow, from any beginning. */
  now(): number;
  setInterval(callback: () => void, ms: number): unknown;
  clearInterval(handle: unknown): void;
}

/** The monotonic clock, so that nobody who sets the time of day closes connections. No interval keeps a process alive. */
export const systemClock: Clock = {
  now: () => performance.now(),
  setInterval: (callback, ms) => setInterval(callback, ms).unref(),
  clearInterval: (handle) => clearInterval(handle as NodeJS.Timeout),
};

/** How often the wheel is turned, in milliseconds. */
export const TICK = 50;

/** How many ticks the wheel has: 51 s, so that a heartbeat needs no second look. A power of two. */
const SLOTS = 1024;
const LAST_SLOT: number = SLOTS - 1;

/** Behind the slots stands one more list: of those who are about to be called. */
const DUE_LIST: number = SLOTS;

/** In place of the tick of a visit: the owner is about to be called, or no deadline is set. */
const DUE = -1;
const NOWHERE = -2;

/** In place of the tick of a touch: the time of it is known, or there was none. */
const KNOWN = -1;
const UNTOUCHED = -2;

const NEVER: number = Number.POSITIVE_INFINITY;

/**
 * Decision: a tick that comes more than a second late calls nobody; the next one does. The process has been
 * stopped, or a handler has kept the loop, and what peers sent meanwhile waits to be read: that happens between the
 * two ticks, and before it nobody can say who has been silent.
 */
const STALL = 1000;

/**
 * Who can have a deadline: one. An owner that waits for several things sets the nearest, and looks in `onDeadline`
 * which has come. The fields are the wheel's own; they stand here so that no deadline takes an allocation.
 *
 * Times are whole milliseconds, rounded up, and Infinity is not among them: V8 keeps a small integer in the object, and
 * anything else as a number of 16 bytes beside it. That, and one field for the list and the tick, makes 56 bytes less
 * for each connection (`npm run bench -- --scenario memory-plain`, Node 20.20). A process that is older than 24 days
 * pays for its times again.
 */
export abstract class Timed {
  /** The deadline has come, and is no longer set. */
  abstract onDeadline(): void;

  /** Of no meaning where none is set. */
  wheelDeadline: number = 0;
  /** The tick in which the wheel looks at it next, and with that the list it stands in; or DUE, or NOWHERE. */
  wheelVisit: number = NOWHERE;
  /** Its neighbours in that list: a circle. */
  wheelNext: Timed | undefined = undefined;
  wheelPrevious: Timed | undefined = undefined;
  /** The tick in which it was touched last; or KNOWN, or UNTOUCHED. */
  wheelTouched: number = UNTOUCHED;
  /** The time, where KNOWN. */
  wheelTouchedAt: number = 0;
}

export class Deadlines {
  readonly #clock: Clock;
  readonly #report: (error: unknown) => void;

  /** The first owner of each list. */
  readonly #first: (Timed | undefined)[] = new Array<Timed | undefined>(SLOTS + 1).fill(undefined);
  /** For each tick that the wheel stood in: when it left it. */
  readonly #leftAt: Float64Array = new Float64Array(SLOTS);
  /** The tick that the wheel stands in. */
  #tick = 0;
  #size = 0;
  #running = false;
  /** The handle of the interval, whatever the clock gives for one. */
  #interval: unknown = undefined;
  #turnedAt = 0;
  #waiting = false;

  /**
   * `report` is given what an `onDeadline` throws.
   * Decision: by default it is thrown again in a microtask of its own, where it does what an error in any timer does,
   * but after the turn: the others who are due are called first.
   */
  constructor(clock: Clock = systemClock, report: (error: unknown) => void = throwLater) {
    this.#clock = clock;
    this.#report = report;
  }

  /** How many deadlines are set. */
  get size(): number {
    return this.#size;
  }

  // --- For owners --------------------------------------------------------------------------------------------

  /** Calls `owner.onDeadline()` in `delay` milliseconds, instead of what was set before. Infinity: never. */
  set(owner: Timed, delay: number): void {
    if (!(delay >= 0)) throw new RangeError(`delay: must be 0 or more milliseconds; got ${String(delay)}`);
    if (delay === NEVER) {
      this.clear(owner);
      return;
    }
    const now = this.#clock.now();
    if (!this.#running) this.#start(now);
    owner.wheelDeadline = Math.ceil(now + delay);
    // A deadline that moves away costs nothing here: the visit that was planned will find it not due, and plan anew.
    if (owner.wheelVisit >= 0 && owner.wheelVisit <= tickOf(owner.wheelDeadline)) return;
    this.#unlink(owner);
    this.#plan(owner);
  }

  /** The interval is not stopped here: connections that come and go would start and stop it each time. */
  clear(owner: Timed): void {
    this.#unlink(owner);
  }

  /**
   * Notes that the owner has shown a sign of life. It is done for every chunk that arrives, so it stores a small
   * integer, and what time that was is worked out when somebody asks: 3 ns, where reading the clock takes 45 ns.
   */
  touch(owner: Timed): void {
    owner.wheelTouched = this.#tick;
  }

  /**
   * For how many milliseconds the owner has not been touched: never more than it has been, and less by a tick and a
   * millisecond, plus what the event loop is late. Infinity if it never was. Asked of an owner with a deadline, or
   * about to be called: the wheel dates the touches of those it visits.
   */
  silence(owner: Timed): number {
    this.#dateTouch(owner);
    if (owner.wheelTouched === UNTOUCHED) return NEVER;
    return owner.wheelTouched === KNOWN ? Math.max(0, this.#clock.now() - owner.wheelTouchedAt) : 0;
  }

  // --- The wheel ---------------------------------------------------------------------------------------------

  #start(now: number): void {
    this.#moveTo(now);
    this.#turnedAt = now;
    this.#running = true;
    this.#interval = this.#clock.setInterval(() => this.#turn(), TICK);
  }

  #turn(): void {
    const now = this.#clock.now();
    // Once in a row: under a load that makes every tick late, deadlines still come.
    this.#waiting = !this.#waiting && now - this.#turnedAt > TICK + STALL;
    this.#turnedAt = now;
    if (this.#waiting) return;

    this.#collect(now);
    this.#callDue();
    if (this.#size > 0) return;
    this.#running = false;
    this.#clock.clearInterval(this.#interval);
  }

  #moveTo(now: number): void {
    this.#leftAt[this.#tick & LAST_SLOT] = now;
    this.#tick = tickOf(now);
  }

  /** Looks at everybody whose visit is planned for a tick up to now's, in that order. Nobody is called yet. */
  #collect(now: number): void {
    const from = this.#tick;
    this.#moveTo(now);
    // Now's own tick is not over: its slot is looked at again in the next turn. No slot is looked at twice in one.
    const to = Math.min(this.#tick, from + LAST_SLOT);
    for (let tick = from; tick <= to; tick++) {
      const first = this.#first[tick & LAST_SLOT];
      if (first !== undefined) this.#visitAll(first, now);
    }
  }

  /** Some may be put back into the same list: behind the last who stands there now. */
  #visitAll(first: Timed, now: number): void {
    const last = first.wheelPrevious!;
    for (let owner = first; ; ) {
      const next = owner.wheelNext!;
      this.#dateTouch(owner);
      this.#unlink(owner);
      if (owner.wheelDeadline <= now) this.#link(owner, DUE);
      else this.#plan(owner);
      if (owner === last) return;
      owner = next;
    }
  }

  /** Whoever is cleared or set anew by one of the calls leaves the list, and is not called. */
  #callDue(): void {
    for (let owner = this.#first[DUE_LIST]; owner !== undefined; owner = this.#first[DUE_LIST]) {
      this.clear(owner);
      try {
        owner.onDeadline();
      } catch (error) {
        this.#report(error);
      }
    }
  }

  /**
   * The wheel's way from a tick to a time: the moment it left that tick. The touch was before it, even if the loop
   * stood still meanwhile, so silence is never overstated. Each owner is visited before the wheel comes round.
   */
  #dateTouch(owner: Timed): void {
    const tick = owner.wheelTouched;
    if (tick < 0 || tick === this.#tick) return;
    owner.wheelTouchedAt = Math.ceil(this.#leftAt[tick & LAST_SLOT]!);
    owner.wheelTouched = KNOWN;
  }

  #plan(owner: Timed): void {
    this.#link(owner, Math.min(tickOf(owner.wheelDeadline), this.#tick + LAST_SLOT));
  }

  #link(owner: Timed, visit: number): void {
    const list = listOf(visit);
    const first = this.#first[list];
    const last = first?.wheelPrevious;
    owner.wheelNext = first ?? owner;
    owner.wheelPrevious = last ?? owner;
    if (first === undefined) this.#first[list] = owner;
    else first.wheelPrevious = last!.wheelNext = owner;
    owner.wheelVisit = visit;
    this.#size++;
  }

  #unlink(owner: Timed): void {
    const { wheelVisit: visit, wheelNext: next, wheelPrevious: previous } = owner;
    if (visit === NOWHERE) return;
    const list = listOf(visit);
    next!.wheelPrevious = previous;
    previous!.wheelNext = next;
    if (this.#first[list] === owner) this.#first[list] = next === owner ? undefined : next;
    owner.wheelNext = owner.wheelPrevious = undefined;
    owner.wheelVisit = NOWHERE;
    this.#size--;
  }
}

function listOf(visit: number): number {
  return visit === DUE ? DUE_LIST : visit & LAST_SLOT;
}

function tickOf(time: number): number {
  return Math.floor(time / TICK);
}

function throwLater(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
