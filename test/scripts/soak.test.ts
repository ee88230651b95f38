import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { Latencies } from "../../scripts/soak/latencies.ts";
import type { Tally } from "../../scripts/soak/load.ts";
import { isGood, lostOf, type Outcome, planFor, readOptions, reportOn, soak } from "../../scripts/soak.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

async function run(...args: string[]) {
  const child = spawn(process.execPath, ["--import", "tsx", "scripts/soak.ts", ...args], { cwd: root });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (text) => (stdout += text));
  child.stderr.on("data", (text) => (stderr += text));
  const [exitCode] = await once(child, "close");
  return { exitCode, stdout, stderr };
}

describe("the options of a soak", () => {
  it("have defaults", () => {
    expect(readOptions([])).toEqual({
      connections: 20_000,
      seconds: 60,
      every: 15,
      size: 128,
      deflate: false,
      subject: "framewright",
    });
  });

  it("make messages large enough to be compressed, if they are to be", () => {
    expect(readOptions(["--deflate"])).toMatchObject({ deflate: true, size: 2048 });
    expect(readOptions(["--deflate", "--size", "60"])).toMatchObject({ deflate: true, size: 60 });
  });

  it.each([
    [["--connections", "0"], '--connections: "0" is not a number from 1 to 100000'],
    [["--connections", "many"], '--connections: "many" is not a number'],
    [["--connections", ""], '--connections: "" is not a number'],
    [["--connections", "1.5"], "--connections: 1.5 is not a whole number"],
    [["--connections", "100001"], "--connections:"],
    [["--seconds", "3601"], "--seconds:"],
    [["--every", "0.01"], "--every:"],
    [["--size", "49"], "--size:"],
    [["--server", "other"], '--server: "other" is neither framewright nor ws'],
    [["--speed", "1"], "'--speed'"],
    [["20000"], "'20000'"],
  ])("%j are refused", (args, message) => {
    expect(() => readOptions(args)).toThrow(message);
  });
});

describe("the plan of a soak", () => {
  it("takes one server process where its files suffice, and several where not", () => {
    expect(planFor(50, 1024)).toEqual({ servers: 1, loads: 1 });
    expect(planFor(20_000, 65_536)).toEqual({ servers: 1, loads: 2 });
    expect(planFor(20_000, 20_000)).toEqual({ servers: 2, loads: 2 });
    expect(planFor(20_000, Number.POSITIVE_INFINITY)).toEqual({ servers: 1, loads: 2 });
  });

  it("is refused with what to do where too few files may be open", () => {
    expect(() => planFor(20_000, 1024)).toThrow(
      '--connections: "ulimit -n" is 1024, too low for 20000 connections. Raise it ("ulimit -n 2600" at least)',
    );
    expect(planFor(20_000, 2600)).toEqual({ servers: 8, loads: 8 });
    expect(() => planFor(1, 20)).toThrow("too low for 1 connections");
  });
});

describe("latencies", () => {
  it("are told to within 4 %, and never too low", () => {
    const latencies = new Latencies();
    for (let index = 1; index <= 1000; index++) latencies.add(index / 10);
    for (const [share, exact] of [
      [0.001, 0.1],
      [0.5, 50],
      [0.99, 99],
      [1, 100],
    ] as const) {
      expect(latencies.quantile(share)).toBeGreaterThanOrEqual(exact * 0.999999);
      expect(latencies.quantile(share)).toBeLessThan(exact * 1.045);
    }
  });

  it("can be added up, are in the first or last bucket beyond all bounds, and may be missing", () => {
    expect(new Latencies().quantile(0.5)).toBeNaN();
    const latencies = new Latencies();
    latencies.add(0);
    const other = new Latencies();
    other.add(1e12);
    latencies.addAll(other.counts);
    expect(latencies.quantile(0.5)).toBe(0.001);
    expect(latencies.quantile(1)).toBeGreaterThan(240_000);
  });
});

const NOTHING = { rss: 0, heap: 0, external: 0, cpu: 0 };

function outcomeOf(changes: Partial<Tally>, deadPeers = 0): Outcome {
  const tally = {
    held: 50,
    sent: 100,
    echoed: 100,
    outOfOrder: 0,
    damaged: 0,
    broken: 0,
    trouble: undefined,
  };
  return {
    options: readOptions(["--connections", "50"])!,
    plan: { servers: 1, loads: 1 },
    tally: { ...tally, ...changes },
    latencies: new Latencies(),
    heartbeats: { pings: 0, pongs: 0, deadPeers },
    before: NOTHING,
    connected: NOTHING,
    after: NOTHING,
    connecting: 1,
    sending: 1,
  };
}

describe("the outcome of a soak", () => {
  it("is good when nothing is missing", () => {
    expect(isGood(outcomeOf({}))).toBe(true);
  });

  it.each([
    { echoed: 99 },
    { outOfOrder: 1 },
    { damaged: 1 },
    { broken: 1, trouble: "ECONNRESET" },
    { held: 49 },
  ])("is not good with %j, and the report says so", (changes) => {
    const outcome = outcomeOf(changes);
    expect(isGood(outcome)).toBe(false);
    expect(reportOn(outcome)).not.toBe(reportOn(outcomeOf({})));
  });

  it("is not good when a peer was taken for dead", () => {
    expect(isGood(outcomeOf({}, 1))).toBe(false);
  });
});

describe("a soak", () => {
  it("holds its connections, plain and compressed, and loses nothing", async () => {
    const lines: string[] = [];
    for (const flags of [[], ["--deflate"]]) {
      const args = ["--connections", "50", "--seconds", "1", "--every", "0.2", ...flags];
      const outcome = await soak(readOptions(args)!, { servers: 2, loads: 2 }, (line) => lines.push(line));
      expect(isGood(outcome)).toBe(true);
      expect(outcome.tally).toMatchObject({ held: 50, outOfOrder: 0, damaged: 0, broken: 0 });
      expect(lostOf(outcome.tally)).toBe(0);
      expect(outcome.tally.sent).toBeGreaterThan(100);
      expect(outcome.latencies.quantile(0.5)).toBeGreaterThan(0);
    }
    expect(lines.some((line) => line.includes("50 held"))).toBe(true);
  }, 30_000);

  it("is a command with a report, and an exit code", async () => {
    const { exitCode, stdout, stderr } = await run("--connections", "10", "--seconds", "1", "--every", "0.2");
    expect(stderr).toBe("");
    expect(stdout).toMatch(/connections held +10 of 10\n/);
    expect(stdout).toMatch(/messages lost +0\n/);
    expect(exitCode).toBe(0);
  }, 30_000);

  it("explains itself, and says when it is misused", async () => {
    expect(await run("--help")).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining("npm run soak"),
    });
    expect(await run("--seconds", "0")).toMatchObject({
      exitCode: 2,
      stdout: "",
      stderr: expect.stringContaining("--seconds"),
    });
  }, 30_000);
});
