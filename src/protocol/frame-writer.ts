/**
 * Chapter 3.6 — Writing frames (§5.2, §5.3, §6.1): payloads → bytes on their way out.
 *
 * Owns the output that has not left yet. Every frame is encoded straight into one slab of memory, header, masked or
 * copied payload and UTF-8 text alike, and all of them leave in one `write`, as §2.1 allows (law 4: the connection
 * decides when). Slabs are lent by a pool that all connections share, so an idle connection owns none.
 *
 * What this file must not know: which frames may be sent when (connection.ts).
 * Next: fields.ts.
 */

import { EMPTY_BYTES } from "../bytes.ts";
import { Pool } from "../pool.ts";
import { headerSizeFor, MAX_HEADER_SIZE, writeHeader } from "./frame.ts";
import { type MaskingKeys, mask, maskInto } from "./mask.ts";
import { encodeUtf8Into, MAX_UTF8_PER_UNIT } from "./utf8.ts";

export interface Output {
  /**
   * Takes bytes that are to be sent. `more` says that another call follows at once. Returns true when the bytes are
   * on their way and their memory may be used again; otherwise they are the receiver's to keep.
   */
  // biome-ignore lint/suspicious/noConfusingVoidType: a receiver that keeps the bytes need not return anything
  write(bytes: Uint8Array, more: boolean): boolean | void;
}

/** The output of one chunk of input fits into a large slab; what is sent outside of one begins in a small one. */
const SMALL_SLAB = 4 * 1024;
const LARGE_SLAB = 64 * 1024;

/** What the pools keep when everything is idle: 1 MiB each. */
const smallSlabs = new Pool<Uint8Array>(256);
const largeSlabs = new Pool<Uint8Array>(16);

function borrowSlab(size: typeof SMALL_SLAB | typeof LARGE_SLAB): Uint8Array {
  return (size === SMALL_SLAB ? smallSlabs : largeSlabs).borrow() ?? new Uint8Array(size);
}

function giveBack(slab: Uint8Array): void {
  (slab.length === SMALL_SLAB ? smallSlabs : largeSlabs).giveBack(slab);
}

/**
 * Decision: below this size a payload is copied, to leave with its header; from it on, a server passes it on as it is. To
 * write two pieces costs Node more than copying 16 KiB: an echo of that size takes 12.0 µs with the copy, 12.9 without
 * (`npm run bench -- --scenario echo-16384`, Node 20.20).
 */
export const PASSED_ON_FROM: number = 32 * 1024;

const encoder = new TextEncoder();

/** Output that leaves before the slab does: a slab that became full, or a payload passed on as it is. */
interface Block {
  readonly bytes: Uint8Array;
  /** The slab that `bytes` is a view of. */
  readonly slab: Uint8Array | undefined;
}

/** Few connections ever have one: the others share this array. */
const NO_BLOCKS: Block[] = [];

export class FrameWriter {
  #output: Output;
  /** A client's source of masking keys; a server has none, since it never masks (§5.1). */
  #keys: MaskingKeys | undefined;
  #blocks: Block[] = NO_BLOCKS;
  /** The first of them that has not left. */
  #nextBlock = 0;
  #blockBytes = 0;
  #slab: Uint8Array = EMPTY_BYTES;
  #used = 0;
  /** Whether the last write was taken at once: if not, the next ones are likely to be kept for a while too. */
  #flowing = true;
  #flushing = false;

  constructor(output: Output, keys: MaskingKeys | undefined) {
    this.#output = output;
    this.#keys = keys;
  }

  /** Begins to write for another connection. Only a writer at rest may do that. */
  begin(output: Output, keys: MaskingKeys | undefined): void {
    this.#output = output;
    this.#keys = keys;
  }

  /** Whether it holds nothing of its connection, not even the knowledge that its output is not taken at once. */
  get isAtRest(): boolean {
    return this.idle && this.#flowing;
  }

  /** How many bytes wait for `flush`. */
  get waiting(): number {
    return this.#used + this.#blockBytes;
  }

  /** Whether all output has left, and the output's receiver is done with it. */
  get idle(): boolean {
    return this.waiting === 0 && !this.#flushing;
  }

  /** Writes a frame. `first` is FIN, reserved bits and opcode. `bulk` expects many frames before the next flush. */
  frame(first: number, payload: Uint8Array, bulk: boolean): void {
    if (this.#keys !== undefined) {
      this.#maskedFrame(first, payload, this.#keys.next(), bulk);
      return;
    }
    const { length } = payload;
    const passedOn = length >= PASSED_ON_FROM;
    this.#reserve(MAX_HEADER_SIZE + (passedOn ? 0 : length), bulk);
    const at = writeHeader(this.#slab, this.#used, first, length);
    this.#used = at;
    if (passedOn) {
      this.#finishSlab();
      this.#push({ bytes: payload, slab: undefined });
    } else {
      this.#slab.set(payload, at);
      this.#used = at + length;
    }
  }

  /** Writes a frame that is made already, as it is: others may be sent the same bytes, so they are not copied yet. */
  whole(frame: Uint8Array): void {
    this.#finishSlab();
    this.#push({ bytes: frame, slab: undefined });
  }

  /** Writes a text frame, encoding it where it will leave from. */
  textFrame(first: number, text: string, bulk: boolean): void {
    const most = text.length * MAX_UTF8_PER_UNIT;
    if (most > LARGE_SLAB - MAX_HEADER_SIZE) {
      this.frame(first, encoder.encode(text), bulk);
      return;
    }
    const key = this.#keys?.next();
    const masked = key !== undefined;
    this.#reserve(MAX_HEADER_SIZE + most, bulk);
    const slab = this.#slab;
    const start = this.#used;
    // The header's size depends on the payload's: assume ASCII, and move the text in the rarer case that it has more
    // bytes than such a header has room to tell.
    const assumed = headerSizeFor(text.length, masked);
    const length = encodeUtf8Into(text, slab, start + assumed);
    const at = start + headerSizeFor(length, masked);
    if (at !== start + assumed) slab.copyWithin(at, start + assumed, start + assumed + length);
    writeHeader(slab, start, first, length, key);
    if (masked) mask(slab, at, at + length, key, 0);
    this.#used = at + length;
  }

  /** Lets everything that was written leave. Called from inside `Output.write`, it leaves that to the outer call. */
  flush(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    try {
      while (this.waiting > 0) this.#write(this.#gather() ?? this.#shift());
    } finally {
      this.#flushing = false;
    }
  }

  /** §5.3: a client masks every frame with a key of its own, and must not change the application's bytes. */
  #maskedFrame(first: number, payload: Uint8Array, key: number, bulk: boolean): void {
    const { length } = payload;
    this.#reserve(Math.min(MAX_HEADER_SIZE + length, LARGE_SLAB), bulk);
    this.#used = writeHeader(this.#slab, this.#used, first, length, key);
    for (let done = 0; done < length; ) {
      if (this.#used === this.#slab.length) this.#reserve(Math.min(length - done, LARGE_SLAB), bulk);
      const count = Math.min(length - done, this.#slab.length - this.#used);
      maskInto(payload, done, done + count, this.#slab, this.#used, key, done & 3);
      this.#used += count;
      done += count;
    }
  }

  /** Makes room for `count` bytes in one piece, at most a large slab's worth. */
  #reserve(count: number, bulk: boolean): void {
    if (this.#used + count <= this.#slab.length) return;
    if (this.#used + count > LARGE_SLAB) this.#finishSlab();
    const before = this.#slab;
    const needed = this.#used + count;
    this.#slab = borrowSlab(bulk || needed > SMALL_SLAB ? LARGE_SLAB : SMALL_SLAB);
    if (this.#used === 0) return;
    this.#slab.set(before.subarray(0, this.#used));
    giveBack(before);
  }

  /** Ends the slab: what follows comes behind it. */
  #finishSlab(): void {
    if (this.#used > 0) this.#push(this.#takeSlab());
  }

  #push(block: Block): void {
    if (this.#blocks === NO_BLOCKS) this.#blocks = [];
    this.#blocks.push(block);
    this.#blockBytes += block.bytes.length;
  }

  /** The first block; what is in the slab comes behind all of them. */
  #shift(): Block {
    const block = this.#blocks[this.#nextBlock];
    if (block === undefined) return this.#takeSlab();
    this.#nextBlock++;
    this.#blockBytes -= block.bytes.length;
    if (this.#nextBlock === this.#blocks.length) {
      this.#blocks.length = 0;
      this.#nextBlock = 0;
    }
    return block;
  }

  /**
   * Small blocks, as many as there are in a row, copied together to leave in one write. The memory is lent for that
   * moment only, and so is the same for all connections. When each had a slab of its own, eight broadcasts of 1 KiB to
   * 1,000 peers were 1.7 times as fast as `ws`; now they are 7 times (`npm run bench -- --scenario fanout`, Node 20.20).
   */
  #gather(): Block | undefined {
    if (this.#blocks.length - this.#nextBlock + (this.#used > 0 ? 1 : 0) < 2) return undefined;
    let count = 0;
    let size = 0;
    for (let at = this.#nextBlock; at < this.#blocks.length; at++, count++) {
      const { length } = this.#blocks[at]!.bytes;
      if (length >= PASSED_ON_FROM || size + length > LARGE_SLAB) break;
      size += length;
    }
    const isAll = this.#nextBlock + count === this.#blocks.length;
    if (isAll && this.#used > 0 && size + this.#used <= LARGE_SLAB) count++;
    if (count < 2) return undefined;
    const slab = borrowSlab(LARGE_SLAB);
    let used = 0;
    for (; count > 0; count--) {
      const block = this.#shift();
      slab.set(block.bytes, used);
      used += block.bytes.length;
      if (block.slab !== undefined) giveBack(block.slab);
    }
    return { bytes: slab.subarray(0, used), slab };
  }

  /** Takes the slab away, before anybody can write the next frame over what it holds. */
  #takeSlab(): Block {
    const slab = this.#slab;
    const bytes = slab.subarray(0, this.#used);
    this.#slab = EMPTY_BYTES;
    this.#used = 0;
    return { bytes, slab };
  }

  /**
   * Hands a block to the output. A slab goes back to the pool when its content was taken at once. A transport that
   * is behind, or waits for more, keeps what it is given, and shall not keep 64 KiB for each Pong, or for the header of
   * each large payload: it gets a copy of the exact size.
   */
  #write({ bytes, slab }: Block): void {
    const more = this.waiting > 0;
    if (slab === undefined) {
      this.#flowing = this.#output.write(bytes, more) === true;
    } else if ((this.#flowing && !more) || bytes.length * 4 > slab.length) {
      this.#flowing = this.#output.write(bytes, more) === true;
      if (this.#flowing) giveBack(slab);
    } else {
      this.#flowing = this.#output.write(bytes.slice(), more) === true;
      giveBack(slab);
    }
  }
}
