/** What the checks of this folder share: servers and clients that are gone afterwards. */

import { strict as assert } from "node:assert";
import type { IncomingMessage } from "node:http";
import { type ClientOptions, WebSocket } from "ws";
import type { Handlers, Message } from "../../src/node/peer.ts";
import { type ServeOptions, type Server, serve } from "../../src/node/server/server.ts";

export const PLAIN: ClientOptions = { perMessageDeflate: false };

export const echo: Handlers = { message: (peer, data) => peer.send(data) };

/** Starts our server, hands it to `use`, and ends it whatever becomes of that. */
export async function withServer(
  options: ServeOptions & Handlers,
  use: (server: Server, url: string) => Promise<void>,
): Promise<void> {
  const server = await serve({ host: "127.0.0.1", ...options });
  try {
    await use(server, `ws://127.0.0.1:${server.port}/`);
  } finally {
    for (const peer of server.peers) peer.terminate();
    await server.close({ timeout: 1000 });
  }
}

/** A promise, and the function that resolves it: for what a handler is going to tell. */
export function told<Value>(): { promise: Promise<Value>; tell: (value: Value) => void } {
  let tell!: (value: Value) => void;
  const promise = new Promise<Value>((resolve) => (tell = resolve));
  return { promise, tell };
}

export interface WsClosed {
  readonly code: number;
  readonly reason: string;
}

/** A connection of `ws`, of either side, with what it hears in queues. */
export class WsLine {
  readonly socket: WebSocket;
  readonly closed: Promise<WsClosed>;
  readonly pings: Queue<string> = new Queue();
  readonly pongs: Queue<string> = new Queue();
  readonly #messages = new Queue<Message>();

  constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on("message", (data, isBinary) => {
      this.#messages.put(isBinary ? new Uint8Array(data) : data.toString());
    });
    socket.on("ping", (data) => this.pings.put(data.toString()));
    socket.on("pong", (data) => this.pongs.put(data.toString()));
    socket.on("error", () => {});
    this.closed = new Promise((resolve) => {
      socket.on("close", (code, reason) => resolve({ code, reason: reason.toString() }));
    });
  }

  message(): Promise<Message> {
    return this.#messages.take();
  }
}

/** Connects with `ws` as the client. */
export async function wsConnect(
  url: string,
  options: ClientOptions = {},
  subprotocols: readonly string[] = [],
): Promise<WsLine> {
  const socket = new WebSocket(url, subprotocols, options);
  const line = new WsLine(socket);
  await new Promise<void>((resolve, reject) => {
    socket.on("open", resolve).on("error", reject);
  });
  return line;
}

/** Connects, and returns the header fields of the server's answer. */
export async function answerTo(url: string, options: ClientOptions): Promise<IncomingMessage["headers"]> {
  const socket = new WebSocket(url, [], options);
  return new Promise((resolve, reject) => {
    socket.on("upgrade", ({ headers }) => resolve(headers)).on("error", reject);
  });
}

/** Sends one message after the other, then all of them at once. */
export async function exchange(line: WsLine, messages: readonly Message[]): Promise<void> {
  for (const message of messages) {
    line.socket.send(message);
    assert.deepEqual(await line.message(), message);
  }
  for (const message of messages) line.socket.send(message);
  for (const message of messages) assert.deepEqual(await line.message(), message);
}

/** What is put in can be taken out in the same order, before or after. */
export class Queue<Value> {
  readonly #values: Value[] = [];
  readonly #takers: ((value: Value) => void)[] = [];

  put(value: Value): void {
    const taker = this.#takers.shift();
    if (taker === undefined) this.#values.push(value);
    else taker(value);
  }

  take(): Promise<Value> {
    if (this.#values.length > 0) return Promise.resolve(this.#values.shift()!);
    return new Promise((resolve) => this.#takers.push(resolve));
  }
}
