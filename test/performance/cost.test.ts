/**
 * What a message may cost, in quantities that no clock and no neighbour can disturb: system calls, bytes copied, bytes
 * allocated, bytes kept. How long it all takes is measured by `npm run bench`.
 */

import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { Socket } from "node:net";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { EMPTY_BYTES } from "../../src/bytes.ts";
import { connect } from "../../src/node/client/connect.ts";
import { NodePeer } from "../../src/node/node-peer.ts";
import { clientAddress, trustedProxies } from "../../src/node/server/address.ts";
import { Transport } from "../../src/node/transport.ts";
import { Connection } from "../../src/protocol/connection.ts";
import type { Handler } from "../../src/protocol/contract.ts";
import { HeadReader } from "../../src/protocol/http.ts";
import { FakeSocket, turn } from "../helpers/fake-socket.ts";
import { bytesOf, concat, frame, KEY } from "../helpers/frames.ts";
import { peerOn, servers } from "../helpers/node-servers.ts";

const BINARY = 2;
const start = servers();

function messages(count: number, size: number): Uint8Array {
  const one = frame({ opcode: BINARY, payload: new Uint8Array(size), key: KEY });
  return concat(...Array.from({ length: count }, () => one));
}

/** One message in so many fragments of one byte. */
function fragments(count: number): Uint8Array {
  const payload = Uint8Array.of(7);
  return concat(
    ...Array.from({ length: count }, (_, index) =>
      frame({ opcode: index === 0 ? BINARY : 0, fin: index === count - 1, payload, key: KEY }),
    ),
  );
}

class Echo implements Handler {
  readonly connection: Connection = new Connection("server", this);
  received = 0;

  write(): boolean {
    return true;
  }
  end(): void {}
  onBinary(data: Uint8Array): void {
    this.received++;
    this.connection.sendBinary(data);
  }
}

describe("system calls", () => {
  async function callsFor(
    chunks: readonly Uint8Array[],
    answer: (send: () => void) => void,
  ): Promise<number> {
    const socket = new FakeSocket();
    const { peer } = peerOn(socket, { message: (to, data) => answer(() => void to.send(data)) });
    peer.start(new Uint8Array(0));
    for (const chunk of chunks) {
      socket.arrive(chunk);
      await turn();
    }
    return socket.calls.length;
  }

  it("a thousand echoes of pipelined messages leave in one for each chunk that was read", async () => {
    const chunks = Array.from({ length: 20 }, () => messages(50, 128));
    expect(await callsFor(chunks, (send) => send())).toBe(20);
  });

  it("so do a thousand that are sent after an await", async () => {
    const chunks = Array.from({ length: 20 }, () => messages(50, 128));
    expect(
      await callsFor(chunks, async (send) => {
        await undefined;
        send();
      }),
    ).toBe(20);
  });

  it("a message that is passed on uncopied leaves in one, with its header", async () => {
    expect(await callsFor([messages(1, 60_000)], (send) => send())).toBe(1);
  });
});

describe("bytes copied", () => {
  /** Counts what `set` copies: the way in which everything that is gathered is gathered. */
  function copiedWhile(run: () => void): number {
    let copied = 0;
    const { set } = Uint8Array.prototype;
    const spy = vi.spyOn(Uint8Array.prototype, "set").mockImplementation(function (
      this: Uint8Array,
      source,
      at,
    ) {
      copied += source.length;
      set.call(this, source, at);
    });
    run();
    spy.mockRestore();
    return copied;
  }

  const fed = (bytes: Uint8Array, chunkSize: number) => () => {
    const echo = new Echo();
    for (let at = 0; at < bytes.length; at += chunkSize)
      echo.connection.receive(bytes.slice(at, at + chunkSize));
    expect(echo.received).toBe(1);
  };

  it.each([
    ["a message in fragments of one byte", fragments, 65_536],
    ["fragments of one byte in chunks of one byte", fragments, 1],
    ["a message in chunks of one byte", (count: number) => messages(1, count), 1],
    ["a message in chunks of a kilobyte", (count: number) => messages(1, count * 10), 1024],
  ])("%s costs what its bytes cost: twice as many, twice as much", (_, make, chunkSize) => {
    const [once, twice] = [8_000, 16_000].map((count) => copiedWhile(fed(make(count), chunkSize)));
    expect(twice! / once!).toBeLessThan(2.2);
    expect(once!).toBeLessThan(4 * make(8_000).length);
  });

  it("a head that arrives byte by byte is gathered once", () => {
    const head = (fields: number): Uint8Array =>
      bytesOf(`GET / HTTP/1.1\r\n${"Name: a value\r\n".repeat(fields)}\r\n`);
    const [once, twice] = [40, 80].map((fields) =>
      copiedWhile(() => {
        const reader = new HeadReader("request");
        for (const byte of head(fields)) reader.read(Uint8Array.of(byte));
      }),
    );
    expect(twice!).toBeLessThanOrEqual(2.2 * once!);
  });
});

describe("memory", () => {
  let collect: () => void;

  beforeAll(() => {
    setFlagsFromString("--expose-gc");
    collect = runInNewContext("gc") as () => void;
  });

  function held(): number {
    // The memory of arrays is given back by the collection after the one that found them.
    collect();
    collect();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  }

  /** How much the heap grows while nothing is collected: the least of many short runs, since whatever else goes on adds to it. */
  function allocatedBy(run: () => void): number {
    const samples: number[] = [];
    for (let sample = 0; sample < 30; sample++) {
      collect();
      const before = process.memoryUsage().heapUsed;
      run();
      const grown = process.memoryUsage().heapUsed - before;
      // Less than before: something was collected meanwhile.
      if (grown > 0) samples.push(grown);
    }
    expect(samples.length).toBeGreaterThan(10);
    return Math.min(...samples);
  }

  /** The object of a view, on any engine from Node 20 to 26. */
  const VIEW = 120;

  it("a message that is echoed takes no more than the view of it that is handed out", () => {
    const chunk = messages(400, 128);
    const echo = new Echo();
    // Unmasking twice restores the chunk: the same bytes are fed each time.
    const run = () => echo.connection.receive(chunk);
    for (let round = 0; round < 500; round++) run();
    expect(allocatedBy(run) / 400).toBeLessThan(VIEW);
  });

  it("a million messages leave nothing behind", () => {
    const chunk = messages(500, 16);
    const echo = new Echo();
    for (let round = 0; round < 200; round++) echo.connection.receive(chunk);
    const before = held();
    for (let round = 0; round < 2000; round++) echo.connection.receive(chunk);
    expect(echo.received).toBe(1_100_000);
    expect(held() - before).toBeLessThan(256 * 1024);
  });

  it("nor do ten thousand connections that have closed", () => {
    const close = frame({ opcode: 8, payload: Uint8Array.of(0x03, 0xe8), key: KEY });
    const talk = messages(3, 100);
    const open = (): void => {
      const echo = new Echo();
      echo.connection.receive(talk.slice());
      echo.connection.receive(close.slice());
      echo.connection.receiveEnd();
    };
    // Until everything has been compiled that will be.
    for (let count = 0; count < 10_000; count++) open();
    const before = held();
    for (let count = 0; count < 10_000; count++) open();
    // One that was kept would keep 300 bytes at least.
    expect(held() - before).toBeLessThan(1024 * 1024);
  });

  it("an idle peer holds half a kilobyte beside its socket", async () => {
    const { context } = peerOn(new FakeSocket());
    const opened = { data: undefined, target: "/", address: "::1", subprotocol: "", agreements: [] };
    const peers: NodePeer<unknown>[] = [];
    const grownByEach = async (count: number): Promise<number> => {
      const sockets = Array.from({ length: count }, () => new FakeSocket());
      await turn();
      const before = held();
      for (const socket of sockets) {
        const peer = new NodePeer<unknown>(context, new Transport(socket), opened);
        peer.start(EMPTY_BYTES);
        peers.push(peer);
      }
      await turn();
      return (held() - before) / count;
    };
    // The first are for the engine, which learns from them how large such objects become.
    await grownByEach(500);
    // 464 bytes of objects, a property of the socket, a place in this list.
    const samples: number[] = [];
    for (let sample = 0; sample < 4; sample++) samples.push(await grownByEach(2000));
    // 472 bytes of objects, a property of the socket, a place in this list; the least, since the engine's own heap moves.
    expect(Math.min(...samples)).toBeLessThan(560);
    expect(peers.every(({ state }) => state === "open")).toBe(true);
  });

  it("and its socket has one listener for each event, since two would stand in an array of 64 bytes", async () => {
    const accepted: Socket[] = [];
    const watch = (message: unknown): void => {
      accepted.push((message as { socket: Socket }).socket);
    };
    subscribe("net.server.socket", watch);
    const server = await start({});
    const peer = await connect(`ws://127.0.0.1:${server.port}/`);
    unsubscribe("net.server.socket", watch);
    const socket = accepted[0]!;
    expect(socket.eventNames()).toContain("data");
    for (const name of socket.eventNames()) expect([name, socket.listenerCount(name)]).toEqual([name, 1]);
    peer.terminate();
  });

  it("an address is kept without the list that it stood in", () => {
    const list = `${"x".repeat(4000)}, 203.0.113.`;
    const trusted = trustedProxies(1);
    const before = held();
    const addresses = Array.from({ length: 1000 }, (_, index) =>
      clientAddress("10.0.0.1", `${list}${100 + (index % 100)}`, trusted),
    );
    expect(held() - before).toBeLessThan(1000 * 1000);
    expect(addresses[0]).toBe("203.0.113.100");
  });
});
