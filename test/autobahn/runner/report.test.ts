import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Case } from "../../../autobahn/runner/case.ts";
import { selectCases } from "../../../autobahn/runner/cases/index.ts";
import { Play } from "../../../autobahn/runner/play.ts";
import { fileName, writeReport } from "../../../autobahn/runner/report.ts";
import { casePage, indexPage } from "../../../autobahn/runner/report-html.ts";
import type { CaseResult } from "../../../autobahn/runner/result.ts";
import { hasFailed, summary, table } from "../../../autobahn/runner/summary.ts";
import { IdealPeer } from "./ideal-peer.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "report-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

async function played(id: string, agent = "A <b>"): Promise<CaseResult> {
  const [testCase] = selectCases([id]) as [Case];
  const part = new Play({ testCase, index: 1, agent, role: "client" });
  part.opened(new IdealPeer("server").socket, undefined, new Uint8Array(0));
  return part.result;
}

async function unopened(id: string): Promise<CaseResult> {
  const [testCase] = selectCases([id]) as [Case];
  const part = new Play({ testCase, index: 1, agent: "A <b>", role: "client" });
  part.failed("opening handshake timeout", true);
  return part.result;
}

describe("a report", () => {
  it("is a folder with the names and shapes of the suite's", async () => {
    await writeReport(folder, [await played("1.1.2"), await played("2.6"), await played("1.1.2", "c")]);
    expect(readdirSync(folder).sort()).toEqual([
      "a__b_case_1_1_2.html",
      "a__b_case_1_1_2.json",
      "a__b_case_2_6.html",
      "a__b_case_2_6.json",
      "c_case_1_1_2.html",
      "c_case_1_1_2.json",
      "index.html",
      "index.json",
    ]);
    const index = JSON.parse(readFileSync(join(folder, "index.json"), "utf8"));
    expect(Object.keys(index)).toEqual(["A <b>", "c"]);
    expect(index["A <b>"]["1.1.2"]).toEqual({
      behavior: "OK",
      behaviorClose: "OK",
      duration: expect.any(Number),
      remoteCloseCode: 1000,
      reportfile: "a__b_case_1_1_2.json",
    });
  });

  it("says of a case everything that the suite says, in the order of its keys", async () => {
    await writeReport(folder, [await played("1.1.2", "c")]);
    const text = readFileSync(join(folder, "c_case_1_1_2.json"), "utf8");
    const report = JSON.parse(text);
    expect(Object.keys(report)).toEqual(
      [
        "agent behavior behaviorClose case closedByMe createStats createWirelog description droppedByMe duration",
        "expectation expected expectedClose failedByMe httpRequest httpResponse id isServer localCloseCode",
        "localCloseReason received remoteCloseCode remoteCloseReason reportCompressionRatio reportTime result",
        "resultClose rxFrameStats rxOctetStats started trafficStats txFrameStats txOctetStats wasClean",
        "wasCloseHandshakeTimeout wasNotCleanReason wasOpenHandshakeTimeout wasServerConnectionDropTimeout wirelog",
      ].flatMap((line) => line.split(" ")),
    );
    expect(report).toMatchObject({
      expected: { OK: [["message", `${"*".repeat(64)} ...`, false]] },
      received: [["message", `${"*".repeat(64)} ...`, false]],
      expectedClose: { closedByMe: true, closeCode: [1000], requireClean: true },
      wirelog: expect.arrayContaining([["KL", 1]]),
    });
    expect(text.split("\n")[1]).toMatch(/^ {3}"agent": "c",$/);
  });

  it("names its files by what is plain in an agent's name", () => {
    expect(fileName({ agent: "  Bun/1.4 (Linux) ", id: "13.7.18" }, "json")).toBe(
      "bun_1_4__linux_case_13_7_18.json",
    );
  });
});

describe("the pages", () => {
  it("show every case of every agent, and what is missing", async () => {
    const results = [
      await played("1.1.2"),
      await played("2.6"),
      await unopened("7.1.6"),
      await played("2.6", "c"),
    ];
    const page = indexPage(results, (result) => `to_${result.id}`);
    expect(page).toContain('id="case_7.1.6"');
    expect(page).toContain("A &lt;b&gt;");
    expect(page).not.toContain("<b>");
    expect(page.split('class="verdict missing"')).toHaveLength(3);
    expect(page).toContain('href="to_2.6"');
    expect(page).not.toMatch(/<script|src=|https?:/);
  });

  it("show how a connection was closed, if that was wrong, and how long it took, if that counts", async () => {
    const result = await played("9.7.1");
    const shown = (more: Partial<CaseResult>) => indexPage([{ ...result, ...more }], () => "");
    expect(shown({})).toContain(" ms</small>");
    expect(shown({ behaviorClose: "UNCLEAN" })).toContain('<small class="badge">Unclean</small>');
    expect(shown({ behaviorClose: "WRONG CODE" })).toContain(">Wrong code<");
    expect(shown({ behaviorClose: "FAILED BY CLIENT" })).toContain(">TCP kept open<");
    expect(shown({ behaviorClose: "FAILED", remoteCloseCode: null })).toContain(">Fail<");
    expect(shown({ remoteCloseCode: null })).toContain("<small>None</small>");
    expect(shown({ id: "101.1.1", isServer: true })).toContain("Beyond the suite");
    expect(indexPage([], () => "")).toContain("0 cases");
  });

  it("show what a measured case has carried", async () => {
    const level = {
      OctetsWireLevel: 30,
      OctetsWebSocketLevel: 25,
      OctetsAppLevel: 100,
      CompressionRatio: 0.25,
      WebSocketOverhead: 0.2,
      WebSocketFrames: 1,
      WebSocketMessages: 1,
    };
    const result = await played("9.7.1");
    const trafficStats = { outgoing: level, incoming: { ...level, CompressionRatio: null } };
    const page = casePage({
      ...result,
      trafficStats,
      isServer: true,
      failedByMe: true,
      rxFrameStats: { 11: 2 },
    });
    expect(page).toContain("100 octets of messages, 25 of payload (25.0 %)");
    expect(page).toContain("2 opcode 11");
    expect(page).toContain("the judge is the server");
    expect(page).toContain("the judge failed the connection");
  });

  it("show a case with all that went over the wire, pieces in one line", async () => {
    const page = casePage(await played("5.8"));
    expect(page).toContain("<b>Ping</b>, 12");
    expect(page).toContain("<b>text</b>, FIN = 0, 9");
    expect(page.split("octets</td>").length).toBeLessThan(12);
    expect(page).toContain("the judge closed first; a Close came");
  });

  it("show timers, reserved bits and opcodes, and what has no log", async () => {
    expect(casePage(await played("3.4"))).toContain("RSV = 4");
    expect(casePage(await played("4.2.1"))).toContain("opcode 11");
    expect(casePage(await played("12.1.1"))).toContain("1 Close");
    expect(casePage(await unopened("1.1.1"))).toContain("opening handshake timeout");
    const result = await played("1.1.1");
    const kinds = [
      ["CT", 1, "A"],
      ["CTE", "A"],
      ["CTE", null],
      ["KLE"],
      ["TI", 2],
      ["TIE"],
      ["WLM", false],
    ] as const;
    const page = casePage({ ...result, wirelog: kinds, requirements: ["RFC6455-5.2-01"] });
    for (const text of [
      "goes on after 1 s (A)",
      "goes on (A)",
      "closes after 2 s",
      "WLM",
      "RFC6455-5.2-01",
    ]) {
      expect(page).toContain(text);
    }
  });
});

describe("results in short", () => {
  const failed = async (): Promise<CaseResult[]> => [
    await played("1.1.2"),
    await unopened("1.1.1"),
    { ...(await played("7.1.6")), id: "7.1.6" },
    { ...(await played("2.6")), behaviorClose: "UNCLEAN" },
    { ...(await played("3.2")), behavior: "NON-STRICT" },
  ];

  it("are counted", async () => {
    const { total, behavior, behaviorClose, failed: which } = summary(await failed());
    expect({ total, behavior, behaviorClose }).toEqual({
      total: 5,
      behavior: { OK: 2, FAILED: 1, INFORMATIONAL: 1, "NON-STRICT": 1 },
      behaviorClose: { OK: 2, FAILED: 1, INFORMATIONAL: 1, UNCLEAN: 1 },
    });
    expect(which.map(({ id }) => id)).toEqual(["1.1.1", "2.6"]);
    expect(which.every(hasFailed)).toBe(true);
  });

  it("are a table, with the reasons behind it", async () => {
    const lines = table(await failed()).split("\n");
    expect(lines[0]).toMatch(
      /^category +cases +OK +NON-STRICT +INFORMATIONAL +UNIMPLEMENTED +FAILED +closed badly$/,
    );
    expect(lines[1]).toMatch(/^1 +2 +1 +· +· +· +1 +1$/);
    expect(lines).toContainEqual(expect.stringMatching(/^all +5 +2 +1 +1 +· +1 +2$/));
    expect(lines.at(-2)).toMatch(/^1\.1\.1 +FAILED, close FAILED: .* \(opening handshake timeout\)$/);
    expect(lines.at(-1)).toMatch(/^2\.6 +OK, close UNCLEAN: /);
    expect(table([await played("1.1.2")]).split("\n")).toHaveLength(3);
  });
});
