// What the tests of this folder compress, and bits written by hand.

import { deflateRawSync, constants as zlib } from "node:zlib";

/** The octets that a receiver appends to a message, RFC 7692 §7.2.2. */
export const TAIL: Uint8Array = Uint8Array.of(0x00, 0x00, 0xff, 0xff);

export function text(sentence: string): Uint8Array {
  return new TextEncoder().encode(sentence);
}

/** The same numbers in every run. */
export function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return (mixed ^ (mixed >>> 15)) >>> 8;
  };
}

export function random(size: number, seed = 1): Uint8Array {
  const next = numbers(seed);
  return Uint8Array.from({ length: size }, () => next() & 0xff);
}

/** A message as a chat or a ticker sends it, about `size` bytes long. */
export function json(size: number, seed = 1): Uint8Array {
  const next = numbers(seed);
  const names = ["alice", "bob", "carol", "dave", "eve", "mallory", "peggy", "trent"];
  const items: unknown[] = [];
  for (let written = 0; written < size; written += JSON.stringify(items.at(-1)).length + 1) {
    items.push({
      id: next(),
      user: names[next() % names.length],
      price: (next() % 100000) / 100,
      active: next() % 2 === 0,
      tags: [names[next() % names.length], names[next() % names.length]],
    });
  }
  return text(JSON.stringify(items)).subarray(0, size);
}

export function repeat(pattern: string, size: number): Uint8Array {
  return text(pattern.repeat(Math.ceil(size / pattern.length))).subarray(0, size);
}

/** Every kind of data that takes another way through the code. */
export const samples: Record<string, Uint8Array> = {
  empty: new Uint8Array(0),
  "one byte": text("a"),
  "two bytes": text("ab"),
  "a word": text("Hello"),
  "one byte repeated": new Uint8Array(70_000).fill(65),
  "a short period": repeat("ab", 1000),
  "a long period": repeat("0123456789abcdefghij", 40_000),
  "JSON, 128 B": json(128),
  "JSON, 1 KiB": json(1024),
  "JSON, 16 KiB": json(16_384),
  "JSON, 200 kB": json(200_000),
  "random, 300 B": random(300),
  "random, 70 kB": random(70_000),
  "random, then the same again": concat(random(20_000, 2), random(20_000, 2)),
  "all bytes": Uint8Array.from({ length: 256 }, (_, value) => value),
};

export function concat(...pieces: Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(pieces));
}

/** zlib's output for `data`, with a flush of the given kind every `piece` bytes; ends with a sync flush. */
export function zlibMessage(data: Uint8Array, options: object = {}): Uint8Array {
  return deflateRawSync(data, { finishFlush: zlib.Z_SYNC_FLUSH, ...options });
}

/** Bits in the order in which DEFLATE has them, RFC 1951 §3.1.1. */
export class Bits {
  readonly #bits: number[] = [];

  /** A number: least significant bit first. */
  number(value: number, count: number): this {
    for (let bit = 0; bit < count; bit++) this.#bits.push((value >> bit) & 1);
    return this;
  }

  /** A Huffman code, as it is written on paper. */
  code(digits: string): this {
    for (const digit of digits) this.#bits.push(Number(digit));
    return this;
  }

  /** A symbol of the literal alphabet in the fixed code, §3.2.6. */
  fixed(symbol: number): this {
    const [first, code, length] =
      symbol < 144
        ? [0, 0b00110000, 8]
        : symbol < 256
          ? [144, 0b110010000, 9]
          : symbol < 280
            ? [256, 0, 7]
            : [280, 0b11000000, 8];
    return this.code((code + symbol - first).toString(2).padStart(length, "0"));
  }

  /** BFINAL and BTYPE. */
  block(final: 0 | 1, type: 0 | 1 | 2 | 3): this {
    return this.number(final, 1).number(type, 2);
  }

  align(): this {
    while (this.#bits.length % 8 !== 0) this.#bits.push(0);
    return this;
  }

  bytes(): Uint8Array {
    const bytes = new Uint8Array(Math.ceil(this.#bits.length / 8));
    this.#bits.forEach((bit, at) => {
      bytes[at >> 3]! |= bit << (at & 7);
    });
    return bytes;
  }
}

/**
 * The header of a dynamic block, up to the code lengths, which are sent with a code of five bits for each symbol of
 * the third alphabet up to 18: simple to write by hand. `lengths`: a number is a code length, a pair is a repeat
 * symbol and its extra bits.
 */
export function dynamicBlock(
  hlit: number,
  hdist: number,
  lengths: readonly (number | readonly [16 | 17 | 18, number])[],
  bits: Bits = new Bits(),
): Bits {
  bits
    .block(0, 2)
    .number(hlit - 257, 5)
    .number(hdist - 1, 5)
    .number(19 - 4, 4);
  // 13 symbols of four bits and 6 of five bits: 13/16 + 6/32 = 1.
  for (const symbol of [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]) {
    bits.number(symbol < 13 ? 4 : 5, 3);
  }
  const put = (symbol: number) =>
    bits.code(
      symbol < 13 ? symbol.toString(2).padStart(4, "0") : (symbol - 13 + 26).toString(2).padStart(5, "0"),
    );
  for (const item of lengths) {
    if (typeof item === "number") {
      put(item);
    } else {
      put(item[0]);
      bits.number(item[1], item[0] === 16 ? 2 : item[0] === 17 ? 3 : 7);
    }
  }
  return bits;
}
