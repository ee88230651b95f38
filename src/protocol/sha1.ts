/**
 * Chapter 4.3 — SHA-1 (RFC 3174, FIPS 180-4), because §4.2.2 asks for it.
 *
 * As a signature SHA-1 is broken; here it signs nothing. It shows that whoever answers has read the key, which a
 * server that speaks another protocol, or a cache that replays an old answer, has not (§1.3, §10.8).
 *
 *   message, 0x80, zeros, length in bits (64) -> blocks of 16 words -> 80 steps each -> five words of state
 *
 * What this file must not know: what is hashed.
 * Next: accept.ts.
 */

const BLOCK = 64;
const LENGTH_FIELD = 8;
const DIGEST = 20;
const STEPS = 80;

export function sha1(message: Uint8Array): Uint8Array {
  const blocks = padded(message);
  const state = Uint32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0);
  const schedule = new Uint32Array(STEPS);
  for (let at = 0; at < blocks.byteLength; at += BLOCK) {
    expand(blocks, at, schedule);
    compress(state, schedule);
  }
  const digest = new DataView(new ArrayBuffer(DIGEST));
  state.forEach((word, index) => {
    digest.setUint32(index * 4, word);
  });
  return new Uint8Array(digest.buffer);
}

/** One bit, then zeros, so that the length of the message in bits ends the last block (RFC 3174 §4). */
function padded(message: Uint8Array): DataView {
  const size = Math.ceil((message.length + 1 + LENGTH_FIELD) / BLOCK) * BLOCK;
  const bytes = new Uint8Array(size);
  bytes.set(message);
  bytes[message.length] = 0x80;
  const view = new DataView(bytes.buffer);
  view.setUint32(size - 8, Math.floor(message.length / 2 ** 29));
  view.setUint32(size - 4, message.length * 8);
  return view;
}

/** 16 words of a block become 80 (RFC 3174 §6.1, steps a and b). */
function expand(blocks: DataView, at: number, schedule: Uint32Array): void {
  for (let t = 0; t < 16; t++) schedule[t] = blocks.getUint32(at + t * 4);
  for (let t = 16; t < STEPS; t++) {
    schedule[t] = rotate(schedule[t - 3]! ^ schedule[t - 8]! ^ schedule[t - 14]! ^ schedule[t - 16]!, 1);
  }
}

/** RFC 3174 §6.1, steps c to e: four rounds of 20 steps, each with its own function and constant (§5). */
function compress(state: Uint32Array, schedule: Uint32Array): void {
  let a = state[0]!;
  let b = state[1]!;
  let c = state[2]!;
  let d = state[3]!;
  let e = state[4]!;
  for (let t = 0; t < STEPS; t++) {
    let mixed: number;
    if (t < 20) mixed = ((b & c) | (~b & d)) + 0x5a827999;
    else if (t < 40) mixed = (b ^ c ^ d) + 0x6ed9eba1;
    else if (t < 60) mixed = ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc;
    else mixed = (b ^ c ^ d) + 0xca62c1d6;
    const next = (rotate(a, 5) + mixed + e + schedule[t]!) | 0;
    e = d;
    d = c;
    c = rotate(b, 30);
    b = a;
    a = next;
  }
  // A Uint32Array keeps the sums modulo 2^32.
  state[0]! += a;
  state[1]! += b;
  state[2]! += c;
  state[3]! += d;
  state[4]! += e;
}

function rotate(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}
