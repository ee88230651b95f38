import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { CORPUS_DIRECTORY, CRASHES_DIRECTORY, readEntries } from "../../fuzz/corpus.ts";
import { differencesPage } from "../../fuzz/make-differences.ts";
import { compare } from "../../fuzz/targets/against.ts";
import { differences } from "../../fuzz/targets/differences.ts";
import { PeerMissing } from "../../fuzz/targets/peer-packages.ts";
import { hex } from "../helpers/frames.ts";

describe("the table of differences", () => {
  it("says of each who is right, by which section, and how it is recognised", () => {
    for (const [name, { peers, right, section, explains, adapt }] of Object.entries(differences)) {
      expect(peers.length, name).toBeGreaterThan(0);
      expect(right, name).toMatch(/^(Framewright|Both|ws|undici)[:,]/);
      expect(section, name).toMatch(/^RFC \d+ §/);
      expect(explains ?? adapt, name).toBeTypeOf("function");
    }
  });

  it("is what docs/differences.md shows", () => {
    const page = new URL("../../docs/differences.md", import.meta.url);
    expect(readFileSync(page, "utf8")).toBe(differencesPage());
  });
});

/** Other implementations are installed by `npm run interop`; where they are not, there is nothing to compare with. */
async function loadOrSkip<Module>(load: () => Promise<Module>): Promise<Module | undefined> {
  try {
    return await load();
  } catch (error) {
    if (error instanceof PeerMissing) return undefined;
    throw error;
  }
}

const modules = {
  "against-ws": await loadOrSkip(() => import("../../fuzz/targets/against-ws.ts")),
  "against-undici": await loadOrSkip(() => import("../../fuzz/targets/against-undici.ts")),
};

describe.each(Object.entries(modules))("the target %s", (name, module) => {
  it.skipIf(module === undefined)(
    "knows every difference that its corpus shows, or has shown once",
    async () => {
      const entries = [...readEntries(CORPUS_DIRECTORY, name), ...readEntries(CRASHES_DIRECTORY, name)];
      expect(entries.length).toBeGreaterThan(0);
      for (const { path, data } of entries) {
        await expect(module?.target.run(data), path).resolves.toBe(data.length);
      }
    },
  );

  it.skipIf(module === undefined)("shows each of its differences by its example", async () => {
    const { peer } = module!;
    for (const [difference, { peers, example }] of Object.entries(differences)) {
      if (!peers.includes(peer.name)) continue;
      const { differences: shown } = await compare(peer, hex(example));
      expect(shown, difference).toContain(difference);
    }
  });
});
