/**
 * Writes docs/differences.md from targets/differences.ts: `npx tsx fuzz/make-differences.ts`.
 *
 * A test compares the two, so that the page cannot fall behind.
 */

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { differences } from "./targets/differences.ts";

const PATH: string = fileURLToPath(new URL("../docs/differences.md", import.meta.url));

/** What stands in test/interop/package.json. */
function versionOf(name: string): string {
  const manifest = new URL("../test/interop/package.json", import.meta.url);
  return JSON.parse(readFileSync(manifest, "utf8")).dependencies[name];
}

const MOST_SHOWN = 30;

/** What follows the settings. */
function shown(example: string): string {
  const bytes = example.slice(example.indexOf(" ") + 1);
  return bytes.length > MOST_SHOWN ? `\`${bytes.slice(0, MOST_SHOWN)}\`…` : `\`${bytes}\``;
}

export function differencesPage(): string {
  const rows = Object.entries(differences).map(
    ([name, { peers, theirs, ours, right, section, example }]) =>
      `| \`${name}\` | ${peers.join(", ")} | ${shown(example)} | ${theirs} | ${ours} | ${right} | ${section} |`,
  );
  return `# Where other implementations read the same bytes in another way

Written by \`npx tsx fuzz/make-differences.ts\` from \`fuzz/targets/differences.ts\`: change that file, not this page.

The fuzz targets \`against-ws\` and \`against-undici\` give the same bytes to our connection and to the parsers of ws
${versionOf("ws")} (in both roles) and undici ${versionOf("undici")} (a client). Both must tell the same messages, Pings and Pongs in the same order, and end
with the same close code. What follows is every difference that was found. Each is recognised by a predicate of its own; any
other is a failure of the run. An example is what a client receives; a test shows that each does what is said here.

| difference | who | example | they | Framewright | who is right | section |
|---|---|---|---|---|---|---|
${rows.join("\n")}

To look for more: \`npm run interop\` (which installs the packages), then
\`npm run fuzz -- --target against-ws --target against-undici\`.
`;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  mkdirSync(dirname(PATH), { recursive: true });
  writeFileSync(PATH, differencesPage());
}
