import { createServer, type Server, type Socket } from "node:net";
import { afterAll, describe, expect, it } from "vitest";
import type { Case } from "../../../autobahn/runner/case.ts";
import { Unreachable } from "../../../autobahn/runner/dial.ts";
import { byWeight, runAgainst } from "../../../autobahn/runner/fuzzing-client.ts";
import { acceptKey, readHead, valuesOf } from "../../../autobahn/runner/handshake.ts";
import type { CaseResult } from "../../../autobahn/runner/result.ts";
import { encodeFrame, FrameReader, Opcode } from "../../../autobahn/runner/wire.ts";
import { makeCertificate } from "../../helpers/certificate.ts";
import { servers } from "../../helpers/node-servers.ts";

const certificate = makeCertificate();
const serve = servers();
const crude: Server[] = [];

afterAll(() => {
  for (const server of crude.splice(0)) server.close();
});

/** A server that does with each connection whatever it likes. */
function crudeServer(meet: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    meet(socket);
  });
  crude.push(server);
  const { close } = server;
  server.close = (done) => {
    for (const socket of sockets) socket.destroy();
    return close.call(server, done);
  };
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      resolve(`ws://127.0.0.1:${typeof address === "object" ? address?.port : ""}/`);
    });
  });
}

/** Answers the request with what `respond` makes of the key. */
function responder(respond: (key: string) => string, then: (socket: Socket) => void = () => {}) {
  return (socket: Socket): void => {
    socket.once("data", (octets: Uint8Array) => {
      const head = readHead(octets)!;
      socket.write(respond(valuesOf(head, "sec-websocket-key")[0]!));
      then(socket);
    });
  };
}

const switching = (key: string, ...fields: string[]): string =>
  [
    "HTTP/1.1 101 Switching Protocols",
    "Server: crude",
    "Upgrade: websocket",
    "Connection: Upgrade",
    `Sec-WebSocket-Accept: ${acceptKey(key)}`,
    ...fields,
    "\r\n",
  ].join("\r\n");

async function one(url: string, id: string): Promise<CaseResult> {
  const [result] = await runAgainst(url, { cases: [id] });
  return result!;
}

const verdicts = (results: readonly CaseResult[]): string[] =>
  results.map(({ id, behavior, behaviorClose }) => `${id} ${behavior} ${behaviorClose}`);

describe("our own server", () => {
  it("passes cases of every category", { timeout: 30_000 }, async () => {
    const { port } = await serve(
      { compression: true, maxMessageSize: 2 ** 24 },
      { message: (peer, data) => peer.send(data) },
    );
    const cases = [
      "1.*",
      "2.*",
      "3.*",
      "4.*",
      "5.1*",
      "6.1.*",
      "6.2.*",
      "6.3.*",
      "6.2*",
      "7.3.*",
      "7.9.*",
      "9.1.1",
    ];
    const order: string[] = [];
    const results = await runAgainst(`ws://127.0.0.1:${port}/`, {
      agent: "framewright",
      cases: [...cases, "9.7.1", "10.*", "12.1.2", "12.5.1", "13.6.3"],
      exclude: ["5.19"],
      onResult: ({ id }) => order.push(id),
    });
    expect(results.filter(({ behavior }) => behavior !== "OK").map(({ id }) => id)).toEqual([]);
    expect(results.filter(({ behaviorClose }) => behaviorClose !== "OK").map(({ id }) => id)).toEqual([]);
    expect(results.map(({ id }) => id).at(0)).toBe("1.1.1");
    expect(results.map(({ id }) => id).at(-1)).toBe("13.6.3");
    expect(order).toHaveLength(results.length);
    expect(results.every(({ agent }) => agent === "framewright")).toBe(true);
  });

  it("may have been told of no compression: then that is not implemented", async () => {
    const { port } = await serve({}, { message: (peer, data) => peer.send(data) });
    expect(verdicts([await one(`ws://127.0.0.1:${port}/`, "12.1.1")])).toEqual(["12.1.1 UNIMPLEMENTED OK"]);
  });
});

describe.skipIf(certificate === undefined)("a server behind TLS", () => {
  it("is tested all the same, whoever has signed its certificate", async () => {
    const { port } = await serve({ tls: { ...certificate } }, { message: (peer, data) => peer.send(data) });
    const results = await runAgainst(`wss://127.0.0.1:${port}/`, { cases: ["1.1.7", "2.10", "3.3", "5.5"] });
    expect(verdicts(results)).toEqual(["1.1.7 OK OK", "2.10 OK OK", "3.3 OK OK", "5.5 OK OK"]);
  });
});

describe("a server that is no server", () => {
  it("is not there", async () => {
    const url = await crudeServer(() => {});
    crude.pop()?.close();
    await expect(runAgainst(url)).rejects.toThrow(Unreachable);
  });

  it.each([
    ["says something else", responder(() => "HTTP/1.1 400 Bad Request\r\n\r\n"), /400 Bad Request/],
    ["has not understood", responder(() => switching("another key")), /does not belong to the key/],
    ["adds an extension", responder((key) => switching(key, "Sec-WebSocket-Extensions: x")), /not offered/],
    [
      "hangs up",
      responder(
        () => "HTTP/1.1 101",
        (socket) => socket.end(),
      ),
      /the connection ended/,
    ],
    ["never stops", responder(() => "x".repeat(70_000)), /no end/],
  ] as [string, (socket: Socket) => void, RegExp][])("%s", async (_, meet, reason) => {
    const result = await one(await crudeServer(meet), "1.1.1");
    expect(result).toMatchObject({ behavior: "FAILED", behaviorClose: "FAILED", duration: 0 });
    expect(result.resultClose).toBe("The WebSocket opening handshake was never completed!");
    expect(result.wasNotCleanReason).toMatch(reason);
  });

  it("agrees to a compression that does not exist", async () => {
    const url = await crudeServer(
      responder((key) =>
        switching(key, "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=99"),
      ),
    );
    expect((await one(url, "12.1.1")).wasNotCleanReason).toMatch(/not between 8 and 15/);
  });
});

describe.concurrent("a server that keeps its TCP connection", () => {
  const closeFirst = responder(switching, (socket) => {
    socket.write(encodeFrame(Opcode.Close, new Uint8Array(0)));
  });

  it("is ended all the same, where the suite waits for ever", async ({ expect }) => {
    const result = await one(await crudeServer(closeFirst), "2.1");
    expect(verdicts([result])).toEqual(["2.1 FAILED FAILED"]);
    expect(result).toMatchObject({ agent: "crude", droppedByMe: true });
  });

  it("and never answers a Close has failed to close", async ({ expect }) => {
    const result = await one(await crudeServer(responder(switching)), "7.7.1");
    expect(verdicts([result])).toEqual(["7.7.1 OK UNCLEAN"]);
    expect(result.wasCloseHandshakeTimeout).toBe(true);
  });

  /** Echoes everything, a Close too, and leaves it at that. */
  const echoAll = responder(switching, (socket) => {
    const reader = new FrameReader("server", false, {
      frame: ({ opcode, payload }) => {
        socket.write(encodeFrame(opcode === Opcode.Ping ? Opcode.Pong : opcode, payload));
      },
      fault: () => {},
    });
    socket.on("data", (octets: Uint8Array) => reader.push(octets));
  });

  // Three timers of one second: the one that was set first has the word.
  it.each([
    ["1.1.1", "OK", "FAILED BY CLIENT", true],
    ["7.1.1", "OK", "FAILED BY CLIENT", true],
    ["2.1", "OK", "UNCLEAN", false],
    ["7.7.1", "OK", "FAILED BY CLIENT", true],
  ])(
    "though it answers a Close: %s is %s, and its close %s",
    async (id, behavior, behaviorClose, wasClean) => {
      const result = await one(await crudeServer(echoAll), id);
      expect(result).toMatchObject({ behavior, behaviorClose, wasClean });
    },
  );

  it("and answers a wrong Close with nothing is failed by the client", async ({ expect }) => {
    expect(verdicts([await one(await crudeServer(responder(switching)), "7.9.1")])).toEqual([
      "7.9.1 OK FAILED BY CLIENT",
    ]);
  });
});

describe("running", () => {
  it("takes the swift cases in their order, and then the heavy ones, the heaviest first", () => {
    const cases = [0, 5, undefined, 9].map((weight) => ({ weight }) as Case);
    expect(byWeight(cases)).toEqual([
      [0, 2],
      [3, 1],
    ]);
  });

  it.each(["http://localhost/", "nonsense"])("refuses the URL %s", async (url) => {
    await expect(runAgainst(url)).rejects.toThrow(TypeError);
  });

  it("refuses no URL", async () => {
    await expect(runAgainst([])).rejects.toThrow(TypeError);
  });

  it("shares the cases out among several servers", async () => {
    const handlers = {
      message: (peer: { send(data: string | Uint8Array): unknown }, data: string | Uint8Array) =>
        void peer.send(data),
    };
    const [one, two] = [await serve({}, handlers), await serve({}, handlers)];
    const urls = [one, two].map(({ port }) => `ws://127.0.0.1:${port}/`);
    const results = await runAgainst(urls, { cases: ["2.*"] });
    expect(results.map(({ behavior }) => behavior)).toEqual(Array.from({ length: 11 }, () => "OK"));
    const ports = results.map(({ httpRequest }) => httpRequest.match(/Host: .*/)?.[0]);
    expect(new Set(ports).size).toBe(2);
  });

  it("refuses a concurrency of none", async () => {
    await expect(runAgainst("ws://localhost/", { concurrency: 0 })).rejects.toThrow(RangeError);
  });

  it("ends when it is told to", async () => {
    const url = await crudeServer(responder(switching));
    const controller = new AbortController();
    const running = runAgainst(url, { cases: ["9.7.1"], signal: controller.signal });
    setTimeout(() => controller.abort(new Error("enough")), 50);
    await expect(running).rejects.toThrow("enough");
  });
});
