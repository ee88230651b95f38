import { describe, expect, it } from "vitest";
import { ByteBuffer } from "../../src/bytes.ts";
import {
  type Agreement,
  Decoded,
  type MessageCodec,
  type ReservedBit,
} from "../../src/protocol/extension.ts";
import { NO_EXTENSIONS, Pipeline } from "../../src/protocol/pipeline.ts";
import { bytesOf } from "../helpers/frames.ts";

/** A codec that puts a letter behind what it encodes, takes it off again, and finds any other ending corrupt. */
function lettered(letter: string, reservedBit: ReservedBit, from = 0): Agreement {
  const code = letter.charCodeAt(0);
  const codec: MessageCodec = {
    wants: (size) => size >= from,
    encode: (input, output) => {
      output.append(input);
      output.append(Uint8Array.of(code));
    },
    decode: (input, output) => {
      if (input.at(-1) !== code) return Decoded.Corrupt;
      output.append(input.subarray(0, -1));
      return Decoded.Ok;
    },
  };
  return { name: letter, reservedBit, parameters: [], codec: () => codec };
}

function encoded(pipeline: Pipeline, bits: number, text: string): string {
  const output = new ByteBuffer();
  pipeline.encode(bits, bytesOf(text), output, true);
  return new TextDecoder().decode(output.view());
}

function decoded(pipeline: Pipeline, bits: number, text: string): string | Decoded {
  const output = new ByteBuffer();
  const result = pipeline.decode(bits, bytesOf(text), output, 100, true);
  return result === Decoded.Ok ? new TextDecoder().decode(output.view()) : result;
}

describe("the extensions of a connection", () => {
  it("[RFC6455-9.1-07] [RFC6455-6.2-07] transform outgoing messages in their order, and incoming ones in reverse", () => {
    const pipeline = new Pipeline([lettered("a", 4), lettered("b", 2), lettered("c", 1)], "client");
    expect(pipeline.claimedBits).toBe(0x70);
    expect(encoded(pipeline, 0x70, "-")).toBe("-abc");
    expect(decoded(pipeline, 0x70, "-abc")).toBe("-");
    expect(decoded(pipeline, 0x70, "-cba")).toBe(Decoded.Corrupt);
  });

  it("take part in a message when its reserved bits say so", () => {
    const pipeline = new Pipeline([lettered("a", 4), lettered("b", 1)], "server");
    expect(encoded(pipeline, 0x40, "-")).toBe("-a");
    expect(encoded(pipeline, 0x10, "-")).toBe("-b");
    expect(decoded(pipeline, 0x10, "-b")).toBe("-");
    expect(decoded(pipeline, 0x40, "-a")).toBe("-");
    expect(decoded(pipeline, 0x50, "-ab")).toBe("-");
  });

  it("choose the messages that are worth it", () => {
    const pipeline = new Pipeline([lettered("a", 4, 10), lettered("b", 1, 20)], "server");
    expect([0, 9, 10, 20].map((size) => pipeline.choose(size))).toEqual([0, 0, 0x40, 0x50]);
    expect(NO_EXTENSIONS.choose(1_000_000)).toBe(0);
  });

  it("may agree on something that transforms nothing", () => {
    const pipeline = new Pipeline([{ name: "label", reservedBit: 0, parameters: [] }], "client");
    expect(pipeline.claimedBits).toBe(0);
  });

  it("cannot share a reserved bit, or do without one", () => {
    expect(() => new Pipeline([lettered("a", 4), lettered("b", 4)], "client")).toThrow(
      '"b" transforms messages but has no reserved bit',
    );
    expect(() => new Pipeline([lettered("a", 0)], "client")).toThrow(TypeError);
  });

  it("share what one of them makes of a message, but not what two do", () => {
    const shared = (letter: string, reservedBit: ReservedBit, sharing: object): Agreement => {
      const agreement = lettered(letter, reservedBit);
      return { ...agreement, codec: (role) => ({ ...agreement.codec!(role), sharing }) };
    };
    const [a, b] = [{}, {}];
    const pipeline = new Pipeline([shared("a", 4, a), shared("b", 1, b)], "server");
    expect(pipeline.sharing(0x40)).toBe(a);
    expect(pipeline.sharing(0x10)).toBe(b);
    expect(pipeline.sharing(0x50)).toBe(undefined);
    expect(new Pipeline([lettered("a", 4)], "server").sharing(0x40)).toBe(undefined);
  });

  it("are told the limit, and whether a message goes on", () => {
    const told: unknown[] = [];
    const agreement = lettered("a", 4);
    const codec: MessageCodec = {
      wants: () => true,
      encode: (_input, _output, last) => void told.push(last),
      decode: (_input, _output, limit, last) => {
        told.push(limit, last);
        return Decoded.Ok;
      },
    };
    const pipeline = new Pipeline([{ ...agreement, codec: () => codec }], "client");
    for (const last of [false, true]) {
      pipeline.encode(0x40, bytesOf("-"), new ByteBuffer(), last);
      pipeline.decode(0x40, bytesOf("-"), new ByteBuffer(), 7, last);
    }
    expect(told).toEqual([false, 7, false, true, 7, true]);
  });

  it("are made for the role of this side", () => {
    const roles: string[] = [];
    new Pipeline(
      [
        {
          ...lettered("a", 4),
          codec(role) {
            roles.push(role);
            return lettered("a", 4).codec!(role);
          },
        },
      ],
      "server",
    );
    expect(roles).toEqual(["server"]);
  });
});
