/**
 * The load of a soak, in a process of its own: thousands of clients, each of which sends a message now and then, and
 * compares what comes back with what it sent.
 */

import { connect } from "node:net";
import { compression } from "../../src/node/zlib.ts";
import { ClientHandshake } from "../../src/protocol/client-handshake.ts";
import { Connection } from "../../src/protocol/connection.ts";
import type { Closed, Handler } from "../../src/protocol/contract.ts";
import type { Agreement, Extension } from "../../src/protocol/extension.ts";
import { permessageDeflate } from "../../src/protocol/permessage-deflate.ts";
import { Latencies } from "./latencies.ts";
import { obey } from "./processes.ts";

export interface LoadOrder {
  readonly ports: readonly number[];
  readonly connections: number;
  /** The first three numbers of the addresses to connect from, if there are any but 127.0.0.1. */
  readonly network: string | undefined;
  readonly deflate: boolean;
  /** Characters in a message. */
  readonly size: number;
}

export interface Tally {
  held: number;
  sent: number;
  echoed: number;
  /** Echoes that came in another order than they were sent. */
  outOfOrder: number;
  /** Echoes that were not what was sent. */
  damaged: number;
  /** Connections that could not be made, or ended before they should. */
  broken: number;
  /** What happened to the first of these. */
  trouble: string | undefined;
}

/**
 * How many connections come from one address. It has some 28,000 ports towards one port, but Linux takes ever longer to
 * find one: 20,000 connections are made in 4 s with 3,000 from each address, in 22 s with 10,000.
 */
const PER_ADDRESS = 3_000;
/** How many connections are being made at the same time. */
const AT_ONCE = 200;
/** How long to wait for the last echoes, and for the last to close, in milliseconds. */
const PATIENCE = 15_000;
/** How often it is looked who is to send, in milliseconds. */
const TICK = 10;

const FILLING = '{"name":"soak","state":"holding","value":1234567890},'.repeat(2000);

const NOTHING: Tally = {
  held: 0,
  sent: 0,
  echoed: 0,
  outOfOrder: 0,
  damaged: 0,
  broken: 0,
  trouble: undefined,
};

const tally: Tally = { ...NOTHING };
const latencies = new Latencies();
let lines: Line[] = [];
let leaving = false;
let timer: NodeJS.Timeout | undefined;
/** Called when the number of outstanding echoes, or of connections, has become 0. */
let onQuiet: () => void = () => {};

/** A message says which of its connection it is, and when it was sent. */
function compose(sequence: number, sentAt: string, size: number): string {
  const head = `${sequence} ${sentAt} `;
  return head + FILLING.slice(head.length, size);
}

class Line implements Handler {
  readonly #write: (bytes: Uint8Array) => void;
  readonly #end: () => void;
  readonly #size: number;
  readonly connection: Connection;
  #sent = 0;
  #echoed = 0;
  /** Called once: with the first echo, or at the end. */
  onReady: () => void = () => {};

  constructor(
    write: (bytes: Uint8Array) => void,
    end: () => void,
    extensions: readonly Agreement[],
    size: number,
  ) {
    this.#write = write;
    this.#end = end;
    this.#size = size;
    this.connection = new Connection("client", this, { extensions });
  }

  send(): void {
    if (!this.connection.sendText(compose(this.#sent, performance.now().toFixed(3), this.#size))) return;
    this.#sent++;
    tally.sent++;
  }

  write(bytes: Uint8Array): void {
    this.#write(bytes);
  }

  end(): void {
    this.#end();
  }

  onText(text: string): void {
    const [sequence = "", sentAt = ""] = text.split(" ", 2);
    if (text !== compose(Number(sequence), sentAt, this.#size)) tally.damaged++;
    else if (Number(sequence) !== this.#echoed) tally.outOfOrder++;
    else latencies.add(performance.now() - Number(sentAt));
    this.#echoed++;
    this.onReady();
    if (++tally.echoed === tally.sent) onQuiet();
  }

  onClose(closed: Closed): void {
    tally.held--;
    if (!leaving || !closed.clean) {
      broken(`a connection ended: ${closed.code} ${closed.reason || closed.error?.message || ""}`);
    }
    this.onReady();
    if (tally.held === 0) onQuiet();
  }
}

function broken(trouble: string): void {
  tally.broken++;
  tally.trouble ??= trouble;
}

/** Connects, shakes hands, and resolves when the first message has come back. */
function open(
  port: number,
  localAddress: string | undefined,
  extensions: readonly Extension[],
  size: number,
) {
  return new Promise<void>((resolve) => {
    const socket = connect({ host: "127.0.0.1", port, noDelay: true, ...(localAddress && { localAddress }) });
    const handshake = new ClientHandshake({ host: `127.0.0.1:${port}`, extensions });
    let line: Line | undefined;
    let trouble = "the connection ended during the handshake";
    socket.on("error", (error) => (trouble = error.message));
    socket.on("connect", () => socket.write(handshake.request));
    socket.on("data", (chunk: Uint8Array) => {
      if (line !== undefined) {
        line.connection.receive(chunk);
        return;
      }
      const result = handshake.receive(chunk);
      if (result === undefined) return;
      if (!result.ok) {
        trouble = result.reason;
        socket.destroy();
        return;
      }
      line = new Line(
        (bytes) => socket.write(bytes),
        () => socket.end(),
        result.extensions,
        size,
      );
      line.onReady = resolve;
      lines.push(line);
      tally.held++;
      line.send();
      line.connection.receive(result.rest);
    });
    socket.on("close", () => {
      if (line === undefined) broken(trouble);
      line?.connection.receiveEnd();
      resolve();
    });
  });
}

/** Resolves when there is quiet, or after a while without. */
function quiet(isQuiet: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const impatient = setTimeout(resolve, PATIENCE);
    onQuiet = () => {
      if (!isQuiet()) return;
      clearTimeout(impatient);
      resolve();
    };
    onQuiet();
  });
}

const duties = {
  /** Makes the connections, and exchanges one message with each. */
  async connect({ ports, connections, network, deflate, size }: LoadOrder): Promise<void> {
    leaving = false;
    Object.assign(tally, NOTHING);
    const extensions = deflate ? [permessageDeflate({ compression: compression(), level: 1 })] : [];
    let next = 0;
    const work = async (): Promise<void> => {
      while (next < connections) {
        const index = next++;
        const address = network && `${network}.${2 + Math.floor(index / PER_ADDRESS)}`;
        await open(ports[index % ports.length]!, address, extensions, size);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  },

  /** From now on, everybody sends once in so many milliseconds, one after the other. */
  send({ every }: { every: number }): void {
    const started = performance.now();
    const begun = lines.length;
    let turn = 0;
    latencies.counts.fill(0); // those of the rush to connect are another matter
    timer = setInterval(() => {
      const due = ((performance.now() - started) / every) * begun;
      for (; turn < due; turn++) lines[turn % begun]!.send();
    }, TICK);
  },

  progress: (_: null): Tally => tally,

  /** Nobody sends any more; resolves when the last echoes have come, or are not coming. */
  async finish(_: null): Promise<{ tally: Tally; latencies: Float64Array }> {
    clearInterval(timer);
    await quiet(() => tally.echoed === tally.sent);
    return { tally, latencies: latencies.counts };
  },

  /** Everybody closes. */
  async leave(_: null): Promise<Tally> {
    leaving = true;
    for (const line of lines) line.connection.close(1000);
    await quiet(() => tally.held === 0);
    lines = [];
    return tally;
  },
};

export type LoadDuties = typeof duties;

obey(duties);
