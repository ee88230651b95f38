import { describe, expect, it } from "vitest";
import { ByteBuffer } from "../../src/bytes.ts";
import type { Role } from "../../src/protocol/frame.ts";
import { FrameReader } from "../../src/protocol/frame-reader.ts";
import { everyCut } from "../helpers/cuts.ts";
import { bytesOf, concat, frame, frameTo, hex, KEY } from "../helpers/frames.ts";

const roles: Role[] = ["server", "client"];

interface Read {
  headers: { first: number; length: number }[];
  payload: Uint8Array;
  violation: string | undefined;
  /** How many bytes had been handed over when the violation was found. */
  foundAt: number;
}

const NO_LIMITS = { claimed: 0, maxFrame: Infinity, room: Infinity };

/**
 * Reads all chunks to the end, as a message reader would, without looking at what the frames mean. Twice: with the short way
 * for whole messages, and without. It must make no difference.
 */
function read(role: Role, chunks: Iterable<Uint8Array>, limits = NO_LIMITS): Read {
  const kept = [...chunks];
  const careful = readBy(role, kept, limits, false);
  expect(readBy(role, kept, limits, true)).toEqual(careful);
  return careful;
}

function readBy(role: Role, chunks: Uint8Array[], limits: typeof NO_LIMITS, takesShortWay: boolean): Read {
  const reader = new FrameReader(role, limits.claimed, limits.maxFrame, limits.room);
  const result: Read = { headers: [], payload: new Uint8Array(0), violation: undefined, foundAt: 0 };
  let fed = 0;
  for (const chunk of chunks) {
    reader.feed(chunk.slice());
    fed += chunk.length;
    for (;;) {
      if (takesShortWay && reader.remaining === 0 && reader.readWholeMessage()) {
        result.headers.push({ first: reader.first, length: reader.length });
        result.payload = concat(result.payload, reader.chunk.slice(reader.at - reader.length, reader.at));
        continue;
      }
      if (reader.remaining === 0 && !reader.readHeader()) break;
      if (reader.remaining === reader.length) {
        result.headers.push({ first: reader.first, length: reader.length });
        if (reader.opcode < 8) reader.fragmented = !reader.fin;
      }
      const count = reader.readPayload();
      result.payload = concat(result.payload, reader.chunk.slice(reader.at - count, reader.at));
      if (reader.remaining > 0) break;
    }
    if (reader.violation !== undefined) {
      result.violation = reader.violation;
      result.foundAt = fed;
      break;
    }
  }
  return result;
}

describe.each(roles)("a %s reading frames", (role) => {
  const sizes = [0, 1, 2, 3, 4, 5, 23, 63, 64, 65, 125, 126, 127, 300];

  it("[RFC6455-5.3-05] [RFC6455-6.2-01] [RFC6455-6.2-08] finds header and unmasked payload, however the bytes are cut", () => {
    for (const size of sizes) {
      const payload = Uint8Array.from({ length: size }, (_, index) => (index * 31 + 7) & 0xff);
      const bytes = frameTo(role, { opcode: 2, payload });
      for (const chunks of everyCut(bytes)) {
        const result = read(role, chunks);
        expect(result.violation).toBeUndefined();
        expect(result.headers[0]).toEqual({ first: 0x82, length: size });
        expect(result.payload).toEqual(payload);
      }
    }
  });

  it("goes on with a torn header, whatever the next chunk looks like", () => {
    // What follows begins like a frame of its own: 82 80 and a key of four octets, or 82 05 and a payload of five.
    const [bytes, at] =
      role === "server"
        ? [frame({ opcode: 2, payload: "ab", key: [0x80, 1, 2, 3] }), 1]
        : [frame({ opcode: 2, payload: new Uint8Array(0x8205).fill(7) }), 2];
    expect([...bytes.subarray(at, at + 2)]).toEqual(role === "server" ? [0x82, 0x80] : [0x82, 0x05]);
    expect(read(role, [bytes.subarray(0, at), bytes.subarray(at)])).toEqual(read(role, [bytes]));
  });

  it("takes a frame of just the room there is, or of just the limit, and none with a byte more", () => {
    for (const size of [5, 125, 126, 200]) {
      const bytes = frameTo(role, { opcode: 2, payload: "x".repeat(size) });
      const readWith = (room: number) => read(role, [bytes], { ...NO_LIMITS, room });
      expect(readWith(size).violation).toBeUndefined();
      expect(readWith(size - 1).violation).toBe("message-too-big");
      const readLimited = (maxFrame: number) => read(role, [bytes], { ...NO_LIMITS, maxFrame });
      expect(readLimited(size).violation).toBeUndefined();
      expect(readLimited(size - 1).violation).toBe("frame-too-big");
    }
  });

  it("reads 65,536 bytes and more behind a 64-bit length", () => {
    const payload = Uint8Array.from({ length: 70_000 }, (_, index) => index & 0xff);
    const bytes = frameTo(role, { opcode: 2, payload });
    for (const chunks of [
      [bytes],
      [bytes.subarray(0, 9), bytes.subarray(9)],
      [bytes.subarray(0, 40_001), bytes.subarray(40_001)],
    ]) {
      expect(read(role, chunks).payload).toEqual(payload);
    }
  });

  it("reads many frames from one chunk, each with its own key", () => {
    const frames = Array.from({ length: 9 }, (_, index) =>
      frame({
        opcode: 2,
        payload: "x".repeat(index * 20),
        ...(role === "server" ? { key: [index, 2, index, 4] } : {}),
      }),
    );
    const result = read(role, [concat(...frames)]);
    expect(result.headers).toHaveLength(9);
    expect(result.payload).toEqual(bytesOf("x".repeat(36 * 20)));
  });

  it("keeps what an interrupted read left, in front of the next chunk", () => {
    const reader = new FrameReader(role, 0, Infinity, Infinity);
    const bytes = concat(
      frameTo(role, { opcode: 2, payload: "ab" }),
      frameTo(role, { opcode: 2, payload: "cd" }),
    );
    reader.feed(bytes.slice(0, bytes.length - 1));
    reader.readHeader();
    reader.readPayload();
    reader.feed(bytes.slice(bytes.length - 1));
    expect(reader.readHeader()).toBe(true);
    expect(reader.readPayload()).toBe(2);
    expect(reader.chunk.subarray(reader.at - 2, reader.at)).toEqual(bytesOf("cd"));
    expect(reader.unread).toBe(false);
    reader.release();
    expect(reader.chunk).toHaveLength(0);
  });
});

describe("a header that breaks a rule", () => {
  const limits = { claimed: 0x40, maxFrame: 1000, room: 500 };
  // In each, the violation is certain at the byte marked by the length of the hex text.
  const broken: [name: string, role: Role, bytes: string][] = [
    ["reserved-bit", "server", "a1"],
    ["reserved-bit-on-control-frame", "server", "c9"],
    ["unknown-opcode", "client", "83"],
    ["fragmented-control-frame", "client", "09"],
    ["unexpected-continuation", "client", "80"],
    ["unmasked-frame", "server", "8100"],
    ["masked-frame", "client", "8180"],
    ["control-frame-too-long", "client", "897e"],
    ["length-not-minimal", "client", "827e007d"],
    ["length-not-minimal", "server", "82ff000000000000ffff"],
    ["length-unsafe", "client", "827f0020000000000000"],
    ["length-top-bit", "server", "82ff8000000000000000"],
    ["frame-too-big", "server", "82fe03e9"],
    ["message-too-big", "server", "82fe01f5"],
  ];

  it.each(broken)("%s is found by a %s at the byte that makes it certain: %s", (rule, role, text) => {
    const bytes = hex(text);
    const more = concat(bytes, new Uint8Array(20));
    for (const chunks of everyCut(more)) {
      const result = read(role, chunks, limits);
      expect(result.violation).toBe(rule);
      expect(result.headers).toEqual([]);
    }
    const byteByByte = Array.from(more, (byte) => Uint8Array.of(byte));
    expect(read(role, byteByByte, limits).foundAt).toBe(bytes.length);
  });

  it("does not limit control frames by the room that a message has left", () => {
    const ping = frameTo("server", { opcode: 9, payload: "x".repeat(125) });
    expect(read("server", [ping], { claimed: 0, maxFrame: 1, room: 1 }).violation).toBeUndefined();
  });
});

describe("the key of a frame", () => {
  it("may be zero, which leaves the payload as it is", () => {
    const bytes = frame({ opcode: 2, payload: "plain", key: [0, 0, 0, 0] });
    expect(read("server", [bytes]).payload).toEqual(bytesOf("plain"));
  });

  it("is applied from its first byte in each frame, whatever came before", () => {
    const bytes = concat(
      frame({ opcode: 2, fin: false, payload: "abc", key: KEY }),
      frame({ opcode: 0, payload: "defgh", key: KEY }),
    );
    for (const chunks of everyCut(bytes)) expect(read("server", chunks).payload).toEqual(bytesOf("abcdefgh"));
  });
});

it("a frame lacks what has not arrived of it, which is not known before its header has", () => {
  const reader = new FrameReader("client", 0, Infinity, Infinity);
  expect(reader.lacking).toBe(0);
  reader.feed(Uint8Array.of(0x82));
  reader.readHeader();
  expect(reader.lacking).toBeUndefined();
  reader.feed(Uint8Array.of(5, 1, 2));
  reader.readHeader();
  reader.readPayload();
  expect(reader.lacking).toBe(3);
});

describe.each(roles)("a %s reading short fragments", (role) => {
  const fragment = (payload: string) => frameTo(role, { opcode: 0, fin: false, payload });

  /** What it gathers of these bytes, how much room that leaves, and where it stops. */
  function gather(bytes: Uint8Array, { maxFrame = Infinity, room = Infinity } = {}) {
    const reader = new FrameReader(role, 0, maxFrame, room);
    reader.fragmented = true;
    reader.feed(bytes.slice());
    const body = new ByteBuffer();
    body.append(bytesOf("<"));
    const count = reader.readShortFragments(body);
    expect(count).toBe(body.length - 1);
    return { body: new TextDecoder().decode(body.view()), room: reader.room, left: reader.end - reader.at };
  }

  it("appends their payload in order, as many as there are, of any short length", () => {
    const words = ["a", "bc", "defg", "hijkl", "x".repeat(125), "z"];
    const { body, left } = gather(concat(...words.map(fragment)));
    expect([body, left]).toEqual([`<${words.join("")}`, 0]);
    const many = Array.from({ length: 5000 }, (_, index) => String.fromCharCode(97 + (index % 26)));
    expect(gather(concat(...many.map(fragment))).body).toBe(`<${many.join("")}`);
  });

  const other = role === "server" ? "client" : "server";
  const stops: [string, Uint8Array][] = [
    ["the last fragment", frameTo(role, { opcode: 0, payload: "x" })],
    ["another opcode", frameTo(role, { opcode: 9, payload: "x" })],
    ["a reserved bit", frameTo(role, { opcode: 0, fin: false, rsv: 1, payload: "x" })],
    ["an empty fragment", fragment("")],
    ["a fragment that is not short", fragment("x".repeat(126))],
    ["a torn payload", fragment("xy").slice(0, -1)],
    ["a torn header", fragment("xy").slice(0, 2)],
    ["one byte", Uint8Array.of(0)],
    ["a wrong mask bit", frameTo(other, { opcode: 0, fin: false, payload: "xxxx" })],
  ];

  it.each(stops)("stops in front of %s", (_what, bytes) => {
    expect(gather(concat(fragment("ab"), fragment("c"), bytes))).toMatchObject({
      body: "<abc",
      left: bytes.length,
    });
  });

  it("stops where there is no room, and where frames may not be so long", () => {
    const bytes = concat(fragment("ab"), fragment("c"), fragment("def"));
    expect(gather(bytes, { room: 5 })).toMatchObject({ body: "<abc", room: 2 });
    expect(gather(bytes, { room: 6 })).toMatchObject({ body: "<abcdef", room: 0 });
    expect(gather(bytes, { maxFrame: 2 })).toMatchObject({ body: "<abc" });
  });
});
