import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Corpus, readEntries, storeEntry } from "../../fuzz/corpus.ts";
import { Executor, type Target } from "../../fuzz/executor.ts";
import { minimise } from "../../fuzz/minimise.ts";
import { fuzz, type Session } from "../../fuzz/session.ts";
import { bytesOf } from "../helpers/frames.ts";

/** Breaks on an opening bracket with a closing one anywhere behind it. */
function brackets(data: Uint8Array): number {
  const open = data.indexOf(0x5b);
  if (open !== -1 && data.indexOf(0x5d, open) !== -1) throw new Error("brackets");
  return data.length;
}

function targetOf(run: Target["run"]): Target {
  return { run, settings: 0, dictionary: [bytesOf("["), bytesOf("]")] };
}

function session(run: Target["run"], milliseconds = 5000): Session {
  const corpus = new Corpus([bytesOf("no brackets in here")]);
  return {
    name: "artificial",
    target: targetOf(run),
    corpus,
    seed: 1,
    milliseconds,
  };
}

describe("fuzz", () => {
  it("finds what breaks a target, and makes it as small as can be", async () => {
    const { finding } = await fuzz(session(brackets));
    expect(finding).toMatchObject({ input: bytesOf("[]"), error: { message: "brackets" }, kind: "broken" });
  });

  it("does not trade the failure that it has found for another one", async () => {
    const { finding } = await fuzz(
      session((data) => {
        if (data.length === 2 && data[0] === 0x5b) throw new Error("another");
        return brackets(data);
      }),
    );
    expect(finding?.error.message).toBe("brackets");
    expect(finding?.input).toHaveLength(3);
  });

  it("finds nothing where nothing is wrong, and says how far it came", async () => {
    const outcome = await fuzz(session((data) => data.length, 20));
    expect(outcome).toMatchObject({ finding: undefined, branches: 0, corpusSize: 1, reached: [] });
    expect(outcome.executions).toBeGreaterThan(0);
  });

  it("waits for a target that answers later", async () => {
    const { finding } = await fuzz(session(async (data) => brackets(await data)));
    expect(finding).toMatchObject({ input: bytesOf("[]"), kind: "broken" });
  });
});

describe("Executor", () => {
  it("ends a target that would never return", async () => {
    const target = targetOf((data) => {
      while (data.length > 2);
      return data.length;
    });
    const executor = new Executor(target, 200); // so long that a busy machine does not end the first one
    expect(await executor.run([Uint8Array.of(1)])).toBeUndefined();
    const finding = await executor.run([Uint8Array.of(1), Uint8Array.of(1, 2, 3), Uint8Array.of(2)]);
    expect(finding).toMatchObject({ input: Uint8Array.of(1, 2, 3), kind: "hang" });
  });

  it("ends its patience with a target that would never answer", async () => {
    const executor = new Executor(
      targetOf(() => new Promise(() => {})),
      20,
    );
    expect(await executor.run([Uint8Array.of(7)])).toMatchObject({ input: Uint8Array.of(7), kind: "hang" });
  });

  it("counts a slow execution as a hang, though it returns", async () => {
    const target = targetOf((data) => {
      const start = performance.now();
      while (performance.now() - start < 30);
      return data.length;
    });
    const executor = new Executor(target, 10);
    const finding = await executor.run([Uint8Array.of(7), Uint8Array.of(8)]);
    expect(finding).toMatchObject({ input: Uint8Array.of(7), kind: "hang" });
    expect(executor.executions).toBe(1);
  });

  it("reports the input as it was before the target wrote into it", async () => {
    const target = targetOf((data) => {
      data.fill(0);
      throw new Error("found");
    });
    expect((await new Executor(target).run([bytesOf("as it was")]))?.input).toEqual(bytesOf("as it was"));
  });

  it("makes an error of whatever a target throws", async () => {
    const target = targetOf(() => {
      throw "a string";
    });
    const finding = await new Executor(target).run([new Uint8Array(0)]);
    expect(finding?.error).toMatchObject({ message: "a string" });
  });

  it("knows what the last input has handled", async () => {
    const executor = new Executor(targetOf((data) => 2 * data.length));
    await executor.run([bytesOf("one"), bytesOf("three")]);
    expect(executor).toMatchObject({ executions: 2, handled: 10 });
  });
});

describe("minimise", () => {
  const fails = (data: Uint8Array): boolean => data.filter((byte) => byte === 0x58).length >= 2;

  it("leaves out all that does not matter, and makes zero what remains", async () => {
    const input = bytesOf(`${"a".repeat(500)}X${"b".repeat(700)}X${"c".repeat(3)}`);
    expect(await minimise(input, fails)).toEqual(bytesOf("XX"));
    expect(await minimise(bytesOf("aXbXc"), (data) => fails(data) && data.length === 5)).toEqual(
      bytesOf("\0X\0X\0"),
    );
  });

  it("makes no more attempts than it may", async () => {
    let attempts = 0;
    const input = bytesOf("X".repeat(100));
    const least = await minimise(input, (data) => ++attempts > 0 && fails(data), 10);
    expect(attempts).toBe(10);
    expect(fails(least)).toBe(true);
  });
});

describe("storeEntry", () => {
  it("stores an input under a name that only its bytes decide, where readEntries finds it", () => {
    const directory = mkdtempSync(join(tmpdir(), "fuzz-"));
    try {
      const path = storeEntry(directory, "artificial", bytesOf("crash"));
      expect(storeEntry(directory, "artificial", bytesOf("crash"))).toBe(path);
      expect(readFileSync(path, "latin1")).toBe("crash");
      expect(readEntries(directory, "artificial")).toEqual([{ path, data: bytesOf("crash") }]);
      expect(readEntries(directory, "nothing")).toEqual([]);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
