import { describe, expect, it } from "vitest";
import {
  type Case,
  type Event,
  type Facts,
  isFulfilled,
  judgeBehavior,
  judgeClose,
} from "../../../autobahn/runner/case.ts";
import { newFacts } from "../../../autobahn/runner/endpoint.ts";

const HELLO: Event = { type: "message", payload: Buffer.from("Hello"), binary: false };

function testCase(more: Partial<Case> = {}): Case {
  return {
    id: "1.1",
    category: "",
    description: "",
    expectation: "",
    expected: { OK: [HELLO] },
    close: { closedByMe: true, closeCode: [1000], requireClean: true },
    script: () => {},
    ...more,
  };
}

const CLEAN: Partial<Facts> = { opened: true, closedByMe: true, wasClean: true, remoteCloseCode: 1000 };

function seen(
  facts: Partial<Facts> = {},
  events: readonly Event[] = [HELLO],
  role: "client" | "server" = "client",
) {
  return { role, events, facts: { ...newFacts(), ...CLEAN, ...facts } };
}

describe("the verdict on the close", () => {
  it.each([
    ["OK", {}],
    ["OK", { remoteCloseCode: null }],
    ["FAILED", { opened: false }],
    ["FAILED", { closedByMe: false }],
    ["UNCLEAN", { wasClean: false }],
    ["UNCLEAN", { wasClean: false, droppedByMe: true, remoteCloseCode: 1002 }],
    ["WRONG CODE", { remoteCloseCode: 1002, droppedByMe: true }],
    ["FAILED BY CLIENT", { droppedByMe: true }],
  ] as [string, Partial<Facts>][])("is %s for %o", (behaviorClose, facts) => {
    expect(judgeClose(testCase(), seen(facts)).behaviorClose).toBe(behaviorClose);
  });

  it("leaves it to a server to end TCP", () => {
    expect(judgeClose(testCase(), seen({ droppedByMe: true }, [], "server")).behaviorClose).toBe("OK");
  });

  it("does not ask for a Close where the peer may just end TCP", () => {
    const close = { closedByMe: false, closeCode: [1002], requireClean: false };
    const facts = { closedByMe: false, wasClean: false, remoteCloseCode: null };
    expect(judgeClose(testCase({ close }), seen(facts)).behaviorClose).toBe("OK");
    expect(judgeClose(testCase({ close }), seen({ ...facts, remoteCloseCode: 1000 })).resultClose).toBe(
      "The close code should have been 1002 or empty",
    );
  });

  it("is none in an informational case, if the connection was open", () => {
    const informational = testCase({ isInformational: true });
    expect(judgeClose(informational, seen({ closedByMe: false })).behaviorClose).toBe("INFORMATIONAL");
    expect(judgeClose(informational, seen({ opened: false })).behaviorClose).toBe("FAILED");
  });
});

describe("the verdict on the behavior", () => {
  const behavior = (more: Partial<Case>, what = seen()) =>
    judgeBehavior(testCase(more), what, undefined).behavior;

  it("is that of the list that the events equal", () => {
    expect(behavior({})).toBe("OK");
    expect(behavior({ expected: { OK: [], "NON-STRICT": [HELLO] } })).toBe("NON-STRICT");
    expect(behavior({ expected: { OK: [] } })).toBe("FAILED");
  });

  it.each([
    [{ type: "message", payload: Buffer.from("Hello"), binary: true }],
    [{ type: "message", payload: Buffer.from("hello"), binary: false }],
    [{ type: "pong", payload: Buffer.from("Hello") }],
    [{ type: "timeout", tag: "Hello" }],
  ] as [Event][])("tells %o from a text", (event) => {
    expect(behavior({}, seen({}, [event]))).toBe("FAILED");
    expect(behavior({ expected: { OK: [event] } })).toBe("FAILED");
    expect(behavior({ expected: { OK: [event] } }, seen({}, [{ ...event }]))).toBe("OK");
  });

  it("counts order and number", () => {
    const pong: Event = { type: "pong", payload: Buffer.from("") };
    expect(behavior({ expected: { OK: [pong, HELLO] } }, seen({}, [HELLO, pong]))).toBe("FAILED");
    expect(behavior({}, seen({}, [HELLO, HELLO]))).toBe("FAILED");
  });

  it("is FAILED where the wrong side closes, if that is fatal", () => {
    const close = {
      closedByMe: false,
      closeCode: [1007],
      requireClean: false,
      closedByWrongEndpointIsFatal: true,
    };
    expect(behavior({ close })).toBe("FAILED");
    expect(behavior({ close: { ...close, closedByWrongEndpointIsFatal: false } })).toBe("OK");
    expect(behavior({ close, expected: { OK: [] } }, seen({ opened: false }, []))).toBe("OK");
  });

  it("is FAILED for a wrong code, where the code belongs to it", () => {
    expect(behavior({ codeIsBehavior: true }, seen({ remoteCloseCode: 1002 }))).toBe("FAILED");
    expect(behavior({ codeIsBehavior: true })).toBe("OK");
    expect(behavior({}, seen({ remoteCloseCode: 1002 }))).toBe("OK");
  });

  it("is what the script says, if the case has no lists, and what the case says last", () => {
    const { expected: _, ...free } = testCase();
    const said = { behavior: "OK", result: "in time" } as const;
    expect(judgeBehavior(free, seen(), said)).toEqual(said);
    expect(judgeBehavior(free, seen(), undefined).behavior).toBe("FAILED");
    const judge: NonNullable<Case["judge"]> = ({ events }, verdict) => ({
      behavior: "NON-STRICT",
      result: `${events.length} ${verdict.behavior}`,
    });
    expect(judgeBehavior({ ...free, judge }, seen(), said)).toEqual({
      behavior: "NON-STRICT",
      result: "1 OK",
    });
  });
});

describe("a case", () => {
  it("is fulfilled when every list is, if it is for the judge to close", () => {
    expect(isFulfilled(testCase(), [HELLO])).toBe(true);
    expect(isFulfilled(testCase(), [])).toBe(false);
    expect(isFulfilled(testCase({ expected: { OK: [HELLO], "NON-STRICT": [] } }), [HELLO])).toBe(false);
    expect(isFulfilled(testCase({ expected: {} }), [])).toBe(false);
    const close = { closedByMe: false, closeCode: [1002], requireClean: false };
    expect(isFulfilled(testCase({ close }), [HELLO])).toBe(false);
  });
});
