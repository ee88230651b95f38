import { describe, expect, it } from "vitest";
import {
  CloseEvent,
  type CloseEventInit,
  EventHandlers,
  exposeInterface,
  isObject,
  mustBeGiven,
  toUSVString,
} from "../../../src/node/client/events.ts";

/** What JavaScript may hand over, whatever the types say. */
const untyped = (init: unknown): CloseEventInit => init as CloseEventInit;

describe("CloseEvent", () => {
  it("[WHATWG-WS-6-01] [WHATWG-WS-6-02] [WHATWG-WS-6-03] is an Event that says how a connection ended", () => {
    const event = new CloseEvent("close", { wasClean: true, code: 1000, reason: "bye" });
    expect(event).toBeInstanceOf(Event);
    expect(event).toMatchObject({ type: "close", wasClean: true, code: 1000, reason: "bye" });
    expect(String(event)).toBe("[object CloseEvent]");
  });

  it("[WHATWG-WS-6-03] says nothing unless it is told something", () => {
    for (const event of [new CloseEvent("x"), new CloseEvent("x", {}), new CloseEvent("x", untyped(null))]) {
      expect([event.wasClean, event.code, event.reason]).toEqual([false, 0, ""]);
      expect([event.bubbles, event.cancelable, event.composed]).toEqual([false, false, false]);
    }
  });

  it("passes on what every event can be told", () => {
    const event = new CloseEvent("x", { bubbles: true, cancelable: true, composed: true });
    expect([event.bubbles, event.cancelable, event.composed]).toEqual([true, true, true]);
  });

  it("needs a type, and an object behind it", () => {
    expect(CloseEvent.length).toBe(1);
    expect(() => Reflect.construct(CloseEvent, [])).toThrow(TypeError);
    expect(() => new CloseEvent("x", untyped("init"))).toThrow(TypeError);
  });

  it.each([
    [65535, 65535],
    [65536, 0],
    [-1, 65535],
    [1000.9, 1000],
    ["1001", 1001],
    [Number.NaN, 0],
    [Number.POSITIVE_INFINITY, 0],
    [null, 0],
    [undefined, 0],
  ])("converts the code %s to the unsigned short %i", (code, expected) => {
    expect(new CloseEvent("x", untyped({ code })).code).toBe(expected);
  });

  it("converts whatever else it is told, too", () => {
    const event = new CloseEvent("x", untyped({ wasClean: "yes", reason: "a\ud800b" }));
    expect([event.wasClean, event.reason]).toEqual([true, "a\ufffdb"]);
    expect(new CloseEvent("x", untyped({ reason: null })).reason).toBe("null");
    expect(() => new CloseEvent("x", untyped({ code: 1n }))).toThrow(TypeError);
    expect(() => new CloseEvent("x", untyped({ reason: Symbol("no") }))).toThrow(TypeError);
  });

  it("cannot be changed", () => {
    const event = new CloseEvent("x", { code: 1000 });
    expect(Reflect.set(event, "code", 1001)).toBe(false);
    expect(event.code).toBe(1000);
  });

  it("has enumerable members, which other objects cannot borrow", () => {
    const names = Object.keys(CloseEvent.prototype);
    expect(names).toEqual(["wasClean", "code", "reason"]);
    for (const name of names) {
      expect(() => Reflect.get(CloseEvent.prototype, name, new Event("x"))).toThrow(TypeError);
    }
  });
});

describe("toUSVString", () => {
  it.each([
    ["text", "text"],
    ["𝒜", "𝒜"],
    ["\ud800", "\ufffd"],
    ["a\udc00\ud800b", "a\ufffd\ufffdb"],
    [null, "null"],
    [undefined, "undefined"],
    [1.5, "1.5"],
    [{ toString: () => "own" }, "own"],
  ])("makes %o well-formed text", (value, expected) => {
    expect(toUSVString(value)).toBe(expected);
  });

  it("refuses a symbol, as every conversion to a string does", () => {
    expect(() => toUSVString(Symbol("x"))).toThrow(TypeError);
  });
});

describe("mustBeGiven", () => {
  it("throws for a call without arguments, and names it", () => {
    expect(() => mustBeGiven("send", 0)).toThrow(new TypeError("send: an argument is missing"));
    expect(() => mustBeGiven("send", 1)).not.toThrow();
  });
});

describe("isObject", () => {
  it("takes functions for objects, and null for none", () => {
    expect([{}, [], () => {}, Object(1)].map(isObject)).toEqual([true, true, true, true]);
    expect([null, undefined, 1, "text", Symbol("x"), true].some(isObject)).toBe(false);
  });
});

describe("EventHandlers", () => {
  function prepared() {
    const target = new EventTarget();
    const calls: string[] = [];
    const listen = (name: string) => target.addEventListener("x", () => calls.push(name));
    const handler = (name: string) => () => void calls.push(name);
    return { target, handlers: new EventHandlers(target), calls, listen, handler };
  }

  it("calls a handler with the event, on its target", () => {
    const { target, handlers } = prepared();
    const calls: unknown[] = [];
    // Even behind another listener, where Node's events have no `currentTarget` any more.
    target.addEventListener("x", () => {});
    handlers.set("x", function (this: unknown, ...args: unknown[]) {
      calls.push(this, ...args);
    });
    const event = new Event("x");
    target.dispatchEvent(event);
    expect(calls).toEqual([target, event]);
  });

  it("gives back what was set, and null before", () => {
    const { handlers } = prepared();
    expect(handlers.get("x")).toBeNull();
    for (const value of [() => {}, {}, [], Object("text")]) {
      handlers.set("x", value);
      expect(handlers.get("x")).toBe(value);
      expect(handlers.get("y")).toBeNull();
    }
  });

  it.each([null, undefined, 0, 1, "text", true, Symbol("x"), 1n])("takes %o for null", (value) => {
    const { target, handlers, calls, handler } = prepared();
    handlers.set("x", handler("handler"));
    handlers.set("x", value);
    expect(handlers.get("x")).toBeNull();
    target.dispatchEvent(new Event("x"));
    expect(calls).toEqual([]);
  });

  it("keeps the place of the first handler for those that replace it", () => {
    const { target, handlers, calls, listen, handler } = prepared();
    listen("before");
    handlers.set("x", handler("never"));
    listen("behind");
    handlers.set("x", {});
    handlers.set("x", handler("handler"));
    target.dispatchEvent(new Event("x"));
    expect(calls).toEqual(["before", "handler", "behind"]);
  });

  it("gives up the place with null: the next handler stands behind all", () => {
    const { target, handlers, calls, listen, handler } = prepared();
    handlers.set("x", handler("never"));
    listen("listener");
    handlers.set("x", null);
    handlers.set("x", handler("handler"));
    target.dispatchEvent(new Event("x"));
    expect(calls).toEqual(["listener", "handler"]);
  });

  it("forgets nothing when null is set before anything else", () => {
    const { target, handlers, calls, handler } = prepared();
    handlers.set("x", null);
    handlers.set("x", handler("handler"));
    target.dispatchEvent(new Event("x"));
    expect(calls).toEqual(["handler"]);
  });

  it("does nothing with an object that cannot be called, not even with its handleEvent", () => {
    const { target, handlers, calls } = prepared();
    handlers.set("x", { handleEvent: () => calls.push("never") });
    target.dispatchEvent(new Event("x"));
    expect(calls).toEqual([]);
  });

  it("cancels an event for a handler that returns false, and only for that", () => {
    const { target, handlers } = prepared();
    const isCancelled = (result: unknown): boolean => {
      handlers.set("x", () => result);
      return !target.dispatchEvent(new Event("x", { cancelable: true }));
    };
    expect([false, undefined, null, 0, "", true].map(isCancelled)).toEqual([
      true,
      false,
      false,
      false,
      false,
      false,
    ]);
  });

  it("keeps the handlers of different types apart", () => {
    const { target, handlers, calls, handler } = prepared();
    handlers.set("x", handler("x"));
    handlers.set("y", handler("y"));
    target.dispatchEvent(new Event("y"));
    handlers.set("x", null);
    target.dispatchEvent(new Event("x"));
    target.dispatchEvent(new Event("y"));
    expect(calls).toEqual(["y", "y"]);
  });
});

describe("exposeInterface", () => {
  it("lays out a class as Web IDL does", () => {
    class Plain {
      get attribute(): number {
        return 1;
      }
      method(): void {}
    }
    exposeInterface("Fancy", Plain, { ONE: 1 });
    expect(Object.keys(Plain.prototype)).toEqual(["attribute", "method", "ONE"]);
    expect(Object.prototype.toString.call(new Plain())).toBe("[object Fancy]");
    const constant = { value: 1, writable: false, enumerable: true, configurable: false };
    expect(Object.getOwnPropertyDescriptor(Plain, "ONE")).toEqual(constant);
    expect(Object.getOwnPropertyDescriptor(Plain.prototype, "ONE")).toEqual(constant);
    const tag = { value: "Fancy", writable: false, enumerable: false, configurable: true };
    expect(Object.getOwnPropertyDescriptor(Plain.prototype, Symbol.toStringTag)).toEqual(tag);
  });
});
