import { EventEmitter } from "node:events";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { describe, expect, it } from "vitest";
import { Opening, type OpeningContext, type Upgrade } from "../../../src/node/server/opening.ts";
import { FakeSocket, turn } from "../../helpers/fake-socket.ts";
import { bytesOf, concat, frameTo } from "../../helpers/frames.ts";
import { KEY, lines } from "../../helpers/handshakes.ts";
import { peerOn } from "../../helpers/node-servers.ts";

const REQUEST = lines(
  "GET /chat HTTP/1.1",
  "Host: example.com",
  "Upgrade: websocket",
  "Connection: Upgrade",
  `Sec-WebSocket-Key: ${KEY}`,
  "Sec-WebSocket-Protocol: v1, v2",
  "Sec-WebSocket-Version: 13",
);
const PAGE = lines("GET /page HTTP/1.1", "Host: example.com");

/** An opening handshake on a fake socket, in a server that does as `settings` says. */
function reception(settings: Partial<OpeningContext<unknown>> = {}) {
  const socket = new FakeSocket();
  const messages: unknown[] = [];
  const { context: peers, clock } = peerOn(new FakeSocket(), {
    message: (_peer, data) => messages.push(data),
  });
  const failures: string[] = [];
  const errors: unknown[] = [];
  const handedOver: string[] = [];
  let opened = 0;
  const context: OpeningContext<unknown> = {
    peers,
    extensions: [],
    subprotocols: [],
    limits: {},
    handshakeTimeout: 10_000,
    maxPendingBytes: 1000,
    hook: undefined,
    unavailable: () => undefined,
    admit: (opening, address) => {
      opening.address = address;
      return undefined;
    },
    isOriginAllowed: () => true,
    addressOf: (address) => address,
    cameSecurely: () => false,
    handOver: undefined,
    opened: () => opened++,
    failed: (_opening, rule) => failures.push(rule),
    hookFailed: (error) => errors.push(error),
    ...settings,
  };
  const opening = new Opening(context, socket, "192.0.2.1", false);
  return {
    socket,
    opening,
    clock,
    deadlines: peers.deadlines,
    messages,
    failures,
    errors,
    handedOver,
    opened: () => opened,
    /** The status line's number, if there was an answer. */
    status: () => Number(socket.text.split(" ")[1] ?? Number.NaN),
    async arrive(...texts: string[]) {
      socket.arrive(...texts.map(bytesOf));
      await turn();
    },
  };
}

type Reception = ReturnType<typeof reception>;

async function read(settings?: Partial<OpeningContext<unknown>>, ...texts: string[]): Promise<Reception> {
  const all = reception(settings);
  all.opening.read();
  await all.arrive(...texts);
  return all;
}

describe("an opening handshake", () => {
  it("[RFC6455-4.2.2-18] becomes a peer, with what came behind it", async () => {
    const { socket, messages, opened, failures, status, deadlines, arrive } = await read();
    const early = frameTo("server", { opcode: 1, payload: "early" });
    socket.arrive(concat(bytesOf(REQUEST), early.subarray(0, 3)), early.subarray(3));
    await arrive();
    expect([status(), opened(), failures, messages]).toEqual([101, 1, [], ["early"]]);
    expect(deadlines.size).toBe(1); // the heartbeat
  });

  it("may come one byte at a time", async () => {
    const { status } = await read({}, ...REQUEST);
    expect(status()).toBe(101);
  });

  it("picks the best subprotocol of the server, or the hook's", async () => {
    const best = await read({ subprotocols: ["v3", "v2", "v1"] }, REQUEST);
    expect(best.socket.text).toContain("Sec-WebSocket-Protocol: v2\r\n");
    const hooks = await read({ subprotocols: ["v2"], hook: () => ({ subprotocol: "v1" }) }, REQUEST);
    expect(hooks.socket.text).toContain("Sec-WebSocket-Protocol: v1\r\n");
  });

  it("goes on from a head that somebody else has read", async () => {
    const { opening, socket, status, messages } = reception();
    const request = Object.assign(new EventEmitter(), {
      method: "GET",
      url: "/chat",
      httpVersion: "1.1",
      rawHeaders: REQUEST.split("\r\n")
        .slice(1, -2)
        .flatMap((line) => line.split(": ")),
    });
    opening.take(request as unknown as IncomingMessage, frameTo("server", { opcode: 1, payload: "early" }));
    await turn();
    expect([status(), messages]).toEqual([101, ["early"]]);
    const other = reception();
    const nothing = { httpVersion: "1.1", rawHeaders: [] } as unknown as IncomingMessage;
    other.opening.take(nothing, new Uint8Array());
    await turn();
    expect(other.status()).toBe(405);
    socket.destroy();
  });

  it.each([
    ["malformed", "GET\r\n\r\n", 400],
    ["no upgrade", PAGE, 426],
    ["an old version", REQUEST.replace("13", "8"), 426],
    ["no GET", REQUEST.replace("GET", "POST"), 405],
  ])("that is %s is refused, and the connection ended", async (_what, request, expected) => {
    const { status, failures, socket, opened } = await read({}, request, "and more");
    expect([status(), failures.length, opened()]).toEqual([expected, 1, 0]);
    expect(socket.writableEnded).toBe(true);
  });

  it("is refused at once while the server is full, and before the hook", async () => {
    const full = await read({ unavailable: () => "max-connections" });
    expect([full.status(), full.failures]).toEqual([503, ["max-connections"]]);
    expect(full.socket.text).toContain("Retry-After: 5\r\n");
    const address = await read({ admit: () => "max-connections-per-address" }, REQUEST);
    expect([address.status(), address.failures]).toEqual([503, ["max-connections-per-address"]]);
    const origin = await read({ isOriginAllowed: () => false }, REQUEST);
    expect([origin.status(), origin.failures]).toEqual([403, ["origin"]]);
  });

  it("is handed over with every byte if it asks for something else", async () => {
    const taken: [Duplex, string][] = [];
    const take = (socket: Duplex, bytes: Uint8Array) => taken.push([socket, new TextDecoder().decode(bytes)]);
    const page = `${PAGE}body`;
    const { socket, failures, deadlines } = await read({ handOver: take }, page.slice(0, 9), page.slice(9));
    expect([taken, failures, deadlines.size]).toEqual([[[socket, page]], [""], 0]);
    expect(["data", "end", "error"].map((event) => socket.listenerCount(event))).toEqual([0, 0, 0]);
    const other = await read({ handOver: take }, lines("GET / HTTP/1.1", "Host: a", "Upgrade: h2c"));
    const bad = await read({ handOver: take }, lines("GET / HTTP/1.1", "Host: a", "Upgrade: ,;"));
    expect([taken.length, other.status(), bad.status()]).toEqual([3, Number.NaN, Number.NaN]);
    expect((await read({ handOver: take }, REQUEST)).status()).toBe(101);
  });
});

describe("the end of a handshake", () => {
  it("is a matter of time: 408 for a slow client, 503 for a slow hook", async () => {
    const slow = await read({}, "GET / HTT");
    slow.clock.advance(10_100);
    await turn();
    expect([slow.status(), slow.failures]).toEqual([408, ["handshake-timeout"]]);
    let signal: AbortSignal | undefined;
    const hook = (upgrade: Upgrade) => {
      ({ signal } = upgrade);
      return new Promise<boolean>(() => {});
    };
    const undecided = await read({ hook }, REQUEST);
    undecided.clock.advance(10_100);
    await turn();
    expect([undecided.status(), undecided.failures]).toEqual([503, ["hook-timeout"]]);
    expect(signal?.aborted).toBe(true);
  });

  it("destroys the socket of a refused client that does not go", async () => {
    const { socket, clock, deadlines, arrive } = await read({}, PAGE);
    socket.stuck = true;
    await arrive("still here");
    expect(socket.destroyed).toBe(false);
    clock.advance(10_100);
    await turn();
    expect([socket.destroyed, deadlines.size]).toEqual([true, 0]);
  });

  it("comes with the client's, which is told to the hook", async () => {
    let signal: AbortSignal | undefined;
    let decide: (decision: boolean) => void = () => {};
    const hook = (upgrade: Upgrade) => {
      signal = upgrade.signal;
      return new Promise<boolean>((resolve) => (decide = resolve));
    };
    const { socket, failures, status, arrive, opened } = await read({ hook }, REQUEST);
    socket.hangUp();
    await turn();
    expect([signal?.aborted, failures, socket.destroyed]).toEqual([true, ["client-gone"], true]);
    decide(true);
    await arrive();
    expect([status(), opened(), failures]).toEqual([Number.NaN, 0, ["client-gone"]]);
  });

  it("comes once, whatever else happens", async () => {
    const { opening, socket, failures, clock } = await read({}, "GET");
    opening.abandon();
    opening.abandon();
    socket.destroy(new Error("ECONNRESET"));
    await turn();
    clock.advance(60_000);
    expect(failures).toEqual(["closing"]);
  });
});

describe("an upgrade hook", () => {
  it("is asked about the request, the address and the encryption", async () => {
    const asked: Upgrade[] = [];
    await read({ hook: (upgrade) => void asked.push(upgrade), cameSecurely: () => true }, REQUEST);
    expect(asked).toMatchObject([
      { target: "/chat", address: "192.0.2.1", secure: true, host: "example.com" },
    ]);
    expect(asked[0]?.signal).toBe(asked[0]?.signal);
  });

  /** A promise of another library: no instance of Promise. */
  function later<Value>(value: Value): PromiseLike<Value> {
    const promise = Promise.resolve(value);
    // biome-ignore lint/suspicious/noThenProperty: that is what makes it one
    return { then: promise.then.bind(promise) };
  }

  it.each([
    ["true", true, 101],
    ["nothing", undefined, 101],
    ["an acceptance", { headers: { "X-A": "b" } }, 101],
    ["false", false, 403],
    ["a rejection", { status: 401, headers: { "X-A": "b" }, body: "who?" }, 401],
    ["a bare rejection", { status: 404 }, 404],
  ])("that says %s is obeyed, now or later", async (_what, decision, expected) => {
    for (const answer of [decision, Promise.resolve(decision), later(decision)]) {
      const { status, errors, arrive } = await read({ hook: () => answer }, REQUEST);
      await arrive();
      expect([status(), errors]).toEqual([expected, []]);
    }
  });

  it.each([
    ["null", null],
    ["0", 0],
    ["an empty string", ""],
    ["a header that cannot be", { headers: { "X-A": "b\r\nX-C: d" } }],
    ["a subprotocol nobody offered", { subprotocol: "v9" }],
    ["a status that cannot be", { status: 99 }],
  ])("that says %s accepts nobody, and hears of it", async (_what, decision) => {
    const { status, errors, failures, opened } = await read({ hook: () => decision as never }, REQUEST);
    expect([status(), failures, opened()]).toEqual([500, ["hook-error"], 0]);
    expect(errors).toHaveLength(1);
  });

  it("that throws after the client has gone is reported all the same", async () => {
    let fail: (error: Error) => void = () => {};
    const hook = () => new Promise<boolean>((_resolve, reject) => (fail = reject));
    const { socket, errors, failures } = await read({ hook }, REQUEST);
    socket.hangUp();
    await turn();
    fail(new Error("late"));
    await turn();
    expect([errors, failures]).toEqual([[new Error("late")], ["client-gone"]]);
  });

  it("an origin function that throws is answered with 500 too", async () => {
    const thrown = new Error("predicate");
    const isOriginAllowed = () => {
      throw thrown;
    };
    const { status, errors } = await read({ isOriginAllowed }, REQUEST);
    expect([status(), errors]).toEqual([500, [thrown]]);
  });

  it("that decides after the server has begun to close is too late", async () => {
    let closing: string | undefined;
    const hook = async () => {
      closing = "closing";
    };
    const { status, failures, arrive } = await read({ hook, unavailable: () => closing }, REQUEST);
    await arrive();
    expect([status(), failures]).toEqual([503, ["closing"]]);
  });

  it("keeps what arrives meanwhile: from the limit on it is not read, and nothing is lost", async () => {
    let decide: (decision: boolean) => void = () => {};
    const hook = () => new Promise<boolean>((resolve) => (decide = resolve));
    const { socket, messages, arrive } = await read({ hook }, REQUEST);
    const words = Array.from({ length: 20 }, (_, index) => `${index}`.padEnd(100, "."));
    for (const word of words) {
      socket.arrive(frameTo("server", { opcode: 1, payload: word }));
      await turn();
    }
    expect(socket.isPaused()).toBe(true);
    expect(socket.readableLength).toBeGreaterThan(800);
    decide(true);
    await arrive();
    expect(messages).toEqual(words);
  });
});
