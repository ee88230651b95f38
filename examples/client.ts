/**
 * A client that stays: it comes back when the connection breaks, and loses nothing that no connection has taken.
 *
 *   npm run echo -- --port 9001          in one terminal: stop it and start it again, as often as you like
 *   npx tsx examples/client.ts           in another: type, and see what comes back
 */

import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import { type Reconnecting, reconnecting } from "../src/node/index.ts";

/** `print` is told what happens, and what comes back. */
export function start(url: string, print: (line: string) => void): Reconnecting {
  return reconnecting(url, {
    retry: { initial: 200, maximum: 5000 },
    waiting: ({ delay, failure }) => {
      print(
        `no connection (${failure instanceof Error ? failure.message : failure.code}); again in ${delay | 0} ms`,
      );
    },
    open: () => print("connected"),
    message: (_peer, data) => print(`< ${data}`),
    stopped: ({ reason, unsent }) => print(`the end: ${reason}, ${unsent} not sent`),
  });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const line = start(process.argv[2] ?? "ws://localhost:9001", console.log);
  const input = createInterface({ input: process.stdin });
  input.on("line", (text) => console.log(`> ${text} (${line.send(text)})`));
  input.on("close", () => line.close());
}
