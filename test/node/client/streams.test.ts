/** The web-streams face: over a peer that writes down what is asked of it, and over real connections. */

import { getEventListeners } from "node:events";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { clientStats } from "../../../src/node/client/connect.ts";
import { ConnectError } from "../../../src/node/client/connect-error.ts";
import { ConnectionClosedError, connectStreams, streamsOf } from "../../../src/node/client/streams.ts";
import type {
  Handlers,
  LinearPeer,
  Message,
  Peer,
  PeerClosed,
  Sendable,
  SendResult,
} from "../../../src/node/peer.ts";
import type { Server } from "../../../src/node/server/server.ts";
import { FakeClock } from "../../helpers/fake-clock.ts";
import { turn, until } from "../../helpers/fake-socket.ts";
import { frame } from "../../helpers/frames.ts";
import {
  hostileServers,
  noRejections,
  RequestText,
  type Script,
  switching,
  urlOf,
} from "../../helpers/hostile-server.ts";
import { echo, servers } from "../../helpers/node-servers.ts";

const started = servers();
const hostile = hostileServers();

noRejections();

/** What a promise came to, in a word, as soon as it has; for those that must not settle yet. */
function settling(promise: Promise<unknown>): { state: string } {
  const told = { state: "pending" };
  promise.then(
    () => (told.state = "fulfilled"),
    () => (told.state = "rejected"),
  );
  return told;
}

/** What a promise was rejected with. */
async function failure(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value) => expect.fail(`was fulfilled with ${value}`),
    (error: unknown) => error,
  );
}

async function turns(count = 20): Promise<void> {
  for (let i = 0; i < count; i++) await turn();
}

const clean: PeerClosed = { code: 1000, reason: "", clean: true, initiator: "remote", phase: "closed" };
const broken: PeerClosed = { code: 1006, reason: "", clean: false, initiator: "transport", phase: "open" };

/** A peer that a test moves by hand. */
class HandPeer {
  readonly story: string[] = [];
  state: "open" | "closing" | "closed" = "open";
  readonly queue: Message[] = [];
  receives = 0;
  readonly #receivers: ((message: Message | undefined) => void)[] = [];
  readonly #senders: ((result: SendResult) => void)[] = [];
  #end: (closed: PeerClosed) => void = () => {};
  readonly closed: Promise<PeerClosed> = new Promise((resolve) => (this.#end = resolve));

  async receive(): Promise<Message | undefined> {
    this.receives++;
    if (this.queue.length > 0) return this.queue.shift();
    if (this.state === "closed") return undefined;
    return new Promise((resolve) => this.#receivers.push(resolve));
  }

  arrive(...messages: Message[]): void {
    for (const message of messages) {
      const receiver = this.#receivers.shift();
      if (receiver === undefined) this.queue.push(message);
      else receiver(message);
    }
  }

  send(message: Sendable): Promise<SendResult> {
    this.story.push(`send ${message}`);
    return new Promise((resolve) => this.#senders.push(resolve));
  }

  /** What the oldest send came to. */
  sent(result: SendResult = "sent"): void {
    this.#senders.shift()?.(result);
  }

  close(code = 1000, reason = ""): void {
    if (this.state !== "open") return;
    this.state = "closing";
    this.story.push(`close ${code} ${reason}`.trimEnd());
  }

  end(closed: PeerClosed): void {
    this.state = "closed";
    this.#end(closed);
    for (const receive of this.#receivers.splice(0)) receive(undefined);
    for (const send of this.#senders.splice(0)) send("buffered");
  }
}

/** Streams whose connection is in the hands of the test. */
function byHand() {
  const peer = new HandPeer();
  const streams = streamsOf(peer as unknown as LinearPeer);
  return { peer, ...streams };
}

/** `ended`: how the next of the server's connections to end has ended. */
async function serverWith(
  handlers: Handlers,
): Promise<{ server: Server; url: string; ended(): Promise<PeerClosed> }> {
  const endings: PeerClosed[] = [];
  const server = await started({ close: (_peer, closed) => endings.push(closed), ...handlers });
  const ended = async (): Promise<PeerClosed> => {
    await until(() => endings.length > 0, "a connection of the server has ended");
    return endings.shift()!;
  };
  return { server, url: urlOf(server), ended };
}

async function all(readable: ReadableStream<Message>): Promise<Message[]> {
  const messages: Message[] = [];
  for await (const message of readable) messages.push(message);
  return messages;
}

/** A sink that keeps what it is given. */
function collector(): { sink: WritableStream<Message>; messages: Message[]; story: string[] } {
  const messages: Message[] = [];
  const story: string[] = [];
  const sink = new WritableStream<Message>({
    write: (message) => void messages.push(message),
    close: () => void story.push("closed"),
    abort: (reason) => void story.push(`aborted: ${reason}`),
  });
  return { sink, messages, story };
}

/** A source that gives what it was given, and then ends, or fails. */
function source(messages: Iterable<Sendable>, error?: Error) {
  const iterator = messages[Symbol.iterator]();
  const cancelled: unknown[] = [];
  const readable = new ReadableStream<Sendable>({
    pull(controller) {
      const { done, value } = iterator.next();
      if (done !== true) controller.enqueue(value);
      else if (error === undefined) controller.close();
      else controller.error(error);
    },
    cancel: (reason) => void cancelled.push(reason),
  });
  return { readable, cancelled };
}

describe("the readable", () => {
  it("gives text and bytes in the order in which they were sent, and closes behind them", async () => {
    const { url } = await serverWith({
      open(peer) {
        peer.send("one");
        peer.send(Uint8Array.of(2));
        peer.send("");
        peer.close(4000, "that was all");
      },
    });
    const { readable, closed } = connectStreams(url);
    expect(await all(readable)).toEqual(["one", Uint8Array.of(2), ""]);
    expect(await closed).toMatchObject({ code: 4000, reason: "that was all", clean: true, phase: "closed" });
  });

  it("gives what had arrived before it fails with how the connection ended", async () => {
    const server = await hostile(async (wire) => {
      await wire.open(frame({ opcode: 1, payload: "a" }), frame({ opcode: 1, payload: "b" }));
      await until(() => wire.frames.length > 0, "the client has said something");
      wire.reset();
    });
    const { readable, writable, closed } = connectStreams(urlOf(server));
    await writable.getWriter().write("go");
    await closed;
    const reader = readable.getReader();
    expect(await reader.read()).toEqual({ done: false, value: "a" });
    expect(await reader.read()).toEqual({ done: false, value: "b" });
    const error = await failure(reader.read());
    expect(error).toBeInstanceOf(ConnectionClosedError);
    expect(error).toMatchObject({
      name: "ConnectionClosedError",
      message: "The connection has ended with 1006",
      closed: { code: 1006, clean: false, initiator: "transport", phase: "open" },
      cause: { code: "ECONNRESET" },
    });
    expect(await failure(reader.closed)).toBe(error);
  });

  it("names the rule that the peer broke", async () => {
    const server = await hostile(async (wire) => void (await wire.open(frame({ opcode: 3 }))));
    const { readable } = connectStreams(urlOf(server));
    expect(await failure(all(readable))).toMatchObject({
      closed: { phase: "closing", error: { rule: "unknown-opcode" } },
      cause: { name: "ProtocolError", rule: "unknown-opcode" },
    });
  });

  it("asks for one message before it is read, and for no more", async () => {
    const { peer, readable } = byHand();
    await turns();
    expect(peer.receives).toBe(1);
    peer.arrive("a", "b", "c");
    await turns();
    expect(peer.receives).toBe(1);
    const reader = readable.getReader();
    expect(await reader.read()).toEqual({ done: false, value: "a" });
    await turns();
    expect(peer.receives).toBe(2);
  });

  it("tells of the end although nobody reads", async () => {
    const gone = byHand();
    const reader = gone.readable.getReader();
    gone.peer.end(clean);
    await reader.closed;
    const reset = byHand();
    const other = reset.readable.getReader();
    reset.peer.end(broken);
    expect(await failure(other.closed)).toMatchObject({ closed: broken });
  });

  it("stops the socket when nobody reads", async () => {
    const message = new Uint8Array(1000);
    let sent = 0;
    const pump = (peer: Peer): void => {
      do sent++;
      while (peer.send(message) === "sent");
    };
    const { server, url } = await serverWith({ open: pump, drain: pump });
    const before = clientStats().bytes.in;
    const progress = (): number[] => [clientStats().bytes.in - before, sent];
    const { readable, opened } = connectStreams(url);
    await opened;
    await until(() => [...server.peers].some((peer) => peer.bufferedAmount > 0), "the network is full");
    await turns(100);
    const [arrived = 0] = progress();
    // What one read of the socket brings, and perhaps a second one that was under way.
    expect(arrived).toBeLessThanOrEqual(2 * 64 * 1024);
    const stuck = progress();
    await turns(100);
    expect(progress()).toEqual(stuck);
    // Reading sets it going again, and it never gets farther ahead than before.
    const reader = readable.getReader();
    for (let read = 1; read <= 5000; read++) {
      await reader.read();
      expect(progress()[0]! - read * message.length).toBeLessThanOrEqual(3 * 64 * 1024);
    }
    await until(() => sent > stuck[1]!, "the server goes on");
    await reader.cancel();
  });

  it("closes the connection with 1000 when it is cancelled, and has done so when that is done", async () => {
    const { url, ended } = await serverWith(echo);
    const { readable, opened, closed } = connectStreams(url);
    await opened;
    await readable.cancel("no interest");
    expect(await closed).toMatchObject({ code: 1000, reason: "", initiator: "local", phase: "closed" });
    expect(await ended()).toMatchObject({ code: 1000, initiator: "remote" });
  });

  it("says in the Close what it is given for that", async () => {
    const { url, ended } = await serverWith(echo);
    const { opened, readable } = connectStreams(url);
    await opened;
    await readable.cancel({ closeCode: 4001, reason: "seen enough" });
    expect(await ended()).toMatchObject({ code: 4001, reason: "seen enough" });
  });

  it.each([
    ["nothing", undefined, "close 1000"],
    ["null", null, "close 1000"],
    ["a string", "secret", "close 1000"],
    ["an error", new Error("secret"), "close 1000"],
    ["a code", { closeCode: 3000 }, "close 3000"],
    ["an error with a code", Object.assign(new Error("x"), { closeCode: 4000, reason: "y" }), "close 4000 y"],
  ])("takes %s as a reason to cancel", async (_what, reason, told) => {
    const { peer, readable } = byHand();
    await turn();
    const cancelling = settling(readable.cancel(reason));
    expect(peer.story).toEqual([told]);
    await turns();
    expect(cancelling.state).toBe("pending");
    peer.end(broken);
    await turns();
    expect(cancelling.state).toBe("fulfilled");
  });

  it("rejects a reason that no Close can carry, and closes the connection nevertheless", async () => {
    const { url, ended } = await serverWith(echo);
    const { opened, readable, closed } = connectStreams(url);
    await opened;
    await expect(readable.cancel({ closeCode: 1006 })).rejects.toThrow(RangeError);
    await closed;
    expect(await ended()).toMatchObject({ code: 1000 });
  });

  it("does not mind what comes after it was cancelled", async () => {
    const { peer, readable } = byHand();
    await turn();
    const cancelling = readable.cancel();
    peer.arrive("late");
    peer.end(clean);
    await cancelling;
    expect(await readable.getReader().read()).toEqual({ done: true, value: undefined });
  });

  it("closes the connection when a loop over it is left", async () => {
    const { url, ended } = await serverWith({ open: (peer) => ["a", "b"].map((word) => peer.send(word)) });
    const { readable } = connectStreams(url);
    for await (const message of readable) {
      expect(message).toBe("a");
      break;
    }
    expect(await ended()).toMatchObject({ code: 1000 });
  });
});

describe("the writable", () => {
  it("sends text and bytes in order, and closes with 1000 behind them", async () => {
    const got: Message[] = [];
    const { url, ended } = await serverWith({ message: (_peer, data) => got.push(data) });
    const { writable, closed } = connectStreams(url);
    const writer = writable.getWriter();
    void writer.write("one");
    void writer.write(Uint8Array.of(1, 2));
    void writer.write(Uint16Array.of(0x0201).buffer);
    await writer.close();
    expect(got).toEqual(["one", Uint8Array.of(1, 2), Uint8Array.of(1, 2)]);
    expect(await ended()).toMatchObject({ code: 1000, clean: true, initiator: "remote" });
    expect(await closed).toMatchObject({ code: 1000, initiator: "local" });
  });

  it("is done with a write when the peer has room for more, and hands it no other before", async () => {
    const { peer, writable } = byHand();
    const writer = writable.getWriter();
    const first = settling(writer.write("a"));
    const second = settling(writer.write("b"));
    await turns();
    expect([first.state, second.state, writer.desiredSize]).toEqual(["pending", "pending", -1]);
    expect(peer.story).toEqual(["send a"]);
    peer.sent("buffered");
    await turns();
    expect([first.state, second.state, writer.desiredSize]).toEqual(["fulfilled", "pending", 0]);
    expect(peer.story).toEqual(["send a", "send b"]);
    peer.sent("sent");
    await turns();
    expect([second.state, writer.desiredSize]).toEqual(["fulfilled", 1]);
  });

  it("is as slow as a server that does not read, and as lossless when it reads again", async () => {
    let arrived = 0;
    const { server, url } = await serverWith({
      open: (peer) => peer.pause(),
      message: () => void arrived++,
    });
    const { writable, opened } = connectStreams(url);
    const peer = await opened;
    const writer = writable.getWriter();
    const message = new Uint8Array(64 * 1024);
    const count = 2000;
    let written = 0;
    const writing = (async () => {
      for (let i = 0; i < count; i++, written++) await writer.write(message);
    })();
    await until(() => peer.bufferedAmount > 0, "the network is full");
    await turns(100);
    const stuck = written;
    // 125 MiB are to be written; the buffers of two sockets take far less, and nothing else does.
    expect(stuck).toBeLessThan(count / 4);
    expect(peer.bufferedAmount).toBeLessThan(512 * 1024);
    await turns(100);
    expect([written, arrived]).toEqual([stuck, 0]);
    for (const other of server.peers) other.resume();
    await writing;
    await writer.close();
    expect(arrived).toBe(count);
  });

  it("is closed when the closing handshake is over, and fails when that breaks off", async () => {
    const { peer, writable } = byHand();
    const closing = settling(writable.close());
    await turns();
    expect([peer.story, closing.state]).toEqual([["close 1000"], "pending"]);
    peer.end(clean);
    await turns();
    expect(closing.state).toBe("fulfilled");

    const other = byHand();
    const writer = other.writable.getWriter();
    const failing = failure(writer.close());
    await turns();
    other.peer.end({ ...broken, initiator: "local", phase: "closing" });
    expect(await failing).toMatchObject({ name: "ConnectionClosedError", closed: { phase: "closing" } });
    expect(await failure(writer.closed)).toBe(await failing);
  });

  it("closes although nobody reads what the server goes on to send", async () => {
    const { url, ended } = await serverWith({
      open(peer) {
        for (let i = 0; i < 100; i++) peer.send(new Uint8Array(10_000));
      },
    });
    const { writable, readable, opened } = connectStreams(url);
    await opened;
    await writable.close();
    expect(await ended()).toMatchObject({ code: 1000, clean: true });
    expect((await all(readable)).length).toBeGreaterThan(0);
  });

  it("never looks complete when it is aborted: 1011", async () => {
    const { url, ended } = await serverWith({});
    const { writable, opened } = connectStreams(url);
    await opened;
    await writable.abort(new Error("the disk is full"));
    expect(await ended()).toMatchObject({ code: 1011, reason: "" });
  });

  it("says in the Close what an abort is given for that", async () => {
    const { url, ended } = await serverWith({});
    const { writable, opened } = connectStreams(url);
    await opened;
    await writable.abort({ closeCode: 1001, reason: "leaving" });
    expect(await ended()).toMatchObject({ code: 1001, reason: "leaving" });
  });

  it("rejects an abort that no Close can carry, and closes the connection nevertheless", async () => {
    const { peer, writable } = byHand();
    peer.close = (code = 1000) => {
      if (code === 1006) throw new RangeError("close: 1006 may not be sent");
      peer.story.push(`close ${code}`);
    };
    await turn();
    const aborting = writable.abort({ closeCode: 1006 });
    peer.end(clean);
    expect(await failure(aborting)).toBeInstanceOf(RangeError);
    expect(peer.story).toEqual(["close 1011"]);
  });

  it("does not mind being aborted, for whatever reason, when it is failing already", async () => {
    const { peer, writable } = byHand();
    peer.send = () => new Promise(() => {});
    peer.close = () => {
      throw new RangeError("close: 1006 may not be sent");
    };
    const writer = writable.getWriter();
    void writer.write("stuck");
    await turns();
    peer.end(broken);
    await turns();
    void writer.abort({ closeCode: 1006 });
    await turns();
    expect(await failure(writer.ready)).toMatchObject({ closed: broken });
  });

  it("tells of an abort at once, though a write is stuck, and drops the writes behind it", async () => {
    const { peer, writable } = byHand();
    const writer = writable.getWriter();
    const stuck = failure(writer.write("stuck"));
    const waiting = failure(writer.write("waiting"));
    await turns();
    const reason = new Error("enough");
    const aborting = writer.abort(reason);
    expect(peer.story).toEqual(["send stuck", "close 1011"]);
    peer.end(broken);
    await aborting;
    expect(await stuck).toMatchObject({ name: "ConnectionClosedError", closed: broken });
    expect(await waiting).toBe(reason);
    expect(await failure(writer.closed)).toBe(reason);
    expect(peer.story).toEqual(["send stuck", "close 1011"]);
  });

  it("fails when the connection ends, pending and later writes with it", async () => {
    for (const closed of [clean, broken]) {
      const { peer, writable } = byHand();
      const writer = writable.getWriter();
      const pending = failure(writer.write("pending"));
      await turns();
      peer.end(closed);
      expect(await pending).toMatchObject({ name: "ConnectionClosedError", closed });
      expect(await failure(writer.write("later"))).toMatchObject({ name: "ConnectionClosedError", closed });
      expect(await failure(writer.closed)).toMatchObject({ closed });
    }
  });

  it("is told of the end although nobody writes", async () => {
    for (const closed of [clean, broken]) {
      const { peer, writable } = byHand();
      const writer = writable.getWriter();
      await turn();
      peer.end(closed);
      expect(await failure(writer.closed)).toMatchObject({ closed });
    }
  });

  it("waits with its answer to a write, while the connection closes, for how it ends", async () => {
    const { peer, writable, close } = byHand();
    const writer = writable.getWriter();
    await turn();
    close(4000, "by the way");
    const write = writer.write("late");
    const told = settling(write);
    await turns();
    peer.sent("dropped");
    await turns();
    expect([told.state, peer.story]).toEqual(["pending", ["close 4000 by the way", "send late"]]);
    peer.end({ ...clean, code: 4000, reason: "by the way" });
    expect(await failure(write)).toMatchObject({
      message: 'The connection has ended with 4000 "by the way"',
      closed: { code: 4000 },
    });
  });

  it("fails for what cannot be sent, and then never looks complete", async () => {
    const { url, ended } = await serverWith({});
    const { writable } = connectStreams(url);
    const writer = writable.getWriter();
    expect(await failure(writer.write(5 as unknown as string))).toBeInstanceOf(TypeError);
    expect(await ended()).toMatchObject({ code: 1011, reason: "a stream broke" });
  });

  it("fails for a message that is dropped because it is beyond the budget", async () => {
    const { url, ended } = await serverWith({});
    const { writable } = connectStreams(url, { onSlow: "drop", maxBufferedBytes: 10, highWaterMark: 10 });
    const writer = writable.getWriter();
    await writer.write("ten bytes.");
    expect(await failure(writer.write("eleven bytes"))).toMatchObject({
      name: "RangeError",
      message: "write: the message is beyond maxBufferedBytes",
    });
    expect(await ended()).toMatchObject({ code: 1011 });
  });
});

describe("a pipe", () => {
  const words = ["one", "two", "three"];

  it("into the writable closes the connection at the end of the source", async () => {
    const got: Message[] = [];
    const { url, ended } = await serverWith({ message: (_peer, data) => got.push(data) });
    const { writable } = connectStreams(url);
    await source(words).readable.pipeTo(writable);
    expect(got).toEqual(words);
    expect(await ended()).toMatchObject({ code: 1000 });
  });

  it("into the writable can leave the connection open", async () => {
    const { url } = await serverWith(echo);
    const { writable, readable, opened } = connectStreams(url);
    await source(words).readable.pipeTo(writable, { preventClose: true });
    const error = new Error("no more");
    const failing = source([], error).readable.pipeTo(writable, { preventAbort: true });
    expect(await failure(failing)).toBe(error);
    expect((await opened).state).toBe("open");
    const reader = readable.getReader();
    for (const value of words) expect(await reader.read()).toEqual({ done: false, value });
    await writable.close();
    expect(await reader.read()).toEqual({ done: true, value: undefined });
  });

  it("into the writable hands on that the source has failed: 1011", async () => {
    const got: Message[] = [];
    const { url, ended } = await serverWith({ message: (_peer, data) => got.push(data) });
    const { writable } = connectStreams(url);
    const error = new Error("the source is dry");
    expect(await failure(source(words, error).readable.pipeTo(writable))).toBe(error);
    expect(await ended()).toMatchObject({ code: 1011 });
    expect(got).toEqual(words);
  });

  it.each([
    ["clean", (wire) => wire.open(frame({ opcode: 8, payload: Uint8Array.of(3, 0xe9) }))],
    ["broken", (wire) => wire.open().then(() => wire.reset())],
  ] as [string, Script][])("into the writable cancels an idle source at a %s end", async (_end, script) => {
    const server = await hostile(async (wire) => {
      await script(wire);
      await until(() => wire.closed || wire.frames.length > 0, "the client has answered");
      wire.socket.end();
    });
    const { writable, closed } = connectStreams(urlOf(server));
    const cancelled: unknown[] = [];
    const idle = new ReadableStream<Sendable>({ cancel: (reason) => void cancelled.push(reason) });
    const error = await failure(idle.pipeTo(writable));
    expect(error).toMatchObject({ name: "ConnectionClosedError", closed: await closed });
    expect(cancelled).toEqual([error]);
  });

  it("out of the readable closes the sink at a clean end", async () => {
    const { url } = await serverWith({
      open(peer) {
        for (const word of words) peer.send(word);
        peer.close(1001);
      },
    });
    const { sink, messages, story } = collector();
    await connectStreams(url).readable.pipeTo(sink);
    expect([messages, story]).toEqual([words, ["closed"]]);
  });

  it("out of the readable aborts the sink at any other end, behind the last message", async () => {
    const server = await hostile(async (wire) => {
      await wire.open(...words.map((payload) => frame({ opcode: 1, payload })));
      wire.socket.end();
    });
    const { sink, messages, story } = collector();
    const error = await failure(connectStreams(urlOf(server)).readable.pipeTo(sink));
    expect(error).toBeInstanceOf(ConnectionClosedError);
    expect(messages).toEqual(words);
    expect(story).toEqual(["aborted: ConnectionClosedError: The connection has ended with 1006"]);
  });

  it("out of the readable closes the connection when the sink fails", async () => {
    const { url, ended } = await serverWith({ open: (peer) => peer.send("one") });
    const error = new Error("the disk is full");
    const sink = new WritableStream<Message>({ write: () => Promise.reject(error) });
    expect(await failure(connectStreams(url).readable.pipeTo(sink))).toBe(error);
    expect(await ended()).toMatchObject({ code: 1000 });
  });

  it("out of the readable is as slow as the sink", async () => {
    const { peer, readable } = byHand();
    peer.arrive(..."abcdefgh");
    let release: () => void = () => {};
    const sink = new WritableStream<Message>({ write: () => new Promise<void>((done) => (release = done)) });
    void readable.pipeTo(sink);
    await turns();
    const before = peer.receives;
    expect(before).toBeLessThanOrEqual(3);
    release();
    await turns();
    expect(peer.receives).toBe(before + 1);
    peer.end(clean);
  });

  it("can be stopped by a signal, at either side", async () => {
    const { url, ended } = await serverWith(echo);
    for (const direction of ["in", "out"]) {
      const { readable, writable, opened, closed } = connectStreams(url);
      await opened;
      const controller = new AbortController();
      const { signal } = controller;
      const idle = new ReadableStream<Sendable>();
      const pipe =
        direction === "in"
          ? idle.pipeTo(writable, { signal })
          : readable.pipeTo(collector().sink, { signal });
      controller.abort({ closeCode: 4002 });
      expect(await failure(pipe)).toEqual({ closeCode: 4002 });
      await closed;
    }
    for (let i = 0; i < 2; i++) expect(await ended()).toMatchObject({ code: 4002 });
  });

  it("from the one face into the other is an echo, which ends well at both ends", async () => {
    const failures: unknown[] = [];
    const conversations: Promise<void>[] = [];
    const server = await started({ error: (_peer, error) => failures.push(error) }, (peer) => {
      const { readable, writable } = streamsOf(peer);
      const conversation = readable.pipeTo(writable);
      conversations.push(conversation);
      return conversation;
    });
    const { readable, writable, closed } = connectStreams(urlOf(server));
    await source(words).readable.pipeTo(writable, { preventClose: true });
    const reader = readable.getReader();
    for (const value of words) expect(await reader.read()).toEqual({ done: false, value });
    await writable.close();
    expect(await closed).toMatchObject({ code: 1000, clean: true });
    expect(await Promise.all(conversations)).toEqual([undefined]);
    expect(failures).toEqual([]);
  });

  it("there and back is the same, whatever the messages are", async () => {
    const { url } = await serverWith(echo);
    const message = fc.oneof(fc.string({ unit: "binary" }), fc.uint8Array({ maxLength: 2000 }));
    await fc.assert(
      fc.asyncProperty(fc.array(message, { maxLength: 20 }), async (messages) => {
        const streams = connectStreams(url);
        const reader = streams.readable.getReader();
        const sending = source(messages).readable.pipeTo(streams.writable, { preventClose: true });
        for (const value of messages) expect(await reader.read()).toEqual({ done: false, value });
        await sending;
        await streams.writable.close();
        expect(await reader.read()).toEqual({ done: true, value: undefined });
      }),
      { numRuns: 50 },
    );
  });

  it("through a connection loses nothing, as long as the connection is open", async () => {
    const { url } = await serverWith(echo);
    const many = Array.from({ length: 2000 }, (_, index) => `${index} ${"x".repeat(index % 700)}`);
    const streams = connectStreams(url);
    const { sink, messages, story } = collector();
    const piping = source(many).readable.pipeThrough(streams, { preventClose: true }).pipeTo(sink);
    await until(() => messages.length === many.length, "all have come back");
    streams.close();
    await piping;
    expect(messages).toEqual(many);
    expect(story).toEqual(["closed"]);
  });
});

describe("the opening", () => {
  it("is waited for by both streams", async () => {
    const { url } = await serverWith(echo);
    const { readable, writable, opened } = connectStreams(url, { data: "mine" });
    const read = readable.getReader().read();
    const writer = writable.getWriter();
    await writer.write("early");
    expect(await read).toEqual({ done: false, value: "early" });
    expect(await opened).toMatchObject({ data: "mine", state: "open", target: "/" });
    await writer.abort();
  });

  it("[RFC6455-4.1-37] lets nothing out before the server has answered", async () => {
    let said = "";
    const server = await hostile(async (wire) => {
      await wire.request();
      await turns();
      said = wire.text;
      wire.write(switching(new RequestText(said).accept));
      await wire.frame(8);
      wire.write(frame({ opcode: 8 }));
      wire.end();
    });
    const writer = connectStreams(urlOf(server)).writable.getWriter();
    void writer.write("early");
    await writer.close();
    expect(said.endsWith("\r\n\r\n")).toBe(true);
    expect(server.wires[0]!.frames.map(({ opcode }) => opcode)).toEqual([1, 8]);
  });

  it("is waited for by a close of the writable", async () => {
    const { url, ended } = await serverWith({});
    await connectStreams(url).writable.close();
    expect(await ended()).toMatchObject({ code: 1000, clean: true });
  });

  it("that fails, fails everything with one ConnectError", async () => {
    const server = await hostile(async (wire) => {
      await wire.request();
      wire.write("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
    });
    const { readable, writable, opened, closed } = connectStreams(urlOf(server));
    const writer = writable.getWriter();
    const reader = readable.getReader();
    const error = await failure(opened);
    expect(error).toBeInstanceOf(ConnectError);
    expect(error).toMatchObject({ phase: "handshake", rule: "status-not-101", status: 403 });
    const others = [closed, reader.read(), reader.closed, writer.write("x"), writer.closed, writer.ready];
    for (const other of others) expect(await failure(other)).toBe(error);
  });

  it("that fails disturbs nobody who did not ask", async () => {
    const server = await hostile((wire) => wire.reset());
    const uses: ((streams: ReturnType<typeof connectStreams>) => Promise<unknown>)[] = [
      (streams) => streams.opened,
      (streams) => streams.closed,
      (streams) => all(streams.readable),
      (streams) => streams.writable.getWriter().closed,
      (streams) => source(["x"]).readable.pipeTo(streams.writable),
    ];
    for (const use of uses) expect(await failure(use(connectStreams(urlOf(server))))).toBeInstanceOf(Error);
    connectStreams(urlOf(server));
    await until(() => server.wires.length === uses.length + 1, "the last one has come");
    await turns();
  });

  it("gives up when the signal is aborted: both streams fail with its reason", async () => {
    const server = await hostile((wire) => wire.request());
    for (const when of ["before", "meanwhile"]) {
      const controller = new AbortController();
      const reason = new Error(when);
      if (when === "before") controller.abort(reason);
      const { readable, writable, opened, closed } = connectStreams(urlOf(server), {
        signal: controller.signal,
      });
      if (when === "meanwhile") {
        await until(() => server.wires.length > 0, "the client has called");
        controller.abort(reason);
      }
      const promises = [opened, closed, all(readable), writable.getWriter().closed];
      for (const promise of promises) expect(await failure(promise)).toBe(reason);
    }
  });

  it("heeds the signal until it is over, and no longer", async () => {
    const { url } = await serverWith(echo);
    const controller = new AbortController();
    const { opened, close, closed } = connectStreams(url, { signal: controller.signal });
    const peer = await opened;
    expect(getEventListeners(controller.signal, "abort")).toEqual([]);
    controller.abort();
    await turns();
    expect(peer.state).toBe("open");
    close();
    expect(await closed).toMatchObject({ code: 1000 });
  });

  it("heeds an abort in its last moment, when it is over but nobody knows", async () => {
    const { url, ended } = await serverWith(echo);
    const { opened, close, closed } = connectStreams(url, { accepted: () => queueMicrotask(() => close()) });
    expect(await failure(opened)).toMatchObject({ name: "AbortError" });
    expect(await failure(closed)).toMatchObject({ name: "AbortError" });
    expect(await ended()).toMatchObject({ code: 1006 });
  });

  it("is abandoned by close", async () => {
    const server = await hostile((wire) => wire.request());
    const { readable, opened, close } = connectStreams(urlOf(server));
    await until(() => server.wires.length > 0, "the client has called");
    close(4000, "never mind");
    expect(await failure(opened)).toMatchObject({ name: "AbortError" });
    expect(await failure(all(readable))).toMatchObject({ name: "AbortError" });
  });

  it("is abandoned by who cancels the readable", async () => {
    const server = await hostile((wire) => wire.request());
    const { readable, writable, opened } = connectStreams(urlOf(server));
    const reason = new Error("no interest");
    await readable.cancel(reason);
    expect(await failure(opened)).toBe(reason);
    expect(await failure(writable.getWriter().closed)).toBe(reason);
  });

  it("is abandoned by who aborts the writable", async () => {
    const server = await hostile((wire) => wire.request());
    const { readable, writable, opened } = connectStreams(urlOf(server));
    const reason = new Error("nothing to say");
    const writer = writable.getWriter();
    const write = failure(writer.write("early"));
    await writer.abort(reason);
    expect(await write).toBe(reason);
    expect(await failure(opened)).toBe(reason);
    expect(await failure(all(readable))).toBe(reason);
  });

  it("refuses at the call what connect refuses", () => {
    expect(() => connectStreams("ftp://127.0.0.1/")).toThrow(/^url: /);
    expect(() => connectStreams("ws://127.0.0.1/", { closeTimeout: 0 })).toThrow(/^closeTimeout: /);
  });

  it("is held to its time", async () => {
    const clock = new FakeClock();
    const server = await hostile((wire) => wire.request());
    const { readable } = connectStreams(urlOf(server), { clock });
    await until(() => server.wires.length > 0, "the client has called");
    clock.advance(10_100);
    expect(await failure(all(readable))).toMatchObject({ rule: "handshake-timeout" });
  });
});

describe("close", () => {
  it("starts the closing handshake, and can stand alone", async () => {
    const { url, ended } = await serverWith(echo);
    const { opened, close, closed } = connectStreams(url);
    await opened;
    close(4000, "enough");
    close(4001);
    expect(await closed).toMatchObject({ code: 4000, initiator: "local", phase: "closed" });
    expect(await ended()).toMatchObject({ code: 4000, reason: "enough", initiator: "remote" });
  });

  it("throws for what no Close can carry, before and after the opening", async () => {
    const { url } = await serverWith(echo);
    const { opened, close, closed } = connectStreams(url);
    expect(() => close(1006)).toThrow(RangeError);
    await opened;
    expect(() => close(1006)).toThrow(RangeError);
    expect(() => close(1000, "x".repeat(124))).toThrow(RangeError);
    close();
    await closed;
  });

  it("can say nothing: 1005, before and after the opening", async () => {
    const { url, ended } = await serverWith(echo);
    const early = connectStreams(url);
    early.close(1005);
    expect(await failure(early.opened)).toMatchObject({ name: "AbortError" });
    const { opened, close } = connectStreams(url);
    await opened;
    close(1005);
    expect(await ended()).toMatchObject({ code: 1005, clean: true });
  });
});
