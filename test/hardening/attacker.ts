/** A peer that does as it likes: bytes onto a socket, and what the server said to that. */

import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { turn } from "../helpers/fake-socket.ts";
import { type ReadFrame, readFrames } from "../helpers/frames.ts";

/** How the server ended a connection. */
export interface Ending {
  /** "fin": the server has ended its side. "reset": it has let go of the connection. */
  readonly how: "fin" | "reset";
  /** The status of its HTTP answer; undefined where there was none. */
  readonly status: number | undefined;
  /** All that was said, as Latin-1. */
  readonly text: string;
  /** What came behind a 101. */
  readonly frames: readonly ReadFrame[];
  /** The code of the Close frame, if the last frame was one: 1005 for none in it. */
  readonly close: number | undefined;
  /** How many Close frames there were. */
  readonly closes: number;
}

export interface AttackerSettings {
  /** It never reads what it is sent. */
  readonly deaf?: boolean;
}

const CHUNK = 64 * 1024;
/** After so many turns without room the server takes no more. */
const PATIENCE = 200;
/** More than this no server shall take of somebody who does not read. */
const TOO_MUCH = 128 * 1024 * 1024;

export class Attacker {
  readonly socket: Socket;
  readonly #heard: Buffer[] = [];
  #finished = false;
  readonly #over: Promise<unknown>;

  constructor(socket: Socket, deaf: boolean) {
    this.socket = socket;
    socket.on("error", () => {});
    socket.on("end", () => {
      this.#finished = true;
    });
    this.#over = new Promise((resolve) => socket.on("close", resolve));
    if (deaf) socket.pause();
    else socket.on("data", (chunk) => this.#heard.push(chunk));
  }

  static async dial(port: number, { deaf = false }: AttackerSettings = {}): Promise<Attacker> {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    const attacker = new Attacker(socket, deaf);
    await once(socket, "connect");
    return attacker;
  }

  send(...bytes: readonly (Uint8Array | string)[]): void {
    this.socket.write(
      Buffer.concat(bytes.map((part) => (typeof part === "string" ? Buffer.from(part, "latin1") : part))),
    );
  }

  /** Sends the same bytes so many times, as fast as the server takes them; or until it ends the connection. */
  async flood(bytes: Uint8Array, times: number): Promise<void> {
    const { chunk, count } = repeated(bytes);
    for (let left = times; left > 0; left -= count) {
      this.socket.write(left >= count ? chunk : chunk.subarray(0, left * bytes.length));
      if (!(await this.#drained(Number.POSITIVE_INFINITY))) return;
    }
  }

  /** Sends the same bytes again and again, until the server takes no more of them. */
  async choke(bytes: Uint8Array): Promise<void> {
    const { chunk } = repeated(bytes);
    for (let sent = 0; sent < TOO_MUCH; sent += chunk.length) {
      this.socket.write(chunk);
      if (!(await this.#drained(PATIENCE))) return;
    }
    throw new Error("the server takes everything");
  }

  async #drained(turns: number): Promise<boolean> {
    for (let left = turns; left > 0 && !this.socket.destroyed; left--) {
      if (!this.socket.writableNeedDrain) return true;
      await turn();
    }
    return false;
  }

  get frames(): ReadFrame[] {
    const whole = Buffer.concat(this.#heard);
    const headEnd = whole.indexOf("\r\n\r\n");
    return headEnd < 0 ? [] : readFrames(whole.subarray(headEnd + 4));
  }

  /** Waits until the server has ended the connection. */
  async ending(): Promise<Ending> {
    await this.#over;
    const text = Buffer.concat(this.#heard).toString("latin1");
    const status = text.startsWith("HTTP/1.1 ") ? Number(text.slice(9, 12)) : undefined;
    const frames = status === 101 ? this.frames : [];
    const last = frames.at(-1);
    return {
      how: this.#finished ? "fin" : "reset",
      status,
      text,
      frames,
      close: last?.opcode === 8 ? codeOf(last.payload) : undefined,
      closes: frames.filter(({ opcode }) => opcode === 8).length,
    };
  }
}

/** About 64 KiB of them. */
function repeated(bytes: Uint8Array): { chunk: Buffer; count: number } {
  const count = Math.max(1, Math.floor(CHUNK / bytes.length));
  return { chunk: Buffer.concat(Array.from({ length: count }, () => bytes)), count };
}

function codeOf(payload: Uint8Array): number {
  return payload.length < 2 ? 1005 : payload[0]! * 256 + payload[1]!;
}
