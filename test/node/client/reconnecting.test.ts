import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import { ConnectError, connectError } from "../../../src/node/client/connect-error.ts";
import {
  Reconnecting,
  type ReconnectingHandlers,
  type ReconnectingOptions,
  reconnecting,
  type Stopped,
  type SuccessionOptions,
} from "../../../src/node/client/reconnecting.ts";
import type { Handlers, Message, Peer, PeerClosed, SendResult } from "../../../src/node/peer.ts";
import type { State } from "../../../src/protocol/contract.ts";
import { Fields } from "../../../src/protocol/fields.ts";
import { refuseResponse } from "../../../src/protocol/refusal.ts";
import { FakeClock } from "../../helpers/fake-clock.ts";
import { turn } from "../../helpers/fake-socket.ts";

const SECOND = 1000;

const unreachable = connectError("connect", "network", "connect ECONNREFUSED");

const broken: PeerClosed = { code: 1006, reason: "", clean: false, initiator: "transport", phase: "open" };

function closedWith(code: number, initiator: PeerClosed["initiator"] = "remote"): PeerClosed {
  return { code, reason: "", clean: true, initiator, phase: "closed" };
}

function answered(status: number, fields = new Fields()): ConnectError {
  const response = { status, fields, body: "" };
  return new ConnectError("handshake", refuseResponse("status-not-101"), { response });
}

/** One call of `dial`, and the connection that comes of it: a test decides what becomes of both. */
class Line {
  readonly taken: Message[] = [];
  /** How many messages it takes before it says "buffered". */
  room = Number.POSITIVE_INFINITY;
  state: State = "open";
  bufferedAmount = 0;
  closing: string | undefined = undefined;
  readonly peer = this as unknown as Peer;
  readonly #handlers: Handlers;
  readonly #resolve: (peer: Peer) => void;
  readonly #reject: (error: unknown) => void;

  constructor(handlers: Handlers, resolve: (peer: Peer) => void, reject: (error: unknown) => void) {
    this.#handlers = handlers;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  // What `dial` does.

  opens(): this {
    this.#call(() => this.#handlers.open?.(this.peer));
    this.#resolve(this.peer);
    return this;
  }

  async fails(error: unknown = unreachable): Promise<void> {
    this.#reject(error);
    await turn();
  }

  // What the network does.

  says(data: Message): void {
    this.#call(() => this.#handlers.message?.(this.peer, data));
  }

  drains(room: number = Number.POSITIVE_INFINITY): void {
    this.room = room;
    this.#call(() => this.#handlers.drain?.(this.peer));
  }

  ends(closed: PeerClosed = broken): void {
    this.state = "closed";
    this.#call(() => this.#handlers.close?.(this.peer, closed));
  }

  // What a peer does.

  send(data: Message): SendResult {
    this.taken.push(data);
    return this.room-- > 0 ? "sent" : "buffered";
  }

  close(code: number, reason: string): void {
    if (this.state === "open") this.state = "closing";
    this.closing ??= `${code} ${reason}`.trimEnd();
  }

  ping(): void {
    this.#call(() => this.#handlers.ping?.(this.peer, Uint8Array.of(1)));
  }

  pong(): void {
    this.#call(() => this.#handlers.pong?.(this.peer, Uint8Array.of(2)));
  }

  /** As a peer does: what a handler throws, now or later, closes the connection and is told. */
  #call(handler: () => unknown): void {
    const fail = (error: unknown): void => {
      this.close(1011, "internal error");
      this.#handlers.error?.(this.peer, error);
    };
    try {
      Promise.resolve(handler()).catch(fail);
    } catch (error) {
      fail(error);
    }
  }
}

interface Setting extends SuccessionOptions {
  handlers?: ReconnectingHandlers;
}

/** A client without a network, half of the jitter always, and its story. */
function setUp({ handlers = {}, ...options }: Setting = {}) {
  const clock = new FakeClock();
  const lines: Line[] = [];
  const story: string[] = [];
  const dial = async (ofPeer: Handlers, signal: AbortSignal): Promise<Peer> => {
    let onAbort = (): void => {};
    const attempt = new Promise<Peer>((resolve, reject) => {
      lines.push(new Line(ofPeer, resolve, reject));
      onAbort = () => {
        story.push("dial aborted");
        reject(signal.reason);
      };
    });
    signal.addEventListener("abort", onAbort);
    return attempt.finally(() => signal.removeEventListener("abort", onAbort));
  };
  const client: Reconnecting = new Reconnecting(
    dial,
    { clock, random: () => 0.5, ...options },
    {
      open: () => void story.push("open"),
      close: (_peer, { code }) => void story.push(`close ${code}`),
      drain: () => void story.push("drain"),
      attempt: ({ number, delay }) => void story.push(`attempt ${number} after ${delay}`),
      waiting: ({ attempt, delay }) => void story.push(`waiting ${delay} for ${attempt}`),
      stopped: ({ reason, attempts, unsent }) => void story.push(`${reason} ${attempts} ${unsent}`),
      error: (_peer, error) => void story.push(`error ${error}`),
      ...handlers,
    },
  );
  return {
    client,
    clock,
    lines,
    story,
    /** The latest attempt, once it has begun. */
    async line(): Promise<Line> {
      await turn();
      return lines.at(-1)!;
    },
    /** The story since the last time. */
    told: () => story.splice(0),
  };
}

/** The same, with its first connection open. */
async function opened(setting?: Setting) {
  const set = setUp(setting);
  const line = await set.line();
  line.opens();
  await turn();
  set.told();
  return { ...set, first: line };
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe("a reconnecting client", () => {
  it("begins when the caller's turn is over", async () => {
    const { client, lines, story } = setUp();
    expect([client.state, client.attempts, client.peer, lines.length]).toEqual([
      "connecting",
      0,
      undefined,
      0,
    ]);
    await turn();
    expect(story).toEqual(["attempt 1 after 0"]);
    expect([client.state, client.attempts, client.peer, lines.length]).toEqual([
      "connecting",
      1,
      undefined,
      1,
    ]);
  });

  it("has a peer while a connection is open", async () => {
    const { client, first, told } = await opened();
    expect([client.state, client.peer]).toEqual(["open", first.peer]);
    first.ends();
    expect([client.state, client.peer]).toEqual(["waiting", undefined]);
    expect(told()).toEqual(["close 1006", "waiting 500 for 2"]);
  });

  it("is not open any more when its handlers and hooks hear of the end", async () => {
    const states: string[] = [];
    const set = setUp({
      handlers: { close: () => states.push(set.client.state) },
      isPermanent: () => void states.push(set.client.state) as undefined,
    });
    const { clock, line } = set;
    await (await line()).fails();
    clock.advance(500);
    (await line()).opens().ends();
    expect(states).toEqual(["waiting", "waiting", "waiting"]);
  });

  it("tries again after a delay, neither sooner nor later", async () => {
    const { client, clock, first, lines, told } = await opened();
    first.ends();
    told();
    clock.advance(499);
    expect(lines).toHaveLength(1);
    clock.advance(1);
    expect(told()).toEqual(["attempt 2 after 500"]);
    expect([client.state, lines.length]).toEqual(["connecting", 2]);
    lines[1]!.opens();
    expect([client.state, client.peer]).toEqual(["open", lines[1]!.peer]);
    expect(clock.running).toBe(1);
  });

  it("waits longer after each failure, of whatever kind", async () => {
    const { clock, line, told } = setUp();
    await (await line()).fails();
    clock.advance(500);
    await (await line()).fails(answered(503));
    clock.advance(1000);
    (await line()).opens().ends();
    clock.advance(2000);
    (await line()).opens().ends(closedWith(1011));
    expect(told()).toEqual([
      "attempt 1 after 0",
      "waiting 500 for 2",
      "attempt 2 after 500",
      "waiting 1000 for 3",
      "attempt 3 after 1000",
      "open",
      "close 1006",
      "waiting 2000 for 4",
      "attempt 4 after 2000",
      "open",
      "close 1011",
      "waiting 4000 for 5",
    ]);
  });

  it("tells why it waits", async () => {
    const failures: unknown[] = [];
    const { clock, line } = setUp({ handlers: { waiting: ({ failure }) => failures.push(failure) } });
    await (await line()).fails(unreachable);
    clock.advance(500);
    (await line()).opens().ends(broken);
    expect(failures).toEqual([unreachable, broken]);
    expect(failures[0]).toBe(unreachable);
  });

  it("waits as long as the server asks for", async () => {
    const { clock, line, lines, told } = setUp();
    await (await line()).fails(answered(503, new Fields({ "Retry-After": "60" })));
    clock.advance(60_499);
    expect(lines).toHaveLength(1);
    clock.advance(1);
    (await line()).opens().ends(closedWith(1012));
    expect(told().at(-1)).toBe("waiting 17500 for 3");
  });

  it("starts over once a connection was stable", async () => {
    const { client, clock, line, told } = setUp({ retry: { stableAfter: 3000 } });
    await (await line()).fails();
    clock.advance(500);
    (await line()).opens();
    clock.advance(2999);
    expect(client.attempts).toBe(2);
    clock.advance(1);
    expect(client.attempts).toBe(0);
    expect(clock.running).toBe(0);
    told();
    (await line()).ends();
    expect(told()).toEqual(["close 1006", "waiting 500 for 1"]);
  });

  it("does not start over for connections that come and go", async () => {
    const { client, clock, line } = setUp();
    for (let flap = 0; flap < 5; flap++) {
      (await line()).opens();
      clock.advance(4999);
      (await line()).ends();
      expect(client.attempts).toBe(flap + 1);
      clock.advance(30 * SECOND);
    }
  });

  it("does not take the time that a connection takes to close for stability", async () => {
    const { client, clock, line } = setUp();
    const flapping = (await line()).opens();
    clock.advance(1000);
    flapping.state = "closing";
    clock.advance(9000);
    flapping.ends(closedWith(1011));
    expect(client.attempts).toBe(1);
  });

  it("waits for ever, if that is what it takes, though a timer cannot", async () => {
    const month = 31 * 24 * 3600 * SECOND;
    const { clock, first, lines } = await opened({ retry: { initial: 4 * month, maximum: 4 * month } });
    first.ends();
    clock.advance(2 * month - 1);
    expect([lines.length, clock.running]).toEqual([1, 1]);
    clock.advance(1);
    expect(lines).toHaveLength(2);
    expect(clock.started).toBeGreaterThan(2);
  });

  it("is not early where a timer is", async () => {
    const { clock, first, lines } = await opened();
    first.ends();
    const interval = vi.spyOn(clock, "now").mockReturnValue(clock.now());
    clock.advance(500);
    expect(lines).toHaveLength(1);
    interval.mockRestore();
    clock.advance(500);
    expect(lines).toHaveLength(2);
  });

  it("lets no process end while it waits", async () => {
    const intervals = vi.spyOn(globalThis, "setInterval");
    const client = new Reconnecting(() => Promise.reject(unreachable), {}, {});
    await turn();
    expect(client.state).toBe("waiting");
    const timers = intervals.mock.results.map(({ value }) => value as NodeJS.Timeout);
    expect(timers.map((timer) => timer.hasRef())).toEqual([true]);
    client.close();
  });

  it("has handlers that are told of each peer in turn, and may be methods", async () => {
    class Chat implements ReconnectingHandlers {
      readonly heard: unknown[] = [];
      message(peer: Peer, data: Message) {
        this.heard.push(peer, data);
      }
      ping(peer: Peer, data: Uint8Array) {
        this.heard.push(peer, data);
      }
      pong(peer: Peer, data: Uint8Array) {
        this.heard.push(peer, data);
      }
      attempt() {
        this.heard.push("attempt");
      }
    }
    const chat = new Chat();
    const lines: Line[] = [];
    const dial = (ofPeer: Handlers) =>
      new Promise<Peer>((resolve, reject) => lines.push(new Line(ofPeer, resolve, reject)));
    const clock = new FakeClock();
    new Reconnecting(dial, { clock }, chat);
    await turn();
    lines[0]!.opens().says("one");
    lines[0]!.ends();
    clock.advance(1000);
    lines[1]!.opens().ping();
    lines[1]!.pong();
    expect(chat.heard).toEqual([
      "attempt",
      lines[0],
      "one",
      "attempt",
      lines[1],
      Uint8Array.of(1),
      lines[1],
      Uint8Array.of(2),
    ]);
  });

  it("works without any handlers", async () => {
    const clock = new FakeClock();
    const lines: Line[] = [];
    const dial = (ofPeer: Handlers) =>
      new Promise<Peer>((resolve, reject) => lines.push(new Line(ofPeer, resolve, reject)));
    const client = new Reconnecting(dial, { clock }, {});
    client.send("kept");
    await turn();
    const line = lines[0]!.opens();
    line.says("hello");
    line.ping();
    line.pong();
    line.drains();
    await turn();
    line.ends(closedWith(1000));
    expect((await client.closed).reason).toBe("permanent");
    expect([line.taken, line.closing]).toEqual([["kept"], undefined]);
  });
});

describe("the end", () => {
  it("comes with a permanent failure, and tells which", async () => {
    const { client, clock, line, lines, told } = setUp();
    client.send("never sent");
    const refusal = answered(403);
    await (await line()).fails(refusal);
    expect(told()).toEqual(["attempt 1 after 0", "permanent 1 1"]);
    const end: Stopped = { reason: "permanent", failure: refusal, attempts: 1, unsent: 1 };
    expect(await client.closed).toEqual(end);
    clock.advance(1000 * SECOND);
    expect([client.state, lines.length, clock.running]).toEqual(["stopped", 1, 0]);
  });

  it("comes when the server says that the purpose is fulfilled", async () => {
    const { client, first } = await opened();
    const fulfilled = closedWith(1000);
    first.ends(fulfilled);
    expect(await client.closed).toEqual({ reason: "permanent", failure: fulfilled, attempts: 1, unsent: 0 });
  });

  it("comes when the attempts are spent", async () => {
    const { client, clock, line, told } = setUp({ retry: { attempts: 3 } });
    await (await line()).fails();
    clock.advance(500);
    await (await line()).fails();
    clock.advance(1000);
    (await line()).opens();
    await turn();
    (await line()).ends();
    expect(told().slice(-3)).toEqual(["open", "close 1006", "gave-up 3 0"]);
    expect(await client.closed).toMatchObject({ reason: "gave-up", failure: broken, attempts: 3 });
  });

  it("comes with what the application threw during the handshake", async () => {
    const { client, line } = setUp();
    const mine = new Error("not the server I want");
    await (await line()).fails(mine);
    expect((await client.closed).failure).toBe(mine);
  });

  it("comes with what the application threw, even if it is no error", async () => {
    const { client, line } = setUp();
    await (await line()).fails(null);
    const { reason, failure } = await client.closed;
    expect(reason).toBe("permanent");
    expect(failure).toBeInstanceOf(Error);
    expect((failure as Error).cause).toBe(null);
  });

  it("can be overruled, either way", async () => {
    const isPermanent = vi.fn((failure: unknown) => {
      if (failure === unreachable) return true;
      return failure instanceof ConnectError && failure.status === 404 ? false : undefined;
    });
    const { client, clock, line } = setUp({ isPermanent });
    await (await line()).fails(answered(404));
    expect(client.state).toBe("waiting");
    clock.advance(500);
    (await line()).opens().ends();
    expect(client.state).toBe("waiting");
    clock.advance(1000);
    await (await line()).fails(unreachable);
    expect(await client.closed).toMatchObject({ reason: "permanent", failure: unreachable });
    expect(isPermanent).toHaveBeenCalledTimes(3);
  });

  it("is not ours to bring about by closing one peer", async () => {
    const { client, first } = await opened();
    client.peer?.close(1000, "");
    first.ends(closedWith(1000, "local"));
    expect(client.state).toBe("waiting");
  });
});

describe("close", () => {
  it("before the first attempt means that there is none", async () => {
    const { client, lines, told } = setUp();
    client.close();
    expect(client.state).toBe("stopped");
    await turn();
    expect([lines.length, told()]).toEqual([0, ["closed 0 0"]]);
    expect(await client.closed).toEqual({ reason: "closed", attempts: 0, unsent: 0 });
  });

  it("while connecting breaks the attempt off, which is no failure", async () => {
    const isPermanent = vi.fn(() => undefined);
    const { client, line, told } = setUp({ isPermanent });
    await line();
    client.close();
    expect(told()).toEqual(["attempt 1 after 0", "dial aborted", "closed 1 0"]);
    await turn();
    expect(told()).toEqual([]);
    expect(isPermanent).not.toHaveBeenCalled();
    expect(await client.closed).toEqual({ reason: "closed", attempts: 1, unsent: 0 });
  });

  it("while open performs the closing handshake, and then tells the end", async () => {
    const { client, clock, first, told } = await opened();
    client.close(4000, "enough");
    expect([client.state, first.closing, clock.running]).toEqual(["stopped", "4000 enough", 0]);
    expect(told()).toEqual([]);
    first.ends(closedWith(4000, "local"));
    expect(told()).toEqual(["close 4000", "closed 1 0"]);
    expect(await client.closed).toEqual({ reason: "closed", attempts: 1, unsent: 0 });
  });

  it("tells how the closing handshake broke off", async () => {
    const { client, first } = await opened();
    client.close();
    expect(first.closing).toBe("1000");
    const brokenOff: PeerClosed = { ...broken, initiator: "local", phase: "closing" };
    first.ends(brokenOff);
    expect(await client.closed).toEqual({ reason: "closed", failure: brokenOff, attempts: 1, unsent: 0 });
  });

  it("while waiting cancels the next attempt", async () => {
    const { client, clock, first, lines, told } = await opened();
    first.ends();
    told();
    client.close();
    expect(told()).toEqual(["closed 1 0"]);
    clock.advance(1000 * SECOND);
    expect([lines.length, clock.running]).toEqual([1, 0]);
  });

  it("when stopped does nothing", async () => {
    const { client, line, told } = setUp();
    await (await line()).fails(answered(401));
    told();
    client.close();
    client.close(1001, "again");
    expect(told()).toEqual([]);
  });

  it("while closing does nothing, not even another code", async () => {
    const { client, first } = await opened();
    client.close(4000);
    client.close(4001);
    expect(first.closing).toBe("4000");
  });

  it("counts what was kept and is not sent any more", async () => {
    const { client } = setUp();
    client.send("one");
    client.send("two");
    client.close();
    expect((await client.closed).unsent).toBe(2);
    expect([client.waitingMessages, client.bufferedAmount]).toEqual([0, 0]);
  });

  it("in a handler ends it there: open, close, attempt, waiting, isPermanent", async () => {
    const calls: Record<string, (end: () => void) => Setting> = {
      open: (end) => ({ handlers: { open: end } }),
      close: (end) => ({ handlers: { close: end } }),
      attempt: (end) => ({ handlers: { attempt: end } }),
      waiting: (end) => ({ handlers: { waiting: end } }),
      isPermanent: (end) => ({ isPermanent: () => void end() as undefined }),
    };
    for (const [name, setting] of Object.entries(calls)) {
      let client: Reconnecting | undefined;
      const set = setUp(setting(() => client?.close()));
      client = set.client;
      const line = await set.line();
      line?.opens().ends();
      await turn();
      set.clock.advance(1000 * SECOND);
      const { reason } = await client.closed;
      expect([name, reason, client.state, set.clock.running]).toEqual([name, "closed", "stopped", 0]);
      expect(set.story.filter((line) => line.startsWith("closed"))).toHaveLength(1);
      expect(set.lines.length).toBe(name === "attempt" ? 0 : 1);
    }
  });

  it("refuses a code that may not be sent, and goes on", async () => {
    const { client, first } = await opened();
    expect(() => client.close(1005)).toThrow(RangeError);
    expect(() => client.close(4000, "x".repeat(124))).toThrow(RangeError);
    expect([client.state, first.closing]).toEqual(["open", undefined]);
  });
});

describe("the signal", () => {
  it("stops it in each state, as close does", async () => {
    const controller = new AbortController();
    const { client, first } = await opened({ signal: controller.signal });
    controller.abort();
    expect([client.state, first.closing]).toEqual(["stopped", "1000"]);
    first.ends(closedWith(1000, "local"));
    expect((await client.closed).reason).toBe("closed");
  });

  it("that was aborted before makes no attempt", async () => {
    const { client, lines } = setUp({ signal: AbortSignal.abort() });
    expect((await client.closed).reason).toBe("closed");
    expect(lines).toHaveLength(0);
  });

  it("is not listened to any more when it has ended by itself", async () => {
    const { signal } = new AbortController();
    const listeners = vi.spyOn(signal, "addEventListener");
    const { line } = setUp({ signal });
    await (await line()).fails(answered(401));
    const options = listeners.mock.calls[0]?.[2] as { signal: AbortSignal };
    expect(options.signal.aborted).toBe(true);
  });
});

describe("sending", () => {
  it("hands a message to the open connection", async () => {
    const { client, first } = await opened();
    expect([client.send("text"), client.send(Uint8Array.of(1)), client.send(new ArrayBuffer(2))]).toEqual([
      "sent",
      "sent",
      "sent",
    ]);
    expect(first.taken).toEqual(["text", Uint8Array.of(1), new Uint8Array(2)]);
    first.room = 0;
    expect(client.send("more")).toBe("buffered");
    expect(client.send("and more")).toBe("buffered");
    expect(client.waitingMessages).toBe(0);
  });

  it("keeps messages while there is no connection, and counts them", async () => {
    const { client, line } = setUp();
    expect([client.send("één"), client.send(new Uint8Array(3))]).toEqual(["kept", "kept"]);
    expect([client.waitingMessages, client.bufferedAmount]).toEqual([2, 8]);
    const open = (await line()).opens();
    expect(open.taken).toEqual(["één", new Uint8Array(3)]);
    open.bufferedAmount = 100;
    expect([client.waitingMessages, client.bufferedAmount]).toEqual([0, 100]);
  });

  it("keeps bytes as they were, whatever becomes of the array", async () => {
    const { client, line } = setUp();
    const bytes = Uint8Array.of(1, 2, 3);
    client.send(bytes.subarray(1));
    bytes.fill(9);
    expect((await line()).opens().taken).toEqual([Uint8Array.of(2, 3)]);
  });

  it("keeps a message that a closing connection does not take", async () => {
    const { client, clock, first, line } = await opened();
    first.state = "closing";
    expect(client.send("kept")).toBe("kept");
    first.ends();
    clock.advance(500);
    expect([first.taken, (await line()).opens().taken]).toEqual([[], ["kept"]]);
  });

  it("hands over what was kept first, as far as the connection takes it, and the rest when it drains", async () => {
    const { client, line, told } = setUp();
    for (const message of ["1", "2", "3", "4", "5"]) client.send(message);
    const open = await line();
    open.room = 1;
    open.opens();
    expect(open.taken).toEqual(["1", "2"]);
    expect(client.send("6")).toBe("kept");
    expect(open.taken).toEqual(["1", "2"]);
    told();
    open.drains(1);
    expect([open.taken.length, client.waitingMessages, told()]).toEqual([4, 2, []]);
    open.drains();
    expect(open.taken).toEqual(["1", "2", "3", "4", "5", "6"]);
    expect(told()).toEqual(["drain"]);
    expect(client.send("7")).toBe("sent");
  });

  it("keeps what was not handed over for the next connection, and never hands anything over twice", async () => {
    const { client, clock, line } = setUp();
    for (const message of ["1", "2", "3"]) client.send(message);
    const first = await line();
    first.room = 0;
    first.opens();
    first.ends();
    client.send("4");
    clock.advance(500);
    const second = await line();
    second.room = 0;
    second.opens();
    second.ends();
    clock.advance(1000);
    expect([first.taken, second.taken, (await line()).opens().taken]).toEqual([["1"], ["2"], ["3", "4"]]);
  });

  it("lets what `open` sends by its peer go before what was kept", async () => {
    const { client, line } = setUp({ handlers: { open: (peer) => peer.send("login") } });
    client.send("kept");
    expect((await line()).opens().taken).toEqual(["login", "kept"]);
  });

  it("keeps the order for what `open` sends by the client", async () => {
    const set = setUp({ handlers: { open: () => set.client.send("2") } });
    set.client.send("1");
    expect((await set.line()).opens().taken).toEqual(["1", "2"]);
  });

  it("is refused where the outbox is full, by its policy", async () => {
    const { client, line } = setUp({ outbox: { maxMessages: 2 } });
    expect(["1", "2", "3"].map((message) => client.send(message))).toEqual(["kept", "kept", "dropped"]);
    expect(client.droppedMessages).toBe(1);
    expect((await line()).opens().taken).toEqual(["1", "2"]);
  });

  it("makes room for news where the outbox is told to", async () => {
    const { client, line } = setUp({ outbox: { maxBytes: 2, onFull: "drop-oldest" } });
    expect(["1", "2", "3"].map((message) => client.send(message))).toEqual(["kept", "kept", "kept"]);
    expect(client.droppedMessages).toBe(1);
    expect((await line()).opens().taken).toEqual(["2", "3"]);
  });

  it("is refused when it is stopped, at once", async () => {
    const { client, first } = await opened();
    client.close();
    expect(client.send("too late")).toBe("dropped");
    expect([first.taken, client.waitingMessages]).toEqual([[], 0]);
  });

  it("is as dropped as the peer says", async () => {
    const { client, first } = await opened();
    vi.spyOn(first, "send").mockReturnValue("dropped");
    expect([client.send("over its budget"), client.waitingMessages]).toEqual(["dropped", 0]);
  });

  it("does not keep what a peer drops, of what was kept either", async () => {
    const { client, line } = setUp();
    client.send("over its budget");
    client.send("within");
    const open = await line();
    vi.spyOn(open, "send").mockReturnValueOnce("dropped");
    open.opens();
    expect([open.taken, client.waitingMessages]).toEqual([["within"], 0]);
  });

  it("refuses what is no message, in every state", async () => {
    const { client } = setUp();
    expect(() => client.send(1 as unknown as string)).toThrow("send: data must be");
    client.close();
    expect(() => client.send(1 as unknown as string)).toThrow("send: data must be");
  });
});

describe("drain", () => {
  it("is told when a new connection has taken all that was kept", async () => {
    const { client, line, told } = setUp();
    client.send("kept");
    (await line()).opens();
    await turn();
    expect(told()).toEqual(["attempt 1 after 0", "open", "drain"]);
  });

  it("is not told when nothing was kept, nor again when it was told", async () => {
    const { client, clock, line, told } = setUp();
    (await line()).opens().ends();
    client.send("kept");
    for (const expected of [["open", "drain"], ["open"]]) {
      clock.advance(30 * SECOND);
      told();
      const open = (await line()).opens();
      await turn();
      expect(told()).toEqual(expected);
      open.ends();
    }
  });

  it("is told by the next connection if the one that buffered broke before", async () => {
    const { client, clock, first, line, told } = await opened();
    first.room = 0;
    expect(client.send("buffered")).toBe("buffered");
    first.ends();
    clock.advance(500);
    told();
    expect((await line()).opens().taken).toEqual([]);
    await turn();
    expect(told()).toEqual(["open", "drain"]);
  });

  it("is not told by a connection that is closing: what is kept has to wait for the next", async () => {
    const { client, clock, first, line, told } = await opened();
    first.room = 0;
    client.send("buffered");
    first.state = "closing";
    first.drains();
    expect(told()).toEqual([]);
    first.ends();
    clock.advance(500);
    (await line()).opens();
    await turn();
    expect(told().at(-1)).toBe("drain");
  });
});

describe("a handler that throws", () => {
  const oops = new Error("oops");
  const throwing = (): never => {
    throw oops;
  };
  const rejecting = (): Promise<never> => Promise.reject(oops);

  it("in open closes that connection, which takes nothing of what is kept", async () => {
    const { client, clock, line, told } = setUp({ handlers: { open: throwing } });
    client.send("kept");
    const open = (await line()).opens();
    expect([open.closing, open.taken, client.waitingMessages]).toEqual(["1011 internal error", [], 1]);
    open.ends(closedWith(1011, "local"));
    expect(told().slice(-3)).toEqual(["error Error: oops", "close 1011", "waiting 500 for 2"]);
    clock.advance(500);
    expect(client.state).toBe("connecting");
  });

  it("in drain, or later in open, closes that connection too", async () => {
    for (const handlers of [{ drain: throwing }, { drain: rejecting }, { open: rejecting }]) {
      const { client, line, told } = setUp({ handlers });
      client.send("kept");
      const open = (await line()).opens();
      await turn();
      expect([open.closing, open.taken]).toEqual(["1011 internal error", ["kept"]]);
      expect(told()).toContain("error Error: oops");
    }
  });

  it("in close does not keep the next attempt from coming", async () => {
    const { client, clock, first, line, told } = await opened({ handlers: { close: throwing } });
    first.ends();
    expect([client.state, told()]).toEqual(["waiting", ["waiting 500 for 2", "error Error: oops"]]);
    clock.advance(500);
    (await line()).opens();
    expect(client.state).toBe("open");
  });

  it.each([
    ["throws", throwing],
    ["rejects", rejecting],
  ])("in an announcement is reported when it %s, and stops nothing", async (_how, hook) => {
    const errors: unknown[] = [];
    const { client, clock, line } = setUp({
      handlers: { attempt: hook, waiting: hook, stopped: hook },
      hookError: (error) => errors.push(error),
    });
    await (await line()).fails();
    clock.advance(500);
    await (await line()).fails(answered(401));
    expect((await client.closed).attempts).toBe(2);
    await turn();
    expect(errors).toEqual([oops, oops, oops, oops]);
  });

  it("as isPermanent is reported, and leaves it to the rule", async () => {
    const errors: unknown[] = [];
    const { client, line } = setUp({ isPermanent: throwing, hookError: (error) => errors.push(error) });
    await (await line()).fails();
    expect([client.state, errors]).toEqual(["waiting", [oops]]);
  });

  it("becomes a process warning where nobody else wants to know", async () => {
    const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    const { client, line } = setUp({
      handlers: {
        attempt: throwing,
        waiting: () => {
          throw "no error";
        },
      },
    });
    await (await line()).fails();
    expect(client.state).toBe("waiting");
    expect(warned.mock.calls).toEqual([[oops], ["no error"]]);
  });

  it("as hookError is not told of itself", async () => {
    const { client, line } = setUp({ handlers: { attempt: throwing }, hookError: throwing });
    (await line()).opens();
    expect(client.state).toBe("open");
  });
});

describe("wrong options", () => {
  const dial = (): Promise<Peer> => new Promise(() => {});

  it.each<[string, object]>([
    ["retry: must be an object", { retry: 5 }],
    ["retry.attempts: ", { retry: { attempts: -1 } }],
    ["retry.initial: ", { retry: { initial: 0 } }],
    ["outbox.maxBytes: ", { outbox: { maxBytes: -1 } }],
    ["outbox.onFull: ", { outbox: { onFull: "explode" } }],
    ["isPermanent: must be a function", { isPermanent: true }],
    ["hookError: must be a function", { hookError: {} }],
    ["random: must be a function", { random: 0.5 }],
  ])("are refused at the call: %s", (message, options) => {
    expect(() => new Reconnecting(dial, options, {})).toThrow(message);
  });

  it.each<[string, string, object]>([
    ["url: ", "http//", {}],
    ["url: ", "ws://host/#fragment", {}],
    ["signal: ", "ws://host/", { signal: {} }],
    ["handshakeTimeout: ", "ws://host/", { handshakeTimeout: -1 }],
    ["maxMessageSize: ", "ws://host/", { maxMessageSize: 0.5 }],
    ["headers", "ws://host/", { headers: { "Sec-WebSocket-Key": "mine" } }],
    ["retry.factor: ", "ws://host/", { retry: { factor: 0 } }],
  ])("are refused at the call, those of connect too: %s", (message, url, options) => {
    expect(() => reconnecting(url, options as ReconnectingOptions)).toThrow(message);
  });

  it("are handlers that are none", () => {
    const conversation = (async () => {}) as unknown as ReconnectingHandlers;
    expect(() => new Reconnecting(dial, {}, conversation)).toThrow("handlers: must be an object");
    const nobody = null as unknown as ReconnectingHandlers;
    expect(() => new Reconnecting(dial, {}, nobody)).toThrow("handlers: must be an object");
  });
});

type Step =
  | { readonly do: "send" | "open" | "fail" | "break" | "wait" }
  | { readonly do: "drain"; readonly room: number };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { arbitrary: fc.constant({ do: "send" } as const), weight: 4 },
    { arbitrary: fc.constantFrom({ do: "open" } as const, { do: "wait" } as const), weight: 2 },
    fc.constantFrom({ do: "fail" } as const, { do: "break" } as const),
    fc.nat(3).map((room) => ({ do: "drain", room }) as const),
  ),
  { maxLength: 80 },
);

/** Lets a schedule happen, as far as each step is possible when its turn comes. */
async function happen(set: ReturnType<typeof setUp>, schedule: Step[], sent: (number: number) => void) {
  const { client, clock, line } = set;
  let current = await line();
  let number = 0;
  for (const step of schedule) {
    const isOpen = client.state === "open";
    if (step.do === "send") sent(number++);
    else if (step.do === "wait") clock.advance(30 * SECOND);
    else if (step.do === "open" && client.state === "connecting") {
      current.room = 1;
      current.opens();
    } else if (step.do === "fail" && client.state === "connecting") await current.fails();
    else if (step.do === "break" && isOpen) current.ends();
    else if (step.do === "drain" && isOpen) current.drains(step.room);
    current = set.lines.at(-1)!;
  }
}

describe("whatever happens to the connections", () => {
  const handedOver = ({ lines }: ReturnType<typeof setUp>) => lines.flatMap(({ taken }) => taken).map(Number);

  it("every message is handed over once, in order, or still kept", async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (schedule) => {
        const set = setUp();
        const accepted: number[] = [];
        await happen(set, schedule, (number) => {
          expect(set.client.send(`${number}`)).not.toBe("dropped");
          accepted.push(number);
        });
        const taken = handedOver(set);
        expect(taken).toEqual(accepted.slice(0, taken.length));
        expect(set.client.waitingMessages).toBe(accepted.length - taken.length);
        set.client.close();
      }),
    );
  });

  it("a small outbox drops what it says it drops, and nothing else", async () => {
    const policies = fc.constantFrom("drop-newest" as const, "drop-oldest" as const);
    await fc.assert(
      fc.asyncProperty(steps, policies, async (schedule, onFull) => {
        const set = setUp({ outbox: { maxMessages: 3, onFull } });
        const accepted: number[] = [];
        await happen(set, schedule, (number) => {
          if (set.client.send(`${number}`) !== "dropped") accepted.push(number);
        });
        const taken = handedOver(set);
        expect(taken).toEqual([...new Set(taken)].sort((a, b) => a - b));
        expect(taken.filter((number) => !accepted.includes(number))).toEqual([]);
        const lost = accepted.length - taken.length - set.client.waitingMessages;
        expect(lost).toBe(onFull === "drop-oldest" ? set.client.droppedMessages : 0);
        set.client.close();
      }),
    );
  });

  it("there is one connection at a time, one timer at most, and none at the end", async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (schedule) => {
        const set = setUp();
        await happen(set, schedule, () => {
          expect(set.lines.filter((line) => line.peer === set.client.peer).length).toBeLessThanOrEqual(1);
          expect(set.clock.running).toBeLessThanOrEqual(1);
        });
        set.client.close();
        if (set.client.peer !== undefined) set.lines.at(-1)?.ends(closedWith(1000, "local"));
        expect((await set.client.closed).reason).toBe("closed");
        expect([set.clock.running, set.client.waitingMessages, set.client.state]).toEqual([0, 0, "stopped"]);
      }),
    );
  });

  it("[RFC6455-7.2.3-01] every delay is within the bounds of the backoff", async () => {
    await fc.assert(
      fc.asyncProperty(steps, fc.nat(), async (schedule, seed) => {
        const delays: { attempt: number; delay: number }[] = [];
        let last = seed % 1000;
        const random = (): number => (last = (last * 387 + 191) % 1000) / 1000;
        const set = setUp({ random, handlers: { waiting: (waiting) => delays.push(waiting) } });
        await happen(set, schedule, () => {});
        for (const { attempt, delay } of delays) {
          expect(delay).toBeGreaterThanOrEqual(0);
          expect(delay).toBeLessThanOrEqual(Math.min(30 * SECOND, SECOND * 2 ** Math.max(0, attempt - 1)));
        }
        set.client.close();
      }),
    );
  });
});
