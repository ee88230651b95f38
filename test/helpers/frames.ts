/** Frames, built and read without the code under test: a mistake in it must not hide itself. */

export interface TestFrame {
  fin?: boolean;
  /** RSV1 = 4, RSV2 = 2, RSV3 = 1. */
  rsv?: number;
  opcode: number;
  payload?: Uint8Array | string;
  /** Four bytes; without them the frame is not masked. */
  key?: readonly number[];
}

export const KEY = [0x37, 0xfa, 0x21, 0x3d];

export function frame({ fin = true, rsv = 0, opcode, payload = "", key }: TestFrame): Uint8Array {
  const data = typeof payload === "string" ? new TextEncoder().encode(payload) : payload;
  const header = [(fin ? 0x80 : 0) | (rsv << 4) | opcode];
  const maskBit = key === undefined ? 0 : 0x80;
  if (data.length < 126) header.push(maskBit | data.length);
  else if (data.length < 65536) header.push(maskBit | 126, data.length >> 8, data.length & 0xff);
  else {
    header.push(maskBit | 127);
    for (let shift = 56n; shift >= 0n; shift -= 8n)
      header.push(Number((BigInt(data.length) >> shift) & 0xffn));
  }
  if (key === undefined) return concat(Uint8Array.from(header), data);
  return concat(
    Uint8Array.from([...header, ...key]),
    data.map((byte, index) => byte ^ key[index % 4]!),
  );
}

/** A frame as the peer of `role` sends it: masked towards a server, plain towards a client. */
export function frameTo(role: "client" | "server", rest: Omit<TestFrame, "key">): Uint8Array {
  return frame(role === "server" ? { ...rest, key: KEY } : rest);
}

export interface ReadFrame {
  fin: boolean;
  rsv: number;
  opcode: number;
  masked: boolean;
  payload: Uint8Array;
}

export function readFrames(bytes: Uint8Array): ReadFrame[] {
  const frames: ReadFrame[] = [];
  for (let at = 0; at < bytes.length; ) {
    const first = bytes[at]!;
    const second = bytes[at + 1]!;
    let length = second & 0x7f;
    at += 2;
    const extended = length === 126 ? 2 : length === 127 ? 8 : 0;
    if (extended > 0) length = bytes.subarray(at, at + extended).reduce((sum, byte) => sum * 256 + byte, 0);
    at += extended;
    const masked = second >= 0x80;
    const key = masked ? bytes.subarray(at, at + 4) : Uint8Array.of(0, 0, 0, 0);
    if (masked) at += 4;
    if (at + length > bytes.length) throw new Error("the last frame is cut off");
    const payload = bytes.slice(at, at + length).map((byte, index) => byte ^ key[index % 4]!);
    frames.push({ fin: first >= 0x80, rsv: (first >> 4) & 7, opcode: first & 15, masked, payload });
    at += length;
  }
  return frames;
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function hex(text: string): Uint8Array {
  return Uint8Array.from(text.replaceAll(" ", "").match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}
