import { createServer } from "node:net";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Case, Script } from "../../../autobahn/runner/case.ts";
import { selectCases } from "../../../autobahn/runner/cases/index.ts";
import { playAgainst } from "../../../autobahn/runner/dial.ts";
import type { Agreement } from "../../../autobahn/runner/extension.ts";
import { Play } from "../../../autobahn/runner/play.ts";
import type { CaseResult } from "../../../autobahn/runner/result.ts";
import { type Frame, Opcode } from "../../../autobahn/runner/wire.ts";
import { servers } from "../../helpers/node-servers.ts";
import { IdealPeer } from "./ideal-peer.ts";

const { Text, Binary, Ping } = Opcode;
const NOTHING = new Uint8Array(0);

function testCase(script: (script: Script) => void, more: Partial<Case> = {}): Case {
  return {
    id: "101.1",
    category: "Beyond",
    description: "",
    expectation: "",
    close: { closedByMe: true, closeCode: [1000], requireClean: true },
    script,
    ...more,
  };
}

/** A peer that says nothing but what it is told to. */
class DullPeer extends IdealPeer {
  override write(): boolean {
    return true;
  }
}

function played(testCase: Case, peer: IdealPeer): Promise<CaseResult> {
  const part = new Play({ testCase, index: 1, agent: "a", role: "client" });
  part.opened(peer.socket, undefined, NOTHING);
  return part.result;
}

describe("a play that nobody ends", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setImmediate", "performance"] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  async function within(seconds: number, result: Promise<CaseResult>): Promise<CaseResult | undefined> {
    await vi.advanceTimersByTimeAsync(seconds * 1000);
    return Promise.race([result, Promise.resolve(undefined)]);
  }

  it("is ended after ten seconds if the script has set no limit", async () => {
    const result = played(
      testCase(() => {}),
      new DullPeer("server"),
    );
    expect(await within(9, result)).toBeUndefined();
    expect(await within(3, result)).toMatchObject({ failedByMe: true, wasCloseHandshakeTimeout: true });
  });

  it("is ended after thirty seconds of silence, however long it could take", async () => {
    const [large] = selectCases(["9.5.6"]) as [Case];
    const result = played(large, new DullPeer("server"));
    expect(await within(29, result)).toBeUndefined();
    const { behavior, behaviorClose, wirelog } = (await within(8, result))!;
    expect([behavior, behaviorClose]).toEqual(["FAILED", "UNCLEAN"]);
    expect(wirelog).toContainEqual(["TI", 1000]);
  });

  it("is not ended as long as anything comes", async () => {
    const [trips] = selectCases(["9.7.2"]) as [Case];
    const peer = new DullPeer("server");
    const result = played(trips, peer);
    for (let at = 0; at < 59; at++) {
      peer.say(Ping, NOTHING);
      expect(await within(1, result)).toBeUndefined();
    }
    expect(await within(7, result)).toMatchObject({ behavior: "FAILED" });
  });

  it("is closed in time, as the script wants it", async () => {
    const result = played(
      testCase((script) => script.closeAfter(1)),
      new IdealPeer("server"),
    );
    expect(await within(2, result)).toMatchObject({
      behaviorClose: "OK",
      wirelog: expect.arrayContaining([["TIE"]]),
    });
  });

  it("is ended in order by the kill that was still to come, when the peer has closed and stays", async () => {
    const peer = new DullPeer("server");
    const result = played(
      testCase((script) => script.killAfter(4)),
      peer,
    );
    peer.say(Opcode.Close, NOTHING);
    expect(await within(3, result)).toBeUndefined();
    expect(await within(2, result)).toMatchObject({ droppedByMe: true, wasClean: true });
  });
});

describe("what comes back", () => {
  const echo = (what: Uint8Array, opcode: number, agreement?: Agreement) => {
    const peer = new IdealPeer("server", agreement);
    const say = peer.say.bind(peer);
    peer.say = (code, payload, rsv) => (code < 8 ? say(opcode, what) : say(code, payload, rsv));
    return peer;
  };

  it("must be of the type and length that was sent, in category 9", async () => {
    const [trips] = selectCases(["9.7.2"]) as [Case];
    const right = Uint8Array.from({ length: 16 }, () => 65);
    expect(await played(trips, echo(right, Text))).toMatchObject({ behavior: "OK" });
    expect(await played(trips, echo(right, Binary))).toMatchObject({
      behavior: "FAILED",
      behaviorClose: "OK",
    });
    expect(await played(trips, echo(NOTHING, Text))).toMatchObject({
      behavior: "FAILED",
      behaviorClose: "OK",
    });
  });

  it("must be what was sent, in category 12", async () => {
    const [compressed] = selectCases(["12.1.1"]) as [Case];
    const parameters = { windowBits: 15, noContextTakeover: false };
    const agreement = { own: parameters, peer: parameters };
    const part = new Play({ testCase: compressed, index: 1, agent: "a", role: "client" });
    part.opened(echo(Uint8Array.of(65), Text, agreement).socket, agreement, NOTHING);
    expect(await part.result).toMatchObject({
      behavior: "FAILED",
      result: "Message 1 did not come back as it was sent.",
      trafficStats: null,
    });
  });
});

describe("a script", () => {
  it("can do whatever it likes with the octets, and see frames as they are", async () => {
    const peer = new IdealPeer("server");
    const frames: Frame[] = [];
    const result = await played(
      testCase((script) => {
        script.onFrame = (frame) => frames.push(frame);
        script.onEvent = ({ type }) => {
          script.verdict("NON-STRICT", type);
          script.close(1000);
        };
        script.octets(Uint8Array.of(0x82, 0x81, 0, 0, 0, 0, 7));
      }),
      peer,
    );
    expect(result).toMatchObject({ behavior: "NON-STRICT", result: "message", behaviorClose: "OK" });
    expect(frames.map(({ opcode, payload }) => [opcode, ...payload])).toEqual([
      [2, 7],
      [8, 3, 232],
    ]);
  });

  it("can end TCP", async () => {
    const orderly = new IdealPeer("server");
    await played(
      testCase((script) => script.drop()),
      orderly,
    );
    const abrupt = new IdealPeer("server");
    await played(
      testCase((script) => script.drop(true)),
      abrupt,
    );
    expect([orderly.ending, abrupt.ending]).toEqual(["orderly", "reset"]);
  });

  it("compresses only if that was agreed on", () => {
    const compressing = testCase((script) => script.deflate([NOTHING]));
    const part = new Play({ testCase: compressing, index: 1, agent: "a", role: "client" });
    expect(() => part.opened(new IdealPeer("server").socket, undefined, NOTHING)).toThrow("not agreed on");
  });
});

describe("a case about the opening handshake", () => {
  const serve = servers();

  it("can send a request of its own, and judge the answer", async () => {
    const { port } = await serve({}, {});
    const url = new URL(`ws://127.0.0.1:${port}/`);
    const malformed = testCase(() => {}, {
      opening: (usual) => usual.replace("Version: 13", "Version: 12"),
      judgeOpening: (head) => {
        const behavior = head?.startLine.startsWith("HTTP/1.1 426") ? "OK" : "FAILED";
        return { behavior, result: head?.startLine ?? "nothing" };
      },
    });
    const result = await playAgainst(url, { testCase: malformed, index: 1 });
    expect(result).toMatchObject({
      behavior: "OK",
      behaviorClose: "OK",
      result: "HTTP/1.1 426 Upgrade Required",
    });
    expect(result.httpRequest).toContain("Sec-WebSocket-Version: 12");
  });

  it("can judge that there is no answer", async () => {
    const server = createServer((socket) => socket.on("error", () => {}).end());
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const url = new URL(`ws://127.0.0.1:${typeof address === "object" ? address?.port : 0}/`);
    const silent = testCase(() => {}, {
      judgeOpening: (head) => ({ behavior: head === undefined ? "OK" : "FAILED", result: "" }),
    });
    expect(await playAgainst(url, { testCase: silent, index: 1 })).toMatchObject({ behavior: "OK" });
    server.close();
  });

  it("is FAILED where nobody listens", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    await new Promise((resolve) => server.close(resolve));
    const url = new URL(`ws://127.0.0.1:${typeof address === "object" ? address?.port : 0}/`);
    const result = await playAgainst(url, { testCase: testCase(() => {}), index: 1 });
    expect(result).toMatchObject({ behavior: "FAILED", behaviorClose: "FAILED", agent: "UnknownServer" });
  });
});
