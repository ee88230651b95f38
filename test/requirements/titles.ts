/**
 * Which statements the tests prove: they say so in front of their titles.
 *
 *   it("[RFC6455-5.5.2-02] [RFC6455-5.5.3-01] answers each Ping with a Pong that carries the same data", …)
 *
 * Nothing is run to find this out: a string that begins with ids is a title, or the beginning of one. What is found
 * is part of the same run as this test itself, so a test that fails fails the run; and a test that is not run counts
 * for nothing, so no test may be skipped, and none that is skipped somewhere may carry an id.
 */

import type { Token } from "../helpers/source.ts";

/** The ids in front of a title, without their brackets. */
const IDS = /^["'`}]((?:\[(?:RFC|WHATWG)[^\]]*\] ?)+)/;

export function idsOf({ kind, text }: Token): string[] {
  const ids = kind === "string" ? IDS.exec(text)?.[1] : undefined;
  return ids === undefined ? [] : [...ids.matchAll(/\[([^\]]*)\]/g)].map(([, id]) => id!);
}

const NEVER = new Set(["skip", "todo", "only", "fails"]);
const SOMETIMES = new Set(["skipIf", "runIf"]);

/** What keeps tests of a file from being run, with the ids that this would make worthless. */
export function skipsOf(tokens: readonly Token[]): { readonly how: string; readonly ids: string[] }[] {
  return tokens.flatMap((token, index) => {
    if (!["it", "test", "describe"].includes(token.text) || tokens[index - 1]?.text === ".") return [];
    let at = index + 1;
    while (tokens[at]?.text === "." && tokens[at + 1]?.kind === "word") {
      const how = tokens[at + 1]!.text;
      if (NEVER.has(how)) return [{ how: `${token.text}.${how}`, ids: [] }];
      if (SOMETIMES.has(how)) {
        const call = closing(tokens, at + 2) + 1;
        const ids = tokens.slice(call, closing(tokens, call)).flatMap(idsOf);
        if (ids.length > 0) return [{ how: `${token.text}.${how}`, ids }];
      }
      at += 2;
    }
    return [];
  });
}

/** The index of the parenthesis that closes the one at `open`. */
function closing(tokens: readonly Token[], open: number): number {
  let depth = 0;
  let at = open;
  do {
    const { kind, text } = tokens[at]!;
    if (kind === "mark" && text === "(") depth++;
    if (kind === "mark" && text === ")") depth--;
    at++;
  } while (depth > 0 && at < tokens.length);
  return at - 1;
}
