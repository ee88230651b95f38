/**
 * Chapter 1.14 — Compression (RFC 1951 §4; RFC 7692 §7.2.1).
 *
 * Walks over the input, decides at each place between a literal and a match, and hands both to the block writer.
 *
 * Memory: the match finder's (see there), nothing else, and nothing at all before the first message. The block writer,
 * 64 KiB at memory level 8, exists once for all deflaters: calls are synchronous, and each leaves it empty.
 *
 * What this file must not know: messages, frames, which of them are worth compressing.
 * Next: index.ts.
 */

import type { ByteBuffer } from "../bytes.ts";
import { SHORTEST_MATCH } from "./alphabets.ts";
import { BlockWriter } from "./block-writer.ts";
import type { Deflater, DeflateSettings } from "./codec.ts";
import { MatchFinder } from "./match-finder.ts";

/** How hard to look for matches. */
interface Effort {
  /** Candidates compared at one place. */
  readonly tries: number;
  /** A match this long is good enough: nothing longer is looked for at its place. */
  readonly nice: number;
  /** A match shorter than this is held back for one byte: the next place may have a longer one. 0: greedy. */
  readonly lazy: number;
  /** With a match this long in hand, only a quarter of the tries is spent on the next place. */
  readonly good: number;
  /** The places inside a match longer than this are not found again later. */
  readonly remember: number;
}

const ALL = Number.POSITIVE_INFINITY;

/** Levels 1 to 9. Decision: the figures are those of zlib, so that a level means what people expect it to mean. */
const efforts: readonly Effort[] = [
  { tries: 4, nice: 8, lazy: 0, good: 4, remember: 4 },
  { tries: 8, nice: 16, lazy: 0, good: 4, remember: 5 },
  { tries: 32, nice: 32, lazy: 0, good: 4, remember: 6 },
  { tries: 16, nice: 16, lazy: 4, good: 4, remember: ALL },
  { tries: 32, nice: 32, lazy: 16, good: 8, remember: ALL },
  { tries: 128, nice: 128, lazy: 16, good: 8, remember: ALL },
  { tries: 256, nice: 128, lazy: 32, good: 8, remember: ALL },
  { tries: 1024, nice: 258, lazy: 128, good: 32, remember: ALL },
  { tries: 4096, nice: 258, lazy: 258, good: 32, remember: ALL },
];

/** One writer for each memory level in use. A block has at most 2^(memoryLevel + 6) symbols, as in zlib. */
const writers: (BlockWriter | undefined)[] = [];

function sharedWriter(memoryLevel: number): BlockWriter {
  writers[memoryLevel] ??= new BlockWriter(1 << (memoryLevel + 6));
  return writers[memoryLevel];
}

export class PortableDeflater implements Deflater {
  readonly #finder: MatchFinder;
  readonly #effort: Effort | undefined;
  readonly #memoryLevel: number;
  /** The match at the finder's place, if it was found already: length, shifted by 16, and distance. */
  #pending = 0;

  constructor(settings: DeflateSettings) {
    this.#finder = new MatchFinder(settings.windowBits, settings.memoryLevel);
    this.#effort = efforts[settings.level - 1];
    this.#memoryLevel = settings.memoryLevel;
  }

  deflate(input: Uint8Array, output: ByteBuffer): void {
    const writer = this.#compress(input, output, false);
    writer.writeFlush();
    writer.close();
  }

  /** Compresses all of `input` into blocks of which the last has BFINAL set, instead of a flush. */
  finish(input: Uint8Array, output: ByteBuffer): void {
    this.#compress(input, output, true).close();
  }

  reset(): void {
    this.#finder.forget();
    this.#pending = 0;
  }

  #compress(input: Uint8Array, output: ByteBuffer, final: boolean): BlockWriter {
    const writer = sharedWriter(this.#memoryLevel);
    writer.open(output);
    if (this.#effort === undefined) {
      if (final || input.length > 0) writer.writeStored(input, 0, input.length, final);
      return writer;
    }
    const finder = this.#finder;
    let taken = 0;
    let written = 0;
    for (;;) {
      taken = finder.fill(input, taken);
      const stop = taken < input.length ? finder.stop : finder.end;
      while (this.#walk(writer, this.#effort, stop)) {
        const done = taken - (finder.end - finder.next);
        writer.writeBlock(input, written, done, false);
        written = done;
      }
      if (taken === input.length) break;
    }
    if (final || writer.count > 0) writer.writeBlock(input, written, taken, final);
    return writer;
  }

  /**
   * Turns bytes into symbols up to `stop` (a match may run past it). True: the block is full before.
   *
   * Decision: RFC 1951 §4 leaves the choice of matches open. A match is taken unless the next place has a longer one;
   * then its first byte becomes a literal, and the longer one is judged in the same way.
   */
  #walk(writer: BlockWriter, effort: Effort, stop: number): boolean {
    const finder = this.#finder;
    const { bytes } = finder;
    const { symbols } = writer;
    const { tries, nice, lazy, good, remember } = effort;
    let count = writer.count;
    let place = finder.next;
    let match = this.#pending;
    while (place < stop && count < symbols.length) {
      if (match === 0) match = finder.find(place, SHORTEST_MATCH, tries, nice);
      const length = match >>> 16;
      let better = 0;
      if (length > 0 && length < lazy)
        better = finder.find(place + 1, length, length >= good ? tries >> 2 : tries, nice);
      if (length === 0 || better > 0) {
        symbols[count++] = bytes[place++]!;
        match = better;
        continue;
      }
      symbols[count++] = match;
      place += length;
      match = 0;
      if (length > remember) finder.hashed = place;
    }
    writer.count = count;
    finder.next = place;
    this.#pending = match;
    return count === symbols.length;
  }
}
