import { describe, expect, it } from "vitest";
import { CORPUS_DIRECTORY, Corpus, CRASHES_DIRECTORY, readEntries } from "../../fuzz/corpus.ts";
import { mutants } from "../../fuzz/session.ts";
import { dictionaries, targets } from "../../fuzz/targets/index.ts";

const MUTANTS = 300;

describe.each(Object.entries(targets))("the target %s", (name, target) => {
  const corpus = readEntries(CORPUS_DIRECTORY, name);

  it("has a corpus, and nothing in it breaks it", () => {
    expect(corpus.length).toBeGreaterThan(0);
    for (const { path, data } of corpus) expect(() => target(data), path).not.toThrow();
  });

  it("survives what has broken it once", () => {
    for (const { path, data } of readEntries(CRASHES_DIRECTORY, name)) {
      expect(() => target(data), path).not.toThrow();
    }
  });

  it("means something by every input, also by none", () => {
    expect(() => target(new Uint8Array(0))).not.toThrow();
    for (let byte = 0; byte < 256; byte++) expect(() => target(Uint8Array.of(byte)), `${byte}`).not.toThrow();
  });

  it(`survives ${MUTANTS} mutants of its corpus`, () => {
    const inputs = new Corpus(corpus.map(({ data }) => data));
    const next = mutants({ name, corpus: inputs, dictionary: dictionaries[name] ?? [], seed: 1 });
    for (let count = 0; count < MUTANTS; count++) {
      const data = next();
      expect(() => target(data.slice()), Buffer.from(data).toString("hex")).not.toThrow();
    }
  });
});
