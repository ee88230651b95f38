import { describe, expect, it } from "vitest";
import { tokensOf } from "../helpers/source.ts";
import { idsOf, skipsOf } from "./titles.ts";

const ids = (source: string): string[] => tokensOf(source).flatMap(idsOf);
const skips = (source: string): string[] =>
  skipsOf(tokensOf(source)).map(({ how, ids: lost }) => [how, ...lost].join(" "));

describe("the ids in a title", () => {
  it("stand in front of it, each in brackets", () => {
    expect(ids('it("[RFC6455-5.5.2-02] [RFC7692-5-01] answers", f);')).toEqual([
      "RFC6455-5.5.2-02",
      "RFC7692-5-01",
    ]);
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the sample is code
    const sample = "describe.each(roles)(`[WHATWG-SSE-9.2.4-01] ${a}`, f);";
    expect(ids(sample)).toEqual(["WHATWG-SSE-9.2.4-01"]);
  });

  it("may stand in a table of titles", () => {
    expect(ids('const title = { rule: "[RFC6455-5.4-01] " };')).toEqual(["RFC6455-5.4-01"]);
  });

  it("stand nowhere else: not behind a word, not in a comment, not in code", () => {
    expect(ids('it("answers [RFC6455-5.5.2-02]", f); // "[RFC6455-5.5.2-02]"\na[RFC6455 - 5];')).toEqual([]);
  });
});

describe("a test that is not run", () => {
  it("is found in each of its forms", () => {
    expect(skips('it.skip("a"); test.todo("b"); describe.only("c"); it.concurrent.fails("d");')).toEqual([
      "it.skip",
      "test.todo",
      "describe.only",
      "it.fails",
    ]);
  });

  it("somewhere may not have ids, neither itself nor what it holds", () => {
    expect(skips('it.skipIf(no(1))("[RFC6455-5.4-01] a", f);')).toEqual(["it.skipIf RFC6455-5.4-01"]);
    expect(
      skips('describe.runIf(a)("b", () => { it("[RFC6455-5.4-01] c", f); }); it("[RFC6455-5.4-02] d", f);'),
    ).toEqual(["describe.runIf RFC6455-5.4-01"]);
    expect(skips('it.skipIf(no)("a", f);')).toEqual([]);
  });

  it("is not what has such a name by chance", () => {
    expect(
      skips('line.it.skip("a"); it.each([1])("b", f); const todo = it; it("c", () => a.fails());'),
    ).toEqual([]);
  });
});
