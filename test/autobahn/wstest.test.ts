import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Task } from "../../autobahn/engine.ts";
import type { Suite } from "../../autobahn/suite.ts";
import { played, wstest } from "../../autobahn/wstest.ts";

// Some of these start several processes, each of which compiles its TypeScript.
vi.setConfig({ testTimeout: 30_000 });

let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "wstest-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

const tsx = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
const fuzzer = fileURLToPath(new URL("../helpers/fuzzing-server.ts", import.meta.url));

/** A suite that is a program of Node. */
const suite = (...args: readonly string[]): Suite => ({
  name: "a stand-in",
  command: (more) => ({ file: process.execPath, args: [...args, ...more] }),
});

/** What stands in for wstest as a client: tells of its cases, and writes what it was told into its index. */
const PRETENDER = `
  const spec = JSON.parse(require("fs").readFileSync(process.argv[process.argv.indexOf("--spec") + 1], "utf8"));
  console.log("Ok, will run", spec.cases.length, "test cases against 1 servers");
  const index = {};
  for (const id of spec.cases) {
    console.log("Running test case ID " + id + " for agent somebody from peer tcp4:127.0.0.1:9001");
    index[id] = { behavior: "OK", behaviorClose: "OK", duration: 1, reportfile: "" };
  }
  const write = (name, value) => require("fs").writeFileSync(spec.outdir + "/" + name, JSON.stringify(value));
  write("index.json", { [spec.servers[0].agent]: index });
  write("told.json", { arguments: process.argv.slice(1), spec });
`;

function task(more: Partial<Task> = {}): Task & { readonly heard: string[] } {
  const heard: string[] = [];
  const { signal } = new AbortController();
  const onCase = (id: string): unknown => heard.push(id);
  return { agent: "somebody", cases: ["1.1.1", "7.9.2"], folder, signal, onCase, heard, ...more };
}

const CASES = ["1.1.1", "7.9.2"];
const OK = { behavior: "OK", behaviorClose: "OK", duration: 1 };

describe("the real suite as a client", () => {
  it("is told what to test, and tells what came out", async () => {
    const engine = wstest(suite("-e", PRETENDER, "--"), CASES);
    const asked = task({ url: "ws://127.0.0.1:9001/" });
    const { outcomes } = await engine.play("server", asked);
    expect([...outcomes]).toEqual(CASES.map((id) => [id, OK]));
    expect(asked.heard).toEqual(CASES);
    expect(engine.name).toBe("a stand-in");
    expect(engine.ids("server")).toEqual(CASES);

    const told = JSON.parse(readFileSync(join(folder, "told.json"), "utf8"));
    const spec = join(folder, "fuzzingclient.json");
    expect(told.arguments).toEqual(
      expect.arrayContaining(["--mode", "fuzzingclient", "--spec", spec, "--webport", "0"]),
    );
    expect(told.spec).toEqual({
      outdir: folder,
      servers: [{ agent: "somebody", url: "ws://127.0.0.1:9001/" }],
      cases: CASES,
      "exclude-cases": [],
      "exclude-agent-cases": {},
    });
  });

  it("is given our own server, if it is told of no other", async () => {
    await wstest(suite("-e", PRETENDER, "--"), CASES).play("server", task());
    const { spec } = JSON.parse(readFileSync(join(folder, "told.json"), "utf8"));
    expect(spec.servers[0].url).toMatch(/^ws:\/\/127\.0\.0\.1:[1-9]\d*$/);
  });

  it("that fails has its last words told", async () => {
    const engine = wstest(suite("-e", "console.error('ImportError'); process.exit(1)", "--"), CASES);
    await expect(engine.play("server", task({ url: "ws://127.0.0.1:1" }))).rejects.toThrow("ImportError");
  });

  it("that reaches nobody says so", async () => {
    const source = `${PRETENDER.replace("of spec.cases", "of []")} console.log("Connection to ws://h failed (no)")`;
    const engine = wstest(suite("-e", source, "--"), CASES);
    await expect(engine.play("server", task({ url: "ws://h/" }))).rejects.toThrow(
      "Connection to ws://h failed",
    );
  });

  it("that hangs is ended by the signal", async () => {
    const controller = new AbortController();
    const engine = wstest(
      suite("-e", "console.log('Running test case ID 2.1 for'); setInterval(() => {}, 1000)", "--"),
      CASES,
    );
    const asked = task({
      url: "ws://127.0.0.1:1",
      signal: controller.signal,
      onCase: () => controller.abort(new Error("enough")),
    });
    await expect(engine.play("server", asked)).rejects.toThrow("enough");
  });
});

describe("the real suite as a server", () => {
  it("has our client play all cases, and is ended", async () => {
    const asked = task();
    const { outcomes } = await wstest(suite("--import", tsx, fuzzer), CASES).play("client", asked);
    expect([...outcomes]).toEqual(CASES.map((id) => [id, OK]));
    expect(asked.heard).toEqual(CASES);
  });

  it("that ends too early has failed, even if it does not say so", async () => {
    const engine = wstest(suite("-e", "", "--"), CASES);
    await expect(engine.play("client", task())).rejects.toThrow("before the client had played all cases");
  });
});

describe("what the real suite has written", () => {
  const write = (name: string, value: unknown): void =>
    writeFileSync(join(folder, name), JSON.stringify(value));

  it("says what came out, and why", () => {
    write("index.json", {
      other: { "1.1.1": { ...OK, reportfile: "other_1.json" } },
      somebody: {
        "6.4.1": { behavior: "NON-STRICT", behaviorClose: "OK", duration: 2000, reportfile: "1.json" },
        "9.1.1": {
          behavior: "FAILED",
          behaviorClose: "FAILED",
          duration: 1795392000000,
          reportfile: "2.json",
        },
      },
    });
    write("1.json", {
      expectation: "To be refused.",
      expected: { OK: [["timeout", "A"]], "NON-STRICT": [] },
      received: [],
      result: "As expected.",
      resultClose: "Properly.",
      wasNotCleanReason: null,
    });
    write("2.json", {
      expectation: "An echo.",
      expected: {},
      received: [],
      result: null,
      resultClose: "Never opened.",
      wasNotCleanReason: "peer dropped the TCP connection",
    });
    const { outcomes, reportOn } = played({ agent: "somebody", folder });
    expect([...outcomes]).toEqual([
      ["6.4.1", { behavior: "NON-STRICT", behaviorClose: "OK", duration: 2000 }],
      ["9.1.1", { behavior: "FAILED", behaviorClose: "FAILED", duration: 0 }],
    ]);
    expect(reportOn("6.4.1")).toMatchObject({ result: "As expected.", wasNotCleanReason: null });
    expect(reportOn("9.1.1")).toMatchObject({ result: null, resultClose: "Never opened." });
    expect(reportOn("1.1.1")).toBeUndefined();
  });

  it("may be nothing about whom it was asked to test", () => {
    write("index.json", {});
    expect(played({ agent: "somebody", folder }).outcomes.size).toBe(0);
  });
});
