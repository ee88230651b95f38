/**
 * Chapter 14.1 — Lines (WHATWG HTML §9.2.5): what ends one.
 *
 * An event stream is UTF-8, and in UTF-8 a byte below 80 is always the whole of its character, or stands behind a
 * torn one that it does not belong to. So both directions look for line ends and colons in bytes, and nothing is
 * decoded that nobody reads.
 *
 * Next: encode.ts.
 */

export const LF = 0x0a;
export const CR = 0x0d;

/** The index of the first CR or LF in `bytes` from `start` on, or `bytes.length`. */
export function endOfLine(bytes: Uint8Array, start: number): number {
  let i = start;
  while (i < bytes.length) {
    const byte = bytes[i]!;
    if (byte === LF || byte === CR) break;
    i++;
  }
  return i;
}
