/**
 * Chapter 3.2 — Masking (§5.3, §10.3).
 *
 * A client XORs every payload with a key of four octets that nobody can foretell, so that no web page can choose
 * the bytes a proxy sees on the wire; a server applies the same XOR again. This file owns that operation and the
 * supply of keys.
 *
 * A key is held as one signed 32-bit integer, its first octet on the wire in the top bits, as frame.ts reads it.
 * `phase` is the index, modulo 4, that the first byte to transform has in its frame's payload: a payload may
 * arrive in any number of pieces.
 *
 * What this file must not know: frames, roles, which direction is masked.
 * Next: utf8.ts.
 */

/** Whether the first byte of a 32-bit word in memory is its lowest one. */
export const LITTLE_ENDIAN: boolean = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

/**
 * The length from which XOR by 32-bit words is faster than by bytes, if there is a view of the words. To make one costs
 * more than to mask a small payload: hence one for a whole chunk, not one per frame. In ns, Node 20.20, unaligned ranges:
 *
 *                       64 B   128 B    1 KiB     64 KiB
 *     loop of §5.3        67     130      990     62 600
 *     bytes by four       32      55      416     24 600
 *     words by eight      17      24      114      6 750    (npm run bench -- --scenario micro-mask)
 */
export const WORDS_PAY_FROM = 48;

/** The length from which words are faster even where a view of them has to be made first. */
export const VIEW_PAYS_FROM = 160;

/** The aligned words that lie wholly inside a chunk, as views of the same memory. */
export interface Words {
  readonly words: Int32Array;
  /** The same memory by words of 64 bits, where they pay. */
  readonly wide: BigInt64Array | undefined;
  /** The index in the chunk where they begin: asking two views for it costs 8 ns each, on Node 20. */
  readonly origin: number;
}

const NO_WORDS: Words = { words: new Int32Array(0), wide: undefined, origin: 0 };

/**
 * The length of a chunk from which words of 64 bits pay, and with them their view. They are BigInts, and it depends on the
 * engine what that means: V8 has them in registers, and takes 15 ns for 128 B instead of 20, 71 for 1 KiB instead of 98 (`npm run bench --
 * --scenario micro-mask`, Node 20.20); JavaScriptCore makes an object of each, and takes fifty times as long.
 */
export const WIDE_WORDS_PAY_FROM = 256;
let wideWordsFrom = Number.POSITIVE_INFINITY;

/** For who knows that the engine is V8: this file knows nothing of the kind. */
export function useWideWords(use = true): void {
  wideWordsFrom = use ? WIDE_WORDS_PAY_FROM : Number.POSITIVE_INFINITY;
}

/** Made once for a chunk of many frames. A chunk too short for words to pay has none. */
export function wordsOf(chunk: Uint8Array): Words {
  return wordsIn(chunk.buffer, chunk.byteOffset, chunk.length);
}

/** The same for who knows where the chunk lies: to ask for its `buffer` costs 50 ns. */
export function wordsIn(memory: ArrayBufferLike, offset: number, length: number): Words {
  if (length < WORDS_PAY_FROM) return NO_WORDS;
  const origin = -offset & 7;
  const at = offset + origin;
  const words = new Int32Array(memory, at, (length - origin) >> 2);
  const wide = length < wideWordsFrom ? undefined : new BigInt64Array(memory, at, (length - origin) >> 3);
  return { words, wide, origin };
}

/**
 * Masks `bytes[start, end)` in place, or unmasks it: §5.3 gives one algorithm for both. `words`, when given, are
 * `wordsOf(bytes)`.
 */
export function mask(
  bytes: Uint8Array,
  start: number,
  end: number,
  key: number,
  phase: number,
  words?: Words,
): void {
  if (key === 0) return;
  const turned = turn(key, phase);
  if (end - start < (words === undefined ? VIEW_PAYS_FROM : WORDS_PAY_FROM)) {
    maskBytes(bytes, start, end, bytes, start, turned);
  } else {
    maskWords(bytes, start, end, turned, words ?? wordsOf(bytes));
  }
}

/**
 * Copies `source[start, end)` to `target` from index `at` on, masked. The source stays as it is: what an
 * application sends remains the application's. `words`, when given, are `wordsOf(target)`. The two ranges must not
 * overlap, unless they are the same.
 */
export function maskInto(
  source: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
  at: number,
  key: number,
  phase: number,
  words?: Words,
): void {
  if (end - start < WORDS_PAY_FROM) {
    maskBytes(source, start, end, target, at, turn(key, phase));
  } else {
    target.set(source.subarray(start, end), at);
    mask(target, at, at + end - start, key, phase, words);
  }
}

/** `key` begins with the octet for the first byte. Four bytes to a turn: the loop of §5.3 takes twice the time. */
function maskBytes(
  source: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
  at: number,
  key: number,
): void {
  const k0 = key >>> 24;
  const k1 = (key >>> 16) & 0xff;
  const k2 = (key >>> 8) & 0xff;
  const k3 = key & 0xff;
  let from = start;
  let to = at;
  for (; from < end - 3; from += 4, to += 4) {
    target[to] = source[from]! ^ k0;
    target[to + 1] = source[from + 1]! ^ k1;
    target[to + 2] = source[from + 2]! ^ k2;
    target[to + 3] = source[from + 3]! ^ k3;
  }
  if (from < end) target[to] = source[from]! ^ k0;
  if (from + 1 < end) target[to + 1] = source[from + 1]! ^ k1;
  if (from + 2 < end) target[to + 2] = source[from + 2]! ^ k2;
}

/**
 * The words that hold the range. The first and the last of them may hold other bytes too: those meet octets of zero, which
 * leave them as they are. Only where a word would reach out of the chunk are there bytes to be masked one by one.
 */
function maskWords(
  bytes: Uint8Array,
  start: number,
  end: number,
  key: number,
  { words, wide, origin }: Words,
): void {
  const from = Math.max(start, origin);
  if (from > start) maskBytes(bytes, start, from, bytes, start, key);
  const before = (from - origin) & 3; // bytes in the first word that come before the range
  const aligned = turn(key, (from - start - before) & 3);
  const word = wordInMemory(aligned, LITTLE_ENDIAN);
  const first = (from - origin) >> 2;
  const last = (end - origin) >> 2;
  const rest = (end - origin) & 3; // bytes of the range in the last word
  words[first]! ^= word & bitsBehind(before, LITTLE_ENDIAN);
  if (wide === undefined) xorWords(words, first + 1, last, word);
  else xorWideWords(words, wide, first + 1, last, word);
  if (last < words.length) words[last]! ^= word & ~bitsBehind(rest, LITTLE_ENDIAN);
  else maskBytes(bytes, end - rest, end, bytes, end - rest, aligned);
}

/** Eight to a turn. */
function xorWords(words: Int32Array, from: number, end: number, word: number): void {
  let i = from;
  for (; i < end - 7; i += 8) {
    words[i]! ^= word;
    words[i + 1]! ^= word;
    words[i + 2]! ^= word;
    words[i + 3]! ^= word;
    words[i + 4]! ^= word;
    words[i + 5]! ^= word;
    words[i + 6]! ^= word;
    words[i + 7]! ^= word;
  }
  for (; i < end; i++) words[i]! ^= word;
}

/** The same by words of 64 bits, where two make one. V8 puts the key together in one register, without a trip to memory. */
function xorWideWords(words: Int32Array, wide: BigInt64Array, from: number, end: number, word: number): void {
  const half = BigInt.asUintN(64, BigInt(word >>> 0));
  const key = BigInt.asIntN(64, half | (half << 32n));
  if ((from & 1) === 1) words[from]! ^= word;
  let i = (from + 1) >> 1;
  const last = end >> 1;
  for (; i < last - 3; i += 4) {
    wide[i]! ^= key;
    wide[i + 1]! ^= key;
    wide[i + 2]! ^= key;
    wide[i + 3]! ^= key;
  }
  for (; i < last; i++) wide[i]! ^= key;
  if ((end & 1) === 1) words[end - 1]! ^= word;
}

/** Those bits of a word that lie in memory behind its first `count` bytes. */
export function bitsBehind(count: number, littleEndian: boolean): number {
  return littleEndian ? -1 << (8 * count) : -1 >>> (8 * count);
}

/** The key as it looks from octet `phase` on. */
function turn(key: number, phase: number): number {
  return (key << (8 * phase)) | (key >>> (32 - 8 * phase));
}

/** The number whose four bytes in memory are the octets of `key` in their order on the wire. */
export function wordInMemory(key: number, littleEndian: boolean): number {
  if (!littleEndian) return key;
  return (key << 24) | ((key & 0xff00) << 8) | ((key >>> 8) & 0xff00) | (key >>> 24);
}

/**
 * Decision: keys come from a pool, since one call of the platform's generator costs 1.4 µs for four bytes and
 * 1.5 µs for 1 KiB: a key takes 10 ns instead of 1 400. The generator is cryptographic, so that one key says nothing
 * about the next (§5.3), though they come from one pool.
 */
const POOL_SIZE = 1024;

/** Fresh keys, unpredictable (§5.3, §10.3). One supply may serve any number of connections. */
export class MaskingKeys {
  readonly #random: (bytes: Uint8Array) => unknown;
  readonly #pool: Uint8Array = new Uint8Array(POOL_SIZE);
  #spent: number = POOL_SIZE;

  /** `random` fills the array it is given from a strong source of entropy. */
  constructor(random: (bytes: Uint8Array) => unknown = (bytes) => crypto.getRandomValues(bytes)) {
    this.#random = random;
  }

  /** One key: never given out before, and forgotten here as soon as it is given out. */
  next(): number {
    const pool = this.#pool;
    if (this.#spent === POOL_SIZE) {
      this.#random(pool);
      this.#spent = 0; // only now: a source that throws leaves the pool spent
    }
    const at = this.#spent;
    this.#spent = at + 4;
    const key = (pool[at]! << 24) | (pool[at + 1]! << 16) | (pool[at + 2]! << 8) | pool[at + 3]!;
    pool[at] = pool[at + 1] = pool[at + 2] = pool[at + 3] = 0;
    return key;
  }
}
