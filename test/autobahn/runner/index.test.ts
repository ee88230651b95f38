import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import * as judge from "../../../autobahn/runner/index.ts";
import { importsOf, tokensOf } from "../../helpers/source.ts";

const folder = fileURLToPath(new URL("../../../autobahn/runner/", import.meta.url));
const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) =>
  name.endsWith(".ts"),
);

describe("the judge", () => {
  it("shares nothing with what it judges: it knows itself and Node, and nothing else", () => {
    const foreign = files.flatMap((name) => {
      const depth = name.split(/[\\/]/).length;
      const isOwn = (path: string): boolean =>
        path.startsWith("node:") ||
        path.startsWith("./") ||
        (depth === 2 && path.startsWith("../") && !path.startsWith("../../"));
      return importsOf(tokensOf(readFileSync(`${folder}${name}`, "utf8")))
        .filter((path) => !isOwn(path))
        .map((path) => `${name}: ${path}`);
    });
    expect(files.length).toBeGreaterThan(30);
    expect(foreign).toEqual([]);
  });

  it("has a file that says what it is, for each of its files", () => {
    const nameless = files.filter((name) => {
      const text = readFileSync(`${folder}${name}`, "utf8").replace("#!/usr/bin/env node\n", "");
      const header = text.slice(0, text.indexOf("*/"));
      return !text.startsWith("/**") || header.split("\n").length > 16;
    });
    expect(nameless).toEqual([]);
  });

  it("has these public names", () => {
    expect(Object.keys(judge).sort()).toEqual([
      "DEFAULT_CONCURRENCY",
      "Unreachable",
      "allCases",
      "compareIds",
      "hasFailed",
      "runAgainst",
      "selectCases",
      "serveCases",
      "summary",
      "table",
      "writeReport",
    ]);
  });
});
