import { once } from "node:events";
import { createServer, get, request as httpRequest } from "node:http";
import { connect } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import type { Peer, PeerClosed } from "../../../src/node/peer.ts";
import { type ServeOptions, Server, serve } from "../../../src/node/server/server.ts";
import { permessageDeflate } from "../../../src/protocol/permessage-deflate.ts";
import { FakeClock } from "../../helpers/fake-clock.ts";
import { connectTo, Refused } from "../../helpers/net-client.ts";

const servers: Server[] = [];

async function started(
  options: Parameters<typeof serve>[0],
  application?: Parameters<typeof serve>[1],
): Promise<Server> {
  const server = await serve({ heartbeat: false, host: "127.0.0.1", ...options }, application);
  servers.push(server);
  return server;
}

afterEach(async () => {
  for (const server of servers.splice(0)) {
    for (const peer of server.peers) peer.terminate();
    await server.close({ timeout: 1000 });
  }
});

const echo: ServeOptions & { message(peer: Peer, data: string | Uint8Array): unknown } = {
  message: (peer, data) => peer.send(data),
};

describe("a server", () => {
  it("echoes text and bytes, as they were sent", async () => {
    const server = await started(echo);
    const client = await connectTo(server.port);
    client.connection.sendText("héllo");
    client.connection.sendBinary(Uint8Array.of(1, 2, 3));
    client.connection.sendBinary(new Uint8Array(500_000));
    expect(await client.message()).toBe("héllo");
    expect(await client.message()).toEqual(Uint8Array.of(1, 2, 3));
    expect(await client.message()).toHaveLength(500_000);
  });

  it("tells its handlers of a connection's life, with typed data", async () => {
    const story: string[] = [];
    let ended: (closed: PeerClosed) => void = () => {};
    const end = new Promise<PeerClosed>((resolve) => (ended = resolve));
    const server = await serve<{ user: string }>({
      host: "127.0.0.1",
      upgrade: ({ target }) => ({ data: { user: target.slice(1) }, headers: { "X-Greeting": "hello" } }),
      open: (peer) => story.push(`open ${peer.data.user} ${peer.address}`),
      message: (peer, data) => story.push(`message ${peer.data.user} ${data}`),
      ping: () => story.push("ping"),
      pong: () => story.push("pong"),
      close: (_peer, how) => ended(how),
    });
    servers.push(server as Server);
    const client = await connectTo(server.port, { target: "/ada" });
    expect([...client.fields]).toContainEqual(["X-Greeting", "hello"]);
    client.connection.sendText("hi");
    client.connection.ping();
    client.connection.pong();
    client.connection.close(3001, "bye");
    expect(await end).toMatchObject({ code: 3001, reason: "bye", clean: true, initiator: "remote" });
    expect(story).toEqual(["open ada 127.0.0.1", "message ada hi", "ping", "pong"]);
    expect((await client.closed()).clean).toBe(true);
  });

  it("lets a conversation go on as long as its function does", async () => {
    const server = await started({}, async (peer) => {
      for await (const message of peer) {
        await peer.send(`${message}!`);
        if (message === "three") break;
      }
    });
    const client = await connectTo(server.port);
    for (const word of ["one", "two", "three"]) client.connection.sendText(word);
    expect([await client.message(), await client.message(), await client.message()]).toEqual([
      "one!",
      "two!",
      "three!",
    ]);
    expect(await client.closed()).toMatchObject({ code: 1000, clean: true, initiator: "remote" });
  });

  it("compresses when both want it", async () => {
    const server = await started({ ...echo, compression: { threshold: 0 } });
    const client = await connectTo(server.port, { extensions: [permessageDeflate({ threshold: 0 })] });
    for (const text of ["Hello", "Hello", "x".repeat(100_000)]) {
      client.connection.sendText(text);
      expect(await client.message()).toBe(text);
    }
    const plain = await connectTo(server.port);
    plain.connection.sendText("plain");
    expect(await plain.message()).toBe("plain");
  });

  it("broadcasts one message to all", async () => {
    const server = await started(echo);
    const clients = await Promise.all(Array.from({ length: 5 }, () => connectTo(server.port)));
    expect(server.broadcast("news")).toBe(5);
    for (const client of clients) expect(await client.message()).toBe("news");
  });

  it("serves pages on the same port, and takes upgrades on a connection that asked for a page before", async () => {
    const server = await started({
      ...echo,
      request: (request, response) => response.end(`page ${request.url}`),
    });
    const page = await new Promise<string>((resolve) =>
      get({ port: server.port, path: "/here" }, (response) =>
        response.setEncoding("utf8").on("data", resolve),
      ),
    );
    expect(page).toBe("page /here");
    const body = await new Promise<string>((resolve) => {
      const post = httpRequest({ port: server.port, method: "POST", path: "/there" }, (response) =>
        response.setEncoding("utf8").on("data", resolve),
      );
      post.end("x".repeat(200_000));
    });
    expect(body).toBe("page /there");
    const client = await connectTo(server.port);
    client.connection.sendText("and sockets");
    expect(await client.message()).toBe("and sockets");
  });

  it("answers 426 to a page request when it has no pages", async () => {
    const server = await started(echo);
    const status = await new Promise((resolve) =>
      get({ port: server.port }, (response) => resolve(response.statusCode)),
    );
    expect(status).toBe(426);
  });

  it("works beside an HTTP server", async () => {
    const http = createServer((_request, response) => response.end("page"));
    const server = new Server({ heartbeat: false }, { message: (peer, data) => peer.send(data) }).attach(
      http,
    );
    servers.push(server);
    await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
    const { port } = http.address() as { port: number };
    const client = await connectTo(port, { early: (connection) => connection.sendText("early") });
    expect(await client.message()).toBe("early");
    client.connection.sendText("late");
    expect(await client.message()).toBe("late");
    client.connection.close(1000);
    await client.closed();
    http.close();
  });
});

describe("an upgrade hook", () => {
  it("may take its time: what arrives meanwhile is read afterwards, in order", async () => {
    let decide: () => void = () => {};
    const asked = new Promise<void>((resolve) => (decide = resolve));
    const server = await started({
      ...echo,
      async upgrade() {
        await asked;
        return {};
      },
    });
    const connecting = connectTo(server.port, {
      early: (connection) => {
        for (const word of ["one", "two", "three"]) connection.sendText(word);
      },
    });
    setImmediate(decide);
    const client = await connecting;
    expect([await client.message(), await client.message(), await client.message()]).toEqual([
      "one",
      "two",
      "three",
    ]);
  });

  it("[RFC6455-4.2.2-03] [RFC6455-4.2.2-04] may refuse with any status, headers and body, or just refuse", async () => {
    const server = await started({
      ...echo,
      upgrade: ({ target }) => {
        if (target === "/login")
          return { status: 401, headers: { "WWW-Authenticate": "Basic" }, body: "who are you?" };
        if (target === "/moved") return { status: 302, headers: { Location: "/" } };
        return target !== "/no";
      },
    });
    await expect(connectTo(server.port, { target: "/login" })).rejects.toMatchObject({
      status: 401,
      body: "who are you?",
    });
    await expect(connectTo(server.port, { target: "/moved" })).rejects.toMatchObject({ status: 302 });
    await expect(connectTo(server.port, { target: "/no" })).rejects.toMatchObject({ status: 403 });
    await connectTo(server.port, { target: "/yes" });
  });

  it("that throws is answered with 500, and reported", async () => {
    const errors: unknown[] = [];
    const server = await started({
      ...echo,
      upgrade: () => {
        throw new Error("application");
      },
      upgradeError: (error) => errors.push(error),
    });
    await expect(connectTo(server.port)).rejects.toMatchObject({ status: 500 });
    expect(errors).toEqual([new Error("application")]);
  });

  it("is told when the client goes away", async () => {
    let gone: (reason: string) => void = () => {};
    const departure = new Promise<string>((resolve) => (gone = resolve));
    const server = await started({
      ...echo,
      upgrade: ({ signal }) =>
        new Promise((resolve) => {
          signal.addEventListener("abort", () => {
            gone("gone");
            resolve({});
          });
          socket.destroy();
        }),
    });
    const socket = connect(server.port, "127.0.0.1");
    socket.write(
      "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    );
    expect(await departure).toBe("gone");
    expect(server.peers.size).toBe(0);
  });

  it("that never answers is answered for", async () => {
    const clock = new FakeClock();
    const server = await started({
      ...echo,
      clock,
      handshakeTimeout: 5000,
      upgrade: () => new Promise(() => setImmediate(() => clock.advance(6000))),
    });
    await expect(connectTo(server.port)).rejects.toMatchObject({ status: 503 });
  });
});

describe("origins", () => {
  it("[RFC6455-4.2.2-05] [RFC6455-10.2-02] are the server's own by default", async () => {
    const server = await started(echo);
    await connectTo(server.port, { origin: `http://127.0.0.1:${server.port}` });
    await expect(connectTo(server.port, { origin: "http://evil.example" })).rejects.toBeInstanceOf(Refused);
    await expect(connectTo(server.port, { origin: "null" })).rejects.toMatchObject({ status: 403 });
  });
});

describe("time", () => {
  it("a client that does not finish its request is answered 408", async () => {
    const clock = new FakeClock();
    const server = await started({ ...echo, clock });
    const socket = connect(server.port, "127.0.0.1");
    socket.write("GET / HTTP/1.1\r\nHost");
    await once(socket, "ready");
    setTimeout(() => clock.advance(10_100), 20);
    const [answer] = (await once(socket, "data")) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 408 /);
  });

  it("a silent peer is pinged, its answer measured, and its silence its end", async () => {
    const clock = new FakeClock();
    let how: (closed: PeerClosed) => void = () => {};
    const end = new Promise<PeerClosed>((resolve) => (how = resolve));
    const server = await started({ ...echo, clock, heartbeat: {}, close: (_peer, closed) => how(closed) });
    const client = await connectTo(server.port);
    clock.advance(26_000);
    expect(await client.next()).toMatchObject({ type: "ping" });
    client.connection.sendText("alive");
    expect(await client.message()).toBe("alive");
    const [peer] = server.peers;
    expect(peer?.roundTripTime).toBeGreaterThanOrEqual(0);
    client.socket.pause();
    clock.advance(26_000);
    clock.advance(21_000);
    expect(await end).toMatchObject({
      code: 1006,
      clean: false,
      cause: { message: expect.stringContaining("heartbeat") },
    });
  });

  it("a peer that does not answer a Close is ended", async () => {
    const clock = new FakeClock();
    const server = await started({ ...echo, clock });
    const client = await connectTo(server.port);
    client.socket.pause();
    const closing = server.close();
    clock.advance(10_100);
    expect(await closing).toMatchObject({ clean: 0, unclean: 1 });
  });

  it("[RFC6455-7.3-01] a peer that has grown old, or idle, is closed", async () => {
    for (const options of [{ maxConnectionAge: 60_000 }, { idleTimeout: 60_000 }]) {
      const clock = new FakeClock();
      const server = await started({ ...echo, clock, ...options });
      const client = await connectTo(server.port);
      clock.advance(60_100);
      expect(await client.closed()).toMatchObject({ code: 1001, initiator: "remote" });
    }
  });
});

describe("limits", () => {
  it("a peer beyond the most connections is refused with 503, and welcome again later", async () => {
    const server = await started({ ...echo, maxConnections: 2 });
    const [first] = await Promise.all([connectTo(server.port), connectTo(server.port)]);
    await expect(connectTo(server.port)).rejects.toMatchObject({ status: 503 });
    first!.connection.close(1000);
    await first!.closed();
    await connectTo(server.port);
  });

  it("an address beyond its most connections is refused with 503", async () => {
    const server = await started({ ...echo, maxConnectionsPerAddress: 1, trustProxy: ["loopback"] });
    const from = (address: string) => ({ fields: { "X-Forwarded-For": address } });
    await connectTo(server.port, from("192.0.2.1"));
    await expect(connectTo(server.port, from("192.0.2.1"))).rejects.toMatchObject({ status: 503 });
    await connectTo(server.port, from("192.0.2.2"));
  });

  it("a peer that sends more messages than it may is closed with 1008", async () => {
    const server = await started({ ...echo, messageRate: { perSecond: 5 } });
    const client = await connectTo(server.port);
    for (let index = 0; index < 10; index++) client.connection.sendText(String(index));
    expect(await client.closed()).toMatchObject({ code: 1008 });
  });

  it("a peer that does not read is not read from, and holds no more than the budget", async () => {
    const server = await started({ ...echo, highWaterMark: 100_000, maxBufferedBytes: 1_000_000 });
    const client = await connectTo(server.port);
    client.socket.pause();
    const data = new Uint8Array(60_000);
    for (let index = 0; index < 200; index++) client.connection.sendBinary(data);
    const [peer] = server.peers;
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(peer!.bufferedAmount).toBeGreaterThan(100_000);
    expect(peer!.bufferedAmount).toBeLessThan(1_000_000);
    client.socket.resume();
    for (let index = 0; index < 200; index++) expect(await client.message()).toHaveLength(60_000);
  });

  it("an application that sends more than the budget to a peer that does not read loses that peer", async () => {
    let how: (closed: PeerClosed) => void = () => {};
    const end = new Promise<PeerClosed>((resolve) => (how = resolve));
    const clock = new FakeClock();
    const server = await started({
      clock,
      maxBufferedBytes: 1_000_000,
      close: (_peer, closed) => how(closed),
    });
    const client = await connectTo(server.port);
    client.socket.pause();
    const [peer] = server.peers;
    const results = new Set<string>();
    for (let index = 0; index < 300; index++) results.add(peer!.send(new Uint8Array(60_000)));
    expect(results).toEqual(new Set(["sent", "buffered", "dropped"]));
    expect(peer!.bufferedAmount).toBeLessThan(2_000_000);
    clock.advance(10_100);
    expect(await end).toMatchObject({
      code: 1006,
      initiator: "local",
      cause: { message: expect.stringContaining("maxBufferedBytes") },
    });
  });
});

describe("a handler that throws or rejects", () => {
  it.each([
    [
      "throws",
      () => {
        throw new Error("application");
      },
    ],
    ["rejects", () => Promise.reject(new Error("application"))],
  ])("closes its own connection with 1011 and no other: %s", async (_how, message) => {
    const errors: unknown[] = [];
    const server = await started({
      message: (peer, data) => (data === "bad" ? message() : peer.send(data)),
      error: (_peer, error) => errors.push(error),
    });
    const [client, other] = await Promise.all([connectTo(server.port), connectTo(server.port)]);
    client!.connection.sendText("bad");
    client!.connection.sendText("after");
    expect(await client!.closed()).toMatchObject({ code: 1011 });
    expect(errors).toEqual([new Error("application")]);
    other!.connection.sendText("good");
    expect(await other!.message()).toBe("good");
  });
});

describe("closing a server", () => {
  it("[RFC6455-7.3-01] says 1001 to all, and tells how they ended", async () => {
    const server = await started(echo);
    const clients = await Promise.all([connectTo(server.port), connectTo(server.port)]);
    const report = server.close();
    for (const client of clients) expect(await client.closed()).toMatchObject({ code: 1001, clean: true });
    const { endings, ...counts } = await report;
    expect(counts).toEqual({ clean: 2, unclean: 0 });
    for (const { peer, closed } of endings) {
      expect(peer.state).toBe("closed");
      expect(closed).toMatchObject({ code: 1001, clean: true, initiator: "local" });
    }
    await expect(connectTo(server.port)).rejects.toThrow();
  });
});

describe("a wire tap", () => {
  it("shows frames in both directions", async () => {
    const lines: string[] = [];
    const server = await started({
      ...echo,
      open: (peer) => peer.tap((direction, shown) => lines.push(direction, ...shown)),
    });
    const client = await connectTo(server.port);
    client.connection.sendText("Hello");
    await client.message();
    const text = lines.join("\n");
    expect(text).toContain("in");
    expect(text).toContain("masking key");
    expect(text).toContain('payload "Hello"');
    expect(text).toContain("as servers send");
  });
});
