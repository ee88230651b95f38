import { describe, expect, it } from "vitest";
import type { Case } from "../../../autobahn/runner/case.ts";
import { JUDGE_CLOSES } from "../../../autobahn/runner/cases/expectations.ts";
import { selectCases } from "../../../autobahn/runner/cases/index.ts";
import { playAgainst } from "../../../autobahn/runner/dial.ts";
import type { CaseResult } from "../../../autobahn/runner/result.ts";
import { EchoPeer, type PeerClass, startServer } from "../wrong-peers/echo-peer.ts";
import { AcceptsAnyCloseCode, EchoesTwice } from "../wrong-peers/faults.ts";

async function play(Peer: PeerClass, rounds: readonly string[]): Promise<CaseResult> {
  const testCase: Case = {
    id: "101.99",
    category: "Test",
    description: "Send many things.",
    expectation: "Many things.",
    close: JUDGE_CLOSES,
    rounds: () => selectCases(rounds),
    script: () => {},
  };
  const server = await startServer(Peer);
  try {
    return await playAgainst(new URL(server.url), { testCase, index: 1, agent: "peer" });
  } finally {
    server.close();
  }
}

describe("a case of many rounds", () => {
  it("is good if all of them are, and has a number, a description and an expectation of its own", async () => {
    const result = await play(EchoPeer, ["1.1.2", "109.1", "109.2", "7.13.1"]);
    expect(result).toMatchObject({
      id: "101.99",
      description: "Send many things.",
      expectation: "Many things.",
      behavior: "OK",
      behaviorClose: "OK",
      result: "3 OK, 1 INFORMATIONAL.",
    });
  });

  it("is as bad as the worst of them, and says why", async () => {
    expect(await play(AcceptsAnyCloseCode, ["109.1", "109.28", "109.18"])).toMatchObject({
      behavior: "FAILED",
      behaviorClose: "FAILED BY CLIENT",
      result: expect.stringMatching(/^2 FAILED, 1 OK\. One of the worst: "Send a Close with the code \d+\."/),
    });
  });

  it("prefers a wrong behavior to others", async () => {
    expect(await play(EchoesTwice, ["109.1", "1.1.2", "109.2"])).toMatchObject({ behavior: "FAILED" });
  });
});
