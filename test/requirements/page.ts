/** docs/requirements.md: § → code → tests, for people. */

import { type Document, type Requirement, type Strength, sectionOf, strengthOf } from "./documents.ts";
import type { Project } from "./project.ts";

export interface Figures {
  /** Statements that count: not exempt. */
  readonly counted: number;
  /** Those of them that a test proves. */
  readonly proven: number;
  /** Those that no test proves, with the word that says what was chosen. */
  readonly decided: number;
  readonly exempt: number;
}

/** How the statements of one strength stand, of these documents. */
export function figuresOf(
  documents: readonly Document[],
  proofs: Project["proofs"],
  strength: Strength,
): Figures {
  const rows = documents
    .filter(({ pending }) => pending === undefined)
    .flatMap(({ requirements }) => requirements)
    .filter(({ level }) => strengthOf(level) === strength);
  const counted = rows.filter(({ exempt }) => exempt === undefined);
  const unproven = counted.filter(({ id }) => !proofs.has(id));
  return {
    counted: counted.length,
    proven: counted.length - unproven.length,
    decided: unproven.filter(({ decision }) => decision !== undefined).length,
    exempt: rows.length - counted.length,
  };
}

export const STRENGTHS: readonly Strength[] = ["MUST", "SHOULD", "MAY"];

/** Each strength with the levels that are counted under it. */
const LEVELS_OF: Record<Strength, string> = {
  MUST: "MUST, MUST NOT",
  SHOULD: "SHOULD, SHOULD NOT, RECOMMENDED",
  MAY: "MAY, OPTIONAL",
};

const INTRODUCTION = `# What the documents ask, and where it is answered

Made by \`npm run requirements\` from the rows in [test/requirements](../test/requirements) and the titles of the
tests; \`npm test\` fails when it is stale. Each statement is in our own words and has an id: document, section, number.
A test carries the ids of what it proves in its title, so an id finds it: \`grep -r RFC6455-5.5.2-02 test\`. A file that
implements a statement has a comment that cites its section. *Decision* says what was chosen where a document leaves
freedom; *exempt* says why nothing in this repository does what is asked.

How many of the statements that count are proven by tests; those that are not have a decision instead:
`;

export function pageOf({ documents, proofs }: Project): string {
  const stated = documents.filter(({ requirements }) => requirements.length > 0);
  const counted = stated.filter(({ pending }) => pending === undefined);
  return [
    INTRODUCTION,
    `| | ${STRENGTHS.map((strength) => LEVELS_OF[strength]).join(" | ")} | exempt |`,
    "|---|---|---|---|---|",
    ...counted.map((document) => figuresRow(`${document.name}: ${document.title}`, [document], proofs)),
    figuresRow("**together**", counted, proofs),
    ...stated.flatMap((document) => documentLines(document, proofs)),
    "",
  ].join("\n");
}

function figuresRow(name: string, documents: readonly Document[], proofs: Project["proofs"]): string {
  const figures = STRENGTHS.map((strength) => figuresOf(documents, proofs, strength));
  const shares = figures.map(({ proven, counted }) => (counted === 0 ? "–" : `${proven} of ${counted}`));
  const exempt = figures.reduce((sum, one) => sum + one.exempt, 0);
  return `| ${[name, ...shares, exempt].join(" | ")} |`;
}

function documentLines(
  { name, title, pending, sections, requirements }: Document,
  proofs: Project["proofs"],
) {
  const lines = ["", `## ${name}: ${title}`, ""];
  if (pending !== undefined) lines.push(`Not implemented: ${pending}`, "");
  const head = pending === undefined ? ["| id | statement | code | tests |", "|---|---|---|---|"] : [];
  let section = "";
  for (const row of requirements) {
    if (sectionOf(row.id) !== section) {
      section = sectionOf(row.id);
      lines.push(...(lines.at(-1) === "" ? [] : [""]), `### §${section} ${sections[section]}`, "", ...head);
    }
    lines.push(
      pending === undefined ? statementRow(row, proofs) : `- **${row.level}** ${row.statement} (${row.id})`,
    );
  }
  return lines;
}

function statementRow(row: Requirement, proofs: Project["proofs"]): string {
  const { id, level, role, statement, decision, exempt } = row;
  const notes = [
    `**${level}**${role === "both" ? "" : ` (${role})`}: ${statement}.`,
    ...(decision === undefined ? [] : [`*Decision:* ${decision}.`]),
    ...(exempt === undefined ? [] : [`*Exempt:* ${exempt}.`]),
  ];
  return `| ${cell(id)} | ${cell(notes.join("<br>"))} | ${links(row.in)} | ${links(proofs.get(id))} |`;
}

function links(paths: readonly string[] | undefined): string {
  return (paths ?? []).map((path) => `[${shorten(path)}](../${path})`).join("<br>");
}

/** src/protocol/frame.ts → protocol/frame */
function shorten(path: string): string {
  return path.slice(path.indexOf("/") + 1).replace(/(\.(test|suite))?\.ts$/, "");
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}
