/** A little that becomes much: messages whose content is a thousand times, or a hundred thousand times, what was sent. */

import { randomBytes } from "node:crypto";
import { constants, deflateRawSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { concat, frameTo, hex, type TestFrame } from "../helpers/frames.ts";
import { upgradeRequest } from "../helpers/handshakes.ts";
import { KIB, MIB } from "./accounts.ts";
import { attack } from "./attack.ts";
import type { Ending } from "./attacker.ts";
import type { Scene } from "./scene.ts";

const COMPRESSED = upgradeRequest("Sec-WebSocket-Extensions: permessage-deflate");
const TAIL = 4;
const toServer = (rest: Omit<TestFrame, "key">): Uint8Array => frameTo("server", rest);
const GOODBYE = toServer({ opcode: 8, payload: hex("03 e8") });

/** So many MiB of zeros. Each is compressed by itself, so that a little is all that has to be computed. */
function bomb(mib: number): Uint8Array {
  const one = deflateRawSync(new Uint8Array(MIB), { level: 9, finishFlush: constants.Z_FULL_FLUSH });
  const all = concat(...Array.from({ length: mib }, () => one));
  return all.subarray(0, -TAIL);
}

function compressedMessage(payload: Uint8Array, fragment = payload.length): Uint8Array {
  const frames: Uint8Array[] = [];
  for (let at = 0; at < payload.length; at += fragment) {
    const fin = at + fragment >= payload.length;
    const first = at === 0;
    frames.push(
      toServer({ opcode: first ? 2 : 0, rsv: first ? 4 : 0, fin, payload: payload.slice(at, at + fragment) }),
    );
  }
  return concat(...frames);
}

const drop = (scene: Scene, message: Uint8Array): Promise<Ending> =>
  scene.strike(COMPRESSED, message, GOODBYE);

describe("a bomb of 1000:1", () => {
  const large = bomb(900);

  it("is 900 MiB in less than 1 MiB", () => {
    expect(large.length).toBeLessThan(MIB);
    expect((900 * MIB) / large.length).toBeGreaterThan(1000);
  });

  for (const [how, fragment] of [
    ["in one frame", large.length],
    ["in fragments of 1,000 bytes", 1000],
    ["in fragments of 10 bytes", 10],
  ] as const) {
    const message = compressedMessage(large, fragment);
    attack(
      `${how} costs 1009, and is inflated no further than the limit`,
      { compression: true },
      async (scene) => {
        expect(await drop(scene, message)).toMatchObject({ how: "fin", close: 1009, frames: { length: 1 } });
      },
    );
  }

  attack(
    "twenty times at once costs twenty times 1009",
    { compression: true, memory: 8 * MIB },
    async (scene) => {
      const message = compressedMessage(large);
      const endings = await Promise.all(Array.from({ length: 20 }, () => drop(scene, message)));
      expect(endings.map(({ close }) => close)).toEqual(endings.map(() => 1009));
    },
  );
});

describe("a bomb of 100,000:1", () => {
  // DEFLATE reaches 1032:1, with 258 bytes for two bits. More is to be had against a small limit, or by doing it twice.
  const small = bomb(500);
  for (const [how, fragment] of [
    ["in one frame", small.length],
    ["in fragments of 100 bytes", 100],
  ] as const) {
    attack(
      `as 500 MiB against a limit of 5 KiB, ${how}, costs 1009`,
      { compression: true, maxMessageSize: 5 * KIB },
      async (scene) => {
        const ending = await drop(scene, compressedMessage(small, fragment));
        expect(ending).toMatchObject({ how: "fin", close: 1009, frames: { length: 1 } });
      },
    );
  }

  attack(
    "as a bomb inside a bomb is inflated once",
    { compression: true, memory: 8 * MIB },
    async (scene) => {
      const inner = bomb(900);
      const twice = deflateRawSync(inner, { level: 9, finishFlush: constants.Z_SYNC_FLUSH }).subarray(
        0,
        -TAIL,
      );
      expect((900 * MIB) / twice.length).toBeGreaterThan(100_000);
      const { frames, close } = await drop(scene, compressedMessage(twice));
      expect(close).toBe(1000);
      expect(frames).toHaveLength(2);
    },
  );
});

describe("messages that become 1 MiB each", () => {
  const message = compressedMessage(bomb(1));
  const echoed = { threshold: 2 * MIB };

  attack(
    "are read no faster than their echoes: who does not read those is closed at the budget, and heard no more",
    { compression: echoed, memory: 24 * MIB },
    async ({ open, pass, server, weigh }) => {
      const attacker = await open({ deaf: true, request: COMPRESSED });
      await attacker.choke(message);
      await weigh();
      expect(server.stats().messages.binaryIn).toBeLessThan(200);
      await pass(50);
      expect(server.peers.size).toBe(1);
    },
  );

  attack(
    "and are never finished hold 2 MiB each at most, however little was sent, until the heartbeat ends them",
    { compression: true, memory: 20 * 2 * MIB },
    async ({ alone, open, pass, weigh }) => {
      // What is decoded at all before the end of a message is decoded 16 KiB at a time.
      const noise = deflateRawSync(randomBytes(20 * KIB), { finishFlush: constants.Z_FULL_FLUSH });
      const zeros = deflateRawSync(new Uint8Array(MIB - 40 * KIB), { finishFlush: constants.Z_FULL_FLUSH });
      const payload = concat(zeros, noise);
      expect(payload.length).toBeLessThan(24 * KIB);
      for (let index = 0; index < 20; index++) {
        const attacker = await open({ deaf: true, request: COMPRESSED });
        attacker.send(toServer({ opcode: 2, rsv: 4, fin: false, payload }));
      }
      await weigh();
      await pass(50);
      await alone();
    },
  );

  // A socket that has more is read 32 times before the next one is: here that is all of the 300.
  attack(
    "300 in a row are each inflated and their echoes deflated, a millisecond at a time",
    { compression: true, memory: 24 * MIB, echoWithin: 1500 },
    async ({ open, server }) => {
      const attacker = await open({ request: COMPRESSED });
      await attacker.flood(message, 300);
      attacker.send(GOODBYE);
      expect((await attacker.ending()).close).toBe(1000);
      expect(server.stats().messages.binaryIn).toBe(300);
    },
  );
});
