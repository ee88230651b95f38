import { beforeEach, describe, expect, it } from "vitest";
import type { Handlers, Message, Peer } from "../../src/node/peer.ts";
import type { Agreement } from "../../src/protocol/extension.ts";
import { PreparedMessage } from "../../src/protocol/prepared-message.ts";
import { FakeSocket, turn } from "../helpers/fake-socket.ts";
import { bytesOf, concat, frameTo } from "../helpers/frames.ts";
import { type PeerSettingsForTests, peerOn } from "../helpers/node-servers.ts";

const NOTHING = new Uint8Array();
const text = (payload: string) => frameTo("server", { opcode: 1, payload });
const closeFrame = frameTo("server", { opcode: 8, payload: Uint8Array.of(3, 232) });

let socket: FakeSocket;
beforeEach(() => {
  socket = new FakeSocket();
});

/** A peer that is open. */
function open(handlers?: Handlers, options?: PeerSettingsForTests) {
  const all = peerOn(socket, handlers, options);
  all.peer.start(NOTHING);
  return all;
}

/** The payloads of all frames that have left, as text. */
const said = (): string[] => socket.frames.map(({ payload }) => new TextDecoder().decode(payload));
const closeCode = (): number => {
  const { opcode, payload } = socket.frames.at(-1)!;
  return opcode === 8 ? payload[0]! * 256 + payload[1]! : 0;
};

describe("a peer", () => {
  it("is announced before its first message, which may have come with the handshake", async () => {
    const story: Message[] = [];
    const { peer } = peerOn(socket, {
      open: () => story.push("open"),
      message: (_peer, data) => story.push(data),
    });
    peer.start(text("early"));
    socket.arrive(text("late"));
    await turn();
    expect(story).toEqual(["open", "early", "late"]);
  });

  it("knows what the handshake found out", () => {
    const agreements = [{ name: "x", reservedBit: 0, parameters: [] }] as const;
    const { peer } = open({}, { agreements });
    const { target, address, subprotocol, extensions, state, data, roundTripTime } = peer;
    expect({ target, address, subprotocol, extensions, state, data, roundTripTime }).toEqual({
      target: "/here",
      address: "192.0.2.1",
      subprotocol: "chat",
      extensions: ["x"],
      state: "open",
      data: undefined,
      roundTripTime: undefined,
    });
  });

  it("closes without a code where that is asked for with 1005", async () => {
    const { peer } = open();
    peer.close(1005);
    await turn();
    expect(socket.frames.map(({ opcode, payload }) => [opcode, payload.length])).toEqual([[8, 0]]);
    expect(() => peer.close(1005, "a reason")).toThrow("a reason needs a code before it");
  });

  it("can be asked for its vitals before it is open", () => {
    const { peer } = peerOn(socket);
    expect(peer.roundTripTime).toBeUndefined();
    peer.resume();
    expect([peer.ping(), peer.bufferedAmount]).toEqual(["sent", 2]);
  });

  it("hands over text as bytes, if that is wanted", async () => {
    const heard: Message[] = [];
    const { statistics } = open({ message: (_peer, data) => heard.push(data) }, { text: "utf8" });
    socket.arrive(text("é"));
    await turn();
    expect(heard).toEqual([bytesOf("é")]);
    expect(statistics.textIn).toBe(1);
  });

  it("sends whatever has bytes, and counts it", async () => {
    const { peer, statistics } = open();
    const memory = new ArrayBuffer(6);
    new Uint8Array(memory).set(bytesOf("abcdef"));
    const all = [memory, new DataView(memory, 1, 2), new Uint16Array(memory, 2, 2), bytesOf("u8"), "text"];
    expect(all.map((data) => peer.send(data))).toEqual(Array(5).fill("sent"));
    expect(peer.sendPrepared(new PreparedMessage("prepared"))).toBe("sent");
    expect(peer.sendPrepared(new PreparedMessage(bytesOf("bytes")))).toBe("sent");
    await turn();
    expect(said()).toEqual(["abcdef", "bc", "cdef", "u8", "text", "prepared", "bytes"]);
    expect([statistics.textOut, statistics.binaryOut]).toEqual([2, 5]);
    expect(() => peer.send(5 as never)).toThrow(
      "send: data must be a string, an ArrayBuffer or a view of one",
    );
  });

  it("lets all that is said in one turn leave in one call, also after an await", async () => {
    const { peer } = open();
    await Promise.resolve();
    for (const word of ["one", "two", "three"]) peer.send(word);
    await turn();
    expect(said()).toEqual(["one", "two", "three"]);
    expect(socket.calls).toHaveLength(1);
    peer.send("head");
    peer.send(new Uint8Array(100_000));
    peer.send("tail");
    await turn();
    expect(socket.calls).toHaveLength(2);
  });

  it("is closed once, and everybody who waits for that is told", async () => {
    const ends: unknown[] = [];
    const { peer, ended, context, statistics } = open({ close: (_peer, closed) => ends.push(closed) });
    const waiting = peer.closed;
    peer.close(3000, "first");
    peer.close(3001, "second");
    socket.arrive(frameTo("server", { opcode: 8, payload: Uint8Array.of(0x0b, 0xb8) }));
    await turn();
    expect(said()).toHaveLength(1);
    socket.hangUp();
    expect(await waiting).toEqual({
      code: 3000,
      reason: "",
      clean: true,
      initiator: "local",
      phase: "closed",
    });
    expect(await peer.closed).toBe(await waiting);
    expect(ends).toEqual(ended);
    expect(ends).toHaveLength(1);
    expect(context.deadlines.size).toBe(0);
    const results = [peer.send("late"), peer.ping(), peer.pong(), peer.state, await peer.sendStream(["x"])];
    expect(results).toEqual(["dropped", "dropped", "dropped", "closed", "dropped"]);
    expect(statistics.pingsSent).toBe(0);
    expect(() => peer.close(5)).toThrow(RangeError);
    await peer.drained();
  });

  it("[RFC6455-7.1.1-02] [RFC6455-7.2.2-01] that is terminated ends without a word", async () => {
    const { peer } = open();
    peer.terminate();
    expect(await peer.closed).toMatchObject({ code: 1006, clean: false, initiator: "local", phase: "open" });
    expect(socket.calls).toEqual([]);
  });

  it("says what the transport died of", async () => {
    const { peer } = open();
    const reset = new Error("ECONNRESET");
    socket.destroy(reset);
    expect((await peer.closed).cause).toBe(reset);
  });

  it("[RFC6455-7.1.1-01] that ends its side holds nothing any more, even if it does not read", async () => {
    const { peer } = open();
    socket.stuck = true;
    peer.send(new Uint8Array(50_000));
    socket.arrive(closeFrame);
    socket.hangUp();
    expect(await peer.closed).toMatchObject({ code: 1000, clean: true });
    await turn();
    expect(socket.destroyed).toBe(true);
  });

  it("is pinged, and is not thought to owe an answer to a Ping that could not be sent", async () => {
    const pongs: string[] = [];
    const { peer, clock, statistics } = open({
      ping: (_peer, data) => pongs.push(`ping ${data}`),
      pong: (_peer, data) => pongs.push(`pong ${data}`),
    });
    expect(() => peer.ping(new Uint8Array(126))).toThrow(RangeError);
    expect(statistics.pingsSent).toBe(0);
    peer.ping(Uint8Array.of(1));
    peer.pong(Uint8Array.of(2));
    clock.advance(30);
    socket.arrive(frameTo("server", { opcode: 10, payload: Uint8Array.of(1) }));
    socket.arrive(frameTo("server", { opcode: 9, payload: Uint8Array.of(3) }));
    await turn();
    expect(peer.roundTripTime).toBe(30);
    expect(pongs).toEqual(["pong 1", "ping 3"]);
    expect(socket.frames.map(({ opcode, payload }) => [opcode, ...payload])).toEqual([
      [9, 1],
      [10, 2],
      [10, 3],
    ]);
  });
});

describe("what cannot be sent yet", () => {
  it("is buffered, and a drain tells when it has left: once", async () => {
    let drains = 0;
    const { peer } = open({ drain: () => drains++ });
    await peer.drained();
    socket.stuck = true;
    peer.send(new Uint8Array(100_000));
    await turn();
    expect([peer.send("more"), peer.send("and more")]).toEqual(["buffered", "buffered"]);
    await turn();
    let room = false;
    void peer.drained().then(() => (room = true));
    await turn();
    expect([drains, room]).toEqual([0, false]);
    socket.release();
    await turn();
    expect([drains, room, peer.bufferedAmount]).toEqual([1, true, 0]);
  });

  it("stops the reading above the mark, and lets it go on when all has left", async () => {
    const heard: Message[] = [];
    const { peer, statistics } = open(
      { message: (_peer, data) => heard.push(data) },
      { highWaterMark: 50_000 },
    );
    socket.stuck = true;
    for (let index = 0; index < 3; index++) {
      peer.send(new Uint8Array(40_000));
      await turn();
    }
    socket.arrive(text("a"));
    await turn();
    expect([heard, statistics.backpressurePauses, statistics.backpressureResumes]).toEqual([[], 1, 0]);
    socket.release();
    await turn();
    expect([heard, statistics.backpressurePauses, statistics.backpressureResumes]).toEqual([["a"], 1, 1]);
  });

  it("does not stop the reading for ever, however low the mark is", async () => {
    const heard: Message[] = [];
    const { peer } = open({ message: (_peer, data) => heard.push(data) }, { highWaterMark: 0 });
    socket.stuck = true;
    peer.send("a few bytes");
    await turn();
    socket.release();
    socket.arrive(text("a"));
    await turn();
    expect(heard).toEqual(["a"]);
  });

  it("leaves in parts when one turn says very much", () => {
    const { peer } = open();
    peer.send(new Uint8Array(300_000));
    expect(socket.calls.length).toBeGreaterThan(0);
  });

  it('is dropped above the budget with the policy "drop", and nobody is closed', async () => {
    const { peer, statistics } = open({}, { onSlow: "drop", maxBufferedBytes: 100_000 });
    socket.stuck = true;
    const results = Array.from({ length: 4 }, () => peer.send(new Uint8Array(40_000)));
    expect(results.slice(2)).toEqual(["dropped", "dropped"]);
    expect(peer.sendPrepared(new PreparedMessage(new Uint8Array(40_000)))).toBe("dropped");
    expect(peer.send("small")).not.toBe("dropped");
    await turn();
    expect([peer.state, statistics.messagesDropped]).toEqual(["open", 3]);
    socket.release();
    await turn();
    expect(peer.send(new Uint8Array(40_000))).toBe("sent");
  });

  it('closes the peer with 1013 above the budget with the policy "close"', async () => {
    const { peer, statistics, clock } = open({}, { maxBufferedBytes: 100_000 });
    socket.stuck = true;
    for (let index = 0; index < 4; index++) {
      peer.send(new Uint8Array(40_000));
      await turn();
    }
    expect([peer.state, peer.send("more"), statistics.budgetExceeded]).toEqual(["closing", "dropped", 1]);
    clock.advance(10_100);
    const { code, cause } = await peer.closed;
    expect([code, cause]).toEqual([
      1006,
      new Error("maxBufferedBytes: more than 100000 bytes wait for this peer"),
    ]);
  });
});

describe("a message in pieces", () => {
  /** A stream that goes on when the test says so. */
  function tap(): { pieces: AsyncIterable<string>; say(piece: string): void; end(): void } {
    const waiting: string[] = [];
    let [wake, over]: [() => void, boolean] = [() => {}, false];
    async function* pieces() {
      for (;;) {
        while (waiting.length > 0) yield waiting.shift()!;
        if (over) return;
        await new Promise<void>((resolve) => (wake = resolve));
      }
    }
    return {
      pieces: pieces(),
      say: (piece) => {
        waiting.push(piece);
        wake();
      },
      end: () => {
        over = true;
        wake();
      },
    };
  }

  it("holds back all others until it ends, and a drain tells when they have left", async () => {
    let drains = 0;
    const { peer } = open({ drain: () => drains++ });
    const { pieces, say, end } = tap();
    const sent = peer.sendStream(pieces);
    say("one");
    const results = [peer.send("x"), peer.sendPrepared(new PreparedMessage("y")), peer.ping()];
    const second = peer.sendStream(["z"]);
    await turn();
    expect([results, said(), drains]).toEqual([["buffered", "buffered", "sent"], ["", "one"], 0]);
    expect(peer.bufferedAmount).toBe(2);
    end();
    expect([await sent, await second]).toEqual(["sent", "sent"]);
    await turn();
    expect([said(), drains]).toEqual([["", "one", "", "x", "y", "z", ""], 1]);
  });

  it("does not outlive the connection, nor does what it held back", async () => {
    let drains = 0;
    const { peer, statistics } = open({ drain: () => drains++ });
    const { pieces, say } = tap();
    const sent = peer.sendStream(pieces);
    peer.send("held");
    peer.close();
    expect(peer.send("late")).toBe("dropped");
    socket.hangUp();
    await peer.closed;
    say("one");
    expect(await sent).toBe("dropped");
    expect([statistics.messagesDropped, drains, peer.bufferedAmount]).toEqual([3, 0, 0]);
  });

  it("asks its source for no more than the peer takes, even if that never waits", async () => {
    const { peer } = open();
    socket.stuck = true;
    let asked = 0;
    const piece = new Uint8Array(1000);
    function* pieces() {
      for (; asked < 10_000; asked++) yield piece;
    }
    const sent = peer.sendStream(pieces());
    await turn();
    expect(peer.bufferedAmount).toBeLessThan(600_000);
    expect(asked).toBeLessThan(600);
    socket.release();
    expect(await sent).toBe("sent");
    expect(asked).toBe(10_000);
  });

  it("counts what it holds back against the budget", async () => {
    const { peer } = open({}, { maxBufferedBytes: 1000 });
    void peer.sendStream(tap().pieces);
    for (let index = 0; index < 3; index++) peer.send(new Uint8Array(400));
    expect([peer.state, peer.send("more")]).toEqual(["closing", "dropped"]);
  });
});

describe("a pause", () => {
  it("lasts until the application goes on, and is no reason to call the peer silent", async () => {
    const heard: Message[] = [];
    const { peer, clock } = open({ message: (_peer, data) => heard.push(data) });
    peer.pause();
    socket.arrive(text("a"));
    for (let minute = 0; minute < 5; minute++) clock.advance(60_000);
    await turn();
    expect([heard, peer.state]).toEqual([[], "open"]);
    peer.resume();
    clock.advance(100);
    await turn();
    expect(heard).toEqual(["a"]);
  });

  it("gives the answer to a Ping that came before it the time to be read after it", async () => {
    const { peer, clock, statistics } = open();
    clock.advance(25_500);
    expect(statistics.pingsSent).toBe(1);
    peer.pause();
    clock.advance(19_000);
    peer.resume();
    clock.advance(1500);
    await turn();
    expect(peer.state).toBe("open");
  });

  it("ends when the connection closes: the answer has to be read", async () => {
    const { peer } = open({ open: (opened) => opened.pause() });
    peer.close();
    peer.pause();
    socket.arrive(closeFrame);
    socket.hangUp();
    expect((await peer.closed).clean).toBe(true);
  });
});

describe("what the application throws", () => {
  const thrown = new Error("application");
  const failing = () => {
    throw thrown;
  };
  /** What makes each handler be called. */
  const causes: Record<string, (peer: Peer) => void> = {
    open: () => {},
    message: () => socket.arrive(text("a")),
    ping: () => socket.arrive(frameTo("server", { opcode: 9 })),
    pong: () => socket.arrive(frameTo("server", { opcode: 10 })),
    drain: (peer) => {
      socket.stuck = true;
      peer.send(new Uint8Array(300_000));
      setImmediate(() => socket.release());
    },
  };

  it.each(Object.keys(causes))("in %s closes that connection with 1011, and is told", async (name) => {
    for (const how of [failing, () => Promise.reject(thrown)]) {
      socket = new FakeSocket();
      const errors: unknown[] = [];
      const { peer, statistics } = open({ [name]: how, error: (_peer, error) => errors.push(error) });
      causes[name]!(peer);
      await turn();
      await turn();
      expect(closeCode()).toBe(1011);
      socket.arrive(text("unheard"), closeFrame);
      socket.hangUp();
      expect(await peer.closed).toMatchObject({ clean: true, cause: thrown });
      expect([errors, statistics.handlerErrors]).toEqual([[thrown], 1]);
    }
  });

  it("in close and in error goes no further", async () => {
    const errors: unknown[] = [];
    const record = (_peer: Peer, error: unknown) => {
      errors.push(error);
      failing();
    };
    const { peer } = open({ close: failing, error: record });
    socket.hangUp();
    await peer.closed;
    expect(errors).toEqual([thrown]);
  });

  it("in a tap closes that connection too", async () => {
    const { peer } = open();
    expect(() => peer.tap("x" as never)).toThrow("tap: the listener must be a function");
    peer.tap(failing);
    socket.arrive(text("a"));
    await turn();
    expect(closeCode()).toBe(1011);
  });

  it("in an extension of its own does too", async () => {
    const codec = { wants: () => false, encode: failing, decode: failing };
    const broken: Agreement = { name: "x", reservedBit: 4, parameters: [], codec: () => codec };
    const errors: unknown[] = [];
    const { peer } = open({ error: (_peer, error) => errors.push(error) }, { agreements: [broken] });
    const message = frameTo("server", { rsv: 4, opcode: 1, payload: "a" });
    socket.arrive(concat(message, message, closeFrame));
    expect(await peer.closed).toMatchObject({ code: 1006, initiator: "local", cause: thrown });
    expect(new Set(errors)).toEqual(new Set([thrown]));
    expect(closeCode()).toBe(1011);
  });
});
