/**
 * Progress, and patience: how far a suite has come, in each mode, and when it has taken too long.
 *
 * What this file must not know: what the suite is.
 * Next: run.ts.
 */

import type { Mode } from "./verdicts.ts";

const SECOND = 1000;

/** The longest case of the real suite took 15 s on two busy cores; it may take a few times as long elsewhere. */
const LONGEST_CASE = 180 * SECOND;

/** Aborts what gives no sign of life for so long, or takes longer than `limit` milliseconds altogether. */
export class Patience {
  readonly #controller = new AbortController();
  readonly #stalled: NodeJS.Timeout;
  readonly #late: NodeJS.Timeout;
  #last = "none had begun";

  constructor(limit: number, longestCase: number = LONGEST_CASE) {
    this.#stalled = this.#abortAfter(longestCase, "without a new case");
    this.#late = this.#abortAfter(limit, "altogether");
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  #abortAfter(milliseconds: number, what: string): NodeJS.Timeout {
    return setTimeout(() => {
      const error = new Error(`ended after ${milliseconds / SECOND} s ${what}; ${this.#last}`);
      this.#controller.abort(error);
    }, milliseconds);
  }

  /** A sign of life: this case. */
  onCase(id: string): void {
    this.#last = `the last was ${id}`;
    this.#stalled.refresh();
  }

  stop(): void {
    clearTimeout(this.#stalled);
    clearTimeout(this.#late);
  }
}

/** Where lines go, and whether a line can be written over: what process.stderr is. */
export type Terminal = Pick<NodeJS.WriteStream, "isTTY"> & { write(text: string): unknown };

/** How often the line is renewed on a terminal, and how often there is another one elsewhere, as in a log. */
const ON_A_TERMINAL = 0.2 * SECOND;
const IN_A_LOG = 15 * SECOND;

const CLEAR_LINE = "\r\x1b[K";

export class Progress {
  readonly #terminal: Terminal;
  readonly #totals: ReadonlyMap<Mode, number>;
  readonly #counts = new Map<Mode, number>();
  readonly #started = performance.now();
  readonly #timer: NodeJS.Timeout;

  /** `totals` says how many cases there are in each mode. */
  constructor(terminal: Terminal, totals: ReadonlyMap<Mode, number>) {
    this.#terminal = terminal;
    this.#totals = totals;
    this.#timer = setInterval(() => this.#show(), terminal.isTTY ? ON_A_TERMINAL : IN_A_LOG);
  }

  /** One more. */
  onCase(mode: Mode): void {
    this.#counts.set(mode, (this.#counts.get(mode) ?? 0) + 1);
  }

  #show(): void {
    const seconds = Math.round((performance.now() - this.#started) / SECOND);
    const counts = Array.from(
      this.#totals,
      ([mode, total]) => `${mode} ${this.#counts.get(mode) ?? 0}/${total}`,
    );
    const line = [...counts, `${seconds} s`].join("  ");
    this.#terminal.write(this.#terminal.isTTY ? `${CLEAR_LINE}${line}` : `${line}\n`);
  }

  stop(): void {
    clearInterval(this.#timer);
    if (this.#terminal.isTTY) this.#terminal.write(CLEAR_LINE);
  }
}
