import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Task } from "../../autobahn/engine.ts";
import { own } from "../../autobahn/own.ts";
import type { Mode } from "../../autobahn/verdicts.ts";
import { servers } from "../helpers/node-servers.ts";

// Some of these start several processes, each of which compiles its TypeScript.
vi.setConfig({ testTimeout: 30_000 });

let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "own-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

const serve = servers();

const MODES: readonly Mode[] = ["server", "client"];
const CASES = ["1.1.2", "3.2", "7.13.1"];

function task(more: Partial<Task> = {}): Task & { readonly heard: string[] } {
  const heard: string[] = [];
  const { signal } = new AbortController();
  const onCase = (id: string): unknown => heard.push(id);
  return { agent: "somebody", cases: CASES, folder, signal, onCase, heard, ...more };
}

describe("our own suite", () => {
  it.each(MODES)("has the cases of the real one in mode %s", (mode) => {
    const ids = own.ids(mode);
    expect(ids.filter((id) => Number(id.split(".")[0]) < 100)).toHaveLength(517);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it.each(MODES)("plays cases with our %s, and writes reports", async (mode) => {
    const asked = task();
    const { outcomes, reportOn } = await own.play(mode, asked);
    expect([...outcomes].map(([id, { behavior, behaviorClose }]) => [id, behavior, behaviorClose])).toEqual([
      ["1.1.2", "OK", "OK"],
      ["3.2", "OK", "OK"],
      ["7.13.1", "INFORMATIONAL", "INFORMATIONAL"],
    ]);
    expect(asked.heard.sort()).toEqual(CASES);
    expect(reportOn("3.2")).toMatchObject({ id: "3.2", agent: "somebody", isServer: mode === "client" });
    expect(reportOn("9.1.1")).toBeUndefined();
    expect(existsSync(join(folder, "index.json"))).toBe(true);
  });

  it("tests another server where it is told of one", async () => {
    const { port } = await serve({}, { message: (peer) => peer.send("always the same") });
    const { outcomes } = await own.play("server", task({ cases: ["1.1.2"], url: `ws://127.0.0.1:${port}/` }));
    expect(outcomes.get("1.1.2")).toMatchObject({ behavior: "FAILED" });
  });

  it.each(MODES)("ends in mode %s when the signal says so", async (mode) => {
    const controller = new AbortController();
    const onCase = (): void => controller.abort(new Error("enough"));
    const asked = task({ signal: controller.signal, onCase });
    await expect(own.play(mode, asked)).rejects.toThrow("enough");
  });
});
