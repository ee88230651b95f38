/** A server among others: pages on its port, an HTTP server around it; and how it leaves. */

import { once } from "node:events";
import {
  Agent,
  createServer,
  type Server as HttpServer,
  request as httpRequest,
  type IncomingMessage,
} from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { type ServeOptions, Server } from "../../../src/node/server/server.ts";
import { FakeClock } from "../../helpers/fake-clock.ts";
import { FakeSocket, turn, until } from "../../helpers/fake-socket.ts";
import { frameTo } from "../../helpers/frames.ts";
import { lines, upgradeRequest } from "../../helpers/handshakes.ts";
import { connectTo } from "../../helpers/net-client.ts";
import { echo, servers } from "../../helpers/node-servers.ts";

const started = servers();

/** A bare connection that remembers what it hears. */
async function raw(
  port: number,
): Promise<{ socket: Socket; hears(what: string): Promise<void>; text(): string }> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  let text = "";
  socket.on("error", () => {});
  socket.on("data", (chunk) => (text += chunk.toString("latin1")));
  await once(socket, "connect");
  return {
    socket,
    text: () => text,
    hears: (what) => until(() => text.includes(what), `"${what}" is heard`),
  };
}

/** Pages that tell of the request, once it has come whole. */
const pages: ServeOptions = {
  request: (request, response) => {
    let size = 0;
    request.on("data", (chunk: Buffer) => (size += chunk.length));
    request.on("end", () => response.end(`${request.method} ${request.url} ${size}`));
  },
};

async function page(port: number, agent: Agent, body = ""): Promise<string> {
  const asking = httpRequest({ port, host: "127.0.0.1", agent, method: "POST", path: "/page" });
  asking.end(body);
  const [response] = await once(asking, "response");
  let text = "";
  for await (const chunk of response.setEncoding("utf8")) text += chunk;
  return text;
}

describe("pages on the port of a server", () => {
  it("come one after the other on a connection that is kept", async () => {
    const server = await started({ ...echo, ...pages });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    expect(await page(server.port, agent)).toBe("POST /page 0");
    expect(await page(server.port, agent, "x".repeat(300_000))).toBe("POST /page 300000");
    expect(Object.values(agent.freeSockets).flat()).toHaveLength(1);
    agent.destroy();
  });

  it("are no end: an upgrade may follow on the same connection, in the same packet", async () => {
    const server = await started({ ...echo, ...pages });
    const { socket, hears } = await raw(server.port);
    socket.write(`${lines("POST /a HTTP/1.1", "Host: a", "Content-Length: 5")}hello${upgradeRequest()}`);
    await hears("POST /a 5");
    await hears("HTTP/1.1 101 ");
    await until(() => server.peers.size === 1, "there is a peer");
    socket.destroy();
  });

  it("do not make a request with a body a WebSocket: it is answered 400", async () => {
    const server = await started({ ...echo, ...pages });
    const { socket, hears } = await raw(server.port);
    socket.write(`${upgradeRequest("Content-Length: 5")}hello`);
    await hears("HTTP/1.1 400 ");
    await once(socket, "close");
    expect(server.peers.size).toBe(0);
  });
});

describe("a server beside an HTTP server", () => {
  async function attached(): Promise<{ http: HttpServer; server: Server; port: number }> {
    const http = createServer((_request, response) => response.end("page"));
    const server = new Server({ heartbeat: false }, echo).attach(http);
    http.listen(0, "127.0.0.1");
    await once(http, "listening");
    return { http, server, port: (http.address() as AddressInfo).port };
  }

  it("takes its upgrades, and refuses what is none", async () => {
    const { http, server, port } = await attached();
    expect(server.port).toBe(0);
    const client = await connectTo(port);
    client.connection.sendText("hello");
    expect(await client.message()).toBe("hello");
    const { socket, hears } = await raw(port);
    socket.write(upgradeRequest().replace("13", "7"));
    await hears("HTTP/1.1 426 ");
    await once(socket, "close");
    const report = server.close();
    expect(await client.closed()).toMatchObject({ code: 1001 });
    expect(await report).toMatchObject({ clean: 1, unclean: 0 });
    await expect(connectTo(port)).rejects.toMatchObject({ status: 503 });
    http.close();
  });

  it("survives a client that is reset before its answer", async () => {
    const { http, server, port } = await attached();
    const { socket } = await raw(port);
    socket.write(upgradeRequest().replace("13", "7"));
    socket.resetAndDestroy();
    const client = await connectTo(port);
    client.socket.destroy();
    await until(() => server.peers.size === 0, "all have gone");
    http.close();
  });
});

describe("closing a server", () => {
  it("twice is closing it once", async () => {
    const server = await started(echo);
    const client = await connectTo(server.port);
    const [first, second] = [server.close(), server.close()];
    expect(second).toBe(first);
    await client.closed();
    expect(await first).toMatchObject({ clean: 1, unclean: 0 });
    expect(await server.close()).toMatchObject({ clean: 1, unclean: 0 });
    expect(() => server.close({ timeout: 0 })).toThrow("timeout: must be a number of milliseconds above 0");
  });

  it("takes no longer than it may, whoever does not answer", async () => {
    const clock = new FakeClock();
    const server = await started({ ...echo, ...pages, clock, closeTimeout: 60_000 });
    const silent = await connectTo(server.port);
    silent.socket.pause();
    const closing = server.close({ timeout: 2000 });
    await turn();
    clock.advance(2100);
    expect(await closing).toMatchObject({ clean: 0, unclean: 1 });
  });

  it("answers those with 503 who were still shaking hands", async () => {
    const server = await started({ ...echo, upgrade: () => new Promise(() => {}) });
    const [slow, undecided] = [await raw(server.port), await raw(server.port)];
    slow.socket.write("GET / HTTP");
    undecided.socket.write(upgradeRequest());
    await turn();
    await turn();
    const closing = server.close();
    await slow.hears("HTTP/1.1 503 ");
    await undecided.hears("HTTP/1.1 503 ");
    expect(await closing).toMatchObject({ clean: 0, unclean: 0 });
    expect(server.stats().handshakes.refused).toEqual({ closing: 2 });
  });

  it("does not wait for ever for a refused client, or a page that is never finished", async () => {
    const clock = new FakeClock();
    const server = await started({ ...echo, clock, closeTimeout: 60_000, request: () => {} });
    const stays = connect({ port: server.port, host: "127.0.0.1", allowHalfOpen: true });
    stays.on("error", () => {});
    const reader = await raw(server.port);
    stays.write(`${upgradeRequest().replace("13", "7")}`);
    reader.socket.write(lines("GET /never HTTP/1.1", "Host: a"));
    await until(() => Object.keys(server.stats().handshakes.refused).length === 1, "one is refused");
    const closing = server.close({ timeout: 2000 });
    let open = true;
    void closing.then(() => (open = false));
    for (let round = 0; open && round < 1000; round++) {
      await turn();
      clock.advance(100);
    }
    expect(await closing).toMatchObject({ clean: 0, unclean: 0 });
    expect(clock.running).toBeLessThanOrEqual(1);
    stays.destroy();
  });
});

describe("an upgrade hook that fails", () => {
  it("becomes a warning, unless somebody wants to know", async () => {
    for (const thrown of ["no error object", new Error("an error")]) {
      const server = await started({ ...echo, compression: true, upgrade: () => Promise.reject(thrown) });
      const warned = once(process, "warning");
      await expect(connectTo(server.port)).rejects.toMatchObject({ status: 500 });
      const [{ message }] = await warned;
      expect(message).toBe(thrown instanceof Error ? thrown.message : thrown);
    }
  });

  it("harms nobody, even if the one who wants to know fails too", async () => {
    const fail = () => {
      throw new Error("application");
    };
    const server = await started({ ...echo, upgrade: fail, upgradeError: fail });
    for (let index = 0; index < 3; index++) {
      await expect(connectTo(server.port)).rejects.toMatchObject({ status: 500 });
    }
  });
});

describe("a server", () => {
  it("takes an upgrade on any stream: some runtimes hand out no socket", async () => {
    const server = new Server({ heartbeat: false, compression: { windowBits: 10, memoryLevel: 5 } }, echo);
    const socket = new FakeSocket();
    const rawHeaders = upgradeRequest("Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits")
      .split("\r\n")
      .slice(1, -2)
      .flatMap((line) => line.split(": "));
    const request = { method: "GET", url: "/", httpVersion: "1.1", rawHeaders } as IncomingMessage;
    server.upgrade(request, socket, frameTo("server", { opcode: 1, payload: "Hello" }));
    await turn();
    expect(socket.text).toContain("client_max_window_bits=10");
    expect(socket.text.endsWith("\x05Hello")).toBe(true);
    expect([...server.peers].map(({ address, extensions }) => [address, ...extensions])).toEqual([
      ["", "permessage-deflate"],
    ]);
    expect(server.prometheus("chat")).toContain("chat_");
    socket.destroy();
    await turn();
    expect(server.peers.size).toBe(0);
  });
});
