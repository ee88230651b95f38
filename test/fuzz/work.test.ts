import { runInThisContext } from "node:vm";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Profiler } from "../../fuzz/coverage.ts";
import type { Finding, Target } from "../../fuzz/executor.ts";
import { findTooMuchWork } from "../../fuzz/work.ts";
import { bytesOf } from "../helpers/frames.ts";

const ADDRESS = "artificial-work:";
let profiler: Profiler;

beforeAll(() => {
  profiler = new Profiler([ADDRESS]);
});

afterAll(() => {
  profiler.stop();
});

function findIn(body: string, input = "xab", settings = 1): Promise<Finding | undefined> {
  const code = `(function run(data) { ${body}; return data.length; })`;
  const run = runInThisContext(code, { filename: `${ADDRESS}${body.length}.js` }) as Target["run"];
  return findTooMuchWork({ run, settings, dictionary: [] }, bytesOf(input), profiler);
}

it("finds nothing wrong with work in proportion", async () => {
  expect(
    await findIn("let sum = 0; for (const byte of data) { for (let i = 0; i < 50; i++) sum += byte; }"),
  ).toBe(undefined);
  expect(await findIn("for (let at = 0; at < data.length; at += 64) data.slice(at, at + 64)")).toBe(
    undefined,
  );
});

it("finds work that grows with the square, though it is done for few bytes of many", async () => {
  const finding = await findIn(
    "let sum = 0; for (let i = 0; i < data.length; i += 4) { for (let j = 0; j < i; j++) { sum++; } }",
  );
  expect(finding).toMatchObject({ kind: "work", input: bytesOf("xab") });
  expect(finding?.error.message).toBe("work: blocks grows faster than the input");
});

it("finds bytes that are moved again and again, which no counter of blocks sees", async () => {
  const finding = await findIn(
    `let all = new Uint8Array(0);
    for (const byte of data) { const more = new Uint8Array(all.length + 1); more.set(all); more[all.length] = byte; all = more; }`,
  );
  expect(finding?.error.message).toBe("work: moved grows faster than the input");
});

it("finds memory that was taken for a declared length", async () => {
  const finding = await findIn("new Uint8Array(2 ** 27)");
  expect(finding?.error.message).toBe("work: more memory than the bytes can be worth");
});

it("does not see as work what its target says of itself, and reports what breaks on the way", async () => {
  expect((await findIn('if (data.length > 10000) throw new Error("long")'))?.error.message).toBe("long");
});

it("leaves the engine as it was", async () => {
  const { Uint8Array: before } = globalThis;
  const { set } = Uint8Array.prototype;
  await findIn('throw new Error("at once")');
  expect(globalThis.Uint8Array).toBe(before);
  expect(Uint8Array.prototype.set).toBe(set);
});
