import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { FAULTS } from "../../scripts/mutants/faults/index.ts";
import { isGood, rateOf, tally, toJson, toMarkdown, toText } from "../../scripts/mutants/report.ts";
import type { Trial } from "../../scripts/mutants/trials.ts";

function trial(verdict: Trial["verdict"], by = "", equivalent?: string): Trial {
  const fault = { what: `It is ${verdict}.`, find: "a", replace: "b" };
  const path = "src/protocol/close.ts";
  return {
    in: path,
    fault: equivalent === undefined ? fault : { ...fault, equivalent },
    verdict,
    by,
    seconds: 1,
  };
}

const own = trial("found", "test/protocol/close.test.ts: it is right");
const other = trial("found", "test/protocol/connection.test.ts: it is right");
const hung = trial("hung");
const survived = trial("survived");
const explained = trial("survived", "", "It is the same.");
const many = (count: number): readonly Trial[] => Array.from({ length: count }, () => own);

describe("the result", () => {
  it("counts who found a fault", () => {
    expect(tally([own, own, other, hung, survived])).toEqual({
      faults: 5,
      byOwnTests: 2,
      byOtherTests: 1,
      hung: 1,
      survived: 1,
    });
  });

  it("is good with 95 of 100, if the others are explained", () => {
    expect(isGood([...many(95), ...Array.from({ length: 5 }, () => explained)])).toBe(true);
    expect(isGood([...many(94), ...Array.from({ length: 6 }, () => explained)])).toBe(false);
    expect(isGood([...many(99), survived])).toBe(false);
    expect(isGood([...many(18), other, hung])).toBe(true);
  });

  it("counts what is explained as not found all the same", () => {
    expect(rateOf([own, explained])).toBe(50);
  });
});

describe("the text", () => {
  it("has a row for each file, and all survivors with what is known of them", () => {
    const lines = toText([own, other, hung, survived, explained]).split("\n");
    expect(lines.find((line) => line.startsWith("src/protocol/close.ts "))).toMatch(/ 5 +1 +1 +1 +2$/);
    expect(lines.find((line) => line.startsWith("all "))).toMatch(/ 5 +1 +1 +1 +2$/);
    expect(lines).toContain("  no test found it");
    expect(lines).toContain("  no test can: It is the same.");
    expect(lines.at(-1)).toBe("3 of 5 faults were found: 60.0 %");
  });

  it("says which explanation is not true", () => {
    const text = toText([trial("found", "test/protocol/close.test.ts: it is right", "It is the same.")]);
    expect(text).toContain(
      "said to be beyond any test, but found by test/protocol/close.test.ts: it is right",
    );
  });
});

describe("the JSON", () => {
  it("has the rate and every trial", () => {
    expect(JSON.parse(toJson([own, survived]))).toMatchObject({
      rate: 50,
      faults: 2,
      trials: [own, survived],
    });
  });
});

describe("docs/mutants.md", () => {
  const path = new URL("../../docs/mutants.md", import.meta.url);

  it("tells of each file what was found in it, and of all that was not found why", () => {
    const lines = toMarkdown([own, other, hung, explained]).split("\n");
    expect(lines).toContain("| src/protocol/close.ts | 4 | 1 | 1 | 1 | 1 |");
    expect(lines).toContain("- `src/protocol/close.ts`: It is survived. It is the same.");
    expect(lines).toContain("**3 of 4 faults were found: 75.0 %.**");
    expect(toMarkdown([own])).toContain("## Not found\n\nNone.\n");
  });

  it("is of the faults that there are now", () => {
    expect(existsSync(path)).toBe(true);
    const told = [...readFileSync(path, "utf8").matchAll(/^\| (src\/\S+) \| (\d+) \|/gm)];
    expect(told.map(([, file, faults]) => `${file} ${faults}`)).toEqual(
      FAULTS.map((file) => `${file.in} ${file.faults.length}`),
    );
  });
});
