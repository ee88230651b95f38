import { describe, expect, it } from "vitest";
import { citationsOf } from "./citations.ts";
import { readDocuments } from "./documents.ts";

const documents = readDocuments();

function cited(source: string): string[] {
  return citationsOf(source, documents).map(
    ({ document, section, line }) => `${line} ${document} ${section}`,
  );
}

describe("a section that a source file cites", () => {
  it("is one of RFC 6455 where nothing else is said", () => {
    expect(cited("// §5.5.1: a Close.\nconst a = 1; /* §7, too */")).toEqual([
      "1 RFC 6455 5.5.1",
      "2 RFC 6455 7",
    ]);
  });

  it("is one of the document in front of it, as are those behind it in the same comment", () => {
    expect(cited("f(); /* RFC 7692 §7.2.1 and §7.2.2. */\n/** §5.2. */")).toEqual([
      "1 RFC 7692 7.2.1",
      "1 RFC 7692 7.2.2",
      "2 RFC 6455 5.2",
    ]);
  });

  it("is one of the document that the file's title names first, if all of its sections are known", () => {
    const source = "/**\n * Title (RFC 9110 §5; RFC 7692 §7.1, §7.2).\n *\n * §5 asks.\n */\n// §6.1\n";
    expect(cited(source)).toEqual([
      "1 RFC 9110 5",
      "1 RFC 7692 7.1",
      "1 RFC 7692 7.2",
      "1 RFC 7692 5",
      "6 RFC 7692 6.1",
    ]);
  });

  it("may be torn from its document by the end of a line, in every kind of comment", () => {
    expect(cited("/**\n * See RFC 7692\n * §7.1.\n */")).toEqual(["1 RFC 7692 7.1"]);
    expect(cited("f(); // RFC 7692 §7.1,\n// and §7.2\nf(); // §5.4")).toEqual([
      "1 RFC 7692 7.1",
      "1 RFC 7692 7.2",
      "3 RFC 6455 5.4",
    ]);
  });

  it("may be one of a range", () => {
    expect(cited("// §7.1.4–§7.1.6 and RFC 1951 §3.2.3 to §3.2.5")).toEqual([
      "1 RFC 6455 7.1.4",
      "1 RFC 6455 7.1.5",
      "1 RFC 6455 7.1.6",
      "1 RFC 1951 3.2.3",
      "1 RFC 1951 3.2.4",
      "1 RFC 1951 3.2.5",
    ]);
    expect(cited("// §7.1.6–§7.1.4")).toEqual(["1 RFC 6455 7.1.6", "1 RFC 6455 7.1.4"]);
  });

  it("may stand in a string, and not in code", () => {
    expect(cited('const section = "RFC 7692 §6.1";')).toEqual(["1 RFC 7692 6.1"]);
    expect(cited("")).toEqual([]);
  });
});
