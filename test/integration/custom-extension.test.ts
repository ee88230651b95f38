import { expect, it } from "vitest";
import {
  ClientHandshake,
  Decoded,
  type Extension,
  peers,
  permessageDeflate,
  ServerHandshake,
} from "../../src/index.ts";

/** An application's own extension: every byte of a message is turned over, by a pattern that both sides agree on. */
function flip(pattern: number): Extension {
  const turned = (bytes: Uint8Array, by: number): Uint8Array => bytes.map((byte) => byte ^ by);
  const agreement = (by: number) => ({
    name: "x-flip",
    reservedBit: 0b010 as const,
    parameters: [{ name: "by", value: String(by) }],
    codec: () => ({
      wants: (size: number) => size > 0,
      encode: (input: Uint8Array, output: { append(bytes: Uint8Array): void }) =>
        output.append(turned(input, by)),
      decode: (input: Uint8Array, output: { append(bytes: Uint8Array): void }) => {
        output.append(turned(input, by));
        return Decoded.Ok;
      },
    }),
  });
  return {
    name: "x-flip",
    reservedBit: 0b010,
    offers: () => [[{ name: "by", value: String(pattern) }]],
    accept: ([parameter]) => (parameter?.name === "by" ? agreement(Number(parameter.value)) : undefined),
    confirm: ([parameter]) =>
      parameter?.value === String(pattern) ? agreement(pattern) : "the pattern is another one",
  };
}

it("[RFC6455-9.2-01] an application's own extension is negotiated beside permessage-deflate, and transforms what that has compressed", () => {
  const clientSide = new ClientHandshake({
    host: "example.com",
    extensions: [permessageDeflate({ threshold: 0 }), flip(0x55)],
  });
  const serverSide = new ServerHandshake({ extensions: [flip(0), permessageDeflate({ threshold: 0 })] });
  const accepted = serverSide.receive(clientSide.request);
  if (!accepted?.ok) throw new Error("the server refused");
  const established = clientSide.receive(accepted.response);
  if (!established?.ok) throw new Error("the client refused");
  expect(established.extensions.map(({ name }) => name)).toEqual(["permessage-deflate", "x-flip"]);

  const carried: Uint8Array[] = [];
  const { client, server, settle } = peers({
    client: { extensions: established.extensions, random: (bytes) => bytes.fill(0) },
    server: { extensions: accepted.extensions },
    *carry(bytes) {
      carried.push(bytes.slice());
      yield bytes;
    },
  });
  client.sendText("Hello");
  server.sendText("Hello");
  expect(settle()).toEqual({
    client: [{ type: "text", data: "Hello" }],
    server: [{ type: "text", data: "Hello" }],
  });
  // FIN, RSV1 and RSV2, text; and the compressed "Hello" of RFC 7692 §7.2.3.1, turned over.
  expect(carried[1]![0]).toBe(0xe1);
  expect(carried[1]!.subarray(2).map((byte) => byte ^ 0x55)).toEqual(
    Uint8Array.of(0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00),
  );
});

it("an answer that the application's extension does not like fails the client, with its sentence", () => {
  const clientSide = new ClientHandshake({ host: "example.com", extensions: [flip(1)] });
  const meddling: Extension = {
    ...flip(1),
    accept: () => ({ ...flip(2).accept([{ name: "by", value: "2" }])! }),
  };
  const accepted = new ServerHandshake({ extensions: [meddling] }).receive(clientSide.request);
  const failed = clientSide.receive(accepted!.response);
  expect(failed).toMatchObject({ ok: false, rule: "extension-answer-refused" });
  expect(!failed?.ok && failed?.reason).toContain("the pattern is another one");
});
