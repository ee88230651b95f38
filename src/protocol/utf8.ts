/**
 * Chapter 3.3 — Text (§5.6, §8.1; RFC 3629): UTF-8 validated piece by piece, decoded whole, encoded in place.
 *
 * §8.1 makes invalid UTF-8 the end of the connection, and law 5 asks for that end at the first byte that no valid
 * text has there: in the middle of a frame, and over the cuts between frames. The platform's decoder cannot look at a
 * piece without making a string of it, and keeps an object per connection where one small integer is enough.
 *
 * What this file must not know: frames, messages, which rule an invalid byte violates.
 * Next: close.ts.
 */

import { LITTLE_ENDIAN, WORDS_PAY_FROM, type Words, wordsOf } from "./mask.ts";

// --- Validation ------------------------------------------------------------------------------------------------

/** Between two characters: the state to begin in, and the one that a text must end in. */
export const UTF8_ACCEPT = 0;
/** Some byte was impossible. Nothing leads out of this state. */
export const UTF8_REJECT = 8;

/** Inside a character: how many continuation bytes are missing, and for the first of them its range if it is special. */
const ONE_MORE = 1;
const TWO_MORE = 2;
const THREE_MORE = 3;
const AFTER_E0 = 4;
const AFTER_ED = 5;
const AFTER_F0 = 6;
const AFTER_F4 = 7;

/** RFC 3629 §4 as an automaton: in a state, a byte in a range leads to a state. Every other byte is impossible. */
const GRAMMAR: readonly (readonly [state: number, first: number, last: number, next: number])[] = [
  [UTF8_ACCEPT, 0x00, 0x7f, UTF8_ACCEPT],
  [UTF8_ACCEPT, 0xc2, 0xdf, ONE_MORE], // C0 and C1 could only begin what fits in one byte
  [UTF8_ACCEPT, 0xe0, 0xe0, AFTER_E0],
  [UTF8_ACCEPT, 0xe1, 0xec, TWO_MORE],
  [UTF8_ACCEPT, 0xed, 0xed, AFTER_ED],
  [UTF8_ACCEPT, 0xee, 0xef, TWO_MORE],
  [UTF8_ACCEPT, 0xf0, 0xf0, AFTER_F0],
  [UTF8_ACCEPT, 0xf1, 0xf3, THREE_MORE],
  [UTF8_ACCEPT, 0xf4, 0xf4, AFTER_F4],
  [AFTER_E0, 0xa0, 0xbf, ONE_MORE], // below: fits in two bytes
  [AFTER_ED, 0x80, 0x9f, ONE_MORE], // above: surrogates, U+D800 to U+DFFF
  [AFTER_F0, 0x90, 0xbf, TWO_MORE], // below: fits in three bytes
  [AFTER_F4, 0x80, 0x8f, TWO_MORE], // above: beyond U+10FFFF
  [ONE_MORE, 0x80, 0xbf, UTF8_ACCEPT],
  [TWO_MORE, 0x80, 0xbf, ONE_MORE],
  [THREE_MORE, 0x80, 0xbf, TWO_MORE],
];

const TRANSITIONS: Uint8Array = transitions();

function transitions(): Uint8Array {
  const table = new Uint8Array((UTF8_REJECT + 1) << 8).fill(UTF8_REJECT);
  for (const [state, first, last, next] of GRAMMAR) {
    const row = state << 8;
    table.fill(next, row | first, (row | last) + 1);
  }
  return table;
}

/**
 * Runs `bytes[start, end)` through the validator and returns the state behind it: `UTF8_REJECT` from the first byte
 * on that no continuation can make valid, `UTF8_ACCEPT` if no character is torn at the end.
 *
 * The table alone would do. But each of its steps waits for the one before, so characters that lie whole in the
 * slice, as nearly all do, are told by direct comparison, and the table sees to the torn and the impossible ones.
 * In ns, Node 20.20: the platform's decoder, streaming / the table alone / this:
 *
 *                 1 B         128 B            1 KiB                 64 KiB
 *     ASCII     45/4/4    120/175/70    640/1500/150     34 400/96 000/5 000
 *     German             163/175/105    820/1500/800    46 000/96 000/50 000
 *     Greek              225/175/120   1300/1500/950    77 000/96 000/60 000
 *     CJK                215/175/105   1200/1500/800    71 000/96 000/50 000
 */
export function validateUtf8(state: number, bytes: Uint8Array, start: number, end: number): number {
  let now = state;
  let i = start;
  // The rest of a character that an earlier slice began.
  while (now !== UTF8_ACCEPT && i < end) now = TRANSITIONS[(now << 8) | bytes[i++]!]!;
  while (i < end) {
    const lead = bytes[i]!;
    if (lead < 0x80) {
      i = asciiRun(bytes, i + 1, end);
    } else if (lead < 0xe0) {
      if (!isWholePair(bytes, i, end)) break;
      i += 2;
    } else if (lead < 0xf0) {
      if (!isWholeTriple(bytes, i, end)) break;
      i += 3;
    } else {
      if (!isWholeQuadruple(bytes, i, end)) break;
      i += 4;
    }
  }
  // What begins here is cut off by the end, or impossible.
  for (; i < end && now !== UTF8_REJECT; i++) now = TRANSITIONS[(now << 8) | bytes[i]!]!;
  return now;
}

function isWholePair(bytes: Uint8Array, i: number, end: number): boolean {
  return i + 1 < end && bytes[i]! >= 0xc2 && continues(bytes[i + 1]!);
}

function isWholeTriple(bytes: Uint8Array, i: number, end: number): boolean {
  if (i + 2 >= end) return false;
  const lead = bytes[i]!;
  const second = bytes[i + 1]!;
  if ((lead === 0xe0 && second < 0xa0) || (lead === 0xed && second > 0x9f)) return false;
  return continues(second) && continues(bytes[i + 2]!);
}

function isWholeQuadruple(bytes: Uint8Array, i: number, end: number): boolean {
  if (i + 3 >= end) return false;
  const lead = bytes[i]!;
  const second = bytes[i + 1]!;
  if (lead > 0xf4 || (lead === 0xf0 && second < 0x90) || (lead === 0xf4 && second > 0x8f)) return false;
  return continues(second) && continues(bytes[i + 2]!) && continues(bytes[i + 3]!);
}

function continues(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}

/** The bits of a word that no ASCII byte has. */
const NOT_ASCII = 0x80808080;

/** Behind so many ASCII bytes in a row, words are worth a view of them: 150 ns for 1 KiB instead of 550. */
const LONG_RUN = 64;

/** Skips ASCII bytes from `start` on: all of them, or as many as one look finds. */
function asciiRun(bytes: Uint8Array, start: number, end: number): number {
  const near = Math.min(end, start + LONG_RUN);
  let i = start;
  while (i < near && bytes[i]! < 0x80) i++;
  const goesOn = i === start + LONG_RUN && end - i >= 2 * LONG_RUN;
  return goesOn ? asciiWords(bytes, i, end) : i;
}

/** Skips words of ASCII from `start` on. The bytes right before it are ASCII, so the first word may begin in them. */
function asciiWords(bytes: Uint8Array, start: number, end: number): number {
  const { words, origin } = wordsOf(bytes);
  const last = (end - origin) >> 2;
  let i = (start - origin) >> 2;
  while (i < last - 3) {
    if (((words[i]! | words[i + 1]! | words[i + 2]! | words[i + 3]!) & NOT_ASCII) !== 0) break;
    i += 4;
  }
  return Math.max(start, origin + i * 4);
}

// --- Decoding and encoding ---------------------------------------------------------------------------------------

/** §5.6: a text is the characters that were sent. U+FEFF is one of them, also in front, and is not stripped. */
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/** What some platforms do for text where the bytes stand: but for `isAscii`, without a view of them. */
export interface TextCoder {
  isAscii(bytes: Uint8Array): boolean;
  /** One character for each byte. */
  latin1(bytes: Uint8Array, start: number, end: number): string;
  /** UTF-16 code units, in the order of this machine: `count` bytes of them. */
  utf16(bytes: Uint8Array, count: number): string;
  /** Writes UTF-8 to `target`, where there is room for it, from index `at` on, and returns the number of bytes. */
  write(text: string, target: Uint8Array, at: number): number;
}

let coder: TextCoder | undefined;

/** For who knows of one: this file knows only what is the same everywhere. */
export function useTextCoder(given?: TextCoder): void {
  coder = given;
}

/** What the platform has, if somebody knew. */
export function platformCoder(): TextCoder | undefined {
  return coder;
}

/** Up to here, ASCII is decoded faster by hand: 26 ns instead of 48 for 5 bytes, 33 instead of 47 for 8. */
const SHORT_TO_DECODE = 8;

/** From here on, text that is not ASCII is decoded faster by hand. */
const LONG_TO_DECODE = 48;

/** The text in `bytes[start, end)`, or `undefined` if it is not valid UTF-8. `words`, when given, are `wordsOf(bytes)`. */
export function decodeUtf8(
  bytes: Uint8Array,
  start = 0,
  end: number = bytes.length,
  words?: Words,
): string | undefined {
  const isLong = end - start >= LONG_TO_DECODE;
  if (end - start <= SHORT_TO_DECODE) {
    const text = decodeShortAscii(bytes, start, end);
    if (text !== undefined) return text;
  } else if (coder !== undefined) {
    if (isAscii(coder, bytes, start, end, words)) return coder.latin1(bytes, start, end);
    if (isLong) return decodeCharacters(bytes, start, end);
  } else if (isLong && hasOtherThanAscii(bytes, start, end)) {
    return decodeCharacters(bytes, start, end);
  }
  try {
    return decoder.decode(bytes.subarray(start, end));
  } catch {
    return undefined;
  }
}

/** Looks at five places: that is enough for a text in Greek or Japanese. Of an English one it may be overlooked. */
function hasOtherThanAscii(bytes: Uint8Array, start: number, end: number): boolean {
  const step = (end - start) >> 2;
  for (let i = start; i < end; i += step) if (bytes[i]! > 0x7f) return true;
  return false;
}

/** Up to so many bytes, words are looked at faster by hand than by the platform, which has to be given a view. */
const WORDS_PAY_UP_TO = 512;

/**
 * What is ASCII for certain needs no decoder: a message of 16 bytes is received in 129 ns instead of 203, of 128 in 160 instead
 * of 248, of 4 KiB in 1.1 µs instead of 1.6 (`npm run bench -- --scenario micro-receive-ascii`, Node 20.20).
 */
function isAscii(
  platform: TextCoder,
  bytes: Uint8Array,
  start: number,
  end: number,
  words: Words | undefined,
): boolean {
  const count = end - start;
  if (count < WORDS_PAY_FROM) return areAsciiBytes(bytes, start, end);
  if (words === undefined || count > WORDS_PAY_UP_TO) return platform.isAscii(bytes.subarray(start, end));
  const { origin } = words;
  const first = Math.max(0, (start - origin + 3) >> 2);
  const last = (end - origin) >> 2;
  return (
    areAsciiBytes(bytes, start, origin + 4 * first) &&
    areAsciiWords(words.words, first, last) &&
    areAsciiBytes(bytes, origin + 4 * last, end)
  );
}

function areAsciiBytes(bytes: Uint8Array, start: number, end: number): boolean {
  let seen = 0;
  for (let i = start; i < end; i++) seen |= bytes[i]!;
  return seen <= 0x7f;
}

function areAsciiWords(words: Int32Array, first: number, last: number): boolean {
  let seen = 0;
  let i = first;
  for (; i < last - 3; i += 4) seen |= words[i]! | words[i + 1]! | words[i + 2]! | words[i + 3]!;
  for (; i < last; i++) seen |= words[i]!;
  return (seen & NOT_ASCII) === 0;
}

/** The UTF-16 code units of the text at hand, or of a part of it; and the same memory for the platform. */
const units: Uint16Array = new Uint16Array(4096);
const unitBytes: Uint8Array = new Uint8Array(units.buffer);
const unitDecoder = new TextDecoder(LITTLE_ENDIAN ? "utf-16le" : "utf-16be", { ignoreBOM: true });

/**
 * Character by character, and from code units to a string: where a text is not ASCII, V8's own decoder takes longer (128 bytes
 * of Greek in 460 ns, where this took 310: `npm run bench -- --scenario micro-receive-multibyte`, Node 20.20). What is read beyond `end`, or even beyond
 * the array, is refused in the end: it belongs to a character that is cut off.
 */
function decodeCharacters(bytes: Uint8Array, start: number, end: number): string | undefined {
  let text = "";
  for (let i = start; i < end; ) {
    let count = 0;
    // No byte becomes more than one unit, and the last character may be one of two.
    const near = Math.min(end, i + units.length - 1);
    while (i < near) {
      const lead = bytes[i]!;
      if (lead < 0x80) {
        units[count++] = lead;
        i++;
        continue;
      }
      const second = bytes[i + 1]! ^ 0x80; // the six bits of a continuation byte, or more than they can be
      if (lead < 0xc2 || second > 0x3f) return undefined;
      if (lead < 0xe0) {
        units[count++] = ((lead & 0x1f) << 6) | second;
        i += 2;
        continue;
      }
      const third = bytes[i + 2]! ^ 0x80;
      if (third > 0x3f) return undefined;
      if (lead < 0xf0) {
        const unit = ((lead & 0x0f) << 12) | (second << 6) | third;
        if (unit < 0x800 || isSurrogate(unit)) return undefined;
        units[count++] = unit;
        i += 3;
        continue;
      }
      const fourth = bytes[i + 3]! ^ 0x80;
      const point = ((lead & 0x0f) << 18) | (second << 12) | (third << 6) | fourth;
      if (fourth > 0x3f || point < 0x10000 || point > 0x10ffff) return undefined;
      units[count++] = 0xd7c0 + (point >> 10);
      units[count++] = 0xdc00 | (point & 0x3ff);
      i += 4;
    }
    if (i > end) return undefined;
    text += textOf(count);
  }
  return text;
}

function isSurrogate(unit: number): boolean {
  return (unit & 0xf800) === 0xd800;
}

/** The text of the first so many units. */
function textOf(count: number): string {
  return coder?.utf16(unitBytes, 2 * count) ?? unitDecoder.decode(unitBytes.subarray(0, 2 * count));
}

function decodeShortAscii(bytes: Uint8Array, start: number, end: number): string | undefined {
  let text = "";
  let i = start;
  for (; i + 4 <= end; i += 4) {
    const [a, b, c, d] = [bytes[i]!, bytes[i + 1]!, bytes[i + 2]!, bytes[i + 3]!];
    if ((a | b | c | d) > 0x7f) return undefined;
    text += String.fromCharCode(a, b, c, d);
  }
  for (; i < end; i++) {
    const byte = bytes[i]!;
    if (byte > 0x7f) return undefined;
    text += String.fromCharCode(byte);
  }
  return text;
}

/** A JavaScript string of n units has at most 3n bytes of UTF-8. */
export const MAX_UTF8_PER_UNIT = 3;

/** Up to here, ASCII is encoded faster by hand: 15 ns instead of 48 for 5 characters, 38 instead of 53 for 24. */
const SHORT_TO_ENCODE = 24;

/**
 * Writes `text` as UTF-8 to `target` from index `at` on and returns the number of bytes; the caller has made room
 * for three per UTF-16 code unit. A lone surrogate, which UTF-8 cannot express, is written as U+FFFD.
 */
export function encodeUtf8Into(text: string, target: Uint8Array, at: number): number {
  const { length } = text;
  if (length > SHORT_TO_ENCODE) return write(text, target, at);
  for (let i = 0; i < length; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 0x7f) return i + write(text.slice(i), target, at + i);
    target[at + i] = unit;
  }
  return length;
}

/** By a platform that needs no view, where there is one (`npm run bench -- --scenario micro-echo-ascii`). */
function write(text: string, target: Uint8Array, at: number): number {
  return coder?.write(text, target, at) ?? encoder.encodeInto(text, target.subarray(at)).written;
}
