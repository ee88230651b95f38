import { describe, expect, it } from "vitest";
import { oneOf, PEER_DEFAULTS, type PeerOptions, peerSettings, size, time } from "../../src/node/options.ts";
import { Server, type ServerOptions } from "../../src/node/server/server.ts";

describe("the settings of a peer", () => {
  it("are safe ones if nothing is said", () => {
    expect(peerSettings({})).toEqual({
      maxMessageSize: 1024 * 1024,
      maxFrameSize: Number.POSITIVE_INFINITY,
      text: "string",
      heartbeat: { interval: 25_000, timeout: 20_000 },
      closeTimeout: 10_000,
      idleTimeout: undefined,
      maxConnectionAge: Number.POSITIVE_INFINITY,
      messageRate: undefined,
      highWaterMark: 1024 * 1024,
      maxBufferedBytes: 16 * 1024 * 1024,
      onSlow: "close",
    });
  });

  it("are those that were given", () => {
    const options = {
      maxMessageSize: 1,
      maxFrameSize: 2,
      text: "utf8",
      heartbeat: { interval: 3, timeout: 4 },
      closeTimeout: 5,
      idleTimeout: 6,
      maxConnectionAge: 7,
      messageRate: { perSecond: 8, burst: 9 },
      highWaterMark: 10,
      maxBufferedBytes: 11,
      onSlow: "drop",
    } as const;
    expect(peerSettings(options)).toEqual(options);
  });

  it("have a heartbeat in part, or none", () => {
    expect(peerSettings({ heartbeat: { timeout: 1 } }).heartbeat).toEqual({
      interval: PEER_DEFAULTS.heartbeatInterval,
      timeout: 1,
    });
    expect(peerSettings({ heartbeat: { interval: 1 } }).heartbeat?.timeout).toBe(
      PEER_DEFAULTS.heartbeatTimeout,
    );
    expect(peerSettings({ heartbeat: false }).heartbeat).toBeUndefined();
  });

  it("let a peer send at once what it may send in a second, and one message at least", () => {
    expect(peerSettings({ messageRate: { perSecond: 20 } }).messageRate).toEqual({
      perSecond: 20,
      burst: 20,
    });
    expect(peerSettings({ messageRate: { perSecond: 0.1 } }).messageRate?.burst).toBe(1);
  });

  it("have a budget that is no smaller than the mark it stands above", () => {
    const mark = 64 * 1024 * 1024;
    expect(peerSettings({ highWaterMark: mark }).maxBufferedBytes).toBe(mark);
  });
});

describe("an option that cannot be", () => {
  const wrong: [PeerOptions, string][] = [
    [{ maxMessageSize: -1 }, "maxMessageSize: must be a whole number, 0 or more, or Infinity; got -1"],
    [{ maxMessageSize: 0.5 }, "maxMessageSize: must be a whole number, 0 or more, or Infinity; got 0.5"],
    [{ maxFrameSize: Number.NaN }, "maxFrameSize: must be a whole number, 0 or more, or Infinity; got NaN"],
    [{ text: "bytes" as "utf8" }, 'text: must be one of "string", "utf8"'],
    [{ heartbeat: true as never }, "heartbeat: must be false, or an object with interval and timeout"],
    [{ heartbeat: null as never }, "heartbeat: must be false, or an object with interval and timeout"],
    [
      { heartbeat: { interval: 0 } },
      "heartbeat.interval: must be a number of milliseconds above 0, or Infinity; got 0",
    ],
    [
      { heartbeat: { timeout: "1" as never } },
      "heartbeat.timeout: must be a number of milliseconds above 0, or Infinity; got 1",
    ],
    [{ closeTimeout: 0 }, "closeTimeout: must be a number of milliseconds above 0, or Infinity; got 0"],
    [{ idleTimeout: -5 }, "idleTimeout: must be a number of milliseconds above 0, or Infinity; got -5"],
    [
      { maxConnectionAge: Number.NaN },
      "maxConnectionAge: must be a number of milliseconds above 0, or Infinity; got NaN",
    ],
    [{ messageRate: { perSecond: 0 } }, "messageRate.perSecond: must be a number above 0"],
    [{ messageRate: 5 as never }, "messageRate.perSecond: must be a number above 0"],
    [{ messageRate: { perSecond: 1, burst: 0.5 } }, "messageRate.burst: must be a number, 1 or more"],
    [{ highWaterMark: "1" as never }, "highWaterMark: must be a whole number, 0 or more, or Infinity; got 1"],
    [{ maxBufferedBytes: -1 }, "maxBufferedBytes: must be a whole number, 0 or more, or Infinity; got -1"],
    [{ onSlow: "wait" as never }, 'onSlow: must be one of "close", "drop"'],
  ];

  it.each(wrong)("throws by its name: %j", (options, message) => {
    expect(() => peerSettings(options)).toThrow(message);
  });
});

describe("an option of the server that cannot be", () => {
  const wrong: [ServerOptions, string][] = [
    [{ maxConnections: -1 }, "maxConnections: must be a whole number, 0 or more, or Infinity; got -1"],
    [
      { maxConnectionsPerAddress: 0 },
      "maxConnectionsPerAddress: must be a whole number, 1 or more, or Infinity; got 0",
    ],
    [
      { handshakeTimeout: 0 },
      "handshakeTimeout: must be a number of milliseconds above 0, or Infinity; got 0",
    ],
    [{ maxPendingBytes: 0.5 }, "maxPendingBytes: must be a whole number, 0 or more, or Infinity; got 0.5"],
    [{ upgrade: true as never }, "upgrade: must be a function"],
    [{ compression: "yes" as never }, "compression: must be true, false or an object"],
    [{ origin: 5 as never }, "origin: "],
    [{ trustProxy: {} as never }, "trustProxy: "],
    [{ closeTimeout: 0 }, "closeTimeout: must be a number of milliseconds above 0, or Infinity; got 0"],
  ];

  it.each(wrong)("throws by its name: %j", (options, message) => {
    expect(() => new Server(options, {})).toThrow(message);
  });
});

describe("the checks", () => {
  it("return what they let pass, Infinity included", () => {
    expect(size("n", 0)).toBe(0);
    expect(size("n", 3, 3)).toBe(3);
    expect(size("n", Number.POSITIVE_INFINITY)).toBe(Number.POSITIVE_INFINITY);
    expect(time("t", 0.5)).toBe(0.5);
    expect(time("t", Number.POSITIVE_INFINITY)).toBe(Number.POSITIVE_INFINITY);
    expect(oneOf("o", "b", ["a", "b"])).toBe("b");
  });

  it("throw a RangeError for a number, and a TypeError for a word", () => {
    expect(() => size("n", 2, 3)).toThrow(
      new RangeError("n: must be a whole number, 3 or more, or Infinity; got 2"),
    );
    expect(() => size("n", 2 ** 53)).toThrow(RangeError);
    expect(() => time("t", 0)).toThrow(RangeError);
    expect(() => oneOf("o", "c", ["a", "b"])).toThrow(TypeError);
  });
});
