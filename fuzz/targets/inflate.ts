/**
 * Target: decompression (RFC 1951), judged against node:zlib; whole, chopped, and again after a reset.
 *
 * Settings: window, limit, how to chop.
 */

import { constants, inflateRawSync, type Zlib } from "node:zlib";
import { ByteBuffer } from "../../src/bytes.ts";
import { Inflated, type Inflater } from "../../src/deflate/codec.ts";
import { portable } from "../../src/deflate/index.ts";
import { concat } from "../../test/helpers/frames.ts";
import { check, checkSame, checkSameBytes } from "../check.ts";
import type { Target } from "../executor.ts";
import { cut, Input } from "../input.ts";

const LARGEST_WINDOW_BITS = 15;

function run(data: Uint8Array): number {
  const input = new Input(data);
  const windowBits = input.pick([LARGEST_WINDOW_BITS, 8, 9, 12]);
  const limit = input.pick([65_536, 1, 100, 1000]);
  const pattern = input.byte();
  const stream = input.rest();

  const inflater = portable.inflater(windowBits);
  const whole = inflate(inflater, [stream], limit);
  check(whole.output.length <= limit, "inflate: its output passes the limit", whole.output.length);
  const chopped = inflate(portable.inflater(windowBits), cut(stream, pattern), limit);
  checkSame(chopped, whole, "inflate: chopped data come out differently");
  inflater.reset();
  checkSame(inflate(inflater, [stream], limit), whole, "inflate: after a reset data come out differently");

  checkAgainstZlib(stream, windowBits, limit, whole.result);
  return data.length + whole.output.length;
}

interface Outcome {
  readonly result: Inflated;
  readonly output: Uint8Array;
  readonly atBoundary: boolean | undefined;
}

function inflate(inflater: Inflater, chunks: Iterable<Uint8Array>, limit: number): Outcome {
  const output = new ByteBuffer();
  for (const chunk of chunks) {
    const result = inflater.inflate(chunk, output, limit);
    if (result !== Inflated.Ok) return { result, output: output.take(), atBoundary: undefined };
  }
  return { result: Inflated.Ok, output: output.take(), atBoundary: inflater.atBoundary };
}

/**
 * zlib stops behind a final block, where RFC 7692 §7.2.1 goes on: so only what zlib has read is compared. zlib also
 * lets a distance reach beyond the window as long as it stays in the output at hand: so smaller windows than the
 * largest are compared only where ours finds nothing wrong.
 */
function checkAgainstZlib(stream: Uint8Array, windowBits: number, limit: number, result: Inflated): void {
  const zlib = runZlib(stream, windowBits, limit);
  if (zlib.code === "ERR_BUFFER_TOO_LARGE") {
    const expected = windowBits === LARGEST_WINDOW_BITS || result !== Inflated.Corrupt;
    check(
      !expected || result === Inflated.LimitReached,
      "inflate: zlib reaches the limit, ours does not",
      result,
    );
  } else if (zlib.code !== undefined) {
    // What is corrupt behind the limit is none of our business.
    check(result !== Inflated.Ok, "inflate: zlib finds the data corrupt, ours does not", zlib.code);
  } else {
    const ours = inflate(portable.inflater(windowBits), [stream.subarray(0, zlib.taken)], limit);
    if (ours.result === Inflated.Corrupt) {
      check(
        windowBits !== LARGEST_WINDOW_BITS || zlibRefusesLater(stream, limit),
        "inflate: ours finds the data corrupt, zlib does not",
      );
      return;
    }
    checkSame(ours.result, Inflated.Ok, "inflate: zlib stays below the limit, ours does not");
    checkSameBytes(ours.output, zlib.output, "inflate: zlib makes something else of the data");
  }
}

/**
 * A dynamic block whose code length code is empty is refused by ours at once, by zlib only behind the code lengths
 * that it goes on to read, a bit for each: 316 at the most.
 */
function zlibRefusesLater(stream: Uint8Array, limit: number): boolean {
  return runZlib(concat(stream, new Uint8Array(64)), LARGEST_WINDOW_BITS, limit).code === "Z_DATA_ERROR";
}

interface ZlibOutcome {
  /** Why it failed; `undefined` if it did not. */
  readonly code: string | undefined;
  readonly output: Uint8Array;
  /** How many bytes it has read. */
  readonly taken: number;
}

function runZlib(stream: Uint8Array, windowBits: number, limit: number): ZlibOutcome {
  try {
    const options = { windowBits, maxOutputLength: limit, finishFlush: constants.Z_SYNC_FLUSH, info: true };
    // With `info`, the result is not what its type says.
    const { buffer, engine } = inflateRawSync(stream, options) as unknown as { buffer: Buffer; engine: Zlib };
    return { code: undefined, output: buffer, taken: engine.bytesWritten };
  } catch (error) {
    return { code: (error as NodeJS.ErrnoException).code ?? "unknown", output: new Uint8Array(0), taken: 0 };
  }
}

/** Block headers and ends, alone and joined. */
export const deflateDictionary: readonly Uint8Array[] = [
  ...[
    "0000ffff",
    "000000ffff",
    "010000ffff",
    "0300",
    "00",
    "01",
    "04c1",
    "05c081",
    "edfd01",
    "0204",
    "4b4c04",
    "f248cdc9c907",
  ],
].map((hex) => new Uint8Array(Buffer.from(hex, "hex")));

export const target: Target = { run, settings: 3, dictionary: deflateDictionary };
