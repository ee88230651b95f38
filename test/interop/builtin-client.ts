/**
 * Our server, with the WebSocket client that Node itself has: in each of the runtimes of test/runtimes, and in the one
 * at hand. What the client does is builtin-program.ts.
 */

import { strict as assert } from "node:assert";
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Peer, PeerClosed } from "../../src/node/peer.ts";
import type { ServeOptions } from "../../src/node/server/server.ts";
import { type Check, type Group, Skipped } from "./check.ts";
import { echo, withServer } from "./harness.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const program = fileURLToPath(new URL("builtin-program.ts", import.meta.url));

const RUNTIMES = ["20", "22", "24", "26"];

/** Node 20 has its client behind a flag. */
function argumentsFor(version: string): readonly string[] {
  return [...(version === "20" ? ["--experimental-websocket"] : []), "--import", "tsx", program];
}

/** The pinned one, or the one at hand if it is of that version. */
function programOf(version: string): string {
  const pinned = `${root}test/runtimes/node_modules/node${version}/bin/node`;
  if (existsSync(pinned)) return pinned;
  if (process.versions.node.startsWith(`${version}.`)) return process.execPath;
  throw new Skipped(`Node ${version} is not there: npm run runtimes installs it`);
}

async function converse(
  version: string,
  compression: NonNullable<ServeOptions["compression"]>,
): Promise<void> {
  const node = programOf(version);
  const ends: PeerClosed[] = [];
  const extensions: string[] = [];
  const options: ServeOptions = {
    compression,
    subprotocols: ["v2"],
    upgrade: ({ target }) => target === "/" || { status: 404 },
  };
  const open = (peer: Peer) => extensions.push(...peer.extensions);
  const close = (_peer: Peer, closed: PeerClosed) => ends.push(closed);
  await withServer({ ...options, ...echo, open, close }, async (_, url) => {
    const run = promisify(execFile);
    const { stdout } = await run(node, [...argumentsFor(version), url], { cwd: root });
    assert.equal(stdout.trim(), "done");
    const expected = { code: 3001, reason: "bye", clean: true, initiator: "remote", phase: "closed" };
    assert.deepEqual({ ...ends[0] }, expected);
    assert.deepEqual(extensions, compression ? ["permessage-deflate"] : []);
  });
}

const checks: Check[] = RUNTIMES.flatMap((version) => [
  { name: `Node ${version}: messages, subprotocol, refusal, close`, run: () => converse(version, false) },
  {
    name: `Node ${version}: the same with permessage-deflate`,
    run: () => converse(version, { threshold: 0, contextTakeover: true }),
  },
]);

export const builtinClient: Group = { title: "our server, Node's own WebSocket as client", checks };
