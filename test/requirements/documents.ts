/**
 * The executable RFC: what the documents ask, one row per statement, and where it is answered.
 *
 * Each document is a file of data beside this one. A row says what is asked, in our own words, and then one of three
 * things: `in`, the files that do it; `decision`, what we chose where the document leaves freedom; `exempt`, why
 * nothing here can do it. The tests that prove it are not in the row: they carry its id in their titles.
 */

import { readdirSync, readFileSync } from "node:fs";

export const LEVELS = ["MUST", "MUST NOT", "SHOULD", "SHOULD NOT", "RECOMMENDED", "MAY", "OPTIONAL"] as const;
export type Level = (typeof LEVELS)[number];

/** How strong a level is: what has to be done, what had better be done, what may be done (RFC 2119). */
export type Strength = "MUST" | "SHOULD" | "MAY";

export interface Requirement {
  /** Document, section and number: RFC6455-5.5.2-02. */
  readonly id: string;
  readonly level: Level;
  /** Who is bound by it. */
  readonly role: "client" | "server" | "both" | "intermediary" | "spec-only";
  /** Whether a library can be asked to show it. */
  readonly testable: "yes" | "partly" | "no";
  readonly statement: string;
  /** The source files that do it, each of which cites the section in a comment. */
  readonly in?: readonly string[];
  readonly decision?: string;
  readonly exempt?: string;
}

export interface Document {
  /** The beginning of its ids: RFC6455. */
  readonly id: string;
  /** How comments name it in front of a §: RFC 6455. */
  readonly name: string;
  readonly title: string;
  /** Why none of it is implemented, if that is so. */
  readonly pending?: string;
  /** Number → heading. All sections, or of `cited` documents those that comments name. */
  readonly sections: Readonly<Record<string, string>>;
  readonly requirements: readonly Requirement[];
}

/** Documents that comments cite, and whose statements are none of ours to fulfil. */
type Cited = Readonly<Record<string, Document["sections"]>>;

const here = new URL(".", import.meta.url);

/** Those with statements, in the order in which a reader meets them; then the others. */
export function readDocuments(): Document[] {
  const files = readdirSync(here).filter((name) => name.endsWith(".json") && name !== "cited.json");
  const documents = files.map((name) => readJson(name) as Document);
  const cited = Object.entries(readJson("cited.json") as Cited).map(([name, sections]) => ({
    id: name.replace(" ", ""),
    name,
    title: "",
    sections,
    requirements: [],
  }));
  return [...documents.sort((a, b) => ORDER.indexOf(a.id) - ORDER.indexOf(b.id)), ...cited];
}

const ORDER = "RFC6455 RFC7692 WHATWG-SSE WHATWG-WS RFC7936 RFC8307 RFC8441 RFC9220 RFC1951".split(" ");

function readJson(name: string): unknown {
  return JSON.parse(readFileSync(new URL(name, here), "utf8"));
}

/** RFC6455-5.5.2-02 → 5.5.2 */
export function sectionOf(id: string): string {
  return id.slice(0, -"-00".length).split("-").at(-1)!;
}

export function strengthOf(level: Level): Strength {
  if (level.startsWith("MUST")) return "MUST";
  return level === "MAY" || level === "OPTIONAL" ? "MAY" : "SHOULD";
}
