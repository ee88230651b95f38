/**
 * What every server of the benchmark does alike, in Node, Bun and Deno: its settings come as JSON in the first argument,
 * it says on stdout where it listens, tells on request how much memory it holds, and ends with its stdin.
 */

import process from "node:process";
import { createInterface } from "node:readline";

/** See `ServerSettings` in lib/scenarios.ts. */
export const settings = JSON.parse(process.argv[2]);

/** All addresses of this machine: the generator may use several, when one has not ports enough. */
export const HOST = "0.0.0.0";

/** One for each connection may come at once. */
export const BACKLOG = 4096;

export function listening(port) {
  say({ port });
  const orders = createInterface({ input: process.stdin });
  orders.on("line", async () => {
    for (let round = 0; round < 3; round++) {
      collectGarbage();
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    say({ rss: process.memoryUsage().rss });
  });
  orders.on("close", () => process.exit());
}

function say(value) {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

function collectGarbage() {
  if (typeof globalThis.Bun !== "undefined") globalThis.Bun.gc(true);
  else globalThis.gc?.();
}
