/**
 * Chapter 1.1 — The seam for compression (RFC 7692 §7.2).
 *
 * Compression is synchronous: a message is transformed where it stands. Two implementations stand behind these
 * interfaces: inflate.ts and deflate.ts, portable, and later a native one for Node. One test suite runs over both.
 * It is chosen by import, never by looking at the runtime.
 *
 * What this file must not know: WebSocket frames, messages, negotiation.
 * Next: alphabets.ts.
 */

import type { ByteBuffer } from "../bytes.ts";

/** How far `Inflater.inflate` came. The peer's bytes never throw: what is wrong with them is a value. */
export const Inflated = {
  /** All input was taken. */
  Ok: 0,
  /** The output would pass the limit: decompression stopped there. */
  LimitReached: 1,
  /** The input is not DEFLATE data. `Inflater.fault` says why. */
  Corrupt: 2,
} as const;
export type Inflated = (typeof Inflated)[keyof typeof Inflated];

export interface Inflater {
  /**
   * Inflates all of `input`, appending to `output`. Stops when `output.length` would pass `limit`; what it has
   * produced by then is at most `limit` bytes. After any result but `Ok`, only `reset` may be called.
   */
  inflate(input: Uint8Array, output: ByteBuffer, limit: number): Inflated;
  /**
   * True where a message may end: right behind a stored block of length zero (or another block that ended on a
   * byte boundary), with no bit pending. A message cut off inside a block is not at a boundary. To be asked where a
   * message ends; if the answer there is no, only `reset` may be called.
   */
  readonly atBoundary: boolean;
  /** After `Corrupt`: what was found, for people. */
  readonly fault: string;
  /** Forgets the window and any unfinished block; keeps the memory for the next message. */
  reset(): void;
}

export interface Deflater {
  /**
   * Compresses all of `input`, appending to `output`, and flushes to a byte boundary with an empty stored block
   * (its octets 00 00 ff ff are the last four written). The window stays for the next call.
   */
  deflate(input: Uint8Array, output: ByteBuffer): void;
  /** Forgets the window: the next call refers to nothing before it. */
  reset(): void;
}

export interface DeflateSettings {
  /** Base-two logarithm of the LZ77 window, 8 to 15: no match reaches further back. */
  windowBits: number;
  /** 0 (stored only), 1 (fastest) to 9 (smallest). */
  level: number;
  /** 1 to 9: memory for the hash tables and the block being gathered, against ratio, as in zlib. */
  memoryLevel: number;
}

/** A supplier of codecs: what an implementation of the seam exports. */
export interface Compression {
  /** The smallest window it can compress with: 8 here, 9 where zlib does the work. All can inflate from 8 on. */
  readonly smallestWindowBits: number;
  /** `windowBits` is the peer's promise: references further back than 2^windowBits are corrupt. */
  inflater(windowBits: number): Inflater;
  deflater(settings: DeflateSettings): Deflater;
}
