import { describe, expect, it } from "vitest";
import { requirements } from "../../scripts/requirements.ts";
import { pageOf } from "../requirements/page.ts";
import type { Project } from "../requirements/project.ts";

const empty: Project = {
  documents: [],
  citations: new Map(),
  proofs: new Map(),
  skipped: [],
  named: new Map(),
  page: "",
};

function run(args: readonly string[], project: Project = empty) {
  const pages: string[] = [];
  return {
    ...requirements(
      args,
      () => project,
      (page) => pages.push(page),
    ),
    pages,
  };
}

describe("npm run requirements", () => {
  it("writes the page, and says how things stand", () => {
    const { exitCode, stdout, stderr, pages } = run([]);
    expect([exitCode, stderr, pages]).toEqual([0, "", [pageOf(empty)]]);
    expect(stdout).toContain("MUST   0 of 0 proven by tests, 0 exempt\n");
    expect(stdout).toContain("nothing is missing\n");
  });

  it("with --check writes nothing, and takes a stale page for a hole", () => {
    expect(run(["--check"])).toMatchObject({
      exitCode: 1,
      stderr: "docs/requirements.md is stale: npm run requirements writes it anew\n",
      pages: [],
    });
    expect(run(["--check"], { ...empty, page: pageOf(empty) })).toMatchObject({
      exitCode: 0,
      stderr: "",
      pages: [],
    });
  });

  it("names each hole on a line of its own", () => {
    const holes = { ...empty, skipped: ["a: it.skip", "b: it.only"] };
    const { exitCode, stdout, stderr } = run([], holes);
    expect([exitCode, stderr.split("\n").length]).toEqual([1, 3]);
    expect(stdout).toContain("2 holes\n");
  });

  it("explains itself, and says when it was misused", () => {
    expect(run(["--help"])).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining("--check"),
      pages: [],
    });
    expect(run(["--chek"])).toMatchObject({
      exitCode: 2,
      stdout: "",
      stderr: expect.stringContaining("--help"),
    });
  });
});
