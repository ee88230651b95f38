/**
 * Chapter 1.6 — Decompression (RFC 1951 §3.2; RFC 7692 §7.2.2).
 *
 * A machine that can be stopped at any bit: each state asks for the few bits it needs, takes them all or none, and
 * waits. Where input and room abound, `#decodeFast` runs ahead through the symbols that are plainly in order;
 * whatever is not, it leaves untouched for the machine to judge. So every rule is checked in one place.
 *
 * Memory: the window (window.ts), and inside a dynamic block its tables (block-codes.ts). Nothing else outlives a call.
 *
 * What this file must not know: messages, frames, why there is a limit.
 * Next: code-lengths.ts.
 *
 *     bits, first to last, each byte from its least significant bit on
 *     +--------+-------+----------------------------------------------------------------+
 *     | BFINAL | BTYPE |                                                                |
 *     |   1    |   2   |                                                                |
 *     +--------+-------+----------------------------------------------------------------+
 *              |  00   | to the byte's end | LEN 16 | NLEN 16 = ~LEN | LEN bytes        |   stored, §3.2.4
 *              |  01   | symbols in the fixed codes ............. end of block          |   fixed, §3.2.6
 *              |  10   | HLIT 5 | HDIST 5 | HCLEN 4 | (HCLEN + 4) x 3 bits              |   dynamic, §3.2.7
 *              |       | HLIT + 257 and HDIST + 1 code lengths, themselves coded        |
 *              |       | symbols in those codes .................. end of block         |
 *              |  11   | an error                                                       |
 *              +-------+----------------------------------------------------------------+
 *     symbol:  literal code  |  length code, extra 0-5, distance code, extra 0-13  |  end-of-block code
 */

import { ByteBuffer, EMPTY_BYTES } from "../bytes.ts";
import {
  CODE_LENGTH_ORDER,
  DISTANCE_SYMBOLS,
  FIRST_LENGTH,
  LITERAL_SYMBOLS,
  LONGEST_CODE,
  LONGEST_MATCH,
  REPEAT_BASE,
  REPEAT_EXTRA,
  REPEAT_PREVIOUS,
} from "./alphabets.ts";
import {
  type BlockCodes,
  borrowDynamicCodes,
  buildDynamicCodes,
  type DynamicCodes,
  FIXED_CODES,
  returnDynamicCodes,
} from "./block-codes.ts";
import { Inflated, type Inflater } from "./codec.ts";
import { BASE, type DecodingTable, END, INVALID, KIND, LINK, LITERAL } from "./huffman.ts";
import { Window } from "./window.ts";

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

/** §3.2.5: a length is a code and up to five extra bits. */
const LONGEST_LENGTH_SYMBOL = LONGEST_CODE + 5;
/** What the fast loop reads in one round at most: three refills of up to three bytes, and one byte beyond. */
const FAST_INPUT = 10;
/** And what it writes: the literals of one refill, of one bit each, and a match. */
const FAST_OUTPUT = LONGEST_MATCH + 16;

const NO_OUTPUT: ByteBuffer = new ByteBuffer();

export class PortableInflater implements Inflater {
  fault = "";
  /** Whether the last block that was begun has BFINAL set. */
  final = false;

  readonly #window: Window;
  #state: State = State.BlockHeader;
  /** Bits taken from the input and not yet used: fewer than eight, unless the input ended where a step needs more. */
  #hold = 0;
  #bits = 0;
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
  #input: Uint8Array = EMPTY_BYTES;
  #at = 0;
  #output: ByteBuffer = NO_OUTPUT;
  #start = 0;
  #limit = 0;

  constructor(windowBits: number) {
    this.#window = new Window(windowBits);
  }

  get atBoundary(): boolean {
    return this.#state === State.BlockHeader && this.#bits === 0;
  }

  inflate(input: Uint8Array, output: ByteBuffer, limit: number): Inflated {
    this.#input = input;
    this.#at = 0;
    this.#output = output;
    this.#start = output.length;
    this.#limit = limit;
    let step: Step = Going;
    while (step === Going) step = this.#step();
    this.#window.append(output.bytes, this.#start, output.length);
    this.#input = EMPTY_BYTES;
    this.#output = NO_OUTPUT;
    return step;
  }

  reset(): void {
    this.#window.clear();
    this.#returnCodes();
    this.#state = State.BlockHeader;
    this.#hold = 0;
    this.#bits = 0;
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
        this.#decodeFast();
        return this.#symbol();
      case State.Distance:
        return this.#distanceCode();
      case State.DistanceExtra:
        return this.#match();
    }
  }

  #blockHeader(): Step {
    if (!this.#fetch(3)) return Inflated.Ok;
    const header = this.#take(3);
    this.final = (header & 1) === 1;
    switch (header >> 1) {
      case 0:
        // §3.2.4: what is left of the byte is skipped, whatever it holds.
        this.#take(this.#bits);
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
    // RFC 7692 §7.2.1: BFINAL does not end the data here: the next block begins at the next byte, and §7.2.2 keeps the
    // window. Decision: the padding should be zero and is not looked at, as zlib does: it carries nothing.
    if (this.final) this.#take(this.#bits);
    return this.#enter(State.BlockHeader);
  }

  // Stored blocks, §3.2.4.

  #storedLength(): Step {
    if (!this.#fetch(32)) return Inflated.Ok;
    const length = this.#take(16);
    const complement = this.#take(16);
    if ((length ^ complement) !== 0xffff) {
      return this.#corrupt(`the stored length ${length} and its complement ${complement} do not match`);
    }
    if (length === 0) return this.#endBlock();
    this.#left = length;
    return this.#enter(State.StoredBytes);
  }

  #storedBytes(): Step {
    const output = this.#output;
    const count = Math.min(this.#left, this.#input.length - this.#at);
    if (count === 0) return Inflated.Ok;
    const fitting = Math.min(count, this.#limit - output.length);
    if (fitting > 0) output.append(this.#input, this.#at, this.#at + fitting, this.#limit);
    if (fitting < count) return Inflated.LimitReached;
    this.#at += count;
    this.#left -= count;
    return this.#left === 0 ? this.#endBlock() : Going;
  }

  // The header of a dynamic block, §3.2.7.

  #dynamicHeader(): Step {
    if (!this.#fetch(14)) return Inflated.Ok;
    this.#literals = this.#take(5) + FIRST_LENGTH;
    this.#distances = this.#take(5) + 1;
    this.#count = this.#take(4) + 4;
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
      if (!this.#fetch(3)) return Inflated.Ok;
      codes.headerLengths[CODE_LENGTH_ORDER[this.#have]!] = this.#take(3);
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
      const entry = this.#peek(codes.codeLengths);
      const symbol = entry >>> 16;
      const repeat = symbol - REPEAT_PREVIOUS;
      const codeBits = entry & 15;
      if (!this.#fetch(codeBits + (repeat < 0 ? 0 : REPEAT_EXTRA[repeat]!))) return Inflated.Ok;
      this.#take(codeBits);
      if (repeat < 0) {
        lengths[this.#have++] = symbol;
        continue;
      }
      const count = REPEAT_BASE[repeat]! + this.#take(REPEAT_EXTRA[repeat]!);
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
    const entry = this.#peek(this.#codes.literals);
    const codeBits = entry & 15;
    const extra = (entry >>> 4) & 15;
    if (!this.#fetch(codeBits + extra)) return Inflated.Ok;
    switch (entry & KIND) {
      case LITERAL: {
        const output = this.#output;
        if (output.length >= this.#limit) return Inflated.LimitReached;
        output.reserve(1, this.#limit);
        output.bytes[output.length++] = entry >>> 16;
        this.#take(codeBits);
        return Going;
      }
      case END:
        this.#take(codeBits);
        return this.#endBlock();
      case BASE:
        this.#take(codeBits);
        this.#length = (entry >>> 16) + this.#take(extra);
        return this.#enter(State.Distance);
      default:
        return this.#corrupt("a literal or length code that no symbol has");
    }
  }

  #distanceCode(): Step {
    const entry = this.#peek(this.#codes.distances);
    if (!this.#fetch(entry & 15)) return Inflated.Ok;
    if ((entry & KIND) === INVALID) return this.#corrupt("a distance code that no symbol has");
    this.#take(entry & 15);
    this.#distance = entry >>> 16;
    this.#extra = (entry >>> 4) & 15;
    return this.#enter(State.DistanceExtra);
  }

  #match(): Step {
    if (!this.#fetch(this.#extra)) return Inflated.Ok;
    const output = this.#output;
    const window = this.#window;
    const length = this.#length;
    const distance = this.#distance + this.#take(this.#extra);
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

  /**
   * Decodes literals and matches as long as a whole one is surely in the input and surely fits the output: all state
   * in local variables, no step in between. An end of block, an invalid code, a distance too far: all left to the
   * machine above, at the first bit of that symbol.
   *
   * Each refill loads four bytes and counts only those that fit, so 24 to 31 bits are valid; those above are what the
   * next refill loads again. Measured on JSON of 16 KiB against refilling two bytes where fewer than 16 bits are left:
   * 42 µs instead of 49; and decoding on in the same refill while it lasts: 39 µs.
   */
  #decodeFast(): void {
    const input = this.#input;
    const inputStop = input.length - FAST_INPUT;
    const output = this.#output;
    if (this.#at > inputStop || this.#limit - output.length < FAST_OUTPUT) return;
    if (this.#bits >= 8) return; // half a symbol from the last call, some of whose bytes cannot go back to this input
    const window = this.#window;
    const start = this.#start;
    const literals = this.#codes.literals.entries;
    const literalBits = this.#codes.literals.rootBits;
    const literalMask = this.#codes.literals.mask;
    const distances = this.#codes.distances.entries;
    const distanceBits = this.#codes.distances.rootBits;
    const distanceMask = this.#codes.distances.mask;
    output.reserve(FAST_OUTPUT, this.#limit);
    let bytes = output.bytes;
    let outputStop = Math.min(bytes.length, this.#limit) - FAST_OUTPUT;
    let out = output.length;
    let at = this.#at;
    let hold = this.#hold;
    let bits = this.#bits;

    while (at <= inputStop) {
      if (out > outputStop) {
        output.length = out;
        if (this.#limit - out < FAST_OUTPUT) break;
        output.reserve(FAST_OUTPUT, this.#limit);
        bytes = output.bytes;
        outputStop = Math.min(bytes.length, this.#limit) - FAST_OUTPUT;
      }
      hold |= (input[at]! | (input[at + 1]! << 8) | (input[at + 2]! << 16) | (input[at + 3]! << 24)) << bits;
      at += (31 - bits) >> 3;
      bits |= 24;
      let entry = literals[hold & literalMask]!;
      if ((entry & KIND) === LINK) {
        entry = literals[(entry >>> 16) + ((hold >>> literalBits) & ((1 << ((entry >>> 4) & 15)) - 1))]!;
      }
      while ((entry & KIND) === LITERAL && bits >= LONGEST_CODE) {
        bytes[out++] = entry >>> 16;
        hold >>>= entry & 15;
        bits -= entry & 15;
        entry = literals[hold & literalMask]!;
      }
      // Too few bits for a length, or a second table to look into: both start over with a refill.
      if (bits < LONGEST_LENGTH_SYMBOL || (entry & KIND) === LINK) continue;
      if ((entry & KIND) !== BASE) break;

      const symbolAt = at;
      const symbolHold = hold;
      const symbolBits = bits;
      hold >>>= entry & 15;
      bits -= entry & 15;
      let extra = (entry >>> 4) & 15;
      const length = (entry >>> 16) + (hold & ((1 << extra) - 1));
      hold >>>= extra;
      bits -= extra;
      hold |= (input[at]! | (input[at + 1]! << 8) | (input[at + 2]! << 16) | (input[at + 3]! << 24)) << bits;
      at += (31 - bits) >> 3;
      bits |= 24;
      entry = distances[hold & distanceMask]!;
      if ((entry & KIND) === LINK) {
        entry = distances[(entry >>> 16) + ((hold >>> distanceBits) & ((1 << ((entry >>> 4) & 15)) - 1))]!;
      }
      hold >>>= entry & 15;
      bits -= entry & 15;
      hold |= (input[at]! | (input[at + 1]! << 8) | (input[at + 2]! << 16) | (input[at + 3]! << 24)) << bits;
      at += (31 - bits) >> 3;
      bits |= 24;
      extra = (entry >>> 4) & 15;
      const distance = (entry >>> 16) + (hold & ((1 << extra) - 1));
      hold >>>= extra;
      bits -= extra;
      const produced = out - start;
      if ((entry & KIND) !== BASE || distance > window.size || distance > window.filled + produced) {
        at = symbolAt;
        hold = symbolHold;
        bits = symbolBits;
        break;
      }
      out = copyMatch(bytes, out, distance, length, window, produced);
    }

    // Whole bytes go back to the input.
    output.length = out;
    this.#at = at - (bits >>> 3);
    this.#bits = bits & 7;
    this.#hold = hold & ((1 << this.#bits) - 1);
  }

  // Bits. They are held in 32: nothing asks for more at once.

  /** Makes sure of `count` bits. If the input ends before, what there is stays for the next call. */
  #fetch(count: number): boolean {
    while (this.#bits < count) {
      if (this.#at === this.#input.length) return false;
      this.#hold |= this.#input[this.#at++]! << this.#bits;
      this.#bits += 8;
    }
    return true;
  }

  #take(count: number): number {
    const taken = this.#hold & ((1 << count) - 1);
    this.#hold >>>= count;
    this.#bits -= count;
    return taken;
  }

  /**
   * The entry of the next code. Bits that have not arrived count as zero: such an entry is right if its code needs no
   * more bits than there are, so they are fetched one byte at a time until it does, or the input ends.
   */
  #peek(table: DecodingTable): number {
    for (;;) {
      let entry = table.entries[this.#hold & table.mask]!;
      if ((entry & KIND) === LINK) {
        const second = (this.#hold >>> table.rootBits) & ((1 << ((entry >>> 4) & 15)) - 1);
        entry = table.entries[(entry >>> 16) + second]!;
      }
      if ((entry & 15) <= this.#bits || !this.#fetch(this.#bits + 1)) return entry;
    }
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

/**
 * Appends a match to `bytes` at `out`: `length` bytes from `distance` back, of which `produced` are in `bytes` and
 * the rest in the window. A distance shorter than the length repeats what the match itself writes, §3.2.3.
 */
function copyMatch(
  bytes: Uint8Array,
  out: number,
  distance: number,
  length: number,
  window: Window,
  produced: number,
): number {
  const end = out + length;
  if (distance > produced) {
    const back = distance - produced;
    const count = Math.min(length, back);
    window.copy(back, count, bytes, out);
    out += count;
  }
  for (let from = out - distance; out < end; from++) bytes[out++] = bytes[from]!;
  return out;
}
