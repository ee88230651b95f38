/**
 * Writes fuzz/corpus/ from readable sources: `npx tsx fuzz/make-corpus.ts`.
 *
 * A few small inputs for each target, each with something of its own. The first bytes are the target's settings, in
 * the order that its header gives: 0 is always the plainest choice.
 */

import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { constants, deflateRawSync } from "node:zlib";
import { bytesOf, concat, frame, hex, KEY, type TestFrame } from "../test/helpers/frames.ts";
import { CORPUS_DIRECTORY } from "./corpus.ts";
import { Random } from "./random.ts";
import { ACCEPT } from "./targets/handshake-client.ts";

type Inputs = Record<string, Uint8Array>;

/** The same ending for every input of a record: `settings` in front of each. */
function withSettings(settings: readonly number[], inputs: Inputs, suffix = ""): Inputs {
  const entries = Object.entries(inputs).map(([name, bytes]) => {
    return [name + suffix, concat(Uint8Array.from(settings), bytes)] as const;
  });
  return Object.fromEntries(entries);
}

// --- Frames -----------------------------------------------------------------------------------------------------

/** What RFC 7692 §7.2.1 leaves of a message: without the last four octets. */
function compressed(text: string, options: { level?: number; strategy?: number } = {}): Uint8Array {
  return deflateRawSync(text, { ...options, finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);
}

const NORMAL = concat(Uint8Array.of(0x03, 0xe8), bytesOf("done"));

const conversations: Record<string, readonly TestFrame[]> = {
  text: [{ opcode: 1, payload: "Hello" }],
  "text-utf8": [{ opcode: 1, payload: "κόσμε, Grüße, 日本, 😀" }],
  "text-invalid": [{ opcode: 1, payload: hex("48 69 ed a0 80 21") }],
  binary: [{ opcode: 2, payload: hex("00 ff 80 7f") }],
  empty: [{ opcode: 1 }, { opcode: 2 }, { opcode: 9 }, { opcode: 10 }],
  "length-16": [{ opcode: 2, payload: new Uint8Array(126).fill(7) }],
  fragments: [
    { opcode: 1, fin: false, payload: hex("e2 82") },
    { opcode: 9, payload: "in between" },
    { opcode: 0, fin: false },
    { opcode: 0, payload: hex("ac") },
  ],
  "ping-pong": [
    { opcode: 9, payload: "ping" },
    { opcode: 10, payload: "pong" },
    { opcode: 1, payload: "still here" },
  ],
  "longest-ping": [{ opcode: 9, payload: new Uint8Array(125).fill(0x70) }],
  close: [{ opcode: 8, payload: NORMAL }],
  "close-empty": [{ opcode: 8 }],
  "close-one-byte": [{ opcode: 8, payload: hex("03") }],
  "text-then-close": [
    { opcode: 1, payload: "a" },
    { opcode: 8, payload: NORMAL },
    { opcode: 1, payload: "too late" },
  ],
  "continuation-first": [{ opcode: 0, payload: "of nothing" }],
  "text-in-text": [
    { opcode: 1, fin: false, payload: "a" },
    { opcode: 1, payload: "b" },
  ],
  "ping-too-long": [{ opcode: 9, payload: new Uint8Array(126) }],
  "ping-fragmented": [{ opcode: 9, fin: false }],
  "reserved-bit": [{ opcode: 1, rsv: 1, payload: "a" }],
};

const overLimit: Record<string, readonly TestFrame[]> = {
  "over-limit": [
    { opcode: 2, fin: false, payload: "1234" },
    { opcode: 0, fin: false, payload: "5678" },
    { opcode: 0, payload: "9012" },
  ],
};

const compressedConversations: Record<string, readonly TestFrame[]> = {
  "compressed-fixed": [{ opcode: 1, rsv: 4, payload: compressed("Hello") }],
  "compressed-dynamic": [{ opcode: 1, rsv: 4, payload: compressed(someText(600)) }],
  "compressed-stored": [{ opcode: 2, rsv: 4, payload: compressed("Hello", { level: 0 }) }],
  "compressed-empty": [{ opcode: 2, rsv: 4, payload: hex("00") }],
  "compressed-twice": [
    { opcode: 1, rsv: 4, payload: compressed("Hello") },
    { opcode: 1, rsv: 4, payload: hex("f2 00 11 00 00") },
  ],
  "compressed-binary": [
    { opcode: 2, rsv: 4, payload: compressed("the first one") },
    { opcode: 2, rsv: 4, payload: compressed("another one") },
  ],
  "compressed-fragments": [
    { opcode: 1, rsv: 4, fin: false, payload: hex("f2 48 cd") },
    { opcode: 9 },
    { opcode: 0, payload: hex("c9 c9 07 00") },
  ],
  "compressed-bomb": [{ opcode: 2, rsv: 4, payload: compressed("\0".repeat(100_000)) }],
  "compressed-cut": [{ opcode: 2, rsv: 4, payload: compressed(someText(600)).subarray(0, 50) }],
  "compressed-corrupt": [{ opcode: 2, rsv: 4, payload: hex("ff ff") }],
  "plain-beside": [
    { opcode: 1, payload: "plain" },
    { opcode: 1, rsv: 4, payload: compressed("not plain") },
  ],
};

function toServer(sources: Record<string, readonly TestFrame[]>): Inputs {
  return wires(sources, { key: KEY });
}

function toClient(sources: Record<string, readonly TestFrame[]>): Inputs {
  return wires(sources, {});
}

function wires(sources: Record<string, readonly TestFrame[]>, common: { key?: readonly number[] }): Inputs {
  const entries = Object.entries(sources).map(([name, list]) => {
    return [name, concat(...list.map((one) => frame({ ...one, ...common })))] as const;
  });
  return Object.fromEntries(entries);
}

/** Every third: towards a client the same things happen, without a mask. */
function some<Source>(sources: Record<string, Source>): Record<string, Source> {
  return Object.fromEntries(Object.entries(sources).filter((_, index) => index % 3 === 0));
}

const oddHeaders: Inputs = {
  "length-not-minimal": hex("82 fe 00 01 00 00 00 00 61"),
  "length-64": hex("82 ff 00 00 00 00 00 01 00 00 00 00 00 00 61"),
  "length-top-bit": hex("82 ff 80 00 00 00 00 00 00 00"),
  "length-unsafe": hex("82 ff 00 20 00 00 00 00 00 00"),
  unmasked: hex("81 01 61"),
  torn: hex("82 fe 01"),
};

// --- Handshakes -------------------------------------------------------------------------------------------------

function head(...lines: readonly string[]): Uint8Array {
  return bytesOf(`${lines.join("\r\n")}\r\n\r\n`);
}

const REQUEST = [
  "GET /chat HTTP/1.1",
  "Host: example.com",
  "Upgrade: websocket",
  "Connection: Upgrade",
] as const;
const ASK = ["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13"] as const;
const RESPONSE = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"] as const;
const ANSWER = `Sec-WebSocket-Accept: ${ACCEPT}`;

const requests: Inputs = {
  plain: head(...REQUEST, ...ASK),
  "with-rest": concat(head(...REQUEST, ...ASK), hex("81 81 00 00 00 00 61")),
  offers: head(
    ...REQUEST,
    ...ASK,
    "Origin: http://example.com",
    "Sec-WebSocket-Protocol: superchat, chat",
    "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits; server_max_window_bits=10",
    'Sec-WebSocket-Extensions: x-unknown; a="b", permessage-deflate',
  ),
  lists: head(
    "",
    "GET http://[::1]:8080?q HTTP/1.1",
    "Host: [::1]:8080",
    "Upgrade: h2c , WebSocket",
    "Connection: keep-alive,Upgrade",
    ...ASK,
  ),
  "plain-get": head("GET / HTTP/1.1", "Host: example.com"),
  "head-method": head("HEAD / HTTP/1.1", "Host: example.com"),
  post: head("POST / HTTP/1.1", "Host: example.com", "Content-Length: 3"),
  "version-8": head(...REQUEST, ASK[0], "Sec-WebSocket-Version: 8"),
  "no-key": head(...REQUEST, ASK[1]),
  "two-hosts": head(...REQUEST, "Host: example.org", ...ASK),
  folded: head(...REQUEST, " folded", ...ASK),
  "line-feeds": bytesOf("GET / HTTP/1.1\nHost: example.com\n\n"),
  "old-http": head("GET / HTTP/1.0"),
  cut: head(...REQUEST, ...ASK).subarray(0, 60),
};

const responses: Inputs = {
  plain: head(...RESPONSE, ANSWER),
  "with-rest": concat(head(...RESPONSE, ANSWER), hex("81 01 61")),
  chosen: head(
    ...RESPONSE,
    ANSWER,
    "Sec-WebSocket-Protocol: chat",
    "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=12",
  ),
  "no-takeover": head(
    ...RESPONSE,
    ANSWER,
    "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover",
  ),
  interim: concat(head("HTTP/1.1 103 Early Hints", "Link: </a>"), head(...RESPONSE, ANSWER)),
  "interim-many": concat(...Array.from({ length: 9 }, () => head("HTTP/1.1 100 Continue"))),
  refused: concat(head("HTTP/1.1 403 Forbidden", "Content-Length: 2"), bytesOf("no")),
  "wrong-accept": head(...RESPONSE, "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
  "not-offered": head(...RESPONSE, ANSWER, "Sec-WebSocket-Extensions: x-webkit-deflate-frame"),
  "not-http": bytesOf("SSH-2.0-OpenSSH_9.6\r\n"),
};

const fieldValues: Record<string, string> = {
  token: "websocket",
  tokens: "keep-alive , Upgrade,,\tfoo",
  protocols: "h2c, HTTP/2.0, websocket",
  extension: 'permessage-deflate; client_max_window_bits; server_max_window_bits="10", x; a = b',
  quoted: 'x; a="\\b\\c", y',
  "quoted-open": 'x; a="b',
  key: "dGhlIHNhbXBsZSBub25jZQ==",
  host: "example.com:8080",
  ipv6: "[2001:db8::1.2.3.4]:443",
  "ipv6-bare": "1:2:3:4:5:6:7:8",
  target: "wss://user%40example.com:443/chat?a=b",
  prototype: "__proto__,constructor,toString",
};

const bodies: Record<string, string> = {
  chunks: "5\r\nhello\r\n2\r\n, \r\n5\r\nworld\r\n0\r\n\r\n",
  extension: "A ;a=b\r\n0123456789\r\n000\r\n",
  cut: "ff\r\nnot so many",
  "line-feed": "1\na\n",
};

// --- The rest ---------------------------------------------------------------------------------------------------

/** Words in no order: compressible, but not too well. */
function someText(size: number): string {
  const random = new Random(1, "text");
  const words = ["frame", "wright", "mask", "length", "opcode", "final", "reserved", "payload"];
  let text = "";
  while (text.length < size) text += `${random.pick(words)} `;
  return text;
}

const texts: Inputs = {
  ascii: bytesOf(
    "plain ASCII, long enough to be looked at in words of four bytes at a time, for a while: ".repeat(3),
  ),
  german: bytesOf("Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich."),
  greek: bytesOf("Ξεσκεπάζω την ψυχοφθόρα βδελυγμία"),
  japanese: bytesOf("いろはにほへと ちりぬるを"),
  emoji: bytesOf("😀😃👩‍👩‍👧‍👦🏴"),
  surrogate: hex("61 ed a0 80 62"),
  overlong: hex("c0 af e0 80 af f0 80 80 af"),
  "beyond-the-end": hex("f4 8f bf bf f4 90 80 80"),
  torn: hex("61 f0 9f 98"),
  mark: bytesOf("\ufeffwith a byte order mark"),
};

const streams: Inputs = {
  stored: deflateRawSync("stored, as it is", { level: 0 }),
  fixed: deflateRawSync("fixed fixed fixed", { strategy: constants.Z_FIXED }),
  dynamic: deflateRawSync(someText(900)),
  huffman: deflateRawSync(someText(400), { strategy: constants.Z_HUFFMAN_ONLY }),
  "run-length": deflateRawSync("a".repeat(700), { strategy: constants.Z_RLE }),
  "all-types": concat(
    deflateRawSync(someText(300), { finishFlush: constants.Z_SYNC_FLUSH }),
    deflateRawSync("stored", { level: 0, finishFlush: constants.Z_SYNC_FLUSH }),
    deflateRawSync("fixed", { strategy: constants.Z_FIXED }),
  ),
  "behind-the-end": concat(deflateRawSync("one"), deflateRawSync("two")),
  "small-window": deflateRawSync(someText(900), { windowBits: 9 }),
  empty: hex("03 00"),
  flush: hex("00 00 00 ff ff"),
  bomb: deflateRawSync(new Uint8Array(200_000)),
  "reserved-type": hex("07"),
  "distance-too-far": hex("4b 04 41 00"),
  cut: deflateRawSync(someText(900)).subarray(0, 80),
};

/** Messages as they are sent: streams without the tail that RFC 7692 §7.2.1 takes off. */
const payloads: Inputs = {
  fixed: compressed("Hello"),
  dynamic: compressed(someText(600)),
  stored: compressed("Hello", { level: 0 }),
  empty: hex("00"),
  final: concat(deflateRawSync("one"), deflateRawSync("two"), hex("00")),
  "all-types": concat(streams["all-types"]!, hex("00")),
  bomb: compressed("\0".repeat(100_000)),
  cut: compressed(someText(600)).subarray(0, 50),
  "ends-like-a-tail": hex("00 04 00 fb ff 00 00 ff ff"),
};

const eventStreams: Record<string, string> = {
  data: "data: hello\n\n",
  lines: "data: one\ndata\ndata:\ndata: two\n\n",
  all: ": a comment\nevent: update\nid: 7\nretry: 2500\ndata: {}\n\ndata: next\n\n",
  crlf: "data: one\r\n\r\ndata: two\r\rdata: three\r\n\n",
  mark: "\ufeffdata: behind a byte order mark\n\n",
  "id-reset": "id: 1\ndata: a\n\nid\ndata: b\n\nid: \0\ndata: c\n\n",
  "no-data": "event: nothing\n\n: keep-alive\n\n",
  unfinished: "data: complete\n\ndata: not complete\n",
  retry: "retry: 10\nretry: x\nretry:\nretry: 99999999999999999999\n",
  unknown: "data : no\nDATA: no\nfoo: bar\n\n",
};

const events: Inputs = {
  data: concat(Uint8Array.of(4, 0, 0, 0, 0, 3), bytesOf("one\ntwo\r\nthree\rfour")),
  bytes: concat(Uint8Array.of(4, 0, 0, 1, 0, 3), bytesOf("\none\r\r\n\ntwo"), hex("ff 0a")),
  all: concat(Uint8Array.of(15, 6, 2, 0, 10, 3), bytesOf("update17{}")),
  "id-only": concat(Uint8Array.of(2, 0, 2, 0, 0, 0), bytesOf("17")),
  "line-in-event": concat(Uint8Array.of(5, 4, 0, 0, 0, 0), bytesOf("a\nb data")),
  spaces: concat(Uint8Array.of(7, 3, 3, 0, 0, 1), bytesOf("  a b : data:")),
  nothing: Uint8Array.of(0),
};

function bytesOfEach(sources: Record<string, string>): Inputs {
  return Object.fromEntries(Object.entries(sources).map(([name, text]) => [name, bytesOf(text)]));
}

const corpora: Record<string, Inputs> = {
  frames: {
    ...withSettings([0, 0, 0, 0, 0, 0, 3], { ...toServer(conversations), ...oddHeaders }),
    ...withSettings([0, 0, 0, 2, 0, 0, 3], toServer(overLimit)),
    ...withSettings(
      [1, 1, 2, 3, 1, 1, 0],
      toClient({ ...conversations, ...compressedConversations }),
      "-client",
    ),
  },
  connection: {
    ...withSettings([0, 0, 0, 0, 0, 0, 0, 0, 0, 3], toServer(conversations)),
    ...withSettings([1, 3, 3, 0, 1, 1, 1, 1, 2, 5], toClient(some(conversations)), "-client"),
    ...withSettings([0, 4, 0, 1, 0, 0, 1, 0, 0, 7], toServer(compressedConversations)),
    ...withSettings([1, 2, 0, 2, 1, 1, 1, 1, 3, 0], toClient(some(compressedConversations)), "-client"),
  },
  "against-ws": {
    ...withSettings([0, 0, 0, 0], { ...toServer(conversations), ...oddHeaders }),
    ...withSettings([0, 1, 1, 7], toServer({ ...compressedConversations, ...overLimit })),
    ...withSettings(
      [1, 1, 0, 30],
      toClient(some({ ...conversations, ...compressedConversations })),
      "-client",
    ),
  },
  "against-undici": {
    ...withSettings([0, 0, 0, 0], toClient(conversations)),
    ...withSettings([0, 1, 1, 7], toClient({ ...compressedConversations, ...overLimit })),
  },
  "handshake-server": {
    ...withSettings([0, 5], requests),
    ...withSettings([3, 0], { offers: requests.offers! }, "-limited"),
  },
  "handshake-client": {
    ...withSettings([0, 5], responses),
    ...withSettings([1, 0], { chosen: responses.chosen! }, "-limited"),
  },
  body: {
    ...withSettings([0, 0, 0, 3], bytesOfEach(bodies)),
    ...withSettings([1, 5, 0, 0], { length: bytesOf("hello, and what is behind it") }),
    ...withSettings([2, 0, 3, 2], { connection: bytesOf("as long as it lasts") }),
  },
  fields: bytesOfEach(fieldValues),
  close: {
    empty: hex(""),
    "one-byte": hex("03"),
    normal: NORMAL,
    reserved: hex("03 ec"),
    "never-sent": hex("03 ed"),
    application: concat(hex("0f a0"), bytesOf("λόγος")),
    "invalid-reason": hex("03 e8 ff"),
  },
  utf8: withSettings([1, 3], texts),
  inflate: {
    ...withSettings([0, 0, 3], streams),
    ...withSettings([1, 3, 0], { dynamic: streams.dynamic! }, "-limited"),
  },
  deflate: {
    ...withSettings([0, 0, 0, 0, 0, 0], { text: bytesOf(someText(500)), german: texts.german! }),
    ...withSettings(
      [1, 9, 1, 50, 0b100, 4],
      { text: bytesOf(someText(500)), random: new Random(2).bytes(300) },
      "-small-window",
    ),
    ...withSettings([2, 1, 4, 200, 0, 0], { run: new Uint8Array(700).fill(0x61), empty: hex("") }, "-stored"),
  },
  compression: {
    ...withSettings([0, 0, 0, 0, 0, 0], payloads),
    ...withSettings(
      [1, 3, 2, 1, 9, 2],
      { dynamic: payloads.dynamic!, "all-types": payloads["all-types"]! },
      "-chopped",
    ),
    ...withSettings(
      [3, 1, 4, 2, 40, 0],
      { final: payloads.final!, text: bytesOf(someText(300)) },
      "-limited",
    ),
  },
  "sse-parser": {
    ...withSettings([0, 3], bytesOfEach(eventStreams)),
    ...withSettings([2, 0], { all: bytesOf(eventStreams.all!) }, "-limited"),
  },
  "sse-encoder": events,
  describe: {
    ...withSettings([0, 0], toServer(some(conversations))),
    ...withSettings(
      [1, 1],
      toClient({ close: conversations.close!, fragments: conversations.fragments! }),
      "-client",
    ),
  },
};

rmSync(CORPUS_DIRECTORY, { recursive: true, force: true });
for (const [target, inputs] of Object.entries(corpora)) {
  const folder = join(CORPUS_DIRECTORY, target);
  mkdirSync(folder, { recursive: true });
  for (const [name, bytes] of Object.entries(inputs)) writeFileSync(join(folder, `${name}.bin`), bytes);
}
