/** What all checks share: a count, a list of failures, and one digest over everything that was computed. */

import { sha1 } from "../../dist/protocol/sha1.js";

const encoder = new TextEncoder();

export class Suite {
  checks = 0;
  failures = [];
  #digest = new Uint8Array(0);

  /** Compares what `compute` returns with what it should; what it throws is a failure of its own. */
  check(title, compute, expected) {
    let actual;
    try {
      actual = compute();
    } catch (error) {
      actual = { thrown: String(error) };
    }
    this.checks++;
    const found = canonical(actual);
    const wanted = canonical(expected);
    if (found !== wanted) {
      const from = firstDifference(found, wanted);
      this.failures.push(`${title}\n  expected ${excerpt(wanted, from)}\n  found    ${excerpt(found, from)}`);
    }
    this.note(encoder.encode(`${title}\n${found}`));
  }

  /** Takes bytes into the digest. It is a chain: each digest goes into the next, so order counts too. */
  note(bytes) {
    this.#digest = sha1(concat(this.#digest, bytes));
  }

  get digest() {
    return hexOf(this.#digest);
  }
}

/** The same text for the same value in every runtime; bytes are written in hex. */
function canonical(value) {
  return (
    JSON.stringify(value, (_, one) => (one instanceof Uint8Array ? `bytes ${hexOf(one)}` : one)) ??
    "undefined"
  );
}

function firstDifference(left, right) {
  let at = 0;
  while (at < left.length && left[at] === right[at]) at++;
  return at;
}

/** A line's worth of a text, with what is to be looked at in its middle. */
function excerpt(text, at) {
  const from = text.length <= 100 ? 0 : Math.max(0, at - 50);
  return `${from > 0 ? "…" : ""}${text.slice(from, from + 100)}${from + 100 < text.length ? "…" : ""}`;
}

export function hexOf(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function hex(text) {
  return Uint8Array.from(text.replaceAll(" ", "").match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

export function bytesOf(text) {
  return encoder.encode(text);
}

export function concat(...parts) {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** The same bytes whole, in each two pieces, and byte by byte. */
export function* everyCut(bytes) {
  yield [bytes];
  for (let cut = 1; cut < bytes.length; cut++) yield [bytes.subarray(0, cut), bytes.subarray(cut)];
  yield Array.from(bytes, (byte) => Uint8Array.of(byte));
}

/** What `read` makes of the bytes, if that is the same at every cut; otherwise all that it makes of them. */
export function atEveryCut(bytes, read) {
  const results = new Map();
  for (const chunks of everyCut(bytes)) {
    const result = read(chunks.map((chunk) => chunk.slice()));
    results.set(canonical(result), result);
  }
  return results.size === 1 ? results.values().next().value : [...results.values()];
}

/** A fixed sequence of bytes that looks random (xorshift32). */
export function pseudoRandom(size, seed = 1) {
  const bytes = new Uint8Array(size);
  let state = seed;
  for (let at = 0; at < size; at++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[at] = state;
  }
  return bytes;
}

/** Bytes that repeat themselves here and there, as messages do. */
export function pseudoText(size, seed = 1) {
  const words = ["frame", "wright ", "message ", "the ", "0123456789", "\n", "é", "{}"];
  const choices = pseudoRandom(size, seed);
  let text = "";
  for (const choice of choices) {
    if (text.length >= size) break;
    text += words[choice % words.length];
  }
  return bytesOf(text).subarray(0, size);
}

/** A client's masking keys, the same in every run: 37fa213d, the key of the RFC's example (§5.7). */
export function exampleKeys(bytes) {
  for (let at = 0; at < bytes.length; at++) bytes[at] = [0x37, 0xfa, 0x21, 0x3d][at % 4];
}

/** A frame, built without the code under test. */
export function frame(first, payload, key) {
  const { length } = payload;
  const maskBit = key === undefined ? 0 : 0x80;
  const size =
    length < 126
      ? [length]
      : length < 65536
        ? [126, length >> 8, length & 0xff]
        : [127, 0, 0, 0, 0, 0, (length >> 16) & 0xff, (length >> 8) & 0xff, length & 0xff];
  const header = [first, maskBit | size[0], ...size.slice(1), ...(key ?? [])];
  return concat(
    Uint8Array.from(header),
    key === undefined ? payload : payload.map((byte, at) => byte ^ key[at % 4]),
  );
}

export const KEY = [0x37, 0xfa, 0x21, 0x3d];
