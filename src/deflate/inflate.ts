/**
 * Chapter 1.8 — Decompression (RFC 1951 §3.2; RFC 7692 §7.2.2).
 *
 * A machine that can be stopped at any bit: each state asks for the few bits it needs, takes them all or none, and
 * waits. Where input and room abound, inflate-fast.ts runs ahead through the symbols that are plainly in order;
 * whatever is not, it leaves untouched for the machine to judge. So every rule is enforced in one place.
 *
 * Memory: the window (window.ts), and inside a dynamic block its tables (block-codes.ts). Nothing else outlives a call.
 *
 * What this file must not know: messages, frames, why there is a limit.
 * Next: code-lengths.ts.
 */

import { ByteBuffer } from "../bytes.ts";
import {
  CODE_LENGTH_ORDER,
  DISTANCE_SYMBOLS,
  FIRST_LENGTH,
  LITERAL_SYMBOLS,
  REPEAT_BASE,
  REPEAT_EXTRA,
  REPEAT_PREVIOUS,
} from "./alphabets.ts";
import { BitReader } from "./bit-reader.ts";
import {
  type BlockCodes,
  borrowDynamicCodes,
  buildDynamicCodes,
  type DynamicCodes,
  FIXED_CODES,
  returnDynamicCodes,
} from "./block-codes.ts";
import { Inflated, type Inflater } from "./codec.ts";
import { BASE, END, INVALID, KIND, LITERAL } from "./huffman.ts";
import { decodeFast } from "./inflate-fast.ts";
import { copyMatch, type Window } from "./window.ts";

/*
 * A block, from its first bit to its last; each byte begins with its least significant bit, §3.1.1.
 *
 *   +--------+-------+
 *   | BFINAL | BTYPE |
 *   |   1    |   2   |
 *   +--------+-------+-------------------------------------------------------------+
 *            |   0   | rest of the byte | LEN 16 | NLEN 16 = ~LEN | LEN bytes     |  stored, §3.2.4
 *            +-------+-------------------------------------------------------------+
 *            |   1   | symbols in the fixed codes ................... end of block |  fixed, §3.2.6
 *            +-------+-------------------------------------------------------------+
 *            |   2   | HLIT 5 | HDIST 5 | HCLEN 4 | (HCLEN + 4) x 3                |  dynamic, §3.2.7
 *            |       | HLIT + 257 and HDIST + 1 code lengths, in a code themselves |
 *            |       | symbols in the codes just described .......... end of block |
 *            +-------+-------------------------------------------------------------+
 *            |   3   | an error                                                    |
 *            +-------+-------------------------------------------------------------+
 *
 *   A symbol:  literal code   or   length code | extra 0-5 | distance code | extra 0-13
 */

/** What the machine reads next. */
const State = {
  BlockHeader: 0,
  StoredLength: 1,
  StoredBytes: 2,
  DynamicHeader: 3,
  CodeLengthCode: 4,
  CodeLengths: 5,
  Symbol: 6,
  Distance: 7,
  DistanceExtra: 8,
} as const;
type State = (typeof State)[keyof typeof State];

/** A step was taken; the others are the ways for a call to end. */
const Going = -1;
type Step = typeof Going | Inflated;

const NO_OUTPUT: ByteBuffer = new ByteBuffer();

export class PortableInflater implements Inflater {
  fault = "";
  /** Whether the last block that was begun has BFINAL set. */
  final = false;

  readonly #window: Window;
  #state: State = State.BlockHeader;
  readonly #reader: BitReader = new BitReader();
  /** The codes of the open block. */
  #codes: BlockCodes = FIXED_CODES;
  #borrowed: DynamicCodes | undefined;

  // Between the steps of one block.
  #left = 0; // StoredBytes: how many are to come
  #literals = 0; // CodeLengths: how many of each there are
  #distances = 0;
  #count = 0; // CodeLengthCode: how many there are
  #have = 0; // CodeLengthCode, CodeLengths: how many were read
  #length = 0; // Distance, DistanceExtra: of the match
  #distance = 0; // DistanceExtra: before the extra bits
  #extra = 0;

  // For the time of a call.
  #output: ByteBuffer = NO_OUTPUT;
  #start = 0;
  #limit = 0;

  /** Goes on behind what is in `window`, whoever has produced it. */
  constructor(window: Window) {
    this.#window = window;
  }

  get atBoundary(): boolean {
    return this.#state === State.BlockHeader && this.#reader.bits === 0;
  }

  inflate(input: Uint8Array, output: ByteBuffer, limit: number): Inflated {
    this.#reader.open(input);
    this.#output = output;
    this.#start = output.length;
    this.#limit = limit;
    let step: Step = Going;
    while (step === Going) step = this.#step();
    this.#window.append(output.bytes, this.#start, output.length);
    this.#reader.close();
    this.#output = NO_OUTPUT;
    return step;
  }

  reset(): void {
    this.#window.clear();
    this.#returnCodes();
    this.#state = State.BlockHeader;
    this.#reader.reset();
    this.final = false;
    this.fault = "";
  }

  #step(): Step {
    switch (this.#state) {
      case State.BlockHeader:
        return this.#blockHeader();
      case State.StoredLength:
        return this.#storedLength();
      case State.StoredBytes:
        return this.#storedBytes();
      case State.DynamicHeader:
        return this.#dynamicHeader();
      case State.CodeLengthCode:
        return this.#codeLengthCode();
      case State.CodeLengths:
        return this.#codeLengths();
      case State.Symbol:
        decodeFast(this.#reader, this.#codes, this.#window, this.#output, this.#start, this.#limit);
        return this.#symbol();
      case State.Distance:
        return this.#distanceCode();
      case State.DistanceExtra:
        return this.#match();
    }
  }

  #blockHeader(): Step {
    if (!this.#reader.fetch(3)) return Inflated.Ok;
    const header = this.#reader.take(3);
    this.final = (header & 1) === 1;
    switch (header >> 1) {
      case 0:
        // §3.2.4: what is left of the byte is skipped, whatever it holds.
        this.#reader.align();
        return this.#enter(State.StoredLength);
      case 1:
        this.#codes = FIXED_CODES;
        return this.#enter(State.Symbol);
      case 2:
        return this.#enter(State.DynamicHeader);
      default:
        return this.#corrupt("the block type 3 is reserved");
    }
  }

  #endBlock(): Step {
    this.#returnCodes();
    // RFC 7692 §7.2.1, §7.2.3.4: BFINAL ends no data here: the next block begins at the next byte, and §7.2.2 keeps the
    // window. Decision: the padding should be zero and is not looked at, as zlib does: it carries nothing.
    if (this.final) this.#reader.align();
    return this.#enter(State.BlockHeader);
  }

  // Stored blocks, §3.2.4.

  #storedLength(): Step {
    if (!this.#reader.fetch(32)) return Inflated.Ok;
    const length = this.#reader.take(16);
    const complement = this.#reader.take(16);
    if ((length ^ complement) !== 0xffff) {
      return this.#corrupt(`the stored length ${length} and its complement ${complement} do not match`);
    }
    if (length === 0) return this.#endBlock();
    this.#left = length;
    return this.#enter(State.StoredBytes);
  }

  #storedBytes(): Step {
    const output = this.#output;
    const reader = this.#reader;
    const count = Math.min(this.#left, reader.input.length - reader.at);
    if (count === 0) return Inflated.Ok;
    const fitting = Math.min(count, this.#limit - output.length);
    if (fitting > 0) output.append(reader.input, reader.at, reader.at + fitting, this.#limit);
    if (fitting < count) return Inflated.LimitReached;
    reader.at += count;
    this.#left -= count;
    return this.#left === 0 ? this.#endBlock() : Going;
  }

  // The header of a dynamic block, §3.2.7.

  #dynamicHeader(): Step {
    if (!this.#reader.fetch(14)) return Inflated.Ok;
    this.#literals = this.#reader.take(5) + FIRST_LENGTH;
    this.#distances = this.#reader.take(5) + 1;
    this.#count = this.#reader.take(4) + 4;
    if (this.#literals > LITERAL_SYMBOLS) {
      return this.#corrupt(
        `${this.#literals} literal and length codes, where the alphabet has ${LITERAL_SYMBOLS}`,
      );
    }
    // Decision: §3.2.7 counts up to 32 distance codes although symbols 30 and 31 never occur; zlib refuses, so do we.
    if (this.#distances > DISTANCE_SYMBOLS) {
      return this.#corrupt(`${this.#distances} distance codes, where the alphabet has ${DISTANCE_SYMBOLS}`);
    }
    this.#borrowed = borrowDynamicCodes();
    this.#codes = this.#borrowed;
    this.#have = 0;
    return this.#enter(State.CodeLengthCode);
  }

  #codeLengthCode(): Step {
    const codes = this.#borrowed!;
    for (; this.#have < this.#count; this.#have++) {
      if (!this.#reader.fetch(3)) return Inflated.Ok;
      codes.headerLengths[CODE_LENGTH_ORDER[this.#have]!] = this.#reader.take(3);
    }
    const misfit = codes.codeLengths.build(codes.headerLengths, 0, codes.headerLengths.length);
    if (misfit !== undefined) return this.#corrupt(`the code length code is ${misfit}`);
    this.#have = 0;
    return this.#enter(State.CodeLengths);
  }

  #codeLengths(): Step {
    const codes = this.#borrowed!;
    const { lengths } = codes;
    const total = this.#literals + this.#distances;
    while (this.#have < total) {
      const entry = this.#reader.peek(codes.codeLengths);
      const symbol = entry >>> 16;
      const repeat = symbol - REPEAT_PREVIOUS;
      const codeBits = entry & 15;
      if (!this.#reader.fetch(codeBits + (repeat < 0 ? 0 : REPEAT_EXTRA[repeat]!))) return Inflated.Ok;
      this.#reader.take(codeBits);
      if (repeat < 0) {
        lengths[this.#have++] = symbol;
        continue;
      }
      const count = REPEAT_BASE[repeat]! + this.#reader.take(REPEAT_EXTRA[repeat]!);
      if (repeat === 0 && this.#have === 0)
        return this.#corrupt("there is no code length before the first to repeat");
      if (this.#have + count > total)
        return this.#corrupt(`a repeated code length runs past the ${total} announced`);
      const repeated = repeat === 0 ? lengths[this.#have - 1]! : 0;
      for (let left = count; left > 0; left--) lengths[this.#have++] = repeated;
    }
    const fault = buildDynamicCodes(codes, this.#literals, this.#distances);
    return fault === "" ? this.#enter(State.Symbol) : this.#corrupt(fault);
  }

  #returnCodes(): void {
    if (this.#borrowed !== undefined) returnDynamicCodes(this.#borrowed);
    this.#borrowed = undefined;
    this.#codes = FIXED_CODES;
  }

  // Symbols, §3.2.3, §3.2.5.

  #symbol(): Step {
    const entry = this.#reader.peek(this.#codes.literals);
    const codeBits = entry & 15;
    const extra = (entry >>> 4) & 15;
    if (!this.#reader.fetch(codeBits + extra)) return Inflated.Ok;
    switch (entry & KIND) {
      case LITERAL: {
        const output = this.#output;
        if (output.length >= this.#limit) return Inflated.LimitReached;
        output.reserve(1, this.#limit);
        output.bytes[output.length++] = entry >>> 16;
        this.#reader.take(codeBits);
        return Going;
      }
      case END:
        this.#reader.take(codeBits);
        return this.#endBlock();
      case BASE:
        this.#reader.take(codeBits);
        this.#length = (entry >>> 16) + this.#reader.take(extra);
        return this.#enter(State.Distance);
      default:
        return this.#corrupt("a literal or length code that no symbol has");
    }
  }

  #distanceCode(): Step {
    const entry = this.#reader.peek(this.#codes.distances);
    if (!this.#reader.fetch(entry & 15)) return Inflated.Ok;
    if ((entry & KIND) === INVALID) return this.#corrupt("a distance code that no symbol has");
    this.#reader.take(entry & 15);
    this.#distance = entry >>> 16;
    this.#extra = (entry >>> 4) & 15;
    return this.#enter(State.DistanceExtra);
  }

  #match(): Step {
    if (!this.#reader.fetch(this.#extra)) return Inflated.Ok;
    const output = this.#output;
    const window = this.#window;
    const length = this.#length;
    const distance = this.#distance + this.#reader.take(this.#extra);
    const produced = output.length - this.#start;
    if (distance > window.size) {
      return this.#corrupt(`distance ${distance} reaches out of the window of ${window.size} bytes`);
    }
    if (distance > window.filled + produced) {
      return this.#corrupt(`distance ${distance} reaches before the start of the data`);
    }
    if (length > this.#limit - output.length) return Inflated.LimitReached;
    output.reserve(length, this.#limit);
    output.length = copyMatch(output.bytes, output.length, distance, length, window, produced);
    return this.#enter(State.Symbol);
  }

  #enter(state: State): Step {
    this.#state = state;
    return Going;
  }

  #corrupt(fault: string): Step {
    this.fault = fault;
    return Inflated.Corrupt;
  }
}
