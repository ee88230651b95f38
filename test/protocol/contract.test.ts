import { expect, it } from "vitest";
import {
  checkHandler,
  checkOptions,
  checkRole,
  DEFAULT_MAX_MESSAGE_SIZE,
} from "../../src/protocol/contract.ts";

it("the defaults are 1 MiB a message, no limit for a frame of its own, strings, whole messages", () => {
  expect(DEFAULT_MAX_MESSAGE_SIZE).toBe(1_048_576);
  expect(checkOptions({})).toEqual({
    maxMessageSize: 1_048_576,
    maxFrameSize: Infinity,
    textAsBytes: false,
    pieces: false,
  });
});

it("limits may be any number of bytes, also none, also all", () => {
  for (const limit of [0, 1, 2 ** 40, Number.MAX_SAFE_INTEGER, Number.POSITIVE_INFINITY]) {
    expect(checkOptions({ maxMessageSize: limit, maxFrameSize: limit })).toMatchObject({
      maxMessageSize: limit,
      maxFrameSize: limit,
    });
  }
  for (const limit of [-1, 0.5, Number.NaN, Number.NEGATIVE_INFINITY, 2 ** 53]) {
    expect(() => checkOptions({ maxMessageSize: limit })).toThrow(RangeError);
    expect(() => checkOptions({ maxFrameSize: limit })).toThrow(`got ${limit}`);
  }
});

it("options that are wrong in kind are refused by name", () => {
  // @ts-expect-error
  expect(() => checkOptions({ text: "utf-8" })).toThrow("text:");
  // @ts-expect-error
  expect(() => checkOptions({ pieces: "yes" })).toThrow("pieces:");
  // @ts-expect-error
  expect(() => checkOptions({ schedule: 5 })).toThrow("schedule:");
  // @ts-expect-error
  expect(() => checkOptions({ random: 5 })).toThrow("random:");
});

it("a role is one of two, and a handler can write and end", () => {
  // @ts-expect-error
  expect(() => checkRole("both")).toThrow("role:");
  // @ts-expect-error
  expect(() => checkHandler(undefined)).toThrow("handler.write:");
  // @ts-expect-error
  expect(() => checkHandler({ write() {} })).toThrow("handler.end:");
});
