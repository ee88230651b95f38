/** The executable RFC holds. What it says, row by row, is in docs/requirements.md. */

import { describe, expect, it } from "vitest";
import { holesOf, isStale } from "./holes.ts";
import { figuresOf } from "./page.ts";
import { readProject } from "./project.ts";

describe("the requirements", () => {
  const project = readProject();
  const { documents, proofs } = project;

  it("are answered: each has code that cites it, tests that name it, or a word that says why not", () => {
    expect(holesOf(project)).toEqual([]);
  });

  it("stand in docs/requirements.md as they are; `npm run requirements` writes it", () => {
    expect(isStale(project)).toBe(false);
  });

  it("are proven by tests: every MUST that counts, nine of ten SHOULD, and every MAY is decided", () => {
    const must = figuresOf(documents, proofs, "MUST");
    expect(must.proven).toBe(must.counted);
    const should = figuresOf(documents, proofs, "SHOULD");
    expect(should.proven / should.counted).toBeGreaterThanOrEqual(0.9);
    expect(should.proven + should.decided).toBe(should.counted);
  });

  it("are many, so that none gets lost with a file", () => {
    const rows = documents.flatMap(({ requirements }) => requirements);
    expect(rows).toHaveLength(479);
    expect(new Set(rows.map(({ id }) => id)).size).toBe(479);
  });
});
