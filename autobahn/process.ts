/**
 * The processes that an engine starts: what they say, line by line, and that they end.
 *
 * What this file must not know: what runs in them.
 * Next: engine.ts.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  /** What has to run once the process was killed, because its work goes on elsewhere. */
  readonly afterKill?: Command;
}

/** How much of what a process said is told if it fails. */
const LAST_LINES = 20;

export class Child {
  readonly #command: Command;
  readonly #process: ChildProcess;
  readonly #lastLines: string[] = [];
  /** Resolves when the process has ended well; rejects, with its last words, when it has not, or was killed. */
  readonly ended: Promise<void>;

  constructor(command: Command, onLine: (line: string) => void = () => {}) {
    this.#command = command;
    this.#process = spawn(command.file, command.args, {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, PYTHONUNBUFFERED: "1" }, // or the lines come when it is over
    });
    for (const input of [this.#process.stdout!, this.#process.stderr!]) {
      createInterface({ input }).on("line", (line) => {
        this.#lastLines.push(line);
        if (this.#lastLines.length > LAST_LINES) this.#lastLines.shift();
        onLine(line);
      });
    }
    this.ended = new Promise((resolve, reject) => {
      this.#process.on("error", reject);
      this.#process.on("close", (code, signal) => {
        if (code === 0) resolve();
        else reject(new Error(this.#lastWords(signal ?? `exit code ${code}`)));
      });
    });
    this.ended.catch(() => {}); // it may be that nobody waits
  }

  #lastWords(cause: string): string {
    return [`${this.#command.file} has ended: ${cause}`, ...this.#lastLines].join("\n    ");
  }

  /** Ends it, if it has not ended: at once, since nothing in it is worth saving, and it may be too busy to listen. */
  async end(): Promise<void> {
    const { afterKill } = this.#command;
    const isKilled = this.#process.exitCode === null && this.#process.kill("SIGKILL");
    if (isKilled && afterKill !== undefined) await endOf(new Child(afterKill));
    await endOf(this);
  }
}

/** However it ended. */
async function endOf(child: Child): Promise<void> {
  await child.ended.catch(() => {});
}

export type Start = (command: Command, onLine?: (line: string) => void) => Child;

/** What `use` starts has ended when this returns. Once the signal says so, that is at once, and this rejects. */
export async function withProcesses<Result>(
  signal: AbortSignal,
  use: (start: Start) => Promise<Result>,
): Promise<Result> {
  const children: Child[] = [];
  const start: Start = (command, onLine) => {
    signal.throwIfAborted();
    const child = new Child(command, onLine);
    children.push(child);
    return child;
  };
  let abort: () => void = () => {};
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort);
  });
  try {
    return await Promise.race([use(start), aborted]);
  } finally {
    signal.removeEventListener("abort", abort);
    await Promise.all(children.map((child) => child.end()));
  }
}
