import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { compareIds } from "../../autobahn/runner/index.ts";
import {
  caseIds,
  describeDifference,
  differences,
  type Expected,
  inOrder,
  type Outcome,
  select,
} from "../../autobahn/verdicts.ts";

const table: Expected = {
  cases: { "1.1.*": 2, "7.*": 1, "9.10.*": 1, "10.1.*": 1 },
  server: { "7.1": { behavior: "INFORMATIONAL", behaviorClose: "OK" } },
  client: {},
};

const ok: Outcome = { behavior: "OK", behaviorClose: "OK", duration: 1 };
const outcomes = (...ids: readonly string[]) => new Map(ids.map((id) => [id, ok]));

describe("the ids of cases", () => {
  it("are written as groups with how many there are of each", () => {
    expect(caseIds(table)).toEqual(["1.1.1", "1.1.2", "7.1", "9.10.1", "10.1.1"]);
  });

  it.each([
    ["*", ["1.1.1", "1.1.2", "7.1", "9.10.1", "10.1.1"]],
    ["1.*", ["1.1.1", "1.1.2"]],
    ["1*", ["1.1.1", "1.1.2", "10.1.1"]],
    ["*.1.1", ["1.1.1", "10.1.1"]],
    ["1.1.1", ["1.1.1"]],
    ["1.1", []],
    ["1*1*2", ["1.1.2"]],
    ["9.1.*", []],
    ["(.*", []],
  ])("that %s means are those that the real suite would play", (pattern, meant) => {
    expect(select(caseIds(table), [pattern])).toEqual(meant);
  });

  it("keep their order, and come once, whatever the order of the patterns", () => {
    expect(select(caseIds(table), ["10.*", "7.1", "7*", "1.1.2"])).toEqual(["1.1.2", "7.1", "10.1.1"]);
  });

  it("are ordered by number", () => {
    const mixed = outcomes("10.1.1", "9.10.1", "9.9.1", "9.9.10", "9.9.2", "9.9");
    expect(inOrder(mixed).map(([id]) => id)).toEqual(["9.9", "9.9.1", "9.9.2", "9.9.10", "9.10.1", "10.1.1"]);
  });
});

describe("the differences", () => {
  const informational: Outcome = { ...ok, behavior: "INFORMATIONAL" };

  it("are none where every case is OK, but for the exceptions of the mode", () => {
    const found = new Map([...outcomes("1.1.1", "1.1.2", "9.10.1", "10.1.1"), ["7.1", informational]]);
    expect(differences(table, "server", caseIds(table), found)).toEqual([]);
    expect(differences(table, "client", caseIds(table), found).map(({ id }) => id)).toEqual(["7.1"]);
  });

  it("are also what is better than expected", () => {
    const [difference] = differences(table, "server", ["7.1"], outcomes("7.1"));
    expect(describeDifference(difference!)).toBe("7.1: OK, closed OK; expected INFORMATIONAL, closed OK");
  });

  it("are also how a case closed", () => {
    const found = new Map([["1.1.1", { ...ok, behaviorClose: "UNCLEAN" }]]);
    const [difference] = differences(table, "server", ["1.1.1"], found);
    expect(describeDifference(difference!)).toBe("1.1.1: OK, closed UNCLEAN; expected OK, closed OK");
  });

  it("are also cases that were selected and not played", () => {
    const found = differences(table, "client", ["1.1.1", "1.1.2"], outcomes("1.1.1"));
    expect(found.map(describeDifference)).toEqual(["1.1.2: was not played; expected OK, closed OK"]);
  });

  it("are also cases beyond the table that are not OK", () => {
    const found = new Map([...outcomes("101.1"), ["102.1", { ...ok, behavior: "FAILED" }]]);
    expect(differences(table, "client", [], found).map(({ id }) => id)).toEqual(["102.1"]);
  });
});

describe("expected.json", () => {
  const expected: Expected = JSON.parse(
    readFileSync(new URL("../../autobahn/expected.json", import.meta.url), "utf8"),
  );

  it("lists 517 cases, each once, in order", () => {
    const ids = caseIds(expected);
    expect(new Set(ids).size).toBe(517);
    expect(inOrder(outcomes(...ids)).map(([id]) => id)).toEqual(ids);
  });

  it.each(["server", "client"] as const)("expects 514 OK and 3 INFORMATIONAL in mode %s", (mode) => {
    const informational = { behavior: "INFORMATIONAL", behaviorClose: "INFORMATIONAL" };
    const ids = new Set(caseIds(expected));
    const exceptions = Object.entries(expected[mode]).filter(([id]) => ids.has(id));
    expect(Object.fromEntries(exceptions)).toEqual({
      "7.1.6": informational,
      "7.13.1": informational,
      "7.13.2": informational,
    });
  });

  it.each(["server", "client"] as const)("expects nothing beyond the suite to fail in mode %s", (mode) => {
    const ids = new Set(caseIds(expected));
    const beyond = Object.entries(expected[mode]).filter(([id]) => !ids.has(id));
    for (const [id, { behavior, behaviorClose }] of beyond) {
      expect(compareIds(id, "101.1"), id).toBeGreaterThanOrEqual(0);
      expect(["OK", "INFORMATIONAL", "UNIMPLEMENTED"], id).toContain(behavior);
      expect(["OK", "INFORMATIONAL"], id).toContain(behaviorClose);
    }
  });
});

describe("the configurations of the real suite", () => {
  it.each(["fuzzingclient", "fuzzingserver"])("%s excludes nothing", (name) => {
    const file = new URL(`../../autobahn/${name}.json`, import.meta.url);
    expect(JSON.parse(readFileSync(file, "utf8"))).toMatchObject({
      cases: ["*"],
      "exclude-cases": [],
      "exclude-agent-cases": {},
    });
  });
});
