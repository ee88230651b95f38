/**
 * Chapter 8.19 — The machine below: what this engine and Node do well, and what the C library shall do.
 *
 * None of it is about WebSockets, and none changes what anything does: only how long it takes.
 *
 * What this file must not know: connections.
 * Next: server/origin.ts.
 */

import { isAscii } from "node:buffer";
import { useUnclearedMemory } from "../bytes.ts";
import { useWideWords } from "../protocol/mask.ts";
import { type TextCoder, useTextCoder } from "../protocol/utf8.ts";

/** Tells the core what it may use here. Bun says whose V8 it behaves like, and has another engine. */
export function useEngine(
  versions: { v8?: string | undefined; bun?: string | undefined } = process.versions,
): void {
  useWideWords(versions.v8 !== undefined && versions.bun === undefined);
  // "Slow" is what is not cut out of a pool that others have a part of.
  useUnclearedMemory((size) => new Uint8Array(Buffer.allocUnsafeSlow(size).buffer));
  useTextCoder(textCoder());
}

/** What every Buffer can, and for any array of bytes, in all versions of Node so far; it is in no documentation. */
export interface BufferMethods {
  latin1Slice(this: Uint8Array, start: number, end: number): string;
  ucs2Slice(this: Uint8Array, start: number, end: number): string;
  utf8Write(this: Uint8Array, text: string, at: number, room: number): number;
}

/** That of this Node, if it passes a test; without one, the core goes by what is documented. */
export function textCoder(
  { latin1Slice, ucs2Slice, utf8Write }: Partial<BufferMethods> = Buffer.prototype as Partial<BufferMethods>,
): TextCoder | undefined {
  if (latin1Slice === undefined || ucs2Slice === undefined || utf8Write === undefined) return undefined;
  const coder: TextCoder = {
    isAscii,
    latin1: (bytes, start, end) => latin1Slice.call(bytes, start, end),
    utf16: (bytes, count) => ucs2Slice.call(bytes, 0, count),
    write: (text, target, at) => utf8Write.call(target, text, at, target.length - at),
  };
  return passesTest(coder) ? coder : undefined;
}

function passesTest({ isAscii, latin1, utf16, write }: TextCoder): boolean {
  const units = new Uint8Array(Uint16Array.of(0x3a9, 0xd83d, 0xde00, 0x41).buffer);
  const utf8 = [0, 0xce, 0xa9, 0xef, 0xbf, 0xbd, 0, 0];
  const target = new Uint8Array(utf8.length);
  try {
    return (
      isAscii(Uint8Array.of(0, 0x7f)) &&
      !isAscii(Uint8Array.of(0x80)) &&
      latin1(Uint8Array.of(0x41, 0xe9, 0x42, 0), 1, 3) === "\u00e9B" &&
      utf16(units, 6) === "\u03a9\u{1f600}" &&
      write("\u03a9\ud800", target, 1) === 5 &&
      target.every((byte, at) => byte === utf8[at])
    );
  } catch {
    return false;
  }
}

/** The largest piece that the GNU C library learns from is one of 32 MiB, with its bookkeeping. */
const LESSON = 32 * 1024 * 1024 - 64 * 1024;

/** Once is enough for a process. */
let isTaught = false;

/**
 * Teaches the C library to keep what is freed, up to 64 MiB, for the next who asks.
 *
 * Node reads into 64 KiB of memory that it has just asked for, and V8 frees what was read many at a time. The
 * GNU C library gives that back to the kernel as soon as 128 KiB of it lie together, and the next reads get it anew, page
 * by page, each by a fault: of echoes of 1 KiB, a third of the time. But it learns: who frees a piece of up to 32 MiB that
 * had a mapping of its own will do so again, and from then on it keeps twice as much. Such a piece is asked for here, never
 * touched, so that it takes no memory, and freed when V8 next looks. Echoes of 1 KiB, 32 in flight: 0.86 M a second
 * before, 1.52 M since (`npm run bench -- --scenario echo-1024-32`, Node 20.20).
 *
 * Another C library takes no notice; and whoever sets MALLOC_TRIM_THRESHOLD_ has decided, and is obeyed.
 */
export function keepFreedMemory(): void {
  if (isTaught) return;
  isTaught = true;
  try {
    void new ArrayBuffer(LESSON);
  } catch {
    // Where address space is rationed there is nothing to keep.
  }
}
