/** A real server that comes and goes, on the same port, under a client that stays. */

import { createServer } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { ConnectError } from "../../../src/node/client/connect-error.ts";
import {
  type Reconnecting,
  type ReconnectingHandlers,
  type ReconnectingOptions,
  reconnecting,
} from "../../../src/node/client/reconnecting.ts";
import type { PeerClosed } from "../../../src/node/peer.ts";
import type { Server } from "../../../src/node/server/server.ts";
import { until } from "../../helpers/fake-socket.ts";
import { servers } from "../../helpers/node-servers.ts";

const serve = servers();
const clients: Reconnecting[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) {
    client.close();
    client.peer?.terminate();
    await client.closed;
  }
});

function connectedTo(port: number, options: ReconnectingOptions & ReconnectingHandlers = {}): Reconnecting {
  const client = reconnecting(`ws://127.0.0.1:${port}/`, {
    heartbeat: false,
    retry: { initial: 5, maximum: 20 },
    ...options,
  });
  clients.push(client);
  return client;
}

/** As if the process had ended: nobody is told, and nothing that was on its way arrives. */
async function kill(server: Server): Promise<void> {
  for (const peer of server.peers) peer.terminate();
  await server.close({ timeout: 1 });
}

/** A port that nobody listens on. */
async function freePort(): Promise<number> {
  const server = await serve({});
  const { port } = server;
  await kill(server);
  return port;
}

describe("a server that is killed and started again", () => {
  it("gets every message that was kept, in order, and none twice", async () => {
    const received: number[] = [];
    const start = (port: number): Promise<Server> =>
      serve({ port, message: (_peer, data) => received.push(Number(data)) });
    const sends = { sent: 0, buffered: 0, dropped: 0, kept: 0 };
    const keptWhileDown: number[] = [];
    let number = 0;

    let server = await start(0);
    const { port } = server;
    const client = connectedTo(port);
    const send = (): void => {
      const result = client.send(`${number}`);
      sends[result]++;
      if (client.state !== "open") keptWhileDown.push(number);
      number++;
    };

    for (let life = 0; life < 6; life++) {
      for (let count = 0; count < 50; count++) send();
      const last = keptWhileDown.at(-1)!;
      await until(() => received.at(-1)! >= last, `message ${last} has arrived`);
      for (let count = 0; count < 50; count++) send();
      await until(() => received.at(-1)! > last, "some of those that are sent now have arrived");
      for (let count = 0; count < 50; count++) send();
      await kill(server);
      await until(() => client.state !== "open", "the client has noticed");
      for (let count = 0; count < 50; count++) send();
      server = await start(port);
    }
    await until(() => received.includes(number - 1), "the last one has arrived");

    expect(received).toEqual([...new Set(received)].sort((a, b) => a - b));
    expect(keptWhileDown.filter((kept) => !received.includes(kept))).toEqual([]);
    expect(sends.dropped).toBe(0);
    expect(keptWhileDown.length).toBeGreaterThanOrEqual(350);
    expect(client.waitingMessages).toBe(0);
  });

  it("gets more than a socket takes at once with backpressure, and then the client is told of it", async () => {
    const size = 64 * 1024;
    const received: number[] = [];
    const port = await freePort();
    let drained = 0;
    const client = connectedTo(port, { outbox: { maxBytes: 200 * size }, drain: () => drained++ });
    for (let count = 0; count < 150; count++) {
      const message = new Uint8Array(size).fill(count);
      expect(client.send(message)).toBe("kept");
    }
    let most = 0;
    await serve({
      port,
      message: (_peer, data) => {
        received.push(data[0] as number);
        most = Math.max(most, client.peer?.bufferedAmount ?? 0);
      },
    });
    await until(() => received.length === 150, "all have arrived");
    expect(received).toEqual(Array.from({ length: 150 }, (_, index) => index));
    expect(most).toBeLessThan(16 * size);
    await until(() => drained > 0, "the client was told");
  });

  it("finds the client again and again, which does not leave anything behind", async () => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error): unknown => warnings.push(warning);
    process.on("warning", onWarning);
    const { signal } = new AbortController();
    const server = await serve({ open: (peer) => peer.terminate() });
    const closings: PeerClosed[] = [];
    const client = connectedTo(server.port, {
      signal,
      retry: { initial: 1, maximum: 1, attempts: 25 },
      close: (_peer, closed) => closings.push(closed),
    });
    expect(await client.closed).toMatchObject({ reason: "gave-up", attempts: 25, failure: { code: 1006 } });
    expect(closings).toHaveLength(25);
    process.off("warning", onWarning);
    expect(warnings).toEqual([]);
  });
});

describe("a server that", () => {
  it("does not exist is given up when the attempts are spent", async () => {
    const attempts: number[] = [];
    const client = connectedTo(await freePort(), {
      retry: { initial: 1, maximum: 1, attempts: 3 },
      attempt: ({ number }) => attempts.push(number),
    });
    const { reason, failure } = await client.closed;
    expect([reason, attempts]).toEqual(["gave-up", [1, 2, 3]]);
    expect(failure).toBeInstanceOf(ConnectError);
    expect(failure).toMatchObject({ phase: "connect", rule: "network" });
  });

  it("refuses with 401 is not asked again", async () => {
    let asked = 0;
    const { port } = await serve({
      upgrade: () => {
        asked++;
        return { status: 401, body: "who are you?" };
      },
    });
    const { reason, failure, attempts } = await connectedTo(port).closed;
    expect([reason, attempts, asked]).toEqual(["permanent", 1, 1]);
    expect(failure).toMatchObject({ rule: "status-not-101", status: 401 });
  });

  it("is busy is asked again, but not before its Retry-After", async () => {
    let asked = 0;
    const { port } = await serve({
      upgrade: () => (asked++ === 0 ? { status: 503, headers: { "Retry-After": "7" } } : {}),
    });
    const delays: number[] = [];
    const client = connectedTo(port, {
      retry: { initial: 1, maxRetryAfter: 30 },
      waiting: ({ delay }) => delays.push(delay),
    });
    await until(() => client.state === "open", "it is open");
    expect(asked).toBe(2);
    expect(delays).toHaveLength(1);
    expect(delays[0]).toBeGreaterThanOrEqual(30);
    expect(delays[0]).toBeLessThan(31);
  });

  it.each([1000, 1008])("closes with %i is left alone", async (code) => {
    const { port } = await serve({ open: (peer) => peer.close(code) });
    const { reason, failure, attempts } = await connectedTo(port).closed;
    expect([reason, attempts]).toEqual(["permanent", 1]);
    expect(failure).toMatchObject({ code, initiator: "remote", clean: true });
  });

  it("is too busy for more connections is spared for 5 to 30 seconds", async () => {
    const { port } = await serve({ open: (peer) => peer.close(1013) });
    const delay = new Promise<number>((resolve) => {
      connectedTo(port, { waiting: (waiting) => resolve(waiting.delay) });
    });
    expect(await delay).toBeGreaterThanOrEqual(5000);
    expect(await delay).toBeLessThan(30_000);
  });

  it("does not answer is left when the client is closed", async () => {
    let ended = 0;
    const silent = createServer((socket) => {
      socket.resume().on("close", () => ended++);
    });
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const { port } = silent.address() as { port: number };
    const connected = new Promise((resolve) => silent.once("connection", resolve));
    const client = connectedTo(port);
    await connected;
    expect(client.state).toBe("connecting");
    client.close();
    expect((await client.closed).reason).toBe("closed");
    await until(() => ended === 1, "the attempt was broken off");
    silent.close();
  });

  it("has gone may be the last straw: closing when a connection has ended", async () => {
    const { port } = await serve({ open: (peer) => peer.terminate() });
    const client = connectedTo(port, { close: () => client.close() });
    expect(await client.closed).toMatchObject({ reason: "closed", attempts: 1 });
  });

  it("is fine is left with a closing handshake", async () => {
    const closings: PeerClosed[] = [];
    const { port } = await serve({ close: (_peer, closed) => closings.push(closed) });
    const client = connectedTo(port);
    await until(() => client.state === "open", "it is open");
    client.close(4000, "enough");
    expect(client.send("too late")).toBe("dropped");
    expect(await client.closed).toEqual({ reason: "closed", attempts: 1, unsent: 0 });
    await until(() => closings.length === 1, "the server knows");
    expect(closings[0]).toMatchObject({ code: 4000, reason: "enough", clean: true, initiator: "remote" });
  });
});

describe("the options", () => {
  it("are read anew for each attempt: a token can be a fresh one each time", async () => {
    const tokens: unknown[] = [];
    const { port } = await serve({
      upgrade: ({ fields }) => (tokens.push(fields.get("Authorization")) < 3 ? { status: 503 } : true),
    });
    const options: ReconnectingOptions & ReconnectingHandlers = {
      retry: { initial: 1 },
      attempt: ({ number }) => (options.headers = { Authorization: `Bearer ${number}` }),
    };
    const client = reconnecting(`ws://127.0.0.1:${port}/`, options);
    clients.push(client);
    await until(() => client.state === "open", "it is open");
    expect(tokens).toEqual(["Bearer 1", "Bearer 2", "Bearer 3"]);
  });
});

describe("a handshake that the application refuses", () => {
  it("is the end, with what it threw", async () => {
    const { port } = await serve({});
    const mine = new Error("not the server I want");
    const client = connectedTo(port, {
      accepted: () => {
        throw mine;
      },
    });
    expect(await client.closed).toEqual({ reason: "permanent", failure: mine, attempts: 1, unsent: 0 });
  });
});
