/** What is missing or wrong in the executable RFC: one sentence for each hole. No sentence means that it holds. */

import { type Document, LEVELS, type Requirement, sectionOf, strengthOf } from "./documents.ts";
import { pageOf } from "./page.ts";
import type { Project } from "./project.ts";

export function holesOf(project: Project): string[] {
  const { documents, citations, proofs, named, skipped } = project;
  const known = new Map(
    documents.flatMap(({ requirements }) => requirements.map((row) => [row.id, row] as const)),
  );
  const holes = [
    ...documents.flatMap((document) => rowHoles(document, project)),
    ...documents.flatMap((document) => citationHoles(document, project)),
    ...skipped.map((skip) => `${skip}: a test that is not run proves nothing`),
  ];
  for (const [path, ids] of named) {
    for (const id of new Set(ids)) if (!known.has(id)) holes.push(`${path}: there is no ${id}`);
  }
  for (const [id, paths] of proofs) {
    const isExempt = known.get(id)?.exempt !== undefined;
    if (isExempt) holes.push(`${id}: is exempt, and yet ${paths.join(", ")} proves it`);
  }
  for (const [path, cited] of citations) {
    for (const { document, section, line } of cited) {
      if (documents.find(({ name }) => name === document)?.sections[section] !== undefined) continue;
      holes.push(`${path}:${line}: there is no §${section} in ${document}`);
    }
  }
  return holes;
}

/** Whether docs/requirements.md says what it would say if it were made now. */
export function isStale(project: Project): boolean {
  return project.page !== pageOf(project);
}

function rowHoles(document: Document, project: Project): string[] {
  const seen = new Set<string>();
  return document.requirements.flatMap((row) => {
    const holes = [...formHoles(row, document, seen)];
    if (document.pending === undefined) holes.push(...answerHoles(row, project));
    seen.add(row.id);
    return holes.map((hole) => `${row.id}: ${hole}`);
  });
}

function* formHoles(row: Requirement, document: Document, seen: ReadonlySet<string>): Iterable<string> {
  const section = sectionOf(row.id);
  if (!row.id.startsWith(`${document.id}-`)) yield `does not belong to ${document.id}`;
  if (document.sections[section] === undefined) yield `there is no §${section} in ${document.name}`;
  if (seen.has(row.id)) yield "is there twice";
  if (!LEVELS.includes(row.level)) yield `${row.level} is no level`;
  if (row.exempt !== undefined && (row.in !== undefined || row.decision !== undefined)) {
    yield "is exempt, and yet answered";
  }
}

/** What a statement that counts needs: a place, a proof, or a word about why not. */
function* answerHoles(row: Requirement, { proofs }: Project): Iterable<string> {
  if (row.exempt !== undefined) return;
  const strength = strengthOf(row.level);
  const proven = proofs.has(row.id);
  const decided = row.decision !== undefined;
  if (row.in === undefined && !(decided && strength === "MAY")) yield "no file implements it";
  if (strength === "MUST" && !proven) yield "no test proves it, and no exemption says why";
  if (strength === "SHOULD" && !proven && !decided) yield "no test proves it, and no decision says why";
  if (strength === "MAY" && !decided) yield "no decision says what was made of it";
}

/** Each file that implements something cites its section, or the one around it, or one inside it. */
function citationHoles({ name, requirements }: Document, { citations }: Project): string[] {
  const idsByHole = new Map<string, string[]>();
  for (const { id, in: paths = [] } of requirements) {
    const section = sectionOf(id);
    for (const path of paths) {
      const cited = citations.get(path);
      if (cited?.some((at) => at.document === name && isNear(at.section, section))) continue;
      const hole =
        cited === undefined
          ? `${path} does not exist`
          : `${path} has no comment that cites §${section} of ${name}`;
      idsByHole.set(hole, [...(idsByHole.get(hole) ?? []), id]);
    }
  }
  return [...idsByHole].map(([hole, ids]) => `${ids.join(", ")}: ${hole}`);
}

function isNear(a: string, b: string): boolean {
  return a === b || parentOf(a) === b || a === parentOf(b);
}

/** 5.5.2 → 5.5, and a chapter's is nothing. */
function parentOf(section: string): string {
  return section.slice(0, Math.max(section.lastIndexOf("."), 0));
}
