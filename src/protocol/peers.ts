/**
 * Chapter 6.3 — Two peers in memory: a client and a server joined without a network.
 *
 * The shortest way to see the protocol work, and how most of our tests are written; yours can be too. Bytes that one
 * side writes wait until `settle` carries them over, so everything happens in an order one can read.
 *
 * Next: describe.ts.
 */

import { Connection } from "./connection.ts";
import type { ConnectionOptions, Event } from "./contract.ts";
import type { Role } from "./frame.ts";

export interface PeerOptions extends ConnectionOptions {
  /** Told of each event at its moment, before the next byte is read: the place to answer from. */
  onEvent?: (event: Event, connection: Connection) => void;
}

export interface PeersOptions {
  client?: PeerOptions;
  server?: PeerOptions;
  /** How the bytes of one write arrive at the other side: whole by default. Also the place to watch them. */
  carry?: (bytes: Uint8Array, from: Role) => Iterable<Uint8Array>;
}

export interface Peers {
  readonly client: Connection;
  readonly server: Connection;
  /** Carries bytes until none are left, and returns what each side was told since the last time. */
  settle(): { client: Event[]; server: Event[] };
}

/** One side, and what is on its way to the other. `undefined` in the queue is the end of its transport. */
interface Side {
  readonly connection: Connection;
  readonly options: PeerOptions;
  readonly outgoing: (Uint8Array | undefined)[];
  events: Event[];
}

export function peers(options: PeersOptions = {}): Peers {
  const client = makeSide("client", options);
  const server = makeSide("server", options);
  return {
    client: client.connection,
    server: server.connection,
    settle() {
      do {
        deliver(client, server);
        deliver(server, client);
      } while (client.outgoing.length + server.outgoing.length > 0);
      const told = { client: client.events, server: server.events };
      client.events = [];
      server.events = [];
      return told;
    },
  };
}

function makeSide(role: Role, { carry = whole, ...options }: PeersOptions): Side {
  const outgoing: Side["outgoing"] = [];
  const sideOptions = options[role] ?? {};
  const handler = {
    write: (bytes: Uint8Array): void => {
      for (const piece of carry(bytes, role)) outgoing.push(piece);
    },
    end: (): void => {
      outgoing.push(undefined);
    },
  };
  return {
    connection: new Connection(role, handler, sideOptions),
    options: sideOptions,
    outgoing,
    events: [],
  };
}

function* whole(bytes: Uint8Array): Iterable<Uint8Array> {
  yield bytes;
}

/** Carries over what one side has written so far. */
function deliver(from: Side, to: Side): void {
  for (const bytes of from.outgoing.splice(0)) {
    if (bytes === undefined) to.connection.receiveEnd();
    // A copy, since the receiver unmasks in place and a large payload is the application's own memory.
    else tell(to, to.connection.events(bytes.slice()));
  }
  tell(to, to.connection.events());
}

function tell(side: Side, events: Iterable<Event>): void {
  for (const event of events) {
    side.events.push(event);
    side.options.onEvent?.(event, side.connection);
  }
}
