import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { PEER_DEFAULTS } from "../src/node/options.ts";
import { DEFAULT_MAX_MESSAGE_SIZE } from "../src/protocol/contract.ts";

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
const scripts = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"))
  .scripts as Record<string, string>;

const modules: Record<string, () => Promise<object>> = {
  framewright: () => import("../src/index.ts"),
  "framewright/node": () => import("../src/node/index.ts"),
  "framewright/websocket": () => import("../src/node/client/websocket.ts"),
  "framewright/sse": () => import("../src/sse/index.ts"),
  "framewright/deflate": () => import("../src/deflate/index.ts"),
};

/** The cells of the table row that begins with this option. */
function row(option: string): string[] {
  const line = readme.split("\n").find((text) => text.startsWith(`| \`${option}\``));
  if (line === undefined) throw new Error(`README.md has no row for ${option}`);
  return line.split("|").map((cell) => cell.trim());
}

describe("the README", () => {
  it("imports only what there is", async () => {
    const imports = [...readme.matchAll(/import \{ ([^}]+) \} from "([^"]+)";/g)];
    expect(imports.length).toBeGreaterThan(5);
    for (const [, names, module] of imports) {
      const exported = await modules[module!]!();
      for (const name of names!.split(","))
        expect(exported, `${name} of ${module}`).toHaveProperty(name.trim());
    }
  });

  it("names only commands there are", () => {
    const commands = [...readme.matchAll(/npm run (?:--silent )?([a-z:]+)/g)].map(([, name]) => name!);
    expect(commands.length).toBeGreaterThan(8);
    for (const name of commands) expect(scripts, name).toHaveProperty(name);
  });

  it("tells the defaults as they are", () => {
    const MIB = 1024 * 1024;
    expect(row("maxMessageSize")[3]).toBe(`${DEFAULT_MAX_MESSAGE_SIZE / MIB} MiB`);
    expect(PEER_DEFAULTS.maxMessageSize).toBe(DEFAULT_MAX_MESSAGE_SIZE);
    expect(row("heartbeat.interval")[3]).toContain(`${PEER_DEFAULTS.heartbeatInterval / 1000} s`);
    expect(row("heartbeat.timeout")[3]).toContain(`${PEER_DEFAULTS.heartbeatTimeout / 1000} s`);
    expect(row("closeTimeout")[3]).toContain(`${PEER_DEFAULTS.closeTimeout / 1000} s`);
    expect(row("highWaterMark")[3]).toContain(`${PEER_DEFAULTS.highWaterMark / MIB} MiB`);
    expect(row("maxBufferedBytes")[3]).toContain(`${PEER_DEFAULTS.maxBufferedBytes / MIB} MiB`);
  });
});
