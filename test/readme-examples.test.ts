/** The programs of the README's section "A client": each compiles, and runs, as it stands there, but for the port. */

import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { echoOptions, echoServer } from "../scripts/echo.ts";
import type { Server } from "../src/node/server/server.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "framewright-"));
/** For the compiler and for tsx: both are told there where the package's sources are. */
const config = join(folder, "tsconfig.json");

/** How long an example may take that ends by itself, on a machine that is busy. */
const PATIENCE = 30_000;

interface Example {
  readonly title: string;
  readonly file: string;
  readonly code: string;
  /** What stands behind each `// logs: `. */
  readonly logs: readonly string[];
}

const examples: readonly Example[] = blocksOf("A client").map((code, index) => ({
  title: `${index + 1}, ${/import \{ (.*) \}/.exec(code)?.[1]}`,
  file: join(folder, `example-${index + 1}.mts`),
  code,
  logs: Array.from(code.matchAll(/\/\/ logs: (.*)$/gm), ([, line]) => line!),
}));

/** The TypeScript in a section of the README. */
function blocksOf(title: string): string[] {
  const readme = readFileSync(join(root, "README.md"), "utf8");
  const section = readme.split(/^## /m).find((text) => text.startsWith(`${title}\n`)) ?? "";
  return Array.from(section.matchAll(/^```ts\n(.*?)^```$/gms), ([, code]) => code!);
}

/** Where the sources of what the package exports are, by the names under which it does. */
function sourcesByName(): Record<string, string[]> {
  const manifest = readFileSync(join(root, "package.json"), "utf8");
  const { name, exports } = JSON.parse(manifest) as { name: string; exports: Record<string, unknown> };
  const sources: Record<string, string[]> = {};
  for (const [path, target] of Object.entries(exports)) {
    const built = /"\.\/dist\/([^"]+)\.js"/.exec(JSON.stringify(target))?.[1];
    if (built !== undefined) sources[name + path.slice(1)] = [join(root, `src/${built}.ts`)];
  }
  return sources;
}

interface Output {
  readonly code?: unknown;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs Node, and says what came of it. `code` is there only if that was not 0; one that takes too long is ended. */
async function run(...args: string[]): Promise<Output> {
  const env = { ...process.env, TSX_TSCONFIG_PATH: config };
  const options = { cwd: root, env, timeout: PATIENCE };
  return promisify(execFile)(process.execPath, args, options).catch((error) => error as Output);
}

describe("the README's client", () => {
  let server: Server;

  beforeAll(async () => {
    server = await echoServer(echoOptions(["--port", "0", "--deflate"])!);
    for (const { file, code } of examples) writeFileSync(file, code.replaceAll(":9001", `:${server.port}`));
    const settings = {
      extends: join(root, "tsconfig.json"),
      compilerOptions: { paths: sourcesByName(), typeRoots: [join(root, "node_modules/@types")] },
      files: examples.map(({ file }) => file),
      include: [],
    };
    writeFileSync(config, JSON.stringify(settings));
  });

  afterAll(async () => {
    await server.close({ timeout: 1000 });
    rmSync(folder, { recursive: true });
  });

  it("is shown in all its faces", () => {
    const code = examples.map((example) => example.code).join("");
    for (const name of ["connect", "connectStreams", "reconnecting", "WebSocket"]) {
      expect(code).toContain(`import { ${name} } from "framewright/`);
    }
  });

  it("compiles under strict types", { timeout: PATIENCE }, async () => {
    const { stdout, code } = await run(join(root, "node_modules/typescript/bin/tsc"), "-p", config);
    expect({ stdout, code }).toEqual({ stdout: "" });
  });

  it.concurrent.each(examples)(
    "logs what it says, and ends by itself: $title",
    {
      timeout: PATIENCE,
    },
    async ({ file, logs }) => {
      const { stdout, stderr, code } = await run("--import", "tsx", file);
      expect({ lines: stdout.trimEnd().split("\n"), stderr, code }).toEqual({ lines: logs, stderr: "" });
    },
  );
});
