import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PROMETHEUS_TYPE, prometheus, Statistics } from "../../src/node/statistics.ts";
import { headRefusals, requestRefusals } from "../../src/protocol/refusal.ts";

/** Each counter with a number of its own. */
function counted(): Statistics {
  const statistics = new Statistics();
  for (let i = 0; i < 5; i++) statistics.opened();
  statistics.textIn = 11;
  statistics.binaryIn = 12;
  statistics.textOut = 13;
  statistics.binaryOut = 14;
  statistics.bytesIn = 1500;
  statistics.bytesOut = 1600;
  statistics.backpressurePauses = 21;
  statistics.backpressureResumes = 20;
  statistics.messagesDropped = 22;
  statistics.budgetExceeded = 23;
  statistics.pingsSent = 31;
  statistics.pongsReceived = 30;
  statistics.deadPeers = 2;
  statistics.handlerErrors = 3;
  for (const code of [1000, 4001, 1000]) statistics.closed(code);
  for (const rule of ["origin", "key-missing", "origin"]) statistics.refused(rule);
  for (const ms of [0.5, 3, 200]) statistics.roundTrip(ms);
  return statistics;
}

describe("a snapshot", () => {
  it("begins with nothing", () => {
    expect(new Statistics().snapshot()).toMatchObject({
      connections: { open: 0, total: 0 },
      handshakes: { accepted: 0, refused: {} },
      closes: {},
      heartbeat: { roundTrip: { count: 0, sum: 0, min: undefined, mean: undefined, p99: undefined } },
    });
  });

  it("has every number under its name", () => {
    const { heartbeat, ...snapshot } = counted().snapshot();
    expect(snapshot).toEqual({
      connections: { open: 2, total: 5 },
      handshakes: { accepted: 5, refused: { origin: 2, "key-missing": 1 } },
      messages: { textIn: 11, binaryIn: 12, textOut: 13, binaryOut: 14 },
      bytes: { in: 1500, out: 1600 },
      backpressure: { paused: 21, resumed: 20, dropped: 22, budgetExceeded: 23 },
      handlerErrors: 3,
      closes: { 1000: 2, 4001: 1 },
    });
    const { roundTrip, ...counts } = heartbeat;
    expect(counts).toEqual({ pingsSent: 31, pongsReceived: 30, deadPeers: 2 });
    expect(roundTrip).toMatchObject({ count: 3, sum: 203.5, min: 0.5, max: 200, mean: 203.5 / 3 });
  });

  it("is frozen all through, and does not change with what is counted later", () => {
    const statistics = counted();
    const snapshot = statistics.snapshot();
    const copy = structuredClone(snapshot);
    statistics.textIn++;
    statistics.closed(1000);
    statistics.refused("origin");
    statistics.roundTrip(1);
    expect(snapshot).toEqual(copy);
    const isFrozen = (value: unknown): boolean =>
      typeof value !== "object" ||
      value === null ||
      (Object.isFrozen(value) && Object.values(value).every(isFrozen));
    expect(isFrozen(snapshot)).toBe(true);
  });

  it("survives JSON, as far as JSON has numbers", () => {
    const { heartbeat, ...others } = counted().snapshot();
    expect(JSON.parse(JSON.stringify(others))).toEqual(others);
    expect(heartbeat.roundTrip.buckets).toHaveLength(21);
  });

  it("knows the rules of the protocol and the server's own, and counts all others as one", () => {
    const statistics = new Statistics();
    const rules = [...Object.keys(headRefusals), ...Object.keys(requestRefusals), "closing", "client-gone"];
    for (const rule of rules) statistics.refused(rule);
    for (let i = 0; i < 1000; i++) statistics.refused(`of-a-peer-${i}`);
    for (const rule of ["__proto__", "constructor", ""]) statistics.refused(rule);
    const expected = Object.fromEntries(rules.map((rule) => [rule, 1]));
    expect(statistics.snapshot().handshakes.refused).toEqual({ ...expected, other: 1003 });
  });
});

describe("round trips", () => {
  const snapshotOf = (times: readonly number[]) => {
    const statistics = new Statistics();
    for (const ms of times) statistics.roundTrip(ms);
    return statistics.snapshot().heartbeat.roundTrip;
  };

  it("are told exactly when there was one", () => {
    expect(snapshotOf([7])).toMatchObject({ min: 7, max: 7, mean: 7, p50: 7, p99: 7 });
    expect(snapshotOf([0])).toMatchObject({ min: 0, max: 0, mean: 0, p50: 0, p99: 0 });
  });

  it("fall into buckets, each of which includes its end", () => {
    const { buckets } = snapshotOf([0, 0.125, 0.126, 0.25, 65_536, 65_537, 1e9]);
    const filled = buckets.filter(({ count }) => count > 0);
    expect(filled).toEqual([
      { upTo: 0.125, count: 2 },
      { upTo: 0.25, count: 2 },
      { upTo: 65_536, count: 1 },
      { upTo: Number.POSITIVE_INFINITY, count: 2 },
    ]);
  });

  it("have quantiles that are not too small, and at most twice too big", () => {
    const anyTimes = fc.array(fc.double({ min: 0.07, max: 60_000, noNaN: true }), { minLength: 1 });
    fc.assert(
      fc.property(anyTimes, (times) => {
        const { p50 = 0, p99 = 0, min, max } = snapshotOf(times);
        const sorted = [...times].sort((a, b) => a - b);
        for (const [share, told] of [
          [0.5, p50],
          [0.99, p99],
        ] as const) {
          const exact = sorted[Math.ceil(share * sorted.length) - 1]!;
          expect(told).toBeGreaterThanOrEqual(exact);
          expect(told).toBeLessThan(2 * exact);
        }
        expect([min, max]).toEqual([sorted[0], sorted.at(-1)]);
      }),
    );
  });

  it("beyond the last bucket are as long as the longest", () => {
    expect(snapshotOf([1, 100_000, 200_000])).toMatchObject({ p50: 200_000, p99: 200_000 });
  });
});

/** The format read back: `# TYPE` lines, and samples by their name and labels. Fails on any other line. */
function read(text: string) {
  const types = new Map<string, string>();
  const samples = new Map<string, number>();
  expect(text.endsWith("\n")).toBe(true);
  for (const line of text.trimEnd().split("\n")) {
    const type = /^# TYPE ([\w:]+) (counter|gauge|histogram)$/.exec(line);
    const sample = /^([a-z_:]+(?:\{(?:[a-z]+="(?:[^"\\]|\\["\\n])*",?)+\})?) (\d\S*)$/.exec(line);
    if (type) types.set(type[1]!, type[2]!);
    else if (sample) samples.set(sample[1]!, Number(sample[2]));
    else expect(line).toMatch(/^# HELP [\w:]+ \S.*\.$/);
  }
  return { types, samples };
}

describe("the text for Prometheus", () => {
  it("has a type and an explanation for each metric, before its samples", () => {
    const text = prometheus(counted().snapshot());
    const { types, samples } = read(text);
    expect(text.match(/^# HELP/gm)).toHaveLength(types.size);
    let metric = "";
    for (const line of text.trimEnd().split("\n")) {
      const [, kind, name = ""] = /^# (HELP|TYPE) (\w+)/.exec(line) ?? [];
      if (kind === "HELP") metric = name;
      else if (kind === "TYPE") expect(name).toBe(metric);
      else expect(line.startsWith(metric)).toBe(true);
    }
    expect(samples.size).toBeGreaterThan(types.size);
  });

  it("has every number, counters with names in _total", () => {
    const { types, samples } = read(prometheus(counted().snapshot()));
    for (const [name, type] of types) expect(name.endsWith("_total")).toBe(type === "counter");
    expect(types.get("framewright_connections_open")).toBe("gauge");
    const expected = {
      connections_open: 2,
      handshakes_accepted_total: 5,
      'handshakes_refused_total{rule="origin"}': 2,
      'handshakes_refused_total{rule="key-missing"}': 1,
      'messages_total{direction="in",type="text"}': 11,
      'messages_total{direction="in",type="binary"}': 12,
      'messages_total{direction="out",type="text"}': 13,
      'messages_total{direction="out",type="binary"}': 14,
      'bytes_total{direction="in"}': 1500,
      'bytes_total{direction="out"}': 1600,
      backpressure_pauses_total: 21,
      backpressure_resumes_total: 20,
      messages_dropped_total: 22,
      budget_exceeded_total: 23,
      pings_sent_total: 31,
      pongs_received_total: 30,
      dead_peers_total: 2,
      handler_errors_total: 3,
      'closes_total{code="1000"}': 2,
      'closes_total{code="4001"}': 1,
    };
    const told = [...samples].filter(([name]) => !name.includes("round_trip"));
    expect(Object.fromEntries(told)).toEqual(
      Object.fromEntries(Object.entries(expected).map(([name, value]) => [`framewright_${name}`, value])),
    );
  });

  it("has a histogram in seconds, whose buckets add up to all", () => {
    const { types, samples } = read(prometheus(counted().snapshot()));
    const name = "framewright_ping_round_trip_seconds";
    expect(types.get(name)).toBe("histogram");
    const buckets = [...samples].filter(([sample]) => sample.startsWith(`${name}_bucket`));
    expect(buckets).toHaveLength(21);
    expect(samples.get(`${name}_bucket{le="0.000125"}`)).toBe(0);
    expect(samples.get(`${name}_bucket{le="0.0005"}`)).toBe(1);
    expect(samples.get(`${name}_bucket{le="0.004"}`)).toBe(2);
    expect(samples.get(`${name}_bucket{le="0.256"}`)).toBe(3);
    expect(buckets.at(-1)).toEqual([`${name}_bucket{le="+Inf"}`, 3]);
    const counts = buckets.map(([, count]) => count);
    expect(counts).toEqual([...counts].sort((a, b) => a - b));
    expect([samples.get(`${name}_sum`), samples.get(`${name}_count`)]).toEqual([0.2035, 3]);
  });

  it("may have another prefix, which can begin a name", () => {
    const { types } = read(prometheus(new Statistics().snapshot(), "chat:ws"));
    expect([...types.keys()].every((name) => name.startsWith("chat"))).toBe(true);
    for (const prefix of ["", "9", "a b", "a-b", 'a"', "a\n", "ä"]) {
      expect(() => prometheus(new Statistics().snapshot(), prefix)).toThrow(TypeError);
      expect(() => prometheus(new Statistics().snapshot(), prefix)).toThrow("prefix: ");
    }
  });

  it("escapes what a label may hold, whoever made the snapshot", () => {
    const snapshot = new Statistics().snapshot();
    const refused: object = { 'a"b\\c\nd': 1 };
    const text = prometheus({ ...snapshot, handshakes: { accepted: 0, refused } });
    expect(text).toContain('framewright_handshakes_refused_total{rule="a\\"b\\\\c\\nd"} 1\n');
  });

  it("names its version in its type", () => {
    expect(PROMETHEUS_TYPE).toBe("text/plain; version=0.0.4; charset=utf-8");
  });
});
