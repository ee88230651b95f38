import { expect, it } from "vitest";
import { peers } from "../../src/protocol/peers.ts";

it("two peers talk, and each is told what the other said since the last time", () => {
  const { client, server, settle } = peers();
  client.sendText("hello");
  expect(settle()).toEqual({ client: [], server: [{ type: "text", data: "hello" }] });
  server.sendText("hi");
  expect(settle()).toEqual({ client: [{ type: "text", data: "hi" }], server: [] });
});

it("each may answer at the moment of an event", () => {
  const { client, settle } = peers({
    server: {
      onEvent: (event, connection) => event.type === "text" && connection.sendText(event.data.toUpperCase()),
    },
  });
  client.sendText("hello");
  expect(settle().client).toEqual([{ type: "text", data: "HELLO" }]);
});

it("closing on one side closes both, cleanly", () => {
  const { client, server, settle } = peers();
  client.close(1000, "done");
  const told = settle();
  expect(told.server).toEqual([
    { type: "close", close: { code: 1000, reason: "done", clean: true, initiator: "remote" } },
  ]);
  expect(told.client).toEqual([
    { type: "close", close: { code: 1000, reason: "", clean: true, initiator: "local" } },
  ]);
  expect([client.state, server.state]).toEqual(["closed", "closed"]);
});

it("a transport that breaks on one side is noticed on both", () => {
  const { client, settle } = peers();
  client.receiveEnd();
  const told = settle();
  for (const events of [told.client, told.server]) {
    expect(events).toEqual([
      { type: "close", close: { code: 1006, reason: "", clean: false, initiator: "transport" } },
    ]);
  }
});

it("what is on the way can be watched, cut or damaged", () => {
  const { client, settle } = peers({
    client: { random: (bytes) => bytes.fill(0) },
    carry: (bytes, from) => [
      from === "client" ? bytes.map((byte, index) => (index === 0 ? 0xff : byte)) : bytes,
    ],
  });
  client.sendText("hello");
  expect(settle().server).toMatchObject([{ type: "close", close: { error: { rule: "reserved-bit" } } }]);
});

it("what has arrived is nobody's but the receiver's", () => {
  const { server, settle } = peers();
  const data = new Uint8Array(100_000);
  server.sendBinary(data);
  const told = settle();
  data.fill(1);
  expect(told.client).toEqual([{ type: "binary", data: new Uint8Array(100_000) }]);
});
