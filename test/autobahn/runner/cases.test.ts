import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, it, vi } from "vitest";
import type { Case, Event } from "../../../autobahn/runner/case.ts";
import { allCases, compareIds, matches, selectCases } from "../../../autobahn/runner/cases/index.ts";
import { accept, answer, offer } from "../../../autobahn/runner/extension.ts";
import { Play } from "../../../autobahn/runner/play.ts";
import type { CaseResult } from "../../../autobahn/runner/result.ts";
import type { Frame, Role } from "../../../autobahn/runner/wire.ts";
import { IdealPeer } from "./ideal-peer.ts";

/**
 * Of each case of the real suite, as it was read and recorded: a digest of its timers, of the events that it accepts
 * and of the close that it expects; and where the data are fixed, how many frames it sent, and a digest of them.
 */
const recorded: Readonly<Record<string, readonly [rules: string, count?: number, frames?: string]>> =
  JSON.parse(readFileSync(new URL("recorded.json", import.meta.url), "utf8"));

const suite = allCases.filter(({ id }) => Number(id.split(".")[0]) < 100);
const ROLES: readonly Role[] = ["client", "server"];

function digest(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex").slice(0, 16);
}

/** Plays a case against the ideal peer; time passes at once. */
async function play(testCase: Case, role: Role): Promise<{ result: CaseResult; peer: IdealPeer }> {
  const own = testCase.compression && answer(offer(testCase.compression), testCase.compression);
  const agreement = typeof own === "object" ? accept(own.value) : undefined;
  if (typeof agreement === "string") throw new Error(agreement);
  const peer = new IdealPeer(role === "client" ? "server" : "client", agreement);
  const part = new Play({ testCase, index: 1, agent: "ideal", role });
  part.opened(peer.socket, agreement, new Uint8Array(0));
  let result: CaseResult | undefined;
  void part.result.then((value) => {
    result = value;
  });
  while (result === undefined) {
    await new Promise<void>((resolve) => setImmediate(resolve));
    if (vi.isFakeTimers() && result === undefined) vi.advanceTimersByTime(100);
  }
  return { result, peer };
}

/** The cases that wait for a second on purpose. */
const PATIENT = suite.filter(({ id }) => id.startsWith("6.4.") || ["5.19", "5.20"].includes(id));

async function playPatiently(testCase: Case, role: Role): Promise<{ result: CaseResult; peer: IdealPeer }> {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  try {
    return await play(testCase, role);
  } finally {
    vi.useRealTimers();
  }
}

const SWIFT = suite.filter((testCase) => testCase.isMeasured !== true && !PATIENT.includes(testCase));
/** How much of an octet-wise sending goes out depends on when the peer fails the connection. */
const CUT_SHORT = ["3.4", "4.1.5", "4.2.5", "5.11", "5.14"];

/** The larger ones differ in nothing else, and take their time: of each kind of them one. */
const LARGEST = 1.5 * 1024 * 1024;
const LARGE = ["9.1.4", "9.3.3", "9.4.4", "9.7.6"];

function framesDigest(frames: readonly Frame[]): string {
  const hash = createHash("sha256");
  for (const { fin, rsv, opcode, payload } of frames) {
    const head = Buffer.alloc(9);
    head[0] = (fin ? 0x80 : 0) | (rsv << 4) | opcode;
    head.writeBigUInt64BE(BigInt(payload.length), 1);
    hash.update(head).update(payload);
  }
  return hash.digest("hex").slice(0, 16);
}

describe("all cases", () => {
  it("are the 517 of the suite, in its order, and each once", () => {
    expect(suite.map(({ id }) => id)).toEqual(Object.keys(recorded));
  });

  it("accept the same events, expect the same close, and have the same timers", () => {
    const shown = (event: Event): string => {
      if (event.type === "timeout") return `timeout ${event.tag}`;
      const kind = event.type === "pong" ? "pong" : `message ${event.binary ? "binary" : "text"}`;
      return `${kind} ${digest(event.payload)}`;
    };
    const rules: Record<string, string> = {};
    for (const testCase of suite) {
      const timers: string[] = [];
      const note = (kind: string) => (seconds: number) => void timers.push(`${kind} ${seconds}`);
      const nothing = (): void => {};
      const limit = note("TI");
      testCase.script({
        role: "client",
        frame: nothing,
        message: nothing,
        openFrame: () => nothing,
        octets: nothing,
        close: nothing,
        drop: nothing,
        killAfter: note("KL"),
        closeAfter: limit,
        limit,
        wait: (seconds, then) => {
          timers.push(`CT ${seconds}`);
          then();
        },
        verdict: nothing,
        deflate: () => ({ next: () => ({ done: false, value: new Uint8Array(0) }) }),
        expectLength: nothing,
        onEvent: undefined,
        onFrame: undefined,
      });
      const { expected = {}, close } = testCase;
      const lists = (["OK", "NON-STRICT"] as const).flatMap((behavior) => {
        const events = expected[behavior];
        return events === undefined ? [] : [`${behavior}=[${events.map(shown).join(", ")}]`];
      });
      const end =
        `${close.closedByMe ? "me" : "peer"} ${close.closeCode.join(",")}` +
        `${close.requireClean ? " clean" : ""}${close.closedByWrongEndpointIsFatal ? " fatal" : ""}`;
      rules[testCase.id] = digest(`${timers.sort().join("; ")} / ${lists.join(" ")} / ${end}`);
    }
    expect(rules).toEqual(Object.fromEntries(Object.entries(recorded).map(([id, [digest]]) => [id, digest])));
  });

  it("send the same frames as the suite does", { timeout: 60_000 }, async () => {
    const sent: Record<string, unknown> = {};
    const wanted: Record<string, unknown> = {};
    for (const testCase of suite) {
      const [, count, frames] = recorded[testCase.id]!;
      if (count === undefined || CUT_SHORT.includes(testCase.id)) continue;
      if ((testCase.weight ?? 0) > LARGEST && !LARGE.includes(testCase.id)) continue;
      // The recording is that of a peer that is not strict.
      if (testCase.id.startsWith("6.4.")) continue;
      const { peer } = await (PATIENT.includes(testCase) ? playPatiently : play)(testCase, "client");
      sent[testCase.id] = [peer.frames.length, framesDigest(peer.frames)];
      wanted[testCase.id] = [count, frames];
    }
    expect(Object.keys(sent)).toHaveLength(268);
    expect(sent).toEqual(wanted);
  });

  it.each(ROLES)("are passed by the ideal peer of a judge that is the %s", async (role) => {
    const verdicts: Record<string, string> = {};
    for (const testCase of SWIFT) {
      const { result } = await play(testCase, role);
      const wanted = testCase.isInformational ? "INFORMATIONAL" : "OK";
      if (result.behavior !== wanted || result.behaviorClose !== wanted) {
        verdicts[result.id] =
          `${result.behavior}, ${result.behaviorClose}: ${result.result} ${result.resultClose}`;
      }
    }
    expect(verdicts).toEqual({});
  });
});

describe("the cases that wait", () => {
  it.each(PATIENT.map(({ id }) => id))("%s is passed, too", async (id) => {
    const testCase = PATIENT.find((candidate) => candidate.id === id)!;
    // The ideal peer reads frames: it sees what comes in pieces of one frame only at the frame's end.
    const wanted = ["6.4.3", "6.4.4"].includes(id) ? "NON-STRICT" : "OK";
    const { result } = await playPatiently(testCase, "client");
    expect([result.behavior, result.behaviorClose]).toEqual([wanted, "OK"]);
  });
});

describe("the cases of categories 12 and 13", () => {
  it.each(ROLES)(
    "send 1000 compressed messages, with RSV1 on the first frame of each, as the %s",
    async (role) => {
      const [testCase] = selectCases(["12.4.11"]) as [Case];
      const { result, peer } = await play(testCase, role);
      expect([result.behavior, result.behaviorClose]).toEqual(["OK", "OK"]);
      const data = peer.frames.filter(({ opcode }) => opcode < 8);
      const first = data.filter(({ opcode }) => opcode !== 0);
      expect(first).toHaveLength(1000);
      expect(first.every(({ rsv, opcode }) => rsv === 4 && opcode === 1)).toBe(true);
      expect(data.every(({ rsv, opcode }) => opcode !== 0 || rsv === 0)).toBe(true);
      expect(data.every(({ fin, payload }) => (fin ? payload.length < 256 : payload.length === 256))).toBe(
        true,
      );
      expect(result.trafficStats).toMatchObject({
        outgoing: { WebSocketMessages: 1000 },
        incoming: { WebSocketMessages: 1000 },
      });
    },
  );

  it("ask for what the suite asks for", () => {
    const offers = new Map<string, string>();
    for (const { id, compression } of suite) {
      if (compression !== undefined) offers.set(id.split(".").slice(0, 2).join("."), offer(compression));
    }
    const base = "permessage-deflate; client_no_context_takeover; client_max_window_bits";
    expect(Object.fromEntries(offers)).toEqual({
      "12.1": base,
      "12.2": base,
      "12.3": base,
      "12.4": base,
      "12.5": base,
      "13.1": base,
      "13.2": `${base}; server_no_context_takeover`,
      "13.3": `${base}; server_max_window_bits=9`,
      "13.4": `${base}; server_max_window_bits=15`,
      "13.5": `${base}; server_no_context_takeover; server_max_window_bits=9`,
      "13.6": `${base}; server_no_context_takeover; server_max_window_bits=15`,
      "13.7": [
        `${base}; server_no_context_takeover; server_max_window_bits=9`,
        `${base}; server_no_context_takeover`,
        base,
      ].join(", "),
    });
  });

  it("are not implemented by a peer that agrees to no compression", async () => {
    const [testCase] = selectCases(["12.1.1"]) as [Case];
    const peer = new IdealPeer("server");
    const part = new Play({ testCase, index: 1, agent: "plain", role: "client" });
    part.opened(peer.socket, undefined, new Uint8Array(0));
    expect(await part.result).toMatchObject({ behavior: "UNIMPLEMENTED", behaviorClose: "OK" });
  });
});

describe("a pattern", () => {
  it.each([
    ["1.*", "1.1.1", true],
    ["1.*", "10.1.1", false],
    ["1*", "10.1.1", true],
    ["*", "13.7.18", true],
    ["*.1.1", "6.1.1", true],
    ["6.*.7", "6.20.71", true],
    ["7.1", "7.1.1", false],
    ["7.1.1", "7.1.1", true],
    ["6.*.9", "6.1.1", false],
  ])("%s and %s: %s", (pattern, id, does) => {
    expect(matches(id, pattern)).toBe(does);
  });

  it("chooses cases, and excludes some", () => {
    expect(selectCases(["2.*", "3.1"], ["2.1*"]).map(({ id }) => id)).toEqual([
      "2.2",
      "2.3",
      "2.4",
      "2.5",
      "2.6",
      "2.7",
      "2.8",
      "2.9",
      "3.1",
    ]);
  });
});

describe("the order of ids", () => {
  it("is that of the numbers", () => {
    expect(["10.1.1", "2.10", "2.9", "2"].sort(compareIds)).toEqual(["2", "2.9", "2.10", "10.1.1"]);
  });
});
