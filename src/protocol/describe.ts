/**
 * Chapter 6.4 — Frames for people (§5.2): bytes → lines that say what each of them means.
 *
 * For `npm run explain`, wire taps, and failing tests; never on the serving path. It reads a stream from its first
 * byte on, follows messages over their fragments, stops where a rule is broken and says which. It describes any
 * bytes and throws at none.
 *
 *   81               FIN, text          a whole message (§5.4)
 *   85               MASK, length 5     as clients send (§5.1)
 *   37 fa 21 3d      masking key        (§5.3)
 *   7f 9f 4d 51 58   payload "Hello"    unmasked: 48 65 6c 6c 6f
 *
 * What this file must not know: connections. Next: ../sse/lines.ts.
 */

import { EMPTY_BYTES } from "../bytes.ts";
import { CloseCode, readClosePayload } from "./close.ts";
import {
  FIN,
  firstByteViolation,
  headerSize,
  isControl,
  MASK,
  OPCODE_BITS,
  Opcode,
  RESERVED_BITS,
  type Role,
  readLength,
  readMaskingKey,
  secondByteViolation,
} from "./frame.ts";
import { mask } from "./mask.ts";
import { UTF8_ACCEPT, UTF8_REJECT, validateUtf8 } from "./utf8.ts";
import { type Rule, violations } from "./violation.ts";

export interface DescribeOptions {
  /** Who receives these bytes: with it, a mask bit that is wrong for that role is a broken rule (§5.1). */
  receiver?: Role;
  /** The reserved bits that extensions gave a meaning to: 0b100 = RSV1. By default all are taken as claimed. */
  reservedBits?: number;
  /** How many bytes of each payload to show. Default 64. */
  shownBytes?: number;
}

/** How the line begins that names a broken rule. */
export const BROKEN_RULE = "✗ ";

/** Annotates a stream of frames: a line or more for each part of a frame, and an empty one between two frames. */
export function describe(bytes: Uint8Array, options: DescribeOptions = {}): string[] {
  return new Describer(options).describe(bytes);
}

const ALL_RESERVED_BITS = 0b111;
const KEY_SIZE = 4;

/** Describes one direction of a connection, whole frames at a time: it remembers the message under way. */
export class Describer {
  #lines: string[] = [];
  #bytes: Uint8Array = EMPTY_BYTES;
  readonly #receiver: Role | undefined;
  readonly #claimedBits: number;
  readonly #shownBytes: number;
  /** The next byte to describe. */
  #at = 0;
  #closed = false;

  // The message under way (§5.4): the first byte of its first frame, and its text so far.
  #fragmented = false;
  #message = 0;
  #utf8: number = UTF8_ACCEPT;
  #decoder = textDecoder();

  constructor(options: DescribeOptions = {}) {
    checkOptions(options);
    const { receiver, reservedBits = ALL_RESERVED_BITS, shownBytes = 64 } = options;
    this.#receiver = receiver;
    this.#claimedBits = reservedBits << 4;
    this.#shownBytes = shownBytes;
  }

  describe(bytes: Uint8Array): string[] {
    if (!(bytes instanceof Uint8Array)) throw new TypeError("describe: the bytes must be a Uint8Array");
    this.#lines = [];
    this.#bytes = bytes;
    this.#at = 0;
    while (this.#describeFrame());
    return this.#lines;
  }

  /** Describes the next frame; false when there is none, or no sense in going on. */
  #describeFrame(): boolean {
    const bytes = this.#bytes;
    const start = this.#at;
    if (this.#rest === 0) return false;
    if (start > 0) this.#lines.push("");
    if (this.#closed) return this.#stop(`… ${count(this.#rest)} behind the Close frame: never read (§1.4)`);

    const first = bytes[start]!;
    const broken = firstByteViolation(first, this.#claimedBits, this.#fragmented);
    this.#row(1, sayFirstByte(first), broken === undefined ? this.#place(first) : "");
    if (broken !== undefined) return this.#broken(broken);
    if (this.#rest === 0) return this.#missing(1, "the header");

    const second = bytes[start + 1]!;
    const masked = (second & MASK) !== 0;
    const extended = headerSize(second) - 2 - (masked ? KEY_SIZE : 0);
    const size = extended === 0 ? `length ${second & ~MASK}` : `length in the next ${extended} bytes`;
    this.#row(1, masked ? `MASK, ${size}` : size, `as ${masked ? "clients" : "servers"} send (§5.1)`);
    const maskBit = this.#receiver === undefined ? second & MASK : this.#receiver === "server" ? MASK : 0;
    const alsoBroken = secondByteViolation(first, second, maskBit);
    if (alsoBroken !== undefined) return this.#broken(alsoBroken);

    if (!this.#arrived(extended, "length")) return false;
    const length = readLength(bytes, start);
    const told = typeof length === "number" ? `length ${length}` : "length";
    if (extended > 0) this.#row(extended, told, "(§5.2)");
    if (typeof length === "string") return this.#broken(length);

    if (!masked) return this.#describePayload(first, length, 0);
    if (!this.#arrived(KEY_SIZE, "masking key")) return false;
    const key = readMaskingKey(bytes, this.#at + KEY_SIZE);
    this.#row(KEY_SIZE, "masking key", "(§5.3)");
    return this.#describePayload(first, length, key);
  }

  #describePayload(first: number, length: number, key: number): boolean {
    const payload = this.#bytes.slice(this.#at, this.#at + length);
    mask(payload, 0, payload.length, key, 0);
    const whole = payload.length === length;
    const opcode = first & OPCODE_BITS;

    let rule: Rule | undefined;
    let sense: string;
    if (opcode === Opcode.Close) {
      [sense, rule] = whole ? sayClose(payload) : [count(payload.length), undefined];
      this.#closed = whole;
    } else if (isControl(first)) {
      sense = count(payload.length);
    } else {
      [sense, rule] = this.#followMessage(payload, whole && (first & FIN) !== 0);
      this.#fragmented = (first & FIN) === 0;
    }
    if (payload.length > 0) this.#payloadRows(`payload ${sense}`, payload, key);
    if (rule !== undefined) return this.#broken(rule);
    return whole || this.#missing(length - payload.length, "the payload");
  }

  /** What a slice of the message under way says, and the rule it breaks. A transformed one says nothing to us. */
  #followMessage(slice: Uint8Array, last: boolean): [sense: string, broken: Rule | undefined] {
    if ((this.#message & RESERVED_BITS) !== 0) return ["as an extension wrote it (§5.2)", undefined];
    if ((this.#message & OPCODE_BITS) !== Opcode.Text) return [count(slice.length), undefined];
    this.#utf8 = validateUtf8(this.#utf8, slice, 0, slice.length);
    const text = quote(this.#decoder.decode(slice, { stream: !last }));
    // §8.1, as far as it can be told: invalid is what no byte to come can make valid.
    if (this.#utf8 === UTF8_REJECT) return [text, "invalid-utf8"];
    if (this.#utf8 === UTF8_ACCEPT) return [text, undefined];
    return last ? [text, "invalid-utf8"] : [`${text} and half a character`, undefined];
  }

  /** Where a frame stands in its message; a first one begins it (§5.4). */
  #place(first: number): string {
    if (isControl(first)) return this.#fragmented ? "between two fragments (§5.4)" : "a control frame (§5.5)";
    const last = (first & FIN) !== 0;
    if ((first & OPCODE_BITS) === Opcode.Continuation)
      return last ? "the last fragment (§5.4)" : "a fragment (§5.4)";
    this.#message = first;
    this.#utf8 = UTF8_ACCEPT;
    this.#decoder = textDecoder();
    return last ? "a whole message (§5.4)" : "the first fragment (§5.4)";
  }

  // --- Lines -----------------------------------------------------------------------------------------------------

  get #rest(): number {
    return this.#bytes.length - this.#at;
  }

  /** Takes the next bytes, a few, and says what they mean. */
  #row(size: number, meaning: string, remark: string): void {
    const bytes = this.#bytes.subarray(this.#at, this.#at + size);
    this.#at += size;
    this.#lines.push(columns(hex(bytes), meaning, remark));
  }

  /** Takes a payload: as it is on the wire, and beside it what was masked. */
  #payloadRows(meaning: string, payload: Uint8Array, key: number): void {
    const wire = this.#bytes.subarray(this.#at, this.#at + payload.length);
    const shown = Math.min(payload.length, this.#shownBytes);
    this.#at += payload.length;
    if (shown === 0) this.#lines.push(columns("", meaning, ""));
    for (let from = 0; from < shown; from += BYTES_PER_ROW) {
      const to = Math.min(from + BYTES_PER_ROW, shown);
      const label = from === 0 ? "unmasked: " : "          ";
      const remark = key === 0 ? "" : label + hex(payload.subarray(from, to));
      this.#lines.push(columns(hex(wire.subarray(from, to)), from === 0 ? meaning : "", remark));
    }
    if (shown < payload.length) this.#lines.push(`… and ${count(payload.length - shown)} more`);
  }

  /** Whether a field of the header is all there; otherwise shows how much of it is. */
  #arrived(size: number, name: string): boolean {
    const here = this.#rest;
    if (here >= size) return true;
    if (here > 0) this.#row(here, `${name}, ${here} of ${size} bytes`, "");
    return this.#missing(size - here, `the ${name}`);
  }

  #missing(bytes: number, what: string): false {
    return this.#stop(`… ${count(bytes)} of ${what} yet to come`);
  }

  #broken(rule: Rule): false {
    const { sentence, section, code } = violations[rule];
    this.#lines.push(`${BROKEN_RULE}${rule}: ${sentence}`);
    return this.#stop(`  ${section}. The answer is a Close frame with ${code}; nothing behind it is read.`);
  }

  #stop(line: string): false {
    this.#lines.push(line);
    return false;
  }
}

// --- Words -------------------------------------------------------------------------------------------------------

const BYTES_PER_ROW = 8;
const HEX_WIDTH = BYTES_PER_ROW * 3 + 1;
const MEANING_WIDTH = 34;
const LONGEST_QUOTE = 24;

const OPCODE_NAMES: ReadonlyMap<number, string> = names(Opcode);
const CLOSE_CODE_NAMES: ReadonlyMap<number, string> = names(CloseCode);

/** DEL and the C1 controls, marks of direction, separators of lines, the byte order mark: JSON lets them through. */
const INVISIBLE: readonly (readonly [first: number, last: number])[] = [
  [0x7f, 0x9f],
  [0x200b, 0x200f],
  [0x2028, 0x202e],
  [0x2060, 0x206f],
  [0xfeff, 0xfeff],
];

/** The first byte from its top bit down. */
const FLAGS: readonly (readonly [bit: number, name: string])[] = [
  [FIN, "FIN"],
  [0x40, "RSV1"],
  [0x20, "RSV2"],
  [0x10, "RSV3"],
];

function sayFirstByte(first: number): string {
  const opcode = first & OPCODE_BITS;
  const flags = FLAGS.filter(([bit]) => (first & bit) !== 0).map(([, name]) => name);
  return [...flags, OPCODE_NAMES.get(opcode)?.toLowerCase() ?? `opcode ${opcode}`].join(", ");
}

function sayClose(payload: Uint8Array): [sense: string, broken: Rule | undefined] {
  const close = readClosePayload(payload);
  if (payload.length < 2) return [count(payload.length), typeof close === "string" ? close : undefined];
  const code = (payload[0]! << 8) | payload[1]!;
  const named = `${code} ${CLOSE_CODE_NAMES.get(code) ?? ""}`.trimEnd();
  if (typeof close === "string") return [named, close];
  return [close.reason === "" ? named : `${named}, ${quote(close.reason)}`, undefined];
}

function names(table: Readonly<Record<string, number>>): ReadonlyMap<number, string> {
  return new Map(Object.entries(table).map(([name, value]) => [value, name]));
}

function columns(bytes: string, meaning: string, remark: string): string {
  return `${bytes.padEnd(HEX_WIDTH)}${meaning.padEnd(MEANING_WIDTH)}  ${remark}`.trimEnd();
}

function count(bytes: number): string {
  return bytes === 1 ? "1 byte" : `${bytes} bytes`;
}

/** The text in quotation marks, or as much of it as fits its column. */
function quote(text: string): string {
  let quoted = "";
  for (const character of text) {
    const next = escaped(character);
    if (quoted.length + next.length > LONGEST_QUOTE) return `"${quoted}…"`;
    quoted += next;
  }
  return `"${quoted}"`;
}

/** As in JSON, and invisible characters too: a peer's text must not move the cursor of whoever reads about it. */
function escaped(character: string): string {
  const code = character.codePointAt(0)!;
  if (isInvisible(code)) return `\\u${code.toString(16).padStart(4, "0")}`;
  return JSON.stringify(character).slice(1, -1);
}

function isInvisible(code: number): boolean {
  return INVISIBLE.some(([first, last]) => code >= first && code <= last);
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
}

/** For eyes only, so it replaces what is invalid; U+FEFF is a character like others (§5.6). */
function textDecoder() {
  return new TextDecoder("utf-8", { ignoreBOM: true });
}

// --- What an application may ask for -----------------------------------------------------------------------------

function checkOptions({ receiver, reservedBits = 0, shownBytes = 0 }: DescribeOptions): void {
  if (receiver !== undefined && receiver !== "client" && receiver !== "server") {
    throw new TypeError('receiver: must be "client" or "server"');
  }
  if (!Number.isInteger(reservedBits) || reservedBits < 0 || reservedBits > ALL_RESERVED_BITS) {
    throw new RangeError(`reservedBits: must be an integer from 0 to 7; got ${String(reservedBits)}`);
  }
  if (!Number.isSafeInteger(shownBytes) || shownBytes < 0) {
    throw new RangeError(`shownBytes: must be a whole number of bytes, 0 or more; got ${String(shownBytes)}`);
  }
}
