/**
 * Chapter 7.1 — Lines (WHATWG HTML §9.2.5): what ends one.
 *
 * An event stream is UTF-8, where a byte below 80 is always a character of its own, even right behind a torn one.
 * So both directions look for line ends and colons in bytes, and nothing is decoded that nobody reads.
 *
 * Next: encode.ts.
 */

export const LF = 0x0a;
export const CR = 0x0d;

/** The index of the first CR or LF in `bytes` from `start` on, or `bytes.length`. */
export function endOfLine(bytes: Uint8Array, start: number): number {
  for (let i = start; i < bytes.length; i++) {
    const byte = bytes[i]!;
    if (byte === LF || byte === CR) return i;
  }
  return bytes.length;
}
