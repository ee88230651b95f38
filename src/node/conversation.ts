/**
 * Chapter 8.17 — The linear style: a connection as a conversation (`for await … of peer`, `await peer.send`).
 *
 * Turns an async function into handlers. Messages wait in a queue until the function asks for them, and while any
 * wait, nothing is read from the peer: so a slow conversation slows the peer down instead of filling our memory.
 *
 * What this file must not know: sockets.
 * Next: queues.ts.
 */

import type { State } from "../protocol/contract.ts";
import {
  type Conversation,
  type Handlers,
  type LinearPeer,
  type Message,
  type Peer,
  type PeerClosed,
  type Sendable,
  type SendResult,
  sizeOf,
  type TapListener,
} from "./peer.ts";

/** The handlers that lead a conversation with each peer. It ends the connection when it returns. */
export function linear<Data>(conversation: Conversation<Data>): Handlers<Data> {
  const lines = new Lines<Data>();
  return lines.handlers({
    async open(peer) {
      const line = lines.of(peer);
      try {
        await conversation(line);
        peer.close();
      } finally {
        line.leave();
      }
    },
  });
}

/** The queues of peers whose messages wait until somebody asks for them. */
export class Lines<Data> {
  readonly #lines = new WeakMap<Peer<Data>, Line<Data>>();

  of(peer: Peer<Data>): Line<Data> {
    let line = this.#lines.get(peer);
    if (line === undefined) this.#lines.set(peer, (line = new Line(peer)));
    return line;
  }

  /** Handlers that fill them, and tell others the rest. */
  handlers(others: Handlers<Data>): Handlers<Data> {
    return {
      ...others,
      open: (peer) => {
        this.of(peer);
        return others.open?.(peer);
      },
      message: (peer, data) => this.#lines.get(peer)?.put(data),
      close: (peer, closed) => {
        this.#lines.get(peer)?.end();
        return others.close?.(peer, closed);
      },
    };
  }
}

/** What may wait for a conversation while its connection is closing; and what a message costs beside its bytes. */
const MOST_WAITING = 1024 * 1024;
const MESSAGE_COST = 64;

class Line<Data> implements LinearPeer<Data> {
  readonly #peer: Peer<Data>;
  #queue: Message[] = [];
  /** The next message of the queue. */
  #next = 0;
  /** What the queue costs, since this side began to close. */
  #cost = 0;
  #waiting: ((result: IteratorResult<Message, undefined>) => void)[] = [];
  #ended = false;
  #left = false;

  constructor(peer: Peer<Data>) {
    this.#peer = peer;
  }

  /** Nobody will ask any more: what arrives is let go, so that the peer's Close can be read. */
  leave(): void {
    this.#left = true;
    this.#queue = [];
    this.#next = 0;
    this.#peer.resume();
  }

  put(message: Message): void {
    if (this.#left) return;
    const taker = this.#waiting.shift();
    if (taker !== undefined) {
      taker({ done: false, value: message });
      return;
    }
    if (this.#peer.state !== "open" && !this.#mayWait(message)) return;
    if (this.#queue.push(message) === 1) this.#peer.pause();
  }

  /**
   * While this side is closing, the peer's Close has to be read, and the peer cannot be paused. It has been told that no
   * answer comes: what a conversation that is far behind has no hands for is let go.
   */
  #mayWait(message: Message): boolean {
    this.#cost += sizeOf(message) + MESSAGE_COST;
    return this.#cost <= MOST_WAITING;
  }

  end(): void {
    this.#ended = true;
    for (const taker of this.#waiting.splice(0)) taker({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): AsyncIterator<Message, undefined> {
    return { next: () => this.#take() };
  }

  async receive(): Promise<Message | undefined> {
    return (await this.#take()).value;
  }

  /** What has arrived is still handed out after the end. */
  #take(): Promise<IteratorResult<Message, undefined>> {
    if (this.#next < this.#queue.length) {
      const value = this.#queue[this.#next++]!;
      if (this.#next === this.#queue.length) {
        this.#queue = [];
        this.#next = 0;
        this.#peer.resume();
      }
      return Promise.resolve({ done: false, value });
    }
    if (this.#ended) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Resolves when there is room for more. */
  async send(data: Sendable): Promise<SendResult> {
    const result = this.#peer.send(data);
    if (result === "buffered") await this.#peer.drained();
    return result;
  }

  // The rest is the peer's.

  get data(): Data {
    return this.#peer.data;
  }
  set data(data: Data) {
    this.#peer.data = data;
  }
  get state(): State {
    return this.#peer.state;
  }
  get subprotocol(): string {
    return this.#peer.subprotocol;
  }
  get extensions(): readonly string[] {
    return this.#peer.extensions;
  }
  get address(): string {
    return this.#peer.address;
  }
  get target(): string {
    return this.#peer.target;
  }
  get bufferedAmount(): number {
    return this.#peer.bufferedAmount;
  }
  get roundTripTime(): number | undefined {
    return this.#peer.roundTripTime;
  }
  get closed(): Promise<PeerClosed> {
    return this.#peer.closed;
  }
  sendStream(pieces: AsyncIterable<Sendable> | Iterable<Sendable>): Promise<SendResult> {
    return this.#peer.sendStream(pieces);
  }
  ping(data?: Uint8Array): SendResult {
    return this.#peer.ping(data);
  }
  pong(data?: Uint8Array): SendResult {
    return this.#peer.pong(data);
  }
  close(code?: number, reason?: string): void {
    this.#peer.close(code, reason);
  }
  terminate(): void {
    this.#peer.terminate();
  }
  pause(): void {
    this.#peer.pause();
  }
  resume(): void {
    this.#peer.resume();
  }
  drained(): Promise<void> {
    return this.#peer.drained();
  }
  tap(listener: TapListener): () => void {
    return this.#peer.tap(listener);
  }
}
