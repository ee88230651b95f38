import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { echoOptions, echoServer } from "../../scripts/echo.ts";
import type { Server } from "../../src/node/server/server.ts";
import { ClientHandshake } from "../../src/protocol/client-handshake.ts";
import { permessageDeflate } from "../../src/protocol/permessage-deflate.ts";
import { FACES, GOODBYE } from "../helpers/faces.ts";
import { connectTo } from "../helpers/net-client.ts";
import { MESSAGES } from "../interop/messages.ts";

const script = fileURLToPath(new URL("../../scripts/echo.ts", import.meta.url));
const started: ChildProcess[] = [];

afterEach(() => {
  for (const child of started.splice(0)) child.kill("SIGKILL");
});

interface Echo {
  readonly child: ChildProcess;
  readonly port: number;
  /** The next line of its output. */
  line(): Promise<string | undefined>;
}

async function start(...args: string[]): Promise<Echo> {
  const child = spawn(process.execPath, ["--import", "tsx", script, "--port", "0", ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  started.push(child);
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  const line = async (): Promise<string | undefined> => (await lines.next()).value;
  const place = "listening on ws://127.0.0.1:";
  const first = await line();
  expect(first).toContain(place);
  return { child, port: Number(first!.slice(place.length)), line };
}

function misuse(...args: string[]) {
  return spawnSync(process.execPath, ["--import", "tsx", script, ...args], { encoding: "utf8" });
}

describe("echo", () => {
  it("sends back what it is sent, and closes with 1001 on SIGTERM", async () => {
    const { child, port, line } = await start();
    const clients = [await connectTo(port), await connectTo(port)];
    for (const client of clients) {
      client.connection.sendText("Hello");
      client.connection.sendBinary(Uint8Array.of(1, 2, 3));
      expect(await client.message()).toBe("Hello");
      expect(await client.message()).toEqual(Uint8Array.of(1, 2, 3));
    }
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    for (const client of clients) expect(await client.closed()).toMatchObject({ code: 1001, clean: true });
    expect(await line()).toBe("closed: 2 clean, 0 unclean");
    expect(await ended).toEqual([0, null]);
  });

  it("compresses, and limits messages, where it was asked to", async () => {
    const { child, port, line } = await start("--deflate", "--max-message-size", "100");
    const client = await connectTo(port, { extensions: [permessageDeflate({ threshold: 0 })] });
    expect([...client.fields].map(([name]) => name.toLowerCase())).toContain("sec-websocket-extensions");
    client.connection.sendText("a".repeat(100));
    expect(await client.message()).toBe("a".repeat(100));
    client.connection.sendText("a".repeat(101));
    expect(await client.closed()).toMatchObject({ code: 1009 });
    child.kill("SIGINT");
    // Whether the one that failed has ended at that side is a matter of moments.
    expect(await line()).toMatch(/^closed: 0 clean, [01] unclean$/);
  });

  it("a second signal does not wait for anybody", async () => {
    const { child, port } = await start();
    const socket = connect(port, "127.0.0.1");
    socket.write(new ClientHandshake({ host: `127.0.0.1:${port}` }).request);
    await once(socket, "data");
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    const [close] = (await once(socket, "data")) as [Uint8Array];
    expect(close[0]).toBe(0x88); // and this client does not answer it
    child.kill("SIGTERM");
    expect(await ended).toEqual([null, "SIGTERM"]);
    socket.destroy();
  });

  it("says what is wrong with where it should listen, and exits with 1", async () => {
    const { port } = await start();
    const { status, stdout, stderr } = misuse("--port", String(port));
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr).toMatch(/^echo: .*EADDRINUSE.*\n$/);
  });

  it("misused, it says how, and exits with 2", () => {
    const { status, stdout, stderr } = misuse("--port", "x");
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toBe(
      'echo: --port: "x" is not a whole number from 0 to 65535\nTry: npm run echo -- --help\n',
    );
  });

  it("--help explains itself", () => {
    const { status, stdout } = misuse("--help");
    expect(status).toBe(0);
    for (const name of [
      "--port N",
      "--host H",
      "--deflate",
      "--max-message-size N",
      "SIGTERM",
      "Exit code",
    ]) {
      expect(stdout).toContain(name);
    }
  });
});

describe("its server talks to every face of the client", () => {
  let server: Server;
  beforeAll(async () => (server = await echoServer(echoOptions(["--port", "0", "--deflate"])!)));
  afterAll(() => server.close({ timeout: 1000 }));

  const wishes = [false, true].flatMap((compression) =>
    Object.keys(FACES).map((face) => [face, compression ? "compressed" : "plain", compression] as const),
  );

  it.each(wishes)("%s, %s", async (face, _, compression) => {
    const url = `ws://127.0.0.1:${server.port}/`;
    const { echoes, code, clean } = await FACES[face]!(url, { compression }, MESSAGES);
    expect({ code, clean }).toEqual({ code: GOODBYE[0], clean: true });
    expect(isDeepStrictEqual(echoes, MESSAGES)).toBe(true); // Vitest would take long over so many bytes
  });
});

describe("its arguments", () => {
  it("leave the server its defaults, and this machine its privacy", () => {
    expect(echoOptions([])).toEqual({ port: 9001, host: "127.0.0.1", compression: false });
  });

  it("are handed on", () => {
    const args = ["--port=80", "--host", "::", "--deflate", "--max-message-size", "0"];
    expect(echoOptions(args)).toEqual({ port: 80, host: "::", compression: true, maxMessageSize: 0 });
    expect(echoOptions(["-h"])).toBeUndefined();
  });

  it.each([
    [["--port", "-1"], "--port"],
    [["--port", "1.5"], '--port: "1.5" is not a whole number from 0 to 65535'],
    [["--port", "65536"], '--port: "65536" is not'],
    [["--port", "0x50"], '--port: "0x50" is not'],
    [["--port", " 80"], '--port: " 80" is not'],
    [["--port", "080"], '--port: "080" is not'],
    [["--port="], '--port: "" is not'],
    [
      ["--max-message-size", "1e6"],
      '--max-message-size: "1e6" is not a whole number from 0 to 9007199254740991',
    ],
    [["--max-message-size", "Infinity"], '--max-message-size: "Infinity" is not'],
    [["--host="], "--host: must not be empty"],
    [["--deflate=yes"], "--deflate"],
    [["--what"], "Unknown option '--what'"],
    [["9001"], "Unexpected argument '9001'"],
  ])("%j are refused", (args, message) => {
    expect(() => echoOptions(args)).toThrow(message);
  });
});
