import { expect, it } from "vitest";
import { findingText, progressLine, table } from "../../fuzz/report.ts";

const before = { executions: 1000, milliseconds: 1000, branches: 90, corpusSize: 10 };
const now = { executions: 4000, milliseconds: 2500, branches: 97, corpusSize: 14 };

it("a line says how fast it goes now, and what is new since the line before", () => {
  expect(progressLine("utf8", 7, now, before)).toBe(
    "utf8: 4000 executions, 2000/s, 97 branches (+7), corpus 14 (+4), seed 7",
  );
  expect(progressLine("utf8", 7, now, undefined)).toContain("1600/s, 97 branches (+97)");
});

it("a line says nothing of branches where nobody counts them", () => {
  const blind = { ...now, branches: 0 };
  expect(progressLine("utf8", 7, blind, undefined)).toBe("utf8: 4000 executions, 1600/s, seed 7");
});

it("a finding is told by what is wrong, its bytes and its error", () => {
  const error = new Error("an oracle", { cause: { found: 3 } });
  const text = findingText("utf8", { input: Uint8Array.of(0xff, 1), error, kind: "broken" });
  expect(text).toMatch(/^utf8: an input breaks it, 2 bytes:\n {2}ff01\n/);
  expect(text).toContain("an oracle");
  expect(text).toContain("found: 3");
});

it("the table has a row for each target", () => {
  const rows = [
    { ...now, name: "utf8", found: "nothing" },
    { ...now, name: "handshake-server", branches: 0, found: "fuzz/crashes/x.bin" },
  ];
  expect(table(rows).split("\n")).toEqual([
    "target            executions  per second  branches  corpus  found",
    "utf8                    4000        1600        97      14  nothing",
    "handshake-server        4000        1600         -      14  fuzz/crashes/x.bin",
  ]);
});
