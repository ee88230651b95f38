/**
 * Chapter 8.19 — The machine below: what this engine does well, and what the C library shall do.
 *
 * Neither is about WebSockets, and neither changes what anything does: only how long it takes.
 *
 * What this file must not know: connections.
 * Next: server/origin.ts.
 */

import { useUnclearedMemory } from "../bytes.ts";
import { useWideWords } from "../protocol/mask.ts";

/** Tells the core what this engine does well. Bun says whose V8 it behaves like, and has another engine. */
export function useEngine(
  versions: { v8?: string | undefined; bun?: string | undefined } = process.versions,
): void {
  useWideWords(versions.v8 !== undefined && versions.bun === undefined);
  // "Slow" is what is not cut out of a pool that others have a part of.
  useUnclearedMemory((size) => new Uint8Array(Buffer.allocUnsafeSlow(size).buffer));
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
