import { describe, expect, it } from "vitest";
import { table } from "../../autobahn/table.ts";
import type { Outcome } from "../../autobahn/verdicts.ts";

const outcome = (behavior: string, behaviorClose: string, duration = 0): Outcome => ({
  behavior,
  behaviorClose,
  duration,
});

describe("the table", () => {
  it("counts both verdicts of each category, in numerical order, and adds up the time", () => {
    const outcomes = new Map([
      ["10.1.1", outcome("OK", "OK", 1500)],
      ["2.1", outcome("FAILED", "UNCLEAN", 40)],
      ["2.2", outcome("NON-STRICT", "WRONG CODE", 60)],
      ["7.13.1", outcome("INFORMATIONAL", "INFORMATIONAL")],
      ["12.1.1", outcome("UNIMPLEMENTED", "OK")],
    ]);
    expect(table(outcomes).split("\n")).toEqual([
      "| category                    | cases | OK | NON-STRICT | INFO | UNIMPL | FAILED | closed OK | closed INFO | closed wrongly | seconds |",
      "| --------------------------- | ----: | -: | ---------: | ---: | -----: | -----: | --------: | ----------: | -------------: | ------: |",
      "|   2 pings and pongs         |     2 |  · |          1 |    · |      · |      1 |         · |           · |              2 |     0.1 |",
      "|   7 closing                 |     1 |  · |          · |    1 |      · |      · |         · |           1 |              · |     0.0 |",
      "|  10 automatic fragmentation |     1 |  1 |          · |    · |      · |      · |         1 |           · |              · |     1.5 |",
      "|  12 compression, by data    |     1 |  · |          · |    · |      1 |      · |         1 |           · |              · |     0.0 |",
      "| all                         |     5 |  1 |          1 |    1 |      1 |      1 |         2 |           1 |              2 |     1.6 |",
    ]);
  });

  it("counts a verdict that is unheard of among the worst", () => {
    expect(
      table(new Map([["201.1", outcome("SURPRISING", "OK")]]))
        .split("\n")
        .at(-1),
    ).toBe(
      "| all      |     1 |  · |          · |    · |      · |      1 |         1 |           · |              · |     0.0 |",
    );
  });

  it("names a category that it does not know by its number", () => {
    expect(table(new Map([["201.1", outcome("OK", "OK")]]))).toContain("\n| 201      |");
  });

  it("has a line for no cases at all", () => {
    expect(table(new Map()).split("\n")).toHaveLength(3);
  });
});
