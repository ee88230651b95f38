/**
 * Chapter 1.15 — What "framewright/deflate" exports: the portable supplier of the seam, and whole streams.
 *
 * What this file must not know: anything below the two classes.
 * Next: ../protocol/violation.ts.
 */

import { ByteBuffer } from "../bytes.ts";
import { type Compression, type Deflater, type DeflateSettings, Inflated, type Inflater } from "./codec.ts";
import { PortableDeflater } from "./deflate.ts";
import { PortableInflater } from "./inflate.ts";
import { Window } from "./window.ts";

export { type Compression, type Deflater, type DeflateSettings, Inflated, type Inflater } from "./codec.ts";

const SMALLEST_WINDOW_BITS = 8;
const LARGEST_WINDOW_BITS = 15;
const DEFAULTS: DeflateSettings = { windowBits: LARGEST_WINDOW_BITS, level: 6, memoryLevel: 8 };

/** RFC 1951 in TypeScript: works in any runtime, with every window from 2^8 to 2^15 bytes. */
export const portable: Compression = {
  smallestWindowBits: SMALLEST_WINDOW_BITS,
  inflater(windowBits: number): Inflater {
    requireInteger("windowBits", windowBits, SMALLEST_WINDOW_BITS, LARGEST_WINDOW_BITS);
    return new PortableInflater(new Window(windowBits));
  },
  deflater(settings: DeflateSettings): Deflater {
    return makeDeflater(settings);
  },
};

export interface InflateRawOptions {
  /** The most bytes to produce. Default: no limit, which suits only data one has made oneself. */
  maxSize?: number;
}

/**
 * Decompresses one whole stream, up to and with its final block. The data are the caller's own here, so what is wrong
 * with them is thrown: RangeError for more than `maxSize` bytes, Error for data that are not DEFLATE or end too early.
 */
export function inflateRaw(data: Uint8Array, options: InflateRawOptions = {}): Uint8Array {
  const { maxSize = Number.POSITIVE_INFINITY } = options;
  requireBytes("data", data);
  if (typeof maxSize !== "number") throw new TypeError("maxSize: must be a number");
  if (!(maxSize >= 0)) throw new RangeError(`maxSize: ${maxSize} is not a size`);
  const inflater = new PortableInflater(new Window(LARGEST_WINDOW_BITS));
  const output = new ByteBuffer();
  const result = inflater.inflate(data, output, maxSize);
  if (result === Inflated.LimitReached)
    throw new RangeError(`data: more than ${maxSize} bytes when decompressed`);
  if (result === Inflated.Corrupt) throw new Error(`data: ${inflater.fault}`);
  if (!inflater.final || !inflater.atBoundary)
    throw new Error("data: ends before the end of its final block");
  return output.take();
}

/** Compresses `data` into one whole stream. */
export function deflateRaw(data: Uint8Array, settings: Partial<DeflateSettings> = {}): Uint8Array {
  requireBytes("data", data);
  const output = new ByteBuffer();
  makeDeflater({ ...DEFAULTS, ...settings }).finish(data, output);
  return output.take();
}

function makeDeflater(settings: DeflateSettings): PortableDeflater {
  requireInteger("windowBits", settings.windowBits, SMALLEST_WINDOW_BITS, LARGEST_WINDOW_BITS);
  requireInteger("level", settings.level, 0, 9);
  requireInteger("memoryLevel", settings.memoryLevel, 1, 9);
  return new PortableDeflater(settings);
}

function requireInteger(name: string, value: number, least: number, most: number): void {
  if (typeof value !== "number") throw new TypeError(`${name}: must be a number`);
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new RangeError(`${name}: ${value} is not an integer from ${least} to ${most}`);
  }
}

function requireBytes(name: string, value: Uint8Array): void {
  if (!(value instanceof Uint8Array)) throw new TypeError(`${name}: must be a Uint8Array`);
}
