import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { PEERS } from "../../bench/lib/peers.ts";
import type { Report, Result } from "../../bench/lib/results.ts";
import { SCENARIOS } from "../../bench/lib/scenarios.ts";
import { type Target, verdicts } from "../../bench/lib/targets.ts";

const report = (...results: Result[]): Report => ({ date: "", machine: {}, versions: {}, results });
const found = (target: Target, ...results: Result[]) =>
  verdicts([target], report(...results)).map(({ found, met }) => ({ found, met }));

const ours: Result = { scenario: "echo", peer: "ours", value: 30, allocated: 96 };

describe("a target", () => {
  it("compares with a peer in the same scenario", () => {
    const ws: Result = { scenario: "echo", peer: "ws", value: 10 };
    expect(found({ scenarios: ["echo"], to: "ws", least: 3 }, ours, ws)).toEqual([{ found: 3, met: true }]);
    expect(found({ scenarios: ["echo"], to: "ws", least: 4 }, ours, ws)).toEqual([{ found: 3, met: false }]);
    expect(found({ scenarios: ["echo"], to: "ws", most: 2 }, ours, ws)).toEqual([{ found: 3, met: false }]);
  });

  it("compares with ourselves in another scenario", () => {
    const text: Result = { scenario: "text", peer: "ours", value: 27 };
    const target = { scenarios: ["text"], toScenario: "echo", least: 0.8 };
    expect(found(target, ours, text)).toEqual([{ found: 0.9, met: true }]);
  });

  it("has the ratio of processor times beside it, which decides nothing", () => {
    const [verdict] = verdicts(
      [{ scenarios: ["echo"], to: "ws", least: 4 }],
      report({ ...ours, cpu: 1 }, { scenario: "echo", peer: "ws", value: 10, cpu: 5 }),
    );
    expect(verdict).toMatchObject({ found: 3, byProcessorTime: 5, met: false });
    const [within] = verdicts(
      [{ scenarios: ["text"], toScenario: "echo", least: 0.8 }],
      report({ ...ours, cpu: 1 }, { scenario: "text", peer: "ours", value: 27, cpu: 2 }),
    );
    expect(within!.byProcessorTime).toBe(0.5);
  });

  it("may be a number by itself, of the value or of what was allocated", () => {
    expect(found({ scenarios: ["echo"], least: 31 }, ours)).toEqual([{ found: 30, met: false }]);
    expect(found({ scenarios: ["echo"], measure: "allocated", most: 96 }, ours)).toEqual([
      { found: 96, met: true },
    ]);
  });

  it("is neither met nor missed where one side was not measured", () => {
    const none = [{ found: undefined, met: undefined }];
    expect(found({ scenarios: ["echo"], to: "ws", least: 3 }, ours)).toEqual(none);
    expect(found({ scenarios: ["other"], least: 3 }, ours)).toEqual(none);
  });
});

describe("targets.json", () => {
  const path = new URL("../../bench/targets.json", import.meta.url);
  const targets: Target[] = JSON.parse(readFileSync(path, "utf8"));

  it("names scenarios and peers that exist, and one bound each", () => {
    for (const { scenarios, to, toScenario, least, most } of targets) {
      const loads = scenarios.filter((id) => !id.startsWith("micro-"));
      for (const id of toScenario === undefined ? loads : [...loads, toScenario]) {
        expect(SCENARIOS.map((scenario) => scenario.id)).toContain(id);
      }
      if (to !== undefined && loads.length > 0) expect(PEERS.map(({ id }) => id)).toContain(to);
      expect([least, most].filter((bound) => bound !== undefined)).toHaveLength(1);
    }
  });

  it("compares only with who can do the scenario, in a quick run too", () => {
    for (const { scenarios, to } of targets) {
      const peer = PEERS.find(({ id }) => id === to);
      if (peer === undefined) continue;
      expect(peer.quick).toBe(true);
      for (const scenario of SCENARIOS.filter(({ id }) => scenarios.includes(id))) {
        expect(peer.can(scenario)).toBe(true);
      }
    }
  });
});
