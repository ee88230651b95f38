/** The processes of a soak: one that asks, and those that do what they are asked, over the channel of `fork`. */

import { type ChildProcess, fork } from "node:child_process";
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";

/** What a process can be asked for. Arguments and results are cloned. */
export type Duties = Record<string, (argument: never) => unknown>;

interface Order {
  readonly id: number;
  readonly name: string;
  readonly argument: never;
}

interface Report {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}

/** In the process that is asked: answers from now on, and ends when nobody is left who could ask. */
export function obey(duties: Duties): void {
  process.on("message", async ({ id, name, argument }: Order) => {
    try {
      process.send!({ id, result: await duties[name]!(argument) } satisfies Report);
    } catch (error) {
      process.send!({ id, error: String(error) } satisfies Report);
    }
  });
  process.on("disconnect", () => process.exit());
}

/** TypeScript needs its loader in each process, by its full name: they do not all begin in the same folder. */
const LOADER = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;

interface Waiting {
  resolve(result: never): void;
  reject(error: Error): void;
}

/** In the process that asks: another one, which runs `file`. */
export class Process<D extends Duties> {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;
  #gone: Error | undefined = undefined;

  constructor(file: URL) {
    this.#child = fork(file, [], {
      execArgv: ["--expose-gc", "--import", LOADER],
      serialization: "advanced",
    });
    this.#child.on("message", ({ id, result, error }: Report) => {
      const waiting = this.#waiting.get(id)!;
      this.#waiting.delete(id);
      if (error === undefined) waiting.resolve(result as never);
      else waiting.reject(new Error(error));
    });
    this.#child.on("exit", (code, signal) => {
      this.#gone = new Error(`${fileURLToPath(file)} has ended: ${signal ?? `exit code ${code}`}`);
      for (const { reject } of this.#waiting.values()) reject(this.#gone);
    });
  }

  ask<Name extends keyof D & string>(
    name: Name,
    argument: Parameters<D[Name]>[0],
  ): Promise<Awaited<ReturnType<D[Name]>>> {
    return new Promise((resolve, reject) => {
      if (this.#gone !== undefined) {
        reject(this.#gone);
        return;
      }
      const id = ++this.#lastId;
      this.#waiting.set(id, { resolve, reject });
      this.#child.send({ id, name, argument });
    });
  }

  end(): void {
    if (this.#child.connected) this.#child.disconnect();
  }
}
