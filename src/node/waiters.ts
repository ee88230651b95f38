/**
 * Chapter 8.15 — Who waits for a peer: for its end, or for what was sent to have left.
 *
 * Promises that are made when somebody asks. Most connections have nobody who does, and so no object of this kind.
 *
 * What this file must not know: when either comes.
 * Next: node-peer.ts.
 */

import type { PeerClosed } from "./peer.ts";

export class Waiters {
  #onEnded: ((closed: PeerClosed) => void)[] = [];
  #onDrained: (() => void)[] = [];

  ended(): Promise<PeerClosed> {
    return new Promise((resolve) => this.#onEnded.push(resolve));
  }

  drained(): Promise<void> {
    return new Promise((resolve) => this.#onDrained.push(resolve));
  }

  tellDrained(): void {
    for (const resolve of this.#onDrained.splice(0)) resolve();
  }

  /** Nothing is going to leave any more: who waits for that need not wait either. */
  tellEnded(closed: PeerClosed): void {
    this.tellDrained();
    for (const resolve of this.#onEnded.splice(0)) resolve(closed);
  }
}
