/**
 * Chapter 8.18 — Queues: one at a time, for each name.
 *
 * Who enters waits until all who came before, by the same name, have left. Who does not want to wait any longer aborts,
 * and is not waited for.
 *
 * What this file must not know: what is done when it is one's turn.
 * Next: machine.ts.
 */

export class Queues {
  /** Whose turn comes, for each name by which somebody is in. */
  readonly #waiting = new Map<string, (() => void)[]>();

  /** Resolves when nobody else is in by this name. Who has entered has to leave. */
  enter(name: string, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.reject(signal.reason);
    const queue = this.#waiting.get(name);
    if (queue === undefined) {
      this.#waiting.set(name, []);
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const goIn = (): void => {
        signal.removeEventListener("abort", giveUp);
        resolve();
      };
      const giveUp = (): void => {
        queue.splice(queue.indexOf(goIn), 1);
        reject(signal.reason);
      };
      queue.push(goIn);
      signal.addEventListener("abort", giveUp, { once: true });
    });
  }

  leave(name: string): void {
    const next = this.#waiting.get(name)?.shift();
    if (next === undefined) this.#waiting.delete(name);
    else next();
  }

  /** By how many names somebody is in. */
  get size(): number {
    return this.#waiting.size;
  }
}
