/**
 * What needs a real browser: the demonstration, used as a reader would use it, and the `WebSocket` of browsers beside ours.
 *
 *   npm run browser [-- --screenshots DIR]
 *
 * No part of `npm test`: it takes chromium, or what the environment's CHROMIUM names. Without one it says that it was
 * skipped, and succeeds.
 */

import { parseArgs } from "node:util";
import { findChromium } from "./chromium.ts";
import { useTheDemonstration } from "./demo.ts";
import { compareWebSockets } from "./websocket.ts";

const { values } = parseArgs({ options: { screenshots: { type: "string" } } });
const path = findChromium();
if (path === undefined) {
  console.log(
    "SKIPPED: there is no browser here. Install chromium, or name one in the environment's CHROMIUM.",
  );
} else {
  await useTheDemonstration(path, values.screenshots);
  await compareWebSockets(path);
}
