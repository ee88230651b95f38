/** The load generator: compiled on the spot where there is a compiler, else the same in JavaScript, which is slower. */

import { spawnSync } from "node:child_process";
import { mkdirSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";

const pathOf = (path: string): string => fileURLToPath(new URL(path, new URL("../", import.meta.url)));

export interface Generator {
  readonly kind: "C" | "JavaScript";
  readonly command: readonly string[];
}

export function generator(wanted: "C" | "JavaScript" | undefined): Generator {
  if (wanted !== "JavaScript") {
    const program = compiled("generator");
    if (program !== undefined) return { kind: "C", command: [program] };
    if (wanted === "C") throw new Error("--generator c: it takes Linux and a C compiler");
  }
  return { kind: "JavaScript", command: [process.execPath, pathOf("generator/generator.mjs")] };
}

/** Where the compiled program stands; undefined if it cannot be had. Both wait with epoll, which only Linux has. */
export function compiled(name: "generator" | "ceiling"): string | undefined {
  if (process.platform !== "linux") return undefined;
  const source = pathOf(`generator/${name}.c`);
  const program = pathOf(`build/${name}`);
  if (modified(program) > modified(source)) return program;
  mkdirSync(pathOf("build"), { recursive: true });
  const works = ["cc", "gcc", "clang"].some(
    (compiler) => spawnSync(compiler, ["-O2", "-o", program, source]).status === 0,
  );
  return works ? program : undefined;
}

function modified(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
