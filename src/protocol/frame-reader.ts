/**
 * Chapter 3.5 — Reading frames (§5.2, §5.3, §6.2): bytes → headers and unmasked slices of payload.
 *
 * Owns the chunk at hand, a torn header, and the place inside the frame. Chunks are parsed where they stand: a
 * payload is unmasked in place and handed on as a range of the chunk. Only a header that is torn between two chunks
 * is copied, so nothing of a chunk is kept once it has been read. What is wrong with a header is found at the byte
 * that makes it wrong (law 5); nothing is ever allocated from the length it declares.
 *
 * What this file must not know: messages, what the bytes mean, who is told.
 * Next: frame-writer.ts.
 */

import { type ByteBuffer, EMPTY_BYTES } from "../bytes.ts";
import {
  FIN,
  firstByteViolation,
  headerSize,
  isControl,
  LENGTH_16_FOLLOWS,
  MASK,
  MAX_16_BIT_LENGTH,
  MAX_HEADER_SIZE,
  MAX_SHORT_LENGTH,
  OPCODE_BITS,
  Opcode,
  RESERVED_BITS,
  type Role,
  readLength,
  readMaskingKey,
  secondByteViolation,
} from "./frame.ts";
import { mask, VIEW_PAYS_FROM, WORDS_PAY_FROM, type Words, wordsIn } from "./mask.ts";
import type { Rule } from "./violation.ts";

/** How far a header came: `Complete` (or `Broken`), or more bytes are needed. */
const Header = { Incomplete: 0, Complete: 1, Broken: 2 } as const;
type Header = (typeof Header)[keyof typeof Header];

export class FrameReader {
  // The frame at hand, valid from `readHeader` returning true until its payload is read.
  /** FIN, reserved bits and opcode together, as on the wire. */
  first = 0;
  /** The declared payload length. */
  length = 0;
  /** How much of the payload has not been read yet. */
  remaining = 0;

  // The chunk at hand: `at` is the next byte to read.
  chunk: Uint8Array = EMPTY_BYTES;
  at = 0;
  end = 0;
  #memory: ArrayBufferLike = EMPTY_BYTES.buffer;
  /** Where in its memory the chunk begins. */
  #origin = 0;

  /** The rule that was broken, once one was. From then on nothing is read any more. */
  violation: Rule | undefined = undefined;

  /** §5.4: whether the next data frame has to be a continuation. The message reader knows. */
  fragmented = false;
  /** How much payload the next data frame may have before its message passes the limit. */
  room = 0;

  #maskBit = 0;
  #keySize = 0;
  #claimedBits = 0;
  #maxFrameSize = 0;
  /** Within both limits, and at most what two bytes can tell. */
  #longestWhole = 0;
  #maskingKey = 0;
  /** The index of the next payload byte, as far as masking cares: modulo 4. */
  #phase = 0;
  #words: Words | undefined = undefined;
  #torn: Uint8Array | undefined = undefined;
  #tornLength = 0;

  constructor(role: Role, claimedBits: number, maxFrameSize: number, maxMessageSize: number) {
    this.begin(role, claimedBits, maxFrameSize, maxMessageSize);
  }

  /** Begins to read for another connection, or for the same one again. Only a reader at rest may do that. */
  begin(role: Role, claimedBits: number, maxFrameSize: number, maxMessageSize: number): void {
    this.#maskBit = role === "server" ? MASK : 0;
    this.#keySize = role === "server" ? 4 : 0;
    this.#claimedBits = claimedBits;
    this.#maxFrameSize = maxFrameSize;
    this.room = maxMessageSize;
    this.#longestWhole = Math.min(maxFrameSize, maxMessageSize, MAX_16_BIT_LENGTH);
  }

  get opcode(): number {
    return this.first & OPCODE_BITS;
  }

  get fin(): boolean {
    return (this.first & FIN) !== 0;
  }

  get reservedBits(): number {
    return this.first & RESERVED_BITS;
  }

  /** Whether bytes of the chunk at hand have not been read yet. */
  get unread(): boolean {
    return this.at < this.end;
  }

  /** Whether nothing is under way: no chunk, no frame, no fragmented message, and nothing was wrong. */
  get isAtRest(): boolean {
    const isBetweenFrames = this.remaining === 0 && this.#tornLength === 0 && !this.unread;
    return isBetweenFrames && !this.fragmented && this.violation === undefined;
  }

  /** How much of the frame at hand has not arrived; `undefined` as long as its header has not. */
  get lacking(): number | undefined {
    return this.#tornLength > 0 ? undefined : this.remaining;
  }

  /**
   * A range of the chunk at hand, as a plain array, whatever the chunk is. Its memory is known already, which makes a view
   * cost 14 ns; to ask a typed array for its `subarray` costs 23 (Node 20.20).
   */
  view(start: number, end: number): Uint8Array {
    return new Uint8Array(this.#memory, this.#origin + start, end - start);
  }

  /** The chunk by words, if so many bytes of it are worth a view. */
  wordsFor(count: number): Words | undefined {
    if (count < WORDS_PAY_FROM) return undefined;
    return (this.#words ??= wordsIn(this.#memory, this.#origin, this.end));
  }

  /** Takes the next chunk. What an interrupted reader left unread of the chunk before stays in front of it. */
  feed(chunk: Uint8Array): void {
    this.chunk = this.unread ? join(this.chunk.subarray(this.at, this.end), chunk) : chunk;
    this.at = 0;
    this.end = this.chunk.length;
    this.#memory = this.chunk.buffer;
    this.#origin = this.chunk.byteOffset;
    this.#words = undefined;
  }

  /** Lets go of the chunk, read or not. */
  release(): void {
    this.chunk = EMPTY_BYTES;
    this.at = 0;
    this.end = 0;
    this.#memory = EMPTY_BYTES.buffer;
    this.#origin = 0;
    this.#words = undefined;
  }

  /**
   * Reads the frame that nearly all are: a message that is not too long, with no reserved bit, whole in the chunk at hand.
   * Its payload ends where `at` stands then. Leaves any other frame as it is, to be read with care.
   */
  readWholeMessage(): boolean {
    const { chunk, at, end } = this;
    let start = at + 2 + this.#keySize;
    if (start > end || this.fragmented || this.#tornLength > 0) return false;
    const first = chunk[at]!;
    let length = chunk[at + 1]! ^ this.#maskBit;
    if (first !== (FIN | Opcode.Binary) && first !== (FIN | Opcode.Text)) return false;
    if (length === LENGTH_16_FOLLOWS) {
      start += 2;
      if (start > end) return false;
      length = (chunk[at + 2]! << 8) | chunk[at + 3]!;
      if (length <= MAX_SHORT_LENGTH) return false;
    } else if (length > MAX_SHORT_LENGTH) {
      return false;
    }
    if (length > end - start || length > this.#longestWhole) return false;
    this.first = first;
    this.length = length;
    this.at = start + length;
    if (this.#keySize > 0) this.#unmask(start, length, readMaskingKey(chunk, start), 0);
    return true;
  }

  /** Reads the next header: true once it is complete, false when bytes are missing or a rule was broken. */
  readHeader(): boolean {
    if (this.#tornLength === 0) {
      const header = this.#parse(this.chunk, this.at, this.end);
      if (header !== Header.Incomplete) {
        this.at += this.#size;
        return header === Header.Complete;
      }
    }
    return this.#readTornHeader();
  }

  /**
   * Reads the payload as far as it has arrived: unmasks it in place and returns how many bytes that were. They end
   * where `at` stands now.
   */
  readPayload(): number {
    const start = this.at;
    const count = Math.min(this.remaining, this.end - start);
    this.at = start + count;
    this.remaining -= count;
    this.#unmask(start, count, this.#maskingKey, this.#phase);
    this.#phase = (this.#phase + count) & 3;
    return count;
  }

  /**
   * §5.4: reads on through short fragments that follow each other in the chunk, and appends their payload to `body`.
   * Stops in front of everything else: an end, another opcode, a long, empty, torn or wrong frame, one that there is
   * no room for. Returns how many bytes there were.
   *
   * A message cut into bytes is the worst that a peer may do within its limits. Here such a fragment takes 5 ns; it was
   * 34 by the way of all frames (`npm run bench -- --scenario micro-fragments`, Node 20.20).
   */
  readShortFragments(body: ByteBuffer): number {
    const { chunk, end } = this;
    const before = body.length;
    const most = before + Math.min(this.room, end - this.at);
    const longest = Math.min(MAX_SHORT_LENGTH, this.#maxFrameSize);
    const payload = 2 + this.#keySize;
    let { at } = this;
    let { bytes, length } = body;
    // The last byte of the smallest frame that is not empty.
    while (at + payload < end && chunk[at] === Opcode.Continuation) {
      const count = chunk[at + 1]! ^ this.#maskBit;
      const next = at + payload + count;
      if (count === 0 || count > longest || next > end || length + count > most) break;
      if (length + count > bytes.length) {
        body.length = length;
        body.reserve(count);
        ({ bytes } = body);
      }
      if (this.#keySize === 0) {
        for (let from = at + 2; from < next; ) bytes[length++] = chunk[from++]!;
      } else {
        for (let index = 0; index < count; index++) {
          bytes[length++] = chunk[at + 6 + index]! ^ chunk[at + 2 + (index & 3)]!;
        }
      }
      at = next;
    }
    this.at = at;
    body.length = length;
    this.room -= length - before;
    return length - before;
  }

  #unmask(start: number, count: number, key: number, phase: number): void {
    if (key === 0) return;
    const words = this.end - start >= VIEW_PAYS_FROM ? this.wordsFor(count) : this.#words;
    mask(this.chunk, start, start + count, key, phase, words);
  }

  /** The size of the header that `#parse` completed. */
  #size = 0;

  /** Reads a header that begins at `at`, if it ends before `end`. Rules are checked as far as there are bytes. */
  #parse(bytes: Uint8Array, at: number, end: number): Header {
    if (at >= end) return Header.Incomplete;
    const first = bytes[at]!;
    const broken = firstByteViolation(first, this.#claimedBits, this.fragmented);
    if (broken !== undefined) return this.#break(broken);
    if (end - at < 2) return Header.Incomplete;
    const second = bytes[at + 1]!;
    const alsoBroken = secondByteViolation(first, second, this.#maskBit);
    if (alsoBroken !== undefined) return this.#break(alsoBroken);
    const size = headerSize(second);
    if (end - at < size - this.#keySize) return Header.Incomplete;
    const length = readLength(bytes, at);
    if (typeof length === "string") return this.#break(length);
    // §10.4. Compared before anything is added up or kept; control frames have their own limit.
    if (!isControl(first)) {
      if (length > this.#maxFrameSize) return this.#break("frame-too-big");
      if (length > this.room) return this.#break("message-too-big");
    }
    if (end - at < size) return Header.Incomplete;
    this.#begin(first, length, this.#keySize === 0 ? 0 : readMaskingKey(bytes, at + size));
    this.#size = size;
    return Header.Complete;
  }

  #begin(first: number, length: number, maskingKey: number): void {
    this.first = first;
    this.length = length;
    this.remaining = length;
    this.#maskingKey = maskingKey;
    this.#phase = 0;
  }

  #break(rule: Rule): Header {
    this.violation = rule;
    this.#size = 0;
    return Header.Broken;
  }

  /** Gathers a header that lies in more than one chunk, byte by byte, in at most 14 bytes of its own. */
  #readTornHeader(): boolean {
    const torn = (this.#torn ??= new Uint8Array(MAX_HEADER_SIZE));
    while (this.at < this.end) {
      torn[this.#tornLength++] = this.chunk[this.at++]!;
      const header = this.#parse(torn, 0, this.#tornLength);
      if (header === Header.Incomplete) continue;
      this.#tornLength = 0;
      return header === Header.Complete;
    }
    return false;
  }
}

function join(left: Uint8Array, right: Uint8Array): Uint8Array {
  const joined = new Uint8Array(left.length + right.length);
  joined.set(left);
  joined.set(right, left.length);
  return joined;
}
