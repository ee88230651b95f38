/**
 * The load generator where there is no C compiler, or no Linux: the same modes, options, scripts and output as those of
 * generator.c, which explains them. It is slower than some of the servers it meets: README.md says by how much.
 */

import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { parseArgs } from "node:util";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    port: { type: "string" },
    script: { type: "string" },
    connections: { type: "string", default: "64" },
    inflight: { type: "string", default: "1" },
    warmup: { type: "string", default: "0.5" },
    seconds: { type: "string", default: "1" },
    hosts: { type: "string", default: "1" },
  },
});
const [mode] = positionals;
const count = Number(values.connections);
const inflight = Number(values.inflight);
const hosts = Number(values.hosts);

function fail(reason) {
  process.stderr.write(`${reason}\n`);
  process.exit(1);
}

function say(event) {
  process.stdout.write(`${JSON.stringify(event)}\n`);
}

// --- The script -------------------------------------------------------------------------------------------------

const [FRAMES, BYTES, MARKS] = [0, 1, 2];
const script = readScript(readFileSync(values.script));

function readScript(bytes) {
  const prelude = bytes.readUInt32LE(8);
  const total = prelude + bytes.readUInt32LE(12);
  const data = 40 + 32 * total;
  const place = (at) => data + Number(bytes.readBigUInt64LE(at));
  const part = (at) => bytes.subarray(place(at), place(at + 8));
  const indices = Array.from({ length: total }, (_, index) => 40 + 32 * index);
  const request = data + Number(bytes.readBigUInt64LE(32));
  return {
    prelude,
    total,
    counting: bytes.readUInt32LE(16),
    answersVary: (bytes.readUInt32LE(20) & 1) !== 0,
    sent: indices.map(part),
    answers: indices.map((at) => part(at + 16)),
    /** Messages that follow each other, as one piece. */
    run: (from, until) => bytes.subarray(place(40 + 32 * from), place(40 + 32 * (until - 1) + 8)),
    request: bytes.subarray(request, request + Number(bytes.readBigUInt64LE(24))),
  };
}

const after = (index) => (index + 1 === script.total ? script.prelude : index + 1);

// --- Connections ------------------------------------------------------------------------------------------------

const clock = () => performance.now();
let opened = 0;
let completed = 0;
let verifying = true;
let turn = 0;
const latencies = [];

function record(milliseconds) {
  if (!verifying) latencies.push(milliseconds);
}

class Client {
  number;
  state = "connecting";
  next = 0;
  sent = 0;
  answer = 0;
  got = 0;
  received = 0;
  opcode = 0;
  timed = undefined;
  timedAt = 0;
  /** What is left of the frame, and the header that a chunk's end tore. */
  #left = 0;
  #isLast = false;
  #torn = undefined;
  #head = "";
  #socket;

  constructor(number) {
    this.number = number;
    const host = `127.0.0.${1 + (turn++ % hosts)}`;
    this.#socket = connect({ host, port: Number(values.port), noDelay: true });
    this.#socket.on("connect", () => this.#connected());
    this.#socket.on("data", (chunk) => this.#receive(chunk));
    this.#socket.on("error", (error) => fail(`${error.message} (connection ${number})`));
    this.#socket.on("close", () => this.#closed());
  }

  #connected() {
    this.timedAt = clock();
    const asks = script.request.length > 0 && !(script.counting === MARKS && this.number === 0);
    this.state = "head";
    if (asks) this.#socket.write(script.request);
    else this.#ready();
  }

  #ready() {
    this.state = "open";
    opened++;
    if (mode === "handshake") {
      this.state = "leaving";
      this.#socket.write(script.sent[0]);
    }
  }

  #closed() {
    if (this.state !== "leaving" || this.opcode !== 8) fail(`the server left (connection ${this.number})`);
    record(clock() - this.timedAt);
    completed++;
    new Client(this.number);
  }

  send(messages) {
    if (this.timed === undefined) {
      this.timed = this.sent;
      this.timedAt = clock();
    }
    this.sent += messages;
    for (let left = messages; left > 0; ) {
      const until = Math.min(script.total, this.next + left);
      this.#socket.write(script.run(this.next, until));
      left -= until - this.next;
      this.next = until === script.total ? script.prelude : until;
    }
  }

  #receive(chunk) {
    const before = this.received;
    const rest = this.state === "head" ? this.#receiveHead(chunk) : chunk;
    if (script.counting === FRAMES) this.#receiveFrames(rest);
    else if (script.counting === BYTES) this.#receiveBytes(rest);
    else this.#receiveMarks(rest);
    if (mode !== "echo" || this.received === before) return;
    if (this.received > this.timed) {
      record(clock() - this.timedAt);
      this.timed = undefined;
    }
    this.send(this.received - before);
  }

  #receiveHead(chunk) {
    const before = this.#head.length;
    this.#head += chunk.toString("latin1");
    const end = this.#head.indexOf("\r\n\r\n");
    if (end < 0) return chunk.subarray(chunk.length);
    if (!/^HTTP\/1\.1 (101|200) /.test(this.#head))
      fail(`the server answered: ${this.#head.split("\r\n")[0]}`);
    this.#ready();
    return chunk.subarray(end + 4 - before);
  }

  #receiveFrames(chunk) {
    let bytes = chunk;
    if (this.#torn !== undefined) {
      bytes = Buffer.concat([this.#torn, chunk]);
      this.#torn = undefined;
    }
    for (let at = 0; at < bytes.length; ) {
      if (this.#left === 0) {
        const size = this.#begin(bytes, at);
        if (size === 0) {
          this.#torn = bytes.subarray(at);
          return;
        }
        at += size;
      }
      const length = Math.min(this.#left, bytes.length - at);
      if (this.opcode < 8) {
        if (verifying && !script.answersVary) this.#compare(bytes, at, length);
        this.got += length;
      }
      at += length;
      this.#left -= length;
      if (this.#left === 0 && this.#isLast && this.opcode < 8) this.#answered();
    }
  }

  /** Reads a header; returns its size, or 0 if there is not all of it. */
  #begin(bytes, at) {
    const available = bytes.length - at;
    if (available < 2) return 0;
    const length = bytes[at + 1];
    const size = length < 126 ? 2 : length === 126 ? 4 : 10;
    if (available < size) return 0;
    this.#isLast = bytes[at] >= 0x80;
    this.opcode = bytes[at] & 15;
    if (length > 127 || (bytes[at] & 0x30) !== 0) fail("a frame that no server may send");
    if (this.opcode === 8 && this.state === "open") fail("the server closed a connection");
    this.#left =
      size === 2 ? length : size === 4 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2));
    return size;
  }

  #receiveBytes(bytes) {
    for (let at = 0; at < bytes.length; ) {
      const length = Math.min(script.answers[this.answer].length - this.got, bytes.length - at);
      if (verifying) this.#compare(bytes, at, length);
      at += length;
      this.got += length;
      if (this.got === script.answers[this.answer].length) this.#answered();
    }
  }

  #receiveMarks(bytes) {
    if (this.number === 0) return;
    for (let at = bytes.indexOf("!"); at >= 0; at = bytes.indexOf("!", at + 1)) {
      this.received++;
      completed++;
    }
  }

  #compare(bytes, at, length) {
    const expected = script.answers[this.answer];
    if (this.got + length > expected.length) fail("an answer longer than the message");
    if (bytes.compare(expected, this.got, this.got + length, at, at + length) !== 0) {
      fail(`an answer that is not the message (from byte ${this.got} on)`);
    }
  }

  #answered() {
    const { length } = script.answers[this.answer];
    if (!script.answersVary && this.got !== length) fail(`an answer of ${this.got} bytes, not ${length}`);
    this.got = 0;
    this.answer = after(this.answer);
    this.received++;
    completed++;
  }
}

// --- The modes --------------------------------------------------------------------------------------------------

const OPENING_AT_ONCE = 128;
const SETTLING = 300;
const PATIENCE = 20_000;

const clients = [];
let expected = 0;
let publishedAt = 0;

const breath = () => new Promise((resolve) => setImmediate(resolve));

async function openAll() {
  while (opened < count) {
    while (clients.length < count && clients.length - opened < OPENING_AT_ONCE) {
      clients.push(new Client(clients.length));
    }
    await breath();
  }
  say({ event: "open", connections: count });
}

function publishWhenDue() {
  if (completed < expected) return;
  if (expected > 0) record(clock() - publishedAt);
  expected += inflight * (script.counting === MARKS ? count - 1 : count);
  publishedAt = clock();
  clients[0].send(inflight);
}

async function runUntil(time) {
  const before = completed;
  let last = completed;
  let lastAt = clock();
  for (let now = lastAt; now < time || completed === before || completed < expected; now = clock()) {
    if (mode === "fanout") publishWhenDue();
    await breath();
    if (completed !== last) {
      last = completed;
      lastAt = now;
    } else if (now - lastAt > PATIENCE) fail(`nothing has come for ${PATIENCE / 1000} s`);
  }
}

async function measure() {
  if (mode === "fanout") await new Promise((resolve) => setTimeout(resolve, SETTLING));
  if (mode === "echo") for (const client of clients) client.send(inflight);
  await runUntil(clock() + Number(values.warmup) * 1000);
  verifying = false;
  const before = completed;
  const start = clock();
  say({ event: "measure" });
  await runUntil(start + Number(values.seconds) * 1000);
  const seconds = (clock() - start) / 1000;
  latencies.sort((a, b) => a - b);
  const quantile = (part) => (latencies[Math.floor(part * latencies.length)] ?? 0) * 1000;
  say({ event: "done", messages: completed - before, seconds, p50: quantile(0.5), p99: quantile(0.99) });
  process.exit();
}

async function hold() {
  for (const client of inflight > 0 ? clients : []) client.send(inflight);
  while (completed < inflight * count) await breath();
  say({ event: "holding" });
  process.stdin.resume().on("end", () => process.exit());
}

if (mode === "handshake") {
  for (let number = 0; number < count; number++) clients.push(new Client(number));
  await measure();
} else {
  await openAll();
  await (mode === "hold" ? hold() : measure());
}
