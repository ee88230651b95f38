/**
 * Chapter 0.1 — Lending: what a connection needs only while it is busy.
 *
 * Memory for output, readers and writers are lent to a connection when bytes come or go, and given back when nothing is
 * under way. So what an idle connection holds is its state, and nothing else (law 6); busy ones find what others left.
 *
 * What this file must not know: what is lent.
 * Next: deflate/codec.ts.
 */

export class Pool<Item> {
  readonly #most: number;
  readonly #free: Item[] = [];

  /** Keeps at most so many items that nobody needs. */
  constructor(most: number) {
    this.#most = most;
  }

  /** An item that was given back, if there is one. */
  borrow(): Item | undefined {
    return this.#free.pop();
  }

  giveBack(item: Item): void {
    if (this.#free.length < this.#most) this.#free.push(item);
  }
}
