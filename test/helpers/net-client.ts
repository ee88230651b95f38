/** A WebSocket client over TCP for tests: the core on a socket, with its events in a queue one can await. */

import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { ClientHandshake, type ClientHandshakeOptions } from "../../src/protocol/client-handshake.ts";
import { Connection } from "../../src/protocol/connection.ts";
import type { Closed, ConnectionOptions, Event } from "../../src/protocol/contract.ts";

export interface TestClient {
  readonly socket: Socket;
  readonly connection: Connection;
  readonly subprotocol: string;
  readonly fields: Iterable<readonly [string, string]>;
  /** The next event; waits for it. */
  next(): Promise<Event>;
  /** The next message's data. */
  message(): Promise<string | Uint8Array>;
  closed(): Promise<Closed>;
}

export class Refused extends Error {
  readonly status: number | undefined;
  readonly rule: string;
  readonly body: string;

  constructor(status: number | undefined, rule: string, reason: string, body: string) {
    super(reason);
    this.status = status;
    this.rule = rule;
    this.body = body;
  }
}

export interface ClientSettings extends Partial<ClientHandshakeOptions> {
  connection?: ConnectionOptions;
  /** Sent in the same write as the request, before there is an answer. */
  early?: (connection: Connection) => void;
}

/** Connects and shakes hands. Rejects with `Refused` where the server refuses. */
export async function connectTo(port: number, settings: ClientSettings = {}): Promise<TestClient> {
  const { connection: connectionOptions, early, ...handshakeOptions } = settings;
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  const handshake = new ClientHandshake({ host: `127.0.0.1:${port}`, ...handshakeOptions });
  const queue: Event[] = [];
  let wake: () => void = () => {};
  const handler = {
    write: (bytes: Uint8Array): void => {
      socket.write(bytes.slice());
    },
    end: (): void => {
      socket.end();
    },
  };
  const earlyFrames: Uint8Array[] = [];
  if (early !== undefined) {
    early(new Connection("client", { write: (bytes) => void earlyFrames.push(bytes.slice()), end() {} }));
  }
  let connection: Connection | undefined;
  const take = (events: Iterable<Event>): void => {
    queue.push(...events);
    wake();
  };
  socket.on("error", () => {});
  const answered = new Promise<{ subprotocol: string; fields: Iterable<readonly [string, string]> }>(
    (resolve, reject) => {
      socket.on("data", (chunk) => {
        if (connection !== undefined) {
          take(connection.events(new Uint8Array(chunk)));
          return;
        }
        const result = handshake.receive(new Uint8Array(chunk));
        if (result === undefined) return;
        if (!result.ok) {
          const body = new TextDecoder().decode(result.rest);
          reject(new Refused(result.status, result.rule, result.reason, body));
          return;
        }
        connection = new Connection("client", handler, {
          ...connectionOptions,
          extensions: result.extensions,
        });
        resolve(result);
        take(connection.events(result.rest));
      });
      socket.on("close", () => {
        reject(new Refused(undefined, "closed", "the server closed the connection", ""));
        if (connection === undefined) return;
        connection.receiveEnd();
        take(connection.events());
      });
    },
  );
  answered.catch(() => {}); // it is awaited below, perhaps too late for the runtime's taste
  await once(socket, "connect");
  socket.write(Buffer.concat([handshake.request, ...earlyFrames]));
  const { subprotocol, fields } = await answered;
  const client: TestClient = {
    socket,
    connection: connection!,
    subprotocol,
    fields,
    async next() {
      while (queue.length === 0) await new Promise<void>((resolve) => (wake = resolve));
      return queue.shift()!;
    },
    async message() {
      for (;;) {
        const event = await client.next();
        if (event.type === "text" || event.type === "binary") return event.data;
        if (event.type === "close") throw new Error(`closed with ${event.close.code} instead of a message`);
      }
    },
    async closed() {
      for (;;) {
        const event = await client.next();
        if (event.type === "close") return event.close;
      }
    },
  };
  return client;
}
