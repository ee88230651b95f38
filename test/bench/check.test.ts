import { createServer as createHttpServer, type RequestListener } from "node:http";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { deflateRawSync, constants as zlib } from "node:zlib";
import { afterEach, describe, expect, it } from "vitest";
import { Answers, check, frameSize } from "../../bench/lib/check.ts";
import { SCENARIOS, scriptOf } from "../../bench/lib/scenarios.ts";
import { broadcastEvent, type EventStream, eventStream, serve } from "../../src/node/index.ts";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const scenario = (id: string) => SCENARIOS.find((one) => one.id === id)!;
const checked = (id: string, port: number): Promise<void> =>
  check(port, scenario(id), scriptOf(scenario(id), "websocket"));

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

function wire(answer: (socket: Socket) => void): Promise<number> {
  return listening(createServer((socket) => socket.on("error", () => {}).on("data", () => answer(socket))));
}

describe("a look at compressed answers", () => {
  it.each(["deflate-128-takeover", "deflate-1024-fresh"])("is content with our server: %s", async (id) => {
    const compression = { threshold: 0, contextTakeover: id.endsWith("takeover") };
    const server = await serve({ compression, message: (peer, data) => peer.send(data) });
    closing.push(() => server.close({ timeout: 1 }));
    await expect(checked(id, server.port)).resolves.toBeUndefined();
  });

  it("finds that other bytes came back", async () => {
    const server = await serve({ compression: { threshold: 0 }, message: (peer) => peer.send("else") });
    closing.push(() => server.close({ timeout: 1 }));
    await expect(checked("deflate-128-fresh", server.port)).rejects.toThrow("it answered something else");
  });

  it("finds that nothing is compressed", async () => {
    const compression = { threshold: 1_000_000 };
    const server = await serve({ compression, message: (peer, data) => peer.send(data) });
    closing.push(() => server.close({ timeout: 1 }));
    await expect(checked("deflate-128-fresh", server.port)).rejects.toThrow("it compresses nothing");
  });

  it("finds that there is no agreement", async () => {
    const server = await serve({ message: () => {} });
    closing.push(() => server.close({ timeout: 1 }));
    await expect(checked("deflate-128-fresh", server.port)).rejects.toThrow("does not agree");
  });

  it("finds that a server refuses", async () => {
    const port = await wire((socket) => socket.end("HTTP/1.1 403 Forbidden\r\n\r\n"));
    await expect(checked("deflate-128-fresh", port)).rejects.toThrow("it answered: HTTP/1.1 403 Forbidden");
  });

  it("is not taken where the generator can judge", async () => {
    await expect(checked("echo-128-1", 1)).resolves.toBeUndefined();
  });
});

describe("a look at event streams", () => {
  function events(data: string): Promise<number> {
    const streams = new Set<EventStream>();
    const listener: RequestListener = (request, response) => {
      if (request.method === "GET") {
        streams.add(eventStream(request, response));
        return;
      }
      broadcastEvent(streams, { data });
      response.writeHead(204).end();
    };
    return listening(createHttpServer(listener));
  }

  it("is content with ours", async () => {
    await expect(checked("events-128-1", await events(`${"x".repeat(127)}!`))).resolves.toBeUndefined();
  });

  it("finds that another event came", async () => {
    await expect(checked("events-128-1", await events("y!"))).rejects.toThrow("it sent another event");
  });

  it("finds that it is none", async () => {
    const port = await listening(createHttpServer((_, response) => response.end("!")));
    await expect(checked("events-128-1", port)).rejects.toThrow("it is no event stream");
  });
});

describe("an answer", () => {
  const deflated = (text: string): Buffer =>
    deflateRawSync(text, { finishFlush: zlib.Z_SYNC_FLUSH }).subarray(0, -4);

  it("is decoded if it is compressed, and counted", () => {
    const answers = new Answers();
    expect(`${answers.decode({ compressed: true, payload: deflated("hello") })}`).toBe("hello");
    expect(`${answers.decode({ compressed: true, payload: deflated("again") })}`).toBe("again");
    expect(`${answers.decode({ compressed: false, payload: Buffer.from("plain") })}`).toBe("plain");
    expect(answers.compressed).toBe(2);
  });

  it("has a size as soon as its header is there", () => {
    expect(frameSize(Buffer.of(0x82))).toBeUndefined();
    expect(frameSize(Buffer.of(0x82, 5))).toEqual({ header: 2, payload: 5 });
    expect(frameSize(Buffer.of(0x82, 126, 1))).toBeUndefined();
    expect(frameSize(Buffer.of(0x82, 126, 1, 0))).toEqual({ header: 4, payload: 256 });
    expect(frameSize(Buffer.of(0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0))).toEqual({ header: 10, payload: 65_536 });
  });
});
