/**
 * Where the other implementations are: packages of test/interop, or of bench, which this package does not depend on.
 *
 * Their parsers are no part of what they offer to applications, so they are loaded by their path.
 */

import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

/** The package that a target needs has not been installed. */
export class PeerMissing extends Error {
  override readonly name: string = "PeerMissing";
}

const FOLDERS = ["test/interop", "bench"] as const;
const packages = FOLDERS.map((folder) => new URL(`../../${folder}/node_modules/`, import.meta.url));

/** The addresses that their modules begin with: what they run is coverage as well. */
export const peerDirectories: readonly string[] = packages.flatMap(({ href }) => [
  `${href}ws/lib/`,
  `${href}undici/lib/web/websocket/`,
]);

const require = createRequire(import.meta.url);

/** Loads a module of a package, such as `ws/lib/receiver.js`. The caller knows what it exports. */
export function loadPeer<Exports>(path: string): Exports {
  const file = packages.map((url) => fileURLToPath(new URL(path, url))).find((found) => existsSync(found));
  if (file === undefined) {
    const name = path.split("/", 1)[0];
    throw new PeerMissing(
      `fuzz: the package ${name} is not installed; npm ci --prefix ${FOLDERS[0]} does that`,
    );
  }
  return require(file) as Exports;
}
