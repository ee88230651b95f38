/**
 * The judge, 20 — The report: a folder with the names and shapes of the suite's, so that whatever reads those reads
 * these; and pages for people.
 *
 *   index.json, index.html                        all agents and cases
 *   <agent>_case_<id>.json, <agent>_case_<id>.html    one
 *
 * What this file must not know: what a page looks like. Next: report-html.ts.
 */

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { casePage, indexPage } from "./report-html.ts";
import type { CaseResult } from "./result.ts";

/** Writes the report on `results`, of one agent or of several, into `folder`, which is made if it is not there. */
export async function writeReport(folder: string, results: readonly CaseResult[]): Promise<void> {
  await mkdir(folder, { recursive: true });
  const write = (name: string, content: string): Promise<void> => writeFile(join(folder, name), content);
  await write("index.json", toJson(indexOf(results)));
  await write(
    "index.html",
    indexPage(results, (result) => fileName(result, "html")),
  );
  for (const result of results) {
    await write(fileName(result, "json"), toJson(result));
    await write(fileName(result, "html"), casePage(result));
  }
}

/** `agent` in lower case, with one underscore in the place of what is neither letter nor digit. */
export function fileName(
  { agent, id }: Pick<CaseResult, "agent" | "id">,
  extension: "json" | "html",
): string {
  const plain = [...agent.toLowerCase()].map((letter) => (isPlain(letter) ? letter : " ")).join("");
  return `${plain.trim().replaceAll(" ", "_")}_case_${id.replaceAll(".", "_")}.${extension}`;
}

function isPlain(letter: string): boolean {
  return (letter >= "a" && letter <= "z") || (letter >= "0" && letter <= "9");
}

/** By agent, by case: the verdicts, and where to read more. */
function indexOf(results: readonly CaseResult[]): Record<string, Record<string, unknown>> {
  const agents: Record<string, Record<string, unknown>> = {};
  for (const result of results) {
    const { agent, id, behavior, behaviorClose, duration, remoteCloseCode } = result;
    const cases = (agents[agent] ??= {});
    const reportfile = fileName(result, "json");
    cases[id] = { behavior, behaviorClose, duration, remoteCloseCode, reportfile };
  }
  return agents;
}

/** With sorted keys, as the suite writes it. */
function toJson(value: unknown): string {
  return JSON.stringify(value, sortKeys, 3);
}

function sortKeys(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
