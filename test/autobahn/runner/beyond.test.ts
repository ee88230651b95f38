import { describe, expect, it } from "vitest";
import type { Case, Facts, Seen } from "../../../autobahn/runner/case.ts";
import { judgeBehavior } from "../../../autobahn/runner/case.ts";
import {
  answers,
  chapter,
  type Draft,
  editLines,
  fails,
  field,
  isFree,
  startLine,
} from "../../../autobahn/runner/cases/beyond.ts";
import { text } from "../../../autobahn/runner/cases/expectations.ts";
import { allCases } from "../../../autobahn/runner/cases/index.ts";
import { newFacts } from "../../../autobahn/runner/endpoint.ts";
import { readHead } from "../../../autobahn/runner/handshake.ts";

const beyond = allCases.filter(({ id }) => Number(id.split(".")[0]) > 100);
const HEAD = "GET / HTTP/1.1\r\nHost: here\r\nUpgrade: websocket\r\n\r\n";

describe("the cases beyond the suite", () => {
  it("are at least 120, each with a number of its own", () => {
    expect(beyond.length).toBeGreaterThanOrEqual(120);
    expect(new Set(beyond.map(({ id }) => id)).size).toBe(beyond.length);
  });

  it.each(beyond)("$id says what it does, what it expects, and which requirements it checks", (testCase) => {
    expect(testCase.description).toMatch(/\S/);
    expect(testCase.expectation).toMatch(/\S.*\.$/);
    expect(testCase.requirements?.length).toBeGreaterThan(0);
    for (const id of testCase.requirements ?? []) expect(id).toMatch(/^RFC(6455|7692)-\d+(\.\d+)*-\d\d$/);
  });

  it("differ in what they say they do, within a category and a role", () => {
    const said = beyond.map(
      ({ id, roles, description }) => `${id.split(".")[0]} ${roles ?? ""} ${description}`,
    );
    expect(said.filter((sentence, at) => said.indexOf(sentence) !== at)).toEqual([]);
  });
});

function numbered(draft: Draft): Case {
  return chapter(101, "Test", [draft])[0]!;
}

function seen(facts: Partial<Facts>, events: Seen["events"] = []): Seen {
  return { role: "client", events, facts: { ...newFacts(), opened: true, ...facts } };
}

const OUTLINE = { description: "Do it.", requirements: ["RFC6455-5.2-03"], act: () => {} };

describe("fails", () => {
  const testCase = numbered(fails(OUTLINE));
  const behavior = (facts: Partial<Facts>, events?: Seen["events"]): string =>
    judgeBehavior(testCase, seen(facts, events), undefined).behavior;

  it("is content with the right code, and with the end of TCP", () => {
    expect(behavior({ remoteCloseCode: 1002 })).toBe("OK");
    expect(behavior({})).toBe("OK");
  });

  it("calls another code not strict", () => {
    expect(behavior({ remoteCloseCode: 1000 })).toBe("NON-STRICT");
  });

  it("calls it a failure to go on: to answer, or to leave the connection to the judge", () => {
    expect(behavior({ remoteCloseCode: 1002 }, [text("Hello")])).toBe("FAILED");
    expect(behavior({ closedByMe: true })).toBe("FAILED");
  });
});

describe("answers", () => {
  it("allows lesser answers", () => {
    const testCase = numbered(answers({ ...OUTLINE, events: [text("a")], lesser: [] }));
    expect(judgeBehavior(testCase, seen({ closedByMe: true }, [text("a")]), undefined).behavior).toBe("OK");
    expect(judgeBehavior(testCase, seen({ closedByMe: true }), undefined).behavior).toBe("NON-STRICT");
    expect(judgeBehavior(testCase, seen({ closedByMe: true }, [text("b")]), undefined).behavior).toBe(
      "FAILED",
    );
  });
});

describe("isFree", () => {
  it("writes down what happened", () => {
    const testCase = numbered(isFree(OUTLINE));
    const result = (facts: Partial<Facts>, events?: Seen["events"]): string => {
      const verdict = judgeBehavior(testCase, seen(facts, events), undefined);
      expect(verdict.behavior).toBe("INFORMATIONAL");
      return verdict.result;
    };
    expect(result({ closedByMe: true, remoteCloseCode: 1000 }, [text("a"), text("b")])).toBe(
      "The peer said message (2); it was the judge who closed, with 1000.",
    );
    expect(result({})).toBe("The peer said nothing; it ended the connection, without a code.");
  });
});

describe("a case that needs compression", () => {
  const testCase = numbered(
    fails({ ...OUTLINE, compression: [{ noContextTakeover: false, windowBits: 9 }] }),
  );
  const behavior = (head: string): string | undefined =>
    testCase.judgeOpening?.(readHead(Buffer.from(head)))?.behavior;
  const OFFER = "Sec-WebSocket-Extensions";

  it("is not implemented by a server that does not agree, or by a client that does not offer", () => {
    expect(behavior("HTTP/1.1 101 Fine\r\n\r\n")).toBe("UNIMPLEMENTED");
    expect(behavior(HEAD)).toBe("UNIMPLEMENTED");
    expect(behavior(field(OFFER, "permessage-deflate")(HEAD))).toBe("UNIMPLEMENTED");
  });

  it("goes on otherwise", () => {
    expect(behavior(field(OFFER, "permessage-deflate; client_max_window_bits")(HEAD))).toBeUndefined();
    expect(
      behavior("HTTP/1.1 101 Fine\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n"),
    ).toBeUndefined();
    expect(behavior("HTTP/1.1 400 Bad\r\n\r\n")).toBeUndefined();
  });
});

describe("a head", () => {
  it("gets other fields, in their place", () => {
    expect(field("host", "a", "b")(HEAD)).toBe(
      "GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\nUpgrade: websocket\r\n\r\n",
    );
    expect(field("Host")(HEAD)).toBe("GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n");
    expect(field("X", "1")(HEAD)).toBe("GET / HTTP/1.1\r\nHost: here\r\nUpgrade: websocket\r\nX: 1\r\n\r\n");
    expect(field("Host", "a")(field("Host", "b", "c")(HEAD))).toBe(field("Host", "a")(HEAD));
  });

  it("gets another start line, or other lines", () => {
    expect(startLine("What")(HEAD)).toBe("What\r\nHost: here\r\nUpgrade: websocket\r\n\r\n");
    expect(editLines((lines) => lines.slice(0, 1))(HEAD)).toBe("GET / HTTP/1.1\r\n\r\n");
  });
});
