import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it } from "vitest";
import { ClientHandshake, Connection, type Event, permessageDeflate } from "../src/index.ts";
import { connectTo } from "./helpers/net-client.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const started: ChildProcess[] = [];

function run(...args: string[]): ChildProcess {
  const child = spawn(process.execPath, ["--import", "tsx", ...args], {
    cwd: root,
    stdio: ["pipe", "pipe", "inherit"],
  });
  started.push(child);
  return child;
}

afterEach(() => {
  for (const child of started.splice(0)) child.kill();
});

/** The port of an example that says where it listens. */
async function portOf(child: ChildProcess): Promise<number> {
  const [line] = (await once(child.stdout!, "data")) as [Buffer];
  return Number(line.toString().trim().split(":").at(-1));
}

async function outputOf(child: ChildProcess): Promise<string> {
  let text = "";
  for await (const chunk of child.stdout!) text += chunk;
  return text;
}

describe("the examples", () => {
  it("two-peers.ts lets a client and a server talk and close", async () => {
    const output = await outputOf(run("examples/two-peers.ts"));
    expect(output).toContain("You said: Hello");
    expect(output).toContain("clean: true");
  });

  it("echo-server.ts echoes over TCP, compressed, and closes first", async () => {
    const child = run("examples/echo-server.ts", "0");
    const port = await portOf(child);

    const handshake = new ClientHandshake({
      host: `127.0.0.1:${port}`,
      extensions: [permessageDeflate({ threshold: 0 })],
    });
    const socket = connect(port, "127.0.0.1");
    const events: Event[] = [];
    let connection: Connection | undefined;
    const say = (): void => {
      connection!.sendText("Hello, Hello, Hello");
      connection!.sendBinary(new Uint8Array(200_000));
      connection!.close(1000);
    };
    socket.on("connect", () => socket.write(handshake.request));
    socket.on("data", (chunk) => {
      if (connection !== undefined) {
        events.push(...connection.events(chunk));
        return;
      }
      const result = handshake.receive(chunk);
      if (result === undefined) return;
      if (!result.ok) throw new Error(result.reason);
      expect(result.extensions.map(({ name }) => name)).toEqual(["permessage-deflate"]);
      connection = new Connection(
        "client",
        { write: (bytes) => void socket.write(bytes), end: () => socket.end() },
        result,
      );
      events.push(...connection.events(result.rest));
      say();
    });
    await once(socket, "close");
    connection!.receiveEnd();
    events.push(...connection!.events());
    expect(events.map(({ type }) => type)).toEqual(["text", "binary", "close"]);
    expect(events[0]).toEqual({ type: "text", data: "Hello, Hello, Hello" });
    expect(connection!.closed).toMatchObject({ code: 1000, clean: true, initiator: "local" });
  });

  it("graceful.ts says goodbye to everybody when it is told to stop", async () => {
    const child = run("examples/graceful.ts", "0");
    const port = await portOf(child);
    const clients = [await connectTo(port), await connectTo(port)];
    const output = outputOf(child);
    child.kill("SIGTERM");
    for (const client of clients) expect(await client.closed()).toMatchObject({ code: 1001, clean: true });
    const ended = "a connection ended: 1001, clean, begun by local\n";
    expect(await output).toBe(`${ended}${ended}closed: 2 clean, 0 unclean\n`);
  });

  it("node-server.ts lets members in, and tells all of them what one says", async () => {
    const port = await portOf(run("examples/node-server.ts", "0"));
    const enter = (session: string, subprotocols: string[]) =>
      connectTo(port, { subprotocols, fields: { Cookie: `theme=dark; session=${session}` } });

    await expect(connectTo(port)).rejects.toMatchObject({ status: 401, body: "Log in first.\n" });
    await expect(enter("stolen", [])).rejects.toMatchObject({ status: 401 });

    const ada = await enter("b1a5e0", ["chat.v1", "chat.v2"]);
    expect(ada.subprotocol).toBe("chat.v2");
    expect(await ada.message()).toBe("Ada is here (chat.v2)");
    const grace = await enter("77c3d2", ["chat.v0"]);
    for (const member of [ada, grace]) expect(await member.message()).toBe("Grace is here (no subprotocol)");
    ada.connection.sendText("Hello");
    for (const member of [ada, grace]) expect(await member.message()).toBe("Ada: Hello");
    grace.connection.sendBinary(Uint8Array.of(1));
    expect(await grace.closed()).toMatchObject({ code: 1003, reason: "text only" });
    expect(await ada.message()).toBe("Grace has left (1003)");
  });

  it("event-stream.ts tells the time, and late-comers what they missed, until it is told to stop", async () => {
    const child = run("examples/event-stream.ts", "0");
    const url = `http://127.0.0.1:${await portOf(child)}`;
    expect(await (await fetch(url)).text()).toContain("new EventSource");
    const streams: ReadableStreamDefaultReader<string>[] = [];
    for (let count = 0; count < 2; count++) {
      const { body } = await fetch(`${url}/ticks`);
      const stream = body!.pipeThrough(new TextDecoderStream()).getReader();
      let text = "";
      while (!text.includes("event: tick\nid: 1\n")) text += (await stream.read()).value!;
      expect(text).toContain("retry: 1000\n\n");
      streams.push(stream);
    }
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    for (const stream of streams) while (!(await stream.read()).done);
    expect(await ended).toEqual([0, null]);
  });

  it("client.ts comes back when its server was killed, and brings what was typed meanwhile", async () => {
    const server = run("scripts/echo.ts", "--port", "0");
    const port = await portOf(server);
    const client = run("examples/client.ts", `ws://127.0.0.1:${port}`);
    const lines = createInterface({ input: client.stdout! })[Symbol.asyncIterator]();
    const heard = async (beginning: string): Promise<void> => {
      for (;;) {
        const { value, done } = await lines.next();
        if (done) throw new Error(`it ended without ${JSON.stringify(beginning)}`);
        if (value.startsWith(beginning)) return;
      }
    };
    await heard("connected");
    client.stdin!.write("one\n");
    await heard("< one");
    server.kill("SIGKILL");
    await heard("no connection");
    client.stdin!.write("two\nthree\n");
    await heard("> three (kept)");
    run("scripts/echo.ts", "--port", String(port));
    await heard("< two");
    await heard("< three");
    client.stdin!.end();
    await heard("the end: closed, 0 not sent");
  }, 20_000);

  it("are all run here", () => {
    const tested = readFileSync(fileURLToPath(import.meta.url), "utf8");
    for (const file of readdirSync(`${root}/examples`)) expect(tested).toContain(file);
  });
});
