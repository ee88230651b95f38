import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Engine, Report, Task } from "../../autobahn/engine.ts";
import { type Job, report, reportJson, run, runOptions } from "../../autobahn/run.ts";
import type { Expected, Mode, Outcome } from "../../autobahn/verdicts.ts";

let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "autobahn-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe("the arguments", () => {
  it("have defaults: our own suite, both ends, all cases", () => {
    expect(runOptions([])).toEqual({
      suite: "own",
      install: false,
      modes: ["server", "client"],
      patterns: ["*"],
      url: undefined,
      agent: "framewright",
      report: undefined,
      timeout: 1_800_000,
      json: false,
    });
  });

  it("are read", () => {
    const line =
      "--suite wstest --install --mode client --cases 6.*,7.1.6 --agent me --report r --timeout 60 --json";
    expect(runOptions(line.split(" "))).toEqual({
      suite: "wstest",
      install: true,
      modes: ["client"],
      patterns: ["6.*", "7.1.6"],
      url: undefined,
      agent: "me",
      report: "r",
      timeout: 60_000,
      json: true,
    });
    expect(runOptions(["--help", "--suite", "neither"])).toBeUndefined();
  });

  it("that name a server elsewhere mean that only servers are tested", () => {
    expect(runOptions(["--url", "ws://127.0.0.1:9001/"])?.modes).toEqual(["server"]);
    expect(runOptions(["--url", "ws://[::1]/", "--mode", "server"])?.modes).toEqual(["server"]);
  });

  it.each([
    [["--suite", "other"], '--suite: "other" is neither own nor wstest'],
    [["--install"], "--install: our own suite needs no installation"],
    [["--mode", "proxy"], '--mode: "proxy" is none of server, client and both'],
    [["--url", "ws://h/", "--mode", "both"], "--url: what is there is a server, and --mode is both"],
    [["--url", "http://h/"], '--url: "http://h/" is no URL that begins with ws://'],
    [["--url", "ws://"], '--url: "ws://" is no URL'],
    [["--cases", ""], '--cases: "" has an empty pattern'],
    [["--cases", "1.*,,2.*"], '--cases: "1.*,,2.*" has an empty pattern'],
    [["--agent", ""], "--agent: must not be empty"],
    [["--report", ""], "--report: must not be empty"],
    [["--timeout", "0"], "--timeout: must be 1 or more"],
    [["--timeout", "1e3"], '--timeout: "1e3" is not a whole number'],
    [["--cores", "2"], "'--cores'"],
    [["wstest"], "'wstest'"],
  ])("%j are refused", (args, message) => {
    expect(() => runOptions(args)).toThrow(message);
  });
});

const OK: Outcome = { behavior: "OK", behaviorClose: "OK", duration: 1 };
const FAILED: Outcome = { behavior: "FAILED", behaviorClose: "UNCLEAN", duration: 1 };
const expected: Expected = { cases: { "1.*": 2, "2.*": 1 }, server: {}, client: {} };

const reports: Readonly<Record<string, Report>> = {
  "1.2": {
    expectation: "An echo.",
    expected: { OK: [["message", "Hello"]], "NON-STRICT": [] },
    received: [["message", "hello"]],
    result: "No echo.",
    resultClose: null,
    wasNotCleanReason: "The peer was in a hurry.",
  },
  "2.1": {
    expectation: "Another echo.",
    expected: {},
    received: [],
    result: null,
    resultClose: "Closed.",
    wasNotCleanReason: null,
  },
};

const IDS = ["1.1", "1.2", "2.1"];

/** A suite whose cases come out as told; OK if nothing is told. */
function engine(play: (mode: Mode, task: Task) => unknown = () => {}, isParallel = true): Engine {
  return {
    name: "a suite",
    isParallel,
    ids: (mode) => (mode === "server" ? [...IDS, "101.1"] : IDS),
    play: async (mode, task) => {
      const outcomes = new Map<string, Outcome>();
      for (const id of task.cases) {
        task.onCase(id);
        outcomes.set(id, OK);
      }
      const other = await play(mode, task);
      if (other instanceof Map) for (const [id, outcome] of other) outcomes.set(id, outcome);
      return { outcomes, reportOn: (id) => reports[id] };
    },
  };
}

function job(more: Partial<Job> = {}): Job {
  return {
    modes: ["server", "client"],
    patterns: ["*"],
    url: undefined,
    agent: "me",
    timeout: 60_000,
    folder,
    signal: new AbortController().signal,
    terminal: { isTTY: false, write: () => {} },
    ...more,
  };
}

/** Rejects when the task is to end. */
const hang = ({ signal }: Task): Promise<never> =>
  new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason));
  });

describe("a run", () => {
  it("plays what is selected, in both modes, each with a folder for its reports", async () => {
    const tasks: unknown[] = [];
    const suite = engine((mode, { agent, url, cases, folder }) => {
      tasks.push({ mode, agent, url, cases, folder, isThere: existsSync(folder) });
    });
    const results = await run(suite, expected, job({ patterns: ["1.*"] }));
    const rest = { agent: "me", url: undefined, cases: ["1.1", "1.2"], isThere: true };
    expect(tasks).toEqual([
      { mode: "server", folder: join(folder, "server"), ...rest },
      { mode: "client", folder: join(folder, "client"), ...rest },
    ]);
    expect(results).toMatchObject([
      { mode: "server", differences: [] },
      { mode: "client", differences: [] },
    ]);
  });

  it("plays both modes at the same time only where the suite can", async () => {
    for (const isParallel of [false, true]) {
      let playing = 0;
      let most = 0;
      const suite = engine(async () => {
        most = Math.max(most, ++playing);
        await new Promise(setImmediate);
        playing--;
      }, isParallel);
      await run(suite, expected, job());
      expect(most).toBe(isParallel ? 2 : 1);
    }
  });

  it("has no place for a mode without cases", async () => {
    const results = await run(engine(), expected, job({ patterns: ["101.*"] }));
    expect(results.map(({ mode }) => mode)).toEqual(["server"]);
  });

  it("is not played for no case", async () => {
    await expect(run(engine(), expected, job({ patterns: ["8.*", "9"] }))).rejects.toThrow(
      "--cases: no case is meant by 8.*,9",
    );
  });

  it("that fails in one mode ends in the other", async () => {
    const suite = engine((mode, task) => {
      if (mode === "client") throw new Error("no Python");
      return hang(task);
    });
    await expect(run(suite, expected, job())).rejects.toThrow("mode client: no Python");
  });

  it("that fails in its first mode does not begin the second, if one comes after the other", async () => {
    const modes: Mode[] = [];
    const suite = engine((mode) => {
      modes.push(mode);
      throw new Error("no Python");
    }, false);
    await expect(run(suite, expected, job())).rejects.toThrow("mode server: no Python");
    expect(modes).toEqual(["server"]);
  });

  it("ends when its time is over", async () => {
    const hanging = run(
      engine((_, task) => hang(task)),
      expected,
      job({ timeout: 10 }),
    );
    await expect(hanging).rejects.toThrow("mode server: ended after 0.01 s altogether; the last was 101.1");
  });

  it("ends when it is asked to", async () => {
    const controller = new AbortController();
    const suite = engine((mode, task) => {
      if (mode === "client") controller.abort(new Error("enough"));
      return hang(task);
    });
    await expect(run(suite, expected, job({ signal: controller.signal }))).rejects.toThrow(/^enough$/);
  });
});

describe("the report of a run", () => {
  it("has a table for each mode", async () => {
    const text = report(engine(), await run(engine(), expected, job()));
    expect(text).toMatch(
      /^server mode, a suite: 4 cases in \d+\.\d s\n\n\| category .*\n(\|.*\n){5}\nclient mode, /,
    );
    expect(text).toMatch(/\n\nEverything is as expected\.$/);
  });

  it("lists what is other than expected, with what the suite says about it", async () => {
    const found = new Map([
      ["1.1", FAILED],
      ["1.2", FAILED],
      ["2.1", FAILED],
    ]);
    const suite = engine((mode) => (mode === "client" ? found : undefined));
    const text = report(suite, await run(suite, expected, job()));
    expect(text.slice(text.indexOf("Other"))).toBe(
      [
        "Other than expected: 3",
        "",
        "  client 1.1: FAILED, closed UNCLEAN; expected OK, closed OK",
        "  client 1.2: FAILED, closed UNCLEAN; expected OK, closed OK",
        "      An echo.",
        '      for OK: [["message","Hello"]]',
        "      for NON-STRICT: []",
        '      received: [["message","hello"]]',
        "      No echo.",
        "      The peer was in a hurry.",
        "  client 2.1: FAILED, closed UNCLEAN; expected OK, closed OK",
        "      Another echo.",
        "      Closed.",
      ].join("\n"),
    );
  });

  it("is JSON for programs", async () => {
    const suite = engine(() => new Map([["1.2", FAILED]]));
    const results = await run(suite, expected, job({ modes: ["server"], patterns: ["1.2", "2.1"] }));
    expect(JSON.parse(reportJson(suite, results))).toEqual({
      suite: "a suite",
      modes: {
        server: {
          seconds: results[0]!.seconds,
          differences: [{ id: "1.2", expected: { behavior: "OK", behaviorClose: "OK" }, actual: FAILED }],
          cases: { "1.2": FAILED, "2.1": OK },
        },
      },
    });
  });
});

describe("the command", () => {
  const script = fileURLToPath(new URL("../../autobahn/run.ts", import.meta.url));
  const command = (...args: readonly string[]) =>
    spawnSync(process.execPath, ["--import", "tsx", script, ...args], { encoding: "utf8" });

  it("says what it can be asked", () => {
    const { status, stdout } = command("--help");
    expect(status).toBe(0);
    expect(stdout).toContain("npm run autobahn -- [--suite own|wstest]");
  });

  it("leaves to our suite's own command what is only about our suite", () => {
    const { status, stdout } = command("--list", "--cases", "7.13.*");
    expect(status).toBe(0);
    expect(stdout.match(/^7\.13\.\d /gm)).toEqual(["7.13.1 ", "7.13.2 "]);
  });

  it("exits with 2 when it was misused", () => {
    const { status, stderr } = command("--suite", "other");
    expect(status).toBe(2);
    expect(stderr).toContain("--suite: ");
    expect(stderr).toContain("Try: npm run autobahn -- --help");
  });
});
