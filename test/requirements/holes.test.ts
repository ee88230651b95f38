import { describe, expect, it } from "vitest";
import type { Document, Requirement } from "./documents.ts";
import { holesOf, isStale } from "./holes.ts";
import { figuresOf, pageOf } from "./page.ts";
import type { Project } from "./project.ts";

const ID = "RFC6455-5.5.2-02";
const UNKNOWN = `RFC6455-5.5.2-${99}`;
const FILE = "src/protocol/connection.ts";
const TEST = "test/protocol/connection.test.ts";

const row: Requirement = {
  id: ID,
  level: "MUST",
  role: "both",
  testable: "yes",
  statement: "Answer Ping with Pong | at once",
  in: [FILE],
};

/** A project of one document with these rows, in which everything is as it should be. */
function project(rows: readonly Partial<Requirement>[] = [{}], change: Partial<Project> = {}): Project {
  const document: Document = {
    id: "RFC6455",
    name: "RFC 6455",
    title: "The WebSocket Protocol",
    sections: { "5": "Data Framing", "5.5": "Control Frames", "5.5.2": "Ping" },
    requirements: rows.map((changes) => ({ ...row, ...changes })),
  };
  return {
    documents: [document],
    citations: new Map([[FILE, [{ document: "RFC 6455", section: "5.5.2", line: 1 }]]]),
    proofs: new Map([[ID, [TEST]]]),
    skipped: [],
    named: new Map([[TEST, [ID]]]),
    page: "",
    ...change,
  };
}

const unproven = { proofs: new Map(), named: new Map() };
const citing = (document: string, section: string): Partial<Project> => ({
  citations: new Map([[FILE, [{ document, section, line: 7 }]]]),
});
const without = ({ in: _files, ...rest }: Requirement): Requirement => rest;

describe("a hole", () => {
  it("is none where a statement has code that cites it and a test that names it", () => {
    expect(holesOf(project())).toEqual([]);
    expect(holesOf(project([{}], citing("RFC 6455", "5.5")))).toEqual([]);
  });

  it.each<[what: string, project: Project, hole: string]>([
    ["a MUST without a test", project([{}], unproven), "no test proves it, and no exemption says why"],
    [
      "a SHOULD without a test",
      project([{ level: "SHOULD" }], unproven),
      "no test proves it, and no decision says why",
    ],
    ["a MAY without a decision", project([{ level: "MAY" }]), "no decision says what was made of it"],
    [
      "a statement without code",
      { ...project(), documents: [{ ...project().documents[0]!, requirements: [without(row)] }] },
      "no file implements it",
    ],
    ["a file that is not there", project([{ in: ["src/none.ts"] }]), "src/none.ts does not exist"],
    [
      "a file that does not cite",
      project([{}], citing("RFC 6455", "5")),
      `${FILE} has no comment that cites §5.5.2 of RFC 6455`,
    ],
    ["a level that is none", project([{ level: "SHALL" as "MUST" }]), "SHALL is no level"],
    ["an exemption that is answered", project([{ exempt: "no" }], unproven), "is exempt, and yet answered"],
    [
      "an exempt statement that is proven",
      project([{ exempt: "no" }]),
      `is exempt, and yet ${TEST} proves it`,
    ],
  ])("is %s", (_what, given, hole) => {
    expect(holesOf(given)).toContain(`${ID}: ${hole}`);
  });

  it("is a row that is there twice, in another document, or in no section", () => {
    expect(holesOf(project([{}, {}]))).toEqual([`${ID}: is there twice`]);
    const elsewhere = holesOf(
      project([{ id: "RFC7692-5-01" }], { proofs: new Map([["RFC7692-5-01", [TEST]]]) }),
    );
    expect(elsewhere).toContain("RFC7692-5-01: does not belong to RFC6455");
    expect(holesOf(project([{ id: "RFC6455-5.4-01" }]))).toContain(
      "RFC6455-5.4-01: there is no §5.4 in RFC 6455",
    );
  });

  it("is an id, or a section, that does not exist", () => {
    expect(holesOf(project([{}], { named: new Map([[TEST, [UNKNOWN, UNKNOWN]]]) }))).toEqual([
      `${TEST}: there is no ${UNKNOWN}`,
    ]);
    expect(holesOf(project([{}], citing("RFC 6455", "5.9")))).toContain(
      `${FILE}:7: there is no §5.9 in RFC 6455`,
    );
    expect(holesOf(project([{}], citing("RFC 9999", "1")))).toContain(
      `${FILE}:7: there is no §1 in RFC 9999`,
    );
  });

  it("is a test that is not run", () => {
    expect(holesOf(project([{}], { skipped: [`${TEST}: it.skip`] }))).toEqual([
      `${TEST}: it.skip: a test that is not run proves nothing`,
    ]);
  });

  it("is nothing in a document that is not implemented, but what is wrong with its rows", () => {
    const pending = (rows: readonly Partial<Requirement>[]): Project => {
      const given = project(rows, unproven);
      return { ...given, documents: [{ ...given.documents[0]!, pending: "Not yet." }] };
    };
    expect(holesOf(pending([{}]))).toEqual([]);
    expect(holesOf(pending([{}, {}]))).toEqual([`${ID}: is there twice`]);
  });
});

describe("the page", () => {
  it("is stale when it says anything else than it would now", () => {
    const given = project();
    expect(isStale(given)).toBe(true);
    expect(isStale({ ...given, page: pageOf(given) })).toBe(false);
  });

  it("links a statement to its code and its tests, and tells decisions and exemptions", () => {
    const rows = [{ decision: "used" }, { id: "RFC6455-5.5.2-03", exempt: "not ours" }];
    const page = pageOf(project(rows));
    expect(page).toContain("## RFC 6455: The WebSocket Protocol\n\n### §5.5.2 Ping\n\n| id | statement |");
    expect(page).toContain(
      `| ${ID} | **MUST**: Answer Ping with Pong \\| at once.<br>*Decision:* used. | [protocol/connection](../${FILE}) | [protocol/connection](../${TEST}) |`,
    );
    expect(page).toContain("*Exempt:* not ours.");
  });

  it("begins with the figures", () => {
    const rows = [
      {},
      { id: "RFC6455-5.5.2-03", level: "MUST NOT" },
      { id: "RFC6455-5.5.2-04", exempt: "no" },
    ] as const;
    const { documents, proofs } = project(rows);
    expect(figuresOf(documents, proofs, "MUST")).toEqual({ counted: 2, proven: 1, decided: 0, exempt: 1 });
    expect(pageOf(project(rows))).toContain("| RFC 6455: The WebSocket Protocol | 1 of 2 | – | – | 1 |\n");
  });
});
