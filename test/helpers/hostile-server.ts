/** Servers that misbehave: bare TCP, and a script that says what to do with each connection. */

import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { afterEach } from "vitest";
import { acceptValue } from "../../src/protocol/accept.ts";
import { until } from "./fake-socket.ts";
import { concat, type ReadFrame, readFrames } from "./frames.ts";
import { lines } from "./handshakes.ts";

/** What a server does with a connection. Whatever it throws fails the test. */
export type Script = (wire: Wire) => unknown;

/** The server's end of one connection: what has come, and ways to answer. */
export class Wire {
  readonly socket: Socket;
  #received: Uint8Array = new Uint8Array(0);
  /** Where the frames begin: behind the head of the request. */
  #headEnd = 0;
  /** The client has ended its side, or all of it. */
  ended = false;
  closed = false;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on("error", () => {});
    socket.on("data", (chunk) => (this.#received = concat(this.#received, chunk)));
    socket.on("end", () => (this.ended = true));
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

  /** One byte in each packet, as far as TCP can be told so. */
  async trickle(part: Uint8Array | string): Promise<void> {
    for (const byte of bytes(part)) {
      if (!this.socket.writable) return;
      await new Promise((resolve) => this.socket.write(Uint8Array.of(byte), resolve));
    }
  }

  /** Writes the same again and again, until the client has gone. Returns how often the network took it. */
  async flood(part: Uint8Array | string): Promise<number> {
    const again = bytes(part);
    let taken = 0;
    while (this.socket.writable) {
      if (!this.socket.write(again)) await Promise.race([once(this.socket, "drain"), this.gone()]);
      taken++;
    }
    return taken;
  }

  /** Answers as a decent server does, with `parts` right behind the head. */
  async open(...parts: readonly (Uint8Array | string)[]): Promise<RequestText> {
    const request = await this.request();
    this.write(switching(request.accept), ...parts);
    return request;
  }

  reset(): void {
    this.socket.resetAndDestroy();
  }

  /** Fulfilled when the client has gone. */
  async gone(): Promise<void> {
    if (!this.closed) await once(this.socket, "close").catch(() => {});
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

/** The head of a good answer; with more lines, or with a line in the place of one with the same name. */
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
export function hostileServers(): (script: Script) => Promise<HostileServer> {
  const running: { server: Server; wires: Wire[]; failures: unknown[] }[] = [];
  afterEach(async () => {
    for (const { server, wires, failures } of running.splice(0)) {
      try {
        await until(() => wires.every(({ closed, ended }) => closed || ended), "the client has hung up");
        if (failures.length > 0) throw failures[0];
      } finally {
        for (const { socket } of wires) socket.destroy();
        server.close();
      }
    }
  });
  return async (script) => {
    const wires: Wire[] = [];
    const failures: unknown[] = [];
    const server = createServer({ noDelay: true }, (socket) => {
      const wire = new Wire(socket);
      wires.push(wire);
      Promise.resolve(wire)
        .then(script)
        .catch((error: unknown) => failures.push(error));
    });
    running.push({ server, wires, failures });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return { port: (server.address() as AddressInfo).port, wires };
  };
}
