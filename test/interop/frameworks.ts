/** Express, Fastify and Koa with our WebSockets beside them: the programs of examples/, each run and used. */

import { strict as assert } from "node:assert";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import { fileURLToPath } from "node:url";
import { EventStreamParser, type ServerSentEvent } from "../../src/sse/parse.ts";
import type { Check, Group } from "./check.ts";
import { wsConnect } from "./harness.ts";
import { prose } from "./messages.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

interface Example {
  readonly process: ChildProcess;
  readonly port: number;
}

/** Starts an example on any free port, hands it to `use`, and ends it whatever becomes of that. */
async function withExample(name: string, use: (example: Example) => Promise<void>): Promise<void> {
  const child = spawn(process.execPath, ["--import", "tsx", `test/interop/examples/${name}.ts`], {
    cwd: root,
    env: { ...process.env, PORT: "0" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    const [line] = (await once(child.stdout, "data")) as [Buffer];
    const { port } = new URL(line.toString().replace("listening on ", "").trim());
    await use({ process: child, port: Number(port) });
  } finally {
    child.kill("SIGKILL");
  }
}

async function request(port: number, path: string): Promise<IncomingMessage> {
  const [response] = (await once(get({ port, path, agent: false }), "response")) as [IncomingMessage];
  return response.setEncoding("utf8");
}

async function checkPage(port: number, title: string): Promise<void> {
  const response = await request(port, "/");
  let body = "";
  for await (const text of response) body += text;
  assert.equal(response.statusCode, 200);
  assert.match(response.headers["content-type"] ?? "", /^text\/html/);
  assert.equal(body, `<!doctype html><title>${title}</title>`);
  assert.equal((await request(port, "/nowhere")).resume().statusCode, 404);
}

/** Two events: the one that is sent at once, and one that is not. */
async function checkEventStream(port: number): Promise<IncomingMessage> {
  const response = await request(port, "/time");
  assert.equal(response.statusCode, 200);
  assert.equal(response.headers["content-type"], "text/event-stream");
  assert.equal(response.headers["cache-control"], "no-cache, no-transform");
  const events: ServerSentEvent[] = [];
  let retry: number | undefined;
  await new Promise<void>((resolve) => {
    const parser = new EventStreamParser({
      onEvent: (event) => {
        if (events.push(event) === 2) resolve();
      },
      onRetry: (milliseconds) => (retry = milliseconds),
    });
    response.on("data", (text: string) => parser.push(new TextEncoder().encode(text)));
  });
  assert.equal(retry, 1000);
  for (const { type, data } of events) {
    assert.equal(type, "time");
    assert.equal(new Date(data).toISOString(), data);
  }
  return response;
}

function checkOf(name: string, title: string): Check {
  return {
    name: `${title}: a page, an event stream, an echo, and a shutdown that says 1001`,
    run: () =>
      withExample(name, async (example) => {
        const { port } = example;
        const exit = once(example.process, "exit");
        const [line, stream] = await Promise.all([
          wsConnect(`ws://localhost:${port}/echo`),
          checkEventStream(port),
          checkPage(port, title),
        ]);
        for (const message of ["Hello", prose(10_000), Uint8Array.of(1, 2, 3)]) {
          line.socket.send(message);
          assert.deepEqual(await line.message(), message);
        }
        const cut = new Promise((resolve) => stream.on("close", resolve).on("error", resolve));
        example.process.kill("SIGTERM");
        assert.equal((await line.closed).code, 1001);
        await cut;
        assert.deepEqual(await exit, [0, null]);
      }),
  };
}

export const frameworks: Group = {
  title: "WebSockets and event streams beside other people's servers",
  checks: [checkOf("express", "Express"), checkOf("fastify", "Fastify"), checkOf("koa", "Koa")],
};
