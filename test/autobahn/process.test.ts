import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { Child, type Command, withProcesses } from "../../autobahn/process.ts";

/** A program of Node. */
const program = (source: string): Command => ({ file: process.execPath, args: ["-e", source] });

const FOR_EVER = "setInterval(() => {}, 1000);";

/** Whether there is a process with this id. */
function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

describe("a process", () => {
  it("is heard line by line, on both of its outputs", async () => {
    const lines: string[] = [];
    const source =
      "process.stdout.write('one\\ntw'); process.stdout.write('o\\nthree'); console.error('four')";
    await new Child(program(source), (line) => lines.push(line)).ended;
    expect(lines.sort()).toEqual(["four", "one", "three", "two"]);
  });

  it("that fails tells how, with the last it said", async () => {
    const source = "for (let i = 1; i <= 30; i++) console.log('line', i); process.exitCode = 3";
    const failure = await new Child(program(source)).ended.catch((error: Error) => error.message);
    const [first, ...others] = (failure as string).split("\n    ");
    expect(first).toBe(`${process.execPath} has ended: exit code 3`);
    expect(others).toEqual(Array.from({ length: 20 }, (_, index) => `line ${index + 11}`));
  });

  it("that ends by a signal tells which", async () => {
    await expect(new Child(program("process.kill(process.pid, 'SIGTERM')")).ended).rejects.toThrow("SIGTERM");
  });

  it("that cannot be run fails, and has nothing to end", async () => {
    const child = new Child({ file: "/nowhere/to/be/found", args: [] });
    await expect(child.ended).rejects.toThrow("ENOENT");
    await child.end();
  });

  it("ends when it is told to, and takes no notice", async () => {
    const child = new Child(program(`process.on("SIGTERM", () => {}); ${FOR_EVER}`));
    await child.end();
    await expect(child.ended).rejects.toThrow("SIGKILL");
    await child.end();
  });

  it("whose work goes on elsewhere has that ended, too, but only when it was killed", async () => {
    const folder = mkdtempSync(join(tmpdir(), "process-"));
    folders.push(folder);
    const mark = (name: string): Command =>
      program(`require("fs").writeFileSync(${JSON.stringify(join(folder, name))}, "")`);
    await new Child({ ...program(FOR_EVER), afterKill: mark("killed") }).end();
    expect(existsSync(join(folder, "killed"))).toBe(true);
    const child = new Child({ ...program(""), afterKill: mark("ended") });
    await child.ended;
    await child.end();
    expect(existsSync(join(folder, "ended"))).toBe(false);
  });
});

describe("processes", () => {
  /** Resolves to its process id once it runs. */
  const running = (start: (command: Command, onLine: (line: string) => void) => unknown): Promise<number> =>
    new Promise((resolve) =>
      start(program(`console.log(process.pid); ${FOR_EVER}`), (pid) => resolve(Number(pid))),
    );

  it("have ended when what used them returns", async () => {
    const pid = await withProcesses(new AbortController().signal, async (start) => {
      const id = await running(start);
      expect(isAlive(id)).toBe(true);
      return id;
    });
    expect(isAlive(pid)).toBe(false);
  });

  it("have ended when what used them throws", async () => {
    let pid = 0;
    const use = withProcesses(new AbortController().signal, async (start) => {
      pid = await running(start);
      throw new Error("no more of this");
    });
    await expect(use).rejects.toThrow("no more of this");
    expect(isAlive(pid)).toBe(false);
  });

  it("have ended when the signal said so, and no other begins", async () => {
    const controller = new AbortController();
    let pid = 0;
    let later: unknown;
    const use = withProcesses(controller.signal, async (start) => {
      pid = await running(start);
      controller.abort(new Error("enough"));
      later = await running(start).catch((error: Error) => error.message);
    });
    await expect(use).rejects.toThrow("enough");
    expect(isAlive(pid)).toBe(false);
    expect(later).toBe("enough");
  });

  it("do not begin when the signal has said so before", async () => {
    const use = withProcesses(AbortSignal.abort(new Error("too late")), async (start) => start(program("")));
    await expect(use).rejects.toThrow("too late");
  });

  it("of Python do not keep what they say to themselves", async () => {
    const lines: string[] = [];
    const command = program("console.log(process.env.PYTHONUNBUFFERED)");
    await new Child(command, (line) => lines.push(line)).ended;
    expect(lines).toEqual(["1"]);
  });
});
