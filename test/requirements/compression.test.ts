/** What is asked of extensions, and of permessage-deflate, over both roles and both implementations of the codec. */

import { deflateRawSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { ByteBuffer } from "../../src/bytes.ts";
import type { Compression } from "../../src/deflate/codec.ts";
import { portable } from "../../src/deflate/index.ts";
import { native } from "../../src/node/zlib.ts";
import { ClientHandshake } from "../../src/protocol/client-handshake.ts";
import type { Agreement, Parameter } from "../../src/protocol/extension.ts";
import type { Role } from "../../src/protocol/frame.ts";
import { type PermessageDeflateOptions, permessageDeflate } from "../../src/protocol/permessage-deflate.ts";
import { ServerHandshake } from "../../src/protocol/server-handshake.ts";
import { concat, frameTo } from "../helpers/frames.ts";
import { recorder } from "../helpers/receive.ts";

const roles: Role[] = ["client", "server"];
const codecs: [name: string, compression: Compression][] = [
  ["the portable codec", portable],
  ["zlib", native],
];
const TEXT = "The quick brown fox jumps over the lazy dog. ".repeat(50);

/** What both sides have agreed on after a handshake in which each had these extensions. */
function agreed(
  ...[client, server]: Parameters<typeof shake>
): Record<Role, { extensions: readonly Agreement[] }> {
  const { atClient, atServer } = shake(client, server);
  return { client: { extensions: atClient }, server: { extensions: atServer } };
}

function shake(client: PermessageDeflateOptions | undefined, server: PermessageDeflateOptions | undefined) {
  const extensionsOf = (options?: PermessageDeflateOptions) => (options ? [permessageDeflate(options)] : []);
  const asking = new ClientHandshake({ host: "a", extensions: extensionsOf(client) });
  const accepted = new ServerHandshake({ extensions: extensionsOf(server) }).receive(asking.request);
  if (!accepted?.ok) throw new Error("the server has refused");
  const established = asking.receive(accepted.response);
  if (!established?.ok) throw new Error("the client has refused");
  return { atClient: established.extensions, atServer: accepted.extensions };
}

describe("an extension", () => {
  it("[RFC6455-9.1-04] has the name that was registered for it (RFC 7692 §9.1)", () => {
    expect(permessageDeflate().name).toBe("permessage-deflate");
  });

  it.each([
    ["offered, but not accepted", { threshold: 0 }, undefined],
    ["known to the server, but not offered", undefined, { threshold: 0 }],
  ])("[RFC6455-9.1-06] [RFC7692-5-13] that is %s is not used", (_what, client, server) => {
    const agreements = agreed(client, server);
    expect([agreements.client.extensions, agreements.server.extensions]).toEqual([[], []]);
    for (const role of roles) {
      const { connection, outcome } = recorder(role, agreements[role]);
      connection.sendText(TEXT);
      expect(outcome().sent.map(({ rsv, payload }) => [rsv, payload.length])).toEqual([[0, TEXT.length]]);
      connection.receive(frameTo(role, { opcode: 1, rsv: 4, payload: "" }));
      expect(connection.state).toBe("closing");
    }
  });
});

/** The payload lengths of the frames of the same message, sent again and again. */
function lengthsOf(role: Role, extension: { extensions: readonly Agreement[] }): number[] {
  const { connection, outcome } = recorder(role, extension);
  for (let count = 0; count < 3; count++) connection.sendText(TEXT);
  return outcome().sent.map(({ payload }) => payload.length);
}

describe.each(codecs)("with %s", (_name, compression) => {
  const options = { compression, threshold: 0 };

  it("[RFC7692-7.2.1-08] [RFC7692-7.2.1-11] each message begins with an empty window where that was agreed", () => {
    const forgetful = agreed(
      { ...options, clientNoContextTakeover: true, serverNoContextTakeover: true },
      options,
    );
    for (const role of roles) expect(new Set(lengthsOf(role, forgetful[role])).size).toBe(1);
  });

  it("[RFC7692-7.2.1-09] [RFC7692-7.2.1-12] the window is kept otherwise", () => {
    const keeping = agreed(options, options);
    for (const role of roles) {
      const [first, second] = lengthsOf(role, keeping[role]);
      expect(second).toBeLessThan(first! / 2);
    }
  });

  it("[RFC7692-7.2.2-03] [RFC7692-7.2.2-05] [RFC7692-7.2.2-08] [RFC7692-7.2.2-10] a window of 32,768 bytes is kept where no smaller one was agreed", () => {
    const window = Uint8Array.from({ length: 32_768 }, (_, index) => (index * index * 31 + 7 * index) >> 3);
    const agreement = agreed(options, options);
    for (const role of roles) {
      const { connection, events } = recorder(role, agreement[role]);
      connection.receive(
        frameTo(role, { opcode: 2, rsv: 4, payload: concat(storedBlock(window), Uint8Array.of(0)) }),
      );
      connection.receive(frameTo(role, { opcode: 2, rsv: 4, payload: FARTHEST_MATCH }));
      expect(events).toHaveLength(2);
      expect(events[1]).toEqual({ type: "binary", data: window.slice(0, 3) });
    }
  });

  it("[RFC7692-7.2.1-13] [RFC7692-7.2.2-11] a client keeps to the window that the answer names, whatever it hinted", () => {
    for (const hint of [undefined, 10, 12, 15]) {
      for (const bits of [9, 10, 11]) {
        const client = permessageDeflate({
          ...options,
          ...(hint === undefined ? {} : { clientMaxWindowBits: hint }),
        });
        const answer: Parameter[] = [{ name: "client_max_window_bits", value: String(bits) }];
        const agreement = client.confirm(answer);
        if (typeof agreement === "string") throw new Error(agreement);
        expectWindow(agreement, "client", bits);
      }
    }
  });

  it("[RFC7692-7.2.1-15] a server keeps to the window that it was asked for", () => {
    for (const bits of [9, 10, 11]) {
      const { atServer } = shake({ ...options, serverMaxWindowBits: bits }, options);
      expectWindow(atServer[0]!, "server", bits);
    }
  });
});

/** Sends bytes that would be referred to from afar, and inflates them with a window of just the agreed size. */
function expectWindow(agreement: Agreement, role: Role, bits: number): void {
  const noise = Uint8Array.from({ length: 300 }, (_, index) => (index * index * 31 + 7 * index) & 0xff);
  const data = concat(noise, new Uint8Array(2 ** bits), noise, new Uint8Array(2 ** bits), noise);
  const { connection, outcome } = recorder(role, { extensions: [agreement] });
  connection.sendBinary(data);
  const output = new ByteBuffer();
  expect(portable.inflater(bits).inflate(outcome().sent[0]!.payload, output, data.length)).toBe(0);
  expect(Buffer.compare(output.view(), data)).toBe(0);
  // The same data in the largest window does refer farther back, so the test can fail.
  const far = portable.inflater(bits).inflate(deflateRawSync(data), new ByteBuffer(), data.length);
  expect(far).not.toBe(0);
}

/** RFC 1951 §3.2.4, not the last block. */
function storedBlock(data: Uint8Array): Uint8Array {
  const [low, high] = [data.length & 0xff, data.length >> 8];
  return concat(Uint8Array.of(0, low, high, ~low & 0xff, ~high & 0xff), data);
}

/**
 * RFC 1951 §3.2.6: a block in the fixed codes, with a match of length 3 at distance 32,768, its end, and the header of
 * an empty stored block. Bits as they are sent: header 0 10, length 0000001, distance 11101 and 13 extra bits, all
 * set, end 0000000, header 0 00; then padding.
 */
const FARTHEST_MATCH = bitsOf("0 10 0000001 11101 1111111111111 0000000 0 00");

/** Bytes from bits in the order of sending: from the least significant bit of each byte on. */
function bitsOf(text: string): Uint8Array {
  const bits = text.replaceAll(" ", "");
  const bytes = new Uint8Array(Math.ceil(bits.length / 8));
  for (const [index, bit] of [...bits].entries()) bytes[index >> 3]! |= Number(bit) << (index & 7);
  return bytes;
}
