/**
 * Beyond the suite — How far a compressed message reaches back (RFC 1951 §3.2; RFC 7692 §7.2.1).
 *
 * zlib does not tell: within what it writes at once it copies from any distance, whatever window it was given. So
 * the symbols are read here, and the distances looked at; what they stand for is not of interest.
 *
 * What this file must not know: messages, what was agreed on. Next: cases/beyond.ts.
 */

export interface Reach {
  /** The largest distance of a copy; 0 if nothing is copied. */
  readonly farthest: number;
  /** How far before the first octet of the message a copy begins; 0 if all comes from the message itself. */
  readonly before: number;
}

/** Undefined if this is no DEFLATE stream that ends with an empty stored block, whose last four octets are not sent. */
export function reachOf(payload: Uint8Array): Reach | undefined {
  const bits = new Bits(payload);
  const reach = { farthest: 0, before: 0, length: 0, isEnded: false };
  while (bits.left >= 3) {
    const isFinal = bits.read(1) === 1;
    const type = bits.read(2);
    if (type === 3) return undefined;
    if (type > 0) {
      const codes = type === 1 ? FIXED : readCodes(bits);
      if (codes === undefined || !walk(bits, codes, reach)) return undefined;
    } else if (!skipStored(bits, reach)) {
      return undefined;
    }
    // RFC 7692 §7.2.3.4: behind such a block the next one begins with an octet.
    if (isFinal) bits.skip(0);
  }
  return reach.isEnded ? { farthest: reach.farthest, before: reach.before } : undefined;
}

interface Progress {
  farthest: number;
  before: number;
  /** How much has been written so far. */
  length: number;
  isEnded: boolean;
}

class Bits {
  readonly #octets: Uint8Array;
  #at = 0;

  constructor(octets: Uint8Array) {
    this.#octets = octets;
  }

  get left(): number {
    return this.#octets.length * 8 - this.#at;
  }

  /** Zeros behind the end: whoever reads on notices by `left`. */
  read(count: number): number {
    let value = 0;
    for (let bit = 0; bit < count; bit++, this.#at++) {
      value |= (((this.#octets[this.#at >> 3] ?? 0) >> (this.#at & 7)) & 1) << bit;
    }
    return value;
  }

  /** To the next octet, and `count` octets further. */
  skip(count: number): void {
    this.#at = ((this.#at + 7) & ~7) + count * 8;
  }
}

/** §3.2.4. Of the last block of a message only the header is sent (RFC 7692 §7.2.1). */
function skipStored(bits: Bits, reach: Progress): boolean {
  bits.skip(0);
  reach.isEnded = bits.left === 0;
  if (reach.isEnded) return true;
  const length = bits.read(16);
  if ((length ^ bits.read(16)) !== 0xffff || bits.left < length * 8) return false;
  bits.skip(length);
  reach.length += length;
  return true;
}

// --- Codes (§3.2.2) -------------------------------------------------------------------------------------------

/** How many codes there are of each length, and the symbols in the order of their codes. */
interface Code {
  readonly counts: readonly number[];
  readonly symbols: readonly number[];
}

interface Codes {
  readonly literals: Code;
  readonly distances: Code;
}

const LONGEST = 15;

function codeOf(lengths: readonly number[]): Code {
  const counts = Array.from(
    { length: LONGEST + 1 },
    (_, length) => lengths.filter((of) => of === length).length,
  );
  const symbols = lengths.map((_, symbol) => symbol).filter((symbol) => lengths[symbol]! > 0);
  // Sorting is stable: symbols with codes of the same length stay in their order.
  return { counts, symbols: symbols.sort((a, b) => lengths[a]! - lengths[b]!) };
}

/** A symbol, bit by bit; undefined if there is no such code. */
function symbolOf(bits: Bits, { counts, symbols }: Code): number | undefined {
  let code = 0;
  let first = 0;
  let index = 0;
  for (let length = 1; length <= LONGEST; length++) {
    code |= bits.read(1);
    const count = counts[length]!;
    if (code - first < count) return symbols[index + code - first];
    index += count;
    first = (first + count) << 1;
    code <<= 1;
  }
  return undefined;
}

const FIXED: Codes = {
  literals: codeOf(
    Array.from({ length: 288 }, (_, symbol) => (symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8)),
  ),
  distances: codeOf(Array.from({ length: 30 }, () => 5)),
};

const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/** §3.2.7: the codes of a block, whose lengths are written in a code themselves. */
function readCodes(bits: Bits): Codes | undefined {
  const literalCount = bits.read(5) + 257;
  const distanceCount = bits.read(5) + 1;
  const lengthCount = bits.read(4) + 4;
  const lengthLengths = Array.from({ length: ORDER.length }, () => 0);
  for (const symbol of ORDER.slice(0, lengthCount)) lengthLengths[symbol] = bits.read(3);
  const code = codeOf(lengthLengths);
  const lengths: number[] = [];
  while (lengths.length < literalCount + distanceCount) {
    const symbol = symbolOf(bits, code);
    if (symbol === undefined || bits.left < 0) return undefined;
    const previous = symbol === 16 ? lengths.at(-1) : 0;
    if (previous === undefined) return undefined;
    const times = symbol < 16 ? 1 : symbol === 18 ? 11 + bits.read(7) : 3 + bits.read(symbol === 16 ? 2 : 3);
    for (let count = 0; count < times; count++) lengths.push(symbol < 16 ? symbol : previous);
  }
  return {
    literals: codeOf(lengths.slice(0, literalCount)),
    distances: codeOf(lengths.slice(literalCount, literalCount + distanceCount)),
  };
}

// --- Symbols (§3.2.5) -----------------------------------------------------------------------------------------

const END_OF_BLOCK = 256;
const LONGEST_COPY = 258;

function walk(bits: Bits, { literals, distances }: Codes, reach: Progress): boolean {
  while (bits.left >= 0) {
    const symbol = symbolOf(bits, literals);
    if (symbol === undefined || symbol > 285) return false;
    if (symbol === END_OF_BLOCK) return true;
    if (symbol < END_OF_BLOCK) {
      reach.length++;
      continue;
    }
    const length = symbol === 285 ? LONGEST_COPY : 3 + spread(bits, symbol - 257, 2);
    const distanceSymbol = symbolOf(bits, distances);
    if (distanceSymbol === undefined || distanceSymbol > 29) return false;
    const distance = 1 + spread(bits, distanceSymbol, 1);
    reach.farthest = Math.max(reach.farthest, distance);
    reach.before = Math.max(reach.before, distance - reach.length);
    reach.length += length;
  }
  return false;
}

/**
 * The tables of §3.2.5 as a rule: the first 2^(power + 1) symbols stand for themselves; from there on, every
 * 2^power symbols share a number of further bits, and each next group has one more.
 */
function spread(bits: Bits, symbol: number, power: number): number {
  const group = symbol >> power;
  if (group < 2) return symbol;
  const further = group - 1;
  return (((1 << power) + (symbol & ((1 << power) - 1))) << further) + bits.read(further);
}
