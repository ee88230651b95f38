import { describe, expect, it } from "vitest";
import { readOptions } from "../../bench/lib/options.ts";

const peers = (...args: string[]): string[] => readOptions(args).peers.map(({ id }) => id);

describe("the command line", () => {
  it("measures those whom the targets name, unless it is told otherwise", () => {
    const { extent, rounds, seconds, scenarios } = readOptions([]);
    expect({ extent, rounds, seconds, scenarios }).toEqual({
      extent: "normal",
      rounds: 3,
      seconds: 1,
      scenarios: [],
    });
    expect(peers()).toEqual(["ours", "raw", "ws", "bun", "node-http"]);
  });

  it("measures everybody in full, and hurries when it is to be quick", () => {
    expect(peers("--full")).toEqual(expect.arrayContaining(["deno", "faye", "ours-26"]));
    expect(readOptions(["--quick"])).toMatchObject({ extent: "quick", rounds: 2 });
  });

  it("takes lists of scenarios and peers, in one argument or in several", () => {
    const { scenarios } = readOptions(["--scenario", "echo-16,text", "--scenario", "micro-mask"]);
    expect(scenarios).toEqual(["echo-16", "text", "micro-mask"]);
    expect(peers("--peer", "ws,ours", "--peer", "deno")).toEqual(["ours", "ws", "deno"]);
  });

  it("takes numbers, a generator, and what is to be printed", () => {
    const options = readOptions([
      ...["--rounds", "7", "--seconds", "0.25"],
      ...["--generator", "js", "--json", "--profile", "--save", "reference"],
    ]);
    expect(options).toMatchObject({
      rounds: 7,
      seconds: 0.25,
      generator: "JavaScript",
      json: true,
      profile: true,
      save: "reference",
    });
    expect(readOptions(["--generator", "c"]).generator).toBe("C");
  });

  it.each([
    [["--scenario", "ecko"], '--scenario: there is no "ecko"'],
    [["--peer", "netty"], '--peer: there is no "netty"'],
    [["--rounds", "many"], "--rounds"],
    [["--seconds", "0"], "--seconds"],
    [["--generator", "rust"], "--generator: c or js"],
    [["--save", "../x"], "--save"],
    [["--quick", "--full"], "one of them"],
    [["--fast"], "--fast"],
  ])("refuses %j", (args, reason) => {
    expect(() => readOptions(args)).toThrow(reason);
  });
});
