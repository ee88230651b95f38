import { describe, expect, it } from "vitest";
import { readOptions } from "../../bench/lib/options.ts";
import { SCENARIOS } from "../../bench/lib/scenarios.ts";
import { isMicroWanted, scenariosFor } from "../../bench/lib/selection.ts";

const targets = [
  { scenarios: ["echo-16-32", "memory-plain-10000", "memory-plain-50000"], to: "ws", least: 1 },
  { scenarios: ["micro-mask-16"], least: 1 },
];
const ids = (...args: string[]): string[] => scenariosFor(readOptions(args), targets).map(({ id }) => id);
const micro = (id: string, ...args: string[]): boolean => isMicroWanted(readOptions(args), targets, id);

describe("a run", () => {
  it("is about all scenarios in full", () => {
    expect(ids("--full")).toHaveLength(SCENARIOS.length);
    expect(micro("micro-header", "--full")).toBe(true);
  });

  it("is about those of the targets when it is to be quick, unless they take long", () => {
    expect(ids("--quick")).toEqual(["echo-16-32"]);
    expect(micro("micro-mask-16", "--quick")).toBe(true);
    expect(micro("micro-header", "--quick")).toBe(false);
  });

  it("leaves out series and the largest numbers otherwise", () => {
    expect(ids()).toEqual(expect.arrayContaining(["echo-16-32", "memory-plain-10000", "events-128-8"]));
    expect(ids().filter((id) => id.startsWith("growth") || id.endsWith("50000"))).toEqual([]);
    expect(micro("micro-header")).toBe(true);
  });

  it("is about what was named, whatever it takes", () => {
    expect(ids("--scenario", "memory-plain")).toEqual(["memory-plain-10000", "memory-plain-50000"]);
    expect(ids("--scenario", "micro-mask")).toEqual([]);
    expect(micro("micro-mask-128", "--scenario", "micro-mask")).toBe(true);
    expect(micro("micro-header", "--scenario", "micro-mask")).toBe(false);
    expect(micro("micro-header", "--scenario", "echo-16")).toBe(false);
  });

  it("feeds no core from memory where only others are measured", () => {
    expect(micro("micro-header", "--peer", "ws")).toBe(false);
  });
});
