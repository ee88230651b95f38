import { expect, it } from "vitest";
import * as node from "../../src/node/index.ts";

it("framewright/node exports these names", () => {
  expect(Object.keys(node).sort()).toEqual([
    "ConnectError",
    "Server",
    "broadcastEvent",
    "channels",
    "clientStats",
    "compression",
    "connect",
    "eventStream",
    "isNativeUsable",
    "native",
    "serve",
    "systemClock",
  ]);
});
