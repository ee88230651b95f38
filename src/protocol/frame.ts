/**
 * Chapter 3.1 — The frame (§5.2): what a header is, how one is written, and which headers are impossible.
 *
 *    0                   1                   2                   3
 *    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *   +-+-+-+-+-------+-+-------------+-------------------------------+
 *   |F|R|R|R|opcode |M|  length 7   |   length 16, if 7 says 126    |
 *   |I|S|S|S|  (4)  |A|             |   length 64, if 7 says 127    |
 *   |N|V|V|V|       |S|             |   (network byte order)        |
 *   | |1|2|3|       |K|             |                               |
 *   +-+-+-+-+-------+-+-------------+-------------------------------+
 *   |   masking key (32), if MASK   |   payload, masked if MASK     |
 *   +-------------------------------+-------------------------------+
 *
 * Pure functions of bytes; no state. Next: mask.ts.
 */

import type { Rule } from "./violation.ts";

/** Which end of the connection this is. A client masks what it sends, a server never does (§5.1). */
export type Role = "client" | "server";

export const Opcode = { Continuation: 0, Text: 1, Binary: 2, Close: 8, Ping: 9, Pong: 10 } as const;
export type Opcode = (typeof Opcode)[keyof typeof Opcode];

// The first byte.
export const FIN = 0x80;
export const RESERVED_BITS = 0x70;
export const OPCODE_BITS = 0x0f;
const CONTROL = 0x08;

// The second byte.
export const MASK = 0x80;
const LENGTH_7 = 0x7f;
export const LENGTH_16_FOLLOWS = 126;
const LENGTH_64_FOLLOWS = 127;

/** The longest payload whose length stands in the second byte. */
export const MAX_SHORT_LENGTH = 125;

/** The longest whose length stands in the two bytes behind it. */
export const MAX_16_BIT_LENGTH = 0xffff;

/** §5.5: all control frames have at most this much payload. */
export const MAX_CONTROL_PAYLOAD: number = MAX_SHORT_LENGTH;

/** 2 bytes, 8 of extended length, 4 of masking key. */
export const MAX_HEADER_SIZE = 14;

const TWO_TO_THE_32 = 0x1_0000_0000;
/** The high half of 2^53: a 64-bit length from here on is no safe integer. */
const UNSAFE_HIGH_WORD = 0x20_0000;

export function isControl(opcode: number): boolean {
  return (opcode & CONTROL) !== 0;
}

/**
 * The rule that the first byte of a header breaks, given the reserved bits that extensions have claimed (§5.2) and
 * whether a fragmented message is under way (§5.4).
 */
export function firstByteViolation(
  first: number,
  claimedBits: number,
  fragmented: boolean,
): Rule | undefined {
  const opcode = first & OPCODE_BITS;
  const bits = first & RESERVED_BITS;
  if (bits !== 0) {
    if ((bits & ~claimedBits) !== 0) return "reserved-bit";
    // RFC 7692 §6.1: the bit of a per-message extension stands on the first frame of a data message, nowhere else.
    if (isControl(opcode)) return "reserved-bit-on-control-frame";
    if (opcode === Opcode.Continuation) return "reserved-bit-on-continuation";
  }
  if (isControl(opcode)) {
    if (opcode > Opcode.Pong) return "unknown-opcode";
    return (first & FIN) === 0 ? "fragmented-control-frame" : undefined;
  }
  if (opcode > Opcode.Binary) return "unknown-opcode";
  if (opcode === Opcode.Continuation) return fragmented ? undefined : "unexpected-continuation";
  return fragmented ? "expected-continuation" : undefined;
}

/** The rule that the second byte breaks. `maskBit` is what the receiver's role demands: `MASK` or 0 (§5.1). */
export function secondByteViolation(first: number, second: number, maskBit: number): Rule | undefined {
  if ((second & MASK) !== maskBit) return maskBit === MASK ? "unmasked-frame" : "masked-frame";
  if ((first & CONTROL) === 0) return undefined;
  const length7 = second & LENGTH_7;
  if (length7 > MAX_CONTROL_PAYLOAD) return "control-frame-too-long";
  // §5.5.1: the body of a Close begins with a code of two bytes, or there is none.
  return (first & OPCODE_BITS) === Opcode.Close && length7 === 1 ? "close-payload-of-one-byte" : undefined;
}

/** How many bytes the whole header has, as its second byte tells. */
export function headerSize(second: number): number {
  const length7 = second & LENGTH_7;
  const extended = length7 < LENGTH_16_FOLLOWS ? 0 : length7 === LENGTH_16_FOLLOWS ? 2 : 8;
  return 2 + extended + ((second & MASK) === 0 ? 0 : 4);
}

/**
 * The payload length of the header that begins at `at` and stands whole in `bytes`, or the rule that its length
 * breaks.
 *
 * Decision: a length that is not in its shortest form is refused. §5.2 binds the sender only, but two spellings of
 * one frame are a way to smuggle bytes past whoever inspects the traffic, and no correct sender is hurt.
 */
export function readLength(bytes: Uint8Array, at: number): number | Rule {
  const length7 = bytes[at + 1]! & LENGTH_7;
  if (length7 < LENGTH_16_FOLLOWS) return length7;
  if (length7 === LENGTH_16_FOLLOWS) {
    const length = (bytes[at + 2]! << 8) | bytes[at + 3]!;
    return length < LENGTH_16_FOLLOWS ? "length-not-minimal" : length;
  }
  const high = readUint32(bytes, at + 2);
  const low = readUint32(bytes, at + 6);
  if (high >= 0x8000_0000) return "length-top-bit";
  if (high >= UNSAFE_HIGH_WORD) return "length-unsafe";
  if (high === 0 && low <= MAX_16_BIT_LENGTH) return "length-not-minimal";
  return high * TWO_TO_THE_32 + low;
}

/** The masking key that ends the header at `end`, as a signed 32-bit integer with the key's first byte on top. */
export function readMaskingKey(bytes: Uint8Array, end: number): number {
  return (bytes[end - 4]! << 24) | (bytes[end - 3]! << 16) | (bytes[end - 2]! << 8) | bytes[end - 1]!;
}

/** How long a header for so much payload is, with or without a masking key. */
export function headerSizeFor(length: number, masked: boolean): number {
  return (length < LENGTH_16_FOLLOWS ? 2 : length <= MAX_16_BIT_LENGTH ? 4 : 10) + (masked ? 4 : 0);
}

/**
 * Writes a header at `at` and returns where it ends. `first` is FIN, reserved bits and opcode together; a header
 * without `maskingKey`, which §5.3 puts last, is that of a server. The length takes its shortest form, as §5.2 demands of a sender.
 */
export function writeHeader(
  target: Uint8Array,
  at: number,
  first: number,
  length: number,
  maskingKey?: number,
): number {
  const maskBit = maskingKey === undefined ? 0 : MASK;
  let end = at;
  target[end++] = first;
  if (length < LENGTH_16_FOLLOWS) {
    target[end++] = maskBit | length;
  } else if (length <= MAX_16_BIT_LENGTH) {
    target[end++] = maskBit | LENGTH_16_FOLLOWS;
    target[end++] = length >>> 8;
    target[end++] = length;
  } else {
    target[end++] = maskBit | LENGTH_64_FOLLOWS;
    end = writeUint32(target, end, Math.floor(length / TWO_TO_THE_32));
    end = writeUint32(target, end, length);
  }
  return maskingKey === undefined ? end : writeUint32(target, end, maskingKey);
}

function readUint32(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

/** Writes the low 32 bits of `value`. */
function writeUint32(target: Uint8Array, at: number, value: number): number {
  target[at] = value >>> 24;
  target[at + 1] = value >>> 16;
  target[at + 2] = value >>> 8;
  target[at + 3] = value;
  return at + 4;
}
