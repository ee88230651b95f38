/**
 * Chapter 8.12 — The transport: a Node stream as a connection needs it.
 *
 * Writes, corks and ends; reads unless there is a reason not to; and tells one listener what happens. A thousand
 * sockets share six functions: a socket finds its listener through a property of its own.
 *
 * What this file must not know: what the bytes are.
 * Next: vitals.ts.
 */

import { Socket } from "node:net";
import { type Duplex, Readable } from "node:stream";

export interface TransportListener {
  receive(chunk: Uint8Array): void;
  /** Everything that waited has left. */
  drain(): void;
  /** Nothing will arrive any more and nothing can leave. It may be said several times. */
  transportEnded(error?: Error): void;
}

/** Why nothing is read at the moment. */
export const Pause = { Application: 1, Backpressure: 2 } as const;

const LISTENER = Symbol("listener");

type ListenedTo = Duplex & { [LISTENER]?: TransportListener };

export class Transport {
  readonly #socket: ListenedTo;
  /** The sum of the reasons. */
  #pauses = 0;
  #corked = false;
  #written = 0;
  /** Whether the stream may have more than it likes. If not, nobody needs to ask it for each message, through two getters. */
  #mayNeedDrain = true;

  constructor(socket: Duplex) {
    this.#socket = socket;
  }

  /** Tells this listener from now on what happens: instead of another, if there was one. */
  listen(listener: TransportListener): void {
    const socket = this.#socket;
    const isFirst = socket[LISTENER] === undefined;
    socket[LISTENER] = listener;
    if (!isFirst) return;
    socket.on("data", onData);
    socket.on("drain", onDrain);
    socket.on("error", onError);
    socket.on("end", onEnd);
    socket.on("close", onEnd);
    if (socket instanceof Socket && !Object.hasOwn(socket, "push")) socket.push = push;
  }

  /** Gives the socket up, to somebody who takes it as it is. */
  release(): Duplex {
    const socket = this.#socket;
    delete socket[LISTENER];
    socket.off("data", onData);
    socket.off("drain", onDrain);
    socket.off("error", onError);
    socket.off("end", onEnd);
    socket.off("close", onEnd);
    if (socket.push === push) Reflect.deleteProperty(socket, "push");
    return socket;
  }

  /** Bytes that have been written and have not left. */
  get waiting(): number {
    return this.#socket.writableLength;
  }

  /** Bytes that have left. */
  get taken(): number {
    return this.#written - this.waiting;
  }

  /** Whether so many bytes wait that a `drain` will tell when they have left. */
  get needsDrain(): boolean {
    this.#mayNeedDrain &&= this.#socket.writableNeedDrain;
    return this.#mayNeedDrain;
  }

  /** With `more`, the bytes wait for the next ones, to leave in one system call with them. */
  write(bytes: Uint8Array, more: boolean): void {
    const socket = this.#socket;
    this.#written += bytes.length;
    if (more && !this.#corked) socket.cork();
    if (!socket.write(bytes)) this.#mayNeedDrain = true;
    if (!more && this.#corked) socket.uncork();
    this.#corked = more;
  }

  /** §7.1.1: cleanly, behind all that was written. */
  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  pause(reason: number): void {
    this.#pauses |= reason;
    this.#socket.pause();
  }

  resume(reason = 0): void {
    this.#pauses &= ~reason;
    if (this.#pauses === 0) this.#socket.resume();
  }

  isPaused(reason: number): boolean {
    return (this.#pauses & reason) !== 0;
  }
}

function onData(this: ListenedTo, chunk: Buffer): void {
  this[LISTENER]?.receive(chunk);
}

/**
 * Where Node hands to a socket's stream what it has read: while the stream flows, and nothing waits in it, that is told at
 * once. Without the way through the stream, 7 to 8 % more messages come and go, one in flight (`npm run bench -- --scenario
 * echo-128-1`, Node 20.20).
 */
function push(this: ListenedTo, chunk: Buffer | null, encoding?: BufferEncoding): boolean {
  if (chunk === null || this.readableFlowing !== true || this.readableLength > 0) {
    return Readable.prototype.push.call(this, chunk, encoding);
  }
  this[LISTENER]?.receive(chunk);
  return true;
}

function onDrain(this: ListenedTo): void {
  this[LISTENER]?.drain();
}

function onError(this: ListenedTo, error: Error): void {
  this[LISTENER]?.transportEnded(error);
}

function onEnd(this: ListenedTo): void {
  this[LISTENER]?.transportEnded();
}

/** As the plain array it is: messages are views of it, and nobody shall have to know which of them are Buffers. */
export function plain(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}
