/**
 * Chapter 8.14 — Held back: what is sent while another message goes out in pieces.
 *
 * §5.4: the fragments of one message are not interleaved with those of another. So whatever is sent meanwhile waits
 * for the last piece, in the order of the calls.
 *
 * What this file must not know: how anything is sent.
 * Next: waiters.ts.
 */

import type { PreparedMessage } from "../protocol/prepared-message.ts";
import { sizeOf } from "./peer.ts";

/** A whole message on its way out. */
export type Outgoing = string | Uint8Array | PreparedMessage;

export class HeldBack {
  #messages: Outgoing[] | undefined = undefined;
  #onReleased: (() => void)[] = [];
  /** What waits, in bytes. */
  bytes = 0;

  get isHolding(): boolean {
    return this.#messages !== undefined;
  }

  /** Begins to hold back, once nobody else does. */
  async hold(): Promise<void> {
    while (this.#messages !== undefined) {
      await new Promise<void>((resolve) => this.#onReleased.push(resolve));
    }
    this.#messages = [];
  }

  add(message: Outgoing): void {
    this.#messages?.push(message);
    this.bytes += sizeOf(message);
  }

  /** Ends it: what has waited. Who wants to hold back next gets its turn after the caller's. */
  release(): Outgoing[] {
    const messages = this.#messages ?? [];
    this.#messages = undefined;
    this.bytes = 0;
    for (const resolve of this.#onReleased.splice(0)) resolve();
    return messages;
  }
}
