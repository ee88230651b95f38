/** §5: frames and messages, between two connections and against bytes. */

import { Connection, peers } from "../../../dist/index.js";
import { mask, maskInto, wordsOf } from "../../../dist/protocol/mask.js";
import { atEveryCut, bytesOf, concat, exampleKeys, frame, KEY, pseudoRandom } from "../suite.mjs";

/** The first bytes of a frame, up to its payload. */
const HEADERS = [
  [0, [0]],
  [1, [1]],
  [125, [125]],
  [126, [126, 0x00, 0x7e]],
  [127, [126, 0x00, 0x7f]],
  [65_535, [126, 0xff, 0xff]],
  [65_536, [127, 0, 0, 0, 0, 0, 1, 0, 0]],
  [70_001, [127, 0, 0, 0, 0, 0, 1, 0x11, 0x71]],
];

/** What a connection announces and writes when it is fed with chunks. */
export function receive(role, chunks, options = {}) {
  const events = [];
  const written = [];
  const record =
    (type) =>
    (data, ...rest) =>
      events.push([type, typeof data === "string" ? data : data.slice(), ...rest]);
  const handler = {
    write: (bytes) => void written.push(bytes.slice()),
    end: () => {},
    onText: record("text"),
    onUtf8: record("utf8"),
    onBinary: record("binary"),
    onPiece: record("piece"),
    onPing: record("ping"),
    onPong: record("pong"),
  };
  const connection = new Connection(role, handler, { random: exampleKeys, ...options });
  for (const chunk of chunks) connection.receive(chunk.slice());
  return { events, written: concat(...written), connection };
}

/** Two peers, and every byte that passes between them. */
function watched(options = {}) {
  const wire = { client: [], server: [] };
  const carry = (bytes, from) => {
    wire[from].push(bytes.slice());
    return [bytes];
  };
  return { wire, ...peers({ carry, ...options, client: { random: exampleKeys, ...options.client } }) };
}

export function checkFrames(suite) {
  for (const [length, [length7, ...extended]] of HEADERS) {
    const data = pseudoRandom(length, length + 1);
    for (const role of ["client", "server"]) {
      const masked = role === "client";
      const other = masked ? "server" : "client";
      const header = Uint8Array.of(0x82, length7 | (masked ? 0x80 : 0), ...extended, ...(masked ? KEY : []));
      const exchange = () => {
        const sides = watched();
        sides[role].sendBinary(data);
        const told = sides.settle();
        return { header: concat(...sides.wire[role]).slice(0, header.length), told: told[other] };
      };
      suite.check(`${length} bytes from a ${role}`, exchange, { header, told: [{ type: "binary", data }] });
    }
  }

  for (let phase = 0; phase < 4; phase++) {
    const key = (0x37 << 24) | (0xfa << 16) | (0x21 << 8) | 0x3d;
    const source = pseudoRandom(200, 7);
    const naive = (start, end) =>
      source.map((byte, at) => (at < start || at >= end ? byte : byte ^ KEY[(at - start + phase) % 4]));
    const ranges = [];
    for (let start = 0; start < 5; start++) {
      for (let size = 0; size < 150; size += size < 9 ? 1 : 7) ranges.push([start, start + size]);
    }
    const inPlace = ([start, end], words) => {
      const bytes = source.slice();
      mask(bytes, start, end, key, phase, words ? wordsOf(bytes) : undefined);
      return bytes;
    };
    const copied = ([start, end]) => {
      const bytes = source.slice();
      maskInto(source, start, end, bytes, start, key, phase);
      return bytes;
    };
    const expected = ranges.map(([start, end]) => naive(start, end));
    suite.check(`masking from phase ${phase}`, () => ranges.map((range) => inPlace(range, false)), expected);
    suite.check(
      `masking words from phase ${phase}`,
      () => ranges.map((range) => inPlace(range, true)),
      expected,
    );
    suite.check(`masking a copy from phase ${phase}`, () => ranges.map(copied), expected);
  }

  for (const role of ["client", "server"]) {
    const key = role === "server" ? KEY : undefined;
    const masked = (first, text) => frame(first, bytesOf(text), key);
    const stream = concat(
      masked(0x01, "Hel"),
      masked(0x89, "?"),
      masked(0x80, "lo"),
      masked(0x02, ""),
      masked(0x00, "a"),
      masked(0x8a, "late"),
      masked(0x80, ""),
      masked(0x81, ""),
    );
    suite.check(
      `fragments and control frames at a ${role}, at every cut`,
      () =>
        atEveryCut(stream, (chunks) => {
          const { events, written } = receive(role, chunks);
          return { events, written };
        }),
      {
        events: [
          ["ping", bytesOf("?")],
          ["text", "Hello"],
          ["pong", bytesOf("late")],
          ["binary", bytesOf("a")],
          ["text", ""],
        ],
        written: frame(0x8a, bytesOf("?"), role === "client" ? KEY : undefined),
      },
    );
    suite.check(
      `text as bytes at a ${role}`,
      () => receive(role, [stream], { text: "utf8" }).events.filter(([type]) => type === "utf8"),
      [
        ["utf8", bytesOf("Hello")],
        ["utf8", new Uint8Array(0)],
      ],
    );
    suite.check(
      `messages in pieces at a ${role}`,
      () =>
        receive(role, [stream], { pieces: true })
          .events.filter(([type]) => type === "piece")
          .slice(0, 3),
      [
        ["piece", bytesOf("Hel"), "text", false],
        ["piece", bytesOf("lo"), "text", true],
        ["piece", bytesOf("a"), "binary", false],
      ],
    );
  }

  suite.check(
    "a message is sent in pieces, and half a character waits for its other half",
    () => {
      const { client, settle, wire } = watched();
      client.sendTextPiece("a\ud83d", false);
      client.sendTextPiece("\ude00", true);
      return { told: settle().server, sizes: wire.client.map(({ length }) => length) };
    },
    { told: [{ type: "text", data: "a😀" }], sizes: [7, 10] },
  );
  suite.check(
    "a ping comes back as a pong",
    () => {
      const { server, settle } = watched();
      server.ping(bytesOf("alive?"));
      return settle();
    },
    {
      client: [{ type: "ping", data: bytesOf("alive?") }],
      server: [{ type: "pong", data: bytesOf("alive?") }],
    },
  );
}
