/** Messages that any two implementations should be able to exchange. */

export const MIB: number = 1024 * 1024;

/** Bytes that do not compress, and are the same each time. */
export function noise(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = 0x2545f491;
  for (let index = 0; index < length; index++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[index] = state;
  }
  return bytes;
}

/** Text as programs send it: it compresses, and is about `length` characters long. */
export function prose(length: number): string {
  let text = "";
  for (let index = 0; text.length < length; index++)
    text += `{"id":${index * 7919},"name":"Größe ${index}"},`;
  return text;
}

/** Of each kind, and of each size where the form of a frame or block changes. */
export const MESSAGES: readonly (string | Uint8Array)[] = [
  "Hello",
  "héllo wörld ✓ 𝄞",
  "",
  new Uint8Array(0),
  Uint8Array.from({ length: 256 }, (_, byte) => byte),
  prose(2000),
  prose(2000),
  noise(125),
  noise(126),
  noise(65_535),
  noise(65_536),
  prose(100_000),
];
