/**
 * Category 10 — A message that its sender cuts by itself. Next: 12-compression.ts.
 */

import type { Case } from "../case.ts";
import { repeated } from "../data.ts";
import { JUDGE_CLOSES, text } from "./expectations.ts";

const MESSAGE = repeated("*", 65536);

export const autoFragmentation: readonly Case[] = [
  {
    id: "10.1.1",
    category: "Misc",
    subCategory: "Auto-Fragmentation",
    description: "Send a text message of 65536 octets in fragments of 1300.",
    expectation: "The message comes back. Clean close with normal code.",
    expected: { OK: [text(MESSAGE)] },
    close: JUDGE_CLOSES,
    script(script) {
      script.message(MESSAGE, { fragmentSize: 1300 });
      script.killAfter(10);
    },
  },
];
