/**
 * How fast the core is by itself, fed from memory: no socket, no kernel. Medians of several rounds.
 *
 *   npm run bench                  all workloads, on the built core
 *   npm run bench -- text echo     only those whose names contain one of these words
 */

import { Connection } from "../dist/protocol/connection.js";
import { writeHeader } from "../dist/protocol/frame.js";

const CHUNK = 64 * 1024;
const ROUNDS = 7;
const ROUND_MS = 200;

/** A chunk as full of masked frames as it can be. */
function chunkOf(first, payload) {
  const bytes = new Uint8Array(CHUNK);
  let at = 0;
  let frames = 0;
  while (at + payload.length + 14 <= CHUNK) {
    at = writeHeader(bytes, at, first, payload.length, 0x12345678);
    for (let index = 0; index < payload.length; index++) {
      bytes[at + index] = payload[index] ^ [0x12, 0x34, 0x56, 0x78][index & 3];
    }
    at += payload.length;
    frames++;
  }
  return { bytes: bytes.subarray(0, at), frames };
}

let sink = 0;

class Receiver {
  write(bytes) {
    sink += bytes.length;
    return true;
  }
  end() {}
  onText(data) {
    sink += data.length;
  }
  onBinary(data) {
    sink += data.length;
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

function received(name, handler, { bytes, frames }) {
  const connection = new Connection("server", handler);
  if (handler instanceof Echo) handler.connection = connection;
  // Unmasking in place changes the chunk; a fresh one is copied from the original each time, as a socket would do.
  const chunk = new Uint8Array(bytes.length);
  return {
    name,
    run() {
      chunk.set(bytes);
      connection.receive(chunk);
      return frames;
    },
  };
}

function fragments() {
  const handler = new Receiver();
  const connection = new Connection("server", handler);
  const parts = [];
  for (let index = 0; index < 16_384; index++) {
    const frame = new Uint8Array(7);
    writeHeader(frame, 0, (index === 0 ? 2 : 0) | (index === 16_383 ? 0x80 : 0), 1, 0x12345678);
    parts.push(frame);
  }
  const bytes = Buffer.concat(parts);
  const chunk = new Uint8Array(bytes.length);
  return {
    name: "receive a message in 16,384 one-byte fragments (per fragment)",
    run() {
      chunk.set(bytes);
      for (let at = 0; at < chunk.length; at += CHUNK) connection.receive(chunk.subarray(at, at + CHUNK));
      return 16_384;
    },
  };
}

const binary = (size) => Uint8Array.from({ length: size }, (_, index) => (index * 7) & 0xff);
const ascii = (size) => new TextEncoder().encode("The quick brown fox. ".repeat(size).slice(0, size));
const greek = (size) =>
  new TextEncoder().encode("κόσμε ".repeat(size).slice(0, size / 2)).slice(0, size & ~1);

const workloads = [
  ...[16, 128, 1024, 16_384].map((size) =>
    received(`receive binary ${size} B`, new Receiver(), chunkOf(0x82, binary(size))),
  ),
  ...[16, 128, 1024].map((size) =>
    received(`receive text ${size} B`, new Receiver(), chunkOf(0x81, ascii(size))),
  ),
  received("receive text 128 B, Greek", new Receiver(), chunkOf(0x81, greek(128))),
  ...[16, 128, 1024].map((size) =>
    received(`echo binary ${size} B`, new Echo(), chunkOf(0x82, binary(size))),
  ),
  ...[16, 128, 1024].map((size) => received(`echo text ${size} B`, new Echo(), chunkOf(0x81, ascii(size)))),
  fragments(),
];

const wanted = process.argv.slice(2);
for (const { name, run } of workloads) {
  if (wanted.length > 0 && !wanted.some((word) => name.includes(word))) continue;
  const rates = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const start = performance.now();
    let messages = 0;
    while (performance.now() - start < ROUND_MS) messages += run();
    // The first round warms up.
    if (round > 0) rates.push((messages / (performance.now() - start)) * 1000);
  }
  rates.sort((a, b) => a - b);
  const median = rates[ROUNDS >> 1];
  console.log(
    `${name.padEnd(62)} ${(median / 1e6).toFixed(2).padStart(8)} M/s ${(1e9 / median).toFixed(1).padStart(9)} ns`,
  );
}
if (sink < 0) console.log(sink);
