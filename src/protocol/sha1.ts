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

/** Signed throughout, since the engine adds 32-bit integers as such only then: 0.8 µs for a key instead of 3.5 (Node 20.20). */
const INITIAL_STATE: Int32Array = Int32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0);
const ROUND_1 = 0x5a827999;
const ROUND_2 = 0x6ed9eba1;
const ROUND_3 = 0x8f1bbcdc | 0;
const ROUND_4 = 0xca62c1d6 | 0;

/** The schedule of the block at hand: nobody else needs it when `sha1` has returned. */
const schedule: Int32Array = new Int32Array(STEPS);

export function sha1(message: Uint8Array): Uint8Array {
  const blocks = padded(message);
  const state = INITIAL_STATE.slice();
  for (let at = 0; at < blocks.length; at += BLOCK) {
    expand(blocks, at);
    compress(state);
  }
  const digest = new Uint8Array(DIGEST);
  for (let index = 0; index < state.length; index++) writeWord(digest, index * 4, state[index]!);
  return digest;
}

/** One bit, then zeros, so that the length of the message in bits ends the last block (RFC 3174 §4). */
function padded(message: Uint8Array): Uint8Array {
  const size = Math.ceil((message.length + 1 + LENGTH_FIELD) / BLOCK) * BLOCK;
  const bytes = new Uint8Array(size);
  bytes.set(message);
  bytes[message.length] = 0x80;
  writeWord(bytes, size - 8, Math.floor(message.length / 2 ** 29));
  writeWord(bytes, size - 4, message.length << 3);
  return bytes;
}

/** 16 words of a block become 80 (RFC 3174 §6.1, steps a and b). */
function expand(blocks: Uint8Array, at: number): void {
  for (let t = 0; t < 16; t++) schedule[t] = readWord(blocks, at + t * 4);
  for (let t = 16; t < STEPS; t++) {
    schedule[t] = rotate(schedule[t - 3]! ^ schedule[t - 8]! ^ schedule[t - 14]! ^ schedule[t - 16]!, 1);
  }
}

/** RFC 3174 §6.1, steps c to e: four rounds of 20 steps, each with its own function and constant (§5). */
function compress(state: Int32Array): void {
  let a = state[0]!;
  let b = state[1]!;
  let c = state[2]!;
  let d = state[3]!;
  let e = state[4]!;
  for (let t = 0; t < STEPS; t++) {
    let mixed: number;
    if (t < 20) mixed = (((b & c) | (~b & d)) + ROUND_1) | 0;
    else if (t < 40) mixed = ((b ^ c ^ d) + ROUND_2) | 0;
    else if (t < 60) mixed = (((b & c) | (b & d) | (c & d)) + ROUND_3) | 0;
    else mixed = ((b ^ c ^ d) + ROUND_4) | 0;
    const next = (((((rotate(a, 5) + mixed) | 0) + e) | 0) + schedule[t]!) | 0;
    e = d;
    d = c;
    c = rotate(b, 30);
    b = a;
    a = next;
  }
  // An Int32Array keeps the sums modulo 2^32.
  state[0]! += a;
  state[1]! += b;
  state[2]! += c;
  state[3]! += d;
  state[4]! += e;
}

function rotate(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}

function readWord(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}

function writeWord(bytes: Uint8Array, at: number, word: number): void {
  bytes[at] = word >>> 24;
  bytes[at + 1] = word >>> 16;
  bytes[at + 2] = word >>> 8;
  bytes[at + 3] = word;
}
