import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it } from "vitest";
import { ClientHandshake, Connection, type Event, permessageDeflate } from "../src/index.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const started: ChildProcess[] = [];

function run(...args: string[]): ChildProcess {
  const child = spawn(process.execPath, ["--import", "tsx", ...args], {
    cwd: root,
    stdio: ["ignore", "pipe", "inherit"],
  });
  started.push(child);
  return child;
}

afterEach(() => {
  for (const child of started.splice(0)) child.kill();
});

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
    const [line] = (await once(child.stdout!, "data")) as [Buffer];
    const port = Number(line.toString().trim().split(":").at(-1));

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

  it("are all run here", () => {
    const tested = readFileSync(fileURLToPath(import.meta.url), "utf8");
    for (const file of readdirSync(`${root}/examples`)) expect(tested).toContain(file);
  });
});
