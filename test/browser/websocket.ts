/**
 * The `WebSocket` of a browser and ours: the same page code in both, and what it saw has to be the same, on either end.
 *
 * No part of `npm test`, since it needs a browser: see run.ts.
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { RequestListener } from "node:http";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { WebSocket } from "../../src/node/client/websocket.ts";
import type { Handlers, Peer, PeerClosed } from "../../src/node/peer.ts";
import { type ServeOptions, type Server, serve } from "../../src/node/server/server.ts";
import { acceptValue } from "../../src/protocol/accept.ts";
import { CloseCode } from "../../src/protocol/close.ts";
import { bytesOf, concat, frame, KEY } from "../helpers/frames.ts";
import { Chromium } from "./chromium.ts";

const PAGE = "websocket-page.js";

interface Place {
  readonly url: string;
  /** Where a server breaks the rule that the path names. */
  readonly violating: string;
}

type Run = (place: Place & { readonly WebSocket: unknown }) => Promise<string[]>;

/** Compares. `path` is that of a browser. */
export async function compareWebSockets(path: string): Promise<void> {
  const seen: string[] = [];
  const server = await serve(behaviour(seen));
  const violator = await listenAndViolate();
  const place = {
    url: `ws://127.0.0.1:${server.port}`,
    violating: `ws://127.0.0.1:${(violator.address() as AddressInfo).port}`,
  };
  try {
    const inBrowser = [...(await runInBrowser(path, server, place)), ...(await seenBy(server, seen))];
    const { run } = (await import(new URL(PAGE, import.meta.url).href)) as { run: Run };
    const inNode = [...(await run({ WebSocket, ...place })), ...(await seenBy(server, seen))];
    for (const [at, line] of inBrowser.entries()) assert.equal(inNode[at], line);
    assert.equal(inNode.length, inBrowser.length);
    console.log(`our WebSocket and the browser's look alike: ${inNode.length} lines`);
  } finally {
    violator.close();
    await server.close({ timeout: 1000 });
  }
}

/** What the server has seen, once everybody has gone. There is no order among connections. */
async function seenBy(server: Server, seen: string[]): Promise<string[]> {
  await Promise.all(Array.from(server.peers, ({ closed }) => closed));
  return seen.splice(0).sort();
}

async function runInBrowser(path: string, server: Server, place: Place): Promise<string[]> {
  const chromium = await Chromium.start(path);
  try {
    const loaded = new Promise((resolve) => chromium.on("Page.loadEventFired", resolve));
    await chromium.send("Page.enable");
    await chromium.send("Page.navigate", { url: `http://127.0.0.1:${server.port}/` });
    await loaded;
    const module = JSON.stringify(`/${PAGE}`);
    return await chromium.evaluate(
      `import(${module}).then(({ run }) => run({ WebSocket, ...${JSON.stringify(place)} }))`,
    );
  } finally {
    await chromium.stop();
  }
}

// --- The server -------------------------------------------------------------------------------------------------

const page: RequestListener = (request, response) => {
  const isScript = request.url === `/${PAGE}`;
  response.setHeader("Content-Type", isScript ? "text/javascript" : "text/html");
  response.end(
    isScript ? readFileSync(new URL(PAGE, import.meta.url)) : "<!doctype html><title>A page</title>",
  );
};

/** What each path is for. The server notes what it is sent, and how connections end. */
function behaviour(seen: string[]): ServeOptions & Handlers {
  return {
    host: "127.0.0.1",
    subprotocols: ["chat", "other"],
    compression: { threshold: 0 },
    request: page,
    upgrade: ({ target }) => {
      if (target === "/refuse") return { status: 401 };
      return target === "/redirect" ? { status: 302, headers: { Location: "/echo" } } : undefined;
    },
    open(peer) {
      const { pathname, searchParams } = addressOf(peer);
      if (pathname === "/close") close(peer, searchParams);
      if (pathname === "/burst") burst(peer, searchParams);
    },
    message(peer, data) {
      const { pathname } = addressOf(peer);
      if (pathname === "/echo") peer.send(data);
      if (pathname === "/keep") seen.push(`${peer.target} was sent ${typeof data} ${data.length}`);
      if (pathname === "/burst" && data === "ready") peer.close(1000);
    },
    close(peer, { code, reason, clean, initiator }: PeerClosed) {
      // Whoever leaves while the connection opens may be accepted before, or not at all.
      if (peer.target === "/leave") return;
      // Chromium gives a server's reason back with its code; we give back the code.
      const said = initiator === "remote" ? JSON.stringify(reason) : "by the server";
      seen.push(`${peer.target} was closed ${clean} ${code} ${said}`);
    },
  };
}

function addressOf(peer: Peer): URL {
  return new URL(peer.target, "http://server");
}

function close(peer: Peer, asked: URLSearchParams): void {
  peer.close(Number(asked.get("code") ?? CloseCode.NoStatus), asked.get("reason") ?? "");
}

function burst(peer: Peer, asked: URLSearchParams): void {
  for (let count = 0; count < Number(asked.get("count")); count++) {
    peer.send(asked.has("binary") ? Uint8Array.of(count) : String(count));
  }
  if (asked.has("close")) peer.close(4000, "that was all");
}

// --- The server that breaks rules -------------------------------------------------------------------------------

const VIOLATIONS: Readonly<Record<string, Uint8Array>> = {
  "/masked": frame({ opcode: 1, payload: "masked", key: KEY }),
  "/reserved-bit": frame({ opcode: 1, rsv: 2, payload: "reserved" }),
  "/opcode": frame({ opcode: 3 }),
  "/utf-8": frame({ opcode: 1, payload: Uint8Array.of(0x61, 0xff) }),
  "/close-code": frame({ opcode: 8, payload: Uint8Array.of(1005 >> 8, 1005 & 0xff) }),
  "/continuation": frame({ opcode: 0, payload: "of nothing" }),
};

/** Answers each upgrade with a message that is good, and a frame that is not. */
async function listenAndViolate(): Promise<ReturnType<typeof createServer>> {
  const server = createServer((socket: Socket) => {
    socket.on("error", () => {});
    socket.once("data", (request) => {
      const [, path = ""] = /^GET (\S+)/.exec(String(request)) ?? [];
      const [, key = ""] = /^Sec-WebSocket-Key: (.*)\r$/im.exec(String(request)) ?? [];
      const head = [
        "HTTP/1.1 101 Switching Protocols",
        "Upgrade: websocket",
        "Connection: Upgrade",
        `Sec-WebSocket-Accept: ${acceptValue(key)}`,
        "\r\n",
      ].join("\r\n");
      socket.write(concat(bytesOf(head), frame({ opcode: 1, payload: "good" }), VIOLATIONS[path]!));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}
