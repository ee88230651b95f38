/** A WebSocket that nobody holds hears what it waits for all the same (WHATWG WebSockets §7). */

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { WebSocket } from "../../src/node/client/websocket.ts";
import { turn } from "../helpers/fake-socket.ts";
import { frame } from "../helpers/frames.ts";
import { hostileServers } from "../helpers/hostile-server.ts";
import { endingOf } from "../helpers/web-sockets.ts";

const hostile = hostileServers();
const CLOSE = frame({ opcode: 8, payload: Uint8Array.of(3, 232) });

/** Collects what can be collected, again and again. */
async function collect(): Promise<void> {
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("gc") as () => void;
  for (let turns = 0; turns < 5; turns++) {
    gc();
    await turn();
  }
}

/** How a socket ended that is held by nobody, once `begin` has set it up. */
function endOf(port: number, begin: (socket: WebSocket) => void): Promise<string> {
  return new Promise((resolve) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/`, [], { heartbeat: false, compression: false });
    socket.onclose = (event) => resolve(endingOf(event));
    begin(socket);
  });
}

describe("a WebSocket is not collected", () => {
  it("[WHATWG-WS-7-01] while it is connecting", async () => {
    const { port } = await hostile(async (wire) => {
      await collect();
      await wire.open(CLOSE);
      await wire.frame(8);
      wire.end();
    });
    expect(await endOf(port, () => {})).toBe('1000 "" clean');
  });

  it("[WHATWG-WS-7-03] while it is closing", async () => {
    const { port } = await hostile(async (wire) => {
      await wire.open();
      await wire.frame(8);
      await collect();
      wire.write(CLOSE);
      wire.end();
    });
    const end = endOf(port, (socket) => {
      socket.onopen = () => socket.close(1000);
    });
    expect(await end).toBe('1000 "" clean');
  });

  it("[WHATWG-WS-7-04] while what it has sent waits for a slow server", async () => {
    const size = 4 * 1024 * 1024;
    let received = 0;
    const { port } = await hostile(async (wire) => {
      await wire.open();
      wire.socket.pause();
      await collect();
      wire.socket.removeAllListeners("data").on("data", ({ length }) => {
        received += length;
        if (received > size) wire.reset();
      });
      wire.socket.resume();
    });
    const end = endOf(port, (socket) => {
      socket.onopen = () => socket.send(new Uint8Array(size));
    });
    expect(await end).toBe('1006 "" not clean');
    expect(received).toBeGreaterThan(size);
  });
});
