import { afterEach, describe, expect, it } from "vitest";
import { serverPlace, startServer } from "../../autobahn/server.ts";
import { connect, type Server } from "../../src/node/index.ts";

const started: Server[] = [];

afterEach(async () => {
  for (const server of started.splice(0)) await server.close();
});

describe("the testee as a server", () => {
  it("echoes text as text and bytes as bytes, however long, and compresses where that is offered", async () => {
    const server = await startServer();
    started.push(server);
    const url = `ws://127.0.0.1:${server.port}`;
    const large = new Uint8Array(17 * 1024 * 1024).fill(0xfe);
    for (const compression of [false, true]) {
      const peer = await connect(url, {
        compression,
        maxMessageSize: large.length,
        maxBufferedBytes: 2 * large.length,
      });
      expect(peer.extensions).toEqual(compression ? ["permessage-deflate"] : []);
      await peer.send("é");
      expect(await peer.receive()).toBe("é");
      await peer.send(large);
      expect(Buffer.compare((await peer.receive()) as Uint8Array, large)).toBe(0);
      peer.close();
      expect(await peer.closed).toMatchObject({ code: 1000, clean: true });
    }
  });
});

describe("the arguments of the server", () => {
  it("have defaults", () => {
    expect(serverPlace([])).toEqual({ port: 9001, host: "127.0.0.1" });
    expect(serverPlace(["--port", "0", "--host", "::1"])).toEqual({ port: 0, host: "::1" });
    expect(serverPlace(["-h"])).toBeUndefined();
  });

  it.each([
    [["--port", "65536"], "--port: "],
    [["--host", ""], "--host: must not be empty"],
    [["9001"], "'9001'"],
  ])("%j are refused", (args, message) => {
    expect(() => serverPlace(args)).toThrow(message);
  });
});
