import { describe, expect, it } from "vitest";
import { kibibytes, short, table, threeDigits } from "../../bench/lib/table.ts";

describe("a table", () => {
  it("is Markdown, with columns as wide as what stands in them", () => {
    const rows = [
      ["what", "k/s"],
      ["echo → all", "9"],
      ["x", "1,234"],
    ];
    expect(table(rows, ["left", "right"])).toBe(
      [
        "| what       |   k/s |", // right-aligned
        "|------------|------:|",
        "| echo → all |     9 |",
        "| x          | 1,234 |",
      ].join("\n"),
    );
  });

  it("fills up rows that are too short", () => {
    expect(table([["a", "b"], ["c"]], ["left", "left"])).toBe("| a | b |\n|---|---|\n| c |   |");
  });
});

describe("a number", () => {
  it.each([
    [0.123, "0.12"],
    [9.994, "9.99"],
    [9.996, "10.0"],
    [42.01, "42.0"],
    [999, "999"],
    [999.6, "1.00 k"],
    [3_517_000, "3.52 M"],
    [12e9, "12.0 G"],
    [5e12, "5000 G"],
  ])("has three digits and a prefix: %f is %s", (value, written) => {
    expect(short(value)).toBe(written);
  });

  it("has no prefix where it is a ratio or bytes", () => {
    expect(threeDigits(1234.5)).toBe("1235");
    expect(kibibytes(1536)).toBe("1.50 KiB");
  });
});
