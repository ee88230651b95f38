import { createServer } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { clientOptions, playCases } from "../../autobahn/client.ts";
import type { Message } from "../../src/node/index.ts";
import { type Fuzzing, fuzzingServer } from "../helpers/fuzzing-server.ts";

const ends: (() => unknown)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

async function fuzzer(fuzzing: Fuzzing) {
  const started = await fuzzingServer(fuzzing);
  ends.push(() => {
    for (const peer of started.server.peers) peer.terminate();
    return started.server.close();
  });
  return started;
}

describe("the testee as a client", () => {
  it("asks how many cases there are, plays each, and has the reports written", async () => {
    const { url, requests } = await fuzzer({ cases: 3 });
    expect(await playCases({ url, agent: "a&b c" })).toBe(3);
    expect(requests).toEqual([
      "/getCaseCount",
      "/runCase?case=1&agent=a%26b+c",
      "/runCase?case=2&agent=a%26b+c",
      "/runCase?case=3&agent=a%26b+c",
      "/updateReports?agent=a%26b+c",
    ]);
  });

  it("plays one case at a time, or as many as it is told", async () => {
    const one = await fuzzer({ cases: 9 });
    await playCases({ url: one.url });
    expect(one.atATime).toBe(1);
    const several = await fuzzer({ cases: 9 });
    await playCases({ url: several.url, concurrency: 4 });
    expect(several.atATime).toBe(4);
    expect(new Set(several.requests).size).toBe(11);
  });

  it("plays its share of them, where there are others who play the rest", async () => {
    const { url, requests } = await fuzzer({ cases: 5 });
    expect([await playCases({ url, share: 1, of: 2 }), await playCases({ url, share: 2, of: 2 })]).toEqual([
      3, 2,
    ]);
    const played = requests
      .filter((request) => request.startsWith("/runCase"))
      .map((it) => it.match(/\d+/)![0]);
    expect(played).toEqual(["1", "3", "5", "2", "4"]);
  });

  it("echoes text as text and bytes as bytes, however long, and offers to compress them", async () => {
    const sent: readonly Message[] = ["é".repeat(100), new Uint8Array(17 * 1024 * 1024).fill(0xfe)];
    const echoed: Message[] = [];
    const extensions = new Set<string>();
    const { url } = await fuzzer({
      cases: sent.length,
      open: (peer, request) => peer.send(sent[request.includes("case=1&") ? 0 : 1]!),
      message: (peer, data) => {
        echoed.push(data);
        extensions.add(peer.extensions.join());
      },
    });
    await playCases({ url });
    expect(echoed[0]).toBe(sent[0]);
    expect(Buffer.compare(echoed[1] as Uint8Array, sent[1] as Uint8Array)).toBe(0);
    expect([...extensions]).toEqual(["permessage-deflate"]);
  });

  it("goes on when a server refuses a case", async () => {
    const status = (request: string): number | undefined => (request.includes("case=1") ? 500 : undefined);
    const { url, requests } = await fuzzer({ cases: 2, status });
    expect(await playCases({ url })).toBe(2);
    expect(requests).toHaveLength(4);
  });

  it("fails when there is no server", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    await new Promise((resolve) => server.close(resolve));
    const port = typeof address === "object" ? address?.port : undefined;
    await expect(playCases({ url: `ws://127.0.0.1:${port}` })).rejects.toThrow("No connection could be made");
  });

  it("fails when the server is gone before all is played, whatever else it is playing", async () => {
    const { url, server } = await fuzzer({
      cases: 10,
      open: (peer, request) => {
        if (request.includes("case=3")) void server.close({ timeout: 1 });
        if (request.includes("case=1&")) peer.send(request);
      },
    });
    await expect(playCases({ url, concurrency: 3 })).rejects.toThrow();
  });

  it("ends when the signal says so, in the middle of a case", async () => {
    const controller = new AbortController();
    const { url, server } = await fuzzer({
      cases: 2,
      open: () => controller.abort(new Error("enough")),
    });
    await expect(playCases({ url, signal: controller.signal })).rejects.toThrow("enough");
    await Promise.all([...server.peers].map((peer) => peer.closed));
  });

  it("does not begin when the signal has said so before", async () => {
    const { url, requests } = await fuzzer({ cases: 1 });
    const signal = AbortSignal.abort(new Error("too late"));
    await expect(playCases({ url, signal })).rejects.toThrow("too late");
    expect(requests).toEqual([]);
  });
});

describe("the arguments of the client", () => {
  it("have defaults", () => {
    const all = { share: 1, of: 1 };
    const defaults = { url: "ws://127.0.0.1:9002", agent: "framewright", concurrency: 1, ...all };
    expect(clientOptions([])).toEqual(defaults);
    expect(clientOptions(["--share", "2/3"])).toEqual({ ...defaults, share: 2, of: 3 });
    expect(clientOptions(["--help"])).toBeUndefined();
  });

  it.each([
    [["--url", "9002"], '--url: "9002" is no URL'],
    [["--agent", ""], "--agent: must not be empty"],
    [["--concurrency", "0"], "--concurrency: must be 1 or more"],
    [["--concurrency", "101"], "--concurrency: "],
    [["--share", "3/2"], '--share: "3/2" is no share, such as 1/2'],
    [["--share", "0/2"], '--share: "0/2" is no share'],
    [["--share", "1/2/3"], '--share: "1/2/3" is no share'],
    [["--case", "1"], "'--case'"],
  ])("%j are refused", (args, message) => {
    expect(() => clientOptions(args)).toThrow(message);
  });
});
