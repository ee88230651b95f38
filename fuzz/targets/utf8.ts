/**
 * Target: UTF-8 (RFC 6455 §8.1, RFC 3629), judged against the platform's decoder.
 *
 * Settings: where in memory the text begins, how to chop.
 */

import {
  decodeUtf8,
  encodeUtf8Into,
  UTF8_ACCEPT,
  UTF8_REJECT,
  validateUtf8,
} from "../../src/protocol/utf8.ts";
import { check, checkSame, checkSameBytes } from "../check.ts";
import type { Target } from "../executor.ts";
import { cut, Input } from "../input.ts";

function run(data: Uint8Array): number {
  const input = new Input(data);
  const offset = input.byte() % 8;
  const pattern = input.byte();
  const text = input.rest();

  // Words are looked at where they are aligned, so where the text begins must not matter.
  const memory = new Uint8Array(offset + text.length + 3).fill(0xff);
  memory.set(text, offset);
  const state = validateUtf8(UTF8_ACCEPT, memory, offset, offset + text.length);
  const decoded = platformDecode(text);
  checkSame(
    state === UTF8_ACCEPT,
    decoded !== undefined,
    "validateUtf8: it disagrees with the platform's decoder",
  );
  checkSame(decodeUtf8(text), decoded, "decodeUtf8: it disagrees with the platform's decoder");

  checkChunks(cut(text, pattern), state);
  for (let at = 1; at < Math.min(text.length, 64); at++)
    checkChunks([text.subarray(0, at), text.subarray(at)], state);

  const units = String.fromCharCode(...new Uint16Array(text.slice(0, text.length & ~1).buffer));
  for (const string of decoded === undefined ? [units] : [units, decoded]) checkEncoding(string, offset);
  return data.length;
}

function platformDecode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** Every chunking leads to the same state, and to rejection at the chunk where the platform's decoder rejects. */
function checkChunks(chunks: Iterable<Uint8Array>, expected: number): void {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let state: number = UTF8_ACCEPT;
  for (const chunk of chunks) {
    const before = state;
    state = validateUtf8(state, chunk, 0, chunk.length);
    if (before === UTF8_REJECT) {
      check(state === UTF8_REJECT, "validateUtf8: something leads out of rejection");
      continue;
    }
    let rejected = false;
    try {
      decoder.decode(chunk, { stream: true });
    } catch {
      rejected = true;
    }
    checkSame(
      state === UTF8_REJECT,
      rejected,
      "validateUtf8: it rejects another chunk than the platform's decoder",
    );
  }
  checkSame(state, expected, "validateUtf8: chopped text leads to another state");
}

function checkEncoding(text: string, offset: number): void {
  const target = new Uint8Array(offset + text.length * 3 + 1);
  const length = encodeUtf8Into(text, target, offset);
  const encoded = target.subarray(offset, offset + length);
  checkSameBytes(
    encoded,
    new TextEncoder().encode(text),
    "encodeUtf8Into: it disagrees with the platform's encoder",
  );
  check(
    target.subarray(0, offset).every((byte) => byte === 0),
    "encodeUtf8Into: it writes before its place",
  );
}

/** First and last of each length, surrogates, overlong forms, beyond the end, and runs that are taken as words. */
export const utf8Dictionary: readonly Uint8Array[] = [
  ...["7f", "c280", "dfbf", "e0a080", "ed9fbf", "ee8080", "efbfbf", "f0908080", "f48fbfbf", "efbbbf"],
  ...["c0af", "c1bf", "e09fbf", "eda080", "edbfbf", "f08fbfbf", "f4908080", "f5808080", "80", "fe", "ff"],
  ...["61".repeat(64), "61".repeat(200), "c3a4".repeat(40), "e282ac".repeat(30)],
].map((hex) => new Uint8Array(Buffer.from(hex, "hex")));

export const target: Target = { run, settings: 2, dictionary: utf8Dictionary };
