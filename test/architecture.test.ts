/** The laws of the code, held by the code: what may stand where, and who may know whom. */

import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { freeWordsOf, importsOf, type Token, tokensOf } from "./helpers/source.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), "utf8");
const slashes = (path: string): string => path.replaceAll("\\", "/");

interface Source {
  path: string;
  text: string;
  tokens: Token[];
  /** Paths of our own files, and the names of other modules. */
  imports: string[];
}

const sources: Source[] = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
  .map((name) => slashes(`src/${name}`))
  .filter((path) => path.endsWith(".ts"))
  .sort()
  .map((path) => {
    const text = read(path);
    const tokens = tokensOf(text);
    const imports = importsOf(tokens).map((name) =>
      name.startsWith(".") ? posix.join(dirname(path), name) : name,
    );
    return { path, text, tokens, imports };
  });

/** What surrounds the core lives in src/node; everything else is the core. */
const core = sources.filter(({ path }) => !path.startsWith("src/node/"));
const modules = sources.filter(({ path }) => !path.endsWith(".d.ts"));

/** One line for each offence, so that a failing test lists them all. */
function offences(files: readonly Source[], find: (file: Source) => Iterable<string>): string[] {
  return files.flatMap((file) => Array.from(find(file), (found) => `${file.path}: ${found}`));
}

describe("the scanner of these tests", () => {
  it("tells words from comments, strings, templates and regular expressions", () => {
    const sample =
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the sample is code
      'a / b; /* Date */ "Date" + `Date ${c + `${Date}`} Date`; x = /[/]Date/g.test(1e-5); } // Date';
    const found = tokensOf(sample).filter(({ kind }) => kind !== "mark");
    expect(found.map(({ kind, text }) => `${kind} ${text}`)).toEqual([
      "word a",
      "word b",
      "comment /* Date */",
      'string "Date"',
      "string `Date ${",
      "word c",
      "string `${",
      "word Date",
      "string }`",
      "string } Date`",
      "word x",
      "regex /[/]Date/g",
      "word test",
      "number 1e-5",
      "comment // Date",
    ]);
  });

  it("tells names from members", () => {
    const sample = "class A { fetch(a: B): C { this.Date(); fetch(a); Date(1); } }";
    expect(freeWordsOf(tokensOf(sample)).join(" ")).toBe("class A a B C this fetch a Date");
  });

  it("finds every way to import", () => {
    const sample = `import "a"; import b, { type c } from './b'; export * from "d"; import("e"); f("from"); // from "g"`;
    expect(importsOf(tokensOf(sample))).toEqual(["a", "./b", "d", "e"]);
  });
});

describe("imports", () => {
  it("name files that exist", () => {
    const known = new Set(sources.map(({ path }) => path));
    const find = ({ imports }: Source) =>
      imports.filter((path) => path.startsWith("src/") && !known.has(path));
    expect(offences(sources, find)).toEqual([]);
  });

  it("of the core stay in the core: no package, and nothing of Node", () => {
    const inside = new Set(core.map(({ path }) => path));
    expect(offences(core, ({ imports }) => imports.filter((path) => !inside.has(path)))).toEqual([]);
  });

  /** Which folder may know which. What stands beside the folders is written as a file. */
  const MAY_IMPORT: Record<string, readonly string[]> = {
    "src/bytes.ts": [],
    "src/pool.ts": [],
    "src/deflate": ["src/bytes.ts", "src/deflate"],
    "src/protocol": ["src/bytes.ts", "src/pool.ts", "src/deflate", "src/protocol"],
    "src/sse": ["src/bytes.ts", "src/sse"],
    "src/index.ts": ["src/deflate", "src/protocol", "src/sse"],
    "src/platform.d.ts": [],
  };
  const part = (path: string): string => path.split("/", 2).join("/");

  it("cross folders downwards only: bytes, deflate, protocol; sse beside them", () => {
    const find = ({ path, imports }: Source) => {
      const allowed = MAY_IMPORT[part(path)];
      return allowed === undefined
        ? ["has no place on the map"]
        : imports.filter((to) => !allowed.includes(part(to)));
    };
    expect(offences(core, find)).toEqual([]);
  });

  it("of compression go through its seam, but for those of what stands behind it, too", () => {
    const seam = ["src/deflate/codec.ts", "src/deflate/index.ts"];
    const lent = ["src/deflate/inflate.ts", "src/deflate/window.ts"];
    const outside = modules.filter(({ path }) => !path.startsWith("src/deflate/"));
    const find = ({ path, imports }: Source) => {
      const allowed = path === "src/node/zlib.ts" ? [...seam, ...lent] : seam;
      return imports.filter((to) => part(to) === "src/deflate" && !allowed.includes(to));
    };
    expect(offences(outside, find)).toEqual([]);
  });

  it("make no circle", () => {
    const importsByPath = new Map(sources.map(({ path, imports }) => [path, imports]));
    const done = new Set<string>();
    const circles: string[] = [];
    const visit = (path: string, trail: readonly string[]): void => {
      if (trail.includes(path)) circles.push([...trail.slice(trail.indexOf(path)), path].join(" → "));
      if (done.has(path) || trail.includes(path)) return;
      for (const to of importsByPath.get(path) ?? []) visit(to, [...trail, path]);
      done.add(path);
    };
    for (const { path } of sources) visit(path, []);
    expect(circles).toEqual([]);
  });
});

/** The comment a file begins with, as its lines of text. */
function headerOf({ text }: Source): string[] {
  const comment = /^\/\*\*[\s\S]*?\*\//.exec(text)?.[0] ?? "";
  const lines = comment.split("\n").map((line) => line.replace(/^\s*\/?\*+\/?/, "").trim());
  return lines.filter((line) => line !== "");
}

/** "Chapter 1.10 — …" as numbers to compare; undefined where there is none. */
function chapterOf(file: Source): number[] | undefined {
  return /^Chapter (\d+(?:\.\d+)?) — \S/
    .exec(headerOf(file)[0] ?? "")?.[1]
    ?.split(".")
    .map(Number);
}

function isBefore([a = 0, b = 0]: number[], [c = 0, d = 0]: number[]): boolean {
  return a < c || (a === c && b < d);
}

describe("the reading order", () => {
  const chapters = new Map(modules.map((file) => [file.path, chapterOf(file)]));

  it("has a place for each file: its header names its chapter, and says what it is in at most 15 lines", () => {
    const find = function* (file: Source) {
      const { length } = headerOf(file);
      if (chapterOf(file) === undefined) yield "does not begin with a chapter";
      if (length > 15) yield `the header has ${length} lines`;
    };
    expect(offences(modules, find)).toEqual([]);
  });

  it("has one place for each file", () => {
    const taken = new Map<string, string>();
    const find = function* ({ path }: Source) {
      const chapter = chapters.get(path)?.join(".");
      if (chapter === undefined) return;
      if (taken.has(chapter)) yield `is chapter ${chapter}, as ${taken.get(chapter)} is`;
      taken.set(chapter, path);
    };
    expect(offences(modules, find)).toEqual([]);
  });

  it("builds on what was read: a file imports from earlier chapters only", () => {
    const find = ({ path, imports }: Source) => {
      const own = chapters.get(path);
      return imports.filter((to) => {
        const other = chapters.get(to);
        return own !== undefined && other !== undefined && !isBefore(other, own);
      });
    };
    expect(offences(modules, find)).toEqual([]);
  });

  it("goes on: a header that says which file is next names one of a later chapter", () => {
    const find = (file: Source) => {
      const next = /Next: (.*)$/.exec(headerOf(file).join("\n").replaceAll("\n", " "))?.[1] ?? "";
      const named = next.match(/[\w./-]+\.ts/g) ?? [];
      return named.filter((name) => {
        const own = chapters.get(file.path);
        const other = chapters.get(posix.join(dirname(file.path), name));
        return other === undefined || own === undefined || !isBefore(own, other);
      });
    };
    expect(offences(modules, find).map((found) => found.replace(": ", ": next is "))).toEqual([]);
  });
});

describe("the core", () => {
  /** Law 1: no clock, no timer, no promise, and nothing that only some runtimes have. */
  const PLATFORM = new Set(
    `Buffer process console require module exports global globalThis navigator Deno Bun
     setTimeout setInterval setImmediate clearTimeout clearInterval clearImmediate queueMicrotask
     Promise async await Date performance Temporal fetch eval WeakRef FinalizationRegistry WebAssembly`.split(
      /\s+/,
    ),
  );

  it("uses no name of a platform", () => {
    const find = ({ tokens }: Source) => freeWordsOf(tokens).filter((word) => PLATFORM.has(word));
    expect(offences(core, find)).toEqual([]);
  });

  it("has no regular expression, whose time nobody can tell from its looks", () => {
    const find = ({ tokens }: Source) =>
      tokens
        .filter(({ kind, text }) => kind === "regex" || (kind === "word" && text === "RegExp"))
        .map(({ text }) => text);
    expect(offences(core, find)).toEqual([]);
  });

  it("is compiled without any types but ES2022 and its own platform.d.ts", () => {
    const { compilerOptions, files } = compilerConfig("tsconfig.core.json");
    expect(compilerOptions.types).toEqual([]);
    expect(compilerOptions.lib).toEqual(["es2022"]);
    expect(files).toEqual(core.map(({ path }) => path));
  });
});

describe("files", () => {
  /** Longer than a chapter should be, each with its reason. */
  const MAY_BE_LONG: Record<string, string> = {};

  it("have at most 450 lines", () => {
    const find = ({ path, text }: Source) => {
      const lines = text.trimEnd().split("\n").length;
      return lines > 450 && MAY_BE_LONG[path] === undefined ? [`${lines} lines`] : [];
    };
    expect(offences(sources, find)).toEqual([]);
  });

  it("have a test file of the same name, unless they declare nothing that runs", () => {
    const find = ({ path, tokens }: Source) => {
      const runs = tokens.some(
        ({ kind, text }) => kind === "word" && /^(const|let|class|function)$/.test(text),
      );
      const test = path.replace("src/", "test/").replace(/\.ts$/, ".test.ts");
      return runs && !existsSync(join(root, test)) ? [`has no ${test}`] : [];
    };
    expect(offences(modules, find)).toEqual([]);
  });
});

describe("the package", () => {
  const manifest = JSON.parse(read("package.json")) as { exports: unknown };

  it("depends on nothing at run time", () => {
    const kinds = [
      "dependencies",
      "peerDependencies",
      "optionalDependencies",
      "bundleDependencies",
      "bundledDependencies",
    ];
    expect(kinds.filter((kind) => kind in manifest)).toEqual([]);
  });

  it("exports what the build makes", () => {
    const { compilerOptions, files } = compilerConfig("tsconfig.build.json");
    const { rootDir = "", outDir = "" } = compilerOptions;
    const built = new Set(
      files.flatMap((path) => outputsOf(path, posix.normalize(rootDir), posix.normalize(outDir))),
    );
    const targets = JSON.stringify(manifest.exports).match(/(?<=")\.\/dist\/[^"]+/g) ?? [];
    expect(targets.length).toBeGreaterThan(0);
    expect(targets.map((target) => posix.normalize(target)).filter((target) => !built.has(target))).toEqual(
      [],
    );
  });

  it("says nothing of where packages come from", () => {
    const mentions = /\bregistry\.[\w-]+\.[a-z]|\bnpm\.pkg\.|"resolved": *"http/i;
    expect(repositoryFiles().filter((path) => mentions.test(read(path)))).toEqual([]);
  });
});

interface CompilerOptions {
  types?: string[];
  lib?: string[];
  rootDir?: string;
  outDir?: string;
}

/** A configuration as the compiler understands it, with the files that it covers. */
function compilerConfig(path: string): { compilerOptions: CompilerOptions; files: string[] } {
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  const shown = execFileSync(process.execPath, [tsc, "--showConfig", "-p", join(root, path)], {
    encoding: "utf8",
  });
  const config = JSON.parse(shown) as { compilerOptions: CompilerOptions; files: string[] };
  return { ...config, files: config.files.map((file) => posix.normalize(file)).sort() };
}

function outputsOf(path: string, rootDir: string, outDir: string): string[] {
  if (path.endsWith(".d.ts")) return [];
  const output = posix.join(outDir, posix.relative(rootDir, path)).replace(/\.ts$/, "");
  return [`${output}.js`, `${output}.d.ts`];
}

/** Every file of ours: not what was installed, built or measured. */
function repositoryFiles(folder = ""): string[] {
  const notOurs = new Set([".git", "node_modules", "dist", "coverage"]);
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = posix.join(folder, entry.name);
    if (notOurs.has(entry.name)) return [];
    if (entry.isDirectory()) return repositoryFiles(path);
    return entry.isFile() ? [path] : [];
  });
}
