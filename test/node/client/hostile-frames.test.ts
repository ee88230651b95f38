/** What servers may do to a client that is connected: each case with the one outcome it has. Only time is not real. */

import { constants, deflateRawSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { type ConnectOptions, connect } from "../../../src/node/client/connect.ts";
import type { Message, Peer, PeerClosed } from "../../../src/node/peer.ts";
import { TICK } from "../../../src/node/timers.ts";
import type { Rule } from "../../../src/protocol/violation.ts";
import { turn, until } from "../../helpers/fake-socket.ts";
import { concat, frame, hex } from "../../helpers/frames.ts";
import { lines } from "../../helpers/handshakes.ts";
import {
  hostileServers,
  nothingLeft,
  type Script,
  switching,
  urlOf,
  type Wire,
} from "../../helpers/hostile-server.ts";

const SECOND = 1000;
const now = nothingLeft();
const hostile = hostileServers();

interface Opened {
  peer: Peer;
  /** Messages and Pongs, in the order in which they came. */
  told: string[];
  wire: Wire;
}

/** Connects to a server that answers well, and then does this. */
async function opened(script: Script, options: ConnectOptions = {}): Promise<Opened> {
  const told: string[] = [];
  const server = await hostile(script);
  const shown = (data: Message): string => (typeof data === "string" ? data : `${data.length} bytes`);
  const peer = await connect(
    urlOf(server),
    { clock: now.clock, heartbeat: false, ...options },
    {
      message: (_peer, data) => told.push(shown(data)),
      pong: (_peer, data) => told.push(`Pong: ${data.length} bytes`),
    },
  );
  return { peer, told, wire: server.wires[0]! };
}

/** Sends these frames right behind its answer, and ends TCP when the client has closed (§7.1.1). */
function sending(...parts: readonly Uint8Array[]): Script {
  return answering(switching, ...parts);
}

/** The same, with an answer of its own. */
function answering(answer: (accept: string) => string, ...parts: readonly Uint8Array[]): Script {
  return async (wire) => {
    const { accept } = await wire.request();
    wire.write(answer(accept), ...parts);
    await wire.frame(8);
    wire.end();
  };
}

/** The code in the Close frame that the client has sent; undefined if there is none in it. */
function closeCodeIn({ frames }: Wire): number | undefined {
  const { payload } = frames.find(({ opcode }) => opcode === 8)!;
  return payload.length === 0 ? undefined : payload[0]! * 256 + payload[1]!;
}

const text = (payload: string | Uint8Array, rest: object = {}) => frame({ opcode: 1, payload, ...rest });
const closing = (code: number, reason: string | Uint8Array = "") =>
  frame({ opcode: 8, payload: concat(Uint8Array.of(code >> 8, code & 255), Buffer.from(reason)) });
const numbers = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

describe("a frame", () => {
  const KEY = [1, 2, 3, 4];
  const ping = (payload: string, rest: object = {}) => frame({ opcode: 9, payload, ...rest });
  type Violations = readonly (readonly [string, Uint8Array | Uint8Array[], Rule, ConnectOptions?])[];

  it.each([
    ["that is masked", text("hello", { key: KEY }), "masked-frame"],
    ["that is masked with zeros", text("hello", { key: [0, 0, 0, 0] }), "masked-frame"],
    ["that is a masked Close", frame({ opcode: 8, key: KEY }), "masked-frame"],
    ["with RSV1", text("x", { rsv: 4 }), "reserved-bit"],
    ["with RSV2", text("x", { rsv: 2 }), "reserved-bit"],
    ["with RSV3", text("x", { rsv: 1 }), "reserved-bit"],
    ["that is a Ping with RSV1", ping("", { rsv: 4 }), "reserved-bit"],
    ...[...numbers(3, 7), ...numbers(11, 15)].map(
      (opcode) => [`with opcode ${opcode}`, frame({ opcode }), "unknown-opcode"] as const,
    ),
    ["that is a Ping in fragments", ping("", { fin: false }), "fragmented-control-frame"],
    ["that is a Pong in fragments", frame({ opcode: 10, fin: false }), "fragmented-control-frame"],
    ["that is a Close in fragments", frame({ opcode: 8, fin: false }), "fragmented-control-frame"],
    ["that is a Ping of 126 bytes", ping("x".repeat(126)), "control-frame-too-long"],
    ["that is a Pong of 64 KiB", frame({ opcode: 10, payload: "x".repeat(65536) }), "control-frame-too-long"],
    ["that is a Close of 126 bytes", closing(1000, "x".repeat(124)), "control-frame-too-long"],
    ["whose length takes more bytes than it needs", hex("81 7e 00 01 61"), "length-not-minimal"],
    ["whose length takes eight bytes for two", hex("81 7f 00 00 00 00 00 00 01 00"), "length-not-minimal"],
    ["whose length is 2^63", hex("82 7f 80 00 00 00 00 00 00 00"), "length-top-bit"],
    ["whose length is 2^64 - 1", hex("82 7f ff ff ff ff ff ff ff ff"), "length-top-bit"],
    ["whose length is 2^63 - 1", hex("82 7f 7f ff ff ff ff ff ff ff"), "length-unsafe"],
    ["whose length is 2^53", hex("82 7f 00 20 00 00 00 00 00 00"), "length-unsafe"],
    ["whose length is 2^53 - 1", hex("82 7f 00 1f ff ff ff ff ff ff"), "message-too-big"],
    ["a byte longer than a message may be", hex("82 7f 00 00 00 00 00 10 00 01"), "message-too-big"],
    ["a byte longer than a frame may be", hex("82 0b"), "frame-too-big", { maxFrameSize: 10 }],
    ["that continues nothing", frame({ opcode: 0 }), "unexpected-continuation"],
    ["that continues what is over", [text("x"), frame({ opcode: 0 })], "unexpected-continuation"],
    ["that begins a message within another", [text("x", { fin: false }), text("y")], "expected-continuation"],
    [
      "that begins bytes within text",
      [text("x", { fin: false }), frame({ opcode: 2, fin: false })],
      "expected-continuation",
    ],
    [
      "that makes a message too long",
      [text("12345", { fin: false }), hex("80 06")],
      "message-too-big",
      { maxMessageSize: 10 },
    ],
    ["of text that is not UTF-8", text(hex("ff")), "invalid-utf8"],
    ["of text with a surrogate", text(hex("ed a0 80")), "invalid-utf8"],
    ["of text with an overlong form", text(hex("c0 af")), "invalid-utf8"],
    ["of text beyond U+10FFFF", text(hex("f4 90 80 80")), "invalid-utf8"],
    ["of text that ends within a character", text(hex("e2 82")), "invalid-utf8"],
    ["of text that is wrong before it is over", text(hex("ff"), { fin: false }), "invalid-utf8"],
    ["of which only the wrong beginning has come", hex("81 05 61 ff"), "invalid-utf8"],
    [
      "that closes with one byte",
      frame({ opcode: 8, payload: Uint8Array.of(3) }),
      "close-payload-of-one-byte",
    ],
    ...[0, 1, 999, 1004, 1005, 1006, 1015, 1016, 2000, 2999, 5000, 65535].map(
      (code) => [`that closes with ${code}`, closing(code), "invalid-close-code"] as const,
    ),
    ["that closes with a reason that is not UTF-8", closing(1000, hex("ff")), "invalid-close-reason"],
    ["that closes with half a character", closing(1000, hex("e2 82")), "invalid-close-reason"],
  ] satisfies Violations)(
    "%s fails the connection",
    async (_title, parts, rule, options?: ConnectOptions) => {
      const { peer, told, wire } = await opened(sending(text("first"), ...[parts].flat()), options);
      const closed = await peer.closed;
      expect(closed).toMatchObject({ code: 1006, clean: false, initiator: "local", phase: "closing" });
      expect(closed.error?.rule).toBe(rule);
      expect(told[0]).toBe("first");
      expect(told.length).toBeLessThanOrEqual(2);
      expect(closeCodeIn(wire)).toBe(closed.error?.code);
    },
  );

  it("behind one that fails the connection is not heard any more", async () => {
    const { peer, told } = await opened(sending(text("a"), frame({ opcode: 3 }), text("b"), closing(1000)));
    expect(await peer.closed).toMatchObject({ code: 1006, error: { rule: "unknown-opcode" } });
    expect(told).toEqual(["a"]);
  });

  it("behind the Close is not heard any more", async () => {
    const { peer, told, wire } = await opened(
      sending(closing(1001, "bye"), text("late"), frame({ opcode: 3 })),
    );
    expect(await peer.closed).toEqual({
      code: 1001,
      reason: "bye",
      clean: true,
      initiator: "remote",
      phase: "closed",
    });
    expect(told).toEqual([]);
    expect(closeCodeIn(wire)).toBe(1001);
  });

  it.each([1000, 1003, 1007, 1014, 3000, 4999])("may close with %i", async (code) => {
    const { peer, wire } = await opened(sending(closing(code)));
    expect(await peer.closed).toMatchObject({ code, clean: true, initiator: "remote", phase: "closed" });
    expect(closeCodeIn(wire)).toBe(code);
  });

  it("may close without a code", async () => {
    const { peer, wire } = await opened(sending(frame({ opcode: 8 })));
    expect(await peer.closed).toMatchObject({
      code: 1005,
      clean: true,
      initiator: "remote",
      phase: "closed",
    });
    expect(closeCodeIn(wire)).toBeUndefined();
  });
});

describe("compression", () => {
  const agreed = "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover";
  const options = { compression: true };
  /** RFC 7692 §7.2.1: the bytes at the end of a flush, which are not sent. */
  const TAIL = 4;
  const packed = (payload: string | Uint8Array): Uint8Array =>
    deflateRawSync(payload, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -TAIL);
  const compressed = (payload: Uint8Array, rest: object = {}) =>
    frame({ opcode: 1, rsv: 4, payload, ...rest });
  /** With the agreement that the client has offered. */
  const agreeing = (...parts: readonly Uint8Array[]): Script =>
    answering((accept) => switching(accept, agreed), ...parts);
  /** Half a gigabyte of zeros in half a megabyte: what a megabyte of them comes to, again and again. */
  const megabyte = deflateRawSync(new Uint8Array(1024 * 1024), { finishFlush: constants.Z_SYNC_FLUSH });
  const bomb = concat(...Array.from({ length: 512 }, () => megabyte)).subarray(0, -TAIL);

  it("works with a server that keeps to it", async () => {
    const { peer, told } = await opened(agreeing(compressed(packed("hello")), closing(1000)), options);
    expect(await peer.closed).toMatchObject({ code: 1000, clean: true });
    expect(told).toEqual(["hello"]);
  });

  it.each([
    [
      "that inflates to half a gigabyte",
      [frame({ opcode: 2, rsv: 4, payload: bomb })],
      "decoded-message-too-big",
    ],
    [
      "that does so in many fragments",
      [
        frame({ opcode: 2, rsv: 4, fin: false, payload: bomb.subarray(0, 100) }),
        ...numbers(1, 100).map((n) =>
          frame({ opcode: 0, fin: n === 100, payload: bomb.subarray(100 * n, 100 * n + 100) }),
        ),
      ],
      "decoded-message-too-big",
    ],
    ["that is no DEFLATE", [compressed(hex("ff ff ff"))], "corrupt-message"],
    ["that refers to what never was", [compressed(hex("03 c0 00 00"))], "corrupt-message"],
    ["with a stored block of a wrong length", [compressed(hex("00 05 00 00 00 61"))], "corrupt-message"],
    [
      "that stops within a block",
      [compressed(packed("hello hello hello").subarray(0, 4))],
      "truncated-message",
    ],
    ["whose text is not UTF-8", [compressed(packed(hex("ff fe")))], "invalid-utf8"],
    [
      "that says so of a later fragment",
      [compressed(packed("x"), { fin: false }), frame({ opcode: 0, rsv: 4 })],
      "reserved-bit-on-continuation",
    ],
    ["that is a Ping", [frame({ opcode: 9, rsv: 4 })], "reserved-bit-on-control-frame"],
    ["with RSV2 beside it", [compressed(packed("x"), { rsv: 6 })], "reserved-bit"],
  ] as [string, Uint8Array[], Rule][])(
    "of a message %s fails the connection",
    async (_title, parts, rule) => {
      const { peer, told, wire } = await opened(agreeing(...parts), options);
      const closed = await peer.closed;
      expect(closed).toMatchObject({ code: 1006, clean: false, initiator: "local", phase: "closing" });
      expect(closed.error?.rule).toBe(rule);
      expect(told).toEqual([]);
      expect(closeCodeIn(wire)).toBe(closed.error?.code);
    },
  );

  it("of a bomb costs no more memory than a message may have", async () => {
    const { peer } = await opened(async (wire) => {
      const { accept } = await wire.request();
      wire.write(switching(accept, agreed));
      await wire.frame(1);
      wire.write(frame({ opcode: 2, rsv: 4, payload: bomb }));
      await wire.frame(8);
      wire.end();
    }, options);
    // The most that the process has ever had, in KiB.
    const before = process.resourceUsage().maxRSS;
    peer.send("now");
    expect((await peer.closed).error?.rule).toBe("decoded-message-too-big");
    expect(process.resourceUsage().maxRSS - before).toBeLessThan(32 * 1024);
  });
});

describe("a server that answers well", () => {
  it("may send frames in the same packet as its head", async () => {
    const { peer, told } = await opened(sending(text("one"), text("two"), closing(1000)));
    expect(await peer.closed).toMatchObject({ code: 1000 });
    expect(told).toEqual(["one", "two"]);
  });

  it("may send everything one byte at a time", async () => {
    const { peer, told } = await opened(async (wire) => {
      const { accept } = await wire.request();
      await wire.trickle(switching(accept));
      await wire.trickle(concat(text("one"), frame({ opcode: 2, payload: "xyz" }), closing(4000, "bye")));
      await wire.frame(8);
      wire.end();
    });
    expect(await peer.closed).toMatchObject({ code: 4000, reason: "bye", clean: true });
    expect(told).toEqual(["one", "3 bytes"]);
  });

  it.each([
    ["100 Continue", 1],
    ["103 Early Hints", 8],
  ])("may say %s first, up to eight times", async (status, times) => {
    const interim = lines(`HTTP/1.1 ${status}`, "Link: </x>").repeat(times);
    const { peer } = await opened(answering((accept) => interim + switching(accept), closing(1000)));
    expect(await peer.closed).toMatchObject({ code: 1000 });
  });

  it.each([
    ["in other letters", ["UPGRADE: WebSocket", "connection: UPGRADE", "sec-websocket-accept: ACCEPT"]],
    [
      "with other options of the connection",
      ["Upgrade: websocket", "Connection: keep-alive, Upgrade", "Sec-WebSocket-Accept: ACCEPT"],
    ],
    [
      "in two lines",
      ["Upgrade: websocket", "Connection: x", "Connection: Upgrade", "Sec-WebSocket-Accept: ACCEPT"],
    ],
    [
      "with white space around",
      ["Upgrade: \t websocket \t", "Connection: Upgrade", "Sec-WebSocket-Accept:ACCEPT  "],
    ],
    [
      "with an empty length",
      ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Accept: ACCEPT", "Content-Length: 0"],
    ],
  ])("may say so %s", async (_title, answer) => {
    const head = lines("HTTP/1.1 101 Hello", ...answer);
    const { peer } = await opened(answering((accept) => head.replace("ACCEPT", accept), closing(1000)));
    expect(await peer.closed).toMatchObject({ code: 1000 });
  });

  it("may give no reason phrase", async () => {
    const terse = (accept: string): string => switching(accept).replace(" Switching Protocols", " ");
    const { peer } = await opened(answering(terse, closing(1000)));
    expect(await peer.closed).toMatchObject({ code: 1000 });
  });

  it("is answered its Pings, each with its own bytes", async () => {
    const { peer, wire } = await opened(
      sending(
        frame({ opcode: 9, payload: "a" }),
        frame({ opcode: 9, payload: "x".repeat(125) }),
        closing(1000),
      ),
    );
    expect(await peer.closed).toMatchObject({ code: 1000 });
    const pongs = wire.frames.filter(({ opcode }) => opcode === 10);
    expect(pongs.map(({ payload, masked }) => [payload.length, masked])).toEqual([
      [1, true],
      [125, true],
    ]);
  });

  it("may send Pongs that nobody asked for", async () => {
    const { peer, told, wire } = await opened(sending(frame({ opcode: 10, payload: "x" }), closing(1000)));
    expect(await peer.closed).toMatchObject({ code: 1000 });
    expect(told).toEqual(["Pong: 1 bytes"]);
    expect(wire.frames.map(({ opcode }) => opcode)).toEqual([8]);
  });

  it("may cut a message into a hundred thousand empty fragments", async () => {
    const empty = frame({ opcode: 0, fin: false });
    const fragments = concat(...Array.from({ length: 100_000 }, () => empty));
    const { peer, told } = await opened(
      sending(text("a", { fin: false }), fragments, frame({ opcode: 0, payload: "b" }), closing(1000)),
    );
    expect(await peer.closed).toMatchObject({ code: 1000 });
    expect(told).toEqual(["ab"]);
  });
});

describe("a connection", () => {
  const broken = { code: 1006, reason: "", clean: false, initiator: "transport", phase: "open" };
  const halfClosed = { ...broken, initiator: "local", phase: "closing" };

  it.each([
    ["at once", []],
    ["behind a message", [text("x")]],
    ["within a header", [hex("81")]],
    ["within a payload", [text("hello").subarray(0, 4)]],
    ["within a message", [text("x", { fin: false })]],
    ["within a Close", [closing(1000).subarray(0, 3)]],
  ])("that ends %s has ended without a Close", async (_title, parts) => {
    const { peer } = await opened(async (wire) => {
      await wire.open(...parts);
      wire.end();
    });
    expect(await peer.closed).toEqual(broken);
  });

  it.each([
    ["at once", new Uint8Array(0)],
    ["within a frame", text("hello").subarray(0, 4)],
  ])("[RFC6455-7.2.1-02] that is reset %s has ended without a Close", async (_title, part) => {
    const { peer } = await opened(async (wire) => {
      await wire.open(part);
      await wire.frame(1);
      wire.reset();
    });
    peer.send("ready");
    expect(await peer.closed).toMatchObject({ ...broken, cause: { code: "ECONNRESET" } });
  });

  it("that is reset while it closes has not closed", async () => {
    const { peer } = await opened(async (wire) => {
      await wire.open();
      await wire.frame(8);
      wire.reset();
    });
    peer.close(4000);
    const cause = { code: "ECONNRESET" };
    expect(await peer.closed).toMatchObject({ ...halfClosed, cause });
  });

  it("that is ended while it closes has not closed", async () => {
    const { peer } = await opened(async (wire) => {
      await wire.open();
      await wire.frame(8);
      wire.end();
    });
    peer.close(4000);
    expect(await peer.closed).toEqual(halfClosed);
  });

  /** What it comes to when nothing happens but that the time for closing is over. */
  const afterCloseTimeout = async (peer: Peer): Promise<PeerClosed> => {
    for (let i = 0; i < 5; i++) await turn();
    expect(peer.state).toBe("closing");
    now.clock.advance(10 * SECOND + TICK);
    return peer.closed;
  };
  const cause = { message: "closeTimeout: the closing handshake did not end in time" };

  it("whose server never answers the Close is not waited for", async () => {
    const { peer } = await opened((wire) => wire.open());
    peer.close();
    expect(await afterCloseTimeout(peer)).toMatchObject({ ...halfClosed, cause });
  });

  it("whose server sends on instead of answering the Close is not waited for", async () => {
    const { peer } = await opened(async (wire) => {
      await wire.open();
      await wire.flood(text("x".repeat(1000)));
    });
    peer.close();
    expect(await afterCloseTimeout(peer)).toMatchObject({ ...halfClosed, cause });
  });

  it("whose server does not read while we close is not waited for", async () => {
    const { peer } = await opened(async (wire) => {
      await wire.open();
      wire.socket.pause();
    });
    while (peer.bufferedAmount === 0) {
      peer.send(new Uint8Array(512 * 1024));
      await turn();
    }
    peer.close();
    expect(await afterCloseTimeout(peer)).toMatchObject({ ...halfClosed, cause });
  });

  it("[RFC6455-5.5.1-15] whose server answers the Close, but keeps TCP open, is not waited for; it has closed", async () => {
    const { peer } = await opened(async (wire) => {
      await wire.open();
      await wire.frame(8);
      wire.write(closing(1000));
    });
    peer.close();
    expect(await afterCloseTimeout(peer)).toMatchObject({
      code: 1000,
      clean: true,
      initiator: "local",
      cause,
    });
  });

  it("[RFC6455-7.1.1-04] whose server closes, but keeps TCP open, is not waited for; it has closed", async () => {
    const { peer } = await opened((wire) => wire.open(closing(1001)));
    expect(await afterCloseTimeout(peer)).toMatchObject({ code: 1001, clean: true, initiator: "remote" });
  });

  it("that we have failed is not waited for, although the server keeps its half of TCP open", async () => {
    const { peer, wire } = await opened(async (wire) => {
      wire.socket.allowHalfOpen = true;
      await wire.open(frame({ opcode: 3 }));
    });
    const closed = await afterCloseTimeout(peer);
    expect(closed).toMatchObject({ ...halfClosed, cause });
    expect(closed.error?.rule).toBe("unknown-opcode");
    wire.end();
  });

  it("[WHATWG-WS-5-01] whose server is silent is asked for a sign of life, and given up without one", async () => {
    const { peer, wire } = await opened((wire) => wire.open(), { heartbeat: {} });
    now.clock.advance(25 * SECOND + 2 * TICK);
    await wire.frame(9);
    now.clock.advance(20 * SECOND + 2 * TICK);
    expect(await peer.closed).toMatchObject({
      ...broken,
      cause: { message: "heartbeat: the peer did not answer a Ping" },
    });
  });

  it("whose server sends Pings, but does not read, costs no more memory than a slow one", async () => {
    const { peer } = await opened(async (wire) => {
      await wire.open();
      wire.socket.pause();
      await wire.flood(frame({ opcode: 9, payload: "x".repeat(125) }));
    });
    let most = 0;
    await until(() => {
      most = Math.max(most, peer.bufferedAmount);
      return peer.bufferedAmount > 1024 * 1024;
    }, "the network takes no more Pongs");
    // It stops reading, so what the flood can bring is what one read of the socket brings.
    for (let i = 0; i < 100; i++) {
      await turn();
      most = Math.max(most, peer.bufferedAmount);
    }
    expect(most).toBeLessThan(1.25 * 1024 * 1024);
    expect(peer.state).toBe("open");
    peer.terminate();
    await peer.closed;
  });
});
