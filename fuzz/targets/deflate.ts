/**
 * Target: compression (RFC 1951, RFC 7692 §7.2.1): whatever goes in comes out again, from our inflater and from zlib's.
 *
 * Settings: window, level, memory level, how to cut into messages, which of them forget the window, how often the data
 * are repeated (so that few bytes make windows slide).
 */

import { constants, inflateRawSync } from "node:zlib";
import { ByteBuffer } from "../../src/bytes.ts";
import { Inflated } from "../../src/deflate/codec.ts";
import { deflateRaw, inflateRaw, portable } from "../../src/deflate/index.ts";
import { concat } from "../../test/helpers/frames.ts";
import { check, checkSame, checkSameBytes } from "../check.ts";
import type { Target } from "../executor.ts";
import { cut, Input } from "../input.ts";

const TAIL = Uint8Array.of(0x00, 0x00, 0xff, 0xff);

function run(data: Uint8Array): number {
  const input = new Input(data);
  const windowBits = input.pick([15, 8, 9, 10, 11, 12, 13, 14]);
  const level = input.pick([6, 0, 1, 2, 3, 4, 5, 7, 8, 9]);
  const memoryLevel = input.pick([8, 1, 2, 3, 4, 5, 6, 7, 9]);
  const pattern = input.byte();
  const resets = input.byte();
  const times = input.pick([1, 1, 1, 2, 10]);
  const once = input.rest();
  const messages = Array.from({ length: times }, () => [...cut(once, pattern === 0 ? 255 : pattern)]).flat();

  const settings = { windowBits, level, memoryLevel };
  const deflater = portable.deflater(settings);
  // §7.1.2: the promise of a window is kept if an inflater that has no larger one can follow.
  const inflater = portable.inflater(windowBits);
  const compressed = new ByteBuffer();
  for (const [index, message] of messages.entries()) {
    if (((resets >> (index % 8)) & 1) === 1) deflater.reset();
    const start = compressed.length;
    deflater.deflate(message, compressed);
    const written = compressed.view().slice(start);
    checkSameBytes(written.subarray(-4), TAIL, "deflate: a message does not end with an empty stored block");
    check(
      written.length <= worstCase(message.length),
      "deflate: its output is larger than stored blocks",
      written.length,
    );
    const output = new ByteBuffer();
    const result = inflater.inflate(written, output, Number.POSITIVE_INFINITY);
    checkSame(result, Inflated.Ok, "deflate: our inflater refuses its output");
    check(inflater.atBoundary, "deflate: a message does not end at a boundary");
    checkSameBytes(output.view(), message, "deflate: our inflater makes something else of its output");
  }

  const whole = concat(...messages);
  const byZlib = inflateRawSync(compressed.view(), { finishFlush: constants.Z_SYNC_FLUSH });
  checkSameBytes(byZlib, whole, "deflate: zlib makes something else of its output");

  const stream = deflateRaw(whole, settings);
  checkSameBytes(inflateRaw(stream), whole, "deflateRaw: inflateRaw makes something else of it");
  checkSameBytes(inflateRawSync(stream), whole, "deflateRaw: zlib makes something else of it");
  return data.length + whole.length;
}

/** A block has 128 symbols at the least, and as a stored block 5 bytes besides its own; two end a message. */
function worstCase(size: number): number {
  return size + 5 * (Math.ceil(size / 128) + 2);
}

export const target: Target = { run, settings: 6, dictionary: [] };
