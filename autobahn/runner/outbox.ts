/**
 * The judge, 6 — The way out: octets leave at once, or in pieces, one for each turn of the event loop.
 *
 * What is written while pieces wait goes behind them: the order is kept. TCP_NODELAY is on, so a piece is a segment
 * of its own, as a rule, and a peer meets every cut.
 *
 * What this file must not know: what the octets are. Next: log.ts.
 */

import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";

/** Ends a TCP connection by a reset; under TLS Node has no such thing, and it just ends. */
export function reset(socket: Socket): void {
  if (socket instanceof TLSSocket) socket.destroy();
  else socket.resetAndDestroy();
}

export interface Transport {
  write(octets: Uint8Array): unknown;
}

export class Outbox {
  readonly #transport: Transport;
  readonly #sent: (octets: Uint8Array, queued: boolean) => void;
  #queue: Uint8Array[] = [];
  #next = 0;
  #isClosed = false;

  /** `sent` is told of everything at the moment when it leaves. */
  constructor(transport: Transport, sent: (octets: Uint8Array, queued: boolean) => void) {
    this.#transport = transport;
    this.#sent = sent;
  }

  write(octets: Uint8Array): void {
    if (this.#isClosed) return;
    if (this.#queue.length > 0) {
      this.#queue.push(octets);
      return;
    }
    this.#transport.write(octets);
    this.#sent(octets, false);
  }

  /** Cut into pieces of `size` octets; without a size, one piece. */
  queue(octets: Uint8Array, size: number = octets.length): void {
    if (this.#isClosed) return;
    const wasEmpty = this.#queue.length === 0;
    for (let at = 0; at < octets.length; at += size) this.#queue.push(octets.subarray(at, at + size));
    if (wasEmpty) this.#drain();
  }

  /** What is still queued is dropped, and nothing is written any more. */
  close(): void {
    this.#isClosed = true;
    this.#queue = [];
  }

  #drain = (): void => {
    if (this.#isClosed) return;
    const octets = this.#queue[this.#next++]!;
    this.#transport.write(octets);
    this.#sent(octets, true);
    if (this.#next < this.#queue.length) {
      setImmediate(this.#drain);
    } else {
      this.#queue = [];
      this.#next = 0;
    }
  };
}
