/** Servers that misbehave: bare TCP, and a script that says what to do with each connection. */

import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TlsOptions } from "node:tls";
import { afterEach, beforeEach, expect } from "vitest";
import { TICK } from "../../src/node/timers.ts";
import { acceptValue } from "../../src/protocol/accept.ts";
import { FakeClock } from "./fake-clock.ts";
import { turn, until } from "./fake-socket.ts";
import { concat, type ReadFrame, readFrames } from "./frames.ts";
import { lines } from "./handshakes.ts";

/** What a server does with a connection. Whatever it throws fails the test. */
export type Script = (wire: Wire) => unknown;

/** Bytes in one write of a flood. */
const FLOOD_SIZE = 64 * 1024;

/** The server's end of one connection: what has come, and ways to answer. */
export class Wire {
  readonly socket: Socket;
  #received: Uint8Array = new Uint8Array(0);
  /** Where the frames begin: behind the head of the request. */
  #headEnd = 0;
  closed = false;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on("error", () => {});
    socket.on("data", (chunk) => (this.#received = concat(this.#received, chunk)));
    socket.on("close", () => (this.closed = true));
  }

  get text(): string {
    return Buffer.from(this.#received).toString("latin1");
  }

  /** The head of the next request: it has to come. */
  async request(): Promise<RequestText> {
    const start = this.#headEnd;
    let end = -1;
    await until(() => (end = this.text.indexOf("\r\n\r\n", start)) !== -1, "the request is there");
    this.#headEnd = end + 4;
    return new RequestText(this.text.slice(start, end));
  }

  /** The frames that came behind the head, as far as they are whole. */
  get frames(): ReadFrame[] {
    for (let end = this.#received.length; end > this.#headEnd; end--) {
      try {
        return readFrames(this.#received.subarray(this.#headEnd, end));
      } catch {
        // The last one is cut off: without its last byte, or one more.
      }
    }
    return [];
  }

  write(...parts: readonly (Uint8Array | string)[]): void {
    this.socket.write(concat(...parts.map(bytes)));
  }

  /** One byte after the other, as far as TCP can be told so. */
  async trickle(part: Uint8Array | string): Promise<void> {
    for (const byte of bytes(part)) await new Promise((done) => this.socket.write(Uint8Array.of(byte), done));
  }

  /** Writes the same again and again, until the client has gone. */
  async flood(part: Uint8Array | string): Promise<void> {
    const once = bytes(part);
    const many = concat(...Array.from({ length: Math.ceil(FLOOD_SIZE / once.length) }, () => once));
    while (this.socket.writable) await new Promise((done) => this.socket.write(many, done));
  }

  /** Answers as a decent server does, with `parts` right behind the head. */
  async open(...parts: readonly (Uint8Array | string)[]): Promise<void> {
    const { accept } = await this.request();
    this.write(switching(accept), ...parts);
  }

  /** Ends its side, as a decent server does behind the closing handshake (§7.1.1). */
  end(): void {
    this.socket.end();
  }

  reset(): void {
    this.socket.resetAndDestroy();
  }

  /** Waits until a frame with this opcode has come. */
  async frame(opcode: number): Promise<void> {
    await until(
      () => this.frames.some((frame) => frame.opcode === opcode),
      `a frame with opcode ${opcode} is there`,
    );
  }
}

export class RequestText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  /** The value of a field; the first, if there are several. */
  field(name: string): string | undefined {
    const found = this.text.split("\r\n").find((line) => line.toLowerCase().startsWith(`${name}:`));
    return found?.slice(name.length + 1).trim();
  }

  /** What answers its key. */
  get accept(): string {
    return acceptValue(this.field("sec-websocket-key") ?? "");
  }
}

/** The head of a good answer, with more lines. */
export function switching(accept: string, ...more: readonly string[]): string {
  const usual = ["Upgrade: websocket", "Connection: Upgrade", `Sec-WebSocket-Accept: ${accept}`];
  return lines("HTTP/1.1 101 Switching Protocols", ...usual, ...more);
}

function bytes(part: Uint8Array | string): Uint8Array {
  return typeof part === "string" ? Buffer.from(part, "latin1") : part;
}

export interface HostileServer {
  readonly port: number;
  /** In the order in which they came. */
  readonly wires: readonly Wire[];
}

/**
 * Starts servers that are stopped when their test has ended. Then no client may have left a connection open: that is
 * waited for, and is a failure when it does not come.
 */
export function hostileServers(): (script: Script, tls?: TlsOptions) => Promise<HostileServer> {
  const running: { server: Server; wires: Wire[]; failures: unknown[] }[] = [];
  afterEach(async () => {
    for (const { server, wires, failures } of running.splice(0)) {
      try {
        for (const { socket } of wires) socket.resume();
        await until(() => wires.every(({ closed }) => closed), "the client has hung up");
        if (failures.length > 0) throw failures[0];
      } finally {
        for (const { socket } of wires) socket.destroy();
        server.close();
      }
    }
  });
  return async (script, tls) => {
    const wires: Wire[] = [];
    const failures: unknown[] = [];
    const accept = (socket: Socket): void => {
      const wire = new Wire(socket);
      wires.push(wire);
      Promise.resolve(wire)
        .then(script)
        .catch((error: unknown) => failures.push(error));
    };
    const server = tls === undefined ? createServer({ noDelay: true }, accept) : createTlsServer(tls, accept);
    running.push({ server, wires, failures });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return { port: (server.address() as AddressInfo).port, wires };
  };
}

export const urlOf = ({ port }: { port: number }, scheme = "ws"): string => `${scheme}://127.0.0.1:${port}/`;

// --- What must not be left behind ------------------------------------------------------------------------------

/** Sees to it that no test leaves a rejection that nobody handles. */
export function noRejections(): void {
  const unhandled: unknown[] = [];
  const note = (reason: unknown): void => void unhandled.push(reason);
  beforeEach(() => void process.on("unhandledRejection", note));
  afterEach(async () => {
    await turn();
    process.off("unhandledRejection", note);
    expect(unhandled.splice(0), "unhandled rejections").toEqual([]);
  });
}

/**
 * A clock for each test; and it sees to it that none leaves a socket, a timer or a rejection. Comes before whatever
 * closes servers behind a test: those who register first are called last.
 */
export function nothingLeft(): { clock: FakeClock } {
  const now = { clock: new FakeClock() };
  beforeEach(() => {
    now.clock = new FakeClock();
  });
  noRejections();
  afterEach(async () => {
    await until(() => openSockets() === 0, "no socket is left");
    now.clock.advance(2 * TICK);
    expect(now.clock.running, "timers").toBe(0);
  });
  return now;
}

/** Those of this process, at either end. */
function openSockets(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === "TCPSocketWrap" || kind === "TLSWrap")
    .length;
}
