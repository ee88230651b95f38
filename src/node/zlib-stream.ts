/**
 * Chapter 8.1 — zlib, called where it stands: what node:zlib does not document.
 *
 * Node's compression streams go through the thread pool: 70 µs for a message that zlib inflates in 0.3 µs. No documented
 * call avoids that and keeps the window. So we make the call that `inflateSync` itself rests on.
 *
 * Owns everything that Node may change without a word. All of it is looked at before it is used, and `isAsKnown` has to
 * agree once before anything else: a later Node can only make us fall back.
 *
 * What this file must not know: what is compressed, and why.
 * Next: zlib.ts.
 */

import { createInflateRaw, type DeflateRaw, type InflateRaw, constants as z } from "node:zlib";
import { EMPTY_BYTES } from "../bytes.ts";

/** Node allots each stream a buffer for its output, which we never use: it should be as small as possible. */
export const SMALLEST_CHUNK: number = z.Z_MIN_CHUNK;

/** What stands behind a stream of node:zlib. */
interface Handle {
  /** Called before `writeSync` returns, if zlib returned an error. */
  onerror: (message: string, errorNumber: number) => void;
  /** One call of `inflate` or `deflate` as zlib.h describes them. */
  writeSync(
    flush: number,
    input: Uint8Array,
    from: number,
    count: number,
    output: Uint8Array,
    at: number,
    room: number,
  ): void;
}

interface Internals {
  readonly _handle: Handle;
  /** How much room, and how much input, `writeSync` left over. */
  readonly _writeState: Uint32Array;
  /** What `inflateSync` hands its data to. Watched once, never used. */
  _processChunk(chunk: Uint8Array, flush: number): unknown;
}

function internalsOf(stream: object): Internals | undefined {
  const { _handle, _writeState, _processChunk } = stream as Partial<Internals>;
  const complete =
    typeof _handle?.onerror === "function" &&
    typeof _handle.writeSync === "function" &&
    typeof _processChunk === "function" &&
    ArrayBuffer.isView(_writeState) &&
    _writeState.length === 2;
  return complete ? (stream as Internals) : undefined;
}

/** Whether this Node has all that is used here, and whether it behaves as it always did. */
export function isAsKnown(): boolean {
  return isCalledAsKnown() && reportsErrors();
}

/**
 * Watches Node call `writeSync`. The native side ends the process over arguments that it does not expect, so no call
 * of ours may be the first to try them, and none may rest on numbers that are not where they were.
 */
function isCalledAsKnown(): boolean {
  const internals = internalsOf(createInflateRaw({ chunkSize: SMALLEST_CHUNK }));
  if (internals === undefined) return false;
  const { _handle: handle, _writeState: left } = internals;
  const { writeSync } = handle;
  let seen: readonly unknown[] = [];
  handle.writeSync = (...call) => {
    seen = call;
    Reflect.apply(writeSync, handle, call);
  };
  internals._processChunk(PROBE, z.Z_BLOCK);
  const output = seen[4];
  const known = [z.Z_BLOCK, PROBE, 0, PROBE.length, output, 0, SMALLEST_CHUNK];
  const asKnown = seen.length === known.length && seen.every((argument, index) => argument === known[index]);
  return asKnown && ArrayBuffer.isView(output) && left[0] === SMALLEST_CHUNK && left[1] === 0;
}

/** Whether an error comes to us. Should it go to the stream after all, nobody is to be hit by its 'error' event. */
function reportsErrors(): boolean {
  const stream = createInflateRaw({ chunkSize: SMALLEST_CHUNK });
  stream.on("error", () => {});
  return !new ZlibStream(stream).write(z.Z_SYNC_FLUSH, CORRUPT, 0, CORRUPT.length, ONE_BYTE, 0, 1);
}

export class ZlibStream {
  /** How many bytes the last `write` took and made. */
  taken = 0;
  made = 0;
  /** What zlib found wrong. From then on nothing is written: some errors leave a handle that must not be touched. */
  fault = "";
  readonly #stream: InflateRaw | DeflateRaw;
  readonly #handle: Handle;
  readonly #left: Uint32Array;

  constructor(stream: InflateRaw | DeflateRaw) {
    const internals = internalsOf(stream);
    if (internals === undefined) throw new Error("zlib is not usable on this Node: see isNativeUsable()");
    this.#stream = stream;
    this.#handle = internals._handle;
    this.#left = internals._writeState;
    // In place of Node's function, which destroys the stream and has it emit 'error'.
    this.#handle.onerror = (message, errorNumber) => {
      this.fault = errorNumber === z.Z_BUF_ERROR ? UNFINISHED : `zlib: ${message}`;
    };
  }

  /** Gives zlib `input[from, to)`, and the `room` bytes of `output` behind `at` to write to. False: `fault`. */
  write(
    flush: number,
    input: Uint8Array,
    from: number,
    to: number,
    output: Uint8Array,
    at: number,
    room: number,
  ): boolean {
    if (this.fault !== "") return false;
    this.#handle.writeSync(flush, input, from, to - from, output, at, room);
    if (this.fault !== "") return false;
    this.made = room - this.#left[0]!;
    this.taken = to - from - this.#left[1]!;
    return true;
  }

  /** Whether a final block has ended. If not, zlib misses the rest, and is as it was before it was asked. */
  hasEnded(): boolean {
    const ended = this.write(z.Z_FINISH, EMPTY_BYTES, 0, 0, ONE_BYTE, 0, 1);
    if (this.fault === UNFINISHED) this.fault = "";
    return ended;
  }

  reset(): void {
    this.#stream.reset();
  }

  /** Frees zlib's memory now. Without this, it is freed when the stream is collected. */
  close(): void {
    this.#stream.close();
  }
}

/** The header of a stored block; a header with the block type that does not exist. */
const PROBE = Uint8Array.of(0x00);
const CORRUPT = Uint8Array.of(0x07);

const ONE_BYTE = new Uint8Array(1);
const UNFINISHED = "zlib: the data have not ended";
