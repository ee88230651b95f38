/**
 * Target: the seam for compression (RFC 7692 §7.2): the portable codec and the native one, side by side,
 * the latter also as if no message were short: then zlib reads them all.
 *
 * Settings: window, limit, level, memory level, how to cut into messages, how to chop each of them. The rest is taken
 * twice: as the payloads of received messages, which both must read alike; and as messages, which each compresses and
 * the other reads.
 */

import { ByteBuffer } from "../../src/bytes.ts";
import { type Compression, Inflated, type Inflater } from "../../src/deflate/codec.ts";
import { portable } from "../../src/deflate/index.ts";
import { native } from "../../src/node/zlib.ts";
import { concat } from "../../test/helpers/frames.ts";
import { byZlib } from "../../test/node/by-zlib.ts";
import { check, checkSame, checkSameBytes } from "../check.ts";
import type { Target } from "../executor.ts";
import { cut, Input } from "../input.ts";
import { deflateDictionary } from "./inflate.ts";

const NO_LIMIT = Number.POSITIVE_INFINITY;
const TAIL = Uint8Array.of(0x00, 0x00, 0xff, 0xff);

function run(data: Uint8Array): number {
  const input = new Input(data);
  const windowBits = input.pick([15, 9, 10, 12]);
  const limit = input.pick([65_536, 0, 1, 100, 1000]);
  const level = input.pick([6, 0, 1, 3, 9]);
  const memoryLevel = input.pick([8, 1, 4, 9]);
  const [size, pattern] = [input.byte(), input.byte()];
  const rest = input.rest();
  const messages = size === 0 ? [rest] : [...cut(rest, size)];

  const byPortable = readAll(portable.inflater(windowBits), messages, limit, pattern);
  for (const supplier of [native, byZlib]) {
    const byNative = readAll(supplier.inflater(windowBits), messages, limit, pattern);
    const expected = readsAhead(byNative, byPortable)
      ? readAll(portable.inflater(windowBits), messages, NO_LIMIT, pattern).slice(0, byNative.length)
      : byPortable;
    checkSame(byNative, expected, "compression: the two inflaters read different messages");
  }

  const settings = { windowBits, level, memoryLevel };
  for (const [writer, reader] of [
    [portable, native],
    [native, portable],
  ] as readonly [Compression, Compression][]) {
    const deflater = writer.deflater(settings);
    const payloads = messages.map((message) => {
      const output = new ByteBuffer();
      deflater.deflate(message, output);
      checkSameBytes(output.view().subarray(-TAIL.length), TAIL, "compression: a message has no tail");
      return output.take().subarray(0, -TAIL.length);
    });
    const read = readAll(reader.inflater(windowBits), payloads, NO_LIMIT, pattern);
    check(
      read.every((verdict) => typeof verdict !== "string"),
      "compression: one refuses what the other writes",
      read,
    );
    checkSameBytes(
      concat(...(read as Uint8Array[])),
      rest,
      "compression: one makes something else of what the other writes",
    );
  }
  return data.length + byPortable.reduce((sum, { length }) => sum + length, 0);
}

type Verdict = Uint8Array | "too big" | "broken";

/** zlib may find data corrupt that stand behind the limit: then they must be so for the portable inflater, too. */
function readsAhead(byNative: readonly Verdict[], byPortable: readonly Verdict[]): boolean {
  return byNative.at(-1) === "broken" && byPortable.at(-1) === "too big";
}

/** What becomes of the messages, up to the first that cannot be read. */
function readAll(
  inflater: Inflater,
  payloads: readonly Uint8Array[],
  limit: number,
  pattern: number,
): Verdict[] {
  const verdicts: Verdict[] = [];
  for (const payload of payloads) {
    const verdict = readOne(inflater, payload, limit, pattern);
    verdicts.push(verdict);
    if (typeof verdict === "string") break;
  }
  return verdicts;
}

function readOne(inflater: Inflater, payload: Uint8Array, limit: number, pattern: number): Verdict {
  const output = new ByteBuffer();
  const chunked = (bytes: Uint8Array): Iterable<Uint8Array> => cut(bytes, pattern === 0 ? 255 : pattern);
  let before = 0;
  for (const bytes of [payload, TAIL]) {
    before = output.length;
    for (const chunk of chunked(bytes)) {
      const result = inflater.inflate(chunk, output, limit);
      check(output.length <= limit, "compression: the output passes the limit", output.length);
      if (result === Inflated.LimitReached) return "too big";
      if (result === Inflated.Corrupt) return "broken";
    }
  }
  if (!inflater.atBoundary) return "broken";
  // The tail as the content of a stored block: §7.2.1 lets no message end so, and only zlib.ts minds.
  return output.length === before + TAIL.length ? "broken" : output.take();
}

export const target: Target = { run, settings: 6, dictionary: deflateDictionary };
