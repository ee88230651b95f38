import { describe, expect, it } from "vitest";
import { PEERS } from "../../bench/lib/peers.ts";
import { SCENARIOS, scriptOf } from "../../bench/lib/scenarios.ts";

const scenario = (id: string) => SCENARIOS.find((one) => one.id === id)!;

describe("the scenarios", () => {
  it("have names of their own", () => {
    expect(new Set(SCENARIOS.map(({ id }) => id)).size).toBe(SCENARIOS.length);
  });

  it("are all something that our server can do, and another one beside it", () => {
    for (const one of SCENARIOS) {
      const able = PEERS.filter((peer) => peer.can(one)).map(({ id }) => id);
      expect(able).toContain("ours");
      expect(able.length).toBeGreaterThan(1);
    }
  });
});

describe("the script of a scenario", () => {
  it("sends frames, and gets their payloads back", () => {
    const { counting, cycle, request, prelude } = scriptOf(scenario("echo-128-32"), "websocket");
    expect(counting).toBe("frames");
    expect(request.length).toBeGreaterThan(0);
    expect(prelude).toEqual([]);
    expect(cycle).toHaveLength(256);
    expect(cycle.every(({ sent, answer }) => sent.length === 128 + 8 && answer.length === 128)).toBe(true);
  });

  it("gets back what it sent from a server without a protocol, which it sends no request", () => {
    const { counting, cycle, request } = scriptOf(scenario("echo-128-32"), "none");
    expect(counting).toBe("bytes");
    expect(request).toHaveLength(0);
    expect(cycle.every(({ sent, answer }) => sent === answer)).toBe(true);
  });

  it("holds no more than a few large messages", () => {
    expect(scriptOf(scenario("echo-1048576-1"), "websocket").cycle).toHaveLength(1);
    expect(scriptOf(scenario("fragments-16384"), "websocket").cycle).toHaveLength(1);
  });

  it("has a prelude where the client's compressor remembers", () => {
    const together = scriptOf(scenario("deflate-1024-takeover"), "websocket");
    expect(together.prelude).toHaveLength(together.cycle.length);
    expect(together.answersVary).toBe(true);
    const alone = scriptOf(scenario("deflate-1024-fresh"), "websocket");
    expect(alone.prelude).toEqual([]);
    expect(Buffer.from(alone.request).toString()).toContain("client_no_context_takeover");
  });

  it("offers compression as it is by default where defaults are measured", () => {
    const { request } = scriptOf(scenario("memory-deflate-10000"), "websocket");
    expect(Buffer.from(request).toString()).toMatch(/^Sec-WebSocket-Extensions: permessage-deflate\r$/m);
  });

  it("opens and closes in the scenario of handshakes", () => {
    const { cycle } = scriptOf(scenario("handshakes"), "websocket");
    expect(cycle.map(({ sent }) => sent[0])).toEqual([0x88]);
  });

  it("asks for event streams, and posts what they carry", () => {
    const { counting, request, cycle } = scriptOf(scenario("events-128-8"), "websocket");
    expect(counting).toBe("marks");
    expect(Buffer.from(request).toString()).toMatch(/^GET /);
    expect(Buffer.from(cycle[0]!.sent).toString()).toMatch(/^POST /);
  });
});
