/** Target: the receiver of ws reads what ours reads. `ws/lib/receiver.js` is driven as its WebSocket class does it. */

import type { Writable } from "node:stream";
import { type End, type Peer, type Reading, type Setting, type Told, targetAgainst } from "./against.ts";
import { loadPeer } from "./peer-packages.ts";

interface ReceiverOptions {
  readonly isServer: boolean;
  readonly maxPayload: number;
  readonly extensions: Record<string, unknown>;
}

interface PerMessageDeflate {
  accept(configurations: readonly object[]): object;
}

const Receiver = loadPeer<new (options: ReceiverOptions) => Writable>("ws/lib/receiver.js");
const PerMessageDeflate = loadPeer<new (options: Omit<ReceiverOptions, "extensions">) => PerMessageDeflate>(
  "ws/lib/permessage-deflate.js",
);
const { kStatusCode } = loadPeer<{ readonly kStatusCode: symbol }>("ws/lib/constants.js");

async function read({ role, compressed, limit }: Setting, chunks: Iterable<Uint8Array>): Promise<Reading> {
  const events: Told[] = [];
  let end: End = { how: "waiting" };
  const options = { isServer: role === "server", maxPayload: limit };
  const extensions: Record<string, unknown> = {};
  if (compressed) {
    const extension = new PerMessageDeflate(options);
    extension.accept([{}]);
    extensions["permessage-deflate"] = extension;
  }
  const receiver = new Receiver({ ...options, extensions });
  const bytes = (data: Buffer): Uint8Array => new Uint8Array(data);
  receiver.on("message", (data: Buffer, isBinary: boolean) => {
    events.push(isBinary ? { type: "binary", data: bytes(data) } : { type: "text", data: data.toString() });
  });
  receiver.on("ping", (data: Buffer) => events.push({ type: "ping", data: bytes(data) }));
  receiver.on("pong", (data: Buffer) => events.push({ type: "pong", data: bytes(data) }));
  receiver.on("conclude", (code: number, reason: Buffer) => {
    end = { how: "closed", code, reason: reason.toString() };
  });
  receiver.on("error", (error: Error & Record<symbol, number>) => {
    end = { how: "failed", code: error[kStatusCode]! };
  });
  for (const chunk of chunks) {
    await new Promise((resolve) => receiver.write(Buffer.from(chunk), resolve));
    if (hasEnded(end)) break;
  }
  return { events, end };
}

/** Asked in a function, since the compiler does not know that the listeners have been called. */
function hasEnded({ how }: End): boolean {
  return how !== "waiting";
}

export const peer: Peer = { name: "ws", roles: ["server", "client"], read };

export const target = targetAgainst(peer);
