/** The same bytes whole, in each two pieces, and byte by byte: a reader must not be able to tell them apart. */
export function* everyCut(bytes: Uint8Array): Iterable<Uint8Array[]> {
  yield [bytes];
  for (let cut = 1; cut < bytes.length; cut++) yield [bytes.subarray(0, cut), bytes.subarray(cut)];
  yield Array.from(bytes, (byte) => Uint8Array.of(byte));
}
