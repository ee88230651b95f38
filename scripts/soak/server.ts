/** The server of a soak, in a process of its own: an echo with `serve`'s defaults, or one of `ws` to compare with. */

import { type Handlers, type Server, serve } from "../../src/node/index.ts";
import { obey } from "./processes.ts";

export type Subject = "framewright" | "ws";

export interface ServerOrder {
  readonly subject: Subject;
  readonly deflate: boolean;
}

/** Memory in bytes, processor time in microseconds. */
export interface Footprint {
  readonly rss: number;
  /** JavaScript's objects. */
  readonly heap: number;
  /** What they hold outside of the heap: the bytes of arrays. */
  readonly external: number;
  readonly cpu: number;
}

export interface Heartbeats {
  readonly pings: number;
  readonly pongs: number;
  readonly deadPeers: number;
}

/**
 * Peers are pinged after less silence than between two messages of the load, so that there are heartbeats at all; and
 * they are given longer to answer than everything ought to take.
 */
const HEARTBEAT = { interval: 10_000, timeout: 20_000 };

const echo: Handlers = { message: (peer, data) => peer.send(data) };

let server: Server | undefined;

async function startOurs(deflate: boolean): Promise<number> {
  server = await serve({ host: "0.0.0.0", heartbeat: HEARTBEAT, compression: deflate }, echo);
  return server.port;
}

/** Of the packages of test/interop, which `npm run interop` installs. */
async function startWs(perMessageDeflate: boolean): Promise<number> {
  const path = new URL("../../test/interop/node_modules/ws/wrapper.mjs", import.meta.url).href;
  const { WebSocketServer } = (await import(path)) as typeof import("ws");
  const other = new WebSocketServer({ host: "0.0.0.0", port: 0, perMessageDeflate });
  other.on("connection", (socket) => {
    socket.on("error", () => {});
    socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));
  });
  await new Promise<void>((resolve) => other.on("listening", resolve));
  return other.address().port;
}

const duties = {
  /** Resolves with the port. */
  start: ({ subject, deflate }: ServerOrder): Promise<number> =>
    subject === "ws" ? startWs(deflate) : startOurs(deflate),

  /** With `settled`, the garbage is collected first. */
  footprint({ settled }: { settled: boolean }): Footprint {
    if (settled) for (let time = 0; time < 3; time++) globalThis.gc?.();
    const { rss, heapUsed, external } = process.memoryUsage();
    const { user, system } = process.cpuUsage();
    return { rss, heap: heapUsed, external, cpu: user + system };
  },

  heartbeats(_: null): Heartbeats {
    const heartbeat = server?.stats().heartbeat;
    return {
      pings: heartbeat?.pingsSent ?? 0,
      pongs: heartbeat?.pongsReceived ?? 0,
      deadPeers: heartbeat?.deadPeers ?? 0,
    };
  },
};

export type ServerDuties = typeof duties;

obey(duties);
