/** `npm run requirements`: is every statement of the documents answered? Writes docs/requirements.md. */

import { mkdirSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { holesOf, isStale } from "../test/requirements/holes.ts";
import { figuresOf, pageOf, STRENGTHS } from "../test/requirements/page.ts";
import { PAGE, type Project, readProject } from "../test/requirements/project.ts";

const HELP = `Checks that each normative statement has code and tests, and writes docs/requirements.md.

  npm run requirements              check, and write the page
  npm run requirements -- --check   check, and write nothing: a page that is stale is a hole
  npm run requirements -- --help    this text

The statements are the rows in test/requirements/*.json; a test carries the ids of those it proves in its title.

Exit code: 0 when nothing is missing, 1 when there are holes, each with a line of its own, 2 when this command was
misused.
`;

const OPTIONS = { check: { type: "boolean" }, help: { type: "boolean", short: "h" } } as const;

export interface Verdict {
  exitCode: 0 | 1 | 2;
  stdout: string;
  stderr: string;
}

/** What the command answers to `args`. `write` is given the page. */
export function requirements(
  args: readonly string[],
  read: () => Project,
  write: (page: string) => void,
): Verdict {
  let values: { check?: boolean; help?: boolean };
  try {
    ({ values } = parseArgs({ args: [...args], options: OPTIONS }));
  } catch (error) {
    const { message } = error as Error;
    return {
      exitCode: 2,
      stdout: "",
      stderr: `requirements: ${message}\nTry: npm run requirements -- --help\n`,
    };
  }
  if (values.help) return { exitCode: 0, stdout: HELP, stderr: "" };
  const project = read();
  const holes = holesOf(project);
  if (!values.check) write(pageOf(project));
  else if (isStale(project)) holes.push("docs/requirements.md is stale: npm run requirements writes it anew");
  return {
    exitCode: holes.length === 0 ? 0 : 1,
    stdout: summaryOf(project, holes.length),
    stderr: holes.map((hole) => `${hole}\n`).join(""),
  };
}

function summaryOf({ documents, proofs }: Project, holes: number): string {
  const lines = STRENGTHS.map((strength) => {
    const { counted, proven, decided, exempt } = figuresOf(documents, proofs, strength);
    const rest = decided === 0 ? "" : `, ${decided} decided without a test`;
    return `${strength.padEnd(6)} ${proven} of ${counted} proven by tests${rest}, ${exempt} exempt`;
  });
  return `${lines.join("\n")}\n${holes === 0 ? "nothing is missing" : `${holes} holes`}\n`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const { exitCode, stdout, stderr } = requirements(process.argv.slice(2), readProject, (page) => {
    mkdirSync(new URL(".", PAGE), { recursive: true });
    writeFileSync(PAGE, page);
  });
  process.stdout.write(stdout);
  process.stderr.write(stderr);
  process.exitCode = exitCode;
}
