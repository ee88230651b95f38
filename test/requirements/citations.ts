/**
 * Which sections a source file cites.
 *
 * A § belongs to the document named in front of it, or to the one named last before it in the same comment. If there
 * is none, it belongs to the file's document: the first that the title of the file cites, of those whose sections are
 * all known here; and to RFC 6455 if there is none either. The title is the paragraph that a file begins with.
 */

import { tokensOf } from "../helpers/source.ts";
import type { Document } from "./documents.ts";

export interface Citation {
  readonly document: string;
  readonly section: string;
  /** The line on which its comment, or string, begins. */
  readonly line: number;
}

const DEFAULT = "RFC 6455";

const CITATION = /(?:(RFC \d+|WHATWG \w+) )?§(\d+(?:\.\d+)*)(?:(?: to |–)§(\d+(?:\.\d+)*))?/g;

export function citationsOf(source: string, documents: readonly Document[]): Citation[] {
  const passages = passagesOf(source);
  const inTitle = source.startsWith("/**") ? citationsIn(passages[0]!, DEFAULT, documents) : [];
  const whole = documents.filter(({ title }) => title !== "").map(({ name }) => name);
  const own = inTitle.find(({ document }) => whole.includes(document))?.document ?? DEFAULT;
  return passages.flatMap((passage) => citationsIn(passage, own, documents));
}

interface Passage {
  readonly text: string;
  readonly line: number;
}

/** Comments and strings. Lines of `//` that follow each other are one comment; the paragraphs of a block are several. */
function passagesOf(source: string): Passage[] {
  const passages: Passage[] = [];
  let at = 0;
  let line = 1;
  let before = "";
  for (const { kind, text } of tokensOf(source)) {
    const start = source.indexOf(text, at);
    line += source.slice(at, start).split("\n").length - 1;
    const last = passages.at(-1);
    if (text.startsWith("//") && before.startsWith("//") && last !== undefined) {
      passages[passages.length - 1] = { ...last, text: `${last.text}${text.slice(2)}` };
    } else if (kind === "comment" || kind === "string") {
      for (const paragraph of text.split(BLANK_LINE)) {
        passages.push({ text: paragraph.replace(LINE_BREAK, " "), line });
      }
    }
    before = text;
    at = start + text.length;
    line += text.split("\n").length - 1;
  }
  return passages;
}

const BLANK_LINE = /\n[ *]*\n/;
const LINE_BREAK = /\s*\n\s*\*?\s*/g;

function citationsIn({ text, line }: Passage, own: string, documents: readonly Document[]): Citation[] {
  let document = own;
  return [...text.matchAll(CITATION)].flatMap(([, named, section, last]) => {
    document = named ?? document;
    return range(document, section!, last, documents).map((each) => ({ document, section: each, line }));
  });
}

/** "§7.1.4–§7.1.6" are all sections of that document from the one to the other. */
function range(
  document: string,
  first: string,
  last: string | undefined,
  documents: readonly Document[],
): string[] {
  if (last === undefined) return [first];
  const known = Object.keys(documents.find(({ name }) => name === document)?.sections ?? {});
  const [from, to] = [known.indexOf(first), known.indexOf(last)];
  return from === -1 || to < from ? [first, last] : known.slice(from, to + 1);
}
