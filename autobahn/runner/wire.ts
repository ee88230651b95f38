/**
 * The judge, 1 — Frames as octets (RFC 6455 §5.2): any frame can be written, also a wrong one; what is read is judged.
 *
 * The reader never stops at a fault: it names it, and goes on with the next frame, because a peer that was told of
 * its fault may still answer with a Close that counts.
 *
 * Everything here is written a second time on purpose: nothing of the library under test is used, so no error of
 * its reader can hide itself.
 *
 * What this file must not know: messages, what a Close says, cases. Next: deflate.ts.
 */

import { randomBytes } from "node:crypto";

/** Which end of the connection the judge is. */
export type Role = "client" | "server";

export const Opcode = { Continuation: 0, Text: 1, Binary: 2, Close: 8, Ping: 9, Pong: 10 } as const;

/** The reserved bits as one number of three bits, RSV1 on top. */
export const RSV1 = 4;

export interface Frame {
  readonly fin: boolean;
  readonly rsv: number;
  readonly opcode: number;
  /** The masking key, four octets; none if the frame is not masked. */
  readonly mask?: Uint8Array | undefined;
  readonly payload: Uint8Array;
}

/** What a peer did wrong, and the close code that says so (§7.4.1). */
export interface Fault {
  readonly code: number;
  readonly sentence: string;
}

const MAX_CONTROL_PAYLOAD = 125;
const PROTOCOL_ERROR = 1002;
const TOO_BIG = 1009;

/** More than any case sends. A judge, too, has only so much memory. */
const MAX_PAYLOAD = 64 * 1024 * 1024;

export function isControl(opcode: number): boolean {
  return opcode >= Opcode.Close;
}

// --- Writing --------------------------------------------------------------------------------------------------

export interface FrameShape {
  /** Default true. */
  fin?: boolean;
  /** Default 0. */
  rsv?: number;
  /** §5.1: a client masks. None: not masked. */
  mask?: Uint8Array | undefined;
  /** A length that is declared in the place of the payload's own. */
  length?: number | bigint;
  /** How many bits the length takes, if not as few as possible (§5.2). */
  lengthBits?: 7 | 16 | 64;
}

/** §5.3: a fresh key for each frame, which nobody can foresee. */
export function freshMask(): Uint8Array {
  if (spareKeys.length < 4) spareKeys = randomBytes(4096);
  const key = spareKeys.subarray(0, 4);
  spareKeys = spareKeys.subarray(4);
  return key;
}
let spareKeys: Uint8Array = new Uint8Array(0);

/** A whole frame. */
export function encodeFrame(opcode: number, payload: Uint8Array, shape: FrameShape = {}): Uint8Array {
  const frame = new Uint8Array(headerSize(payload.length, shape) + payload.length);
  writeFrame(frame, 0, opcode, payload, shape);
  return frame;
}

/** Good frames, one behind the other. */
export function encodeFrames(frames: readonly Frame[]): Uint8Array {
  let size = 0;
  for (const frame of frames) size += headerSize(frame.payload.length, frame) + frame.payload.length;
  const octets = new Uint8Array(size);
  let at = 0;
  for (const frame of frames) at = writeFrame(octets, at, frame.opcode, frame.payload, frame);
  return octets;
}

/** The header alone, for a frame whose payload comes in pieces. */
export function encodeHeader(opcode: number, payloadLength: number, shape: FrameShape = {}): Uint8Array {
  const header = new Uint8Array(headerSize(payloadLength, shape));
  writeHeader(header, 0, opcode, payloadLength, shape);
  return header;
}

function lengthBits(payloadLength: number, { length = payloadLength, lengthBits }: FrameShape): 7 | 16 | 64 {
  return lengthBits ?? (length < 126 ? 7 : length <= 0xffff ? 16 : 64);
}

function headerSize(payloadLength: number, shape: FrameShape): number {
  const bits = lengthBits(payloadLength, shape);
  return 2 + (bits === 7 ? 0 : bits / 8) + (shape.mask === undefined ? 0 : 4);
}

function writeFrame(
  target: Uint8Array,
  at: number,
  opcode: number,
  payload: Uint8Array,
  shape: FrameShape,
): number {
  const start = writeHeader(target, at, opcode, payload.length, shape);
  const end = start + payload.length;
  target.set(payload, start);
  if (shape.mask !== undefined) applyMask(target, start, end, shape.mask);
  return end;
}

/** Returns where the payload begins. */
function writeHeader(
  target: Uint8Array,
  at: number,
  opcode: number,
  payloadLength: number,
  shape: FrameShape,
): number {
  const { fin = true, rsv = 0, mask, length = payloadLength } = shape;
  const bits = lengthBits(payloadLength, shape);
  let end = at;
  target[end++] = (fin ? 0x80 : 0) | (rsv << 4) | opcode;
  target[end++] = (mask === undefined ? 0 : 0x80) | (bits === 7 ? Number(length) : bits === 16 ? 126 : 127);
  if (bits !== 7) {
    const value = BigInt(length);
    for (let shift = bits - 8; shift >= 0; shift -= 8)
      target[end++] = Number((value >> BigInt(shift)) & 0xffn);
  }
  if (mask !== undefined) {
    target.set(mask, end);
    end += 4;
  }
  return end;
}

/** A message cut into frames of `size` octets; RSV bits stand on the first frame only. `mask` makes their keys. */
export function fragments(
  opcode: number,
  payload: Uint8Array,
  size: number | undefined,
  rsv = 0,
  mask: () => Uint8Array | undefined = () => undefined,
): Frame[] {
  if (!size || payload.length <= size) return [{ fin: true, rsv, opcode, mask: mask(), payload }];
  const frames: Frame[] = [];
  // As the suite does it: the last frame holds the rest, even if nothing is left.
  for (let at = 0; at + size <= payload.length; at += size) {
    const first = at === 0;
    frames.push({
      fin: false,
      rsv: first ? rsv : 0,
      opcode: first ? opcode : Opcode.Continuation,
      mask: mask(),
      payload: payload.subarray(at, at + size),
    });
  }
  const rest = payload.subarray(payload.length - (payload.length % size));
  frames.push({ fin: true, rsv: 0, opcode: Opcode.Continuation, mask: mask(), payload: rest });
  return frames;
}

/** §5.3: octet i of a payload is masked with octet i mod 4 of the key. `from` is the i of the octet at `start`. */
export function applyMask(bytes: Uint8Array, start: number, end: number, key: Uint8Array, from = 0): void {
  const octet = (index: number): number => key[(from + index - start) & 3]!;
  let at = start;
  for (; at < end && ((bytes.byteOffset + at) & 3) !== 0; at++) bytes[at]! ^= octet(at);
  // By words: some of the cases carry 16 MiB.
  const four = Uint8Array.of(octet(at), octet(at + 1), octet(at + 2), octet(at + 3));
  const word = new Int32Array(four.buffer)[0]!;
  const words = at < end ? new Int32Array(bytes.buffer, bytes.byteOffset + at, (end - at) >> 2) : [];
  for (let index = 0; index < words.length; index++) words[index]! ^= word;
  for (at += words.length * 4; at < end; at++) bytes[at]! ^= octet(at);
}

// --- Reading --------------------------------------------------------------------------------------------------

export interface FrameSink {
  /** A frame is complete: unmasked, and the receiver's to keep. `sound` if nothing is wrong with its header. */
  frame(frame: Frame, sound: boolean): void;
  /** A header is wrong; this comes before its payload has arrived. */
  fault(fault: Fault): void;
}

interface Header {
  readonly fin: boolean;
  readonly rsv: number;
  readonly opcode: number;
  readonly mask: Uint8Array | undefined;
  readonly size: number;
  readonly length: number;
  readonly sound: boolean;
}

const NOTHING = new Uint8Array(0);

export class FrameReader {
  readonly #role: Role;
  readonly #compression: boolean;
  readonly #sink: FrameSink;
  /** What has arrived of a frame that is not whole: the first `#heldLength` octets. */
  #held: Uint8Array = NOTHING;
  #heldLength = 0;
  /** Its header, once that is whole and judged. */
  #header: Header | undefined;
  /** §5.4: whether a fragmented message is under way. */
  #inMessage = false;

  /** `role` is the judge's own; `compression` says whether permessage-deflate was agreed on. */
  constructor(role: Role, compression: boolean, sink: FrameSink) {
    this.#role = role;
    this.#compression = compression;
    this.#sink = sink;
  }

  push(chunk: Uint8Array): void {
    const bytes = this.#heldLength === 0 ? chunk : this.#hold(chunk);
    let at = 0;
    for (;;) {
      this.#header ??= this.#readHeader(bytes, at);
      const header = this.#header;
      if (header === undefined) break;
      const start = at + header.size;
      const end = start + header.length;
      if (end > bytes.length) break;
      this.#header = undefined;
      at = end;
      const { fin, rsv, opcode, mask, sound } = header;
      if (mask !== undefined) applyMask(bytes, start, end, mask);
      this.#sink.frame({ fin, rsv, opcode, mask, payload: bytes.subarray(start, end) }, sound);
    }
    if (at === 0 && bytes !== chunk) return; // it is held already
    // The memory of the frames that were handed over is not written to again.
    this.#held = new Uint8Array(bytes.subarray(at));
    this.#heldLength = this.#held.length;
  }

  /** Memory follows what has arrived, never what a header declares. */
  #hold(chunk: Uint8Array): Uint8Array {
    const length = this.#heldLength + chunk.length;
    if (length > this.#held.length) {
      const grown = new Uint8Array(2 * length);
      grown.set(this.#held.subarray(0, this.#heldLength));
      this.#held = grown;
    }
    this.#held.set(chunk, this.#heldLength);
    this.#heldLength = length;
    return this.#held.subarray(0, length);
  }

  #readHeader(bytes: Uint8Array, at: number): Header | undefined {
    if (bytes.length - at < 2) return undefined;
    const masked = (bytes[at + 1]! & 0x80) !== 0;
    const length7 = bytes[at + 1]! & 0x7f;
    const extended = length7 < 126 ? 0 : length7 === 126 ? 2 : 8;
    const size = 2 + extended + (masked ? 4 : 0);
    if (bytes.length - at < size) return undefined;
    const view = new DataView(bytes.buffer, bytes.byteOffset + at, size);
    const length =
      extended === 0 ? length7 : extended === 2 ? view.getUint16(2) : Number(view.getBigUint64(2));
    const header = {
      fin: (bytes[at]! & 0x80) !== 0,
      rsv: (bytes[at]! >> 4) & 7,
      opcode: bytes[at]! & 0x0f,
      mask: masked ? new Uint8Array(bytes.subarray(at + size - 4, at + size)) : undefined,
      size,
      length,
      sound: true,
    };
    const fault = this.#judge(header, extended);
    if (!isControl(header.opcode)) this.#inMessage = !header.fin;
    if (fault === undefined) return header;
    this.#sink.fault(fault);
    return { ...header, sound: false };
  }

  /** The first rule that a header breaks. */
  #judge({ fin, rsv, opcode, mask, length }: Header, extended: number): Fault | undefined {
    const wrong = (sentence: string, code = PROTOCOL_ERROR): Fault => ({ code, sentence });
    const isFirst = opcode === Opcode.Text || opcode === Opcode.Binary;
    if (rsv !== 0 && !(rsv === RSV1 && this.#compression && isFirst)) {
      return wrong(`RSV = ${rsv}, which nothing that was agreed on gives a meaning (§5.2)`);
    }
    if (this.#role === "client" && mask !== undefined) return wrong("a server's frame is masked (§5.1)");
    if (this.#role === "server" && mask === undefined) return wrong("a client's frame is not masked (§5.1)");
    if (isControl(opcode)) {
      if (opcode > Opcode.Pong) return wrong(`opcode ${opcode} is reserved (§5.2)`);
      if (!fin) return wrong("a control frame is fragmented (§5.5)");
      if (length > MAX_CONTROL_PAYLOAD) return wrong(`a control frame of ${length} octets (§5.5)`);
    } else {
      if (opcode > Opcode.Binary) return wrong(`opcode ${opcode} is reserved (§5.2)`);
      if (isFirst && this.#inMessage) return wrong("a new message begins inside a fragmented one (§5.4)");
      if (!isFirst && !this.#inMessage) return wrong("there is no message to continue (§5.4)");
    }
    if ((extended === 2 && length < 126) || (extended === 8 && length <= 0xffff)) {
      return wrong("the length does not take its shortest form (§5.2)");
    }
    if (length > MAX_PAYLOAD) return wrong(`a frame of ${length} octets is more than was asked for`, TOO_BIG);
    return undefined;
  }
}
