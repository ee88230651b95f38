import { expect, it } from "vitest";
import {
  type ConnectionOptions,
  checkHandler,
  DEFAULT_MAX_MESSAGE_SIZE,
  settingsFrom,
} from "../../src/protocol/contract.ts";

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

it("a role is one of two, and a handler can write and end", () => {
  // @ts-expect-error
  expect(() => settingsFrom("both", {})).toThrow("role:");
  // @ts-expect-error
  expect(() => checkHandler(undefined)).toThrow("handler.write:");
  // @ts-expect-error
  expect(() => checkHandler({ write() {} })).toThrow("handler.end:");
});
