/**
 * Looks at answers that the generator cannot judge: those that are compressed, and event streams. Once for each server,
 * before anything is measured; a server that answers something else is not measured.
 */

import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { constants, inflateRawSync } from "node:zlib";
import type { Scenario } from "./scenarios.ts";
import type { Script } from "./script.ts";

/** Rejects, with the reason, if the server is not to be measured. */
export async function check(port: number, scenario: Scenario, script: Script): Promise<void> {
  if (script.counting === "marks") await checkEvents(port, scenario.server.eventSize!);
  else if (script.answersVary) await checkCompression(port, script);
}

// --- Compressed answers -----------------------------------------------------------------------------------------

const MOST_CHECKED = 64;

async function checkCompression(port: number, script: Script): Promise<void> {
  const wire = await Wire.open(port);
  try {
    wire.write(script.request);
    const head = await wire.head();
    if (!head.startsWith("HTTP/1.1 101 ")) throw new Error(`it answered: ${head.split("\r\n")[0]}`);
    if (!/permessage-deflate/i.test(head)) throw new Error("it does not agree to compression");
    const answers = new Answers();
    for (const { sent, answer } of [...script.prelude, ...script.cycle].slice(0, MOST_CHECKED)) {
      wire.write(sent);
      const decoded = answers.decode(await wire.frame());
      if (!decoded.equals(answer)) throw new Error("it answered something else");
    }
    if (answers.compressed === 0) throw new Error("it compresses nothing");
  } finally {
    wire.close();
  }
}

const WINDOW = 32 * 1024;
const TAIL = Buffer.from([0x00, 0x00, 0xff, 0xff]);

/** Decodes what a server sends. A window of what came before does no harm where the server has forgotten it. */
export class Answers {
  compressed = 0;
  #window: Buffer = Buffer.alloc(0);

  decode(frame: Frame): Buffer {
    if (!frame.compressed) return frame.payload;
    this.compressed++;
    const dictionary = this.#window.length > 0 ? { dictionary: this.#window } : {};
    const plain = inflateRawSync(Buffer.concat([frame.payload, TAIL]), {
      ...dictionary,
      finishFlush: constants.Z_SYNC_FLUSH,
    });
    this.#window = Buffer.concat([this.#window, plain]).subarray(-WINDOW);
    return plain;
  }
}

// --- Events -----------------------------------------------------------------------------------------------------

async function checkEvents(port: number, size: number): Promise<void> {
  const origin = `http://127.0.0.1:${port}/`;
  const abort = new AbortController();
  try {
    const response = await fetch(origin, { signal: abort.signal });
    if (!response.headers.get("Content-Type")?.startsWith("text/event-stream")) {
      throw new Error("it is no event stream");
    }
    await fetch(origin, { method: "POST", signal: abort.signal });
    const event = `data: ${"x".repeat(size - 1)}!\n\n`;
    let text = "";
    for await (const chunk of response.body!) {
      text += Buffer.from(chunk).toString();
      if (text.includes("!")) break;
    }
    if (!text.endsWith(event)) throw new Error("it sent another event");
  } finally {
    abort.abort();
  }
}

// --- A connection, for a look -----------------------------------------------------------------------------------

export interface Frame {
  readonly compressed: boolean;
  readonly payload: Buffer;
}

const PATIENCE = 5000;

class Wire {
  readonly #socket: Socket;
  #bytes = Buffer.alloc(0);

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (chunk) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk]);
    });
  }

  static async open(port: number): Promise<Wire> {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    await once(socket, "connect");
    socket.setTimeout(PATIENCE, () => socket.destroy(new Error("it does not answer")));
    return new Wire(socket);
  }

  write(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  async head(): Promise<string> {
    while (!this.#bytes.includes("\r\n\r\n")) await once(this.#socket, "data");
    return this.#take(this.#bytes.indexOf("\r\n\r\n") + 4).toString("latin1");
  }

  async frame(): Promise<Frame> {
    for (let size = frameSize(this.#bytes); ; size = frameSize(this.#bytes)) {
      if (size !== undefined && size.header + size.payload <= this.#bytes.length) {
        const compressed = (this.#bytes[0]! & 0x40) !== 0;
        return { compressed, payload: this.#take(size.header + size.payload).subarray(size.header) };
      }
      await once(this.#socket, "data");
    }
  }

  #take(length: number): Buffer {
    const taken = this.#bytes.subarray(0, length);
    this.#bytes = this.#bytes.subarray(length);
    return taken;
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** Of a frame without a mask; undefined as long as its header is not complete. */
export function frameSize(bytes: Buffer): { header: number; payload: number } | undefined {
  const length = bytes[1] ?? 0;
  const header = length < 126 ? 2 : length === 126 ? 4 : 10;
  if (bytes.length < header) return undefined;
  const payload =
    length < 126 ? length : length === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
  return { header, payload };
}
