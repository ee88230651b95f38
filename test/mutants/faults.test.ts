import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { applyFault, type Fault } from "../../scripts/mutants/fault.ts";
import { FAULTS } from "../../scripts/mutants/faults/index.ts";
import { mirrorOf } from "../../scripts/mutants/trials.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const read = (path: string): string => readFileSync(root + path, "utf8");

describe("the faults", () => {
  it("each have their place in the file, and change it", () => {
    const lost = FAULTS.flatMap(({ in: path, faults }) => {
      const source = read(path);
      return faults.flatMap((fault) => {
        try {
          applyFault(source, fault, path);
          return [];
        } catch (error) {
          return [(error as Error).message];
        }
      });
    });
    expect(lost).toEqual([]);
  });

  it("are each there once", () => {
    const names = FAULTS.flatMap(({ in: path, faults }) => faults.map(({ what }) => `${path}: ${what}`));
    const changes = FAULTS.flatMap(({ in: path, faults }) =>
      faults.map(({ find, replace }) => `${path}: ${find} → ${replace}`),
    );
    expect(new Set(names).size).toBe(names.length);
    expect(new Set(changes).size).toBe(changes.length);
  });

  it("are in every file of src/protocol and src/deflate, in the order of their names", () => {
    const files = ["src/deflate", "src/protocol"].flatMap((folder) =>
      readdirSync(root + folder)
        .filter((name) => name.endsWith(".ts"))
        .sort()
        .map((name) => `${folder}/${name}`),
    );
    expect(FAULTS.map((file) => file.in)).toEqual(files);
    expect(FAULTS.filter(({ faults }) => faults.length === 0)).toEqual([]);
  });

  it("are tried with the test file of their own first, which is there", () => {
    expect(FAULTS.map((file) => mirrorOf(file.in)).filter((path) => !existsSync(root + path))).toEqual([]);
  });

  it("are told in sentences", () => {
    const sentences = FAULTS.flatMap(({ faults }) =>
      faults.flatMap(({ what, equivalent }) => (equivalent === undefined ? [what] : [what, equivalent])),
    );
    expect(sentences.filter((text) => !/^[A-Z0-9].*\.$/.test(text))).toEqual([]);
  });
});

describe("a fault", () => {
  const fault = (find: string, replace: string): Fault => ({ what: "It is wrong.", find, replace });

  it("stands where the text was", () => {
    expect(applyFault("if (a < b) c();", fault("a < b", "a <= b"), "a.ts")).toBe("if (a <= b) c();");
  });

  it("does not mistake what stands in for it for a pattern", () => {
    expect(applyFault("a b c", fault("b", "$&$1"), "a.ts")).toBe("a $&$1 c");
  });

  it.each([
    ["is not in the file", fault("d", "e"), "its text is not in the file: d"],
    ["is no text at all", fault("", "e"), "its text is not in the file"],
    ["is there twice", fault("a", "e"), "its text is there twice: a"],
    ["is there twice, one over the other", fault("aa", "e"), "its text is there twice: aa"],
    ["changes nothing", fault("b", "b"), "it changes nothing"],
  ])("that %s is refused by its name", (_, wrong, message) => {
    expect(() => applyFault("aaa b", wrong, "a.ts")).toThrow(`a.ts: "It is wrong.": ${message}`);
  });
});
