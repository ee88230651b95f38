/**
 * Chapter 8.2 — Native compression: zlib behind the seam of deflate/codec.ts (RFC 7692 §7.2).
 *
 * The seam asks for two things that zlib does not have: to say whether a message may end here, and to go on behind a
 * final block. Both are made up for below.
 *
 * Memory: a deflater owns its zlib stream. An inflater owns its window; what reads a message is there for that message:
 * a stream that is lent, or a portable inflater on the same window.
 *
 * What this file must not know: how Node reaches zlib (that is zlib-stream.ts); frames, negotiation.
 * Next: compression.ts.
 */

import { createDeflateRaw, createInflateRaw, constants as z } from "node:zlib";
import { ByteBuffer } from "../bytes.ts";
import type { Compression, Deflater, DeflateSettings, Inflater } from "../deflate/codec.ts";
import { Inflated } from "../deflate/codec.ts";
import { portable } from "../deflate/index.ts";
import { PortableInflater } from "../deflate/inflate.ts";
import { Window } from "../deflate/window.ts";
import { isAsKnown, SMALLEST_CHUNK, ZlibStream } from "./zlib-stream.ts";

const SMALLEST_WINDOW_BITS = 8;
const LARGEST_WINDOW_BITS = 15;
/** Asked to compress with a raw window of 2^8 bytes, zlib takes one of 2^9, which the peer may not have. */
const SMALLEST_DEFLATE_WINDOW_BITS = 9;

/** Node's zlib. Throws where `isNativeUsable()` is false. */
export const native: Compression = {
  smallestWindowBits: SMALLEST_DEFLATE_WINDOW_BITS,
  inflater(windowBits: number): Inflater {
    requireUsable();
    requireInteger("windowBits", windowBits, SMALLEST_WINDOW_BITS, LARGEST_WINDOW_BITS);
    return new NativeInflater(windowBits);
  },
  deflater(settings: DeflateSettings): Deflater {
    requireUsable();
    requireInteger("windowBits", settings.windowBits, SMALLEST_DEFLATE_WINDOW_BITS, LARGEST_WINDOW_BITS);
    requireInteger("level", settings.level, 0, 9);
    requireInteger("memoryLevel", settings.memoryLevel, 1, 9);
    return new NativeDeflater(settings);
  },
};

/** The native supplier where it works, and else the portable one. */
export function compression(): Compression {
  return isNativeUsable() ? native : portable;
}

let usable: boolean | undefined;

/** Whether this Node passes the self-test, which is done once, in a few milliseconds. */
export function isNativeUsable(): boolean {
  return (usable ??= passesSelfTest());
}

/** Where output goes that nobody wants. */
let spare = new Uint8Array(64);

// --- Inflating -----------------------------------------------------------------------------------------------

/** RFC 7692 §7.2.1: the octets of an empty stored block behind its header, with which every message ends. */
const TAIL = Uint8Array.of(0x00, 0x00, 0xff, 0xff);
const TAIL_WORD = 0x0000ffff;

/** The least room to ask for when the output is full. */
const LEAST_ROOM = 128;

/**
 * A message that begins with so many bytes at most is inflated in TypeScript, on the window itself: of that, it touches
 * what the message refers to, where zlib has to be shown all of it. JSON of 128 bytes, 38 when compressed: in 0.9 µs
 * instead of 3.5, 64 connections in turns (`npm run bench:compression`). With a window of 32 KiB that pays up to 400
 * bytes, with one of 4 KiB up to 110. Not where a block brings its own codes: to make tables of them takes longer here,
 * so that 512 bytes of JSON, 120 when compressed, would take 8.7 µs instead of 7.5.
 *
 * Decision: a message ends where it began. So a long one whose first piece is short costs more: 1 MiB of JSON 4.1 ms
 * instead of 2.3.
 */
const SHORT = 128;

/** RFC 1951 §3.2.3: BTYPE, in the first octet of a message, and what it is where a block brings its own codes. */
const BLOCK_TYPE = 0b110;
const DYNAMIC = 0b100;

/** Streams that no message needs, by window bits. Only messages that come in pieces need more than one at a time. */
const idle: ZlibStream[][] = Array.from({ length: LARGEST_WINDOW_BITS + 1 }, () => []);
const MOST_IDLE = 4;

class NativeInflater implements Inflater {
  fault = "";
  readonly #windowBits: number;
  readonly #short: number;
  readonly #window: Window;
  // One of these is there from the first byte of a message until `atBoundary`.
  /** Inflates a long message. */
  #stream: ZlibStream | undefined;
  /** Inflates a short one, and what stands behind a final block. */
  #portable: PortableInflater | undefined;
  /** For the stream: the last four octets of the message. */
  #lastFour = 0;
  /** Whether the last of them, 0xff, is still to be given to zlib. */
  #held = false;

  constructor(windowBits: number, short: number = SHORT) {
    this.#windowBits = windowBits;
    this.#short = short;
    this.#window = new Window(windowBits);
  }

  inflate(input: Uint8Array, output: ByteBuffer, limit: number): Inflated {
    requireBytes(input);
    if (this.fault !== "") return Inflated.Corrupt;
    if (input.length === 0) return Inflated.Ok;
    if (this.#stream === undefined && this.#portable === undefined) this.#begin(input);
    const result =
      this.#portable === undefined
        ? this.#inflate(input, output, limit)
        : this.#portable.inflate(input, output, limit);
    if (result === Inflated.Corrupt) this.#fail(this.#portable?.fault ?? this.#stream!.fault);
    return result;
  }

  /**
   * zlib does not say whether a block has ended. It shows it: told to stop there (Z_BLOCK), it leaves untaken what
   * it is given beyond. But if the block goes on, what was given for that purpose has become part of the data.
   *
   * Decision: so zlib is asked only behind the octets of an empty stored block, the last of which is held back until
   * then, and only `reset` may follow if the answer is no. RFC 7692 §7.2.1 lets no message end in another way.
   */
  get atBoundary(): boolean {
    const stream = this.#stream;
    let ended = this.#portable?.atBoundary ?? this.fault === "";
    if (stream !== undefined) ended = this.#held ? endsWithTail(stream) : stream.hasEnded();
    if (ended) this.#end();
    else if (this.#held) this.#fail("the data end inside a block");
    return ended;
  }

  reset(): void {
    this.#portable?.reset();
    this.#end();
    this.#window.clear();
    this.fault = "";
  }

  /** A message begins with a whole byte, and with what is in the window. So anything will do that reads it. */
  #begin(input: Uint8Array): void {
    if (input.length <= this.#short && (input[0]! & BLOCK_TYPE) !== DYNAMIC) {
      this.#portable = new PortableInflater(this.#window);
      return;
    }
    const windowBits = this.#windowBits;
    this.#stream =
      idle[windowBits]!.pop() ?? new ZlibStream(createInflateRaw({ windowBits, chunkSize: SMALLEST_CHUNK }));
    show(this.#window, this.#stream);
    this.#lastFour = -1;
  }

  #end(): void {
    this.#portable = undefined;
    if (this.#stream !== undefined) this.#giveBack(this.#stream);
  }

  #giveBack(stream: ZlibStream): void {
    this.#stream = undefined;
    this.#held = false;
    const others = idle[this.#windowBits]!;
    if (stream.fault !== "" || others.length === MOST_IDLE) {
      stream.close();
    } else {
      stream.reset();
      others.push(stream);
    }
  }

  #fail(fault: string): void {
    this.reset();
    this.fault = fault;
  }

  /** Inflates what was held back and `input`, and holds back the last octet if it may end a message. */
  #inflate(input: Uint8Array, output: ByteBuffer, limit: number): Inflated {
    let result: Inflated = Inflated.Ok;
    if (this.#held) result = this.#feed(TAIL, TAIL.length - 1, TAIL.length, output, limit);
    this.#held = false;
    const end = input.length;
    const tail = Math.max(0, end - TAIL.length);
    for (let at = tail; at < end; at++) this.#lastFour = (this.#lastFour << 8) | input[at]!;
    if (result !== Inflated.Ok) return result;
    if (this.#lastFour !== TAIL_WORD) return this.#feed(input, 0, end, output, limit);

    result = this.#feed(input, 0, tail, output, limit);
    const before = output.length;
    if (result === Inflated.Ok) result = this.#feed(input, tail, end - 1, output, limit);
    if (result !== Inflated.Ok) return result;
    // What becomes output is no tail. So data that happen to end like one are inflated to their last byte.
    this.#held = output.length === before && this.#portable === undefined;
    return this.#held ? Inflated.Ok : this.#feed(input, end - 1, end, output, limit);
  }

  #feed(input: Uint8Array, from: number, to: number, output: ByteBuffer, limit: number): Inflated {
    if (from === to) return Inflated.Ok;
    const stream = this.#stream;
    if (stream === undefined) return this.#portable!.inflate(input.subarray(from, to), output, limit);
    const start = output.length;
    let room: number;
    do {
      if (output.length === output.bytes.length && output.length < limit) {
        output.reserve(Math.min(Math.max(to - from, LEAST_ROOM), limit - output.length), limit);
      }
      room = Math.min(output.bytes.length, limit) - output.length;
      // At the limit, one byte elsewhere shows whether there is more.
      const written =
        room > 0
          ? stream.write(z.Z_SYNC_FLUSH, input, from, to, output.bytes, output.length, room)
          : stream.write(z.Z_SYNC_FLUSH, input, from, to, spare, 0, 1);
      if (!written) return Inflated.Corrupt;
      from += stream.taken;
      if (stream.made > 0 && room <= 0) return Inflated.LimitReached;
      output.length += stream.made;
    } while (stream.made > 0 && stream.made === room);
    this.#window.append(output.bytes, start, output.length);
    if (from === to) return Inflated.Ok;
    // There is room and there is input, so zlib's stream has ended: that was a final block. The message goes on, at
    // the next byte and with the same window (RFC 7692 §7.2.1, §7.2.2).
    // Decision: it goes on with the portable inflater. Resetting zlib and giving it the window behind each final
    // block made 16 KiB of the smallest ones, of two octets, cost 5.7 ms; so they cost 0.2 ms.
    this.#giveBack(stream);
    this.#portable = new PortableInflater(this.#window);
    return this.#portable.inflate(input.subarray(from, to), output, limit);
  }
}

/** RFC 1951 §3.2.4: three bits of zero and the padding, LEN, and its complement NLEN. */
const STORED_HEADER = new Uint8Array(5);

/**
 * Shows a stream, as a stored block, what it has not seen: 0.4 µs for 1 KiB, 2.1 µs for 32 KiB. A stream for each
 * inflater would take 10 KiB more than the window.
 */
function show(window: Window, stream: ZlibStream): void {
  const { filled } = window;
  if (filled === 0) return;
  STORED_HEADER[1] = filled;
  STORED_HEADER[2] = filled >> 8;
  STORED_HEADER[3] = ~filled;
  STORED_HEADER[4] = ~filled >> 8;
  stream.write(z.Z_SYNC_FLUSH, STORED_HEADER, 0, STORED_HEADER.length, spare, 0, 1);
  // The window grows with every message, and what takes its copy must not be made anew each time.
  if (spare.length < filled) spare = new Uint8Array(2 * filled);
  window.read((bytes, from, to) => {
    stream.write(z.Z_SYNC_FLUSH, bytes, from, to, spare, 0, spare.length);
  });
}

/** The octet held back; then an empty block in the fixed code, which is ten bits long; then one octet to be left. */
const QUESTION = Uint8Array.of(0xff, 0x02, 0x00, 0x00);

/**
 * Whether 0xff, when it is given to zlib, ends a block, and with its last bit. Any bits behind the block are ones.
 * With one of them in front, the empty block reads as the header of a dynamic block, with two it is a literal, and
 * three are the block type that is an error. Behind a final block no bits are left, and zlib takes nothing.
 */
function endsWithTail(stream: ZlibStream): boolean {
  const ask = (from: number, to: number): number =>
    stream.write(z.Z_BLOCK, QUESTION, from, to, spare, 0, 1) && stream.made === 0 ? stream.taken : -1;
  if (ask(0, 2) !== 1) return false;
  const taken = ask(1, 4);
  return taken === 2 || taken === 0;
}

// --- Deflating -----------------------------------------------------------------------------------------------

/** What an empty stored block is behind a flush, where a byte begins. */
const EMPTY_BLOCK = Uint8Array.of(0x00, ...TAIL);

/** zlib.h: with six bytes of room or fewer, the flush may come twice. */
const LEAST_ROOM_TO_FLUSH = 64;

class NativeDeflater implements Deflater {
  readonly #settings: DeflateSettings;
  #stream: ZlibStream | undefined;

  constructor(settings: DeflateSettings) {
    this.#settings = settings;
  }

  deflate(input: Uint8Array, output: ByteBuffer): void {
    requireBytes(input);
    // zlib does not flush twice if nothing came between.
    if (input.length === 0) {
      output.append(EMPTY_BLOCK);
      return;
    }
    const stream = (this.#stream ??= this.#open());
    let from = 0;
    let room = 0;
    do {
      output.reserve(LEAST_ROOM_TO_FLUSH + ((input.length - from) >> 2));
      room = output.bytes.length - output.length;
      if (!stream.write(z.Z_SYNC_FLUSH, input, from, input.length, output.bytes, output.length, room)) {
        this.#stream = undefined;
        throw new Error(stream.fault);
      }
      from += stream.taken;
      output.length += stream.made;
    } while (stream.made === room);
  }

  reset(): void {
    this.#stream?.reset();
  }

  #open(): ZlibStream {
    const { windowBits, level, memoryLevel: memLevel } = this.#settings;
    return new ZlibStream(createDeflateRaw({ windowBits, level, memLevel, chunkSize: SMALLEST_CHUNK }));
  }
}

// --- The self-test -------------------------------------------------------------------------------------------

function passesSelfTest(): boolean {
  try {
    return isAsKnown() && readsExamples() && readsWhatItWrites();
  } catch {
    return false;
  }
}

/** Inflates a message that was sent without its tail. Gives its text, or tells how far it came. */
function read(inflater: Inflater, payload: Uint8Array, limit: number): string | Inflated {
  const output = new ByteBuffer();
  let result = inflater.inflate(payload, output, limit);
  if (result === Inflated.Ok) result = inflater.inflate(TAIL, output, limit);
  if (result === Inflated.Ok && inflater.atBoundary) return String.fromCharCode(...output.view());
  inflater.reset();
  return result;
}

/** RFC 7692 §7.2.3.1, §7.2.3.2 and §7.2.3.4: a message, the same by reference to the first, and with BFINAL. */
const HELLO = Uint8Array.of(0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00);
const HELLO_AGAIN = Uint8Array.of(0xf2, 0x00, 0x11, 0x00, 0x00);
const HELLO_FINAL = Uint8Array.of(0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00);

/** By zlib all of them, short as they are. */
function readsExamples(): boolean {
  const inflater = new NativeInflater(LARGEST_WINDOW_BITS, 0);
  return (
    read(inflater, HELLO, 5) === "Hello" &&
    read(inflater, HELLO_AGAIN, 5) === "Hello" &&
    read(inflater, HELLO_FINAL, 5) === "Hello" &&
    read(inflater, HELLO_AGAIN, 5) === "Hello" &&
    read(inflater, HELLO, 4) === Inflated.LimitReached &&
    read(inflater, HELLO_AGAIN, 5) === Inflated.Corrupt &&
    read(inflater, HELLO.subarray(0, 4), 100) === Inflated.Ok &&
    read(inflater, HELLO, 5) === "Hello"
  );
}

function readsWhatItWrites(): boolean {
  const deflater = new NativeDeflater({ windowBits: LARGEST_WINDOW_BITS, level: 6, memoryLevel: 8 });
  const inflater = new NativeInflater(LARGEST_WINDOW_BITS, 0);
  const message = Uint8Array.from({ length: 1000 }, (_, index) => (index * index) >> 4);
  const text = String.fromCharCode(...message);
  const sizes: number[] = [];
  for (let round = 0; round < 3; round++) {
    const output = new ByteBuffer();
    if (round === 2) deflater.reset();
    deflater.deflate(message, output);
    sizes.push(output.length);
    if (read(inflater, output.view().subarray(0, -TAIL.length), message.length) !== text) return false;
  }
  return sizes[1]! < sizes[0]! && sizes[2] === sizes[0];
}

// --- What an application may ask for -------------------------------------------------------------------------

function requireUsable(): void {
  if (!isNativeUsable()) throw new Error("native: this Node's zlib is not usable; see compression()");
}

function requireInteger(name: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new RangeError(`${name}: ${String(value)} is not an integer from ${least} to ${most}`);
}

/** The native side ends the process for anything else. */
function requireBytes(input: Uint8Array): void {
  if (!ArrayBuffer.isView(input)) throw new TypeError("input: must be a Uint8Array");
}
