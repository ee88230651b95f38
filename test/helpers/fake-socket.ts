/** A Node stream without a network: a test decides what arrives, and whether what is written leaves. */

import { Duplex } from "node:stream";
import { concat, type ReadFrame, readFrames } from "./frames.ts";

type Done = (error?: Error | null) => void;

export class FakeSocket extends Duplex {
  /** What left, one item for each system call that a real socket would have made. */
  readonly calls: Uint8Array[] = [];
  /** While true, nothing leaves. */
  stuck = false;
  readonly #held: (() => void)[] = [];

  constructor() {
    super({ highWaterMark: 16 * 1024, allowHalfOpen: false });
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: Done): void {
    this.#send(chunk, done);
  }

  override _writev(chunks: { chunk: Buffer }[], done: Done): void {
    this.#send(Buffer.concat(chunks.map(({ chunk }) => chunk)), done);
  }

  #send(bytes: Buffer, done: Done): void {
    this.calls.push(new Uint8Array(bytes));
    if (this.stuck) this.#held.push(done);
    else done();
  }

  /** The network takes bytes again. */
  release(): void {
    this.stuck = false;
    for (const done of this.#held.splice(0)) done();
  }

  arrive(...chunks: readonly Uint8Array[]): void {
    for (const chunk of chunks) this.push(Buffer.from(chunk));
  }

  hangUp(): void {
    this.push(null);
  }

  get text(): string {
    return new TextDecoder().decode(concat(...this.calls));
  }

  /** The frames that have left. */
  get frames(): ReadFrame[] {
    return readFrames(concat(...this.calls));
  }
}

/** Lets the event loop go round: everything that streams put off has happened then. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Waits for what the kernel does in its own time: as many turns as it takes, up to a bound. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const end = performance.now() + 5000;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`waited in vain until ${what}`);
    await turn();
  }
}
