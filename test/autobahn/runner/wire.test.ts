import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  applyMask,
  encodeFrame,
  encodeFrames,
  encodeHeader,
  type Frame,
  FrameReader,
  type FrameShape,
  fragments,
  freshMask,
  Opcode,
  type Role,
} from "../../../autobahn/runner/wire.ts";

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));
const hex = (octets: Uint8Array): string => Buffer.from(octets).toString("hex");
const MASK = Uint8Array.of(0x37, 0xfa, 0x21, 0x3d);

/** What a reader says about octets, piece by piece. */
function read(pieces: readonly Uint8Array[], role: Role = "client", compression = false): (Frame | string)[] {
  const said: (Frame | string)[] = [];
  const reader = new FrameReader(role, compression, {
    frame: (frame) => said.push({ ...frame, payload: new Uint8Array(frame.payload) }),
    fault: ({ code, sentence }) => said.push(`${code} ${sentence}`),
  });
  for (const piece of pieces) reader.push(new Uint8Array(piece));
  return said;
}

function faults(octets: Uint8Array, role: Role = "client", compression = false): string[] {
  return read([octets], role, compression).filter((said) => typeof said === "string");
}

describe("a frame that is written", () => {
  it("is that of RFC 6455 §5.7, without and with a mask", () => {
    expect(hex(encodeFrame(Opcode.Text, bytes("Hello")))).toBe("810548656c6c6f");
    expect(hex(encodeFrame(Opcode.Text, bytes("Hello"), { mask: MASK }))).toBe("818537fa213d7f9f4d5158");
  });

  it.each([
    [125, "827d"],
    [126, "827e007e"],
    [65535, "827effff"],
    [65536, "827f0000000000010000"],
  ])("takes the shortest form for a length of %d", (length, header) => {
    expect(hex(encodeHeader(Opcode.Binary, length))).toBe(header);
  });

  it.each([
    [{ lengthBits: 16 }, "827e0003"],
    [{ lengthBits: 64 }, "827f0000000000000003"],
    [{ length: 2n ** 63n }, "827f8000000000000000"],
    [{ length: 9 }, "8209"],
    [{ fin: false, rsv: 5 }, "5203"],
  ] as [FrameShape, string][])("can be wrong: %o", (shape, header) => {
    expect(hex(encodeHeader(Opcode.Binary, 3, shape))).toBe(header);
  });

  it("can stand behind others", () => {
    const frames = fragments(Opcode.Text, bytes("x".repeat(70_300)), 70_000, 0, () => MASK);
    const [first, last] = frames as [Frame, Frame];
    expect(hex(encodeFrames(frames))).toBe(
      hex(encodeFrame(Opcode.Text, first.payload, { fin: false, mask: MASK })) +
        hex(encodeFrame(Opcode.Continuation, last.payload, { mask: MASK })),
    );
  });

  it("has a key of its own", () => {
    const keys = Array.from({ length: 3000 }, () => hex(freshMask()));
    expect(new Set(keys).size).toBeGreaterThan(2990);
  });
});

describe("masking", () => {
  it("is that of §5.3 wherever the octets stand", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 70 }),
        fc.nat(5),
        fc.nat(7),
        fc.nat(9),
        (octets, start, left, from) => {
          const end = Math.max(start, octets.length - left);
          const expected = octets.map((octet, at) =>
            at < start || at >= end ? octet : octet ^ MASK[(from + at - start) % 4]!,
          );
          const masked = octets.slice();
          applyMask(masked, start, Math.min(end, octets.length), MASK, from);
          expect(masked).toEqual(expected);
        },
      ),
    );
  });
});

describe("fragments", () => {
  const shown = (size?: number, text = "abcdef") =>
    fragments(Opcode.Text, bytes(text), size, 4).map(
      ({ fin, rsv, opcode, payload }) => `${fin ? "fin" : "..."} ${rsv} ${opcode} ${Buffer.from(payload)}`,
    );

  it("are one frame for what fits", () => {
    expect(shown()).toEqual(["fin 4 1 abcdef"]);
    expect(shown(6)).toEqual(["fin 4 1 abcdef"]);
    expect(shown(3, "")).toEqual(["fin 4 1 "]);
  });

  it("end with the rest, even if nothing is left", () => {
    expect(shown(4)).toEqual(["... 4 1 abcd", "fin 0 0 ef"]);
    expect(shown(3)).toEqual(["... 4 1 abc", "... 0 0 def", "fin 0 0 "]);
  });
});

describe("the reader", () => {
  const stream = Buffer.concat([
    encodeFrame(Opcode.Text, bytes("one"), { mask: MASK, fin: false }),
    encodeFrame(Opcode.Ping, bytes("?"), { mask: MASK }),
    encodeFrame(Opcode.Continuation, bytes("x".repeat(300)), { mask: MASK }),
    encodeFrame(Opcode.Binary, new Uint8Array(65_536).fill(7), { mask: MASK }),
    encodeFrame(Opcode.Close, bytes(""), { mask: MASK }),
  ]);

  it("reads the same frames whole, in two pieces, and octet by octet", () => {
    const shown = (pieces: readonly Uint8Array[]): string[] =>
      read(pieces, "server").map((said) => {
        if (typeof said === "string") return said;
        const { fin, opcode, payload } = said;
        return `${opcode} ${fin} ${payload.length} ${hex(payload)}`;
      });
    const whole = shown([stream]);
    expect(whole.map((frame) => frame.split(" ").slice(0, 3).join(" "))).toEqual([
      "1 false 3",
      "9 true 1",
      "0 true 300",
      "2 true 65536",
      "8 true 0",
    ]);
    for (let cut = 0; cut < 350; cut++) {
      expect(shown([stream.subarray(0, cut), stream.subarray(cut)])).toEqual(whole);
    }
    expect(shown([...stream].map((octet) => Uint8Array.of(octet)))).toEqual(whole);
  });

  it("does not write again to the memory of a frame that it has handed over", () => {
    const [first] = read([stream.subarray(0, 5), stream.subarray(5, 40), stream.subarray(40)], "server");
    expect(first).toMatchObject({ payload: bytes("one") });
  });

  it("tells of a fault before the payload has come", () => {
    expect(faults(encodeHeader(Opcode.Ping, 126))).toEqual(["1002 a control frame of 126 octets (§5.5)"]);
  });

  it.each([
    ["RSV2", encodeFrame(1, bytes("a"), { rsv: 2 }), /^1002 RSV = 2/],
    ["RSV1 without compression", encodeFrame(1, bytes("a"), { rsv: 4 }), /^1002 RSV = 4/],
    ["a mask of a server", encodeFrame(1, bytes("a"), { mask: MASK }), /^1002 a server's frame is masked/],
    ["a fragmented Ping", encodeFrame(9, bytes("a"), { fin: false }), /^1002 a control frame is fragmented/],
    ["a long Ping", encodeFrame(9, new Uint8Array(126)), /^1002 a control frame of 126/],
    ["opcode 3", encodeFrame(3, bytes("a")), /^1002 opcode 3 is reserved/],
    ["opcode 11", encodeFrame(11, bytes("a")), /^1002 opcode 11 is reserved/],
    ["a continuation of nothing", encodeFrame(0, bytes("a")), /^1002 there is no message to continue/],
    [
      "16 bits for a short length",
      encodeFrame(1, bytes("a"), { lengthBits: 16 }),
      /^1002 the length does not/,
    ],
    [
      "64 bits for a short length",
      encodeFrame(1, bytes("a"), { lengthBits: 64 }),
      /^1002 the length does not/,
    ],
    ["a length that nobody can mean", encodeHeader(1, 0, { length: 2n ** 63n }), /^1009 a frame of 92233/],
  ])("finds %s", (_, octets, fault) => {
    expect(faults(octets)).toEqual([expect.stringMatching(fault)]);
  });

  it("finds a client's frame that is not masked", () => {
    expect(faults(encodeFrame(1, bytes("a")), "server")).toEqual([
      "1002 a client's frame is not masked (§5.1)",
    ]);
  });

  it("finds a message inside another", () => {
    const octets = Buffer.concat([encodeFrame(1, bytes("a"), { fin: false }), encodeFrame(2, bytes("b"))]);
    expect(faults(octets)).toEqual(["1002 a new message begins inside a fragmented one (§5.4)"]);
  });

  it("lets RSV1 stand on the first frame of a message if compression was agreed on, and nowhere else", () => {
    const first = encodeFrame(1, bytes("a"), { rsv: 4, fin: false });
    expect(faults(Buffer.concat([first, encodeFrame(0, bytes("b"))]), "client", true)).toEqual([]);
    expect(
      faults(Buffer.concat([first, encodeFrame(0, bytes("b"), { rsv: 4 })]), "client", true),
    ).toHaveLength(1);
    expect(faults(encodeFrame(9, bytes("a"), { rsv: 4 }), "client", true)).toHaveLength(1);
  });

  it("goes on behind a fault", () => {
    const octets = Buffer.concat([encodeFrame(3, bytes("a")), encodeFrame(8, bytes(""))]);
    expect(read([octets]).at(-1)).toMatchObject({ opcode: Opcode.Close });
  });
});
