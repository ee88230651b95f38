/**
 * One attack, and what is demanded of the server under it.
 *
 * Each `attack` gets a server of its own with the options of everyday (the ones it names apart), on a port, with a clock
 * that only `pass` moves. Beside the attackers a bystander sends a message and waits for its echo, over and over.
 * Whatever the attackers do:
 * - each echo comes within `echoWithin`, counted in this process's time on a processor, so that other work on the
 *   machine fails no test;
 * - memory grows by less than `memory` once the collector has run, and by less than `peak` in between. Both ends live in
 *   this process: what the attackers and the tests need for themselves counts as well;
 * - when the attackers have left nobody but the bystander is there, and when the server has closed there is no socket, no
 *   timer, no listener on the process and no warning.
 */

import { expect, it } from "vitest";
import type { Handlers } from "../../src/node/peer.ts";
import { type ServeOptions, serve } from "../../src/node/server/server.ts";
import { FakeClock } from "../helpers/fake-clock.ts";
import { until } from "../helpers/fake-socket.ts";
import { echo } from "../helpers/node-servers.ts";
import { MIB, memoryInUse, peakMemory, sockets, warnings, whatIsUsed } from "./accounts.ts";
import { Bystander } from "./bystander.ts";
import { Scene } from "./scene.ts";

export interface Terms extends Omit<ServeOptions, "clock"> {
  /** In milliseconds on a processor. */
  readonly echoWithin?: number;
  /** By how many bytes the heap, and what hangs on it, may grow: whenever it is weighed. */
  readonly memory?: number;
  /** By how many bytes the process may grow: at any moment. */
  readonly peak?: number;
  readonly handlers?: Handlers;
}

/** For a slow machine: a quick one takes a tenth of the time, or less. */
const EVERYDAY = { echoWithin: 750, memory: 2 * MIB, peak: 128 * MIB, handlers: echo };
/** What may differ between two measurements of a server that has nothing to do. */
const NOISE = 2 * MIB;
/** Behind this time no timer of a server that has closed may be left. */
const A_SECOND = 1000;

export function attack(title: string, terms: Terms, play: (scene: Scene) => Promise<void>): void {
  it(title, { timeout: 60_000 }, async () => {
    const { echoWithin, memory, peak, handlers, ...options } = { ...EVERYDAY, ...terms };
    const before = whatIsUsed();
    const clock = new FakeClock();
    const server = await serve({ host: "127.0.0.1", ...options, clock }, handlers);
    const bystander = await Bystander.arrive(server.port);
    const base = await memoryInUse();
    const basePeak = peakMemory();
    const weigh = async (allowed: number): Promise<void> => {
      expect((await memoryInUse()) - base, "memory has grown by").toBeLessThan(allowed);
    };
    const scene = new Scene(server, clock, bystander, () => weigh(memory));
    try {
      await play(scene);
      await scene.weigh();
      await scene.clear();
      await scene.alone();
      await scene.echo();
      await weigh(NOISE);
      expect(bystander.longest, "the longest wait for an echo").toBeLessThan(echoWithin);
      expect(peakMemory() - basePeak, "the process has grown by").toBeLessThan(peak);
    } finally {
      await scene.clear();
      bystander.leave();
      await server.close({ timeout: A_SECOND });
    }
    clock.advance(A_SECOND);
    expect(clock.running, "timers of the server").toBe(0);
    await until(() => sockets() <= (before.TCPSocketWrap ?? 0), "all sockets are gone");
    expect(whatIsUsed(), "what keeps the process busy").toEqual(before);
    expect(warnings()).toEqual([]);
  });
}
