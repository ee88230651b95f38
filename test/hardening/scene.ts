/** The scene of an attack: a server, a bystander, a clock, and ways to attack. All of it can be taken out by name. */

import type { Server } from "../../src/node/server/server.ts";
import type { FakeClock } from "../helpers/fake-clock.ts";
import { until } from "../helpers/fake-socket.ts";
import { upgradeRequest } from "../helpers/handshakes.ts";
import { sockets } from "./accounts.ts";
import { Attacker, type AttackerSettings, type Ending } from "./attacker.ts";
import type { Bystander } from "./bystander.ts";

const SECOND = 1000;

type Bytes = Uint8Array | string;

export class Scene {
  readonly server: Server;
  /** Measures at a moment when the attack is at its worst. */
  readonly weigh: () => Promise<void>;
  readonly #bystander: Bystander;
  readonly #clock: FakeClock;
  readonly #attackers = new Set<Attacker>();

  constructor(server: Server, clock: FakeClock, bystander: Bystander, weigh: () => Promise<void>) {
    this.server = server;
    this.#clock = clock;
    this.#bystander = bystander;
    this.weigh = weigh;
  }

  /** A TCP connection that has said nothing. */
  readonly dial = async (settings?: AttackerSettings): Promise<Attacker> => {
    const attacker = await Attacker.dial(this.server.port, settings);
    this.#attackers.add(attacker);
    attacker.socket.on("close", () => this.#attackers.delete(attacker));
    return attacker;
  };

  /** So many of them, when the server has accepted the last. */
  readonly crowd = async (size: number): Promise<Attacker[]> => {
    const others = sockets();
    const crowd = await Promise.all(Array.from({ length: size }, () => this.dial()));
    await until(() => sockets() === others + 2 * size, "all have been accepted");
    return crowd;
  };

  /** A connection behind its opening handshake. */
  readonly open = async (settings: AttackerSettings & { request?: string } = {}): Promise<Attacker> => {
    const attacker = await this.dial(settings);
    const opened = this.server.stats().connections.total + 1;
    attacker.send(settings.request ?? upgradeRequest());
    await until(() => this.server.stats().connections.total >= opened, "the connection is open");
    return attacker;
  };

  /** Sends bytes, and waits for the server to end the connection. */
  readonly strike = async (...bytes: readonly Bytes[]): Promise<Ending> => {
    const attacker = await this.dial();
    attacker.send(...bytes);
    return attacker.ending();
  };

  /** The same behind an opening handshake, in one packet with it. */
  readonly strikeOpen = (...bytes: readonly Bytes[]): Promise<Ending> =>
    this.strike(upgradeRequest(), ...bytes);

  /** Waits for another echo: what was sent before has arrived then. */
  readonly echo = (): Promise<void> => this.#bystander.echo();

  /** Lets time pass, second by second, for a bystander who lives through each of them. */
  readonly pass = async (seconds: number): Promise<void> => {
    await this.echo();
    for (let second = 0; second < seconds; second++) {
      this.#clock.advance(SECOND);
      await this.echo();
    }
  };

  /** Waits until nobody but the bystander has an open connection. */
  readonly alone = (): Promise<void> =>
    until(() => this.server.peers.size === 1, "only the bystander is left");

  /** The attackers leave. */
  async clear(): Promise<void> {
    for (const { socket } of this.#attackers) socket.destroy();
    await until(() => this.#attackers.size === 0, "the attackers have left");
  }
}
