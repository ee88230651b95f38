import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { Fault } from "../../scripts/mutants/fault.ts";
import { Sandbox } from "../../scripts/mutants/sandbox.ts";
import { mirrorOf, tryAll } from "../../scripts/mutants/trials.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const directory = mkdtempSync(join(tmpdir(), "framewright-trials-"));
/** Where copies are made meanwhile. */
const copies = join(directory, "copies");
beforeAll(() => {
  mkdirSync(copies);
  vi.stubEnv("TMPDIR", copies);
});
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(directory, { recursive: true });
});
/** Each of these runs tests in processes of their own. */
const TIMEOUT = 60_000;

/** A tree of three files: one that is tested by its own tests, one by others, and a little of each by none. */
function makeTree(name: string, files: Readonly<Record<string, string>> = {}): string {
  const all = {
    "package.json": '{ "type": "module" }',
    "tsconfig.base.json": "{}",
    "tsconfig.json": "{}",
    "vitest.config.ts": "export default {};",
    "src/protocol/one.ts": "export const one = (): number => 1; export const unseen = 5;",
    "src/deflate/two.ts": "export const two = (): number => 2;",
    "test/protocol/one.test.ts":
      'import { expect, it } from "vitest";\nimport { one } from "../../src/protocol/one.ts";\n' +
      'it("is one", () => expect(one()).toBe(1));\n',
    "test/deflate/sum.test.ts":
      'import { expect, it } from "vitest";\nimport { two } from "../../src/deflate/two.ts";\n' +
      'it("is two", () => expect(two()).toBe(2));\n',
    "test/helpers/none.ts": "",
    ...files,
  };
  const tree = join(directory, name);
  for (const [path, text] of Object.entries(all)) {
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    writeFileSync(join(tree, path), text);
  }
  symlinkSync(join(root, "node_modules"), join(tree, "node_modules"));
  return tree;
}

const fault = (find: string, replace: string): Fault => ({ what: `${find} is ${replace}.`, find, replace });

describe("trials", () => {
  it("tell who found a fault, and which one nobody did", { timeout: TIMEOUT }, async () => {
    const said: string[] = [];
    const faults = [
      { in: "src/protocol/one.ts", faults: [fault("=> 1", "=> 2"), fault("5", "6")] },
      { in: "src/deflate/two.ts", faults: [fault("=> 2", "=> 3")] },
    ];
    const trials = await tryAll(makeTree("good"), faults, 2, (line) => said.push(line));
    expect(trials.map(({ verdict, by }) => [verdict, by])).toEqual([
      ["found", "test/protocol/one.test.ts: is one"],
      ["survived", ""],
      ["found", "test/deflate/sum.test.ts: is two"],
    ]);
    expect(said.join("\n")).toMatch(/the tests pass[\s\S]* 3\/3 /);
  });

  it("are not begun where the tests fail without a fault, or a fault has no place", {
    timeout: TIMEOUT,
  }, async () => {
    const wrong = makeTree("wrong", { "src/deflate/two.ts": "export const two = (): number => 3;" });
    const tryFault = (one: Fault) =>
      tryAll(wrong, [{ in: "src/deflate/two.ts", faults: [one] }], 1, () => {});
    await expect(tryFault(fault("=> 3", "=> 4"))).rejects.toThrow(
      "the tests fail without any fault: test/deflate/sum.test.ts: is two",
    );
    await expect(tryFault(fault("=> 5", "=> 6"))).rejects.toThrow("its text is not in the file: => 5");
    expect(readdirSync(copies)).toEqual([]);
  });
});

describe("a sandbox", () => {
  it("ends tests that go on for ever, and tells a source that is none from one that is wrong", {
    timeout: TIMEOUT,
  }, async () => {
    const sandbox = new Sandbox(makeTree("sandbox"));
    try {
      const put = async (text: string, seconds: number) => {
        sandbox.write("src/protocol/one.ts", text);
        return (await sandbox.test(["test/protocol/"], seconds)).outcome;
      };
      expect(await put("export const one = (): number => { for (;;); };", 1)).toBe("hung");
      expect(await put("export const one = (): number => ;", 60)).toBe("unreadable");
      expect(await put('throw new Error("not today");', 60)).toBe("failed");
    } finally {
      sandbox.remove();
    }
  });
});

it("the test file of a source file has its name", () => {
  expect(mirrorOf("src/protocol/close.ts")).toBe("test/protocol/close.test.ts");
});
