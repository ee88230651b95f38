/**
 * Target: the parser of undici, a client's, reads what ours reads.
 *
 * `undici/lib/web/websocket/receiver.js` is driven with a handler that does what the one of its WebSocket class does.
 */

import type { Writable } from "node:stream";
import { type End, type Peer, type Reading, type Setting, type Told, targetAgainst } from "./against.ts";
import { loadPeer } from "./peer-packages.ts";

interface Closing {
  readonly code: number | undefined;
  readonly reason: string;
}

interface ByteParser extends Writable {
  readonly closingInfo?: Closing & { readonly error: boolean };
}

const FOLDER = "undici/lib/web/websocket";
const { ByteParser } = loadPeer<{
  readonly ByteParser: new (
    handler: unknown,
    extensions: Map<string, string>,
    options: { maxPayloadSize: number },
  ) => ByteParser;
}>(`${FOLDER}/receiver.js`);
const { failWebsocketConnection } = loadPeer<{
  failWebsocketConnection(handler: unknown, code: number, reason: string): void;
}>(`${FOLDER}/connection.js`);
const { utf8Decode } = loadPeer<{ utf8Decode(data: Buffer): string }>(`${FOLDER}/util.js`);

const OPEN = 1;
const TEXT = 1;

async function read({ compressed, limit }: Setting, chunks: Iterable<Uint8Array>): Promise<Reading> {
  const events: Told[] = [];
  let failed: End | undefined;
  let written: Uint8Array = new Uint8Array(0);
  /** What ends a connection is not always followed by the callback of the write that brought it. */
  let stop: (value?: unknown) => void = () => {};
  let state = OPEN;
  const socket = {
    destroyed: false,
    writableNeedDrain: false,
    write: (bytes: Uint8Array) => {
      written = bytes;
    },
    destroy: () => {
      socket.destroyed = true;
    },
  };
  const handler = {
    get readyState() {
      return state;
    },
    set readyState(value: number) {
      state = value;
      stop();
    },
    closeState: new Set(),
    socket,
    controller: {
      abort: () => {
        failed ??= { how: "failed", code: codeIn(written) };
        stop();
      },
    },
    onMessage: (opcode: number, data: Buffer) => {
      if (handler.readyState !== OPEN) return;
      if (opcode !== TEXT) {
        events.push({ type: "binary", data: new Uint8Array(data) });
        return;
      }
      try {
        events.push({ type: "text", data: utf8Decode(data) });
      } catch {
        failWebsocketConnection(handler, 1007, "Received invalid UTF-8 in text frame.");
      }
    },
    onPing: (data: Buffer) => tellControl("ping", data),
    onPong: (data: Buffer) => tellControl("pong", data),
  };
  const tellControl = (type: "ping" | "pong", data: Buffer): void => {
    if (handler.readyState === OPEN) events.push({ type, data: new Uint8Array(data) });
  };
  const extensions = new Map(compressed ? [["permessage-deflate", ""]] : []);
  const parser = new ByteParser(handler, extensions, { maxPayloadSize: limit });
  for (const chunk of chunks) {
    await new Promise((resolve) => {
      stop = resolve;
      parser.write(Buffer.from(chunk), resolve);
    });
    if (handler.readyState !== OPEN) break;
  }
  return { events, end: failed ?? endOf(parser) };
}

/** The code in a Close frame from a client, which is masked. */
function codeIn(frame: Uint8Array): number {
  const at = frame.length - (frame[1]! & 0x7f);
  const key = frame.subarray(at - 4, at);
  return ((frame[at]! ^ key[0]!) << 8) | (frame[at + 1]! ^ key[1]!);
}

function endOf({ closingInfo }: ByteParser): End {
  if (closingInfo === undefined) return { how: "waiting" };
  return { how: "closed", code: closingInfo.code ?? 1005, reason: closingInfo.reason };
}

export const peer: Peer = { name: "undici", roles: ["client"], read };

export const target = targetAgainst(peer);
