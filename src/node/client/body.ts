/**
 * Chapter 10.3 — What a server says when it refuses: the beginning of a response's body (RFC 9112 §6, §7.1).
 *
 * An answer other than 101 often says why, in words. They are for people, so they are read up to a limit and no
 * farther, and the connection is closed behind them: there are no trailers here, and no next response. The body ends
 *
 *     where there can be none    at once                 1xx, 204, 304
 *     Transfer-Encoding          behind the last chunk   5;extension CR LF hello CR LF 0 CR LF
 *     Content-Length             after so many bytes
 *     neither                    with the connection
 *
 * What this file must not know: heads, connections, what the words mean.
 * Next: redirect.ts.
 */

import { ByteBuffer } from "../../bytes.ts";
import { type Fields, isSpace, isText } from "../../protocol/fields.ts";

const CR = 0x0d;
const LF = 0x0a;

/** The longest line in front of a chunk. Decision: RFC 9112 §7.1.1 asks for a limit; we know no extension at all. */
const MAX_CHUNK_LINE = 256;

/** In place of a length. */
const WITH_THE_CONNECTION: number = Number.POSITIVE_INFINITY;

/** What comes next: content; a line with a chunk's size; the line end behind a chunk. */
type Part = "content" | "size" | "size LF" | "chunk CR" | "chunk LF" | "nothing";

/**
 * Takes the body in whatever pieces it comes, and keeps copies: no piece is kept alive. Whatever is malformed ends
 * the reading, and what was read so far stands. Content is kept as it came: no coding of it is undone.
 */
export class BodyReader {
  readonly #limit: number;
  readonly #content: ByteBuffer = new ByteBuffer();
  #part: Part;
  /** Bytes until the end of the chunk, or of the body. */
  #left: number;
  readonly #chunked: boolean;
  /** The line of a chunk's size, as far as it has arrived. */
  #line = "";
  /** Nothing is missing at the end. */
  #whole = false;

  /** `limit`: the most bytes of content that are kept. */
  constructor(status: number, fields: Fields, limit: number) {
    const length = bodyLength(status, fields);
    this.#limit = limit;
    this.#chunked = length === "chunked";
    this.#left = length === "chunked" ? 0 : length;
    this.#part = length === "chunked" ? "size" : "content";
    if (length === 0 || limit === 0) this.#part = "nothing";
  }

  /** True when nothing more will be taken: the body is complete, or the limit reached, or what comes is malformed. */
  push(piece: Uint8Array): boolean {
    for (let at = 0; at < piece.length && this.#part !== "nothing"; ) {
      if (this.#part === "content") at += this.#takeContent(piece, at);
      else this.#part = this.#readFraming(piece[at++]!);
    }
    return this.#part === "nothing";
  }

  /** The connection has ended: for some bodies that is their end. */
  end(): void {
    if (this.#part === "content" && this.#left === WITH_THE_CONNECTION) this.#whole = true;
    this.#part = "nothing";
  }

  /** What was read, as a view: valid until the next `push`. */
  get bytes(): Uint8Array {
    return this.#content.view();
  }

  /** Decision: UTF-8, whatever Content-Type says. A character that the limit has cut through is left off. */
  text(): string {
    return new TextDecoder().decode(this.bytes, { stream: !this.#whole });
  }

  /** Returns how many bytes it took. */
  #takeContent(piece: Uint8Array, at: number): number {
    const count = Math.min(piece.length - at, this.#left, this.#limit - this.#content.length);
    this.#content.append(piece, at, at + count);
    this.#left -= count;
    if (this.#left === 0) this.#part = this.#chunked ? "chunk CR" : this.#complete();
    if (this.#content.length === this.#limit) this.#part = "nothing";
    return count;
  }

  /** Everything between the chunks. Returns what comes behind this byte. */
  #readFraming(byte: number): Part {
    switch (this.#part) {
      case "size":
        if (byte === CR) return "size LF";
        if (!isText(byte) || this.#line.length === MAX_CHUNK_LINE) return "nothing";
        this.#line += String.fromCharCode(byte);
        return "size";
      case "size LF": {
        const size = readChunkSize(this.#line, this.#limit);
        if (byte !== LF || size === undefined) return "nothing";
        this.#left = size;
        this.#line = "";
        return size === 0 ? this.#complete() : "content";
      }
      case "chunk CR":
        return byte === CR ? "chunk LF" : "nothing";
      default:
        return byte === LF ? "size" : "nothing";
    }
  }

  #complete(): Part {
    this.#whole = true;
    return "nothing";
  }
}

// --- Where it ends ----------------------------------------------------------------------------------------------

/**
 * RFC 9112 §6.3.
 * Decision: where two recipients could disagree, nothing is read: a length said twice, or with a Transfer-Encoding; and
 * any coding but chunked, since we have asked for none.
 */
function bodyLength(status: number, fields: Fields): number | "chunked" {
  if (status < 200 || status === 204 || status === 304) return 0;
  const coding = fields.get("Transfer-Encoding");
  const lengths = fields.all("Content-Length");
  if (coding !== undefined) return lengths.length === 0 && coding.toLowerCase() === "chunked" ? "chunked" : 0;
  const [length, ...others] = lengths;
  if (length === undefined) return WITH_THE_CONNECTION;
  return others.length === 0 ? (readDigits(length) ?? 0) : 0;
}

/** RFC 9110 §8.6: digits only. However many they are, the limit is below what they say. */
function readDigits(text: string): number | undefined {
  for (const character of text) {
    if (character < "0" || character > "9") return undefined;
  }
  return Number(text);
}

/**
 * RFC 9112 §7.1: hexadecimal digits, then nothing, or extensions, which a recipient ignores if it does not know them.
 * A size beyond `most` counts as `most`: the limit is reached within the chunk, and no sum can overflow.
 */
function readChunkSize(line: string, most: number): number | undefined {
  let size = 0;
  let at = 0;
  for (; at < line.length; at++) {
    const digit = hexadecimal(line.charCodeAt(at));
    if (digit === undefined) break;
    size = Math.min(size * 16 + digit, most);
  }
  if (at === 0) return undefined;
  if (at === line.length) return size;
  // White space that should not be there may stand in front of the semicolon, and nowhere else.
  while (isSpace(line.charCodeAt(at))) at++;
  return line[at] === ";" ? size : undefined;
}

function hexadecimal(code: number): number | undefined {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x61 + 10 : undefined;
}
