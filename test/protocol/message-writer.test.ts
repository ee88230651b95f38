import { describe, expect, it } from "vitest";
import type { ByteBuffer } from "../../src/bytes.ts";
import type { Agreement, MessageCodec } from "../../src/protocol/extension.ts";
import { Opcode } from "../../src/protocol/frame.ts";
import { FrameWriter } from "../../src/protocol/frame-writer.ts";
import { MessageWriter } from "../../src/protocol/message-writer.ts";
import { NO_EXTENSIONS, Pipeline } from "../../src/protocol/pipeline.ts";
import { bytesOf, concat, readFrames } from "../helpers/frames.ts";

/** Marks what it has seen: "x" becomes "(x", and the end of a message ")". */
const brackets: MessageCodec = {
  wants: (size) => size >= 3,
  encode: (input, output: ByteBuffer, last) => {
    output.append(bytesOf("("));
    output.append(input);
    if (last) output.append(bytesOf(")"));
  },
  decode: () => 0,
};
const bracketing: Agreement = { name: "brackets", reservedBit: 4, parameters: [], codec: () => brackets };

function recorded(pipeline = NO_EXTENSIONS) {
  const written: Uint8Array[] = [];
  const frames = new FrameWriter({ write: (bytes) => void written.push(bytes) }, undefined);
  const messages = new MessageWriter(frames, pipeline);
  return {
    messages,
    sent() {
      frames.flush();
      return readFrames(concat(...written)).map(
        ({ fin, rsv, opcode, payload }) =>
          `${fin ? "FIN " : ""}${rsv} ${opcode} ${new TextDecoder().decode(payload)}`,
      );
    },
  };
}

describe("a message that is sent", () => {
  it("[RFC6455-5.2-01] [RFC6455-5.2-02] [RFC6455-5.2-10] [RFC6455-6.1-06] is one frame of its type", () => {
    const { messages, sent } = recorded();
    messages.text("text", false);
    messages.bytes(Opcode.Binary, bytesOf("binary"), false);
    messages.bytes(Opcode.Text, bytesOf("utf8"), false);
    expect(sent()).toEqual(["FIN 0 1 text", "FIN 0 2 binary", "FIN 0 1 utf8"]);
  });

  it("[RFC6455-5.4-12] [RFC6455-5.4-06] [RFC6455-6.1-05] [RFC6455-6.1-06] [RFC6455-6.1-07] in pieces has its type on the first frame and is continued by the others", () => {
    const { messages, sent } = recorded();
    messages.piece(Opcode.Binary, bytesOf(""), false, false);
    messages.piece(Opcode.Binary, bytesOf("a"), false, false);
    messages.piece(Opcode.Binary, bytesOf(""), false, false);
    messages.piece(Opcode.Binary, bytesOf("b"), false, false);
    messages.piece(Opcode.Binary, bytesOf(""), true, false);
    messages.piece(Opcode.Binary, bytesOf("single"), true, false);
    messages.textPiece("", true, false);
    expect(sent()).toEqual(["0 2 a", "0 0 b", "FIN 0 0 ", "FIN 0 2 single", "FIN 0 1 "]);
  });

  it("in pieces keeps the characters together that are cut between two: the first of all pairs, and the last", () => {
    for (const character of ["\u{10000}", "\u{103ff}", "\u{10fc00}", "\u{10ffff}"]) {
      const { messages, sent } = recorded();
      messages.textPiece(`a${character[0]}`, false, false);
      messages.textPiece(`${character[1]}b`, true, false);
      expect(sent()).toEqual(["0 1 a", `FIN 0 0 ${character}b`]);
    }
  });

  it("[RFC7692-6.1-01] [RFC7692-6.1-02] [RFC6455-6.1-09] is transformed when that is worth it, and marked on its first frame", () => {
    const { messages, sent } = recorded(new Pipeline([bracketing], "server"));
    messages.text("ab", false);
    messages.text("abc", false);
    messages.bytes(Opcode.Binary, bytesOf("abc"), false);
    expect(sent()).toEqual(["FIN 0 1 ab", "FIN 4 1 (abc)", "FIN 4 2 (abc)"]);
  });

  it("[RFC7692-6.1-03] in pieces is transformed piece by piece", () => {
    const { messages, sent } = recorded(new Pipeline([bracketing], "server"));
    messages.textPiece("a", false, false);
    messages.textPiece("b", false, false);
    messages.textPiece("c", true, false);
    expect(sent()).toEqual(["4 1 (a", "0 0 (b", "FIN 0 0 (c)"]);
  });

  it("and is large after its transformation has memory of its own", () => {
    const { messages, sent } = recorded(new Pipeline([bracketing], "server"));
    messages.text("a".repeat(40_000), false);
    messages.text("b".repeat(40_000), false);
    expect(sent()).toEqual([`FIN 4 1 (${"a".repeat(40_000)})`, `FIN 4 1 (${"b".repeat(40_000)})`]);
  });
});

it("two messages do not mix", () => {
  const { messages } = recorded();
  messages.textPiece("a", false, false);
  expect(() => messages.text("b", false)).toThrow("a message in pieces is under way");
  expect(() => messages.bytes(Opcode.Binary, bytesOf("b"), false)).toThrow(
    "a message in pieces is under way",
  );
  expect(() => messages.piece(Opcode.Binary, bytesOf("b"), false, false)).toThrow(
    "cannot change between text and binary",
  );
});
