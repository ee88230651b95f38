/** TLS, and other places to listen than a port. The certificate is made when the tests run. */

import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect as connectTcp } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";
import { afterAll, describe, expect, it } from "vitest";
import { makeCertificate } from "../../helpers/certificate.ts";
import { FakeClock } from "../../helpers/fake-clock.ts";
import { until } from "../../helpers/fake-socket.ts";
import { frameTo } from "../../helpers/frames.ts";
import { KEY, lines } from "../../helpers/handshakes.ts";
import { echo, servers } from "../../helpers/node-servers.ts";

const started = servers();

const certificate = makeCertificate();
const folder = mkdtempSync(join(tmpdir(), "framewright-"));
afterAll(() => rmSync(folder, { recursive: true }));

const requestOf = (port: number, origin?: string): string =>
  lines(
    "GET / HTTP/1.1",
    `Host: localhost:${port}`,
    "Upgrade: websocket",
    "Connection: Upgrade",
    `Sec-WebSocket-Key: ${KEY}`,
    "Sec-WebSocket-Version: 13",
    ...(origin === undefined ? [] : [`Origin: ${origin}`]),
  );

async function secured(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false, ...options });
  await once(socket, "secureConnect");
  socket.on("error", () => {});
  return socket;
}

/** The first answer's status line. */
async function answer(socket: TLSSocket, request: string): Promise<string> {
  socket.write(request);
  const [chunk] = (await once(socket, "data")) as [Buffer];
  return chunk.toString("latin1").split("\r\n")[0]!;
}

describe.skipIf(certificate === undefined)("a server with TLS", () => {
  const tls = certificate!;

  it("speaks HTTP/1.1 and nothing else, and WebSocket behind it", async () => {
    const server = await started({ ...echo, tls });
    const socket = await secured(server.port, { ALPNProtocols: ["h2", "http/1.1"] });
    expect(socket.alpnProtocol).toBe("http/1.1");
    expect(await answer(socket, requestOf(server.port))).toBe("HTTP/1.1 101 Switching Protocols");
    socket.write(frameTo("server", { opcode: 1, payload: "Hello" }));
    const [chunk] = (await once(socket, "data")) as [Buffer];
    expect(chunk.toString("latin1")).toBe("\x81\x05Hello");
    socket.destroy();
    const other = connect({ port: server.port, rejectUnauthorized: false, ALPNProtocols: ["h2"] });
    await once(other, "error");
  });

  it("knows that its origin is https, and tells its hook", async () => {
    const asked: boolean[] = [];
    const server = await started({ ...echo, tls, upgrade: ({ secure }) => void asked.push(secure) });
    for (const [scheme, status] of [
      ["https", "101 Switching Protocols"],
      ["http", "403 Forbidden"],
    ]) {
      const socket = await secured(server.port);
      const origin = `${scheme}://localhost:${server.port}`;
      expect(await answer(socket, requestOf(server.port, origin))).toBe(`HTTP/1.1 ${status}`);
      socket.destroy();
    }
    expect(asked).toEqual([true]);
  });

  it("serves pages as well", async () => {
    const server = await started({ ...echo, tls, request: (_request, response) => response.end("page") });
    const socket = await secured(server.port);
    expect(await answer(socket, lines("GET / HTTP/1.1", "Host: localhost"))).toBe("HTTP/1.1 200 OK");
    socket.destroy();
  });

  it("is not disturbed by plain HTTP, by garbage, or by a reset during the TLS handshake", async () => {
    const server = await started({ ...echo, tls });
    for (const bytes of [requestOf(server.port), "\x16\x03\x01\xff\xffgarbage", "\0".repeat(1000)]) {
      const socket = connectTcp(server.port, "127.0.0.1");
      socket.on("error", () => {});
      socket.write(bytes, "latin1");
      socket.resume();
      if (bytes.startsWith("\x16"))
        socket.once("connect", () => setImmediate(() => socket.resetAndDestroy()));
      await once(socket, "close");
    }
    const socket = await secured(server.port);
    expect(await answer(socket, requestOf(server.port))).toContain("101");
    socket.write("garbage behind the handshake");
    await once(socket, "close");
    await until(() => server.peers.size === 0, "the peer has gone");
    expect(server.stats().closes).toEqual({ 1006: 1 });
  });

  it("can be closed although somebody never finishes the TLS handshake", async () => {
    const clock = new FakeClock();
    const server = await started({ ...echo, tls, clock });
    const socket = connectTcp(server.port, "127.0.0.1");
    socket.on("error", () => {});
    await once(socket, "connect");
    const closing = server.close({ timeout: 1000 });
    let open = true;
    void closing.then(() => (open = false));
    await until(() => {
      clock.advance(100);
      return !open;
    }, "it is closed");
    expect(await closing).toMatchObject({ clean: 0, unclean: 0 });
    socket.destroy();
  });

  it("is not in the way of a slow reader: a low mark does not stop the reading for ever", async () => {
    const server = await started({ ...echo, tls, highWaterMark: 1 });
    const socket = await secured(server.port);
    await answer(socket, requestOf(server.port));
    let size = 0;
    socket.on("data", (chunk) => (size += chunk.length));
    for (let index = 0; index < 20; index++) {
      socket.write(frameTo("server", { opcode: 2, payload: new Uint8Array(5000) }));
    }
    await until(() => size === 20 * 5004, "all is echoed");
    socket.destroy();
  });
});

describe.skipIf(process.platform === "win32")("a server on a Unix socket", () => {
  it("listens there, and has no port, nor its peers an address", async () => {
    const path = join(folder, "socket");
    const server = await started({ ...echo, path, backlog: 16 });
    expect(server.port).toBe(0);
    const socket = connectTcp(path);
    socket.write(requestOf(0));
    const [chunk] = (await once(socket, "data")) as [Buffer];
    expect(chunk.toString("latin1")).toMatch(/^HTTP\/1\.1 101 /);
    expect([...server.peers].map(({ address }) => address)).toEqual([""]);
    socket.destroy();
  });

  it("rejects where it cannot listen", async () => {
    await expect(started({ ...echo, path: join(folder, "missing", "socket") })).rejects.toThrow();
  });
});
