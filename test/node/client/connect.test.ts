import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { afterEach, describe, expect, expectTypeOf, it } from "vitest";
import { type ConnectOptions, clientStats, connect } from "../../../src/node/client/connect.ts";
import { ConnectError } from "../../../src/node/client/connect-error.ts";
import type { Handlers, LinearPeer, Message, Peer, PeerClosed } from "../../../src/node/peer.ts";
import type { Upgrade } from "../../../src/node/server/opening.ts";
import { acceptValue } from "../../../src/protocol/accept.ts";
import { makeCertificate } from "../../helpers/certificate.ts";
import { FakeClock } from "../../helpers/fake-clock.ts";
import { until } from "../../helpers/fake-socket.ts";
import { lines } from "../../helpers/handshakes.ts";
import { echo, servers } from "../../helpers/node-servers.ts";

const started = servers();
const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

const urlOf = ({ port }: { port: number }, path = "/"): string => `ws://127.0.0.1:${port}${path}`;

/** A server without manners: what it does with each connection is the test's. */
async function raw(
  answer: (socket: Socket, request: string) => void,
): Promise<{ port: number; server: Server }> {
  const server = createServer((socket) => {
    closers.push(() => socket.destroy());
    socket.on("error", () => {});
    socket.once("data", (chunk) => answer(socket, chunk.toString("latin1")));
  });
  closers.push(() => server.close());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { port: (server.address() as AddressInfo).port, server };
}

/** The answer that opens a connection. */
function acceptance(request: string): string {
  return lines(
    "HTTP/1.1 101 Switching Protocols",
    "Upgrade: websocket",
    "Connection: Upgrade",
    `Sec-WebSocket-Accept: ${acceptValue(/^Sec-WebSocket-Key: (.*)\r$/m.exec(request)![1]!)}`,
  );
}

describe("connect", () => {
  it("[RFC6455-4.1-02] resolves with a peer whose messages wait until they are asked for", async () => {
    const server = await started({
      open: (peer) => {
        peer.send("one");
        peer.send("two");
        peer.send(Uint8Array.of(3));
        peer.close(3000, "that was all");
      },
    });
    const peer = await connect(urlOf(server));
    const closed = await peer.closed;
    expect(closed).toMatchObject({ code: 3000, reason: "that was all", clean: true, initiator: "remote" });
    expect(await peer.receive()).toBe("one");
    const rest: Message[] = [];
    for await (const message of peer) rest.push(message);
    expect(rest).toEqual(["two", Uint8Array.of(3)]);
    expect(await peer.receive()).toBeUndefined();
  });

  it("[RFC6455-4.1-05] [RFC6455-4.1-06] [RFC6455-4.1-07] has one connection to a place under way at a time, and goes on when that is open or has failed", async () => {
    const arrived: { socket: Socket; request: string }[] = [];
    const { port, server } = await raw((socket, request) => arrived.push({ socket, request }));
    const accept = (index: number) => arrived[index]!.socket.write(acceptance(arrived[index]!.request));
    const attempts = Array.from({ length: 4 }, () => connect(urlOf({ port })));
    const open = (): Promise<number> =>
      new Promise((resolve) => server.getConnections((_, count) => resolve(count)));

    await until(() => arrived.length === 1, "the first has asked");
    expect(await open()).toBe(1);
    accept(0);
    await attempts[0];
    await until(() => arrived.length === 2, "the second has asked");
    expect(await open()).toBe(2);
    arrived[1]!.socket.end("HTTP/1.1 503 Service Unavailable\r\n\r\n");
    await expect(attempts[1]).rejects.toThrow("503");
    await until(() => arrived.length === 3, "the third has asked");
    accept(2);
    await attempts[2];
    await until(() => arrived.length === 4, "the fourth has asked");
    accept(3);
    await attempts[3];
  });

  it("has as many as it is asked for under way, if it is told so", async () => {
    const arrived: Socket[] = [];
    const { port } = await raw((socket) => arrived.push(socket));
    const attempts = Array.from({ length: 3 }, () => connect(urlOf({ port }), { oneAtATime: false }));
    await until(() => arrived.length === 3, "all have asked");
    for (const socket of arrived) socket.destroy();
    for (const { status } of await Promise.allSettled(attempts)) expect(status).toBe("rejected");
    // @ts-expect-error
    await expect(connect(urlOf({ port }), { oneAtATime: 1 })).rejects.toThrow(
      "oneAtATime: must be true or false",
    );
  });

  it("[RFC6455-4.1-08] waits for nobody who connects to another place: another port, or another name", async () => {
    let asked = 0;
    const silent = await raw(() => asked++);
    const server = await started(echo);
    const waiting = [connect(urlOf(silent)), connect(`ws://localhost:${silent.port}`)];
    const ended = Promise.allSettled(waiting);
    const peer = await connect(urlOf(server));
    peer.terminate();
    await until(() => asked === 2, "both names have been asked");
    for (const close of closers.splice(0)) close();
    await ended;
  });

  it("slows the server down while nobody asks for messages", async () => {
    let drained = false;
    const server = await started({
      open: (peer) => {
        for (let count = 0; count < 64; count++) peer.send(new Uint8Array(256 * 1024));
      },
      drain: () => {
        drained = true;
      },
      maxBufferedBytes: Number.POSITIVE_INFINITY,
    });
    const peer = await connect(urlOf(server));
    expect(await peer.receive()).toHaveLength(256 * 1024);
    expect([...server.peers][0]!.bufferedAmount).toBeGreaterThan(0);
    expect(drained).toBe(false);
    let count = 1;
    while (count < 64) count += (await peer.receive())!.length / (256 * 1024);
    await until(() => drained, "all had left");
    peer.close();
    await peer.closed;
  });

  it("takes the handlers that a server takes: among the options, or behind them", async () => {
    const server = await started(echo);
    const story: unknown[] = [];
    const handlers: Handlers<string> = {
      open: (peer) => void story.push(["open", peer.data, peer.send("Hello")]),
      message: (peer, data) => {
        story.push(data);
        peer.close();
      },
      close: (_peer, { code }) => void story.push(code),
    };
    const peers = [
      await connect<string>(urlOf(server), { data: "mine", ...handlers, message: handlers.message! }),
      await connect<string>(urlOf(server), { data: "mine" }, handlers),
    ];
    for (const { closed } of peers) await closed;
    expect(story).toHaveLength(6);
    expect(story.filter((word) => word === "Hello" || word === 1000)).toHaveLength(4);
    expect(story[0]).toEqual(["open", "mine", "sent"]);
  });

  it("calls the handlers that stand beside waiting messages, with their own options as `this`", async () => {
    const server = await started(echo);
    const story: string[] = [];
    const peer = await connect(urlOf(server), {
      open: () => void story.push("open"),
      pong: (_peer, data) => void story.push(`pong ${data}`),
      close: () => void story.push("close"),
    });
    peer.ping(Uint8Array.of(7));
    await until(() => story.length === 2, "the Pong came");
    peer.close();
    await peer.closed;
    expect(story).toEqual(["open", "pong 7", "close"]);
  });

  it("leads a conversation, and closes when that is over", async () => {
    const server = await started(echo);
    const answers: (Message | undefined)[] = [];
    const peer = await connect(urlOf(server), {}, async (line) => {
      await line.send("one");
      answers.push(await line.receive());
    });
    expect(await peer.closed).toMatchObject({ code: 1000, clean: true, initiator: "local", phase: "closed" });
    expect(answers).toEqual(["one"]);
  });

  it("has types for each of these, without a cast", () => {
    expectTypeOf(() => connect("ws://x")).returns.toEqualTypeOf<Promise<LinearPeer>>();
    expectTypeOf(() => connect<number>("ws://x", { data: 1 })).returns.toEqualTypeOf<
      Promise<LinearPeer<number>>
    >();
    const message = (): void => {};
    expectTypeOf(() => connect("ws://x", { message })).returns.toEqualTypeOf<Promise<Peer>>();
    expectTypeOf(() => connect("ws://x", {}, { message })).returns.toEqualTypeOf<Promise<Peer>>();
    expectTypeOf(() => connect("ws://x", {}, async (peer) => peer.send(""))).returns.toEqualTypeOf<
      Promise<Peer>
    >();
  });

  it("says in its request what it was told to say", async () => {
    let upgrade: Upgrade | undefined;
    const server = await started({
      subprotocols: ["v2"],
      compression: true,
      origin: "any",
      upgrade: (asked) => {
        upgrade = asked;
        return { headers: { "Set-Cookie": "node=7" } };
      },
    });
    let cookie: string | undefined;
    const peer = await connect(new URL(`http://ann:pa%20ss@127.0.0.1:${server.port}/chat?room=1`), {
      subprotocols: ["v1", "v2"],
      headers: { "X-Mine": "yes" },
      origin: "https://example.com",
      compression: true,
      accepted: (fields) => {
        cookie = fields.get("Set-Cookie");
      },
    });
    expect([peer.subprotocol, peer.extensions, peer.target, peer.address]).toEqual([
      "v2",
      ["permessage-deflate"],
      "/chat?room=1",
      "127.0.0.1",
    ]);
    expect(cookie).toBe("node=7");
    const { fields, origin, host } = upgrade!;
    expect([fields.get("X-Mine"), origin, host, fields.get("Authorization")]).toEqual([
      "yes",
      "https://example.com",
      `127.0.0.1:${server.port}`,
      `Basic ${Buffer.from("ann:pa ss").toString("base64")}`,
    ]);
    peer.terminate();
  });

  it("prefers an Authorization among the headers to the one in the URL", async () => {
    let authorization: string | undefined;
    const server = await started({
      upgrade: ({ fields }) => {
        authorization = fields.get("Authorization");
      },
    });
    const options = { headers: { authorization: "Bearer token" } };
    const peer = await connect(`ws://ann:secret@127.0.0.1:${server.port}/`, options);
    peer.terminate();
    expect(authorization).toBe("Bearer token");
  });

  it("[RFC6455-10.3-01] sends all of a turn at once, each frame masked with a key of its own", async () => {
    const { port } = await raw((socket, request) => {
      socket.write(acceptance(request));
      socket.on("data", (chunk) => chunks.push(chunk));
    });
    const chunks: Buffer[] = [];
    const peer = await connect(urlOf({ port }), { message: () => {} });
    peer.send("same");
    peer.send("same");
    await until(() => chunks.length > 0, "the frames came");
    expect(chunks).toHaveLength(1);
    const [first, second] = [chunks[0]!.subarray(0, 10), chunks[0]!.subarray(10)];
    expect([first[1], second.length]).toEqual([0x84, 10]);
    expect(first.subarray(2, 6)).not.toEqual(second.subarray(2, 6));
    peer.terminate();
  });

  it("counts what all its connections see", async () => {
    const server = await started(echo);
    const before = clientStats();
    const peer = await connect(urlOf(server));
    await peer.send("Hello");
    await peer.receive();
    expect(clientStats().connections.open).toBeGreaterThan(0);
    peer.close();
    await peer.closed;
    const after = clientStats();
    expect(after.connections.total - before.connections.total).toBe(1);
    expect(after.messages.textOut - before.messages.textOut).toBe(1);
    expect((after.closes[1000] ?? 0) - (before.closes[1000] ?? 0)).toBe(1);
  });
});

describe("the end of a connection", () => {
  it("is told with who closed, in which phase, and why", async () => {
    const server = await started({
      message: (peer, data) => {
        if (data === "close") peer.close(4000, "as you wish");
        else peer.terminate();
      },
    });
    const ends: Partial<PeerClosed>[] = [];
    for (const word of ["close", "terminate"]) {
      const peer = await connect(urlOf(server), { message: () => {} });
      peer.send(word);
      ends.push(await peer.closed);
    }
    expect(ends).toEqual([
      { code: 4000, reason: "as you wish", clean: true, initiator: "remote", phase: "closed" },
      { code: 1006, reason: "", clean: false, initiator: "transport", phase: "open" },
    ]);
  });

  it("comes after closeTimeout, even if the server neither answers nor reads", async () => {
    const clock = new FakeClock();
    const server = await started({ open: (peer) => peer.pause() });
    const peer = await connect(urlOf(server), { clock, closeTimeout: 2000, message: () => {} });
    for (let count = 0; count < 100; count++) peer.send(new Uint8Array(64 * 1024));
    await until(() => peer.bufferedAmount > 0, "some had to wait");
    peer.close(1000, "bye");
    clock.advance(2100);
    expect(await peer.closed).toMatchObject({
      clean: false,
      initiator: "local",
      phase: "closing",
      cause: { message: "closeTimeout: the closing handshake did not end in time" },
    });
  });

  it("comes when the server falls silent", async () => {
    const clock = new FakeClock();
    const server = await started({ open: (peer) => peer.pause() });
    const peer = await connect(urlOf(server), {
      clock,
      heartbeat: { interval: 1000, timeout: 500 },
      message: () => {},
    });
    clock.advance(2000);
    expect(await peer.closed).toMatchObject({
      code: 1006,
      cause: { message: expect.stringContaining("Ping") },
    });
  });
});

describe("an attempt", () => {
  it("fails with the server's answer", async () => {
    const server = await started({ upgrade: () => ({ status: 401, body: "who are you?" }) });
    const error = await connect(urlOf(server)).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ConnectError);
    expect(error).toMatchObject({
      phase: "handshake",
      rule: "status-not-101",
      status: 401,
      response: { body: "who are you?" },
    });
  });

  it("ends after handshakeTimeout, whatever it waits for, and says what that was", async () => {
    const clock = new FakeClock();
    const { port, server } = await raw(() => {});
    const failed = connect(urlOf({ port }), { clock, handshakeTimeout: 3000 });
    await once(server, "connection");
    await until(() => clock.running > 0, "the clock ran");
    clock.advance(3100);
    await expect(failed).rejects.toMatchObject({
      rule: "handshake-timeout",
      message: expect.stringContaining("3000 ms"),
    });
  });

  it("ends when its signal says so, with the signal's reason, and leaves no connection behind", async () => {
    const { port } = await raw((socket) => {
      socket.on("close", () => closed.push("closed"));
      given.abort(reason);
    });
    const closed: string[] = [];
    const given = new AbortController();
    const reason = new Error("changed my mind");
    await expect(connect(urlOf({ port }), { signal: given.signal })).rejects.toBe(reason);
    await until(() => closed.length > 0, "the server saw the end");
    await expect(connect(urlOf({ port }), { signal: given.signal })).rejects.toBe(reason);
  });

  it("can be given up as late as when the answer has come; a connection that is open is not touched", async () => {
    const server = await started(echo);
    const late = new AbortController();
    const accepted = (): void => late.abort(new Error("no"));
    await expect(connect(urlOf(server), { signal: late.signal, accepted })).rejects.toThrow("no");
    await until(() => server.peers.size === 0, "the server saw the end");

    const given = new AbortController();
    const peer = await connect(urlOf(server), { signal: given.signal });
    given.abort();
    await peer.send("still here");
    expect(await peer.receive()).toBe("still here");
    peer.terminate();
  });

  it("fails with what `accepted` throws, and leaves no connection behind", async () => {
    const server = await started(echo);
    const accepted = (): void => {
      throw new Error("not like this");
    };
    await expect(connect(urlOf(server), { accepted })).rejects.toThrow("not like this");
    await until(() => server.peers.size === 0, "the server saw the end");
  });
});

describe("a redirect", () => {
  const to = (location: string, status = 302) => lines(`HTTP/1.1 ${status} Found`, `Location: ${location}`);

  it("is not followed unless that was asked for", async () => {
    const { port } = await raw((socket) => socket.end(to("/elsewhere")));
    await expect(connect(urlOf({ port }))).rejects.toMatchObject({
      phase: "handshake",
      rule: "status-not-101",
      status: 302,
    });
  });

  it("is followed as often as that was asked for", async () => {
    const asked: string[] = [];
    const server = await started(echo);
    const { port } = await raw((socket, request) => {
      asked.push(request.split(" ")[1]!);
      socket.end(asked.length === 1 ? to("b?c") : to(urlOf(server, "/echo").replace("ws:", "http:"), 307));
    });
    const peer = await connect(urlOf({ port }, "/a"), { redirects: 2 });
    expect([...asked, peer.target]).toEqual(["/a", "/b?c", "/echo"]);
    peer.terminate();
    await expect(connect(urlOf({ port }, "/a"), { redirects: 0 })).rejects.toMatchObject({ status: 307 });
  });

  it("ends the attempt when there are too many, or one leads nowhere", async () => {
    const { port } = await raw((socket) => socket.end(to("/again")));
    await expect(connect(urlOf({ port }), { redirects: 3 })).rejects.toMatchObject({
      phase: "redirect",
      rule: "too-many-redirects",
      status: 302,
    });
    const { port: other } = await raw((socket) => socket.end(to("file:///etc/passwd")));
    await expect(connect(urlOf({ port: other }), { redirects: 3 })).rejects.toMatchObject({
      phase: "redirect",
      rule: "redirect-to-invalid-url",
    });
  });

  it("takes secrets along to the same origin, and to no other", async () => {
    const seen: (string | undefined)[][] = [];
    const server = await started({
      upgrade: ({ fields }) =>
        void seen.push(["Authorization", "Cookie", "X-Api-Key"].map((name) => fields.get(name))),
    });
    const target = urlOf(server);
    const { port } = await raw((socket, request) => {
      seen.push(
        ["Authorization", "Cookie", "X-Api-Key"].map((name) => request.match(`${name}: (.*)\r\n`)?.[1]),
      );
      socket.end(to(request.startsWith("GET /first") ? "/second" : target));
    });
    const peer = await connect(`ws://ann:secret@127.0.0.1:${port}/first`, {
      redirects: 2,
      headers: { Cookie: "a=b", "X-Api-Key": "k" },
    });
    peer.terminate();
    const secrets = [`Basic ${Buffer.from("ann:secret").toString("base64")}`, "a=b", "k"];
    expect(seen).toEqual([secrets, secrets, [undefined, undefined, undefined]]);
  });

  const certificate = makeCertificate();
  it.skipIf(certificate === undefined)("takes no client certificate to another origin", async () => {
    const shown: string[] = [];
    const listener = (answer: (request: string) => string) => {
      const server = createTlsServer(
        { ...certificate, requestCert: true, rejectUnauthorized: false },
        (socket) => {
          closers.push(() => socket.destroy());
          shown.push(String(socket.getPeerCertificate().subject?.CN ?? "nobody"));
          socket.once("data", (chunk) => socket.write(answer(chunk.toString("latin1"))));
        },
      );
      closers.push(() => server.close());
      server.listen(0, "127.0.0.1");
      return once(server, "listening").then(() => (server.address() as AddressInfo).port);
    };
    const second = await listener(acceptance);
    const first = await listener(() => to(`wss://127.0.0.1:${second}/`));
    const tls = { ...certificate, ca: certificate!.cert };
    const peer = await connect(`wss://127.0.0.1:${first}/`, { tls, redirects: 1, message: () => {} });
    await until(() => shown.length === 2, "both had been asked");
    expect(shown).toEqual(["localhost", "nobody"]);
    peer.terminate();
  });
});

describe("options", () => {
  const refused = async (options: object, url = "ws://127.0.0.1:1/"): Promise<unknown> =>
    connect(url, options as ConnectOptions).catch((error: unknown) => String(error));

  it.each([
    [{ headers: { Host: "x" } }, "TypeError: headers: Host belongs to the handshake"],
    [{ headers: { "a b": "x" } }, 'TypeError: headers: "a b" is not the name of a header field'],
    [{ subprotocols: ["a", "a"] }, "TypeError: subprotocols: one is there twice"],
    [{ origin: "a\nb" }, "TypeError: fields: the value of Origin"],
    [{ redirects: -1 }, "RangeError: redirects: must be a whole number"],
    [{ handshakeTimeout: 0 }, "RangeError: handshakeTimeout: must be a number of milliseconds"],
    [{ signal: "now" }, "TypeError: signal: must be an AbortSignal"],
    [{ socketPath: "" }, "TypeError: socketPath: must be the path of a Unix socket"],
    [
      { socketPath: "/x", proxy: "http://p" },
      "TypeError: socketPath: a Unix socket is not reached through a proxy",
    ],
    [{ proxy: "ftp://p" }, "TypeError: proxy: the scheme must be"],
    [{ proxy: { url: "http://p", headers: { Host: "x" } } }, "TypeError: proxy.headers: Host"],
    [{ tls: { cert: "garbage" } }, "TypeError: tls: "],
    [{ proxy: { url: "https://p", tls: { ca: 5 } } }, "TypeError: proxy.tls: "],
    [{ compression: "yes" }, "TypeError: compression: must be true, false or an object"],
    [{ maxMessageSize: -1 }, "RangeError: maxMessageSize: "],
    [{ limits: { maxFields: -1 } }, "RangeError: "],
  ])("%o are refused by name", async (options, message) => {
    expect(await refused(options)).toContain(message);
  });

  it("[RFC6455-4.1-04] are refused before anything is dialled, and so is a URL that cannot be", async () => {
    expect(await refused({}, "ftp://x")).toContain("TypeError: url: the scheme must be");
    expect(await refused({}, "ws://x/#fragment")).toContain("TypeError: url: must not have a fragment");
  });
});
