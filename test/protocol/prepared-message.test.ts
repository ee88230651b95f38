import { describe, expect, it } from "vitest";
import type { Compression } from "../../src/deflate/codec.ts";
import { portable } from "../../src/deflate/index.ts";
import { Connection } from "../../src/protocol/connection.ts";
import { Decoded, type MessageCodec } from "../../src/protocol/extension.ts";
import { permessageDeflate } from "../../src/protocol/permessage-deflate.ts";
import { Pipeline } from "../../src/protocol/pipeline.ts";
import { PreparedMessage } from "../../src/protocol/prepared-message.ts";
import { bytesOf, concat, hex, readFrames } from "../helpers/frames.ts";

const TEXT = "one message for many, ".repeat(100);

/** A server's connections, and what each of them has written. */
function audience(size: number, options: (index: number) => object) {
  return Array.from({ length: size }, (_, index) => {
    const written: Uint8Array[] = [];
    const connection = new Connection(
      "server",
      { write: (bytes) => void written.push(bytes.slice()), end() {} },
      options(index),
    );
    return { connection, frames: () => readFrames(concat(...written)) };
  });
}

/** A codec that puts a letter behind a message, and what it makes of one may be sent to others or not. */
function lettered(letter: string, shared = true): Pipeline {
  const codec: MessageCodec = {
    ...(shared ? { sharing: { letter } } : {}),
    wants: () => true,
    encode(input, output) {
      output.append(input);
      output.append(bytesOf(letter));
    },
    decode: () => Decoded.Corrupt,
  };
  return new Pipeline([{ name: letter, reservedBit: 4, parameters: [], codec: () => codec }], "server");
}

describe("a message for many", () => {
  it("arrives at each as it was, text or bytes, small or large", () => {
    for (const data of ["", "text", "é".repeat(20_000), new Uint8Array(3), new Uint8Array(20_000)]) {
      const message = new PreparedMessage(data);
      for (const { connection, frames } of audience(3, () => ({}))) {
        expect(connection.sendPrepared(message)).toBe(true);
        const payload = typeof data === "string" ? bytesOf(data) : data;
        expect(frames()).toHaveLength(1);
        expect(frames()[0]).toMatchObject({ fin: true, rsv: 0, opcode: typeof data === "string" ? 1 : 2 });
        expect(Buffer.compare(frames()[0]!.payload, payload)).toBe(0);
      }
    }
  });

  it("is framed once for all that send it as it is, and once for each way to encode it", () => {
    const message = new PreparedMessage("-");
    const [one, other] = [lettered("a"), lettered("b")];
    const frames = [() => message.frameFor(one, 0), () => message.frameFor(one, 0x40)];
    frames.push(
      () => message.frameFor(other, 0),
      () => message.frameFor(other, 0x40),
    );
    const [plain, first, samePlain, second] = frames.map((frame) => frame());
    expect([plain, first, second]).toEqual([hex("81 01 2d"), hex("c1 02 2d61"), hex("c1 02 2d62")]);
    expect(samePlain).toBe(plain);
    expect(message.frameFor(lettered("c", false), 0x40)).toBe(undefined);
    for (const [index, frame] of frames.entries()) expect(frame()).toBe([plain, first, plain, second][index]);
  });

  it("is compressed once for all that keep no context, and for each that does", () => {
    let deflated = 0;
    const counting: Compression = {
      ...portable,
      deflater(settings) {
        const deflater = portable.deflater(settings);
        return {
          reset: () => deflater.reset(),
          deflate(input, output) {
            deflated++;
            deflater.deflate(input, output);
          },
        };
      },
    };
    const extension = permessageDeflate({ compression: counting, threshold: 0 });
    const agreed = (offer: string) => extension.accept(offer === "" ? [] : [{ name: offer, value: true }])!;
    const message = new PreparedMessage(TEXT);
    const forgetful = audience(10, () => ({ extensions: [agreed("server_no_context_takeover")] }));
    for (const { connection } of forgetful) connection.sendPrepared(message);
    expect(deflated).toBe(1);
    const mindful = audience(10, () => ({ extensions: [agreed("")] }));
    for (const { connection } of mindful) connection.sendPrepared(message);
    expect(deflated).toBe(11);
    for (const { frames } of [...forgetful, ...mindful]) {
      expect(frames()[0]!.rsv).toBe(4);
      expect(frames()[0]!.payload.length).toBeLessThan(100);
    }
    expect(
      new Set(forgetful.map(({ frames }) => Buffer.from(frames()[0]!.payload).toString("hex"))).size,
    ).toBe(1);
  });

  it("is masked for each server by a client", () => {
    const written: Uint8Array[] = [];
    const client = new Connection("client", { write: (bytes) => void written.push(bytes.slice()), end() {} });
    client.sendPrepared(new PreparedMessage("text"));
    expect(readFrames(concat(...written))).toEqual([
      { fin: true, rsv: 0, opcode: 1, masked: true, payload: bytesOf("text") },
    ]);
  });

  it("waits its turn, and is dropped when the connection is not open", () => {
    const [{ connection, frames }] = audience(1, () => ({ schedule: () => {} })) as [
      ReturnType<typeof audience>[0],
    ];
    connection.sendPrepared(new PreparedMessage("text"));
    expect(connection.bufferedAmount).toBe(6);
    connection.sendTextPiece("a", false);
    expect(() => connection.sendPrepared(new PreparedMessage("b"))).toThrow(
      "a message in pieces is under way",
    );
    connection.sendTextPiece("", true);
    connection.close(1000);
    expect(connection.sendPrepared(new PreparedMessage("b"))).toBe(false);
    connection.flush();
    expect(connection.bufferedAmount).toBe(0);
    expect(frames()).toHaveLength(4);
  });

  it("is a string or bytes", () => {
    // @ts-expect-error not a message
    expect(() => new PreparedMessage(7)).toThrow("data must be a string or a Uint8Array");
    const [{ connection }] = audience(1, () => ({})) as [ReturnType<typeof audience>[0]];
    // @ts-expect-error not prepared
    expect(() => connection.sendPrepared("text")).toThrow("message must be a PreparedMessage");
  });
});
