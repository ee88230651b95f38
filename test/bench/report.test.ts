import { describe, expect, it } from "vitest";
import { chart } from "../../bench/lib/chart.ts";
import { reportText } from "../../bench/lib/report.ts";
import type { Report, Result } from "../../bench/lib/results.ts";
import { verdicts } from "../../bench/lib/targets.ts";

const echo = { scenario: "echo-128-32", rounds: [1], p50: 900, p99: 1200 };

const results: Result[] = [
  { ...echo, peer: "ours", value: 3_000_000, cpu: 0.3, memory: 70 * 2 ** 20 },
  { ...echo, peer: "raw", value: 4_000_000, cpu: 0.2 },
  { ...echo, peer: "ws", value: 150_000, cpu: 6, memory: 60 * 2 ** 20 },
  { ...echo, peer: "deno", failure: "the server left" },
  { scenario: "memory-plain-10000", peer: "ours", value: 4096 },
  { scenario: "memory-plain-10000", peer: "ws", value: 8192 },
  { scenario: "growth-connections-64", peer: "ours", value: 100_000, p50: 640, p99: 1900 },
  { scenario: "growth-memory-1000", peer: "ours", value: 5120 },
  { scenario: "growth-fragments-16384", peer: "ours", value: 5000 },
  { scenario: "micro-mask-16", title: "mask 16 B", peer: "ours", value: 5e7, allocated: 0.2 },
];

const report = (some: readonly Result[] = results): Report => ({
  date: "2026-11-21T00:00:00.000Z",
  machine: { cores: 2, pinned: "yes" },
  versions: { node: "20.20.2" },
  results: some,
});

const targets = [
  { scenarios: ["echo-128-32"], to: "ws", least: 18 },
  { scenarios: ["memory-plain-10000"], to: "ws", most: 0.4 },
  { scenarios: ["micro-mask-16"], least: 4e7 },
  { scenarios: ["handshakes"], to: "ws", least: 1.5 },
];

/** Without the spaces that make columns. */
const text = reportText(report(), verdicts(targets, report())).replace(/ +/g, " ");

describe("a report", () => {
  it("says when, with what and where it was found", () => {
    expect(text).toMatch(/^2026-11-21: node 20\.20\.2\ncores 2, pinned yes\n\n\|/);
  });

  it("shows rates beside each other, and ratios", () => {
    expect(text).toContain("| per second | Framewright | raw net | ws | Deno | × ws | × raw |");
    expect(text).toContain("| echo 128 B, 32 in flight | 3.00 M | 4.00 M | 150 k | – | 20.0 | 0.75 |");
  });

  it("shows memory in KiB", () => {
    expect(text).toContain(
      "| memory of an idle connection, 10,000 of them | 4.00 KiB | | 8.00 KiB | | 0.50 | – |",
    );
  });

  it("shows processor time and memory of the servers", () => {
    expect(text).toContain(
      "| echo 128 B, 32 in flight | 0.30 µs, 70 MiB | 0.20 µs, – MiB | 6.00 µs, 60 MiB |",
    );
  });

  it("shows how cost grows, for each axis", () => {
    expect(text).toContain("| 64 | 100 k/s, p50 640 µs, p99 1.90 ms |");
    expect(text).toContain("| 1,000 | 5.00 KiB |");
    expect(text).toContain("| 16,384 | 200 µs (12.2 ns each) |");
  });

  it("shows the core by itself", () => {
    expect(text).toContain("| mask 16 B | ours | 50.0 M/s | 20.0 ns | 0 B |");
  });

  it("says of each target that was measured whether it is met", () => {
    expect(text).toContain("| echo 128 B, 32 in flight | ≥ 18.0 × ws | 20.0 | 20.0 | met |");
    expect(text).toContain(
      "| memory of an idle connection, 10,000 of them | ≤ 0.40 × ws | 0.50 | – | missed |",
    );
    expect(text).toContain("| mask 16 B | ≥ 40.0 M | 50.0 M | – | met |");
    expect(text).not.toContain("handshakes");
  });

  it("says what was not measured, and why", () => {
    expect(text).toContain("Not measured:\n echo-128-32, deno: the server left");
  });

  it("is empty where nothing was found", () => {
    expect(reportText(report([]), [])).toBe("");
  });
});

describe("a chart", () => {
  const svg = chart(report());

  it("has a bar for each value, as long as it is part of the best", () => {
    const bars = [...svg.matchAll(/<rect x="360" [^>]*width="([\d.]+)"/g)].map(([, width]) => Number(width));
    expect(bars).toEqual([367.5, 490, 18.4, 245, 490]);
    expect(svg).toContain("3.00 M");
    expect(svg).toContain("4.00 KiB");
  });

  it("is well formed", () => {
    const opened = [...svg.matchAll(/<(svg|text|title)\b/g)].length;
    expect([...svg.matchAll(/<\/(svg|text|title)>/g)]).toHaveLength(opened);
    expect(svg).not.toMatch(/NaN|undefined|Infinity/);
  });

  it("of nothing is a chart without bars", () => {
    expect(chart(report([]))).not.toMatch(/NaN|undefined|Infinity/);
  });
});
