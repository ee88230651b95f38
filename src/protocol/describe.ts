/**
 * Chapter 14 — Frames for people (§5.2): bytes → lines that say what each of them means.
 *
 * For `npm run explain`, wire taps, and failing tests; never on the serving path. It reads a stream from its first
 * byte, follows fragmentation, stops where a rule is broken and says which. It understands any bytes, and throws at
 * none.
 *
 *   81           FIN, text                       the first and last frame of its message (§5.2)
 *   85           MASK, length 5                  from a client (§5.1)
 *   37 fa 21 3d  masking key                     (§5.3)
 *   7f 9f 4d 51  payload "Hello"                 unmasked: 48 65 6c 6c 6f (§5.6)
 *   58
 *
 * What this file must not know: connections. Next: ../index.ts.
 */

import { CloseCode, readClosePayload } from "./close.ts";
import {
  FIN,
  firstByteViolation,
  headerSize,
  isControl,
  MASK,
  Opcode,
  RESERVED_BITS,
  type Role,
  readLength,
  readMaskingKey,
  secondByteViolation,
} from "./frame.ts";
import { mask } from "./mask.ts";
import { decodeUtf8 } from "./utf8.ts";
import { type Rule, violations } from "./violation.ts";

export interface DescribeOptions {
  /** Who receives these bytes: with it, a mask bit that is wrong for that role is pointed out (§5.1). */
  receiver?: Role;
  /** The reserved bits that extensions gave a meaning to; 0b100 = RSV1. By default all are taken as claimed. */
  reservedBits?: number;
  /** How many bytes of each payload to show. Default 64. */
  shownBytes?: number;
}

const BYTES_PER_LINE = 8;
const HEX_WIDTH = BYTES_PER_LINE * 3 + 1;

/** Annotates a stream of frames: one line, or several, for each part of each frame. */
export function describe(bytes: Uint8Array, options: DescribeOptions = {}): string[] {
  if (!(bytes instanceof Uint8Array)) throw new TypeError("describe: the bytes must be a Uint8Array");
  const description = new Description(bytes, options);
  while (description.describeFrame());
  return description.lines;
}

class Description {
  readonly lines: string[] = [];
  readonly #bytes: Uint8Array;
  readonly #receiver: Role | undefined;
  readonly #claimedBits: number;
  readonly #shownBytes: number;
  #at = 0;
  #fragmented = false;
  /** Opcode and reserved bits of the message under way. */
  #message = 0;

  constructor(bytes: Uint8Array, { receiver, reservedBits = 0b111, shownBytes = 64 }: DescribeOptions) {
    this.#bytes = bytes;
    this.#receiver = receiver;
    this.#claimedBits = reservedBits << 4;
    this.#shownBytes = shownBytes;
  }

  /** Describes the next frame; false when there is none, or no sense in going on. */
  describeFrame(): boolean {
    const bytes = this.#bytes;
    const start = this.#at;
    if (start === bytes.length) return false;
    const first = bytes[start]!;
    this.#line(1, firstByte(first), this.#place(first));
    const broken = firstByteViolation(first, this.#claimedBits, this.#fragmented);
    if (broken !== undefined) return this.#break(broken);
    if (start + 1 === bytes.length) return this.#missing("the second byte of the header");

    const second = bytes[start + 1]!;
    const masked = (second & MASK) !== 0;
    const size = headerSize(second);
    const lengthBytes = size - 1 - (masked ? 4 : 0);
    if (this.#rest < lengthBytes) return this.#missing("the rest of the length");
    const length = readLength(bytes, start);
    const told = typeof length === "string" ? "a length that is refused" : `length ${length}`;
    this.#line(
      lengthBytes,
      `${masked ? "MASK, " : ""}${told}`,
      `from a ${masked ? "client" : "server"} (§5.1)`,
    );
    const maskBit = this.#receiver === undefined ? second & MASK : this.#receiver === "server" ? MASK : 0;
    const alsoBroken = secondByteViolation(first, second, maskBit);
    if (alsoBroken !== undefined) return this.#break(alsoBroken);
    if (typeof length === "string") return this.#break(length);

    let key = 0;
    if (masked) {
      if (this.#rest < 4) return this.#missing("the masking key");
      key = readMaskingKey(bytes, start + size);
      this.#line(4, "masking key", "(§5.3)");
    }
    return this.#describePayload(first, length, key);
  }

  #describePayload(first: number, length: number, key: number): boolean {
    const here = Math.min(length, this.#rest);
    const payload = this.#bytes.slice(this.#at, this.#at + here);
    mask(payload, 0, here, key, 0);
    const control = isControl(first);
    const meaning = control ? first & 0x0f : this.#message & 0x0f;
    const transformed = !control && (this.#message & RESERVED_BITS) !== 0;
    if (length > 0 && here > 0) {
      const unmasked = key === 0 ? "" : `unmasked: ${hex(payload.subarray(0, this.#shownBytes))} `;
      const whole = here === length;
      const sense = transformed
        ? "transformed by an extension"
        : sayPayload(meaning, payload, whole && (control || (first & FIN) !== 0));
      this.#line(here, `payload ${sense}`, unmasked.trimEnd());
    }
    if (here < length) return this.#missing(`${length - here} of ${length} bytes of payload`);
    if (!control) this.#fragmented = (first & FIN) === 0;
    if (meaning === Opcode.Close) {
      const close = readClosePayload(payload);
      if (typeof close === "string") return this.#break(close);
    }
    return true;
  }

  /** Where a frame stands in its message (§5.4). */
  #place(first: number): string {
    if (isControl(first)) return this.#fragmented ? "between two fragments (§5.4, §5.5)" : "(§5.5)";
    if ((first & 0x0f) !== Opcode.Continuation) this.#message = first;
    const last = (first & FIN) !== 0;
    if ((first & 0x0f) === Opcode.Continuation)
      return last ? "the last fragment (§5.4)" : "one more fragment (§5.4)";
    return last ? "a whole message (§5.6)" : "the first fragment (§5.4)";
  }

  get #rest(): number {
    return this.#bytes.length - this.#at;
  }

  /** Writes `count` bytes in hex, in as many lines as they need, with what they mean beside the first. */
  #line(count: number, meaning: string, remark: string): void {
    const end = this.#at + count;
    const shownEnd = Math.min(end, this.#at + Math.max(this.#shownBytes, BYTES_PER_LINE));
    let beside = `${meaning.padEnd(36)}  ${remark}`.trimEnd();
    while (this.#at < shownEnd) {
      const next = Math.min(this.#at + BYTES_PER_LINE, shownEnd);
      this.lines.push(`${hex(this.#bytes.subarray(this.#at, next)).padEnd(HEX_WIDTH)}${beside}`.trimEnd());
      this.#at = next;
      beside = "";
    }
    if (shownEnd < end) this.lines.push(`… and ${end - shownEnd} more bytes`);
    this.#at = end;
  }

  #break(rule: Rule): false {
    const { sentence, section, code } = violations[rule];
    this.lines.push(
      `✗ ${rule}: ${sentence} (${section}) The answer is Close ${code}; nothing behind it is read.`,
    );
    return false;
  }

  #missing(what: string): false {
    this.lines.push(`… ${what} has not arrived`);
    return false;
  }
}

const OPCODE_NAMES: readonly (string | undefined)[] = Object.entries(Opcode).reduce<(string | undefined)[]>(
  (names, [name, opcode]) => {
    names[opcode] = name.toLowerCase();
    return names;
  },
  [],
);

const CLOSE_CODE_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(CloseCode).map(([name, code]) => [code, name]),
);

function firstByte(first: number): string {
  const opcode = first & 0x0f;
  const parts: string[] = [];
  if ((first & FIN) !== 0) parts.push("FIN");
  for (const [bit, name] of [
    [0x40, "RSV1"],
    [0x20, "RSV2"],
    [0x10, "RSV3"],
  ] as const) {
    if ((first & bit) !== 0) parts.push(name);
  }
  parts.push(OPCODE_NAMES[opcode] ?? `opcode ${opcode}`);
  return parts.join(", ");
}

function sayPayload(opcode: number, payload: Uint8Array, whole: boolean): string {
  if (opcode === Opcode.Close) {
    const close = readClosePayload(payload);
    if (!whole || typeof close === "string") return "";
    const name = CLOSE_CODE_NAMES.get(close.code);
    return `code ${close.code}${name === undefined ? "" : ` ${name}`}${close.reason === "" ? "" : `, ${quote(close.reason)}`}`;
  }
  if (opcode !== Opcode.Text) return `of ${payload.length} bytes`;
  const text = decodeUtf8(payload);
  if (text !== undefined) return quote(text);
  return whole && opcode === Opcode.Text
    ? "of text that is not UTF-8 by itself"
    : "of text, cut inside a character";
}

function quote(text: string): string {
  const characters = [...text];
  return JSON.stringify(characters.length > 40 ? `${characters.slice(0, 40).join("")}…` : text);
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
}
