import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { afterEach, describe, expect, it } from "vitest";
import {
  type ChannelName,
  channels,
  tellBackpressure,
  tellClose,
  tellHandshake,
  tellMessage,
  tellOpen,
  tellRefused,
} from "../../src/node/channels.ts";
import { Fields } from "../../src/protocol/fields.ts";

const request = {
  target: "/chat",
  host: "example.com",
  origin: undefined,
  key: "dGhlIHNhbXBsZSBub25jZQ==",
  subprotocols: [],
  extensions: [],
  fields: new Fields(),
};
const closed = { code: 1000, reason: "", clean: true, initiator: "remote" } as const;

/** A peer that notices when somebody asks how much waits for it. */
function somePeer() {
  const peer = {
    asked: 0,
    address: "203.0.113.7",
    target: "/chat",
    get bufferedAmount() {
      peer.asked++;
      return 77;
    },
  };
  return peer;
}

const listening: (() => void)[] = [];
afterEach(() => {
  for (const stop of listening.splice(0)) stop();
});

/** What is told on a channel from here to the end of the test. */
function heard(name: ChannelName): unknown[] {
  const notices: unknown[] = [];
  const listener = (notice: unknown): void => void notices.push(notice);
  subscribe(name, listener);
  listening.push(() => unsubscribe(name, listener));
  return notices;
}

describe("a channel", () => {
  it("can be found by its name, which begins with framewright", () => {
    for (const [name, channel] of Object.entries(channels)) expect(channel.name).toBe(`framewright:${name}`);
  });

  it("tells those who have subscribed, by its name alone", () => {
    const peer = somePeer();
    const data = Uint8Array.of(1);
    const told = {
      handshake: heard("framewright:handshake"),
      refused: heard("framewright:refused"),
      open: heard("framewright:open"),
      message: heard("framewright:message"),
      backpressure: heard("framewright:backpressure"),
      close: heard("framewright:close"),
    };
    tellHandshake("203.0.113.7", request);
    tellRefused("203.0.113.7", "origin", request);
    tellRefused("203.0.113.8", "malformed-request-line", undefined);
    tellOpen(peer);
    tellMessage(peer, "hello");
    tellMessage(peer, data);
    tellBackpressure(peer, "paused");
    tellClose(peer, closed);
    expect(told).toEqual({
      handshake: [{ address: "203.0.113.7", request }],
      refused: [
        { address: "203.0.113.7", rule: "origin", request },
        { address: "203.0.113.8", rule: "malformed-request-line", request: undefined },
      ],
      open: [{ peer }],
      message: [
        { peer, data: "hello" },
        { peer, data },
      ],
      backpressure: [{ peer, what: "paused", bufferedAmount: 77 }],
      close: [{ peer, closed }],
    });
    expect((told.open[0] as { peer: unknown }).peer).toBe(peer);
  });

  it("makes no notice while nobody listens", () => {
    const peer = somePeer();
    for (const channel of Object.values(channels)) {
      expect(channel.hasSubscribers).toBe(false);
      Object.defineProperty(channel, "publish", {
        configurable: true,
        value: () => expect.fail(`${String(channel.name)} was told`),
      });
      listening.push(() => void Reflect.deleteProperty(channel, "publish"));
    }
    tellHandshake("203.0.113.7", request);
    tellRefused("203.0.113.7", "origin", request);
    tellOpen(peer);
    tellMessage(peer, "hello");
    tellBackpressure(peer, "dropped");
    tellClose(peer, closed);
    expect(peer.asked).toBe(0);
  });
});
