/** The core by itself, fed from memory: no socket, no kernel. Each workload: who does it, and one step of it. */

import { ByteBuffer } from "../../dist/bytes.js";
import { portable } from "../../dist/deflate/index.js";
import { useEngine } from "../../dist/node/machine.js";
import { native } from "../../dist/node/zlib.js";
import { Connection } from "../../dist/protocol/connection.js";
import { writeHeader } from "../../dist/protocol/frame.js";
import { mask, useWideWords, wordsOf } from "../../dist/protocol/mask.js";
import { ServerHandshake } from "../../dist/protocol/server-handshake.js";
import { payloadOf } from "../lib/payloads.mjs";

const CHUNK = 64 * 1024;
const KEY = 0x12345678;
const [FIN, TEXT, BINARY, PONG] = [0x80, 0x1, 0x2, 0xa];

// --- What is fed ------------------------------------------------------------------------------------------------

function frame(first, payload) {
  const bytes = new Uint8Array(payload.length + 14);
  const start = writeHeader(bytes, 0, first, payload.length, KEY);
  bytes.set(payload, start);
  mask(bytes, start, start + payload.length, KEY, 0);
  return bytes.subarray(0, start + payload.length);
}

/** A chunk as full of frames as it can be. */
function chunkOf(first, payload) {
  const one = frame(first, payload);
  const frames = Math.floor(CHUNK / one.length);
  const bytes = new Uint8Array(frames * one.length);
  for (let index = 0; index < frames; index++) bytes.set(one, index * one.length);
  return { bytes, operations: frames };
}

function fragments(count) {
  const one = Uint8Array.of(0);
  const frames = Array.from({ length: count }, (_, index) =>
    frame((index === 0 ? BINARY : 0) | (index === count - 1 ? FIN : 0), one),
  );
  return { bytes: Buffer.concat(frames), operations: count };
}

// --- Who takes it -----------------------------------------------------------------------------------------------

/** Its sum keeps the engine from leaving out what nobody would miss. */
export const sink = { bytes: 0 };

class Receiver {
  write(bytes) {
    sink.bytes += bytes.length;
    return true;
  }
  end() {}
  onText(data) {
    sink.bytes += data.length;
  }
  onBinary(data) {
    sink.bytes += data.length;
  }
}

class Echo extends Receiver {
  connection = undefined;

  onText(data) {
    this.connection.sendText(data);
  }
  onBinary(data) {
    this.connection.sendBinary(data);
  }
}

function fed(handler, { bytes, operations }) {
  const connection = new Connection("server", handler);
  if (handler instanceof Echo) handler.connection = connection;
  // Unmasking in place changes the chunk: it is copied from the original each time, as a socket would do.
  const chunk = new Uint8Array(CHUNK);
  return () => {
    for (let at = 0; at < bytes.length; at += CHUNK) {
      const part = bytes.subarray(at, at + CHUNK);
      chunk.set(part);
      connection.receive(chunk.subarray(0, part.length));
    }
    return operations;
  };
}

/** A view of each message, and nothing else: what `onBinary` hands out has to be made. */
function handedOut() {
  const chunk = new Uint8Array(CHUNK);
  return () => {
    for (let at = 0; at < CHUNK; at += 128) sink.bytes += chunk.subarray(at, at + 128).length;
    return CHUNK / 128;
  };
}

function masking(size, wide) {
  // As in a chunk of many frames: the words are those of more than one payload.
  const bytes = payloadOf("binary", Math.max(size, 4096));
  useWideWords(wide);
  const words = wordsOf(bytes);
  return () => {
    for (let index = 0; index < 1000; index++) mask(bytes, 0, size, KEY, 0, words);
    return 1000;
  };
}

// --- Compression ------------------------------------------------------------------------------------------------

const SETTINGS = { windowBits: 15, level: 6, memoryLevel: 8 };
const OPERATIONS = 20;

function deflating(codec, size) {
  const deflater = codec.deflater(SETTINGS);
  const plain = payloadOf("json", size);
  const output = new ByteBuffer();
  return () => {
    for (let index = 0; index < OPERATIONS; index++) {
      output.clear();
      deflater.deflate(plain, output);
      deflater.reset();
    }
    return OPERATIONS;
  };
}

function inflating(codec, size) {
  const coded = new ByteBuffer();
  native.deflater(SETTINGS).deflate(payloadOf("json", size), coded);
  const bytes = coded.view().slice();
  const inflater = codec.inflater(SETTINGS.windowBits);
  const output = new ByteBuffer();
  return () => {
    for (let index = 0; index < OPERATIONS; index++) {
      output.clear();
      inflater.inflate(bytes, output, size);
      inflater.reset();
    }
    sink.bytes += output.length;
    return OPERATIONS;
  };
}

// --- The handshake ----------------------------------------------------------------------------------------------

const REQUEST = new TextEncoder().encode(
  [
    "GET /chat?room=7 HTTP/1.1",
    "Host: server.example.com",
    "Connection: keep-alive, Upgrade",
    "Pragma: no-cache",
    "Cache-Control: no-cache",
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)",
    "Upgrade: websocket",
    "Origin: http://server.example.com",
    "Sec-WebSocket-Version: 13",
    "Accept-Encoding: gzip, deflate",
    "Accept-Language: en-GB,en;q=0.9",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits",
    "\r\n",
  ].join("\r\n"),
);

function handshaking() {
  return () => {
    for (let index = 0; index < 100; index++) {
      const result = new ServerHandshake().receive(REQUEST);
      sink.bytes += result.response.length;
    }
    return 100;
  };
}

// --- The list ---------------------------------------------------------------------------------------------------

/** The core as it is everywhere, and as it is once a server or client on Node has told it of the machine. */
function twice(id, title, start) {
  const onNode = () => {
    useEngine();
    return start();
  };
  return [
    { id, title, peer: "ours", start },
    { id, title, peer: "ours on Node", start: onNode },
  ];
}

function messages(verb, handler, kind, size) {
  const opcode = kind === "binary" ? BINARY : TEXT;
  return twice(`micro-${verb}-${kind}-${size}`, `${verb} ${kind} ${size} B`, () =>
    fed(handler(), chunkOf(FIN | opcode, payloadOf(kind, size))),
  );
}

const receive = (kind, size) => messages("receive", () => new Receiver(), kind, size);
const echo = (kind, size) => messages("echo", () => new Echo(), kind, size);

export const workloads = [
  ...[16, 128, 1024, 16_384].flatMap((size) => receive("binary", size)),
  {
    id: "micro-receive-binary-128",
    title: "receive binary 128 B",
    peer: "view",
    start: handedOut,
  },
  ...[16, 128, 1024, 4096].flatMap((size) => receive("ascii", size)),
  ...[128, 4096].flatMap((size) => receive("multibyte", size)),
  ...[16, 128, 1024].flatMap((size) => echo("binary", size)),
  ...[16, 128, 1024].flatMap((size) => echo("ascii", size)),
  ...echo("multibyte", 128),
  {
    id: "micro-fragments",
    title: "receive one-byte fragments, 16,384 to a message (per fragment)",
    peer: "ours",
    start: () => fed(new Receiver(), fragments(16_384)),
  },
  {
    id: "micro-header",
    title: "receive empty Pong frames: headers only",
    peer: "ours",
    start: () => fed(new Receiver(), chunkOf(FIN | PONG, new Uint8Array())),
  },
  ...[16, 128, 1024, 65_536].map((size) => ({
    id: `micro-mask-${size}`,
    title: `mask ${size} B`,
    peer: "ours",
    start: () => masking(size, false),
  })),
  ...[128, 1024, 65_536].map((size) => ({
    id: `micro-mask-wide-${size}`,
    title: `mask ${size} B, by words of 64 bits`,
    peer: "ours",
    start: () => masking(size, true),
  })),
  ...[128, 1024, 16_384].flatMap((size) =>
    [
      ["inflate", inflating],
      ["deflate", deflating],
    ].flatMap(([verb, start]) =>
      [
        ["ours", portable],
        ["native", native],
      ].map(([peer, codec]) => ({
        id: `micro-${verb}-${size}`,
        title: `${verb} ${size} B of JSON${verb === "deflate" ? ", level 6" : ""}`,
        peer,
        start: () => start(codec, size),
      })),
    ),
  ),
  ...twice("micro-handshake", "a browser's opening handshake: read, judged, accepted", handshaking),
];
