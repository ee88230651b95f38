/** Servers and peers for the tests of src/node, with a clean end to each test. */

import type { Duplex } from "node:stream";
import { afterEach } from "vitest";
import { NodePeer, type PeerContext } from "../../src/node/node-peer.ts";
import { type PeerOptions, peerSettings } from "../../src/node/options.ts";
import type { Conversation, Handlers, PeerClosed } from "../../src/node/peer.ts";
import { type ServeOptions, type Server, serve } from "../../src/node/server/server.ts";
import { Statistics } from "../../src/node/statistics.ts";
import { Deadlines } from "../../src/node/timers.ts";
import { Transport } from "../../src/node/transport.ts";
import type { Agreement } from "../../src/protocol/extension.ts";
import { FakeClock } from "./fake-clock.ts";

/** Starts servers that are closed when their test has ended. */
export function servers(): typeof started {
  const running: Server[] = [];
  afterEach(async () => {
    for (const server of running.splice(0)) {
      for (const peer of server.peers) peer.terminate();
      await server.close({ timeout: 1000 });
    }
  });
  return async (options, application) => {
    const server = await started(options, application);
    running.push(server);
    return server;
  };
}

async function started(
  options: ServeOptions & Handlers,
  application?: Handlers | Conversation,
): Promise<Server> {
  return serve({ heartbeat: false, host: "127.0.0.1", ...options }, application);
}

export const echo: Handlers = { message: (peer, data) => peer.send(data) };

export interface PeerSettingsForTests extends PeerOptions {
  agreements?: readonly Agreement[];
}

/** A peer on a stream, with all that a server would have given it. */
export function peerOn(
  socket: Duplex,
  handlers: Handlers = {},
  { agreements = [], ...options }: PeerSettingsForTests = {},
) {
  const clock = new FakeClock();
  const statistics = new Statistics();
  const ended: PeerClosed[] = [];
  const context: PeerContext<unknown> = {
    role: "server",
    handlers,
    settings: peerSettings(options),
    statistics,
    clock,
    deadlines: new Deadlines(clock),
    schedule: (connection) => process.nextTick(() => connection.flush()),
    ended: (_peer, closed) => ended.push(closed),
  };
  const opened = { target: "/here", address: "192.0.2.1", subprotocol: "chat", agreements, data: undefined };
  const peer = new NodePeer<unknown>(context, new Transport(socket), opened);
  return { peer, context, clock, statistics, ended };
}
