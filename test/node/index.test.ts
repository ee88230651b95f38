import { expect, it } from "vitest";
import * as node from "../../src/node/index.ts";

it("framewright/node exports these names", () => {
  expect(Object.keys(node).sort()).toEqual([
    "Server",
    "broadcastEvent",
    "channels",
    "compression",
    "eventStream",
    "isNativeUsable",
    "native",
    "serve",
    "systemClock",
  ]);
});
