/** §8.1: UTF-8, and the byte at which a text turns out to be none. */

import {
  decodeUtf8,
  encodeUtf8Into,
  UTF8_ACCEPT,
  UTF8_REJECT,
  validateUtf8,
} from "../../../dist/protocol/utf8.js";
import { frame, hex, KEY, pseudoText } from "../suite.mjs";
import { receive } from "./frames.mjs";

/** Bytes, and the text they are. */
const VALID = [
  ["", ""],
  ["00", "\u0000"],
  ["7f", "\u007f"],
  ["c280", "\u0080"],
  ["dfbf", "\u07ff"],
  ["e0a080", "\u0800"],
  ["ed9fbf", "\ud7ff"],
  ["ee8080", "\ue000"],
  ["efbbbf41", "\ufeffA"],
  ["efbfbf", "\uffff"],
  ["f0908080", "\u{10000}"],
  ["f48fbfbf", "\u{10ffff}"],
  ["cebae1bdb9cf83cebcceb5", "κ\u1f79σμε"],
];

/** Bytes, and the index of the one that no valid text has there; the length, if only the end shows it. */
const INVALID = [
  ["80", 0],
  ["c080", 0],
  ["c1bf", 0],
  ["f5808080", 0],
  ["ff", 0],
  ["4180", 1],
  ["c241", 1],
  ["e09fbf", 1],
  ["eda080", 1],
  ["f08fbfbf", 1],
  ["f4908080", 1],
  ["e28241", 2],
  ["f0908041", 3],
  ["cebae1bdb9cf83cebcceb5eda080656469746564", 12],
  ["c2", 1],
  ["e282", 2],
  ["f09f98", 3],
];

function firstImpossible(bytes) {
  let state = UTF8_ACCEPT;
  for (let at = 0; at < bytes.length; at++) {
    state = validateUtf8(state, bytes, at, at + 1);
    if (state === UTF8_REJECT) return at;
  }
  return bytes.length;
}

/** After how many bytes of payload a server closes, and with which code. */
function refusedAt(payload) {
  const bytes = frame(0x81, payload, KEY);
  const headerSize = bytes.length - payload.length;
  for (let at = 0; at <= payload.length; at++) {
    const { written } = receive("server", [bytes.subarray(0, headerSize + at)]);
    if (written.length > 0) return { at, code: (written[2] << 8) | written[3] };
  }
  return undefined;
}

export function checkText(suite) {
  for (const [bytes, text] of VALID) {
    suite.check(`${bytes} is text`, () => [decodeUtf8(hex(bytes)), firstImpossible(hex(bytes))], [
      text,
      bytes.length / 2,
    ]);
    suite.check(`${bytes} is how it is written`, () => written(text), hex(bytes));
  }
  for (const [bytes, index] of INVALID) {
    const payload = hex(bytes);
    suite.check(`${bytes} is no text`, () => [decodeUtf8(payload), firstImpossible(payload)], [
      undefined,
      index,
    ]);
    suite.check(`${bytes} is refused as soon as that is certain`, () => refusedAt(payload), {
      at: Math.min(index + 1, payload.length),
      code: 1007,
    });
  }
  suite.check("a lone surrogate is written as U+FFFD", () => written("a\ud800b"), hex("61efbfbd62"));
  const long = pseudoText(50_000, 5);
  suite.check("a long text and back", () => written(decodeUtf8(long) ?? ""), long);
}

function written(text) {
  const target = new Uint8Array(text.length * 3);
  return target.slice(0, encodeUtf8Into(text, target, 0));
}
