/** What is asked of TLS, on a certificate that is always there. */

import { once } from "node:events";
import { type AddressInfo, connect as connectTcp, createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { afterEach, describe, expect, it } from "vitest";
import { connect } from "../../src/node/client/connect.ts";
import { until } from "../helpers/fake-socket.ts";
import { echo, servers } from "../helpers/node-servers.ts";
import { CERTIFICATE, KEY } from "./certificate.ts";

const started = servers();
const tls = { key: KEY, cert: CERTIFICATE };
const trusting = { tls: { ca: CERTIFICATE }, tcp: { family: 4 } };

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

async function listening(server: Server): Promise<number> {
  closers.push(() => server.close());
  server.on("connection", (socket: Socket) => {
    closers.push(() => socket.destroy());
    socket.on("error", () => {});
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

/** Passes on what two ends say, and keeps it. */
async function wiretap(port: number): Promise<{ port: number; client: Buffer[]; server: Buffer[] }> {
  const heard = { client: [] as Buffer[], server: [] as Buffer[] };
  const relay = createServer((client) => {
    const server = connectTcp(port, "127.0.0.1");
    server.on("error", () => client.destroy());
    client.on("data", (chunk) => heard.client.push(chunk));
    server.on("data", (chunk) => heard.server.push(chunk));
    client.pipe(server).pipe(client);
  });
  return { port: await listening(relay), ...heard };
}

/** The types of the TLS records that bytes consist of; throws if they are anything else. */
function recordsOf(chunks: readonly Buffer[]): number[] {
  const bytes = Buffer.concat(chunks);
  const types: number[] = [];
  for (let at = 0; at < bytes.length; at += 5 + bytes.readUInt16BE(at + 3)) {
    if (bytes[at]! < 20 || bytes[at]! > 23 || bytes[at + 1] !== 3) throw new Error(`no TLS at byte ${at}`);
    types.push(bytes[at]!);
  }
  return types;
}

const HANDSHAKE_RECORD = 22;

describe("a wss connection", () => {
  it("[RFC6455-4.1-14] [RFC6455-4.1-16] [RFC6455-4.2.2-02] [RFC6455-10.6-01] is TLS from its first byte to its last, both ways", async () => {
    const { port } = await started({ ...echo, tls });
    const heard = await wiretap(port);
    const peer = await connect(`wss://localhost:${heard.port}/`, {
      ...trusting,
      origin: `https://localhost:${heard.port}`,
    });
    peer.send("a secret that is encrypted");
    expect(await peer.receive()).toBe("a secret that is encrypted");
    peer.close();
    await peer.closed;
    for (const chunks of [heard.client, heard.server]) {
      expect(recordsOf(chunks)[0]).toBe(HANDSHAKE_RECORD);
      for (const word of ["secret", "HTTP/1.1", "WebSocket"]) {
        expect(Buffer.concat(chunks).includes(word)).toBe(false);
      }
    }
  });

  it("[RFC6455-4.1-15] fails before a word is said, if the certificate does not convince", async () => {
    let said = "";
    const port = await listening(
      createTlsServer(tls, (socket) => socket.on("data", (chunk) => (said += chunk))),
    );
    const doubts = [
      connect(`wss://localhost:${port}/`, { tcp: { family: 4 } }),
      connect(`wss://localhost:${port}/`, {
        ...trusting,
        tls: { ca: CERTIFICATE, servername: "other.example" },
      }),
    ];
    for (const doubt of doubts) await expect(doubt).rejects.toMatchObject({ phase: "tls", rule: "tls" });
    expect(said).toBe("");
  });

  it("[RFC6455-4.1-17] names the server in the TLS handshake", async () => {
    const names: unknown[] = [];
    const port = await listening(createTlsServer(tls, (socket) => void names.push(socket.servername)));
    const abandoned = new AbortController();
    const opening = connect(`wss://localhost:${port}/`, { ...trusting, signal: abandoned.signal });
    await until(() => names.length === 1, "the server was asked");
    abandoned.abort();
    await expect(opening).rejects.toThrow();
    expect(names).toEqual(["localhost"]);
  });

  it("[RFC6455-4.2.2-02] is refused by hanging up, if the client speaks no TLS", async () => {
    const { port, peers } = await started({ ...echo, tls });
    const socket = connectTcp(port, "127.0.0.1");
    const said: Buffer[] = [];
    socket.on("data", (chunk) => said.push(chunk));
    socket.on("error", () => {});
    socket.write("GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n\r\n");
    await once(socket, "close");
    expect(Buffer.concat(said).includes("HTTP")).toBe(false);
    expect(peers.size).toBe(0);
  });
});
