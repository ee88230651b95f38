import { connect as connectTcp } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import {
  type CaseServer,
  type ServeCasesOptions,
  serveCases,
} from "../../../autobahn/runner/fuzzing-server.ts";
import { connect } from "../../../src/node/client/connect.ts";

const running: CaseServer[] = [];

afterEach(async () => {
  for (const server of running.splice(0)) await server.close();
});

async function serve(options: ServeCasesOptions = {}): Promise<CaseServer> {
  const server = await serveCases(options);
  running.push(server);
  return server;
}

/** Echoes until the judge closes; resolves to the last message. */
function converse(server: CaseServer, path: string, compression = false): Promise<string> {
  return new Promise((resolve, reject) => {
    let last = "";
    connect(
      `ws://127.0.0.1:${server.port}${path}`,
      { compression, oneAtATime: false },
      {
        message: (peer, data) => {
          last = String(data);
          peer.send(data);
        },
        close: () => resolve(last),
      },
    ).catch(reject);
  });
}

/** What comes back for octets, when the connection has ended. */
function raw(server: CaseServer, text: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connectTcp(server.port, "127.0.0.1");
    let answer = "";
    socket.on("data", (octets) => {
      answer += octets.toString("latin1");
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve(answer));
    socket.write(text.replaceAll("\n", "\r\n"));
  });
}

const request = (server: CaseServer, path: string, more = ""): string =>
  `GET ${path} HTTP/1.1\nHost: 127.0.0.1:${server.port}\nUpgrade: websocket\nConnection: Upgrade\n` +
  `Sec-WebSocket-Version: 13\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\n${more}\n`;

describe("a client", () => {
  it("learns how many cases there are, and what each is", async () => {
    const server = await serve({ cases: ["1.1.*", "3.*"], exclude: ["3.7"] });
    expect(await converse(server, "/getCaseCount")).toBe("14");
    expect(JSON.parse(await converse(server, "/getCaseInfo?case=9"))).toMatchObject({ id: "3.1" });
    expect(JSON.parse(await converse(server, "/getCaseInfo?casetuple=1.1.2"))).toEqual({
      id: "1.1.2",
      description: "Send a text message of 125 octets.",
    });
  });

  it("plays cases, also several at a time, and is told what came of them", async () => {
    const heard: string[] = [];
    const server = await serve({
      cases: ["1.1.*", "2.*", "3.*", "5.6", "6.3.*", "7.9.*", "13.5.2"],
      onResult: ({ id }) => heard.push(id),
    });
    await Promise.all(
      Array.from({ length: server.count }, (_, at) =>
        converse(server, `/runCase?case=${at + 1}&agent=a%20b`, true),
      ),
    );
    const results = server.results("a b");
    expect(results.filter((result) => result.behavior !== "OK" || result.behaviorClose !== "OK")).toEqual([]);
    expect(results).toHaveLength(server.count);
    expect(results.map(({ case: number }) => number)).toEqual(results.map((_, at) => at + 1));
    expect(heard).toHaveLength(server.count);
    expect(results[0]).toMatchObject({ agent: "a b", isServer: true, id: "1.1.1" });
    expect(results[0]?.httpResponse).toContain("101 Switching Protocols");
    expect(await converse(server, "/getCaseStatus?case=1&agent=a%20b")).toBe('{"behavior":"OK"}');
    expect(server.results("nobody")).toEqual([]);
  });

  it("that asks for a verdict too early waits for it", async () => {
    const server = await serve({ cases: ["1.1.1"] });
    const status = converse(server, "/getCaseStatus?casetuple=1.1.1&agent=a");
    await converse(server, "/runCase?case=1&agent=a");
    expect(await status).toBe('{"behavior":"OK"}');
  });

  it("has its reports written, and may end the server", async () => {
    const written: number[] = [];
    let stop: () => void = () => {};
    const stopped = new Promise<void>((resolve) => {
      stop = resolve;
    });
    const server = await serve({
      cases: ["1.1.1"],
      onReports: (results) => void written.push(results.length),
      onStop: stop,
    });
    await converse(server, "/runCase?case=1&agent=a");
    await converse(server, "/updateReports?agent=a");
    await converse(server, "/runCase?case=1&agent=b");
    await converse(server, "/updateReports?agent=b&shutdownOnComplete=true");
    await stopped;
    running.length = 0;
    expect(written).toEqual([1, 2]);
  });

  it("is told if its reports cannot be written", async () => {
    const server = await serve({ onReports: () => Promise.reject(new Error("the disk is full")) });
    expect(await raw(server, request(server, "/updateReports?agent=a"))).toMatch(/^HTTP\/1.1 500 /);
  });

  it("may end the server without a report", async () => {
    const stopped = new Promise<void>((resolve) => {
      void serve({ onStop: resolve }).then((server) => converse(server, "/stopServer"));
    });
    await stopped;
    running.length = 0;
  });

  it("that agrees to no compression has not implemented it", async () => {
    const server = await serve({ cases: ["13.3.1"] });
    await converse(server, "/runCase?case=1&agent=a");
    expect(server.results()).toMatchObject([{ behavior: "UNIMPLEMENTED", behaviorClose: "OK" }]);
  });
});

describe("a request that is not one", () => {
  it("without an upgrade gets a page", async () => {
    const server = await serve();
    expect(await raw(server, "GET / HTTP/1.1\nHost: x\n\n")).toMatch(
      /^HTTP\/1.1 200 OK[\s\S]*tests WebSocket clients/,
    );
  });

  it.each([
    ["no such path", "/nothing", "", 500],
    ["no such case", "/runCase?case=2&agent=a", "", 500],
    ["no agent", "/runCase?case=1", "", 500],
    ["a parameter twice", "/runCase?case=1&case=1&agent=a", "", 500],
    ["a path that is none", "//[", "", 500],
    ["a wrong offer", "/runCase?case=1&agent=a", "Sec-WebSocket-Extensions: permessage-deflate; x\n", 400],
  ])("with %s is refused", async (_, path, more, status) => {
    const server = await serve({ cases: ["1.1.1"] });
    expect(await raw(server, request(server, path, more))).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(server.results()).toEqual([]);
  });

  it("with the wrong port in Host is refused", async () => {
    const server = await serve({ cases: ["1.1.1"] });
    const text = request(server, "/getCaseCount").replace(`:${server.port}`, "");
    expect(await raw(server, text)).toMatch(/^HTTP\/1.1 400 /);
  });

  it("a port that is taken is told", async () => {
    const { port } = await serve();
    await expect(serve({ port })).rejects.toThrow("EADDRINUSE");
  });
});
