/**
 * Scripts: what the load generator sends, byte for byte, and what must come back.
 *
 * Everything that costs time is done here, before a measurement: framing, masking, compression. The generator only
 * copies. A script is a prelude, sent once by each connection, and a cycle, sent again and again. The prelude is for
 * compression with context takeover: the cycle's messages refer back to a window that must exist the first time, too.
 *
 * Layout, in the machine's byte order: a header (40 bytes), for each message four 64-bit offsets into the data (what is
 * sent, what is answered: start and end), the data, the request of the opening handshake.
 */

import { constants, deflateRawSync } from "node:zlib";

/** How answers are told apart: by frame headers, by their length, or by the mark `!` in an event. */
export type Counting = "frames" | "bytes" | "marks";

export interface Exchange {
  /** As it goes over the wire. */
  readonly sent: Uint8Array;
  /** The payload of the answer; for `bytes`, all of the answer. */
  readonly answer: Uint8Array;
}

export interface Script {
  readonly counting: Counting;
  /** Answers are compressed, and nobody can say how. */
  readonly answersVary: boolean;
  /** The opening handshake; empty for none. */
  readonly request: Uint8Array;
  readonly prelude: readonly Exchange[];
  readonly cycle: readonly Exchange[];
}

const COUNTING: Record<Counting, number> = { frames: 0, bytes: 1, marks: 2 };
const HEADER_SIZE = 40;
const EXCHANGE_SIZE = 32;

export function encodeScript(script: Script): Uint8Array {
  const exchanges = [...script.prelude, ...script.cycle];
  // Messages that follow each other stand behind each other: the generator sends a run of them in one call.
  const parts: Uint8Array[] = [];
  const places = new Map<Uint8Array, number>();
  let length = 0;
  const put = (bytes: Uint8Array): number => {
    const place = length;
    places.set(bytes, place);
    parts.push(bytes);
    length += bytes.length;
    return place;
  };
  const sent = exchanges.map((exchange) => put(exchange.sent));
  const answers = exchanges.map(({ answer }) => places.get(answer) ?? put(answer));

  const table = HEADER_SIZE + exchanges.length * EXCHANGE_SIZE;
  const bytes = new Uint8Array(table + length + script.request.length);
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode("FWSCRIPT"));
  view.setUint32(8, script.prelude.length, true);
  view.setUint32(12, script.cycle.length, true);
  view.setUint32(16, COUNTING[script.counting], true);
  view.setUint32(20, script.answersVary ? 1 : 0, true);
  view.setBigUint64(24, BigInt(script.request.length), true);
  view.setBigUint64(32, BigInt(length), true);
  for (const [index, exchange] of exchanges.entries()) {
    const at = HEADER_SIZE + index * EXCHANGE_SIZE;
    const ends = [sent[index]!, exchange.sent.length, answers[index]!, exchange.answer.length] as const;
    view.setBigUint64(at, BigInt(ends[0]), true);
    view.setBigUint64(at + 8, BigInt(ends[0] + ends[1]), true);
    view.setBigUint64(at + 16, BigInt(ends[2]), true);
    view.setBigUint64(at + 24, BigInt(ends[2] + ends[3]), true);
  }
  let at = table;
  for (const part of [...parts, script.request]) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

// --- Frames (RFC 6455 §5.2) -------------------------------------------------------------------------------------

export const TEXT = 1;
export const BINARY = 2;
export const CLOSE = 8;

const FIN = 0x80;
const RSV1 = 0x40;
const MASKED = 0x80;

/** A client's frame. The key differs from frame to frame, as §5.3 wants it. */
export function maskedFrame(firstByte: number, payload: Uint8Array, number: number): Uint8Array {
  const { length } = payload;
  const extended = length < 126 ? 0 : length < 65_536 ? 2 : 8;
  const frame = new Uint8Array(2 + extended + 4 + length);
  const view = new DataView(frame.buffer);
  frame[0] = firstByte;
  frame[1] = MASKED | (extended === 0 ? length : extended === 2 ? 126 : 127);
  if (extended === 2) view.setUint16(2, length);
  if (extended === 8) view.setBigUint64(2, BigInt(length));
  const key = Math.imul(number + 1, 0x9e37_79b1) >>> 0;
  view.setUint32(2 + extended, key);
  for (let index = 0; index < length; index++) {
    frame[6 + extended + index] = payload[index]! ^ (key >>> (24 - 8 * (index & 3)));
  }
  return frame;
}

/** One message in one frame. */
export function message(opcode: number, payload: Uint8Array, number: number): Uint8Array {
  return maskedFrame(FIN | opcode, payload, number);
}

/** One message in as many frames as it has bytes (§5.4). */
export function fragmented(opcode: number, payload: Uint8Array): Uint8Array {
  const last = payload.length - 1;
  const frames = Array.from(payload, (_, index) => {
    const first = (index === 0 ? opcode : 0) | (index === last ? FIN : 0);
    return maskedFrame(first, payload.subarray(index, index + 1), index);
  });
  return Buffer.concat(frames);
}

/** A Close frame with 1000. */
export function closing(): Uint8Array {
  return message(CLOSE, Uint8Array.of(0x03, 0xe8), 0);
}

// --- Compression (RFC 7692 §7.2.1) ------------------------------------------------------------------------------

/** Each message by itself. */
export function compressedAlone(opcode: number, payloads: readonly Uint8Array[]): Uint8Array[] {
  return payloads.map((payload, number) => {
    const whole = deflateRawSync(payload, { finishFlush: constants.Z_SYNC_FLUSH });
    return maskedFrame(FIN | RSV1 | opcode, whole.subarray(0, -4), number);
  });
}

/** How far back a message may refer. */
const WINDOW = 32 * 1024;

/**
 * The payloads twice over, in one window: the first time for the prelude, the second for the cycle. What the second
 * time refers back to is what every later time finds at the same distance, so that it may be repeated for ever.
 */
export function compressedTogether(
  opcode: number,
  payloads: readonly Uint8Array[],
): { prelude: Uint8Array[]; cycle: Uint8Array[] } {
  const twice = [...payloads, ...payloads];
  const everything = Buffer.concat(twice);
  let at = 0;
  const frames = twice.map((payload, number) => {
    const window = everything.subarray(Math.max(0, at - WINDOW), at);
    at += payload.length;
    const dictionary = window.length > 0 ? { dictionary: window } : {};
    const whole = deflateRawSync(payload, { ...dictionary, finishFlush: constants.Z_SYNC_FLUSH });
    return maskedFrame(FIN | RSV1 | opcode, whole.subarray(0, -4), number);
  });
  return { prelude: frames.slice(0, payloads.length), cycle: frames.slice(payloads.length) };
}

// --- Requests ---------------------------------------------------------------------------------------------------

/** §4.1, with the key of §1.3. */
export function upgradeRequest(extensions?: string): Uint8Array {
  const lines = [
    "GET / HTTP/1.1",
    "Host: localhost",
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version: 13",
    ...(extensions === undefined ? [] : [`Sec-WebSocket-Extensions: ${extensions}`]),
  ];
  return new TextEncoder().encode(`${lines.join("\r\n")}\r\n\r\n`);
}

export function httpRequest(method: string): Uint8Array {
  const length = method === "POST" ? "Content-Length: 0\r\n" : "";
  return new TextEncoder().encode(`${method} / HTTP/1.1\r\nHost: localhost\r\n${length}\r\n`);
}
