/** What the executable RFC looks at: the documents, the source with what it cites, the tests with what they prove. */

import { readdirSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { importsOf, tokensOf } from "../helpers/source.ts";
import { type Citation, citationsOf } from "./citations.ts";
import { type Document, readDocuments } from "./documents.ts";
import { idsOf, skipsOf } from "./titles.ts";

export interface Project {
  readonly documents: readonly Document[];
  /** Path of each source file → what it cites. */
  readonly citations: ReadonlyMap<string, readonly Citation[]>;
  /** Id → the test files whose titles name it. */
  readonly proofs: ReadonlyMap<string, readonly string[]>;
  /** Sentences about tests that are not run. */
  readonly skipped: readonly string[];
  /** Path → ids that a file names anywhere. */
  readonly named: ReadonlyMap<string, readonly string[]>;
  /** docs/requirements.md as it is, or "" where it is not. */
  readonly page: string;
}

const root = new URL("../../", import.meta.url);

export const PAGE: URL = new URL("docs/requirements.md", root);

const ID = /\b(?:RFC\d+|WHATWG-[A-Z]+)-\d[\d.]*-\d\d\b/g;

export function readProject(): Project {
  const documents = readDocuments();
  const citations = new Map(
    textsIn("src").map(([path, text]) => [path, citationsOf(text, documents)] as const),
  );
  const named = new Map(
    [...textsIn("test"), ...textsIn("autobahn")].map(([path, text]) => [path, text.match(ID) ?? []] as const),
  );
  return { documents, citations, named, ...readTests(), page: readPage() };
}

function readTests(): Pick<Project, "proofs" | "skipped"> {
  const proofs = new Map<string, string[]>();
  const skipped: string[] = [];
  for (const [path, tokens] of testFiles()) {
    for (const id of new Set(tokens.flatMap(idsOf))) proofs.set(id, [...(proofs.get(id) ?? []), path]);
    for (const { how, ids } of skipsOf(tokens)) {
      skipped.push(`${path}: ${how}${ids.length === 0 ? "" : ` takes the proof from ${ids.join(", ")}`}`);
    }
  }
  return { proofs, skipped };
}

/** Test files, and the suites that they import. */
function testFiles(): [path: string, tokens: ReturnType<typeof tokensOf>][] {
  const files = textsIn("test")
    .filter(([path]) => /\.(test|suite)\.ts$/.test(path))
    .map(([path, text]) => [path, tokensOf(text)] as const);
  const tests = files.filter(([path]) => path.endsWith(".test.ts"));
  const imported = new Set(
    tests.flatMap(([path, tokens]) => importsOf(tokens).map((name) => posix.join(posix.dirname(path), name))),
  );
  return files
    .filter(([path]) => path.endsWith(".test.ts") || imported.has(path))
    .map(([path, tokens]) => [path, tokens]);
}

/** The TypeScript files in a folder of this repository, in the order of their paths. */
function textsIn(folder: string): [path: string, text: string][] {
  return readdirSync(new URL(folder, root), { recursive: true, encoding: "utf8" })
    .map((name) => `${folder}/${name.replaceAll("\\", "/")}`)
    .filter((path) => path.endsWith(".ts") && !path.includes("node_modules") && !path.includes("/.venv/"))
    .sort()
    .map((path) => [path, readFileSync(new URL(path, root), "utf8")]);
}

function readPage(): string {
  try {
    return readFileSync(PAGE, "utf8");
  } catch {
    return "";
  }
}
