import { expect, it } from "vitest";
import * as node from "../../src/node/index.ts";

it("framewright/node exports these names", () => {
  expect(Object.keys(node).sort()).toEqual([
    "ConnectError",
    "ConnectionClosedError",
    "Reconnecting",
    "Server",
    "broadcastEvent",
    "channels",
    "clientStats",
    "compression",
    "connect",
    "connectStreams",
    "eventStream",
    "isNativeUsable",
    "native",
    "reconnecting",
    "serve",
    "streamsOf",
    "systemClock",
  ]);
});
