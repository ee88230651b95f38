import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ByteBuffer } from "../../src/bytes.ts";
import { type Agreement, Decoded, type MessageCodec } from "../../src/protocol/extension.ts";
import { MessageReader, type MessageReaderOptions, Signal } from "../../src/protocol/message-reader.ts";
import { NO_EXTENSIONS, Pipeline } from "../../src/protocol/pipeline.ts";
import { allocated } from "../deflate/allocated.ts";
import { everyCut } from "../helpers/cuts.ts";
import { bytesOf, concat, frame, frameTo, hex } from "../helpers/frames.ts";

const DEFAULTS: MessageReaderOptions = {
  maxMessageSize: 1 << 20,
  maxFrameSize: Infinity,
  textAsBytes: false,
  pieces: false,
};

type Read = (string | { text: string } | { bytes: Uint8Array } | { piece: string; last: boolean })[];

/** A codec whose transform anyone can do in the head: each byte is one more on the wire; 0 on the wire is corrupt. */
const shift: MessageCodec = {
  wants: () => true,
  encode: (input, output) => output.append(input.map((byte) => byte + 1)),
  decode: (input, output: ByteBuffer, limit, last) => {
    if (input.includes(0)) return Decoded.Corrupt;
    if (output.length + input.length > limit) return Decoded.TooBig;
    output.append(input.map((byte) => byte - 1));
    return last && input.at(-1) === 255 ? Decoded.Truncated : Decoded.Ok;
  },
};
const shifting: Agreement = { name: "shift", reservedBit: 4, parameters: [], codec: () => shift };
const shifted = (text: string) => bytesOf(text).map((byte) => byte + 1);

function read(
  chunks: Iterable<Uint8Array>,
  options: Partial<MessageReaderOptions> = {},
  pipeline = NO_EXTENSIONS,
): Read {
  const reader = new MessageReader("client", pipeline, { ...DEFAULTS, ...options });
  const found: Read = [];
  for (const chunk of chunks) {
    reader.feed(chunk.slice());
    for (let signal = reader.next(); signal !== Signal.Drained; signal = reader.next()) {
      if (signal === Signal.Violation) return [...found, reader.violation!];
      if (signal === Signal.Text && !reader.textAsBytes) found.push({ text: reader.text });
      else if (signal === Signal.Piece) {
        found.push({ piece: new TextDecoder().decode(reader.data), last: reader.last });
      } else found.push({ bytes: reader.data.slice() });
    }
  }
  return found;
}

function readEveryWay(
  bytes: Uint8Array,
  options: Partial<MessageReaderOptions> = {},
  pipeline?: () => Pipeline,
): Read {
  const whole = read([bytes], options, pipeline?.());
  for (const chunks of everyCut(bytes)) expect(read(chunks, options, pipeline?.())).toEqual(whole);
  return whole;
}

const message = (...pieces: (string | Uint8Array)[]) => fragments(1, pieces);
const binary = (...pieces: (string | Uint8Array)[]) => fragments(2, pieces);

function fragments(opcode: number, pieces: (string | Uint8Array)[], rsv = 0): Uint8Array {
  return concat(
    ...pieces.map((payload, index) =>
      frame({
        opcode: index === 0 ? opcode : 0,
        rsv: index === 0 ? rsv : 0,
        fin: index === pieces.length - 1,
        payload,
      }),
    ),
  );
}

describe("a message", () => {
  it("[RFC6455-6.2-04] in one frame is delivered as it is", () => {
    expect(readEveryWay(concat(message("Hello"), binary("Hello")))).toEqual([
      { text: "Hello" },
      { bytes: bytesOf("Hello") },
    ]);
  });

  it("[RFC6455-5.4-03] [RFC6455-5.4-07] [RFC6455-6.2-04] in fragments is put together in their order", () => {
    expect(readEveryWay(message("Hel", "", "lo, w", "orld", ""))).toEqual([{ text: "Hello, world" }]);
    expect(readEveryWay(binary("", "", "ab", "c"))).toEqual([{ bytes: bytesOf("abc") }]);
  });

  it.each(["client", "server"] as const)("may lie anywhere in the memory that a %s gets it in", (role) => {
    const payloads = [bytesOf("Hello"), bytesOf("x".repeat(200)), bytesOf("?")];
    const opcodes = [Signal.Text, Signal.Binary, Signal.Ping];
    const bytes = concat(...payloads.map((payload, at) => frameTo(role, { opcode: opcodes[at]!, payload })));
    for (let offset = 0; offset < 9; offset++) {
      const memory = new Uint8Array(offset + bytes.length + 9).fill(0xee);
      memory.set(bytes, offset);
      const reader = new MessageReader(role, NO_EXTENSIONS, { ...DEFAULTS, textAsBytes: true });
      reader.feed(memory.subarray(offset, offset + bytes.length));
      for (const [at, payload] of payloads.entries()) {
        expect(reader.next()).toBe(opcodes[at]);
        expect(reader.data).toEqual(payload);
      }
      expect(reader.next()).toBe(Signal.Drained);
      const around = [...memory.subarray(0, offset), ...memory.subarray(offset + bytes.length)];
      expect(new Set(around)).toEqual(new Set([0xee]));
    }
  });

  it("may be empty, in one frame or several", () => {
    expect(readEveryWay(concat(message(""), message("", "", ""), binary("", "")))).toEqual([
      { text: "" },
      { text: "" },
      { bytes: new Uint8Array(0) },
    ]);
  });

  it("[RFC6455-5.4-01] [RFC6455-5.4-05] is not disturbed by control frames between its fragments", () => {
    const ping = frame({ opcode: 9, payload: "?" });
    const [first, last] = [
      frame({ opcode: 1, fin: false, payload: "a" }),
      frame({ opcode: 0, payload: "b" }),
    ];
    expect(readEveryWay(concat(first!, ping, last!))).toEqual([{ bytes: bytesOf("?") }, { text: "ab" }]);
  });

  it("[RFC6455-5.4-13] cannot begin inside another, nor go on without having begun", () => {
    expect(
      readEveryWay(
        concat(frame({ opcode: 1, fin: false, payload: "a" }), frame({ opcode: 2, payload: "b" })),
      ),
    ).toEqual(["expected-continuation"]);
    expect(readEveryWay(concat(message("a", "b"), frame({ opcode: 0, payload: "c" })))).toEqual([
      { text: "ab" },
      "unexpected-continuation",
    ]);
  });

  it("[RFC6455-5.4-14] is found whatever the fragments and the chunks", () => {
    const cuts = fc.array(fc.nat(40), { maxLength: 8 });
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 40 }), cuts, cuts, (text, frameCuts, chunkCuts) => {
        const bytes = message(...cutAt(bytesOf(text), frameCuts));
        expect(read(cutAt(bytes, chunkCuts))).toEqual([{ text: new TextDecoder().decode(bytesOf(text)) }]);
      }),
    );
  });

  it("is found, or refused, at the same place however short fragments and chunks are cut", () => {
    const piece = fc.oneof(
      { weight: 6, arbitrary: fc.string({ unit: "binary", maxLength: 3 }).map(bytesOf) },
      { weight: 1, arbitrary: fc.uint8Array({ maxLength: 130 }) },
    );
    const between = fc.constantFrom(frame({ opcode: 9, payload: "?" }), frame({ opcode: 3 }), bytesOf(""));
    const parts = fc.array(fc.tuple(piece, fc.option(between, { freq: 8 })), { minLength: 1, maxLength: 30 });
    const cuts = fc.array(fc.nat(400), { maxLength: 8 });
    fc.assert(
      fc.property(fc.constantFrom(1, 2), parts, cuts, fc.nat(200), (opcode, pieces, chunkCuts, limit) => {
        const bytes = concat(
          ...pieces.flatMap(([payload, control], index) => [
            control ?? bytesOf(""),
            frame({ opcode: index === 0 ? opcode : 0, fin: index === pieces.length - 1, payload }),
          ]),
        );
        const byteByByte = Array.from(bytes, (byte) => Uint8Array.of(byte));
        const expected = read(byteByByte, { maxMessageSize: limit });
        expect(read([bytes], { maxMessageSize: limit })).toEqual(expected);
        expect(read(cutAt(bytes, chunkCuts), { maxMessageSize: limit })).toEqual(expected);
      }),
      { numRuns: 500 },
    );
  });

  it("is a plain array, whatever kind of array the chunk is", () => {
    const chunk = Buffer.concat([message("text"), binary("bytes"), fragments(9, ["ping"]), binary("torn")]);
    for (const pieces of [false, true]) {
      const pipeline = NO_EXTENSIONS;
      const reader = new MessageReader("client", pipeline, { ...DEFAULTS, pieces, textAsBytes: true });
      for (const part of [chunk.subarray(0, chunk.length - 2), chunk.subarray(chunk.length - 2)]) {
        reader.feed(Buffer.from(part));
        while (reader.next() !== Signal.Drained) expect(reader.data.constructor).toBe(Uint8Array);
      }
    }
  });

  it("that lies whole in a chunk is a view of it, not a copy", () => {
    const reader = new MessageReader("client", NO_EXTENSIONS, DEFAULTS);
    const chunk = binary("Hello");
    reader.feed(chunk);
    expect(reader.next()).toBe(Signal.Binary);
    expect(reader.data.buffer).toBe(chunk.buffer);
  });
});

function cutAt(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const places = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b), bytes.length];
  return places.slice(1).map((end, index) => bytes.slice(places[index], end));
}

describe("text", () => {
  it("[RFC6455-8.1-01] is refused at the first impossible byte, not at the end of its frame or message", () => {
    const valid = hex("ce ba e1 bd b9 cf 83 ce bc ce b5");
    const incomplete = frame({ opcode: 1, fin: false, payload: concat(valid, hex("f4")) });
    expect(read([incomplete])).toEqual([]);
    expect(read([incomplete, frame({ opcode: 0, fin: false, payload: hex("90") })])).toEqual([
      "invalid-utf8",
    ]);
    const torn = frame({ opcode: 1, payload: concat(valid, hex("f4 90 80 80 65 64")) });
    expect(read([torn.slice(0, 2 + valid.length + 1)])).toEqual([]);
    expect(read([torn.slice(0, 2 + valid.length + 2)])).toEqual(["invalid-utf8"]);
  });

  it("[RFC6455-5.6-01] is refused when it ends inside a character, but may be cut anywhere inside", () => {
    expect(readEveryWay(message(hex("e2 82")))).toEqual(["invalid-utf8"]);
    expect(readEveryWay(message(hex("e2"), hex("82")))).toEqual(["invalid-utf8"]);
    expect(readEveryWay(message(hex("e2"), hex("82"), ""))).toEqual(["invalid-utf8"]);
    expect(readEveryWay(message(hex("e2"), hex("82 ac")))).toEqual([{ text: "€" }]);
  });

  it("keeps its byte order mark", () => {
    expect(readEveryWay(message("\ufeffa"))).toEqual([{ text: "\ufeffa" }]);
  });

  it("UTF-8 is not demanded of a binary message", () => {
    expect(readEveryWay(binary(hex("ff fe"), hex("80")))).toEqual([{ bytes: hex("ff fe 80") }]);
  });

  it("can be had as bytes, validated all the same", () => {
    const options = { textAsBytes: true };
    expect(readEveryWay(concat(message("né"), message("a", "é")), options)).toEqual([
      { bytes: bytesOf("né") },
      { bytes: bytesOf("aé") },
    ]);
    expect(readEveryWay(message(hex("c3")), options)).toEqual(["invalid-utf8"]);
    expect(readEveryWay(message(hex("c3"), hex("28")), options)).toEqual(["invalid-utf8"]);
  });
});

describe("the limit for messages", () => {
  it("[RFC6455-10.4-01] is kept to the byte, for one frame and for the sum of fragments", () => {
    const options = { maxMessageSize: 5 };
    expect(readEveryWay(concat(binary("12345"), binary("12", "34", "5")), options)).toHaveLength(2);
    expect(readEveryWay(binary("123456"), options)).toEqual(["message-too-big"]);
    expect(readEveryWay(binary("12", "34", "56"), options)).toEqual(["message-too-big"]);
  });

  it("[RFC6455-10.4-02] counts an empty fragment as one byte, so that endless empty fragments meet it", () => {
    const options = { maxMessageSize: 3 };
    expect(readEveryWay(binary("", "", "", ""), options)).toEqual([{ bytes: new Uint8Array(0) }]);
    expect(readEveryWay(binary("", "", "", "", ""), options)).toEqual(["message-too-big"]);
  });

  it("[RFC6455-10.4-01] is the same for each message, whatever came before it", () => {
    const messages = [["12345"], ["12", "34", "5"], ["123"], ["12345"]];
    const options = { maxMessageSize: 5 };
    expect(readEveryWay(concat(...messages.map((pieces) => binary(...pieces))), options)).toEqual(
      messages.map((pieces) => ({ bytes: bytesOf(pieces.join("")) })),
    );
    const coded = concat(...messages.map((pieces) => fragments(2, pieces.map(shifted), 4)));
    for (const pieces of [false, true]) {
      const found = read([coded], { ...options, pieces }, new Pipeline([shifting], "client"));
      expect(found).toHaveLength(4);
      expect(found.filter((one) => typeof one === "string")).toEqual([]);
    }
  });

  it("[RFC6455-10.4-01] holds for all pieces of a message together, once they are decoded", () => {
    const doubling: MessageCodec = {
      ...shift,
      decode: (input, output: ByteBuffer, limit) => {
        if (output.length + 2 * input.length > limit) return Decoded.TooBig;
        output.append(concat(input, input));
        return Decoded.Ok;
      },
    };
    const pipeline = () => new Pipeline([{ ...shifting, codec: () => doubling }], "client");
    const bytes = fragments(2, ["x".repeat(30_000)], 4);
    const chunks = [bytes.subarray(0, 20_000), bytes.subarray(20_000)];
    const rules = (maxMessageSize: number) =>
      read(chunks, { maxMessageSize, pieces: true }, pipeline()).filter((one) => typeof one === "string");
    expect(rules(60_000)).toEqual([]);
    expect(rules(59_999)).toEqual(["decoded-message-too-big"]);
  });

  it("has memory that is kept for the next one, unless it was very large", () => {
    const asked = (size: number): number => {
      const bytes = fragments(2, [shifted("x".repeat(size))], 4);
      const pipeline = new Pipeline([shifting], "client");
      return allocated(() => read([bytes], {}, pipeline)).bytes;
    };
    asked(100_000);
    expect(asked(100_000)).toBeLessThan(100_000);
    asked(300_000);
    expect(asked(300_000)).toBeGreaterThan(300_000);
  });

  it("comes in pieces also where it is compressed and whole", () => {
    const bytes = fragments(2, [shifted("ab")], 4);
    expect(read([bytes], { pieces: true }, new Pipeline([shifting], "client"))).toEqual([
      { piece: "ab", last: true },
    ]);
  });

  it("[RFC6455-10.4-02] counts the empty fragments between others, too", () => {
    const bytes = binary("1", "", "", "", "2");
    expect(readEveryWay(bytes, { maxMessageSize: 5 })).toEqual([{ bytes: bytesOf("12") }]);
    expect(readEveryWay(bytes, { maxMessageSize: 4 })).toEqual(["message-too-big"]);
  });

  it("[RFC6455-10.4-02] for frames is kept to the byte, for long ones and for short", () => {
    for (const size of [125, 126, 200]) {
      const bytes = binary("x".repeat(size));
      expect(read([bytes], { maxFrameSize: size })).toEqual([{ bytes: bytesOf("x".repeat(size)) }]);
      expect(read([bytes], { maxFrameSize: size - 1 })).toEqual(["frame-too-big"]);
    }
  });

  it("[RFC6455-10.4-02] for frames applies to each of them", () => {
    expect(readEveryWay(binary("123", "123"), { maxFrameSize: 3 })).toHaveLength(1);
    expect(readEveryWay(binary("123", "1234"), { maxFrameSize: 3 })).toEqual(["frame-too-big"]);
  });

  it("is checked at the header: a declared length allocates nothing and waits for nothing", () => {
    expect(read([hex("82 7f 00 0f ff ff ff ff ff ff")])).toEqual(["message-too-big"]);
  });
});

describe("a message in pieces", () => {
  const options = { pieces: true };

  it("is delivered as it arrives, and holds nothing back", () => {
    const bytes = binary("Hello", "", " world");
    expect(read([bytes.slice(0, 4), bytes.slice(4, 9), bytes.slice(9)], options)).toEqual([
      { piece: "He", last: false },
      { piece: "llo", last: false },
      { piece: " world", last: true },
    ]);
  });

  it("amounts to the message at every cut", () => {
    const bytes = concat(message("Hél", "lo"), binary(""));
    for (const chunks of everyCut(bytes)) {
      const pieces = read(chunks, options) as { piece: string; last: boolean }[];
      expect(pieces.filter(({ last }) => last)).toHaveLength(2);
    }
  });

  it("is still valid UTF-8, and within the limit", () => {
    expect(read([message("ab", hex("ff"))], options)).toEqual([{ piece: "ab", last: false }, "invalid-utf8"]);
    expect(read([binary("ab", "cd")], { pieces: true, maxMessageSize: 3 })).toEqual([
      { piece: "ab", last: false },
      "message-too-big",
    ]);
  });

  it("is decoded before it is delivered", () => {
    const bytes = fragments(1, [shifted("Hel"), shifted("lo")], 4);
    expect(readEveryWay(bytes, options, () => new Pipeline([shifting], "client"))).toEqual([
      { piece: "Hello", last: true },
    ]);
    const long = "x".repeat(20_000);
    const found = read(
      [fragments(1, [shifted(long), shifted("end")], 4)],
      options,
      new Pipeline([shifting], "client"),
    );
    expect(found).toEqual([
      { piece: "x".repeat(16_384), last: false },
      { piece: `${"x".repeat(20_000 - 16_384)}end`, last: true },
    ]);
    expect(
      read(
        [fragments(1, [shifted(long), shifted("end")], 4)],
        { pieces: true, maxMessageSize: 20_003 },
        new Pipeline([shifting], "client"),
      ),
    ).toHaveLength(2);
  });
});

describe("a message that an extension transformed", () => {
  const pipeline = () => new Pipeline([shifting], "client");

  it("[RFC7692-6.2-01] [RFC7692-6.2-02] is decoded whole, fragmented or in between plain ones", () => {
    const bytes = concat(
      fragments(1, [shifted("whole")], 4),
      message("plain"),
      fragments(1, [shifted("frag"), "", shifted("mented")], 4),
      fragments(2, [shifted("b")], 4),
      fragments(1, [""], 4),
    );
    expect(readEveryWay(bytes, {}, pipeline)).toEqual([
      { text: "whole" },
      { text: "plain" },
      { text: "fragmented" },
      { bytes: bytesOf("b") },
      { text: "" },
    ]);
  });

  it("[RFC7692-6.1-05] is valid UTF-8 after decoding, or refused", () => {
    expect(readEveryWay(fragments(1, [hex("e3 83")], 4), {}, pipeline)).toEqual(["invalid-utf8"]);
    expect(readEveryWay(fragments(1, [hex("e3"), hex("83")], 4), {}, pipeline)).toEqual(["invalid-utf8"]);
    expect(readEveryWay(fragments(1, [hex("e3")], 4), { textAsBytes: true }, pipeline)).toEqual([
      "invalid-utf8",
    ]);
    expect(readEveryWay(fragments(1, [shifted("é")], 4), { textAsBytes: true }, pipeline)).toEqual([
      { bytes: bytesOf("é") },
    ]);
  });

  it("is refused when its codec finds it corrupt, cut off, or too big", () => {
    expect(readEveryWay(fragments(2, [hex("00")], 4), {}, pipeline)).toEqual(["corrupt-message"]);
    expect(readEveryWay(fragments(2, [hex("05"), hex("00")], 4), {}, pipeline)).toEqual(["corrupt-message"]);
    expect(readEveryWay(fragments(2, [hex("ff")], 4), {}, pipeline)).toEqual(["truncated-message"]);
    const growing: MessageCodec = { ...shift, decode: () => Decoded.TooBig };
    const bomb = () => new Pipeline([{ ...shifting, codec: () => growing }], "client");
    expect(readEveryWay(fragments(2, [hex("05")], 4), {}, bomb)).toEqual(["decoded-message-too-big"]);
  });

  it("does not change when the memory it was decoded in is used again", () => {
    const reader = new MessageReader("client", pipeline(), DEFAULTS);
    reader.feed(concat(fragments(2, [shifted("first")], 4), fragments(2, [shifted("other")], 4)));
    reader.next();
    const first = reader.data;
    reader.next();
    expect(first).toEqual(bytesOf("first"));
  });

  it("is decoded as it arrives when it is long, so that its first fault is found in time", () => {
    const long = shifted("x".repeat(20_000));
    expect(read([fragments(1, [long, long, shifted("end")], 4)], {}, pipeline())).toEqual([
      { text: `${"x".repeat(40_000)}end` },
    ]);
    const broken = concat(hex("c4 29"), long);
    const beginning = fragments(1, [broken, ""], 4).slice(0, -2);
    expect(read([beginning], {}, pipeline())).toEqual(["invalid-utf8"]);
  });

  it("fails at the same place however the chunks are cut, also when it is long", () => {
    // A corrupt byte behind the first block, then a Ping, then the end.
    const payload = concat(new Uint8Array(17_000).fill(5), hex("00"), new Uint8Array(3000).fill(5));
    const ping = frame({ opcode: 9, payload: "?" });
    const bytes = concat(frame({ opcode: 2, rsv: 4, fin: false, payload }), ping, frame({ opcode: 0 }));
    const whole = read([bytes], {}, pipeline());
    expect(whole).toEqual([{ bytes: bytesOf("?") }, "corrupt-message"]);
    for (let cut = 1; cut < bytes.length; cut += 97) {
      expect(read([bytes.subarray(0, cut), bytes.subarray(cut)], {}, pipeline())).toEqual(whole);
    }
  });

  it("gives back the memory that a large one needed", () => {
    const large = shifted("x".repeat(300_000));
    expect(read([fragments(2, [large], 4)], {}, pipeline())).toHaveLength(1);
    expect(read([fragments(2, [shifted("small")], 4)], {}, pipeline())).toEqual([
      { bytes: bytesOf("small") },
    ]);
  });
});
