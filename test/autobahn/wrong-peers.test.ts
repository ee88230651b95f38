import { beforeAll, describe, expect, it } from "vitest";
import type { CaseResult } from "../../autobahn/runner/index.ts";
import { runAgainst, serveCases } from "../../autobahn/runner/index.ts";
import { EchoPeer, type PeerClass, playClient, type Role, startServer } from "./wrong-peers/echo-peer.ts";
import * as faults from "./wrong-peers/faults.ts";

/** "behavior/behaviorClose", and the cases that get it. */
type Verdicts = Readonly<Record<string, string>>;

interface WrongPeer {
  readonly title: string;
  readonly Peer: PeerClass;
  /** What a server with this fault gets, and what a client; or both the same. */
  readonly both?: Verdicts;
  readonly server?: Verdicts;
  readonly client?: Verdicts;
}

/**
 * What the judge says of each fault. Up to 13.* these are the verdicts of the real suite; where they seem mild, the
 * suite is: it does not mind, for instance, if a Ping with a text in it is answered with that text instead of a Pong.
 */
const WRONG_PEERS: readonly WrongPeer[] = [
  // The opening handshake
  {
    title: "proves nothing in its response",
    Peer: faults.ProvesNothing,
    server: { "FAILED/FAILED": "1.1.2 2.1 7.1.1 102.17 107.9" },
  },
  {
    title: "believes any request",
    Peer: faults.BelievesAnyRequest,
    server: { "FAILED/FAILED": "101.1 101.2 101.6 101.8 101.11 101.14 101.22 101.23 101.25" },
  },
  {
    title: "believes any response",
    Peer: faults.BelievesAnyResponse,
    client: {
      "FAILED/FAILED": "103.7 103.8 103.10 103.13 103.15 103.16 103.20 103.22 111.1 111.5",
      "FAILED/OK": "103.1",
    },
  },
  // What is not refused
  {
    title: "ignores reserved bits",
    Peer: faults.IgnoresRsv,
    both: {
      "FAILED/FAILED": "3.1 3.2 3.3 3.5 3.6 113.11 113.17",
      // A Close all the same: it is answered, and that is all that is looked at.
      "OK/OK": "3.7",
    },
  },
  {
    title: "ignores masks",
    Peer: faults.IgnoresMasks,
    both: { "FAILED/FAILED": "105.1 105.3 105.5 105.9 105.10 105.11" },
  },
  {
    title: "ignores reserved opcodes",
    Peer: faults.IgnoresReservedOpcodes,
    both: { "OK/FAILED": "4.1.1 4.1.2 4.2.1 4.2.2", "FAILED/FAILED": "4.1.3 4.2.3 107.13" },
  },
  {
    title: "accepts long control frames",
    Peer: faults.AcceptsLongControls,
    both: { "FAILED/FAILED": "2.5 106.12 106.16", "FAILED/WRONG CODE": "7.3.6" },
  },
  {
    title: "accepts fragmented control frames",
    Peer: faults.AcceptsFragmentedControls,
    both: { "FAILED/OK": "5.1", "FAILED/FAILED": "107.10 107.11" },
  },
  {
    title: "accepts a new message inside another",
    Peer: faults.AcceptsNewMessageInsideAnother,
    both: { "FAILED/FAILED": "5.18 113.10" },
  },
  {
    title: "accepts continuations of nothing",
    Peer: faults.AcceptsLoneContinuations,
    both: { "FAILED/FAILED": "5.9 5.10 5.12 5.13 5.15 5.16" },
  },
  {
    title: "accepts text that is not UTF-8",
    Peer: faults.AcceptsInvalidUtf8,
    both: {
      "FAILED/FAILED": "6.3.1 6.3.2 6.6.1 6.8.1 6.10.1 6.12.1 113.27 113.28",
      "FAILED/WRONG CODE": "7.5.1",
      "NON-STRICT/OK": "109.47 109.48",
    },
  },
  {
    title: "looks at text only once all of it is there",
    Peer: faults.ValidatesLate,
    both: { "NON-STRICT/OK": "6.4.1 6.4.2 6.4.3 6.4.4", "OK/OK": "6.3.1 6.6.1" },
  },
  {
    title: "accepts any close code",
    Peer: faults.AcceptsAnyCloseCode,
    both: { "FAILED/WRONG CODE": "7.9.1 7.9.2 7.9.3 7.9.4 7.9.5 7.9.6 7.9.9" },
    server: { "FAILED/FAILED BY CLIENT": "109.18 109.26 109.27 109.28 109.29 109.30" },
    client: { "FAILED/OK": "109.18 109.26 109.27 109.28 109.29 109.30" },
  },
  {
    title: "accepts a Close of one octet",
    Peer: faults.AcceptsCloseOfOneOctet,
    both: { "FAILED/WRONG CODE": "7.3.2" },
  },
  {
    title: "has no limit",
    Peer: faults.HasNoLimit,
    both: { "NON-STRICT/INFORMATIONAL": "116.1" },
  },
  // What is answered wrongly
  {
    title: "echoes twice",
    Peer: faults.EchoesTwice,
    both: { "FAILED/OK": "1.1.2 1.2.3 5.3 6.2.1 112.1" },
  },
  {
    title: "echoes nothing",
    Peer: faults.EchoesNothing,
    both: {
      "FAILED/WRONG CODE": "1.1.1 1.1.2 1.2.2 6.5.1",
      "NON-STRICT/OK": "3.2 4.1.3 5.15 113.20",
      "FAILED/OK": "5.3 6.2.1",
    },
  },
  {
    title: "answers text with binary messages",
    Peer: faults.AnswersTextWithBinary,
    both: { "FAILED/WRONG CODE": "1.1.1 1.1.2 6.5.1", "FAILED/OK": "5.3 6.2.1", "OK/OK": "1.2.2" },
  },
  {
    title: "drops empty messages",
    Peer: faults.DropsEmptyMessages,
    both: { "FAILED/WRONG CODE": "1.1.1 1.2.1", "OK/OK": "1.1.2" },
  },
  {
    title: "truncates messages at 65535 octets",
    Peer: faults.TruncatesAt65535,
    both: { "FAILED/WRONG CODE": "106.4 106.5", "OK/OK": "1.1.6 106.3" },
  },
  {
    title: "reorders fragments",
    Peer: faults.ReordersFragments,
    both: { "FAILED/OK": "5.3 5.4 5.8", "FAILED/FAILED": "6.2.3", "OK/OK": "1.1.2" },
  },
  {
    title: "swallows Pings",
    Peer: faults.SwallowsPings,
    both: {
      "FAILED/OK": "2.1 2.2 2.10 5.6",
      "OK/OK": "2.7",
      "NON-STRICT/OK": "108.1",
      "FAILED/WRONG CODE": "107.4 107.6",
    },
  },
  {
    title: "answers Pings with other data",
    Peer: faults.PongsOtherData,
    both: { "FAILED/OK": "2.2 2.3 2.4 2.6 5.6 107.1", "FAILED/WRONG CODE": "107.4 107.6 107.8" },
  },
  {
    title: "answers Pongs",
    Peer: faults.PongsPongs,
    both: { "FAILED/OK": "2.7 2.8 2.9", "FAILED/WRONG CODE": "107.9" },
  },
  {
    title: "answers Pings with messages",
    Peer: faults.EchoesPingsAsMessages,
    both: { "FAILED/OK": "2.1 2.2 5.6", "FAILED/WRONG CODE": "2.3 2.4 2.6" },
  },
  {
    title: "answers late",
    Peer: faults.AnswersLate,
    both: { "FAILED/WRONG CODE": "1.1.2 1.2.2 6.5.1", "FAILED/OK": "5.3", "OK/OK": "2.2" },
  },
  // What is closed wrongly
  {
    title: "fails with the code 1000",
    Peer: faults.FailsWithNormalCode,
    both: {
      "OK/WRONG CODE": "2.5 3.1 4.1.1 5.1 5.9 6.3.1",
      "FAILED/WRONG CODE": "7.3.2 7.5.1 7.9.1",
      "NON-STRICT/OK": "105.1 106.9 109.18",
    },
  },
  {
    title: "answers a Close with the code 1002",
    Peer: faults.AnswersCloseWith1002,
    both: { "OK/WRONG CODE": "1.1.2 2.1 5.3", "FAILED/WRONG CODE": "7.1.1 7.3.1 7.7.1 7.7.13" },
  },
  {
    title: "sends the close code 1005",
    Peer: faults.Sends1005,
    both: { "OK/UNCLEAN": "1.1.2 2.1 5.3 7.1.1 7.7.1" },
  },
  {
    title: "sends the close code 1006",
    Peer: faults.Sends1006,
    both: { "OK/UNCLEAN": "1.1.2 2.1 5.3 7.1.1 7.7.1" },
  },
  {
    title: "never answers a Close",
    Peer: faults.NeverAnswersClose,
    both: { "OK/UNCLEAN": "1.1.2 2.1 7.1.1 7.1.2 7.7.1", "FAILED/UNCLEAN": "7.1.4" },
  },
  {
    title: "never ends TCP",
    Peer: faults.NeverEndsTcp,
    server: { "OK/FAILED BY CLIENT": "1.1.2 3.1 7.1.1", "OK/UNCLEAN": "2.1 5.3" },
  },
  {
    title: "ends TCP instead of answering a Close",
    Peer: faults.EndsTcpInsteadOfAnswering,
    both: { "OK/UNCLEAN": "1.1.2 2.1 7.1.1 7.7.1" },
  },
  {
    title: "speaks after its Close",
    Peer: faults.SpeaksAfterClose,
    server: { "FAILED/OK": "1.1.2 2.1 7.1.1 7.7.1 108.8" },
  },
  // What is sent wrongly
  {
    title: "masks as a server, and does not as a client",
    Peer: faults.MasksTheWrongWay,
    both: { "FAILED/UNCLEAN": "1.1.1 1.1.2 5.3", "OK/UNCLEAN": "2.1 7.1.2", "OK/FAILED": "3.1" },
  },
  {
    title: "masks with the same key all the time",
    Peer: faults.AlwaysTheSameKey,
    client: { "FAILED/OK": "105.17", "OK/OK": "1.1.2" },
  },
  {
    title: "sends lengths in a longer form",
    Peer: faults.SendsLongLengths,
    both: { "FAILED/UNCLEAN": "1.1.1 1.1.2 5.3", "OK/UNCLEAN": "2.1 7.1.2", "OK/FAILED": "3.1" },
  },
  {
    title: "sends reserved bits",
    Peer: faults.SendsReservedBits,
    both: { "FAILED/WRONG CODE": "1.1.1 1.1.2 1.2.2", "OK/OK": "2.2" },
  },
  // Compression
  {
    title: "compresses with a larger window than was agreed on",
    Peer: faults.ExceedsTheWindow,
    both: { "FAILED/OK": "114.2 114.3 114.4 114.9", "FAILED/WRONG CODE": "114.11 114.13" },
  },
  {
    title: "keeps its context when it must not",
    Peer: faults.KeepsItsContext,
    both: { "FAILED/WRONG CODE": "114.15 114.16 114.18", "OK/OK": "114.9" },
  },
  {
    title: "forgets the other one's context",
    Peer: faults.ForgetsTheirContext,
    both: { "FAILED/FAILED": "115.1 115.2 115.5 115.8" },
  },
  {
    title: "sets RSV1 on every fragment",
    Peer: faults.MarksEveryFragment,
    both: { "FAILED/WRONG CODE": "112.1 112.15", "OK/OK": "1.1.2 113.1" },
  },
  {
    title: "compresses Pongs",
    Peer: faults.CompressesPongs,
    both: { "FAILED/UNCLEAN": "112.23", "FAILED/WRONG CODE": "112.25 115.5", "OK/OK": "2.1" },
  },
  {
    title: "sends the four octets that end a compressed message",
    Peer: faults.KeepsTheTail,
    both: { "FAILED/OK": "114.2 114.9" },
  },
];

const ROLES: readonly Role[] = ["server", "client"];

function verdictsOf(wrong: WrongPeer, role: Role): Verdicts {
  const own = { ...wrong.both };
  for (const [verdict, ids] of Object.entries(wrong[role] ?? {}))
    own[verdict] = [own[verdict], ids].join(" ").trim();
  return own;
}

function casesOf(verdicts: Verdicts): string[] {
  return Object.values(verdicts).flatMap((ids) => ids.split(" "));
}

async function judge(Peer: PeerClass, role: Role, cases: readonly string[]): Promise<CaseResult[]> {
  if (cases.length === 0) return [];
  if (role === "server") {
    const server = await startServer(Peer);
    try {
      return await runAgainst(server.url, { cases, agent: "peer", concurrency: 200 });
    } finally {
      server.close();
    }
  }
  const judge = await serveCases({ cases });
  try {
    const plays = Array.from({ length: judge.count }, (_, at) => `/runCase?case=${at + 1}&agent=peer`);
    await Promise.all(plays.map((path) => playClient(Peer, judge.port, path)));
    return judge.results("peer");
  } finally {
    await judge.close();
  }
}

function table(results: readonly CaseResult[]): Record<string, string> {
  return Object.fromEntries(
    results.map(({ id, behavior, behaviorClose }) => [id, `${behavior}/${behaviorClose}`]),
  );
}

const BOMBS = "116.";

/** All at the same time, since most of them wait for most of the time; but not what keeps the processor busy. */
const swift = (cases: readonly string[]): string[] => cases.filter((id) => !id.startsWith(BOMBS));
const heavy = (cases: readonly string[]): string[] => cases.filter((id) => id.startsWith(BOMBS));

interface Judged {
  readonly peer: Pick<WrongPeer, "title" | "Peer">;
  readonly role: Role;
  readonly expected: Readonly<Record<string, string>>;
  actual: Readonly<Record<string, string>>;
}

/** The good peer, in all cases that find something wrong with another. */
function good(role: Role): Judged {
  const cases = WRONG_PEERS.flatMap((wrong) => casesOf(verdictsOf(wrong, role)));
  // It looks at text frame by frame, not octet by octet; and about bombs the judge has no opinion as to the close.
  const verdict = (id: string): string =>
    ["6.4.3", "6.4.4"].includes(id) ? "NON-STRICT/OK" : id.startsWith(BOMBS) ? "OK/INFORMATIONAL" : "OK/OK";
  const expected = Object.fromEntries(cases.map((id) => [id, verdict(id)]));
  return { peer: { title: "does nothing wrong", Peer: EchoPeer }, role, expected, actual: {} };
}

function wrong(peer: WrongPeer, role: Role): Judged {
  const verdicts = Object.entries(verdictsOf(peer, role));
  const expected = Object.fromEntries(
    verdicts.flatMap(([verdict, ids]) => ids.split(" ").map((id) => [id, verdict])),
  );
  return { peer, role, expected, actual: {} };
}

const ALL: readonly Judged[] = ROLES.flatMap((role) => [
  good(role),
  ...WRONG_PEERS.map((peer) => wrong(peer, role)),
]);

describe("the judge", () => {
  beforeAll(async () => {
    await Promise.all(
      ALL.map(async (judged) => {
        const { peer, role, expected } = judged;
        judged.actual = table(await judge(peer.Peer, role, swift(Object.keys(expected))));
      }),
    );
    for (const judged of ALL) {
      const { peer, role, expected } = judged;
      const results = await judge(peer.Peer, role, heavy(Object.keys(expected)));
      judged.actual = { ...judged.actual, ...table(results) };
    }
  }, 30_000);

  it("knows at least 25 faults", () => {
    expect(new Set(WRONG_PEERS.map(({ Peer }) => Peer)).size).toBeGreaterThanOrEqual(25);
  });

  describe.each(ROLES)("of a %s", (role) => {
    const those = ALL.filter((judged) => judged.role === role && Object.keys(judged.expected).length > 0);
    it.each(those)(
      "finds the one that $peer.title",
      { timeout: 30_000 },
      async ({ peer, expected, actual }) => {
        // On a busy machine a second may be too short for a good answer: what differs is played again, and alone.
        const doubtful = Object.keys(expected).filter((id) => actual[id] !== expected[id]);
        const again = table(await judge(peer.Peer, role, doubtful));
        expect({ ...actual, ...again }).toEqual(expected);
      },
    );
  });
});
