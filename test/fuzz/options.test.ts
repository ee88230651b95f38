import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { parseOptions, UsageError, usage } from "../../fuzz/options.ts";

const names = ["frames", "utf8"];
const others = ["against-somebody"];
const parse = (args: readonly string[]) => parseOptions(args, names, others);

describe("parseOptions", () => {
  it("takes every target for a minute, with a seed of its own choice, unless told otherwise", () => {
    const options = parse([]);
    expect(options).toMatchObject({
      help: false,
      targets: names,
      seconds: 60,
      coverage: true,
      keep: undefined,
      replay: undefined,
    });
    expect(Number.isInteger(options.seed)).toBe(true);
  });

  it("reads each option", () => {
    const args = ["--target", "utf8", "--target=frames", "--target", "utf8", "--seconds", "5", "--seed", "0"];
    expect(parse(args)).toMatchObject({ targets: ["utf8", "frames"], seconds: 5, seed: 0 });
    expect(parse(["--target", "utf8", "--replay", "a.bin"])).toMatchObject({ replay: "a.bin" });
    expect(parse(["--target", "against-somebody"]).targets).toEqual(others);
    expect(parse(["--no-coverage", "--keep", "dir"])).toMatchObject({ coverage: false, keep: "dir" });
    expect(parse(["--help"]).help).toBe(true);
  });

  it.each([
    [
      ["--target", "nothing"],
      '--target: there is no target "nothing"; there are frames, utf8, against-somebody',
    ],
    [["--seconds", "0"], '--seconds: "0" is not a whole number'],
    [["--seconds", "1.5"], '--seconds: "1.5" is not a whole number'],
    [["--seconds", ""], '--seconds: "" is not a whole number'],
    [["--seed", "-1"], "--seed"],
    [["--seed=0x10"], '--seed: "0x10" is not a whole number'],
    [["--seed", "4294967296"], '--seed: "4294967296" is not a whole number from 0 to 4294967295'],
    [["--replay", "a.bin"], "--replay: name the one target"],
    [["--target", "utf8", "--target", "frames", "--replay", "a.bin"], "--replay: name the one target"],
    [["--keep="], "--keep: name a directory"],
    [["--unknown"], "--unknown"],
    [["frames"], "frames"],
  ])("refuses %j and says why", (args, message) => {
    expect(() => parse(args)).toThrow(UsageError);
    expect(() => parse(args)).toThrow(message);
  });

  it("explains each option and names each target", () => {
    const text = usage(names, others);
    const options = ["--target", "--seconds", "--seed", "--keep", "--no-coverage", "--replay", "--help"];
    for (const word of [...options, ...names, ...others]) expect(text).toContain(word);
  });
});

describe("the runner", () => {
  const runner = fileURLToPath(new URL("../../fuzz/run.ts", import.meta.url));

  function run(...args: readonly string[]) {
    return spawnSync(process.execPath, ["--import", "tsx", runner, ...args], { encoding: "utf8" });
  }

  it("exits with 2 and a sentence where the command line is wrong", () => {
    const { status, stderr, stdout } = run("--target", "utf8", "--replay", "/nowhere.bin");
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toContain("--replay: there is no file /nowhere.bin");
  });

  it("exits with 0 where nothing is found, and says each second how it goes", () => {
    const { status, stderr } = run("--target", "close", "--seconds", "1", "--seed", "5");
    expect(status).toBe(0);
    expect(stderr).toMatch(
      /^close: \d+ executions, \d+\/s, \d+ branches \(\+\d+\), corpus \d+ \(\+\d+\), seed 5$/m,
    );
    expect(stderr).toMatch(/^close +\d+ +\d+ +\d+ +\d+ +nothing$/m);
  });
});
