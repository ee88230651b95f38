/**
 * Chapter 0 — Memory: one growing buffer.
 *
 * Everything that is gathered here for a peer (a torn head, a fragmented message, inflated output) is gathered in
 * one `ByteBuffer`, so what is held is a small multiple of the bytes that arrived, however many pieces they
 * arrived in (law 6), and no capacity is ever taken from a length that was merely declared.
 *
 * Next: pool.ts.
 */

export const EMPTY_BYTES: Uint8Array = new Uint8Array(0);

const SMALLEST_CAPACITY = 64;

/** How far ahead a buffer grows: twice what it holds, or four times where the final length caps the waste. */
const GROWTH = 2;
const GROWTH_TOWARDS_KNOWN_LENGTH = 4;

export type Allocate = (size: number) => Uint8Array;

const cleared: Allocate = (size) => new Uint8Array(size);

/** From this size on, what it costs to clear memory counts. */
const UNCLEARED_PAYS_FROM = 4 * 1024;
let allocateUncleared: Allocate = cleared;

/** For who knows of memory that is not cleared first: this file knows nothing of the kind. */
export function useUnclearedMemory(allocate: Allocate = cleared): void {
  allocateUncleared = allocate;
}

/**
 * Memory for a buffer that will be filled to its end, and so need not be cleared before: of echoes of 64 KiB and 1 MiB there
 * are some 10 % more by it (`npm run bench -- --scenario echo-65536 --scenario echo-1048576`, Node 20.20).
 */
export const uncleared: Allocate = (size) =>
  size < UNCLEARED_PAYS_FROM ? cleared(size) : allocateUncleared(size);

/** Below this, a loop of a nanosecond a byte is faster than `set` with a view of the source, which takes 30 (Node 20). */
const COPY_BY_BYTE_BELOW = 24;

export class ByteBuffer {
  /** The memory; only the first `length` bytes have been written. */
  bytes: Uint8Array = EMPTY_BYTES;
  length = 0;
  readonly #allocate: Allocate;

  /** `uncleared` is for who never shows `bytes` to anybody, but what it `take`s. */
  constructor(allocate: Allocate = cleared) {
    this.#allocate = allocate;
  }

  /** Makes room for `count` more bytes. `expected` is the final length, where the caller knows it. */
  reserve(count: number, expected?: number): void {
    const needed = this.length + count;
    if (needed > this.bytes.length) this.#grow(needed, expected);
  }

  append(source: Uint8Array, start = 0, end: number = source.length, expected?: number): void {
    const count = end - start;
    this.reserve(count, expected);
    const { bytes, length } = this;
    if (count >= COPY_BY_BYTE_BELOW) bytes.set(source.subarray(start, end), length);
    else for (let index = 0; index < count; index++) bytes[length + index] = source[start + index]!;
    this.length = length + count;
  }

  #grow(needed: number, expected: number | undefined): void {
    const ahead =
      expected === undefined
        ? Math.max(SMALLEST_CAPACITY, needed * GROWTH)
        : Math.min(expected, needed * GROWTH_TOWARDS_KNOWN_LENGTH);
    const grown = this.#allocate(Math.max(needed, ahead));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }

  /** What was written, as a view: valid until the next write. */
  view(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }

  /** What was written, given away for good: the buffer starts anew with no memory. */
  take(): Uint8Array {
    // Law 7: a view shows its whole memory to whoever asks for it.
    if (this.#allocate !== cleared) this.bytes.fill(0, this.length);
    const taken = this.view();
    this.bytes = EMPTY_BYTES;
    this.length = 0;
    return taken;
  }

  /** Forgets the content and keeps the memory. */
  clear(): void {
    this.length = 0;
  }
}
