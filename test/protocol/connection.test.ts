import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Connection } from "../../src/protocol/connection.ts";
import type { Closed, Event } from "../../src/protocol/contract.ts";
import { Decoded } from "../../src/protocol/extension.ts";
import type { Role } from "../../src/protocol/frame.ts";
import { borrowReader, giveReaderBack } from "../../src/protocol/message-reader.ts";
import { borrowWriter, giveWriterBack } from "../../src/protocol/message-writer.ts";
import { peers } from "../../src/protocol/peers.ts";
import { NO_EXTENSIONS } from "../../src/protocol/pipeline.ts";
import { bytesOf, concat, frame, frameTo, hex, readFrames } from "../helpers/frames.ts";
import { receiveEveryWay, recorder } from "../helpers/receive.ts";

const roles: Role[] = ["server", "client"];
const NOTHING = new Uint8Array(0);

const close = (code?: number, reason = "") =>
  code === undefined ? NOTHING : concat(Uint8Array.of(code >> 8, code & 0xff), bytesOf(reason));

function codeOf(payload: Uint8Array): number | undefined {
  return payload.length < 2 ? undefined : payload[0]! * 256 + payload[1]!;
}

describe.each(roles)("a %s", (role) => {
  const to = (rest: Parameters<typeof frameTo>[1]) => frameTo(role, rest);

  it("[RFC6455-6.2-01] [RFC6455-6.2-03] [RFC6455-6.2-05] announces messages in the order in which they came", () => {
    const bytes = concat(
      to({ opcode: 1, payload: "one" }),
      to({ opcode: 2, payload: hex("02") }),
      to({ opcode: 10 }),
    );
    expect(receiveEveryWay(role, bytes).events).toEqual([
      { type: "text", data: "one" },
      { type: "binary", data: hex("02") },
      { type: "pong", data: NOTHING },
    ]);
  });

  it("[RFC6455-5.5.2-02] [RFC6455-5.5.3-01] [RFC6455-5.5.2-01] [RFC6455-5.5.2-03] [RFC6455-5.5.3-02] [RFC6455-6.2-02] answers each Ping with a Pong that carries the same data", () => {
    const pings = [..."0123456789"].map((digit) => to({ opcode: 9, payload: `payload-${digit}` }));
    const { sent, events } = receiveEveryWay(role, concat(...pings));
    expect(sent.map(({ opcode, payload }) => [opcode, new TextDecoder().decode(payload)])).toEqual(
      [..."0123456789"].map((digit) => [10, `payload-${digit}`]),
    );
    expect(events).toHaveLength(10);
  });

  it("[RFC6455-5.5.3-03] does not answer a Pong", () => {
    expect(receiveEveryWay(role, to({ opcode: 10, payload: "unasked" })).sent).toEqual([]);
  });

  it("[RFC6455-5.5.1-07] [RFC6455-5.5.1-08] [RFC6455-5.5.1-09] [RFC6455-7.1.4-01] answers a Close with its code, and says who began", () => {
    const { sent, events, ends } = receiveEveryWay(
      role,
      to({ opcode: 8, payload: close(3000, "bye") }),
      {},
      { end: true },
    );
    expect(sent).toEqual([{ fin: true, rsv: 0, opcode: 8, masked: role === "client", payload: close(3000) }]);
    expect(events).toEqual([
      { type: "close", close: { code: 3000, reason: "bye", clean: true, initiator: "remote" } },
    ]);
    expect(ends).toBe(1);
  });

  it("[RFC6455-7.1.5-01] reports 1005 for a Close without a code, and answers with none", () => {
    const { sent, events } = receiveEveryWay(role, to({ opcode: 8 }), {}, { end: true });
    expect(sent[0]!.payload).toEqual(NOTHING);
    expect(events).toEqual([
      { type: "close", close: { code: 1005, reason: "", clean: true, initiator: "remote" } },
    ]);
  });

  it("[RFC6455-7.1.6-01] [RFC6455-7.1.2-01] [RFC6455-7.1.3-01] reports the code and reason of the peer's answer to its own Close", () => {
    const { connection, events, outcome } = recorder(role);
    connection.close(1001, "going");
    connection.close(1000);
    expect(connection.state).toBe("closing");
    connection.receive(to({ opcode: 8, payload: close(1001, "gone") }));
    connection.receiveEnd();
    expect(outcome().sent).toHaveLength(1);
    expect(outcome().sent[0]!.payload).toEqual(close(1001, "going"));
    expect(events).toEqual([
      { type: "close", close: { code: 1001, reason: "gone", clean: true, initiator: "local" } },
    ]);
  });

  it("[RFC6455-5.5.2-02] still owes a Pong to a Ping that crosses its own Close, and still delivers", () => {
    const { connection, outcome } = recorder(role);
    connection.close(1000);
    connection.receive(concat(to({ opcode: 9, payload: "there?" }), to({ opcode: 1, payload: "late" })));
    expect(outcome().sent.map(({ opcode }) => opcode)).toEqual([8, 10]);
    expect(outcome().events).toContainEqual({ type: "text", data: "late" });
  });

  it("[RFC6455-7.1.5-01] [RFC6455-7.1.4-01] reports 1006 when the transport ends without a Close", () => {
    const { events, ends, sent } = receiveEveryWay(role, to({ opcode: 1, payload: "x" }), {}, { end: true });
    expect(events.at(-1)).toEqual({
      type: "close",
      close: { code: 1006, reason: "", clean: false, initiator: "transport" },
    });
    expect(sent).toEqual([]);
    expect(ends).toBe(1);
  });

  it("reports 1006 and itself as initiator when nobody answered its Close", () => {
    const { connection, events } = recorder(role);
    connection.close(4000, "now");
    connection.receiveEnd();
    expect(events).toEqual([
      { type: "close", close: { code: 1006, reason: "", clean: false, initiator: "local" } },
    ]);
    expect(connection.closed).toEqual((events[0] as { close: Closed }).close);
  });

  it("[RFC6455-5.5.2-02] ignores everything behind a Close frame", () => {
    const bytes = concat(
      to({ opcode: 8, payload: close(1000) }),
      to({ opcode: 9 }),
      to({ opcode: 1, payload: "x" }),
      hex("ff"),
    );
    const { events, sent } = receiveEveryWay(role, bytes, {}, { end: true });
    expect(events).toHaveLength(1);
    expect(sent).toHaveLength(1);
  });

  it("[RFC6455-7.1.7-05] [RFC6455-7.1.7-07] [RFC6455-7.1.7-02] [RFC6455-10.7-03] fails with a Close that names the rule, and hears nothing any more", () => {
    const bytes = concat(
      to({ opcode: 1, payload: "good" }),
      to({ opcode: 3 }),
      to({ opcode: 9 }),
      to({ opcode: 8, payload: close(1000) }),
    );
    const { events, sent, ends } = receiveEveryWay(role, bytes, {}, { end: true });
    expect(events[0]).toEqual({ type: "text", data: "good" });
    expect(events).toHaveLength(2);
    const { close: closed } = events[1] as { close: Closed };
    expect(closed).toMatchObject({
      code: 1006,
      clean: false,
      initiator: "local",
      error: { rule: "unknown-opcode", code: 1002 },
    });
    expect(sent).toHaveLength(1);
    expect(sent[0]!.payload).toEqual(close(1002, "unknown-opcode"));
    expect(ends).toBe(1);
  });

  it("writes no second Close when the peer breaks a rule after it has sent its own", () => {
    const { connection, outcome } = recorder(role);
    connection.close(1000);
    connection.receive(to({ opcode: 8, payload: hex("03") }));
    connection.receiveEnd();
    expect(outcome().sent).toHaveLength(1);
    expect(outcome().ends).toBe(1);
    expect(connection.closed).toMatchObject({
      code: 1006,
      initiator: "local",
      error: { rule: "close-payload-of-one-byte" },
    });
  });

  it.each([0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535])(
    "[RFC6455-7.4.1-06] refuses close code %d with 1002",
    (code) => {
      expect(codeOf(receiveEveryWay(role, to({ opcode: 8, payload: close(code) })).sent[0]!.payload)).toBe(
        1002,
      );
    },
  );

  it.each([1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999])(
    "[RFC6455-5.5.1-08] [RFC6455-7.4.1-02] echoes close code %d",
    (code) => {
      expect(codeOf(receiveEveryWay(role, to({ opcode: 8, payload: close(code) })).sent[0]!.payload)).toBe(
        code,
      );
    },
  );

  it("answers a good frame before it refuses a bad one behind it in the same chunk", () => {
    const record = recorder(role, {}, { onText: (data) => record.connection.sendText(data) });
    record.connection.receive(
      concat(to({ opcode: 1, payload: "Hello" }), to({ opcode: 1, rsv: 2 }), to({ opcode: 9 })),
    );
    expect(record.outcome().sent.map(({ opcode }) => opcode)).toEqual([1, 8]);
    expect(record.written).toHaveLength(1);
  });

  it("[RFC6455-2.1-01] sends everything that one chunk caused in one write", () => {
    const record = recorder(role, {}, { onText: (data) => record.connection.sendText(data) });
    record.connection.receive(
      concat(...Array(100).fill(concat(to({ opcode: 1, payload: "x" }), to({ opcode: 9 })))),
    );
    expect(record.written).toHaveLength(1);
    expect(record.outcome().sent).toHaveLength(200);
  });

  it("[RFC6455-5.5.1-06] [RFC6455-6.1-02] [RFC6455-6.1-03] sends nothing, and says so, when it is not open any more", () => {
    const { connection, outcome } = recorder(role);
    connection.close(1000);
    expect([
      connection.sendText("x"),
      connection.sendBinary(NOTHING),
      connection.sendUtf8(NOTHING),
      connection.sendTextPiece("x", true),
      connection.sendBinaryPiece(NOTHING, true),
      connection.ping(),
      connection.pong(),
    ]).toEqual(Array(7).fill(false));
    connection.receiveEnd();
    connection.receiveEnd();
    connection.receive(hex("ff"));
    connection.close(1000);
    connection.flush();
    expect(outcome().sent).toHaveLength(1);
    expect(outcome().events).toHaveLength(1);
    expect(connection.state).toBe("closed");
  });

  it("[RFC6455-5.1-01] [RFC6455-5.1-04] [RFC6455-5.5.1-05] [RFC6455-5.4-02] [RFC6455-5.5-02] [RFC6455-6.1-08] masks all its frames as a client, none as a server", () => {
    const { connection, outcome } = recorder(role);
    connection.sendText("text");
    connection.sendBinary(Uint8Array.of(1));
    connection.sendUtf8(bytesOf("é"));
    connection.ping(Uint8Array.of(2));
    connection.pong(Uint8Array.of(3));
    connection.sendTextPiece("a", false);
    connection.sendTextPiece("b", true);
    connection.close(1000);
    const { sent } = outcome();
    expect(sent.map(({ opcode, fin }) => [opcode, fin])).toEqual([
      [1, true],
      [2, true],
      [1, true],
      [9, true],
      [10, true],
      [1, false],
      [0, true],
      [8, true],
    ]);
    expect(new Set(sent.map(({ masked }) => masked))).toEqual(new Set([role === "client"]));
  });

  it("delivers text as validated bytes when asked to", () => {
    const bytes = concat(to({ opcode: 1, payload: "né" }), to({ opcode: 1, payload: hex("c3") }));
    const { events } = receiveEveryWay(role, bytes, { text: "utf8" }, { end: true });
    expect(events[0]).toEqual({ type: "utf8", data: bytesOf("né") });
    expect(events[1]).toMatchObject({ type: "close", close: { error: { rule: "invalid-utf8" } } });
  });

  it("delivers messages in pieces when asked to", () => {
    const { connection, events } = recorder(role, { pieces: true });
    const bytes = concat(to({ opcode: 1, fin: false, payload: "ab" }), to({ opcode: 0, payload: "c" }));
    connection.receive(bytes.slice(0, -1));
    connection.receive(bytes.slice(-1));
    expect(
      events.map((event) => (event.type === "piece" ? [event.of, event.data.length, event.last] : event)),
    ).toEqual([
      ["text", 2, false],
      ["text", 1, true],
    ]);
    const [event] = [
      ...new Connection(role, { write() {}, end() {} }, { pieces: true }).events(
        to({ opcode: 2, payload: "x" }),
      ),
    ];
    expect(event).toEqual({ type: "piece", of: "binary", data: bytesOf("x"), last: true });
  });

  it("needs no announcement to be listened to", () => {
    const connection = new Connection(role, { write() {}, end() {} }, { pieces: role === "client" });
    const all = concat(...[1, 2, 9, 10, 8].map((opcode) => to({ opcode })));
    connection.receive(all);
    connection.receiveEnd();
    expect(connection.closed?.clean).toBe(true);
    const relay = new Connection(role, { write() {}, end() {} }, { text: "utf8" });
    relay.receive(to({ opcode: 1 }));
    expect(relay.state).toBe("open");
  });
});

describe("who ends TCP", () => {
  it("[RFC6455-5.5.1-13] [RFC6455-7.1.1-03] [RFC6455-5.5.1-12] [RFC6455-7.1.1-05] [RFC6455-7.1.2-02] [RFC6455-7.1.3-01] is the server, at once, when both have sent Close", () => {
    expect(receiveEveryWay("server", frameTo("server", { opcode: 8 })).ends).toBe(1);
    const { connection, outcome } = recorder("server");
    connection.close(1000);
    expect(outcome().ends).toBe(0);
    connection.receive(frameTo("server", { opcode: 8, payload: close(1000) }));
    expect(recorder("server").outcome().ends).toBe(0);
    expect(connection.state).toBe("closing");
  });

  it("[RFC6455-5.5.1-14] [RFC6455-7.1.1-06] [RFC6455-5.5.1-12] is not the client, which waits for the server", () => {
    expect(receiveEveryWay("client", frameTo("client", { opcode: 8 })).ends).toBe(0);
    expect(receiveEveryWay("client", frameTo("client", { opcode: 8 }), {}, { end: true }).ends).toBe(1);
  });

  it.each(roles)(
    "[RFC6455-7.1.7-01] [RFC6455-7.1.7-03] [RFC6455-7.2.1-01] [RFC6455-10.7-02] is the %s when it fails the connection",
    (role) => {
      expect(receiveEveryWay(role, hex("ff")).ends).toBe(1);
    },
  );
});

describe("a handler that throws", () => {
  it("is the application's to deal with: the exception passes, what was owed is sent, the rest is read later", () => {
    let angry = true;
    const record = recorder(
      "server",
      {},
      {
        onText: () => {
          if (angry) throw new Error("application");
        },
      },
    );
    const chunk = concat(
      frameTo("server", { opcode: 9 }),
      frameTo("server", { opcode: 1, payload: "1" }),
      frameTo("server", { opcode: 1, payload: "2" }),
    );
    expect(() => record.connection.receive(chunk)).toThrow("application");
    expect(record.outcome().sent.map(({ opcode }) => opcode)).toEqual([10]);
    angry = false;
    record.connection.receive(frameTo("server", { opcode: 1, payload: "3" }));
    expect(record.events.slice(1)).toEqual(["1", "2", "3"].map((data) => ({ type: "text", data })));
  });

  it("loses nothing when the transport ends before anything else comes", () => {
    let angry = true;
    const record = recorder(
      "server",
      {},
      {
        onText: () => {
          if (angry) throw new Error("application");
        },
      },
    );
    const chunk = concat(
      frameTo("server", { opcode: 1, payload: "1" }),
      frameTo("server", { opcode: 1, payload: "2" }),
    );
    expect(() => record.connection.receive(chunk)).toThrow("application");
    angry = false;
    record.connection.receiveEnd();
    expect(record.events.map(({ type }) => type)).toEqual(["text", "text", "close"]);
  });
});

describe("reading from inside a handler", () => {
  it("is refused, since events have an order", () => {
    const record = recorder("client", {}, { onText: () => record.connection.receive(hex("8100")) });
    expect(() => record.connection.receive(hex("8100"))).toThrow(
      "receive: this connection is being read already",
    );
    const events = recorder("client").connection.events(hex("81008100"));
    events.next();
    const record2 = recorder("client", {}, { onText: () => void [...record2.connection.events()] });
    expect(() => record2.connection.receive(hex("8100"))).toThrow(
      "events: this connection is being read already",
    );
  });

  it("lets the transport end: the close comes after what was read before", () => {
    const record = recorder("client", {}, { onText: () => record.connection.receiveEnd() });
    record.connection.receive(hex("8100 8100"));
    expect(record.events.map(({ type }) => type)).toEqual(["text", "text", "close"]);
  });
});

describe("the moment of an event", () => {
  it("is over before the end of the transport is told", () => {
    const order: string[] = [];
    const connection = new Connection("client", {
      write() {},
      end() {},
      onText() {
        connection.receiveEnd();
        order.push("text");
      },
      onClose: () => void order.push("close"),
    });
    connection.receive(hex("8100"));
    expect(order).toEqual(["text", "close"]);
  });

  it("lasts, where it was pulled, until the next is pulled: no bytes are taken meanwhile", () => {
    const { connection } = recorder("client");
    const events = connection.events(hex("8100 8100"));
    events.next();
    expect(() => connection.receive(hex("8100"))).toThrow("receive: this connection is being read already");
    expect(() => connection.events(hex("8100")).next()).toThrow(
      "events: this connection is being read already",
    );
    expect([...events].map(({ type }) => type)).toEqual(["text"]);
  });

  it("that is the last comes once, however often it is asked for", () => {
    let told = 0;
    const connection = new Connection("client", { write() {}, end() {}, onClose: () => void told++ });
    connection.receiveEnd();
    const { closed } = connection;
    for (let time = 0; time < 3; time++) void [...connection.events()];
    connection.receiveEnd();
    expect(told).toBe(1);
    expect(connection.closed).toBe(closed);
  });

  it("may lie inside of a write: the transport ends behind the Close all the same", () => {
    const order: (number | string)[] = [];
    const connection = new Connection("server", {
      write(bytes) {
        order.push(...readFrames(bytes).map(({ opcode }) => opcode));
        if (order.length === 1) connection.receive(hex("8380 00000000"));
      },
      end: () => void order.push("end"),
    });
    connection.sendText("a");
    expect(order).toEqual([1, 8, "end"]);
  });
});

describe("pulled events", () => {
  it("may be left in the middle; the next pull goes on from there", () => {
    const { connection } = recorder("client");
    for (const event of connection.events(hex("8101 61 8101 62 8101 63"))) {
      expect(event).toEqual({ type: "text", data: "a" });
      break;
    }
    expect([...connection.events(hex("8101 64"))].map((event) => (event as { data: string }).data)).toEqual([
      "b",
      "c",
      "d",
    ]);
  });

  it("go on after the transport has ended, and the close comes last, once", () => {
    const { connection } = recorder("client");
    for (const _ of connection.events(hex("8101 61 8101 62"))) break;
    connection.receiveEnd();
    expect(connection.state).toBe("open");
    expect([...connection.events()].map(({ type }) => type)).toEqual(["text", "close"]);
    expect([...connection.events()]).toEqual([]);
  });

  it("notice that the transport ended while they were being read", () => {
    const { connection } = recorder("client");
    const types: string[] = [];
    for (const event of connection.events(hex("8101 61 8101 62"))) {
      connection.receiveEnd();
      types.push(event.type);
    }
    expect(types).toEqual(["text", "text", "close"]);
  });

  it("left in the middle, after the transport ended, are still there for the next pull", () => {
    const { connection } = recorder("client");
    for (const _ of connection.events(hex("8101 61 8101 62"))) {
      connection.receiveEnd();
      break;
    }
    expect(connection.state).toBe("open");
    expect([...connection.events()].map(({ type }) => type)).toEqual(["text", "close"]);
  });

  it("send what is owed before the caller sees the event", () => {
    const { connection, outcome } = recorder("client");
    const events = connection.events(hex("8901 61 8901 62"));
    events.next();
    expect(outcome().sent).toHaveLength(1);
    connection.sendText("now");
    expect(outcome().sent.map(({ opcode }) => opcode)).toEqual([10, 1]);
  });
});

describe("sending", () => {
  it("[RFC6455-5.3-02] takes a client's masking keys from the source it was given, one after the other", () => {
    let byte = 0;
    const random = (bytes: Uint8Array): void => bytes.forEach((_, at) => void (bytes[at] = byte++));
    const keys: number[][] = [];
    const write = (bytes: Uint8Array): void => void keys.push([...bytes.subarray(2, 6)]);
    const connection = new Connection("client", { write, end() {} }, { random });
    for (let time = 0; time < 3; time++) connection.sendText("a");
    expect(keys).toEqual([
      [0, 1, 2, 3],
      [4, 5, 6, 7],
      [8, 9, 10, 11],
    ]);
  });

  it("[RFC6455-6.1-10] leaves at once when nothing schedules it, and once per turn when something does", () => {
    const direct = recorder("server");
    direct.connection.sendText("a");
    direct.connection.sendText("b");
    expect(direct.written).toHaveLength(2);

    const waiting: { flush(): void }[] = [];
    const scheduled = recorder("server", { schedule: (connection) => waiting.push(connection) });
    scheduled.connection.sendText("a");
    scheduled.connection.sendText("b");
    expect(scheduled.written).toHaveLength(0);
    expect(waiting).toEqual([scheduled.connection]);
    waiting.pop()!.flush();
    expect(scheduled.written).toHaveLength(1);
    scheduled.connection.sendText("c");
    expect(waiting).toHaveLength(1);
  });

  it("keeps scheduled output in front of what the next chunk causes", () => {
    const record = recorder("server", { schedule: () => {} });
    record.connection.sendText("first");
    record.connection.receive(frameTo("server", { opcode: 9 }));
    expect(record.outcome().sent.map(({ opcode }) => opcode)).toEqual([1, 10]);
  });

  it("ends the transport only after the scheduled Close has left", () => {
    const order: string[] = [];
    const handler = { write: () => void order.push("write"), end: () => void order.push("end") };
    const connection = new Connection("server", handler, { schedule: () => {} });
    connection.close(1000);
    connection.receive(frameTo("server", { opcode: 8, payload: close(1000) }));
    expect(order).toEqual(["write", "end"]);
  });

  it("writes nothing when the transport has ended, though it was scheduled before", () => {
    const waiting: { flush(): void }[] = [];
    const { connection, written } = recorder("server", { schedule: (one) => waiting.push(one) });
    connection.sendText("late");
    connection.receiveEnd();
    for (const one of waiting) one.flush();
    expect(waiting).toHaveLength(1);
    expect(written).toEqual([]);
  });

  it("[RFC6455-5.4-04] [RFC6455-5.4-12] a message in pieces allows control frames in between, but no other message", () => {
    const { client, server, settle } = peers();
    client.sendTextPiece("Hel", false);
    client.ping();
    expect(() => client.sendText("other")).toThrow("a message in pieces is under way");
    expect(() => client.sendBinary(NOTHING)).toThrow("a message in pieces is under way");
    expect(() => client.sendUtf8(NOTHING)).toThrow("a message in pieces is under way");
    expect(() => client.sendBinaryPiece(NOTHING, true)).toThrow("cannot change between text and binary");
    client.sendTextPiece("", false);
    client.sendTextPiece("lo", true);
    client.sendText("next");
    expect(settle().server).toEqual([
      { type: "ping", data: NOTHING },
      { type: "text", data: "Hello" },
      { type: "text", data: "next" },
    ]);
    expect(server.state).toBe("open");
  });

  it("of a text in pieces keeps the characters that were cut between two of them", () => {
    const { server, settle } = peers();
    for (const unit of "a😀b") server.sendTextPiece(unit, false);
    server.sendTextPiece("😀"[0]!, false);
    server.sendTextPiece("😀"[1]!, false);
    server.sendTextPiece("", true);
    server.sendTextPiece("😀"[0]!, true);
    expect(settle().client).toEqual([
      { type: "text", data: "a😀b😀" },
      { type: "text", data: "\ufffd" },
    ]);
  });

  it("replaces what UTF-8 cannot express", () => {
    const { server, settle } = peers();
    server.sendText("a\ud800b");
    expect(settle().client).toEqual([{ type: "text", data: "a\ufffdb" }]);
  });
});

describe("what is lent to a connection", () => {
  const settings = { maxMessageSize: 100, maxFrameSize: 100, textAsBytes: false, pieces: false };
  const output = { write() {}, end() {} };

  it("is its own until it is given back, whatever others do meanwhile", () => {
    const [one, other] = [0, 1].map(() => recorder("server", { schedule: () => {} }));
    one!.connection.sendText("1");
    one!.connection.flush();
    other!.connection.sendText("2");
    one!.connection.sendText("3");
    other!.connection.flush();
    one!.connection.flush();
    const texts = (record: typeof one) =>
      record!.outcome().sent.map(({ payload }) => new TextDecoder().decode(payload));
    expect([texts(one), texts(other)]).toEqual([["1", "3"], ["2"]]);
  });

  it.each(roles)("is kept as long as anything is under way that arrives at a %s", (role) => {
    const bytes = concat(
      frameTo(role, { opcode: 1, fin: false, payload: "ab" }),
      frameTo(role, { opcode: 9, payload: "?" }),
      frameTo(role, { opcode: 0, payload: "cd" }),
      frameTo(role, { opcode: 2, payload: "e" }),
    );
    const whole = frameTo(role, { opcode: 1, payload: "x" });
    for (let cut = 0; cut <= bytes.length; cut++) {
      const [one, other] = [recorder(role), recorder(role)];
      one.connection.receive(bytes.slice(0, cut));
      other.connection.receive(whole.slice());
      one.connection.receive(bytes.slice(cut));
      expect(other.events).toEqual([{ type: "text", data: "x" }]);
      expect(one.events).toEqual([
        { type: "ping", data: bytesOf("?") },
        { type: "text", data: "abcd" },
        { type: "binary", data: bytesOf("e") },
      ]);
    }
  });

  it("knows the limit of each that it is lent to", () => {
    const rules = [100, 10, 100, 10].map((maxMessageSize) => {
      const { connection, outcome } = recorder("client", { maxMessageSize });
      connection.receive(
        concat(
          ...["abcdef", "ghijkl"].map((payload, at) =>
            frame({ opcode: at === 0 ? 1 : 0, fin: at === 1, payload }),
          ),
        ),
      );
      return outcome().sent.length;
    });
    expect(rules).toEqual([0, 1, 0, 1]);
  });

  it("serves clients and servers in turn: each masks as its role demands", () => {
    const masked: boolean[] = [];
    const write = (bytes: Uint8Array): boolean => {
      masked.push(...readFrames(bytes).map((sent) => sent.masked));
      return true;
    };
    for (const role of ["client", "server", "client", "server"] as const)
      new Connection(role, { write, end() {} }).sendText("a");
    expect(masked).toEqual([true, false, true, false]);
  });

  it("is kept by a connection whose output is behind: no other is taken for slow, and no Pong holds a slab", () => {
    const sizes: Record<string, number[]> = { slow: [], quick: [] };
    const connect = (name: "slow" | "quick"): Connection =>
      new Connection("server", {
        write(bytes) {
          sizes[name]!.push(bytes.buffer.byteLength);
          return name === "quick";
        },
        end() {},
      });
    const [slow, quick] = [connect("slow"), connect("quick")];
    for (let time = 0; time < 3; time++) {
      slow.pong();
      quick.pong();
    }
    expect(sizes).toEqual({ slow: [4096, 2, 2], quick: [4096, 4096, 4096] });
  });

  it("is kept as long as output waits, even inside of a write", () => {
    const heard: string[] = [];
    const hear = (name: string) => (bytes: Uint8Array) => {
      for (const { payload } of readFrames(bytes)) heard.push(`${name} ${new TextDecoder().decode(payload)}`);
    };
    const other = new Connection("server", { write: hear("other"), end() {} });
    const one = new Connection("server", {
      write(bytes) {
        hear("one")(bytes);
        if (heard.length > 1) return;
        one.sendText("2");
        other.sendText("3");
      },
      end() {},
    });
    one.sendText("1");
    expect(heard).toEqual(["one 1", "other 3", "one 2"]);
  });

  it("is kept as long as a message is sent in pieces", () => {
    const sent: Uint8Array[][] = [[], []];
    const [one, other] = sent.map(
      (list) => new Connection("server", { write: (bytes) => list.push(bytes.slice()) > 0, end() {} }),
    );
    one!.sendTextPiece("1", false);
    other!.sendText("2");
    other!.sendBinaryPiece(hex("03"), false);
    one!.sendTextPiece("4", true);
    other!.sendBinaryPiece(hex("05"), true);
    const [frames, others] = sent.map((list) =>
      readFrames(concat(...list)).map(({ fin, opcode }) => [fin, opcode]),
    );
    expect(frames).toEqual([
      [false, 1],
      [true, 0],
    ]);
    expect(others).toEqual([
      [true, 1],
      [false, 2],
      [true, 0],
    ]);
  });

  it("is given back when nothing is under way: a silent connection holds neither reader nor writer", () => {
    const reader = borrowReader("server", NO_EXTENSIONS, settings);
    const writer = borrowWriter(output, undefined, NO_EXTENSIONS);
    giveReaderBack(reader);
    giveWriterBack(writer);
    const connection = new Connection("server", { write: () => true, end() {} });
    connection.receive(frameTo("server", { opcode: 9, payload: "a" }));
    connection.sendText("b");
    expect(borrowReader("server", NO_EXTENSIONS, settings)).toBe(reader);
    expect(borrowWriter(output, undefined, NO_EXTENSIONS)).toBe(writer);
  });
});

describe("an application's mistake throws at the call", () => {
  const handler = { write() {}, end() {} };

  it("[RFC6455-5.5-01] in what it sends", () => {
    const connection = new Connection("server", handler);
    // @ts-expect-error not a string
    expect(() => connection.sendText(7)).toThrow("sendText: data must be a string");
    // @ts-expect-error not bytes
    expect(() => connection.sendBinary("x")).toThrow("sendBinary: data must be a Uint8Array");
    expect(() => connection.sendUtf8(hex("ff"))).toThrow("sendUtf8: data is not valid UTF-8");
    // @ts-expect-error not bytes
    expect(() => connection.sendUtf8("x")).toThrow("sendUtf8: data must be a Uint8Array");
    // @ts-expect-error not a string
    expect(() => connection.sendTextPiece(7, true)).toThrow("sendTextPiece: data must be a string");
    // @ts-expect-error not bytes
    expect(() => connection.sendBinaryPiece("x", true)).toThrow("sendBinaryPiece: data must be a Uint8Array");
    expect(() => connection.ping(new Uint8Array(126))).toThrow("ping: data has 126 bytes");
    expect(() => connection.pong(new Uint8Array(126))).toThrow("pong: data has 126 bytes");
    expect(() => connection.close(1005)).toThrow("close: 1005 may not be sent");
    expect(connection.state).toBe("open");
  });

  it("in text that ends inside a character", () => {
    const { connection, outcome } = recorder("server");
    for (const bytes of ["c3", "e282", "f09f98"])
      expect(() => connection.sendUtf8(hex(bytes))).toThrow("sendUtf8: data is not valid UTF-8");
    expect(outcome().sent).toEqual([]);
  });

  it("in what it receives with", () => {
    // @ts-expect-error not bytes
    expect(() => new Connection("client", handler).receive("x")).toThrow(
      "receive: the chunk must be a Uint8Array",
    );
  });

  it("in how it sets a connection up, naming the option", () => {
    // @ts-expect-error no such role
    expect(() => new Connection("proxy", handler)).toThrow('role: must be "client" or "server"');
    // @ts-expect-error no write
    expect(() => new Connection("client", { end() {} })).toThrow("handler.write: must be a function");
    // @ts-expect-error no end
    expect(() => new Connection("client", { write() {} })).toThrow("handler.end: must be a function");
    const make = (options: object) => () => new Connection("client", handler, options);
    expect(make({ maxMessageSize: -1 })).toThrow("maxMessageSize: must be a whole number of bytes");
    expect(make({ maxFrameSize: 1.5 })).toThrow("maxFrameSize: must be a whole number of bytes");
    expect(make({ maxMessageSize: "1mb" })).toThrow(RangeError);
    expect(make({ text: "latin1" })).toThrow('text: must be "string" or "utf8"');
    expect(make({ pieces: 1 })).toThrow("pieces: must be true or false");
    expect(make({ schedule: true })).toThrow("schedule: must be a function");
    expect(make({ random: true })).toThrow("random: must be a function");
  });
});

describe("any bytes at all", () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    // Likelier to be a frame: a plausible header in front of noise, several times.
    fc
      .array(
        fc.tuple(
          fc.constantFrom(0x81, 0x82, 0x01, 0x00, 0x80, 0x88, 0x89, 0x8a, 0xc1),
          fc.uint8Array({ maxLength: 20 }),
        ),
        { maxLength: 8 },
      )
      .map((frames) =>
        concat(
          ...frames.map(([first, payload]) =>
            frame({ fin: first >= 128, rsv: (first >> 4) & 7, opcode: first & 15, payload }),
          ),
        ),
      ),
  );

  it.each(roles)(
    "[RFC6455-10.7-01] never make a %s throw; it writes one Close at most, and tells of its end exactly once",
    (role) => {
      fc.assert(
        fc.property(bytes, fc.array(fc.nat(60), { maxLength: 4 }), (input, cuts) => {
          const masked =
            role === "server" ? input.map((byte, index) => (index === 1 ? byte | 0x80 : byte)) : input;
          const record = recorder(role);
          const places = [
            0,
            ...cuts.map((cut) => Math.min(cut, masked.length)).sort((a, b) => a - b),
            masked.length,
          ];
          for (let index = 1; index < places.length; index++) {
            record.connection.receive(masked.slice(places[index - 1], places[index]));
          }
          record.connection.receiveEnd();
          const { events, sent, ends } = record.outcome();
          expect(sent.filter(({ opcode }) => opcode === 8).length).toBeLessThanOrEqual(1);
          expect(sent.findIndex(({ opcode }) => opcode === 8)).toBeOneOf([-1, sent.length - 1]);
          expect(events.filter(({ type }) => type === "close")).toHaveLength(1);
          expect(events.at(-1)!.type).toBe("close");
          expect(ends).toBe(1);
        }),
        { numRuns: 500 },
      );
    },
  );
});

describe("two peers", () => {
  type Step = { side: Role; act: (connection: Connection) => void; sends?: Event };
  const side = fc.constantFrom<Role>("client", "server");
  const step: fc.Arbitrary<Step> = fc.oneof(
    fc.tuple(side, fc.string({ unit: "grapheme", maxLength: 200 })).map(([from, data]) => ({
      side: from,
      act: (connection: Connection) => connection.sendText(data),
      sends: { type: "text" as const, data },
    })),
    fc.tuple(side, fc.uint8Array({ maxLength: 200 })).map(([from, data]) => ({
      side: from,
      act: (connection: Connection) => connection.sendBinary(data),
      sends: { type: "binary" as const, data },
    })),
    side.map((from) => ({ side: from, act: (connection: Connection) => connection.ping() })),
  );

  it("[RFC6455-5.5.1-16] [RFC6455-5.1-07] under any interleaving end with both closed, cleanly, having heard all that was said", () => {
    const closer = fc.subarray<Role>(["client", "server"], { minLength: 1 });
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 12 }),
        closer,
        fc.integer({ min: 1, max: 7 }),
        (steps, closers, size) => {
          const inPieces = function* (bytes: Uint8Array) {
            for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size);
          };
          const { client, server, settle } = peers({ carry: inPieces });
          const connections = { client, server };
          for (const { side: from, act } of steps) act(connections[from]);
          for (const from of closers) connections[from].close(1000, from);
          const heard = settle();
          expect(client.state).toBe("closed");
          expect(server.state).toBe("closed");
          expect(client.closed).toMatchObject({ clean: true, code: 1000 });
          expect(server.closed).toMatchObject({ clean: true, code: 1000 });
          const initiators =
            closers.length === 2
              ? ["local", "local"]
              : closers[0] === "client"
                ? ["local", "remote"]
                : ["remote", "local"];
          expect([client.closed!.initiator, server.closed!.initiator]).toEqual(initiators);
          for (const [from, to] of [
            ["client", "server"],
            ["server", "client"],
          ] as const) {
            const said = steps.flatMap(({ side: speaker, sends }) =>
              speaker === from && sends ? [sends] : [],
            );
            expect(heard[to].filter(({ type }) => type === "text" || type === "binary")).toEqual(said);
          }
        },
      ),
    );
  });

  it("[RFC6455-6.1-01] carry any message of any size both ways", () => {
    for (const size of [0, 1, 125, 126, 127, 4095, 4096, 16384, 32767, 32768, 65535, 65536, 100_000]) {
      const data = Uint8Array.from({ length: size }, (_, index) => (index * 7) & 0xff);
      const text = "é€😀x".repeat(size).slice(0, size & ~1);
      const { client, server, settle } = peers();
      for (const connection of [client, server]) {
        connection.sendBinary(data);
        connection.sendText(text);
        connection.sendUtf8(bytesOf(text));
      }
      const { client: atClient, server: atServer } = settle();
      const plain = new TextDecoder().decode(bytesOf(text));
      expect(atServer).toEqual([
        { type: "binary", data },
        { type: "text", data: plain },
        { type: "text", data: plain },
      ]);
      expect(atClient).toEqual(atServer);
    }
  });
});

it("a connection tells what the frame that is arriving lacks: nothing where none is", () => {
  const { connection } = recorder("client");
  expect(connection.lacking).toBe(0);
  connection.receive(hex("82"));
  expect(connection.lacking).toBeUndefined();
  connection.receive(hex("03 aa"));
  expect(connection.lacking).toBe(2);
  connection.receive(hex("bb cc"));
  expect(connection.lacking).toBe(0);
});

it("a server's payload of 32 KiB and more is passed on without a copy", () => {
  const written: Uint8Array[] = [];
  const connection = new Connection("server", { write: (bytes) => void written.push(bytes), end() {} });
  const data = new Uint8Array(32 * 1024);
  connection.sendBinary(data);
  expect(written).toHaveLength(2);
  expect(written[1]).toBe(data);
  expect(readFrames(concat(...written))).toHaveLength(1);
});

it("an idle connection keeps nothing of what it has read: not the chunk, not the message", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const connections: Connection[] = [];
  /** Feeds a connection its chunk, of which nobody else knows afterwards. */
  const feed = (payload: string | Uint8Array): WeakRef<ArrayBufferLike> => {
    const connection = new Connection("client", { write() {}, end() {} });
    const chunk = frame({ opcode: typeof payload === "string" ? 1 : 2, payload });
    connection.receive(chunk);
    connections.push(connection);
    return new WeakRef(chunk.buffer);
  };
  const chunks = [feed("x".repeat(10_000)), feed(new Uint8Array(10_000)), feed("last")];
  // A weak reference is strong until the job that made it has ended.
  await new Promise(setImmediate);
  collect();
  expect(chunks.map((chunk) => chunk.deref())).toEqual([undefined, undefined, undefined]);
  expect(connections.map(({ state }) => state)).toEqual(["open", "open", "open"]);
});

it("what is lent to connections keeps none of them alive", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  /** A connection that reads a message, answers it, and is forgotten. */
  const use = (): WeakRef<object>[] => {
    const owner = {
      write: () => true,
      end() {},
      onText: (data: string) => void connection.sendText(data),
    };
    const codec = { wants: () => false, encode() {}, decode: () => Decoded.Ok };
    const agreement = { name: "own", reservedBit: 4, parameters: [], codec: () => codec } as const;
    const connection = new Connection("client", owner, { extensions: [agreement] });
    connection.receive(frame({ opcode: 1, payload: "hello" }));
    expect(connection.bufferedAmount).toBe(0);
    return [new WeakRef(owner), new WeakRef(connection), new WeakRef(codec)];
  };
  const used = [...use(), ...use()];
  await new Promise(setImmediate);
  collect();
  expect(used.filter((reference) => reference.deref() !== undefined)).toEqual([]);
});
