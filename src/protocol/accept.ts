/**
 * Chapter 4.4 — The key and its answer (§4.1 (7), §4.2.2 (5.4); erratum 3150).
 *
 * What this file must not know: header fields.
 * Next: extension.ts.
 */

import { fromLatin1, toLatin1 } from "./fields.ts";
import { sha1 } from "./sha1.ts";

/** §1.3: a constant that no server uses by accident. */
const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

const KEY_BYTES = 16;

/** Fills the bytes at random. */
export type RandomSource = (bytes: Uint8Array) => void;

/** §4.1 (7): 16 bytes, chosen at random for each connection, in base64. */
export function makeKey(random: RandomSource): string {
  const nonce = new Uint8Array(KEY_BYTES);
  random(nonce);
  return base64(nonce);
}

/** §4.2.2 (5.4): the key goes in as the string it is, never decoded. */
export function acceptValue(key: string): string {
  return base64(sha1(toLatin1(key + GUID)));
}

function base64(bytes: Uint8Array): string {
  return btoa(fromLatin1(bytes));
}
