/** Much of what is allowed: pieces, Pings, Closes and messages by the hundred thousand, also to peers who never read. */

import { describe, expect } from "vitest";
import { bytesOf, concat, frameTo, hex, type TestFrame } from "../helpers/frames.ts";
import { KIB, MIB } from "./accounts.ts";
import { attack } from "./attack.ts";

const toServer = (rest: Omit<TestFrame, "key">): Uint8Array => frameTo("server", rest);
const GOODBYE = toServer({ opcode: 8, payload: hex("03 e8") });
const MANY = 100_000;

describe("a message in 100,000 fragments", () => {
  for (const [what, payload] of [
    ["of one byte", "x"],
    ["that are empty", ""],
  ] as const) {
    attack(
      `${what} holds what its bytes hold, and is delivered`,
      {},
      async ({ alone, open, server, weigh }) => {
        const attacker = await open();
        attacker.send(toServer({ opcode: 1, fin: false, payload }));
        await attacker.flood(toServer({ opcode: 0, fin: false, payload }), MANY - 2);
        await weigh();
        attacker.send(toServer({ opcode: 0, payload }), GOODBYE);
        const { frames, close } = await attacker.ending();
        expect(frames[0]!.payload.length).toBe(payload.length * MANY);
        expect(close).toBe(1000);
        await alone();
        expect(server.stats().closes).toEqual({ 1000: 1 });
      },
    );
  }

  attack(
    "is charged for each that is empty: beyond 1 MiB of them it costs 1009",
    {},
    async ({ open, weigh }) => {
      const attacker = await open();
      attacker.send(toServer({ opcode: 2, fin: false }));
      await attacker.flood(toServer({ opcode: 0, fin: false }), MIB);
      await weigh();
      expect(await attacker.ending()).toMatchObject({ how: "fin", close: 1009 });
    },
  );

  attack("and 10,000 Pings between them is delivered too", {}, async ({ open }) => {
    const attacker = await open();
    const ten = Array.from({ length: 10 }, () => toServer({ opcode: 0, fin: false, payload: "x" }));
    attacker.send(toServer({ opcode: 1, fin: false }));
    await attacker.flood(concat(...ten, toServer({ opcode: 9 })), MANY / 10);
    attacker.send(toServer({ opcode: 0 }), GOODBYE);
    const { frames, close } = await attacker.ending();
    expect(frames.filter(({ opcode }) => opcode === 10)).toHaveLength(MANY / 10);
    expect(frames.at(-2)!.payload).toHaveLength(MANY);
    expect(close).toBe(1000);
  });
});

describe("messages that are never finished", () => {
  const fragment = toServer({ opcode: 0, fin: false, payload: new Uint8Array(10_000) });

  attack(
    "hold two bytes for each that was sent, and end with the heartbeat",
    { memory: 20 * 2 * MIB },
    async ({ alone, open, pass, weigh }) => {
      for (let index = 0; index < 20; index++) {
        const attacker = await open({ deaf: true });
        attacker.send(toServer({ opcode: 2, fin: false }));
        await attacker.flood(fragment, 100);
      }
      await weigh();
      await pass(50);
      await alone();
    },
  );
});

describe("a flood of Pings", () => {
  const ping = toServer({ opcode: 9, payload: "x".repeat(125) });

  attack(
    "by a peer that does not read the Pongs: from 1 MiB of them on nothing is read, and the heartbeat ends it",
    { memory: 4 * MIB },
    async ({ open, pass, server, weigh }) => {
      const attacker = await open({ deaf: true });
      await attacker.choke(ping);
      expect(server.stats().backpressure.paused).toBe(1);
      await weigh();
      await pass(30);
      await attacker.choke(ping);
      await weigh();
      await pass(20);
      expect(server.stats().heartbeat.deadPeers).toBe(1);
    },
  );

  attack("by a peer that reads them is answered, each in its turn", { memory: 4 * MIB }, async ({ open }) => {
    const attacker = await open();
    await attacker.flood(toServer({ opcode: 9, payload: "1" }), MANY);
    attacker.send(GOODBYE);
    const { frames, close } = await attacker.ending();
    expect(frames).toHaveLength(MANY + 1);
    expect(close).toBe(1000);
  });
});

describe("a flood of Pongs", () => {
  attack("that nobody asked for is not answered", {}, async ({ open }) => {
    const attacker = await open();
    await attacker.flood(toServer({ opcode: 10, payload: "x" }), MANY);
    attacker.send(GOODBYE);
    expect(await attacker.ending()).toMatchObject({ frames: { length: 1 }, close: 1000 });
  });
});

describe("a flood of Closes", () => {
  attack("on one connection is answered once", {}, async ({ open }) => {
    const attacker = await open();
    await attacker.flood(GOODBYE, MANY);
    expect(await attacker.ending()).toMatchObject({ closes: 1, frames: { length: 1 }, close: 1000 });
  });

  attack(
    "on 2,000 connections, each closed as soon as it is open, leaves nothing",
    {},
    async ({ alone, server, strikeOpen }) => {
      for (let done = 0; done < 2000; done += 100) {
        const endings = await Promise.all(Array.from({ length: 100 }, () => strikeOpen(GOODBYE)));
        expect(
          endings.every(({ how, close, closes }) => how === "fin" && close === 1000 && closes === 1),
        ).toBe(true);
      }
      await alone();
      expect(server.stats()).toMatchObject({ connections: { open: 1, total: 2001 }, closes: { 1000: 2000 } });
    },
  );

  attack("that nobody ends TCP after is ended in closeTimeout", {}, async ({ open, pass, server }) => {
    for (let index = 0; index < 100; index++) {
      const attacker = await open();
      attacker.socket.allowHalfOpen = true;
      attacker.send(GOODBYE);
    }
    await pass(5);
    expect(server.peers.size).toBe(101);
    await pass(6);
    expect(server.peers.size).toBe(1);
  });
});

describe("a peer that never reads", () => {
  const message = toServer({ opcode: 2, payload: new Uint8Array(512 * KIB) });

  attack(
    "its echoes is not read from: ten of them hold two messages and 1 MiB each at most, until the heartbeat ends them",
    { memory: 24 * MIB },
    async ({ open, pass, server, weigh }) => {
      const attackers = [];
      for (let index = 0; index < 10; index++) attackers.push(await open({ deaf: true }));
      await Promise.all(attackers.map((attacker) => attacker.choke(message)));
      expect(server.stats().backpressure.paused).toBe(10);
      for (const peer of server.peers) expect(peer.bufferedAmount).toBeLessThan(2 * MIB);
      await weigh();
      await pass(50);
      expect(server.stats().heartbeat.deadPeers).toBe(10);
    },
  );

  attack(
    "what the application sends it loses the connection at the budget: 1013, destroyed after closeTimeout",
    { memory: 20 * MIB },
    async ({ open, pass, server, weigh }) => {
      const attacker = await open({ deaf: true });
      const peer = [...server.peers].at(-1)!;
      const news = bytesOf("news ".repeat(20_000));
      for (let sent = 0; sent < 64 * MIB; sent += news.length) peer.send(news);
      expect(peer.state).toBe("closing");
      expect(peer.bufferedAmount).toBeLessThan(17 * MIB);
      await weigh();
      await pass(11);
      expect(server.peers.size).toBe(1);
      expect(await peer.closed).toMatchObject({ code: 1006, initiator: "local" });
      attacker.socket.destroy();
    },
  );
});
