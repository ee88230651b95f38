import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Corpus, readEntries, storeCrash } from "../../fuzz/corpus.ts";
import { Executor, type Target } from "../../fuzz/executor.ts";
import { minimise } from "../../fuzz/minimise.ts";
import { fuzz, type Session } from "../../fuzz/session.ts";
import { bytesOf } from "../helpers/frames.ts";

/** Breaks on an opening bracket with a closing one anywhere behind it. */
const brackets: Target = (data) => {
  const open = data.indexOf(0x5b);
  if (open !== -1 && data.indexOf(0x5d, open) !== -1) throw new Error("brackets");
};

function session(target: Target, milliseconds = 5000): Session {
  const corpus = new Corpus([bytesOf("no brackets in here")]);
  return {
    name: "artificial",
    target,
    corpus,
    dictionary: [bytesOf("["), bytesOf("]")],
    seed: 1,
    milliseconds,
  };
}

describe("fuzz", () => {
  it("finds what breaks a target, and makes it as small as can be", () => {
    const finding = fuzz(session(brackets));
    expect(finding).toMatchObject({ input: bytesOf("[]"), error: { message: "brackets" }, hang: false });
  });

  it("does not trade the failure that it has found for another one", () => {
    const finding = fuzz(
      session((data) => {
        if (data.length === 2 && data[0] === 0x5b) throw new Error("another");
        brackets(data);
      }),
    );
    expect(finding?.error.message).toBe("brackets");
    expect(finding?.input).toHaveLength(3);
  });

  it("finds nothing where nothing is wrong, and reports how far it came", () => {
    const reports: number[] = [];
    const finding = fuzz({
      ...session(() => {}, 20),
      onProgress: (executions) => void reports.push(executions),
    });
    expect(finding).toBeUndefined();
    expect(reports.at(-1)).toBeGreaterThan(0);
  });
});

describe("Executor", () => {
  it("ends a target that would never return", () => {
    const executor = new Executor((data) => {
      while (data.length > 2);
    }, 500); // so long that a busy machine does not end the first one
    expect(executor.run(Uint8Array.of(1))).toBeUndefined();
    expect(executor.run(Uint8Array.of(1, 2, 3))).toMatchObject({ input: Uint8Array.of(1, 2, 3), hang: true });
  });

  it("counts a slow execution as a hang, though it returns", () => {
    const executor = new Executor(() => {
      const start = performance.now();
      while (performance.now() - start < 30);
    }, 10);
    expect(executor.runFor(1000, () => Uint8Array.of(7))).toMatchObject({
      input: Uint8Array.of(7),
      hang: true,
    });
    expect(executor.executions).toBe(1);
  });

  it("reports the input as it was before the target wrote into it", () => {
    const executor = new Executor((data) => {
      data.fill(0);
      throw new Error("found");
    });
    expect(executor.run(bytesOf("as it was"))?.input).toEqual(bytesOf("as it was"));
  });

  it("makes an error of whatever a target throws", () => {
    const executor = new Executor(() => {
      throw "a string";
    });
    expect(executor.run(new Uint8Array(0))?.error).toMatchObject({ message: "a string" });
  });
});

describe("minimise", () => {
  const fails = (data: Uint8Array): boolean => data.filter((byte) => byte === 0x58).length >= 2;

  it("leaves out all that does not matter, and makes zero what remains", () => {
    const input = bytesOf(`${"a".repeat(500)}X${"b".repeat(700)}X${"c".repeat(3)}`);
    expect(minimise(input, fails)).toEqual(bytesOf("XX"));
    expect(minimise(bytesOf("aXbXc"), (data) => fails(data) && data.length === 5)).toEqual(
      bytesOf("\0X\0X\0"),
    );
  });

  it("makes no more attempts than it may", () => {
    let attempts = 0;
    const input = bytesOf("X".repeat(100));
    const least = minimise(input, (data) => ++attempts > 0 && fails(data), 10);
    expect(attempts).toBe(10);
    expect(fails(least)).toBe(true);
  });
});

describe("storeCrash", () => {
  it("stores an input under a name that only its bytes decide, where readEntries finds it", () => {
    const directory = mkdtempSync(join(tmpdir(), "fuzz-"));
    try {
      const path = storeCrash("artificial", bytesOf("crash"), directory);
      expect(storeCrash("artificial", bytesOf("crash"), directory)).toBe(path);
      expect(readFileSync(path, "latin1")).toBe("crash");
      expect(readEntries(directory, "artificial")).toEqual([{ path, data: bytesOf("crash") }]);
      expect(readEntries(directory, "nothing")).toEqual([]);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
