import { EventEmitter, getEventListeners, once } from "node:events";
import {
  Agent,
  createServer,
  get,
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerOptions,
  type ServerResponse,
} from "node:http";
import { connect as connectHttp2, createServer as createHttp2Server } from "node:http2";
import { type AddressInfo, connect, type Server as NetServer, type Socket } from "node:net";
import { setImmediate as turn } from "node:timers/promises";
import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import {
  broadcastEvent,
  type EventStream,
  type EventStreamOptions,
  eventStream,
} from "../../../src/node/server/event-stream.ts";
import { Deadlines } from "../../../src/node/timers.ts";
import { encodeEvent } from "../../../src/sse/encode.ts";
import { EventStreamParser, type ServerSentEvent } from "../../../src/sse/parse.ts";
import { FakeClock } from "../../helpers/fake-clock.ts";

vi.mock(import("../../../src/sse/encode.ts"), async (original) => {
  const module = await original();
  return { ...module, encodeEvent: vi.fn(module.encodeEvent) };
});

const KIB = 1024;
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

// --- A server, and clients ----------------------------------------------------------------------------------------

const ending: (() => void)[] = [];

afterEach(() => {
  for (const end of ending.splice(0)) end();
});

async function listen(server: NetServer): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

async function serve(
  listener: RequestListener,
  options: ServerOptions = {},
): Promise<{ port: number; server: Server }> {
  const server = createServer(options, listener);
  ending.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return { port: await listen(server), server };
}

interface Served {
  stream: EventStream;
  request: IncomingMessage;
  response: ServerResponse;
}

/** A server that answers each request with an event stream, and tells of it. */
async function serveStreams(options: EventStreamOptions = {}, prepare: RequestListener = () => {}) {
  const served: Served[] = [];
  let wake = (): void => {};
  const { port, server } = await serve((request, response) => {
    prepare(request, response);
    served.push({ stream: eventStream(request, response, options), request, response });
    wake();
  });
  return {
    port,
    server,
    async next(): Promise<Served> {
      while (served.length === 0) await new Promise<void>((resolve) => (wake = resolve));
      return served.shift()!;
    },
  };
}

/** A client that reads an event stream with node:http. */
class Client {
  readonly response: IncomingMessage;
  readonly comments: string[] = [];
  readonly parser: EventStreamParser;
  bytes = 0;
  readonly #events: ServerSentEvent[] = [];
  readonly #news = new EventEmitter();

  constructor(response: IncomingMessage) {
    this.response = response;
    this.parser = new EventStreamParser({
      onEvent: (event) => this.#events.push(event),
      onComment: (comment) => this.comments.push(comment),
      maxEventSize: 64 * KIB * KIB,
    });
    response.on("error", () => {});
    response.on("data", (chunk: Buffer) => {
      this.bytes += chunk.length;
      this.parser.push(chunk);
      this.#news.emit("data");
    });
  }

  static async connect(port: number, headers: IncomingHttpHeaders = {}, agent?: Agent): Promise<Client> {
    const request = get({ port, host: "127.0.0.1", headers, agent: agent ?? false });
    const [response] = (await once(request, "response")) as [IncomingMessage];
    ending.push(() => response.destroy());
    return new Client(response);
  }

  async next(): Promise<ServerSentEvent> {
    while (this.#events.length === 0) await once(this.#news, "data");
    return this.#events.shift()!;
  }

  async comment(): Promise<string> {
    while (this.comments.length === 0) await once(this.#news, "data");
    return this.comments.shift()!;
  }

  /** Resolves when the server has ended the stream, or its connection. */
  async end(): Promise<void> {
    if (!this.response.closed) await new Promise((resolve) => this.response.once("close", resolve));
  }
}

/** A client without HTTP, for what HTTP clients do not do. */
function raw(
  port: number,
  text: string,
): { socket: Socket; received(): string; until(end: string): Promise<string> } {
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  ending.push(() => socket.destroy());
  let received = "";
  socket.setEncoding("latin1");
  socket.on("error", () => {});
  socket.on("data", (chunk: string) => (received += chunk));
  socket.write(text);
  return {
    socket,
    received: () => received,
    async until(end) {
      while (!received.includes(end)) await once(socket, "data");
      return received;
    },
  };
}

const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

async function streamAndClient(options: EventStreamOptions = {}) {
  const { port, next } = await serveStreams(options);
  const client = await Client.connect(port);
  return { client, ...(await next()) };
}

/** Sends until the transport takes no more. */
async function block({ stream, response }: Served): Promise<void> {
  while (!response.writableNeedDrain) {
    stream.comment("x".repeat(60 * KIB));
    await turn();
  }
}

describe("the answer", () => {
  it("[WHATWG-SSE-9.2.5-01] says at once that it is an event stream, for no cache and no proxy to hold back", async () => {
    const { port, next } = await serveStreams();
    const client = await Client.connect(port, { connection: "keep-alive" });
    const { request } = await next();
    const { statusCode, headers } = client.response;
    expect(statusCode).toBe(200);
    expect(headers).toMatchObject({
      "content-type": "text/event-stream",
      "cache-control": "no-cache, no-transform",
      "x-accel-buffering": "no",
      connection: "keep-alive",
      "transfer-encoding": "chunked",
    });
    expect(client.bytes).toBe(0);
    expect(request.socket.destroyed).toBe(false);
  });

  it("leaves without Nagle's delay, whatever the server's default", async () => {
    const delays: (boolean | undefined)[] = [];
    const { port } = await serve(
      (request, response) => {
        const { setNoDelay } = request.socket;
        request.socket.setNoDelay = function (value) {
          delays.push(value);
          return setNoDelay.call(this, value);
        };
        eventStream(request, response);
      },
      { noDelay: false },
    );
    await Client.connect(port);
    expect(delays).toEqual([true]);
  });

  it("carries more header fields, some of which replace the defaults", async () => {
    const { port } = await serveStreams({
      headers: [
        ["Access-Control-Allow-Origin", "*"],
        ["cache-control", "no-store"],
        ["Set-Cookie", "a=1"],
        ["Set-Cookie", "b=2"],
      ],
    });
    const { response } = await Client.connect(port);
    expect(response.headers).toMatchObject({
      "access-control-allow-origin": "*",
      "cache-control": "no-store",
      "set-cookie": ["a=1", "b=2"],
      "x-accel-buffering": "no",
    });
  });

  it("keeps what was set on the response before, but for a length", async () => {
    const { port } = await serveStreams({}, (_request, response) => {
      response.statusCode = 500;
      response.setHeader("Content-Length", 5);
      response.setHeader("Content-Type", "text/html");
      response.setHeader("Vary", "Cookie");
    });
    const { response } = await Client.connect(port);
    expect(response.statusCode).toBe(200);
    expect(response.headers).toMatchObject({ "content-type": "text/event-stream", vary: "Cookie" });
    expect(response.headers).not.toHaveProperty("content-length");
  });

  it("closes the connection behind the stream where the client asks for it", async () => {
    const { port, next } = await serveStreams();
    const client = raw(port, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    const { stream } = await next();
    stream.send({ data: "last" });
    stream.close();
    await once(client.socket, "end");
    expect(client.received()).toContain("\r\nConnection: close\r\n");
    expect(client.received()).toMatch(/data: last\n\n\r\n0\r\n\r\n$/);
  });

  it("has no chunks in HTTP/1.0, where the connection's end is the stream's", async () => {
    const { port, next } = await serveStreams();
    const client = raw(port, "GET / HTTP/1.0\r\n\r\n");
    const { stream } = await next();
    stream.send({ data: "plain" });
    stream.close();
    await once(client.socket, "end");
    expect(client.received()).not.toContain("chunked");
    expect(client.received()).toMatch(/\r\n\r\ndata: plain\n\n$/);
    expect(await stream.ended).toBe("closed");
  });

  it.each(["HEAD", "POST", "PUT", "OPTIONS"])("to %s is 405, and there is no stream", async (method) => {
    const { port, next } = await serveStreams();
    const request = httpRequest({ port, host: "127.0.0.1", method, agent: false });
    request.end();
    const [response] = (await once(request, "response")) as [IncomingMessage];
    response.resume();
    expect(response.statusCode).toBe(405);
    expect(response.headers.allow).toBe("GET");
    const { stream } = await next();
    expect(stream.closed).toBe(true);
    expect(await stream.ended).toBe("refused");
    expect(stream.send({ data: "x" })).toBe("dropped");
    expect(stream.bufferedAmount).toBe(0);
    await stream.drained();
    stream.close();
    await once(response, "end");
  });

  it("works over HTTP/2 as well", async () => {
    const streams: EventStream[] = [];
    const server = createHttp2Server((request, response) => {
      streams.push(
        eventStream(request, response, { retry: 5, highWaterMark: 10, maxBufferedBytes: 300 * KIB }),
      );
    });
    const port = await listen(server);
    const session = connectHttp2(`http://127.0.0.1:${port}`);
    ending.push(() => {
      session.destroy();
      server.close();
    });
    const client = session.request({ "last-event-id": "7" });
    const [headers] = (await once(client, "response")) as [Record<string, string>];
    expect(headers).toMatchObject({ ":status": 200, "content-type": "text/event-stream" });
    const [stream] = streams as [EventStream];
    expect(stream.lastEventId).toBe("7");
    expect(stream.send({ data: "x".repeat(200 * KIB) })).toBe("buffered");
    const events: ServerSentEvent[] = [];
    const parser = new EventStreamParser({ onEvent: (event) => events.push(event) });
    client.on("data", (chunk: Buffer) => parser.push(chunk));
    await stream.drained();
    stream.close();
    await once(client, "end");
    expect(parser.reconnectionTime).toBe(5);
    expect(events.map(({ data }) => data.length)).toEqual([200 * KIB]);
    expect(await stream.ended).toBe("closed");

    const gone = session.request();
    await once(gone, "response");
    gone.destroy();
    expect(await streams[1]!.ended).toBe("departed");
    expect(streams[1]!.send({ data: "late" })).toBe("dropped");

    const slow = session.request();
    slow.on("error", () => {}).resume();
    await once(slow, "response");
    expect(streams[2]!.send({ data: "x".repeat(300 * KIB) })).toBe("dropped");
    expect(await streams[2]!.ended).toBe("slow");
    await new Promise((resolve) => slow.once("close", resolve));
  });
});

describe("the Last-Event-ID of the request", () => {
  const idOf = async (value: string | undefined, change: RequestListener = () => {}): Promise<string> => {
    const { port, next } = await serveStreams({}, change);
    await Client.connect(port, value === undefined ? {} : { "last-event-id": value });
    return (await next()).stream.lastEventId;
  };

  it("[WHATWG-SSE-9.2.4-01] is UTF-8", async () => {
    expect(await idOf("42")).toBe("42");
    expect(await idOf(Buffer.from("é – 🙂", "utf8").toString("latin1"))).toBe("é – 🙂");
    expect(await idOf(Buffer.from("\ufeffé", "utf8").toString("latin1"))).toBe("\ufeffé");
  });

  it("is empty where there is none, or none that can have been sent", async () => {
    expect(await idOf(undefined)).toBe("");
    expect(await idOf("\xff\xfe")).toBe("");
    for (const value of ["a\0b", "a\rb", "a\nb", "\u{1f642}"]) {
      const replace: RequestListener = (request) => {
        request.headers["last-event-id"] = value;
      };
      expect(await idOf("x", replace)).toBe("");
    }
  });
});

describe("sending", () => {
  it("brings events, comments and bytes in order, the reconnection time first", async () => {
    const { stream, client } = await streamAndClient({ retry: 1234 });
    expect(stream.send({ event: "greeting", id: "1", data: "a\nb" })).toBe("sent");
    expect(stream.comment("for people")).toBe("sent");
    expect(stream.write(utf8("data: c\n\n"))).toBe("sent");
    expect(await client.next()).toEqual({ type: "greeting", data: "a\nb", lastEventId: "1" });
    expect(await client.next()).toEqual({ type: "message", data: "c", lastEventId: "1" });
    expect(client.comments).toEqual(["for people"]);
    expect(client.parser.reconnectionTime).toBe(1234);
    await stream.drained();
    expect(stream.bufferedAmount).toBe(0);
  });

  it("refuses what is no event, also when the stream has ended", async () => {
    const { stream } = await streamAndClient();
    for (const state of ["open", "closed"]) {
      expect(stream.closed).toBe(state === "closed");
      expect(() => stream.send({ event: "a\nb", data: "" })).toThrow(/event/);
      expect(() => stream.comment(5 as unknown as string)).toThrow(TypeError);
      expect(() => stream.write("data: x\n\n" as unknown as Uint8Array)).toThrow(
        new TypeError("encoded: must be a Uint8Array"),
      );
      stream.close();
    }
  });

  /** How often the socket goes to the system, counted at the two functions that do. */
  function countWrites(socket: Socket): { count: number } {
    const writes = { count: 0 };
    for (const name of ["_write", "_writev"] as const) {
      const original = socket[name]!.bind(socket) as (...args: unknown[]) => void;
      socket[name] = (...args: unknown[]) => {
        writes.count++;
        original(...args);
      };
    }
    return writes;
  }

  it("lets all that was sent in one turn of the event loop leave in one system call", async () => {
    const { stream, request, client } = await streamAndClient();
    const writes = countWrites(request.socket);
    stream.send({ data: "at once" });
    stream.send({ data: "x".repeat(2 * KIB) });
    stream.comment("between");
    await Promise.resolve();
    for (let i = 0; i < 400; i++)
      stream.send({ data: "after a promise, and long enough to make up 60 KiB".padEnd(140) });
    process.nextTick(() => stream.send({ data: "in a tick" }));
    expect(writes.count).toBe(0);
    while ((await client.next()).data !== "in a tick");
    expect(writes.count).toBe(1);
    stream.send({ data: "in another turn" });
    await client.next();
    expect(writes.count).toBe(2);
  });

  it("lets the last events and the end leave in one system call", async () => {
    const { stream, request, client } = await streamAndClient();
    const writes = countWrites(request.socket);
    stream.send({ data: "last" });
    stream.close();
    await client.next();
    await client.end();
    expect(writes.count).toBe(1);
  });

  it("to many encodes once, and tells what became of it", async () => {
    const { port, next } = await serveStreams();
    const clients = [await Client.connect(port), await Client.connect(port), await Client.connect(port)];
    const streams = [(await next()).stream, (await next()).stream, (await next()).stream];
    streams[2]!.close();
    vi.mocked(encodeEvent).mockClear();
    expect(broadcastEvent(new Set(streams), { id: "1", data: "to all" })).toEqual({
      sent: 2,
      buffered: 0,
      dropped: 1,
    });
    expect(encodeEvent).toHaveBeenCalledTimes(1);
    for (const client of clients.slice(0, 2)) expect((await client.next()).data).toBe("to all");
    expect(() => broadcastEvent(streams, {})).toThrow(TypeError);
  });
});

describe("a client that does not read", () => {
  const chunk = { data: "x".repeat(16 * KIB) };

  it("makes send say so above the high-water mark; drained resolves when it has caught up", async () => {
    const { stream, client, response } = await streamAndClient({ highWaterMark: 100 * KIB });
    client.response.pause();
    let sent = 0;
    const caughtUp = vi.fn();
    while (stream.send(chunk) === "sent") {
      sent++;
      caughtUp.mockClear();
      void stream.drained().then(caughtUp);
      await turn();
      expect(caughtUp).toHaveBeenCalledTimes(response.writableNeedDrain ? 0 : 1);
    }
    expect(stream.bufferedAmount).toBeGreaterThan(100 * KIB);
    const drained = stream.drained();
    client.response.resume();
    await drained;
    expect(stream.send({ data: "end" })).toBe("sent");
    let received = 0;
    for (let event = await client.next(); event.data !== "end"; event = await client.next()) {
      expect(event.data).toBe(chunk.data);
      received++;
    }
    expect(received).toBe(sent + 1);
  });

  it("is disconnected when its budget is spent, and never holds more", async () => {
    const budget = 256 * KIB;
    const { stream, client, response } = await streamAndClient({ maxBufferedBytes: budget });
    client.response.pause();
    const drained = vi.fn();
    while (stream.send(chunk) !== "dropped") {
      expect(stream.bufferedAmount).toBeLessThanOrEqual(budget);
      void stream.drained().then(drained);
      await turn();
    }
    expect(stream.closed).toBe(true);
    expect(stream.bufferedAmount).toBe(0);
    expect(response.destroyed).toBe(true);
    expect(await stream.ended).toBe("slow");
    expect(drained).toHaveBeenCalled();
    expect(stream.send(chunk)).toBe("dropped");
    client.response.resume();
    await client.end();
  });

  it("misses events with the policy drop, whole ones, and then goes on", async () => {
    const { stream, client } = await streamAndClient({ maxBufferedBytes: 256 * KIB, onSlow: "drop" });
    client.response.pause();
    let sent = 0;
    for (; stream.send({ id: String(sent), ...chunk }) !== "dropped"; sent++) await turn();
    expect(stream.closed).toBe(false);
    expect(stream.send(chunk)).toBe("dropped");
    client.response.resume();
    await stream.drained();
    expect(stream.send({ data: "on" })).toBe("sent");
    for (let id = 0; id < sent; id++) {
      expect(await client.next()).toEqual({ type: "message", data: chunk.data, lastEventId: String(id) });
    }
    expect((await client.next()).data).toBe("on");
  });

  it("costs memory by bytes, not by events", async () => {
    const { client, ...served } = await streamAndClient();
    const { stream, response } = served;
    client.response.pause();
    await block(served);
    await turn();
    const queued = response.writableLength;
    const before = stream.bufferedAmount;
    const empty = utf8(":\n\n");
    for (let i = 0; i < 1_000_000; i++) {
      if (stream.write(empty) === "dropped") throw new Error("dropped");
      if (i % 1000 === 0) await turn();
    }
    expect(stream.bufferedAmount - before).toBe(3_000_000);
    // Nothing was given to Node, which keeps several objects for each write.
    expect(response.writableLength).toBe(queued);
    client.response.resume();
    await stream.drained();
  });

  it("gets large events without a copy of their own: those who wait share them", async () => {
    const { port, next } = await serveStreams();
    const served: Served[] = [];
    for (let i = 0; i < 4; i++) {
      (await Client.connect(port)).response.pause();
      served.push(await next());
      await block(served[i]!);
    }
    const before = process.memoryUsage().arrayBuffers;
    const data = new Uint8Array(64 * KIB).fill(0x78);
    const streams = served.map(({ stream }) => stream);
    for (let i = 0; i < 64; i++) expect(broadcastEvent(streams, { data }).dropped).toBe(0);
    for (const { bufferedAmount } of streams) expect(bufferedAmount).toBeGreaterThan(4 * KIB * KIB);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(10 * KIB * KIB);
  });

  it("gets everything in order, however it is cut and whenever it reads", async () => {
    const size = fc.oneof(
      fc.nat(40),
      fc.nat(3000),
      fc.constantFrom(1023, 1024, 65_535, 65_536, 65_537, 200_000),
    );
    const step = fc.record({ size, turns: fc.nat(2), reads: fc.boolean() });
    const { port, next } = await serveStreams();
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const client = await Client.connect(port);
        const { stream } = await next();
        let text = "";
        for (const [index, { size, turns, reads }] of steps.entries()) {
          const data = String.fromCharCode(97 + (index % 26)).repeat(size);
          text += `${data}\n`;
          expect(stream.send({ data })).not.toBe("dropped");
          client.response[reads ? "resume" : "pause"]();
          for (let left = turns; left > 0; left--) await turn();
        }
        stream.close();
        client.response.resume();
        let received = "";
        for (let left = steps.length; left > 0; left--) received += `${(await client.next()).data}\n`;
        await client.end();
        expect(received === text).toBe(true);
        expect(await stream.ended).toBe("closed");
      }),
      { numRuns: 25 },
    );
  });
});

describe("the end", () => {
  it("comes behind everything that was sent, and the connection can be used again", async () => {
    const { port, next } = await serveStreams();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    ending.push(() => agent.destroy());
    const sockets = new Set<Socket>();
    for (let i = 0; i < 12; i++) {
      const client = await Client.connect(port, {}, agent);
      const { stream, request } = await next();
      sockets.add(request.socket);
      stream.send({ data: "x".repeat(300 * KIB) });
      stream.close();
      stream.close();
      expect(stream.closed).toBe(true);
      expect(stream.send({ data: "late" })).toBe("dropped");
      expect((await client.next()).data).toHaveLength(300 * KIB);
      await client.end();
      expect(await stream.ended).toBe("closed");
      expect(await stream.ended).toBe("closed");
    }
    expect(sockets.size).toBe(1);
    const [socket] = [...sockets] as [Socket];
    expect(socket.listenerCount("close")).toBeLessThan(5);
  });

  it("is the end: what somebody else does wrong with the response afterwards ends no process", async () => {
    const { stream, response, client } = await streamAndClient();
    stream.close();
    expect(response.emit("error", new Error("of some middleware"))).toBe(true);
    response.write("more");
    await client.end();
    expect(client.bytes).toBe(0);
    expect(await stream.ended).toBe("closed");
  });

  it("does not wait for a client that does not read longer than closeTimeout", async () => {
    const clock = new FakeClock();
    const options = { closeTimeout: 1000, keepAlive: 0, deadlines: new Deadlines(clock) };
    const { client, ...served } = await streamAndClient(options);
    const { stream, response } = served;
    client.response.pause();
    await block(served);
    stream.send({ data: "x".repeat(300 * KIB) });
    const ended = stream.ended;
    stream.close();
    clock.advance(900);
    expect(response.destroyed).toBe(false);
    clock.advance(200);
    expect(response.destroyed).toBe(true);
    expect(await ended).toBe("slow");
    expect(clock.running).toBe(0);
  });

  it("comes with the signal, before or after the request", async () => {
    const controller = new AbortController();
    const { signal } = controller;
    const { port, next } = await serveStreams({ signal, retry: 3 });
    const early = await Client.connect(port);
    const { stream } = await next();
    const other = await Client.connect(port);
    (await next()).stream.close();
    await other.end();
    expect(getEventListeners(signal, "abort")).toHaveLength(1);
    stream.send({ data: "before" });
    controller.abort();
    expect((await early.next()).data).toBe("before");
    await early.end();
    expect(await stream.ended).toBe("closed");
    expect(getEventListeners(signal, "abort")).toEqual([]);

    const late = await Client.connect(port);
    const second = await next();
    expect(second.stream.closed).toBe(true);
    await late.end();
    expect(late.parser.reconnectionTime).toBe(3);
    expect(await second.stream.ended).toBe("closed");
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });
});

describe("a client that goes away", () => {
  async function expectDeparted({ stream, response }: Served): Promise<void> {
    expect(await stream.ended).toBe("departed");
    expect(stream.closed).toBe(true);
    expect(stream.send({ data: "to nobody" })).toBe("dropped");
    stream.close();
    response.write("an answer that went wrong elsewhere");
    await turn();
    expect(await stream.ended).toBe("departed");
  }

  it("in the middle of an event is noticed", async () => {
    const { client, ...served } = await streamAndClient();
    client.response.pause();
    await block(served);
    served.stream.send({ data: "x".repeat(300 * KIB) });
    const drained = served.stream.drained();
    client.response.socket.resetAndDestroy();
    await drained;
    await expectDeparted(served);
  });

  it("by ending its side of the connection is noticed", async () => {
    const { port, next } = await serveStreams();
    const client = raw(port, GET);
    const served = await next();
    await client.until("\r\n\r\n");
    client.socket.end();
    await expectDeparted(served);
  });

  it("between sending and the end of the turn is noticed", async () => {
    const served = await streamAndClient();
    served.stream.send({ data: "x" });
    served.request.socket.destroy();
    await expectDeparted(served);
  });

  it("is noticed behind a body that nobody wants", async () => {
    const { port, next } = await serveStreams();
    const body = 1000 * KIB;
    const client = raw(port, `GET / HTTP/1.1\r\nHost: a\r\nContent-Length: ${body}\r\n\r\n`);
    const served = await next();
    client.socket.write("x".repeat(body - 1));
    client.socket.end();
    await expectDeparted(served);
  });

  it("before the stream begins is noticed", async () => {
    const { port, server } = await serve(() => {});
    const client = raw(port, GET);
    const [request, response] = (await once(server, "request")) as [IncomingMessage, ServerResponse];
    client.socket.resetAndDestroy();
    await once(response, "close");
    await expectDeparted({ stream: eventStream(request, response), request, response });

    const pipelining = raw(port, GET);
    await once(server, "request");
    pipelining.socket.write(GET);
    const [second, queued] = (await once(server, "request")) as [IncomingMessage, ServerResponse];
    pipelining.socket.resetAndDestroy();
    await new Promise((resolve) => second.socket.once("close", resolve));
    await expectDeparted({ stream: eventStream(second, queued), request: second, response: queued });
  });

  it("is noticed by streams that wait behind another response on its connection", async () => {
    const warned = vi.fn();
    process.on("warning", warned);
    ending.push(() => process.off("warning", warned));
    const { port, next } = await serveStreams();
    const client = raw(port, GET.repeat(20));
    const all: Served[] = [];
    for (let i = 0; i < 20; i++) all.push(await next());
    const last = all.at(-1)!;
    expect(last.response.socket).toBe(null);
    expect(last.stream.send({ data: "waits" })).toBe("sent");
    await turn();
    expect(last.stream.bufferedAmount).toBeGreaterThan(10);

    all[0]!.stream.close();
    all[1]!.stream.send({ data: "second" });
    await client.until("data: second");
    expect(await all[0]!.stream.ended).toBe("closed");

    const { socket } = last.request;
    const listeners = socket.listenerCount("close");
    all[1]!.stream.close();
    expect(await all[1]!.stream.ended).toBe("closed");
    expect(socket.listenerCount("close")).toBe(listeners - 1);

    client.socket.resetAndDestroy();
    for (const served of all.slice(2)) await expectDeparted(served);
    expect(warned).not.toHaveBeenCalled();
  });
});

describe("keep-alive", () => {
  async function withClock(options: EventStreamOptions = {}) {
    const clock = new FakeClock();
    return { clock, ...(await streamAndClient({ deadlines: new Deadlines(clock), ...options })) };
  }

  it("[WHATWG-SSE-9.2.7-01] sends a comment after 15 seconds of silence, and again", async () => {
    const { clock, client, stream } = await withClock();
    for (let i = 0; i < 3; i++) {
      clock.advance(14_900);
      expect(stream.bufferedAmount).toBe(0);
      clock.advance(200);
      expect(stream.bufferedAmount).toBe(4);
      expect(await client.comment()).toBe("");
    }
  });

  it("counts from what was sent last", async () => {
    const { clock, client, stream } = await withClock({ keepAlive: 1000 });
    clock.advance(600);
    stream.send({ data: "x" });
    await client.next();
    clock.advance(900);
    expect(stream.bufferedAmount).toBe(0);
    clock.advance(200);
    expect(await client.comment()).toBe("");
  });

  it.each([0, Number.POSITIVE_INFINITY])("is off with %d", async (keepAlive) => {
    const { clock, stream } = await withClock({ keepAlive });
    clock.advance(1_000_000);
    expect(stream.bufferedAmount).toBe(0);
    expect(clock.running).toBe(0);
  });

  it("adds nothing while the client does not take what waits", async () => {
    const { clock, client, ...served } = await withClock();
    client.response.pause();
    await block(served);
    const before = served.stream.bufferedAmount;
    clock.advance(100_000);
    expect(served.stream.bufferedAmount).toBe(before);
    client.response.resume();
    await served.stream.drained();
    clock.advance(20_000);
    while ((await client.comment()) !== "");
  });

  it("ends with the stream", async () => {
    const { clock, stream, client } = await withClock();
    stream.close();
    await client.end();
    await stream.ended;
    clock.advance(100);
    expect(clock.running).toBe(0);
  });
});

describe("options", () => {
  const untyped = (options: unknown): EventStreamOptions => options as EventStreamOptions;

  it.each<[unknown, typeof TypeError | typeof RangeError, RegExp]>([
    [{ retry: -1 }, RangeError, /^retry/],
    [{ retry: "1" }, TypeError, /^retry/],
    [{ keepAlive: -1 }, RangeError, /^keepAlive:/],
    [{ keepAlive: "15" }, RangeError, /^keepAlive:/],
    [{ highWaterMark: 1.5 }, RangeError, /^highWaterMark:/],
    [{ maxBufferedBytes: -1 }, RangeError, /^maxBufferedBytes:/],
    [{ closeTimeout: 0 }, RangeError, /^closeTimeout:/],
    [{ onSlow: "wait" }, TypeError, /^onSlow:/],
    [{ signal: {} }, TypeError, /^signal:/],
    [{ deadlines: {} }, TypeError, /^deadlines:/],
    [{ headers: null }, TypeError, /^headers:/],
    [{ headers: "a: b" }, TypeError, /^headers:/],
    [{ headers: { "a b": "c" } }, TypeError, /^headers: "a b" is not the name/],
    [{ headers: { a: "b\r\nc: d" } }, TypeError, /^headers: the value of a /],
    [{ headers: { a: "b\0" } }, TypeError, /^headers: the value of a /],
    [{ headers: { a: 5 } }, TypeError, /^headers: the value of a /],
    [{ headers: [["Content-Length", "5"]] }, TypeError, /^headers: Content-Length/],
    [{ headers: { "content-type": "text/plain" } }, TypeError, /^headers: content-type/],
    [{ headers: { "Transfer-Encoding": "gzip" } }, TypeError, /^headers: Transfer-Encoding/],
    [{ headers: { Connection: "close" } }, TypeError, /^headers: Connection/],
  ])("that are wrong are refused by their name: %j", async (options, type, message) => {
    const thrown: unknown[] = [];
    const { port } = await serve((request, response) => {
      try {
        eventStream(request, response, untyped(options));
      } catch (error) {
        thrown.push(error);
      }
      response.end();
    });
    const { response } = await Client.connect(port);
    expect(response.headers).not.toHaveProperty("x-accel-buffering");
    expect(thrown[0]).toBeInstanceOf(type);
    expect((thrown[0] as Error).message).toMatch(message);
  });

  it("do not help a response that has been answered", async () => {
    const thrown: unknown[] = [];
    const { port } = await serve((request, response) => {
      response.end("done");
      try {
        eventStream(request, response);
      } catch (error) {
        thrown.push(error);
      }
    });
    await Client.connect(port);
    expect(thrown).toEqual([new Error("response: its head has been sent already")]);
  });
});
