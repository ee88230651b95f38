import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import type { Fault, Faults } from "../../scripts/mutants/fault.ts";
import { choose, HELP, readOptions } from "../../scripts/mutants/options.ts";

describe("the options of the mutants", () => {
  it("have defaults", () => {
    const { workers, ...others } = readOptions([]);
    expect(workers).toBeGreaterThan(0);
    expect(others).toEqual({ help: false, only: [], json: false, list: false, write: false });
  });

  it("are read", () => {
    const args = ["--only", "utf8", "--only=close", "--workers", "3", "--json", "--list"];
    expect(readOptions(args)).toMatchObject({ only: ["utf8", "close"], workers: 3, json: true, list: true });
    expect(readOptions(["-h"]).help).toBe(true);
    expect(readOptions(["--write"]).write).toBe(true);
  });

  it.each([
    [["--workers", "0"], "--workers: there has to be one at least"],
    [["--workers", "65"], '--workers: "65" is not a whole number from 0 to 64'],
    [["--workers", "two"], '--workers: "two" is not a whole number'],
    [["--write", "--only", "utf8"], "--write: docs/mutants.md tells of all faults"],
    [["--fast"], "'--fast'"],
    [["utf8"], "'utf8'"],
  ])("%j are refused", (args, message) => {
    expect(() => readOptions(args)).toThrow(message);
  });

  it("are explained, each of them", () => {
    for (const word of ["--only", "--workers", "--json", "--list", "--write", "--help"])
      expect(HELP).toContain(`\n  ${word} `);
  });
});

describe("what is chosen", () => {
  const fault = (what: string): Fault => ({ what, find: "a", replace: "b" });
  const all: readonly Faults[] = [
    { in: "src/protocol/close.ts", faults: [fault("1004 is valid."), fault("999 is valid.")] },
    { in: "src/protocol/utf8.ts", faults: [fault("A code point is lost.")] },
  ];
  const names = (only: readonly string[]) => choose(all, only).map((file) => [file.in, file.faults.length]);

  it("is everything, when nothing is said", () => {
    expect(choose(all, [])).toBe(all);
  });

  it("is what has the text in its file or its description", () => {
    expect(names(["close"])).toEqual([["src/protocol/close.ts", 2]]);
    expect(names(["999"])).toEqual([["src/protocol/close.ts", 1]]);
    expect(names(["999", "utf8"])).toEqual([
      ["src/protocol/close.ts", 1],
      ["src/protocol/utf8.ts", 1],
    ]);
  });

  it("is refused where it is nothing", () => {
    expect(() => choose(all, ["close", "nothing"])).toThrow('--only: no fault has "nothing"');
  });
});

describe("the command", () => {
  const command = fileURLToPath(new URL("../../scripts/mutants.ts", import.meta.url));
  const run = (...args: readonly string[]) =>
    spawnSync(process.execPath, ["--import", "tsx", command, ...args], { encoding: "utf8" });

  it("names the faults without trying them", () => {
    const { status, stdout } = run("--list", "--only", "protocol/accept");
    expect(status).toBe(0);
    expect(stdout).toContain("src/protocol/accept.ts: A digit of the constant is wrong.\n");
    expect(stdout).not.toContain("close");
  });

  it("exits with 2 and says why when it is misused", () => {
    const { status, stderr, stdout } = run("--workers", "none");
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toContain('mutants: --workers: "none" is not a whole number');
  });
});
