import { expect, it } from "vitest";
import {
  type ConnectionOptions,
  checkBytes,
  checkControlPayload,
  checkHandler,
  checkString,
  DEFAULT_MAX_MESSAGE_SIZE,
  settingsFrom,
} from "../../src/protocol/contract.ts";
import { hex } from "../helpers/frames.ts";

const settings = (options: ConnectionOptions) => settingsFrom("server", options);

it("the defaults are 1 MiB a message, no limit for a frame of its own, strings, whole messages", () => {
  expect(DEFAULT_MAX_MESSAGE_SIZE).toBe(1_048_576);
  expect(settings({})).toEqual({
    role: "server",
    maxMessageSize: 1_048_576,
    maxFrameSize: Infinity,
    textAsBytes: false,
    pieces: false,
  });
});

it("connections that are configured alike share their settings, whoever wrote the options down", () => {
  const schedule = () => {};
  const one = settings({ schedule, maxMessageSize: 5 });
  expect(settings({ maxMessageSize: 5, schedule })).toBe(one);
  expect(settings({ maxMessageSize: 5, schedule, text: "utf8" })).not.toBe(one);
  expect(settingsFrom("client", { maxMessageSize: 5, schedule })).not.toBe(
    settings({ maxMessageSize: 5, schedule }),
  );
});

it("all clients draw their masking keys from one supply, unless one is told of another source", () => {
  const { keys } = settingsFrom("client", {});
  expect(keys).toBeDefined();
  expect(settingsFrom("client", { maxFrameSize: 5 }).keys).toBe(keys);
  expect(settingsFrom("client", { random: () => {} }).keys).not.toBe(keys);
  expect(settingsFrom("server", {}).keys).toBeUndefined();
});

it("limits may be any number of bytes, also none, also all", () => {
  for (const limit of [0, 1, 2 ** 40, Number.MAX_SAFE_INTEGER, Number.POSITIVE_INFINITY]) {
    expect(settings({ maxMessageSize: limit, maxFrameSize: limit })).toMatchObject({
      maxMessageSize: limit,
      maxFrameSize: limit,
    });
  }
  for (const limit of [-1, 0.5, Number.NaN, Number.NEGATIVE_INFINITY, 2 ** 53]) {
    expect(() => settings({ maxMessageSize: limit })).toThrow(RangeError);
    expect(() => settings({ maxFrameSize: limit })).toThrow(`got ${limit}`);
  }
});

it("options that are wrong in kind are refused by name", () => {
  // @ts-expect-error
  expect(() => settings({ text: "utf-8" })).toThrow("text:");
  // @ts-expect-error
  expect(() => settings({ pieces: "yes" })).toThrow("pieces:");
  // @ts-expect-error
  expect(() => settings({ schedule: 5 })).toThrow("schedule:");
  // @ts-expect-error
  expect(() => settings({ random: 5 })).toThrow("random:");
});

it("what is sent is a string or bytes, and at most 125 of them in a control frame", () => {
  // @ts-expect-error
  expect(() => checkString("sendText", hex("00"))).toThrow("sendText: data must be a string");
  // @ts-expect-error
  expect(() => checkBytes("sendBinary", "00")).toThrow("sendBinary: data must be a Uint8Array");
  // @ts-expect-error
  expect(() => checkControlPayload("ping", "00")).toThrow("ping: data must be a Uint8Array");
  expect(() => checkControlPayload("ping", new Uint8Array(126))).toThrow("ping: data has 126 bytes");
  expect(() => checkControlPayload("ping", new Uint8Array(125))).not.toThrow();
});

it("a role is one of two, and a handler can write and end", () => {
  // @ts-expect-error
  expect(() => settingsFrom("both", {})).toThrow("role:");
  // @ts-expect-error
  expect(() => checkHandler(undefined)).toThrow("handler.write:");
  // @ts-expect-error
  expect(() => checkHandler({ write() {} })).toThrow("handler.end:");
});
