/**
 * Fuzzing 8 — The targets, by name. Each is loaded when it is needed, after V8 has been told to count (coverage.ts).
 *
 * Next: ../coverage.ts.
 */

import type { Target } from "../executor.ts";

type Load = () => Promise<{ readonly target: Target }>;

const targets: Readonly<Record<string, Load>> = {
  frames: () => import("./frames.ts"),
  connection: () => import("./connection.ts"),
  "handshake-server": () => import("./handshake-server.ts"),
  "handshake-client": () => import("./handshake-client.ts"),
  body: () => import("./body.ts"),
  fields: () => import("./fields.ts"),
  close: () => import("./close.ts"),
  utf8: () => import("./utf8.ts"),
  inflate: () => import("./inflate.ts"),
  deflate: () => import("./deflate.ts"),
  compression: () => import("./compression.ts"),
  "sse-parser": () => import("./sse-parser.ts"),
  "sse-encoder": () => import("./sse-encoder.ts"),
  describe: () => import("./describe.ts"),
};

/** Those that ask other implementations, which are packages of test/interop: not part of a run unless they are named. */
const peers: Readonly<Record<string, Load>> = {
  "against-ws": () => import("./against-ws.ts"),
  "against-undici": () => import("./against-undici.ts"),
};

export const targetNames: readonly string[] = Object.keys(targets);
export const peerNames: readonly string[] = Object.keys(peers);

export async function loadTarget(name: string): Promise<Target> {
  const load = targets[name] ?? peers[name];
  if (load === undefined) throw new RangeError(`name: there is no target ${name}`);
  return (await load()).target;
}
