import { deflateRawSync, constants as zlib } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ByteBuffer } from "../../src/bytes.ts";
import type { Compression } from "../../src/deflate/codec.ts";
import { portable } from "../../src/deflate/index.ts";
import { native } from "../../src/node/zlib.ts";
import type { ConnectionOptions, Event } from "../../src/protocol/contract.ts";
import { type Agreement, Decoded, type Parameter } from "../../src/protocol/extension.ts";
import type { Role } from "../../src/protocol/frame.ts";
import { peers } from "../../src/protocol/peers.ts";
import { type PermessageDeflateOptions, permessageDeflate } from "../../src/protocol/permessage-deflate.ts";
import { bytesOf, concat, frame, hex, readFrames } from "../helpers/frames.ts";
import { receiveEveryWay, recorder } from "../helpers/receive.ts";

/** "server_max_window_bits=10; client_no_context_takeover" as parameters. */
function parameters(text: string): Parameter[] {
  return text
    .split(";")
    .filter((part) => part.trim() !== "")
    .map((part) => {
      const [name, value] = part.trim().split("=");
      return { name: name!, value: value ?? true };
    });
}

function written(list: readonly Parameter[]): string {
  return list.map(({ name, value }) => (value === true ? name : `${name}=${value}`)).join("; ");
}

/** What a server with these options answers to an offer; undefined when it declines. */
function answer(offer: string, options: PermessageDeflateOptions = {}): string | undefined {
  const agreement = permessageDeflate(options).accept(parameters(offer));
  return agreement && written(agreement.parameters);
}

/** What a client with these options says to an answer: "agreed", or why it refuses. */
function verdict(text: string, options: PermessageDeflateOptions = {}): string {
  const confirmed = permessageDeflate(options).confirm(parameters(text));
  return typeof confirmed === "string" ? confirmed : "agreed";
}

/** Both sides of a connection whose client offered and whose server answered. */
function agreed(
  clientOptions: PermessageDeflateOptions,
  serverOptions: PermessageDeflateOptions = clientOptions,
) {
  const client = permessageDeflate(clientOptions);
  const server = permessageDeflate(serverOptions);
  for (const offer of client.offers()) {
    const atServer = server.accept(offer);
    if (atServer === undefined) continue;
    const atClient = client.confirm(atServer.parameters);
    if (typeof atClient === "string") throw new Error(atClient);
    return { client: atClient, server: atServer };
  }
  throw new Error("every offer was declined");
}

const extensions = (agreement: Agreement): ConnectionOptions => ({ extensions: [agreement] });

describe("a server's answer", () => {
  it("[RFC7692-7.1.2.2-05] to an offer without parameters has none", () => {
    expect(answer("")).toBe("");
  });

  it("[RFC7692-7.1.1.1-03] [RFC7692-7.1.1.1-02] confirms server_no_context_takeover", () => {
    expect(answer("server_no_context_takeover")).toBe("server_no_context_takeover");
  });

  it("[RFC7692-7.1.1.2-02] confirms client_no_context_takeover, which saves it memory", () => {
    expect(answer("client_no_context_takeover")).toBe("client_no_context_takeover");
  });

  it("[RFC7692-7.1.2.1-03] [RFC7692-7.1.2.1-04] confirms server_max_window_bits, or less", () => {
    for (let bits = 8; bits <= 15; bits++) {
      expect(answer(`server_max_window_bits=${bits}`)).toBe(`server_max_window_bits=${bits}`);
      expect(answer(`server_max_window_bits=${bits}`, { serverMaxWindowBits: 10 })).toBe(
        `server_max_window_bits=${Math.min(bits, 10)}`,
      );
    }
  });

  it("[RFC7692-7.1.2.2-03] [RFC7692-7.1.2.2-04] confirms a client's smaller window, and says nothing of the largest", () => {
    expect(answer("client_max_window_bits")).toBe("");
    expect(answer("client_max_window_bits=15")).toBe("");
    expect(answer("client_max_window_bits=9")).toBe("client_max_window_bits=9");
    expect(answer("client_max_window_bits", { clientMaxWindowBits: 11 })).toBe("client_max_window_bits=11");
    expect(answer("client_max_window_bits=9", { clientMaxWindowBits: 11 })).toBe("client_max_window_bits=9");
  });

  it("[RFC7692-7.1.1.1-04] [RFC7692-7.1.2.1-05] may demand more of itself than was offered", () => {
    const options = { serverNoContextTakeover: true, clientNoContextTakeover: true, serverMaxWindowBits: 12 };
    expect(answer("", options)).toBe(
      "server_no_context_takeover; client_no_context_takeover; server_max_window_bits=12",
    );
  });

  it("[RFC7692-7-02] [RFC7692-7-03] [RFC7692-7-04] [RFC6455-9-04] [RFC6455-9.1-05] [RFC7692-7-01] is no to an offer that is malformed", () => {
    const bad = [
      "unknown",
      "constructor",
      "__proto__=1",
      "server_no_context_takeover=1",
      "client_no_context_takeover=true",
      "server_max_window_bits",
      "server_max_window_bits; server_max_window_bits=10",
      "server_no_context_takeover; server_no_context_takeover",
      "client_max_window_bits; client_max_window_bits",
    ];
    for (const offer of bad) expect(answer(offer), offer).toBeUndefined();
  });

  it("[RFC7692-7.1.2.1-02] [RFC7692-7.1.2.2-02] is no to any value but 8 to 15 in plain digits", () => {
    for (const value of ["7", "16", "0", "08", "010", "+9", "-9", "9.0", "1e1", "0xa", "99", " 9", "", "٩"]) {
      for (const name of ["server_max_window_bits", "client_max_window_bits"]) {
        expect(permessageDeflate().accept([{ name, value }]), `${name}=${value}`).toBeUndefined();
      }
    }
  });

  it("[RFC7692-7-05] is no when the server needs a limit that the client cannot be told", () => {
    expect(answer("", { clientMaxWindowBits: 10 })).toBeUndefined();
    expect(answer("", { clientMaxWindowBits: 15 })).toBe("");
  });

  it("[RFC7692-5-07] [RFC7692-7-05] is no to a window that its codec cannot compress with", () => {
    const compression: Compression = { ...portable, smallestWindowBits: 9 };
    expect(answer("server_max_window_bits=8", { compression })).toBeUndefined();
    expect(answer("server_max_window_bits=9", { compression })).toBe("server_max_window_bits=9");
  });
});

describe("a client's offer", () => {
  const offers = (options: PermessageDeflateOptions) => permessageDeflate(options).offers().map(written);

  it("[RFC7692-7.1.2.2-01] [RFC7692-5-05] says that its window may be limited", () => {
    expect(offers({})).toEqual(["client_max_window_bits"]);
    expect(offers({ clientMaxWindowBits: 10 })).toEqual(["client_max_window_bits=10"]);
  });

  it("[RFC7692-5-02] [RFC7692-5-04] [RFC7692-7.1.1.1-01] [RFC7692-7.1.1.2-01] [RFC7692-7.1.2.1-01] may be followed by others, in order of preference", () => {
    const options = {
      serverMaxWindowBits: 10,
      serverNoContextTakeover: true,
      alternatives: [{ clientNoContextTakeover: true }, {}],
    };
    expect(offers(options)).toEqual([
      "server_no_context_takeover; server_max_window_bits=10; client_max_window_bits",
      "client_no_context_takeover; client_max_window_bits",
      "client_max_window_bits",
    ]);
  });
});

describe("a client's judgement of the answer", () => {
  it("[RFC7692-5-15] [RFC7692-7.1.1.2-03] takes what a server may say, offered or not", () => {
    for (const text of [
      "",
      "server_no_context_takeover",
      "client_no_context_takeover",
      "server_max_window_bits=8",
      "client_max_window_bits=8",
      "client_max_window_bits=15; server_max_window_bits=15; server_no_context_takeover; client_no_context_takeover",
    ]) {
      expect(verdict(text), text).toBe("agreed");
    }
  });

  it("[RFC7692-7-07] [RFC7692-7-08] [RFC7692-7-09] [RFC6455-9.1-05] [RFC7692-7-06] [RFC7692-7.1.2.1-04] [RFC7692-7.1.2.2-04] refuses what is malformed, and says what", () => {
    expect(verdict("unknown")).toBe("the parameter unknown is unknown");
    expect(verdict("server_no_context_takeover=1")).toBe(
      "the parameter server_no_context_takeover has a value",
    );
    expect(verdict("server_max_window_bits")).toBe(
      "the parameter server_max_window_bits is not a number from 8 to 15",
    );
    expect(verdict("server_max_window_bits=99")).toBe(
      "the parameter server_max_window_bits is not a number from 8 to 15",
    );
    expect(verdict("client_max_window_bits=016")).toBe(
      "the parameter client_max_window_bits is not a number from 8 to 15",
    );
    expect(verdict("client_max_window_bits")).toBe("the parameter client_max_window_bits has no value");
    expect(verdict("server_no_context_takeover; server_no_context_takeover")).toBe(
      "the parameter server_no_context_takeover stands there twice",
    );
  });

  it("[RFC7692-7-10] refuses an answer that does not grant what was demanded", () => {
    const no = "the answer grants none of the offers what it demanded";
    expect(verdict("", { serverNoContextTakeover: true })).toBe(no);
    expect(verdict("", { serverMaxWindowBits: 10 })).toBe(no);
    expect(verdict("server_max_window_bits=11", { serverMaxWindowBits: 10 })).toBe(no);
    expect(verdict("server_max_window_bits=10", { serverMaxWindowBits: 10 })).toBe("agreed");
    expect(verdict("", { serverMaxWindowBits: 10, alternatives: [{}] })).toBe("agreed");
  });

  it("[RFC7692-7-10] refuses a window that its codec cannot compress with", () => {
    const compression: Compression = { ...portable, smallestWindowBits: 9 };
    expect(verdict("client_max_window_bits=8", { compression })).toContain("this side cannot compress with");
    expect(verdict("client_max_window_bits=9", { compression })).toBe("agreed");
  });
});

describe("the options", () => {
  const make = (options: object) => () => permessageDeflate(options);

  it("are checked at the call, by name", () => {
    expect(make({ threshold: -1 })).toThrow("threshold: must be a whole number from 0");
    expect(make({ maxSize: 1.5 })).toThrow("maxSize: must be a whole number from 0");
    expect(make({ level: 10 })).toThrow("level: must be a whole number from 0 to 9; got 10");
    expect(make({ memoryLevel: 0 })).toThrow("memoryLevel: must be a whole number from 1 to 9");
    expect(make({ serverMaxWindowBits: 7 })).toThrow(
      "serverMaxWindowBits: must be a whole number from 8 to 15",
    );
    expect(make({ clientMaxWindowBits: "15" })).toThrow(RangeError);
    expect(make({ serverNoContextTakeover: 1 })).toThrow("serverNoContextTakeover: must be true or false");
    expect(make({ alternatives: [{ clientMaxWindowBits: 16 }] })).toThrow("clientMaxWindowBits");
    expect(make({ clientMaxWindowBits: 8, compression: { ...portable, smallestWindowBits: 9 } })).toThrow(
      "from 9 to 15",
    );
  });
});

// --- On the wire -----------------------------------------------------------------------------------------------

const JSON_MESSAGE = JSON.stringify({
  user: "ada",
  text: "The quick brown fox jumps over the lazy dog",
  at: 1234567,
});
const everyText = Array.from({ length: 20 }, (_, index) => `${JSON_MESSAGE} ${index}`.repeat(index));

describe("two peers that agreed on permessage-deflate", () => {
  const flags = [false, true];
  const settings = flags.flatMap((serverNoContextTakeover) =>
    flags.flatMap((clientNoContextTakeover) =>
      [8, 9, 12, 15].map((bits) => ({
        serverNoContextTakeover,
        clientNoContextTakeover,
        serverMaxWindowBits: bits,
        clientMaxWindowBits: 23 - bits,
        threshold: 0,
      })),
    ),
  );

  it.each(settings)(
    "[RFC7692-6.2-01] [RFC7692-5-15] [RFC7692-6.1-05] understand each other with %j",
    (options) => {
      const { client: atClient, server: atServer } = agreed(options);
      const { client, server, settle } = peers({
        client: extensions(atClient),
        server: extensions(atServer),
      });
      for (const text of everyText) {
        client.sendText(text);
        server.sendText(text);
      }
      const expected = everyText.map((data) => ({ type: "text", data }));
      expect(settle()).toEqual({ client: expected, server: expected });
    },
  );

  it("[RFC7692-6-01] [RFC7692-6-02] [RFC7692-6.1-03] mark the messages they compress, and leave small ones as they are", () => {
    const { server: agreement } = agreed({ threshold: 100 });
    const { connection, outcome } = recorder("server", extensions(agreement));
    connection.sendText("small");
    connection.sendText("large".repeat(100));
    connection.ping(bytesOf("ping".repeat(30)));
    expect(outcome().sent.map(({ rsv, opcode }) => [rsv, opcode])).toEqual([
      [0, 1],
      [4, 1],
      [0, 9],
    ]);
    expect(outcome().sent[1]!.payload.length).toBeLessThan(40);
  });

  it("compress what has 1024 bytes, and nothing smaller, unless they are told otherwise", () => {
    const { connection, outcome } = recorder("server", extensions(agreed({}).server));
    for (const size of [1023, 1024]) connection.sendText("x".repeat(size));
    expect(outcome().sent.map(({ rsv }) => rsv)).toEqual([0, 4]);
  });

  it("leave large ones as they are too, if they are told to, but not those in pieces", () => {
    const { server: agreement } = agreed({ threshold: 10, maxSize: 100 });
    const { connection, outcome } = recorder("server", extensions(agreement));
    for (const size of [9, 10, 100, 101]) connection.sendText("x".repeat(size));
    connection.sendTextPiece("x".repeat(200), true);
    expect(outcome().sent.map(({ rsv }) => rsv)).toEqual([0, 4, 4, 0, 4]);
  });

  it("[RFC7692-7.2.3-01] encode an empty message as one byte", () => {
    const { server: agreement } = agreed({ threshold: 0 });
    const { connection, outcome } = recorder("server", extensions(agreement));
    connection.sendText("");
    connection.sendText("");
    expect(outcome().sent.map(({ payload }) => payload)).toEqual([hex("00"), hex("00")]);
  });

  it("[RFC7692-7.2.1-01] [RFC7692-7.2.1-06] send messages in pieces, each flushed, the tail taken off the last alone", () => {
    const { client: atClient, server: atServer } = agreed({ threshold: 0, serverNoContextTakeover: true });
    const { connection, outcome } = recorder("server", extensions(atServer));
    for (const piece of ["one ", "two ", "three "]) connection.sendTextPiece(piece, false);
    connection.sendTextPiece("four", true);
    const { sent } = outcome();
    expect(sent.map(({ rsv, fin }) => [rsv, fin])).toEqual([
      [4, false],
      [0, false],
      [0, false],
      [0, true],
    ]);
    for (const { payload } of sent.slice(0, 3)) expect(payload.slice(-4)).toEqual(hex("00 00 ff ff"));
    const receiver = recorder("client", extensions(atClient));
    for (const { fin, rsv, opcode, payload } of sent)
      receiver.connection.receive(frame({ fin, rsv, opcode, payload }));
    expect(receiver.events).toEqual([{ type: "text", data: "one two three four" }]);
  });

  it("may send messages in pieces on many connections at once, though codecs are shared", () => {
    const { client: atClient, server: atServer } = agreed({
      threshold: 0,
      serverNoContextTakeover: true,
      clientNoContextTakeover: true,
    });
    const pairs = Array.from({ length: 10 }, () =>
      peers({ client: extensions(atClient), server: extensions(atServer) }),
    );
    for (let piece = 0; piece < 5; piece++) {
      for (const [index, { client, server }] of pairs.entries()) {
        client.sendTextPiece(`c${index}${piece}`, piece === 4);
        server.sendTextPiece(`s${index}${piece}`, piece === 4);
      }
    }
    for (const [index, { settle }] of pairs.entries()) {
      const whole = (side: string) => [0, 1, 2, 3, 4].map((piece) => `${side}${index}${piece}`).join("");
      expect(settle()).toEqual({
        client: [{ type: "text", data: whole("s") }],
        server: [{ type: "text", data: whole("c") }],
      });
    }
  });

  it("[RFC7692-7.2.1-12] keep the context between messages, unless they agreed not to", () => {
    const sizes = (options: PermessageDeflateOptions) => {
      const { connection, outcome } = recorder(
        "server",
        extensions(agreed({ ...options, threshold: 0 }).server),
      );
      for (let index = 0; index < 3; index++) connection.sendText(JSON_MESSAGE);
      return outcome().sent.map(({ payload }) => payload.length);
    };
    const [first, second, third] = sizes({});
    expect(second).toBeLessThan(first! / 5);
    expect(third).toBeLessThan(first! / 5);
    expect(new Set(sizes({ serverNoContextTakeover: true })).size).toBe(1);
  });

  it("[RFC7692-7.1.1.2-03] forget a client's context where its offer said so, or the answer", () => {
    const sizes = (answered: string, options: PermessageDeflateOptions) => {
      const agreement = permessageDeflate({ ...options, threshold: 0 }).confirm(parameters(answered));
      if (typeof agreement === "string") throw new Error(agreement);
      const { connection, outcome } = recorder("client", extensions(agreement));
      for (let index = 0; index < 3; index++) connection.sendText(JSON_MESSAGE);
      return new Set(outcome().sent.map(({ payload }) => payload.length)).size;
    };
    expect(sizes("", {})).toBeGreaterThan(1);
    expect(sizes("client_no_context_takeover", {})).toBe(1);
    expect(sizes("", { clientNoContextTakeover: true })).toBe(1);
  });

  it("[RFC7692-7.2.1-15] never reach back further than the window they agreed on", () => {
    const noise = Uint8Array.from({ length: 300 }, (_, index) => (index * index * 31 + 7 * index) & 0xff);
    const far = concat(noise, new Uint8Array(5000), noise);
    for (const bits of [8, 9, 10, 11, 12, 15]) {
      const { server: agreement } = agreed({ serverMaxWindowBits: bits, threshold: 0 });
      const { connection, outcome } = recorder("server", extensions(agreement));
      connection.sendBinary(far);
      const output = new ByteBuffer();
      expect(portable.inflater(bits).inflate(outcome().sent[0]!.payload, output, 10_000)).toBe(0);
      expect(Buffer.compare(output.view(), far)).toBe(0);
    }
  });

  it("carry a message that stays large when it is compressed, in one frame or in many", () => {
    const { client: atClient, server: atServer } = agreed({ threshold: 0 });
    const { client, settle } = peers({ client: extensions(atClient), server: extensions(atServer) });
    const noise = Uint8Array.from({ length: 70_000 }, (_, index) => Math.imul(index + 1, 0x9e3779b1) >>> 19);
    client.sendBinary(noise);
    for (let at = 0; at < noise.length; at += 7000)
      client.sendBinaryPiece(noise.subarray(at, at + 7000), at === 63_000);
    const { server: events } = settle();
    expect(events.map((event) => event.type === "binary" && Buffer.compare(event.data, noise))).toEqual([
      0, 0,
    ]);
  });

  it("carry any messages under any interleaving", () => {
    const message = fc.record({
      side: fc.constantFrom<Role>("client", "server"),
      data: fc.oneof(fc.string({ unit: "grapheme", maxLength: 300 }), fc.constantFrom(...everyText)),
      size: fc.integer({ min: 1, max: 50 }),
    });
    const options = fc.record({
      serverNoContextTakeover: fc.boolean(),
      clientNoContextTakeover: fc.boolean(),
      serverMaxWindowBits: fc.integer({ min: 8, max: 15 }),
      clientMaxWindowBits: fc.integer({ min: 8, max: 15 }),
      threshold: fc.constantFrom(0, 50),
      level: fc.integer({ min: 0, max: 9 }),
    });
    fc.assert(
      fc.property(
        options,
        fc.array(message, { maxLength: 8 }),
        fc.boolean(),
        (chosen, messages, inPieces) => {
          const { client: atClient, server: atServer } = agreed(chosen);
          const pair = peers({ client: extensions(atClient), server: extensions(atServer) });
          for (const { side, data, size } of messages) {
            if (!inPieces) pair[side].sendText(data);
            else {
              for (let at = 0; at < data.length; at += size)
                pair[side].sendTextPiece(data.slice(at, at + size), false);
              pair[side].sendTextPiece("", true);
            }
          }
          const heard = pair.settle();
          const said = (from: Role): Event[] =>
            messages.filter(({ side }) => side === from).map(({ data }) => ({ type: "text", data }));
          expect(heard).toEqual({ client: said("server"), server: said("client") });
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe("a compressed message", () => {
  const receiver = (options: PermessageDeflateOptions = {}): ConnectionOptions => ({
    extensions: [agreed(options).client],
  });
  const message = (payload: Uint8Array | string, opcode = 1) =>
    frame({ opcode, rsv: 4, payload: typeof payload === "string" ? hex(payload) : payload });
  /** Each way of receiving needs a codec of its own, made from the agreement by the connection. */
  const received = (bytes: Uint8Array, options: ConnectionOptions = receiver()) =>
    receiveEveryWay("client", bytes, options);
  const texts = (bytes: Uint8Array, options?: ConnectionOptions) =>
    received(bytes, options).events.map((event) => (event.type === "text" ? event.data : event.type));
  const refusal = (bytes: Uint8Array, options: ConnectionOptions = receiver()) => {
    const { sent } = received(bytes, options);
    return new TextDecoder().decode(sent.at(-1)?.payload.subarray(2));
  };

  it("[RFC7692-7.2.3-01] is understood in each of the RFC's worked examples", () => {
    expect(texts(message("f2 48 cd c9 c9 07 00"))).toEqual(["Hello"]);
    expect(texts(concat(message("f2 48 cd c9 c9 07 00"), message("f2 00 11 00 00")))).toEqual([
      "Hello",
      "Hello",
    ]);
    expect(texts(message("00 05 00 fa ff 48 65 6c 6c 6f 00"))).toEqual(["Hello"]);
    expect(texts(message("f3 48 cd c9 c9 07 00 00"))).toEqual(["Hello"]);
    expect(texts(message("f2 48 05 00 00 00 ff ff ca c9 c9 07 00"))).toEqual(["Hello"]);
    expect(texts(message("00"))).toEqual([""]);
  });

  it("[RFC7692-6.2-01] may come in fragments, control frames between them, plain messages around", () => {
    const payload = hex("f2 48 cd c9 c9 07 00");
    const bytes = concat(
      frame({ opcode: 1, payload: "plain" }),
      frame({ opcode: 1, rsv: 4, fin: false, payload: payload.slice(0, 3) }),
      frame({ opcode: 9, payload: "?" }),
      frame({ opcode: 0, fin: false, payload: "" }),
      frame({ opcode: 0, payload: payload.slice(3) }),
      frame({ opcode: 1, payload: "plain" }),
    );
    expect(texts(bytes)).toEqual(["plain", "ping", "Hello", "plain"]);
  });

  it("[RFC7692-7.2.1-04] may hold blocks with BFINAL set, before and between others", () => {
    const final = deflateRawSync("one ");
    const more = deflateRawSync("two", { finishFlush: zlib.Z_SYNC_FLUSH }).subarray(0, -4);
    expect(texts(message(concat(final, more)))).toEqual(["one two"]);
    expect(texts(concat(message(concat(final, hex("00"))), message("f2 48 cd c9 c9 07 00")))).toEqual([
      "one ",
      "Hello",
    ]);
  });

  it("[RFC7692-7.2.2-02] refers to the messages before it, which a connection without takeover forgets", () => {
    const twice = concat(message("f2 48 cd c9 c9 07 00"), message("f2 00 11 00 00"));
    expect(refusal(twice, receiver({ serverNoContextTakeover: true }))).toBe("corrupt-message");
  });

  it("that is cut off, or followed by anything, is refused", () => {
    const whole = hex("f2 48 cd c9 c9 07 00");
    for (let length = 0; length < whole.length; length++) {
      expect(refusal(message(whole.slice(0, length))), `${length} bytes`).toBe("truncated-message");
    }
    expect(refusal(message(concat(whole, hex("aa"))))).toMatch(/truncated-message|corrupt-message/);
    expect(refusal(message("07"))).toBe("corrupt-message");
    expect(refusal(message("ff ff ff ff"))).toBe("corrupt-message");
  });

  it("[RFC6455-10.4-01] is inflated up to the limit for messages and no further", () => {
    const options = (maxMessageSize: number): ConnectionOptions => ({ ...receiver(), maxMessageSize });
    const zeros = (size: number) =>
      deflateRawSync(new Uint8Array(size), { finishFlush: zlib.Z_SYNC_FLUSH }).subarray(0, -4);
    expect(received(message(zeros(1000), 2), options(1000)).events).toHaveLength(1);
    expect(refusal(message(zeros(1001), 2), options(1000))).toBe("decoded-message-too-big");
    const bomb = zeros(50_000_000);
    const half = bomb.length >> 1;
    const whole = recorder("client", receiver());
    whole.connection.receive(message(bomb, 2));
    expect(whole.connection.state).toBe("closing");
    const inFragments = recorder("client", receiver());
    inFragments.connection.receive(frame({ opcode: 2, rsv: 4, fin: false, payload: bomb.subarray(0, half) }));
    inFragments.connection.receive(frame({ opcode: 0, payload: bomb.subarray(half) }));
    expect(
      readFrames(concat(...inFragments.written))
        .at(-1)!
        .payload.subarray(0, 2),
    ).toEqual(hex("03f1"));
  });

  it("[RFC7692-6.1-04] has its mark on its first frame alone, and never on a control frame", () => {
    expect(refusal(frame({ opcode: 9, rsv: 4 }))).toBe("reserved-bit-on-control-frame");
    expect(
      refusal(
        concat(frame({ opcode: 1, rsv: 4, fin: false, payload: hex("f2") }), frame({ opcode: 0, rsv: 4 })),
      ),
    ).toBe("reserved-bit-on-continuation");
    expect(refusal(message("00"), {})).toBe("reserved-bit");
    expect(refusal(frame({ opcode: 1, rsv: 2 }))).toBe("reserved-bit");
  });
});

describe("a compressed message that was cut off", () => {
  it.each([
    ["portable", portable],
    ["native", native],
  ])("is found with %s compression, even where the tail becomes its data", (_, compression) => {
    const agreement = permessageDeflate({ compression }).accept([])!;
    const { connection, outcome } = recorder("client", { extensions: [agreement] });
    // A stored block of four octets, of which none has come: the tail fills it.
    connection.receive(frame({ opcode: 2, rsv: 4, payload: hex("00 04 00 fb ff") }));
    connection.receiveEnd();
    expect(outcome().events).toMatchObject([
      { type: "close", close: { error: { rule: "truncated-message" } } },
    ]);
  });
});

describe("the codecs", () => {
  it("are asked for with the level and the memory that were set", () => {
    const asked: unknown[] = [];
    const compression: Compression = {
      ...portable,
      deflater(settings) {
        asked.push(settings);
        return portable.deflater(settings);
      },
    };
    for (const options of [{}, { level: 9, memoryLevel: 3, serverMaxWindowBits: 10 }]) {
      agreed({ ...options, compression }).server.codec!("server").encode(
        bytesOf("a"),
        new ByteBuffer(),
        true,
      );
    }
    expect(asked).toEqual([
      { windowBits: 15, level: 6, memoryLevel: 8 },
      { windowBits: 10, level: 9, memoryLevel: 3 },
    ]);
  });
});

describe("memory", () => {
  it("without takeover, codecs are lent: a thousand connections make no more than one of each", () => {
    let made = 0;
    const counting: Compression = {
      smallestWindowBits: 8,
      inflater(bits) {
        made++;
        return portable.inflater(bits);
      },
      deflater(settings) {
        made++;
        return portable.deflater(settings);
      },
    };
    const both = agreed({
      compression: counting,
      serverNoContextTakeover: true,
      clientNoContextTakeover: true,
      threshold: 0,
    });
    for (let index = 0; index < 1000; index++) {
      const { client, settle } = peers({
        client: extensions(both.client),
        server: {
          ...extensions(both.server),
          onEvent: (event, connection) => event.type === "text" && connection.sendText(event.data),
        },
      });
      client.sendText("hello");
      expect(settle().client).toEqual([{ type: "text", data: "hello" }]);
    }
    // A deflater and an inflater for each of the two extensions.
    expect(made).toBe(4);
  });

  it("without takeover, a connection that has given its codecs back does not go on with them", () => {
    const both = agreed({ threshold: 0, serverNoContextTakeover: true, clientNoContextTakeover: true });
    const [one, other] = [both.client.codec!("client"), both.client.codec!("client")];
    const encoded = (codec: typeof one, text: string, last: boolean): Uint8Array => {
      const output = new ByteBuffer();
      codec.encode(bytesOf(text), output, last);
      return output.take();
    };
    const decoded = (codec: typeof one, bytes: Uint8Array, last: boolean): string => {
      const output = new ByteBuffer();
      expect(codec.decode(bytes, output, 10_000, last)).toBe(Decoded.Ok);
      return new TextDecoder().decode(output.view());
    };

    encoded(one, "first", true);
    const begun = encoded(other, "begun", false);
    encoded(one, JSON_MESSAGE, true);
    const whole = concat(begun, encoded(other, JSON_MESSAGE, true));
    expect(decoded(one, whole, true)).toBe(`begun${JSON_MESSAGE}`);
    const [left, right] = [whole.subarray(0, whole.length / 2), whole.subarray(whole.length / 2)];
    const text = decoded(other, left, false);
    expect(decoded(one, whole, true)).toBe(`begun${JSON_MESSAGE}`);
    expect(text + decoded(other, right, true)).toBe(`begun${JSON_MESSAGE}`);
  });

  it("without takeover, the pool keeps a few codecs, and lets go of what a rush has left", () => {
    let made = 0;
    const compression: Compression = {
      ...portable,
      deflater(settings) {
        made++;
        return portable.deflater(settings);
      },
    };
    const agreement = agreed({ compression, threshold: 0, clientNoContextTakeover: true }).client;
    const codecs = Array.from({ length: 10 }, () => agreement.codec!("client"));
    const rush = (): number => {
      made = 0;
      for (const last of [false, true]) {
        for (const codec of codecs) codec.encode(bytesOf("a"), new ByteBuffer(), last);
      }
      return made;
    };
    expect(rush()).toBe(10);
    expect(rush()).toBe(6);
  });

  it("with takeover, a connection makes its codecs when the first message needs them", () => {
    let made = 0;
    const counting: Compression = {
      ...portable,
      inflater(bits) {
        made++;
        return portable.inflater(bits);
      },
    };
    const { connection } = recorder("client", extensions(agreed({ compression: counting }).client));
    connection.receive(frame({ opcode: 1, payload: "plain" }));
    expect(made).toBe(0);
    connection.receive(frame({ opcode: 1, rsv: 4, payload: hex("00") }));
    connection.receive(frame({ opcode: 1, rsv: 4, payload: hex("00") }));
    expect(made).toBe(1);
  });

  it("an inflater that met corrupt data is fit for the next connection", () => {
    const codec = agreed({ serverNoContextTakeover: true }).client.codec!("client");
    const output = new ByteBuffer();
    expect(codec.decode(hex("07"), output, 100, true)).toBe(Decoded.Corrupt);
    expect(codec.decode(hex("f2 48 cd c9 c9 07 00"), output, 100, true)).toBe(Decoded.Ok);
    expect(output.view()).toEqual(bytesOf("Hello"));
  });
});
