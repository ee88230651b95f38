import { describe, expect, it } from "vitest";
import { CORPUS_DIRECTORY, Corpus, CRASHES_DIRECTORY, readEntries } from "../../fuzz/corpus.ts";
import { mutants } from "../../fuzz/session.ts";
import { loadTarget, targetNames } from "../../fuzz/targets/index.ts";

const MUTANTS = 200;

describe.each(targetNames)("the target %s", async (name) => {
  const target = await loadTarget(name);
  const corpus = readEntries(CORPUS_DIRECTORY, name);

  it("has a corpus, and nothing in it breaks it", () => {
    expect(corpus.length).toBeGreaterThan(0);
    for (const { path, data } of corpus) expect(() => target.run(data), path).not.toThrow();
  });

  it("survives what has broken it once", () => {
    for (const { path, data } of readEntries(CRASHES_DIRECTORY, name)) {
      expect(() => target.run(data), path).not.toThrow();
    }
  });

  it("means something by every input, also by none", () => {
    expect(() => target.run(new Uint8Array(0))).not.toThrow();
    for (let byte = 0; byte < 256; byte++)
      expect(() => target.run(Uint8Array.of(byte)), `${byte}`).not.toThrow();
  });

  it(`survives ${MUTANTS} mutants of its corpus`, () => {
    const inputs = new Corpus(corpus.map(({ data }) => data));
    const next = mutants({ name, target, corpus: inputs, seed: 1 });
    for (let count = 0; count < MUTANTS; count++) {
      const data = next();
      expect(() => target.run(data.slice()), Buffer.from(data).toString("hex")).not.toThrow();
    }
  });
});
