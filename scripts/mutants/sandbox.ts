/**
 * Mutants 4 — A copy of the tree, and the tests run in it.
 *
 * Every run is a process of its own, since only a process can be ended while it goes round in circles. What it is given
 * is processor time ("ulimit -t"), so that a busy machine is not taken for a fault.
 *
 * Next: trials.ts.
 */

import { spawn } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";

/** What the tests of src/protocol and src/deflate need. */
const COPIED = ["package.json", "tsconfig.base.json", "tsconfig.json", "vitest.config.ts", "src"];
const COPIED_TESTS = ["protocol", "deflate", "helpers"];

/** For what waits and never comes, in milliseconds: far above what a test takes, however busy the machine is. */
const LONGEST_WAIT = 120_000;

export type TestRun =
  /** How many seconds each test file took. */
  | { readonly outcome: "passed"; readonly times: ReadonlyMap<string, number> }
  /** The first test that failed. */
  | { readonly outcome: "failed"; readonly by: string }
  | { readonly outcome: "hung" }
  /** The source is no TypeScript. */
  | { readonly outcome: "unreadable"; readonly why: string };

export class Sandbox {
  readonly #directory: string = mkdtempSync(join(tmpdir(), "framewright-mutants-"));

  constructor(tree: string) {
    for (const path of COPIED) cpSync(join(tree, path), this.#path(path), { recursive: true });
    for (const name of COPIED_TESTS) {
      cpSync(join(tree, "test", name), this.#path("test", name), { recursive: true });
    }
    // A directory of links, so that what is written into it stays here.
    mkdirSync(this.#path("node_modules"));
    for (const name of readdirSync(join(tree, "node_modules"))) {
      if (!name.startsWith("."))
        symlinkSync(join(tree, "node_modules", name), this.#path("node_modules", name));
    }
  }

  read(path: string): string {
    return readFileSync(this.#path(path), "utf8");
  }

  write(path: string, text: string): void {
    writeFileSync(this.#path(path), text);
  }

  /** Runs these test files, or folders of them, up to the first failure, on so many seconds of processor time. */
  test(paths: readonly string[], seconds: number, except?: string): Promise<TestRun> {
    const results = this.#path("results.json");
    rmSync(results, { force: true });
    const command = [
      process.execPath,
      this.#path("node_modules/vitest/vitest.mjs"),
      ...["run", "--bail=1", `--testTimeout=${LONGEST_WAIT}`, "--reporter=json", `--outputFile=${results}`],
      // One thread for all files: whoever ends the process ends everything.
      ...["--pool=threads", "--maxWorkers=1", "--no-isolate"],
      ...(except === undefined ? [] : ["--exclude", except]),
      ...paths,
    ];
    const child = spawn("sh", ["-c", 'ulimit -t "$0" && exec "$@"', String(Math.ceil(seconds)), ...command], {
      cwd: this.#directory,
      stdio: "ignore",
      env: { ...process.env, NO_COLOR: "1" },
    });
    return new Promise((resolve, reject) => {
      const end = (): boolean => child.kill("SIGKILL");
      process.once("exit", end);
      child.once("error", reject);
      child.once("close", (_, signal) => {
        process.off("exit", end);
        const ranOut = signal === "SIGXCPU" || signal === "SIGKILL";
        resolve(ranOut ? { outcome: "hung" } : this.#judge(results));
      });
    });
  }

  remove(): void {
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #judge(results: string): TestRun {
    const report = readReport(results);
    // Whoever ends without a word has run out of memory, or worse.
    if (report === undefined) return { outcome: "failed", by: "the process ended" };
    const files = report.testResults.map((file) => ({ ...file, name: relative(this.#directory, file.name) }));
    for (const { name, status, message, assertionResults } of files) {
      const test = assertionResults.find((result) => result.status === "failed");
      if (test !== undefined) return { outcome: "failed", by: `${name}: ${test.fullName}` };
      if (message.startsWith("Transform failed")) return { outcome: "unreadable", why: message };
      if (status === "failed") return { outcome: "failed", by: `${name}: ${message.split("\n", 1)[0]}` };
    }
    if (!report.success) return { outcome: "failed", by: "an error outside the tests" };
    return {
      outcome: "passed",
      times: new Map(files.map(({ name, startTime, endTime }) => [name, (endTime - startTime) / 1000])),
    };
  }

  #path(...names: readonly string[]): string {
    return join(this.#directory, ...names);
  }
}

/** The part of vitest's report that matters here. */
interface Report {
  readonly success: boolean;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    /** Why the file could not be loaded. */
    readonly message: string;
    readonly startTime: number;
    readonly endTime: number;
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

function readReport(path: string): Report | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Report;
  } catch {
    return undefined;
  }
}
