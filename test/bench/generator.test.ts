import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { generator } from "../../bench/lib/generator.ts";
import { type Load, SCENARIOS, type Scenario, scriptOf } from "../../bench/lib/scenarios.ts";
import { encodeScript } from "../../bench/lib/script.ts";
import { serve } from "../../src/node/index.ts";

const folder = mkdtempSync(join(tmpdir(), "framewright-generator-"));
afterAll(() => rmSync(folder, { recursive: true }));

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const echo = SCENARIOS.find(({ id }) => id === "echo-1024-32")!;

async function ours(options: Parameters<typeof serve>[0] = {}): Promise<number> {
  const server = await serve({ ...options, message: (peer, data) => void peer.send(data) });
  closing.push(() => server.close({ timeout: 50 }));
  return server.port;
}

/** A server without a protocol. */
async function wire(answer: (socket: Socket, data: Buffer) => void): Promise<number> {
  const server = createServer((socket) => {
    socket.on("error", () => {}).on("data", (data) => answer(socket, data));
    closing.push(() => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** Both, where there is a compiler. */
let commands: readonly (readonly string[])[];
beforeAll(() => {
  commands = [generator(undefined).command, generator("JavaScript").command];
});

interface Outcome {
  readonly events: readonly Record<string, unknown>[];
  readonly complaint: string;
}

async function run(
  command: readonly string[],
  port: number,
  scenario: Scenario,
  load: Load,
  protocol: "websocket" | "none" = "websocket",
): Promise<Outcome> {
  const script = join(folder, `${scenario.id}-${protocol}`);
  writeFileSync(script, encodeScript(scriptOf(scenario, protocol)));
  const numbers = {
    port,
    connections: load.connections,
    inflight: load.inflight,
    warmup: 0.05,
    seconds: 0.05,
  };
  const options = Object.entries(numbers).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const [program, ...rest] = command;
  const child: ChildProcess = spawn(program!, [...rest, load.mode, ...options, "--script", script]);
  child.stdin!.end();
  let output = "";
  let complaint = "";
  child.stdout!.on("data", (data) => (output += data));
  child.stderr!.on("data", (data) => (complaint += data));
  await once(child, "close");
  const events = output.split("\n").filter((line) => line !== "");
  return { events: events.map((line) => JSON.parse(line)), complaint };
}

/** The same for both generators. */
async function each(test: (command: readonly string[]) => Promise<void>): Promise<void> {
  for (const command of commands) await test(command);
}

const few: Load = { mode: "echo", connections: 4, inflight: 8 };

describe("the load generator", () => {
  it("counts echoes, and says how long they took", async () => {
    const port = await ours();
    await each(async (command) => {
      const { events, complaint } = await run(command, port, echo, few);
      expect(complaint).toBe("");
      expect(events.map(({ event }) => event)).toEqual(["open", "measure", "done"]);
      const { messages, seconds, p50, p99 } = events[2] as Record<string, number>;
      expect(messages).toBeGreaterThan(0);
      expect(seconds).toBeGreaterThanOrEqual(0.05);
      expect(p50).toBeGreaterThan(0);
      expect(p99).toBeGreaterThanOrEqual(p50!);
    });
  });

  it.each(["echo-65536-1", "fragments-1024", "text-multibyte-128", "echo-16-32"])(
    "takes messages of every kind: %s",
    async (id) => {
      const port = await ours();
      const scenario = SCENARIOS.find((one) => one.id.endsWith(id))!;
      await each(async (command) => {
        expect((await run(command, port, scenario, few)).complaint).toBe("");
      });
    },
  );

  it("takes compressed answers, with a prelude", async () => {
    const port = await ours({ compression: { threshold: 0, contextTakeover: true } });
    const scenario = SCENARIOS.find(({ id }) => id === "deflate-128-takeover")!;
    await each(async (command) => {
      expect((await run(command, port, scenario, few)).complaint).toBe("");
    });
  });

  it("takes back what it sent from a server without a protocol", async () => {
    const port = await wire((socket, data) => socket.write(data));
    await each(async (command) => {
      expect((await run(command, port, echo, few, "none")).complaint).toBe("");
    });
  });

  it("opens and closes connections", async () => {
    const port = await ours();
    const scenario = SCENARIOS.find(({ id }) => id === "handshakes")!;
    await each(async (command) => {
      const { events, complaint } = await run(command, port, scenario, { ...scenario.load, connections: 4 });
      expect(complaint).toBe("");
      expect(events.at(-1)).toMatchObject({ event: "done" });
    });
  });

  it("holds connections until it is told to end", async () => {
    const port = await ours();
    await each(async (command) => {
      const { events } = await run(command, port, echo, { mode: "hold", connections: 5, inflight: 1 });
      expect(events).toEqual([{ event: "open", connections: 5 }, { event: "holding" }]);
    });
  });

  it("finds a byte that is wrong", async () => {
    const server = await serve({
      message: (peer, data) => {
        const changed = Uint8Array.from(data as Uint8Array);
        changed[1000]! ^= 1;
        peer.send(changed);
      },
    });
    closing.push(() => server.close({ timeout: 50 }));
    await each(async (command) => {
      expect((await run(command, server.port, echo, few)).complaint).toContain("that is not the message");
    });
  });

  it("finds an answer that is too short or too long", async () => {
    for (const size of [1023, 1025]) {
      const { port, close } = await serve({ message: (peer) => peer.send(new Uint8Array(size)) }).then(
        (server) => ({ port: server.port, close: () => server.close({ timeout: 50 }) }),
      );
      closing.push(close);
      await each(async (command) => {
        expect((await run(command, port, echo, few)).complaint).toMatch(/an answer/);
      });
    }
  });

  it("finds a server that refuses, closes or leaves", async () => {
    const refusing = await wire((socket) => socket.end("HTTP/1.1 503 Service Unavailable\r\n\r\n"));
    const leaving = await wire((socket) => socket.end("HTTP/1.1 101 Switching Protocols\r\n\r\n"));
    const closes = await serve({ message: (peer) => peer.close() });
    closing.push(() => closes.close({ timeout: 50 }));
    await each(async (command) => {
      expect((await run(command, refusing, echo, few)).complaint).toContain("HTTP/1.1 503");
      expect((await run(command, leaving, echo, few)).complaint).toContain("the server left");
      expect((await run(command, closes.port, echo, few)).complaint).toContain("closed a connection");
    });
  });

  it("finds what is no server's frame", async () => {
    const masked = "HTTP/1.1 101 Switching Protocols\r\n\r\n\x82\x81\x00\x00\x00\x00\x00";
    const port = await wire((socket) => socket.write(masked, "latin1"));
    await each(async (command) => {
      expect((await run(command, port, echo, few)).complaint).toContain("no server may send");
    });
  });
});
