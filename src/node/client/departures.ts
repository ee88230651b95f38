/**
 * Chapter 10.15 — Departures: what a page sends, in the order of its calls, and counted until it has left.
 *
 * A Blob has to be read before it can be sent, and what comes after it waits for that: so order takes a queue. And a
 * page is told in `bufferedAmount` how much of what it sent has not left, in bytes of its own, while a peer knows only
 * what waits on its way to the network: headers, compressed payloads, Pongs. So counting takes a list.
 *
 * What this file must not know: events, what a page may say.
 * Next: websocket.ts.
 */

import type { Message, Peer } from "../peer.ts";

/** A message, and how many bytes it has. */
export interface Parcel {
  readonly data: Message | Blob;
  readonly size: number;
}

/** What a Close frame says: nothing at all, if the code is 1005. */
export interface Closing {
  readonly code: number;
  readonly reason: string;
}

/** A message that was handed over: its payload, and by how much it let the bytes grow that wait in the peer. */
interface Sent {
  readonly size: number;
  readonly wire: number;
}

export class Departures {
  readonly #peer: Peer;
  /** While a Blob is read: what was sent after it, and last the Close. */
  #behind: (Parcel | Closing)[] | undefined = undefined;
  /** What was handed over and waits in the peer, oldest first; and the sum of it there. */
  readonly #sent: Sent[] = [];
  #wire = 0;
  #amount = 0;
  /** This task has seen the count: it stands still until the next one. */
  #seen = false;

  constructor(peer: Peer) {
    this.#peer = peer;
  }

  /** Payload bytes that were to be sent and have not left. */
  get amount(): number {
    if (this.#sent.length > 0) this.look();
    return this.#amount;
  }

  /** With the connection gone, too: then it is only counted, and for good. */
  send(parcel: Parcel): void {
    const { data, size } = parcel;
    this.#amount += size;
    if (this.#behind !== undefined) {
      // The page may change its buffer as soon as `send` has returned.
      this.#behind.push(data instanceof Uint8Array ? { data: data.slice(), size } : parcel);
    } else if (data instanceof Blob) {
      void this.#sendInOrder([parcel]);
    } else {
      this.#handOver(data, size);
    }
  }

  close(closing: Closing): void {
    if (this.#behind !== undefined) this.#behind.push(closing);
    else this.#close(closing);
  }

  async #sendInOrder(queue: (Parcel | Closing)[]): Promise<void> {
    this.#behind = queue;
    try {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        if (!("data" in next)) this.#close(next);
        else if (!(next.data instanceof Blob)) this.#handOver(next.data, next.size);
        else this.#handOver(new Uint8Array(await next.data.arrayBuffer()), next.size);
      }
    } catch {
      // The file behind a Blob is not what it was. The message cannot be sent, and may not be left out.
      this.#peer.terminate();
    }
    this.#behind = undefined;
  }

  #handOver(message: Message, size: number): void {
    const peer = this.#peer;
    this.look();
    const before = peer.bufferedAmount;
    // What is dropped, because the connection is closing, never leaves.
    if (peer.send(message) === "dropped") return;
    // The socket may have taken something at once. Then this is too little, and the message counts longer than it waits.
    const wire = Math.max(0, peer.bufferedAmount - before);
    this.#sent.push({ size, wire });
    this.#wire += wire;
  }

  #close({ code, reason }: Closing): void {
    this.#peer.close(code, reason);
  }

  /**
   * Takes what has left out of the count. What leaves during a task counts until its end, as the standard has it: so
   * this is done before a task sees the count, and again when it is over, but not in between.
   */
  look(): void {
    if (this.#seen) return;
    this.#seen = true;
    this.#takeOut();
    setImmediate(() => {
      this.#seen = false;
      this.#takeOut();
    });
  }

  /** A message has left when those behind it make up for all that waits. What a dead connection held never leaves. */
  #takeOut(): void {
    if (this.#peer.state === "closed") return;
    const waiting = this.#peer.bufferedAmount;
    let left = 0;
    for (const { size, wire } of this.#sent) {
      if (this.#wire - wire < waiting) break;
      this.#wire -= wire;
      this.#amount -= size;
      left++;
    }
    this.#sent.splice(0, left);
  }
}
