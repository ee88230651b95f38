/** Frames that must not be, sent to a server that is running: each has one answer, and costs nobody else anything. */

import { describe, expect } from "vitest";
import { bytesOf, concat, frame, frameTo, hex, type TestFrame } from "../helpers/frames.ts";
import { upgradeRequest } from "../helpers/handshakes.ts";
import { MIB } from "./accounts.ts";
import { attack } from "./attack.ts";

const toServer = (rest: Omit<TestFrame, "key">): Uint8Array => frameTo("server", rest);
const GOODBYE = toServer({ opcode: 8, payload: Uint8Array.of(3, 0xe8) });
const COMPRESSED = upgradeRequest("Sec-WebSocket-Extensions: permessage-deflate");

/** §5.2, §5.4, §5.5; RFC 7692 §6.1: what may begin the first frame of a connection. */
function mayBegin(first: number, compressed: boolean): boolean {
  const [fin, reserved, opcode] = [first >= 0x80, (first >> 4) & 7, first & 15];
  if (opcode === 8 || opcode === 9 || opcode === 10) return fin && reserved === 0;
  return (opcode === 1 || opcode === 2) && (reserved === 0 || (compressed && reserved === 4));
}

describe("each of the 256 first bytes", () => {
  for (const [name, request, compressed] of [
    ["without extensions", upgradeRequest(), false],
    ["with permessage-deflate", COMPRESSED, true],
  ] as const) {
    attack(`is legal or costs 1002, ${name}`, { compression: true }, async ({ strike }) => {
      const outcomes = Array.from({ length: 256 }, async (_, first) => {
        const payload = (first & 15) < 8 ? "\0" : "";
        const bytes = concat(Uint8Array.of(first), toServer({ opcode: 0, payload }).subarray(1));
        const { how, close } = await strike(request, bytes, GOODBYE);
        return `${first}: ${how} ${close}`;
      });
      const expected = outcomes.map((_, first) => {
        if (!mayBegin(first, compressed)) return `${first}: fin 1002`;
        return `${first}: fin ${first === 0x88 ? 1005 : 1000}`;
      });
      expect(await Promise.all(outcomes)).toEqual(expected);
    });
  }
});

describe("a control frame", () => {
  const wrong: [string, (opcode: number) => Uint8Array][] = [
    ["compressed", (opcode) => toServer({ opcode, rsv: 4, payload: hex("03 e8") })],
    ["fragmented", (opcode) => toServer({ opcode, fin: false, payload: hex("03 e8") })],
    ["of 126 bytes", (opcode) => toServer({ opcode, payload: new Uint8Array(126) })],
    ["of 126 bytes that never come", (opcode) => Uint8Array.of(0x80 | opcode, 0xfe)],
    ["of 2^62 bytes that never come", (opcode) => Uint8Array.of(0x80 | opcode, 0xff)],
    ["without a mask", (opcode) => frame({ opcode, payload: hex("03 e8") })],
  ];
  attack(
    "that is compressed, fragmented, oversized or unmasked costs 1002",
    { compression: true },
    async (scene) => {
      for (const [what, make] of wrong) {
        for (const opcode of [8, 9, 10]) {
          const outcome = await scene.strike(COMPRESSED, make(opcode), GOODBYE);
          expect(outcome, `${opcode} ${what}`).toMatchObject({ how: "fin", close: 1002, closes: 1 });
          expect(outcome.frames, "no Pong, no echo").toHaveLength(1);
        }
      }
    },
  );
});

describe("a declared length", () => {
  const declares = (first: number, length: bigint): Uint8Array =>
    concat(Uint8Array.of(first, 0xff), hex(length.toString(16).padStart(16, "0")));
  const lengths: [bigint, number][] = [
    [2n ** 20n + 1n, 1009],
    [2n ** 31n - 1n, 1009],
    [2n ** 31n, 1009],
    [2n ** 32n - 1n, 1009],
    [2n ** 32n, 1009],
    [2n ** 53n - 1n, 1009],
    [2n ** 53n, 1009],
    [2n ** 62n, 1009],
    [2n ** 63n - 1n, 1009],
    [2n ** 63n, 1002],
    [2n ** 64n - 1n, 1002],
  ];

  attack(
    "from 1 MiB + 1 to 2^64 - 1 is refused when it is complete, before mask and data",
    { compression: true },
    async ({ strike }) => {
      const firsts = { text: 0x81, binary: 0x82, fragment: 0x01, compressed: 0xc2 };
      for (const [length, code] of lengths) {
        for (const [what, first] of Object.entries(firsts)) {
          const outcome = await strike(COMPRESSED, declares(first, length));
          expect(outcome, `${what} of ${length}`).toMatchObject({ how: "fin", close: code });
        }
      }
    },
  );

  attack("is added to what a message has already, without wrapping", {}, async ({ strikeOpen }) => {
    const begun = toServer({ opcode: 2, fin: false, payload: new Uint8Array(1000) });
    for (const [length, code] of lengths) {
      const outcome = await strikeOpen(begun, declares(0x80, length));
      expect(outcome, `${length}`).toMatchObject({ how: "fin", close: code });
    }
    expect(await strikeOpen(begun, declares(0x80, 2n ** 20n - 999n))).toMatchObject({ close: 1009 });
  });

  attack(
    "reserves nothing: 300 frames of 1 MiB with one byte of data hold no memory, and end with the heartbeat",
    { memory: 8 * MIB },
    async ({ open, pass, server, weigh }) => {
      for (let index = 0; index < 300; index++) {
        const attacker = await open();
        attacker.send(declares(0x82, 2n ** 20n), hex("00 00 00 00"), Uint8Array.of(1));
      }
      await weigh();
      await pass(50);
      expect(server.stats().heartbeat.deadPeers).toBe(300);
    },
  );
});

describe("a mask of zeros", () => {
  attack("is a mask like any other, and none is still none", {}, async ({ open, strikeOpen }) => {
    const attacker = await open();
    for (const payload of ["", "a", "abc", "Hello", "x".repeat(70_000)]) {
      attacker.send(frame({ opcode: 1, payload, key: [0, 0, 0, 0] }));
    }
    attacker.send(frame({ opcode: 8, payload: hex("03 e8"), key: [0, 0, 0, 0] }));
    const { frames, close } = await attacker.ending();
    expect(frames.slice(0, -1).map(({ payload }) => payload.length)).toEqual([0, 1, 3, 5, 70_000]);
    expect(close).toBe(1000);
    expect(await strikeOpen(frame({ opcode: 1, payload: "Hello" }))).toMatchObject({ close: 1002 });
  });
});

describe("after a Close", () => {
  const noise = [
    toServer({ opcode: 1, payload: "more" }),
    toServer({ opcode: 9, payload: "more" }),
    toServer({ opcode: 8, payload: hex("03 e9") }),
    hex("ff ff ff ff ff ff ff ff ff ff"),
  ];
  const heard: unknown[] = [];
  const handlers = {
    message: (peer: { send(data: string): unknown }, data: unknown): void => {
      if (String(data).startsWith("more")) heard.push(data);
      else peer.send(String(data));
    },
  };

  attack(
    "nothing is delivered, nothing answered, in the same packet or later",
    { handlers },
    async (scene) => {
      for (const last of [
        GOODBYE,
        toServer({ opcode: 3, payload: "" }),
        toServer({ opcode: 1, payload: hex("ff") }),
      ]) {
        expect(await scene.strikeOpen(last, ...noise)).toMatchObject({
          how: "fin",
          closes: 1,
          frames: { length: 1 },
        });
        const attacker = await scene.open();
        attacker.socket.allowHalfOpen = true;
        attacker.send(last);
        await scene.echo();
        attacker.send(...noise);
        await scene.echo();
        expect(attacker.frames).toHaveLength(1);
        attacker.socket.end();
        expect(await attacker.ending()).toMatchObject({ closes: 1, frames: { length: 1 } });
      }
      expect(heard).toEqual([]);
    },
  );
});

describe("text that is no UTF-8", () => {
  const long = bytesOf("Främewright — 𝔣𝔯𝔞𝔪𝔢𝔰, ".repeat(60));
  const position = (at: number): Uint8Array => {
    const bytes = long.slice();
    bytes[at] = 0xff;
    return toServer({ opcode: 1, payload: bytes }).subarray(0, -(long.length - 1 - at) || undefined);
  };

  attack(
    `costs 1007 at each of the ${long.length} positions of a message, at that byte: the rest is not awaited`,
    {},
    async ({ strikeOpen, server }) => {
      for (let from = 0; from < long.length; from += 100) {
        const some = Array.from({ length: Math.min(100, long.length - from) }, (_, index) => from + index);
        const outcomes = await Promise.all(some.map((at) => strikeOpen(position(at))));
        expect(outcomes.map(({ how, close }) => `${how} ${close}`)).toEqual(some.map(() => "fin 1007"));
      }
      expect(server.stats().messages.textOut).toBe(server.stats().messages.textIn);
    },
  );
});
