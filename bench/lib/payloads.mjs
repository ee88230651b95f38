/**
 * What the messages of the benchmark say. The same every time: nothing is random. In JavaScript, since programs need it
 * that run on the built core, without a loader for TypeScript; payloads.d.mts has its types.
 */

/** The message with this number: of so many bytes, and for text, valid UTF-8. */
export function payloadOf(kind, size, number = 0) {
  switch (kind) {
    case "binary":
      return Uint8Array.from({ length: size }, (_, index) => (index * 7 + number) & 0xff);
    case "ascii":
      return repeated(encode("The quick brown fox jumps over the lazy dog. "), size);
    case "multibyte":
      // Greek: two bytes for each letter.
      return repeated(encode("κόσμε "), size);
    case "json":
      return json(size, number);
  }
}

function encode(text) {
  return new TextEncoder().encode(text);
}

/** As often as it fits; what is left over at the end is filled up with spaces. */
function repeated(words, size) {
  const bytes = new Uint8Array(size).fill(0x20);
  for (let at = 0; at + words.length <= size; at += words.length) bytes.set(words, at);
  return bytes;
}

/** JSON as applications send it: names that repeat, values that do not. Cut to its size. */
function json(size, number) {
  let seed = number + 1;
  const random = (below) => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return (seed >> 8) % below;
  };
  const trades = [];
  for (let length = 0; length < size; length += trades.at(-1).length) {
    const trade = { id: random(1e6), user: `user-${random(6)}`, price: random(1e5) / 100, side: "buy" };
    trades.push(`${JSON.stringify(trade)},`);
  }
  return encode(trades.join("").slice(0, size));
}
