/**
 * The judge, 2 — Compression (RFC 7692 §7.2): one raw DEFLATE stream for each direction, on node:zlib.
 *
 * Each message is a call of its own, with the window as its dictionary: a message begins at an octet's boundary, so
 * what came before matters only as far as the window reaches. A peer that reaches back into earlier messages further
 * than the window that was agreed on is found out here, because there is nothing to copy from; within one message zlib
 * forgives it, and reach.ts looks.
 *
 * What this file must not know: frames, who agreed on what. Next: messages.ts.
 */

import { constants, deflateRawSync, inflateRawSync } from "node:zlib";

export interface DeflateParameters {
  /** The window: two to the power of this. */
  readonly windowBits: number;
  /** Whether the window is forgotten after each message. */
  readonly noContextTakeover: boolean;
}

/** With this every flushed message ends, and it is not sent (RFC 7692 §7.2.1). */
const TAIL = Uint8Array.of(0x00, 0x00, 0xff, 0xff);

const SMALLEST_ZLIB_WINDOW = 9;
const EMPTY = new Uint8Array(0);

/** What is at most read of one message. */
const MAX_INFLATED = 64 * 1024 * 1024;

/** The end of what has been said so far, as long as the window. */
class History {
  octets: Uint8Array = EMPTY;
  readonly #size: number;
  readonly #forgets: boolean;

  constructor({ windowBits, noContextTakeover }: DeflateParameters) {
    this.#size = 2 ** windowBits;
    this.#forgets = noContextTakeover;
  }

  /** Whether nothing that was said before can still make a difference. */
  get isSettled(): boolean {
    return this.#forgets || this.octets.length === this.#size;
  }

  add(message: Uint8Array): void {
    if (this.#forgets) return;
    const size = this.#size;
    if (message.length >= size) this.octets = new Uint8Array(message.subarray(-size));
    else this.octets = Buffer.concat([this.octets, message]).subarray(-size);
  }
}

export class Deflater {
  readonly #history: History;
  readonly #windowBits: number;

  constructor(parameters: DeflateParameters) {
    this.#history = new History(parameters);
    this.#windowBits = parameters.windowBits;
  }

  deflate(message: Uint8Array): Uint8Array {
    const isTiny = this.#windowBits < SMALLEST_ZLIB_WINDOW;
    const deflated = deflateRawSync(message, {
      windowBits: isTiny ? SMALLEST_ZLIB_WINDOW : this.#windowBits,
      // zlib has no window of 2^8: then nothing is copied from one at all.
      strategy: isTiny ? constants.Z_HUFFMAN_ONLY : constants.Z_DEFAULT_STRATEGY,
      finishFlush: constants.Z_SYNC_FLUSH,
      dictionary: this.#history.octets,
      chunkSize: roomFor(message.length),
    });
    this.#history.add(message);
    return deflated.subarray(0, deflated.length - TAIL.length);
  }

  /**
   * Deflates `messages` over and over, each when its turn comes. Once the window holds nothing but what the round
   * before has said, a message deflates to the same octets in each round, and they are kept: a judge that
   * compressed 900 MB for each of twelve sub-categories would spend half of its time with that.
   */
  *rounds(messages: readonly Uint8Array[]): Generator<Uint8Array, never> {
    const kept: Uint8Array[] = [];
    for (let turn = 0; ; turn = (turn + 1) % messages.length) {
      const message = messages[turn]!;
      if (kept[turn] !== undefined) this.#history.add(message);
      else if (this.#history.isSettled) kept[turn] = this.deflate(message);
      yield kept[turn] ?? this.deflate(message);
    }
  }
}

/** A payload that was inflated, the window before and behind it, and what it said. */
interface Known {
  readonly payload: Uint8Array;
  readonly before: Uint8Array;
  readonly after: Uint8Array;
  readonly message: Uint8Array;
}

/** Shorter messages are inflated faster than they are looked up; and so many are enough for `Deflater.rounds`. */
const SHORTEST_KNOWN = 4096;
const MOST_KNOWN = 256;

export class Inflater {
  readonly #history: History;
  readonly #parameters: DeflateParameters;
  /**
   * The same octets behind the same window say the same. Most echoes of a thousand messages that repeat are such:
   * then they are compared and not inflated, which took half of the judge's time.
   */
  readonly #known: Known[] = [];
  #ended = false;

  constructor(parameters: DeflateParameters) {
    this.#history = new History(parameters);
    this.#parameters = parameters;
  }

  /** The message; undefined if this is no DEFLATE stream, or one that reaches back beyond the window. */
  inflate(payload: Uint8Array, expected = 0): Uint8Array | undefined {
    // Decision: as in the suite, a stream that has ended (BFINAL) says nothing more, although RFC 7692 §7.2.3.4 lets
    // a sender begin a new one. Verdicts are to be the same.
    if (this.#ended) return EMPTY;
    const history = this.#history;
    const before = history.octets;
    const known = this.#known.find((one) => isEqual(one.payload, payload) && isEqual(one.before, before));
    if (known !== undefined) {
      history.octets = known.after;
      return known.message;
    }
    const message = this.#inflate(Buffer.concat([payload, TAIL]), expected);
    if (message === undefined) return undefined;
    history.add(message);
    if (message.length >= SHORTEST_KNOWN && this.#known.length < MOST_KNOWN && !this.#ended) {
      this.#known.push({ payload, before, after: history.octets, message });
    }
    return message;
  }

  #inflate(input: Uint8Array, expected: number): Uint8Array | undefined {
    try {
      const { buffer, engine } = inflateRawSync(input, {
        windowBits: this.#parameters.windowBits,
        finishFlush: constants.Z_SYNC_FLUSH,
        dictionary: this.#history.octets,
        maxOutputLength: MAX_INFLATED,
        chunkSize: roomFor(expected),
        info: true,
      }) as unknown as { buffer: Uint8Array; engine: { bytesWritten: number } };
      this.#ended = engine.bytesWritten < input.length && !this.#parameters.noContextTakeover;
      return buffer;
    } catch {
      return undefined;
    }
  }
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a === b || (a.length === b.length && Buffer.compare(a, b) === 0);
}

/** zlib writes in chunks that are joined afterwards: one chunk, if we know how much will come. */
function roomFor(length: number): number {
  return Math.max(16 * 1024, length + (length >> 8) + 64);
}
