/** What networks, clients and applications do to a server, over real sockets. */

import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { describe, expect, it } from "vitest";
import type { Handlers, Message, PeerClosed } from "../../../src/node/peer.ts";
import { FakeClock } from "../../helpers/fake-clock.ts";
import { turn, until } from "../../helpers/fake-socket.ts";
import { concat, frame, frameTo, hex } from "../../helpers/frames.ts";
import { upgradeRequest } from "../../helpers/handshakes.ts";
import { connectTo, type TestClient } from "../../helpers/net-client.ts";
import { echo, servers } from "../../helpers/node-servers.ts";

const started = servers();

const REQUEST = upgradeRequest();

/** A bare connection, which never fails a test by itself. */
async function raw(port: number): Promise<Socket> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  socket.on("error", () => {});
  await once(socket, "connect");
  return socket;
}

/** Everything that comes until the server has said `what`, or has ended the connection. */
async function heard(socket: Socket, what = "\0never"): Promise<string> {
  let text = "";
  socket.on("data", (chunk) => (text += chunk.toString("latin1")));
  const over = once(socket, "close").catch(() => {});
  await Promise.race([until(() => text.includes(what), `"${what}" is heard`), over]);
  return text;
}

/** The connections of a server as its `close` handler is told of them, in order. */
function endings(): { handlers: Handlers; next(): Promise<PeerClosed> } {
  const ended: PeerClosed[] = [];
  return {
    handlers: { close: (_peer, closed) => ended.push(closed) },
    async next() {
      await until(() => ended.length > 0, "a connection has ended");
      return ended.shift()!;
    },
  };
}

async function expectEcho(client: TestClient, word = "still here"): Promise<void> {
  client.connection.sendText(word);
  expect(await client.message()).toBe(word);
}

describe("a client", () => {
  it("may be reset in the middle of a frame", async () => {
    const { handlers, next } = endings();
    const server = await started({ ...echo, ...handlers });
    const client = await connectTo(server.port);
    const other = await connectTo(server.port);
    client.socket.write(frameTo("server", { opcode: 2, payload: new Uint8Array(500) }).subarray(0, 100));
    await until(() => server.stats().bytes.in === 100, "half a frame is there");
    client.socket.resetAndDestroy();
    expect(await next()).toMatchObject({ code: 1006, initiator: "transport", cause: { code: "ECONNRESET" } });
    await expectEcho(other);
  });

  it("may be reset in the middle of its handshake", async () => {
    const server = await started(echo);
    for (const text of ["", "GET / HT", REQUEST]) {
      const socket = await raw(server.port);
      socket.write(text);
      await turn();
      socket.resetAndDestroy();
    }
    await expectEcho(await connectTo(server.port));
    await until(() => server.stats().connections.open === 1, "all others have gone");
  });

  it("may end its side without a Close", async () => {
    const { handlers, next } = endings();
    const server = await started({ ...echo, ...handlers });
    const client = await connectTo(server.port);
    client.connection.sendText("last words");
    client.socket.end();
    expect(await client.message()).toBe("last words");
    expect(await next()).toMatchObject({ code: 1006, clean: false, initiator: "transport" });
  });

  it("may disappear: the heartbeat notices", async () => {
    const clock = new FakeClock();
    const { handlers, next } = endings();
    const server = await started({ ...handlers, clock, heartbeat: { interval: 1000, timeout: 500 } });
    const client = await connectTo(server.port);
    client.socket.pause();
    clock.advance(1100);
    clock.advance(600);
    expect(await next()).toMatchObject({
      code: 1006,
      cause: { message: "heartbeat: the peer did not answer a Ping" },
    });
    expect(server.stats().heartbeat).toMatchObject({ pingsSent: 1, deadPeers: 1 });
  });

  it("may shake hands one byte at a time", async () => {
    const server = await started(echo);
    const socket = await raw(server.port);
    for (const byte of REQUEST) socket.write(byte);
    expect(await heard(socket, "\r\n\r\n")).toMatch(/^HTTP\/1\.1 101 /);
    socket.destroy();
  });

  it.each(["close", "drop"] as const)(
    "may stop reading: memory is bounded by the policy %s",
    async (onSlow) => {
      const clock = new FakeClock();
      const { handlers, next } = endings();
      const maxBufferedBytes = 1_000_000;
      const server = await started({ ...handlers, clock, onSlow, maxBufferedBytes });
      const client = await connectTo(server.port);
      client.socket.pause();
      const [peer] = server.peers;
      const results = new Set<string>();
      for (let index = 0; index < 400; index++) {
        results.add(peer!.send(new Uint8Array(50_000)));
        expect(peer!.bufferedAmount).toBeLessThan(maxBufferedBytes + 300_000);
      }
      expect(results).toContain("dropped");
      expect(peer!.state).toBe(onSlow === "drop" ? "open" : "closing");
      if (onSlow === "close") {
        clock.advance(10_100);
        expect(await next()).toMatchObject({ code: 1006, cause: { message: /^maxBufferedBytes: / } });
        return;
      }
      client.socket.resume();
      await until(() => peer!.bufferedAmount === 0, "all has left");
      expect(peer!.send("room again")).not.toBe("dropped");
    },
  );

  it("may flood a server whose hook has not decided: it is not read from, and loses nothing", async () => {
    let decide: ((decision: boolean) => void) | undefined;
    const received: number[] = [];
    const server = await started({
      message: (_peer, data) => received.push(data.length),
      upgrade: () => new Promise<boolean>((resolve) => (decide = resolve)),
      maxPendingBytes: 10_000,
    });
    const socket = await raw(server.port);
    const message = frameTo("server", { opcode: 2, payload: new Uint8Array(65_000) });
    socket.write(REQUEST);
    const sizes = Array.from({ length: 300 }, () => 65_000);
    for (const _size of sizes) socket.write(message);
    await until(() => decide !== undefined, "the hook is asked");
    for (let round = 0; round < 100; round++) await turn();
    expect(socket.writableLength).toBeGreaterThan(1_000_000);
    decide!(true);
    await until(() => received.length === sizes.length, "all has arrived");
    expect(received).toEqual(sizes);
    socket.destroy();
  });
});

describe("a malformed frame", () => {
  const masked = (first: number, ...rest: number[]): Uint8Array =>
    Uint8Array.of(first, 0x80 | rest.length, 0, 0, 0, 0, ...rest);
  const malformed: [string, Uint8Array, number][] = [
    ["a reserved bit", masked(0x91), 1002],
    ["an unknown opcode", masked(0x8b), 1002],
    ["a fragmented Ping", masked(0x09), 1002],
    ["a long Ping", hex("89 fe 00 7e"), 1002],
    ["no mask", frame({ opcode: 1, payload: "Hello" }), 1002],
    ["a length that is not minimal", hex("82 fe 00 05"), 1002],
    ["an impossible length", hex("82 ff ff 00 00 00 00 00 00 00"), 1002],
    ["a continuation of nothing", masked(0x80), 1002],
    ["a message inside another", concat(masked(0x01), masked(0x81)), 1002],
    ["a Close of one byte", masked(0x88, 3), 1002],
    ["a close code that cannot be", masked(0x88, 3, 0xed), 1002],
    ["text that is no UTF-8", masked(0x81, 0xc3, 0x28), 1007],
    ["a message that is too big", hex("82 ff 00 00 00 00 7f ff ff ff"), 1009],
  ];

  it("[RFC6455-7.1.7-04] closes its connection with the right code, while another goes on", async () => {
    const { handlers, next } = endings();
    const server = await started({ ...echo, ...handlers });
    const other = await connectTo(server.port);
    for (const [what, bytes, code] of malformed) {
      const client = await connectTo(server.port);
      client.socket.write(bytes);
      expect((await client.closed()).code, what).toBe(code);
      expect(await next(), what).toMatchObject({ initiator: "local", error: { code } });
      await expectEcho(other, what);
    }
    expect(server.stats().closes).toEqual({ 1006: malformed.length });
  });
});

describe("a server", () => {
  it("is left as it was by 10,000 connections that come and go", { timeout: 60_000 }, async () => {
    const many = 10_000;
    const clock = new FakeClock();
    const server = await started({ ...echo, clock, heartbeat: {} });
    const sockets = () => process.getActiveResourcesInfo().filter((kind) => kind === "TCPSocketWrap").length;
    const before = sockets();
    const ways: ((client: TestClient) => unknown)[] = [
      (client) => client.connection.close(1000),
      (client) => client.socket.end(),
      (client) => client.socket.destroy(),
      (client) => client.socket.resetAndDestroy(),
    ];
    for (let done = 0; done < many; done += 50) {
      const clients = await Promise.all(Array.from({ length: 50 }, () => connectTo(server.port)));
      const gone = clients.map((client) => client.closed());
      for (const [index, client] of clients.entries()) ways[index % ways.length]!(client);
      await Promise.all(gone);
    }
    await until(() => server.peers.size === 0, "all have gone");
    const { connections, handshakes } = server.stats();
    expect([connections, handshakes]).toEqual([
      { open: 0, total: many },
      { accepted: many, refused: {} },
    ]);
    clock.advance(1000);
    expect(clock.running).toBe(0);
    await until(() => sockets() <= before, "no socket is left");
  });

  it("sends all that is said in one turn in one write, also after an await", async () => {
    const server = await started({
      async message(peer) {
        await Promise.resolve();
        for (const word of ["one", "two", "three"]) peer.send(word);
      },
    });
    const client = await connectTo(server.port);
    const chunks: Buffer[] = [];
    client.socket.on("data", (chunk) => chunks.push(chunk));
    client.connection.sendText("go");
    const words = [await client.message(), await client.message(), await client.message()];
    expect([words, chunks.length]).toEqual([["one", "two", "three"], 1]);
  });

  it("broadcasts to those it is told, and to nobody who has gone", async () => {
    const server = await started(echo);
    const clients = await Promise.all([0, 1, 2].map(() => connectTo(server.port)));
    const [first, second] = server.peers;
    expect(server.broadcast("to two", [first!, second!])).toBe(2);
    first!.terminate();
    await first!.closed;
    expect(server.broadcast("to one", [first!, second!])).toBe(1);
    expect(server.broadcast("to all")).toBe(2);
    for (const client of clients) client.socket.destroy();
  });

  it("slows a client down to the pace of its conversation", async () => {
    let goOn: () => void = () => {};
    const wait = new Promise<void>((resolve) => (goOn = resolve));
    let taken = 0;
    const server = await started({}, async (peer) => {
      for await (const _message of peer) {
        if (taken++ === 0) await wait;
      }
    });
    const client = await connectTo(server.port);
    for (let index = 0; index < 100; index++) client.connection.sendBinary(new Uint8Array(60_000));
    await until(() => taken === 1, "the conversation has begun");
    for (let round = 0; round < 50; round++) await turn();
    expect(server.stats().bytes.in).toBeLessThan(1_000_000);
    goOn();
    await until(() => taken === 100, "all is taken");
  });

  it("ends a conversation's connection at once, though it has not heard everything", async () => {
    let closed: PeerClosed | undefined;
    const server = await started({}, async (peer) => {
      void peer.closed.then((how) => (closed = how));
      for await (const _message of peer) break;
    });
    const client = await connectTo(server.port);
    for (const word of ["one", "two", "three"]) client.connection.sendText(word);
    expect(await client.closed()).toMatchObject({ code: 1000, clean: true });
    await until(() => closed !== undefined, "the server knows");
    expect(closed).toMatchObject({ clean: true, initiator: "local" });
  });
});

describe("a stream", () => {
  async function streaming(pieces: AsyncIterable<Message> | Iterable<Message>) {
    let outcome: Promise<unknown> | undefined;
    const server = await started({
      message: (peer) => {
        outcome = peer.sendStream(pieces).catch((error: unknown) => error);
        peer.send("afterwards");
      },
    });
    const client = await connectTo(server.port, { connection: { maxMessageSize: 2 ** 26 } });
    client.connection.sendText("go");
    await until(() => outcome !== undefined, "the stream has begun");
    return { client, server, outcome: () => outcome };
  }

  it.each([
    ["text", ["a", "", "é", "c"], "aéc"],
    ["bytes", [Uint8Array.of(1), Uint8Array.of(2, 3)], Uint8Array.of(1, 2, 3)],
    ["nothing", [], new Uint8Array()],
  ])("of %s is one message, and others wait for its end", async (_what, pieces: Message[], whole) => {
    const { client, outcome } = await streaming(pieces);
    expect(await client.message()).toEqual(whole);
    expect(await client.message()).toBe("afterwards");
    expect(["sent", "buffered"]).toContain(await outcome());
  });

  it("of mixed pieces closes with 1011, and says why", async () => {
    const { client, outcome } = await streaming(["text", Uint8Array.of(1)]);
    expect(await outcome()).toEqual(
      new TypeError("sendStream: the pieces of a message must all be text, or all be bytes"),
    );
    expect(await client.closed()).toMatchObject({ code: 1011, reason: "a stream broke" });
  });

  it("that breaks before its first piece has cost nothing", async () => {
    const { client, outcome } = await streaming(
      (function* () {
        if (Date.now() > 0) throw new Error("source");
        yield "";
      })(),
    );
    expect(await outcome()).toEqual(new Error("source"));
    expect(await client.message()).toBe("afterwards");
  });

  it("that breaks half-way closes with 1011", async () => {
    const { client, outcome } = await streaming(
      (async function* () {
        yield "half";
        throw new Error("source");
      })(),
    );
    expect(await outcome()).toEqual(new Error("source"));
    expect(await client.closed()).toMatchObject({ code: 1011 });
  });

  it("to a peer that closes is stopped, and its source told", async () => {
    let stopped = false;
    const { client, outcome } = await streaming(
      (async function* () {
        try {
          for (;;) {
            yield "more";
            await turn();
          }
        } finally {
          stopped = true;
        }
      })(),
    );
    client.connection.close(1000);
    expect(await outcome()).toBe("dropped");
    expect(stopped).toBe(true);
  });

  it("asks for no more than the peer takes, even of a source that never waits", async () => {
    let asked = 0;
    const piece = new Uint8Array(100_000);
    const { client, server, outcome } = await streaming(
      (function* () {
        for (; asked < 300; asked++) yield piece;
      })(),
    );
    client.socket.pause();
    const [peer] = server.peers;
    for (let round = 0; round < 50; round++) await turn();
    expect(peer!.bufferedAmount).toBeLessThan(1_000_000);
    expect(asked).toBeLessThan(300);
    client.socket.resume();
    expect(await client.message()).toHaveLength(30_000_000);
    expect(["sent", "buffered"]).toContain(await outcome());
  });
});
