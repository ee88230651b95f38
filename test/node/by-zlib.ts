// The native supplier, with messages that all begin as those do which zlib inflates.

import type { ByteBuffer } from "../../src/bytes.ts";
import type { Compression, Inflated, Inflater } from "../../src/deflate/codec.ts";
import { native } from "../../src/node/zlib.ts";
import { dynamicBlock } from "../deflate/data.ts";

/** A block with codes of its own and not one byte of data, and an empty stored block, so that it ends with a byte. */
export const NOTHING: Uint8Array = dynamicBlock(257, 1, [...new Array(256).fill(0), 1, 0])
  .code("0")
  .block(0, 0)
  .align()
  .number(0, 16)
  .number(0xffff, 16)
  .bytes();

/** Puts `NOTHING` in front of each message. */
class ByZlib implements Inflater {
  readonly #inflater: Inflater;
  #begun = false;

  constructor(inflater: Inflater) {
    this.#inflater = inflater;
  }

  inflate(input: Uint8Array, output: ByteBuffer, limit: number): Inflated {
    if (!this.#begun && input.length > 0) {
      this.#begun = true;
      this.#inflater.inflate(NOTHING, output, limit);
    }
    return this.#inflater.inflate(input, output, limit);
  }

  get atBoundary(): boolean {
    const ended = this.#inflater.atBoundary;
    if (ended) this.#begun = false;
    return ended;
  }

  get fault(): string {
    return this.#inflater.fault;
  }

  reset(): void {
    this.#inflater.reset();
    this.#begun = false;
  }
}

export const byZlib: Compression = {
  ...native,
  inflater: (windowBits) => new ByZlib(native.inflater(windowBits)),
};
