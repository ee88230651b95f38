/** What networks do, and those who pretend to be one: silence, half-open connections, resets at any moment. */

import { describe, expect } from "vitest";
import { until } from "../helpers/fake-socket.ts";
import { bytesOf, frameTo, hex } from "../helpers/frames.ts";
import { upgradeRequest } from "../helpers/handshakes.ts";
import { KIB, MIB } from "./accounts.ts";
import { attack } from "./attack.ts";
import type { Attacker } from "./attacker.ts";
import type { Scene } from "./scene.ts";

const REQUEST = upgradeRequest();

describe("5,000 connections that send nothing", () => {
  attack(
    "cost 8 KiB each at both ends together, and are answered 408 after ten seconds",
    { memory: 5000 * 8 * KIB, peak: 320 * MIB },
    async ({ crowd, pass, server, weigh }) => {
      const silent: Attacker[] = [];
      while (silent.length < 5000) silent.push(...(await crowd(250)));
      await weigh();
      await pass(9);
      expect(server.stats().handshakes.refused).toEqual({});
      await pass(2);
      const statuses = await Promise.all(silent.map(async (attacker) => (await attacker.ending()).status));
      expect(new Set(statuses)).toEqual(new Set([408]));
      expect(server.stats().handshakes.refused).toEqual({ "handshake-timeout": 5000 });
    },
  );
});

describe("a half-open connection", () => {
  attack("is found by the heartbeat within 45 seconds, whatever was under way", {}, async (scene) => {
    const underWay = ["", hex("81"), hex("81 fe"), hex("82 85 00 00 00 00 01"), hex("01 81 00 00 00 00 61")];
    for (const bytes of underWay) (await scene.open({ deaf: true })).send(bytes);
    await scene.pass(26);
    expect(scene.server.stats().heartbeat.pingsSent).toBe(underWay.length);
    await scene.pass(18);
    expect(scene.server.peers.size).toBe(1 + underWay.length);
    await scene.pass(2);
    expect(scene.server.peers.size).toBe(1);
    expect(scene.server.stats().heartbeat.deadPeers).toBe(underWay.length);
  });

  attack(
    "is given up in closeTimeout when the server wanted to close it",
    {},
    async ({ open, pass, server }) => {
      await open({ deaf: true });
      [...server.peers].at(-1)!.close();
      await pass(9);
      expect(server.peers.size).toBe(2);
      await pass(2);
      expect(server.peers.size).toBe(1);
    },
  );

  attack("is given up in closeTimeout behind a refusal", {}, async ({ dial, pass, server }) => {
    const refused = await dial({ deaf: true });
    refused.send("GET / HTTP/1.1\r\n\r\n");
    await until(() => server.stats().handshakes.refused["missing-host"] === 1, "it is refused");
    let gone = false;
    refused.socket.on("close", () => (gone = true));
    await pass(11);
    // Who does not read hears of the end when it writes.
    await until(() => {
      refused.send("anybody?");
      return gone;
    }, "the server has let go");
  });
});

describe("a reset", () => {
  const phases: [string, (scene: Scene) => Promise<Attacker>][] = [
    ["before the first byte", ({ dial }) => dial()],
    ["in the request line", async ({ dial }) => said(await dial(), "GET / HT")],
    ["in a header field", async ({ dial }) => said(await dial(), REQUEST.slice(0, 60))],
    [
      "behind the request, before the answer is read",
      async ({ dial }) => said(await dial({ deaf: true }), REQUEST),
    ],
    ["while the hook decides", async ({ dial }) => said(await dial(), REQUEST.replace("GET /", "GET /slow"))],
    ["behind a refusal", async ({ dial }) => said(await dial(), "GET / HTTP/1.1\r\n\r\n")],
    ["when it is open", ({ open }) => open()],
    ["in a frame's header", async ({ open }) => said(await open(), hex("82 fe 01"))],
    ["in a payload", async ({ open }) => said(await open(), hex("82 85 00 00 00 00 01"))],
    ["between fragments", async ({ open }) => said(await open(), hex("01 81 00 00 00 00 61"))],
    ["in the echo of a large message", async ({ open }) => said(await open({ deaf: true }), LARGE)],
    ["behind its Close", async ({ open }) => said(await open(), frameTo("server", { opcode: 8 }))],
    ["behind a broken rule", async ({ open }) => said(await open(), hex("ff"))],
    ["behind the server's Close", closedByServer],
  ];
  const LARGE = frameTo("server", { opcode: 2, payload: new Uint8Array(900 * KIB) });

  function said(attacker: Attacker, bytes: string | Uint8Array): Attacker {
    attacker.send(typeof bytes === "string" ? bytesOf(bytes) : bytes);
    return attacker;
  }

  async function closedByServer({ open, server }: Scene): Promise<Attacker> {
    const attacker = await open();
    [...server.peers].at(-1)!.close();
    return attacker;
  }

  const upgrade = ({ target }: { target: string }) =>
    target === "/slow" ? new Promise<boolean>(() => {}) : true;

  attack(
    "at any moment is no more than an end, at once or a little later",
    { upgrade, memory: 4 * MIB },
    async (scene) => {
      for (const [, reach] of phases) {
        for (const patience of [0, 1, 3]) {
          const attacker = await reach(scene);
          for (let echoes = 0; echoes < patience; echoes++) await scene.echo();
          attacker.socket.resetAndDestroy();
          await scene.alone();
          await scene.echo();
        }
      }
      expect(scene.server.stats().handlerErrors).toBe(0);
    },
  );
});
