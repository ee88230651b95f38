/** Python's `websockets` as a partner of our client: python/echo_server.py, in a process of its own. */

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { Skipped } from "./check.ts";
import { Queue } from "./harness.ts";
import { originOf, type Partner, type PartnerClosed } from "./partner.ts";

const program = fileURLToPath(new URL("python/echo_server.py", import.meta.url));

/** The first in the path need not be the one that the system's packages are installed for. */
const PYTHONS = ["python3", "/usr/bin/python3"];

let found: string | undefined;

/** A Python that has `websockets`. */
function python(): string {
  found ??= PYTHONS.find(hasWebsockets) ?? "";
  if (found === "")
    throw new Skipped("there is no Python with websockets: apt-get install python3-websockets");
  return found;
}

function hasWebsockets(path: string): boolean {
  try {
    execFileSync(path, ["-c", "import websockets"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

export const pythonWebsockets: Partner = {
  name: "Python's websockets",
  async start(settings) {
    const child = spawn(python(), [program, JSON.stringify(settings)], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    const lines = linesOf(child);
    const { port } = (await Promise.race([lines.take(), endOf(child)])) as { port: number };
    return {
      origin: originOf(settings, port),
      ended: async () => (await lines.take()) as PartnerClosed,
      stop: async () => {
        const exit = once(child, "exit");
        if (child.kill("SIGKILL")) await exit;
      },
    };
  },
};

/** Rejects when it has ended: nobody should wait for what it says then. */
async function endOf(child: ChildProcess): Promise<never> {
  const [code] = await once(child, "exit");
  throw new Error(`echo_server.py ended with ${code}`);
}

/** What it prints, a value on each line. */
function linesOf({ stdout }: ChildProcess): Queue<unknown> {
  const lines = new Queue<unknown>();
  createInterface({ input: stdout! }).on("line", (line) => lines.put(JSON.parse(line)));
  return lines;
}
