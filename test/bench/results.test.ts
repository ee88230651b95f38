import { describe, expect, it } from "vitest";
import { median, quotient, Results, summarize } from "../../bench/lib/results.ts";

const measured = (messages: number, cpu?: number, memory?: number) => ({
  messages,
  seconds: 2,
  p50: messages / 10,
  p99: messages,
  cpu,
  memory,
});

describe("a median", () => {
  it("is the one in the middle, or between the two", () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 3, 2])).toBe(2.5);
  });

  it("leaves the values as they were", () => {
    const values = [3, 1, 2];
    median(values);
    expect(values).toEqual([3, 1, 2]);
  });
});

describe("a summary of rounds", () => {
  it("has medians of everything", () => {
    const rounds = [measured(100, 1, 10), measured(300, 3, 30), measured(200, 2, 20)];
    expect(summarize("echo", "ws", rounds)).toEqual({
      scenario: "echo",
      peer: "ws",
      value: 100,
      rounds: [50, 150, 100],
      p50: 20,
      p99: 200,
      cpu: 2,
      memory: 20,
    });
  });

  it("says nothing of what nobody could tell", () => {
    expect(summarize("echo", "ws", [measured(100)])).not.toHaveProperty("cpu");
    expect(summarize("echo", "ws", [measured(100)])).not.toHaveProperty("memory");
  });
});

describe("results", () => {
  const results = new Results([
    { scenario: "echo", peer: "ours", value: 30 },
    { scenario: "echo", peer: "ws", value: 10 },
    { scenario: "echo", peer: "deno", failure: "gone" },
  ]);

  it("are found by name", () => {
    expect(results.get("echo", "ws")?.value).toBe(10);
    expect(results.get("echo", "bun")).toBeUndefined();
  });

  it("have ratios where both were measured", () => {
    expect(results.ratio("echo", "ours", "ws")).toBe(3);
    expect(results.ratio("echo", "ours", "deno")).toBeUndefined();
    expect(results.ratio("echo", "ours", "bun")).toBeUndefined();
    expect(quotient(1, 0)).toBeUndefined();
  });
});
