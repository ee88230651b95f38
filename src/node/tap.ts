/**
 * Chapter 8.11 — The wire tap: what goes over a connection, in annotated frames, for people.
 *
 * Follows both directions of one connection, frame by frame, whatever chunks they come in. Bytes are copied, since
 * those that arrive are unmasked where they lie.
 *
 * What this file must not know: sockets.
 * Next: transport.ts.
 */

import { ByteBuffer } from "../bytes.ts";
import { Describer } from "../protocol/describe.ts";
import { headerSize, isControl, OPCODE_BITS, Opcode, readLength } from "../protocol/frame.ts";
import type { TapListener } from "./peer.ts";

type Direction = Parameters<TapListener>[0];

/** More of a frame than this is not gathered: its header says what there is to say. */
const MOST_GATHERED = 64 * 1024;

/** The taps of one connection. */
export class Taps {
  #taps: readonly Tap[] = [];

  /** `failed` is given what the listener throws. Returns what takes the tap away. */
  add(listener: TapListener, failed: (error: unknown) => void): () => void {
    if (typeof listener !== "function") throw new TypeError("tap: the listener must be a function");
    const tap = new Tap(listener, failed);
    this.#taps = [...this.#taps, tap];
    return () => {
      this.#taps = this.#taps.filter((other) => other !== tap);
    };
  }

  /**
   * `lacking` is what the frame that is under way still lacks, in front of these bytes: `undefined` if that is not known,
   * because not even its header has arrived.
   */
  push(direction: Direction, bytes: Uint8Array, lacking: number | undefined): void {
    for (const tap of this.#taps) tap.push(direction, bytes, lacking);
  }
}

class Tap {
  readonly #listener: TapListener;
  readonly #failed: (error: unknown) => void;
  readonly #ways: Record<Direction, Way> = { in: new Way(), out: new Way() };

  constructor(listener: TapListener, failed: (error: unknown) => void) {
    this.#listener = listener;
    this.#failed = failed;
  }

  push(direction: Direction, bytes: Uint8Array, lacking: number | undefined): void {
    for (const lines of this.#ways[direction].describe(bytes, lacking)) {
      try {
        this.#listener(direction, lines);
      } catch (error) {
        this.#failed(error);
      }
    }
  }
}

/** One direction, from the next frame on; and of data, from the next message on: half of one has no meaning. */
class Way {
  readonly #cutter = new FrameCutter();
  readonly #describer = new Describer();
  #aligned = false;
  /** A message has begun since. */
  #begun = false;

  *describe(bytes: Uint8Array, lacking: number | undefined): Iterable<string[]> {
    if (!this.#aligned) {
      if (lacking === undefined) return;
      this.#cutter.skip(lacking);
      this.#aligned = true;
    }
    for (const frame of this.#cutter.cut(bytes)) {
      const isControlFrame = isControl(frame[0]!);
      const continues = (frame[0]! & OPCODE_BITS) === Opcode.Continuation;
      if (!isControlFrame && !continues) this.#begun = true;
      if (this.#begun || isControlFrame) yield this.#describer.describe(frame);
    }
  }
}

/** Cuts a stream into frames. */
class FrameCutter {
  readonly #gathered = new ByteBuffer();
  /** How much of a frame's payload passes by without being gathered. */
  #skipped = 0;

  /** The next bytes are the rest of a frame. */
  skip(count: number): void {
    this.#skipped = count;
  }

  *cut(bytes: Uint8Array): Iterable<Uint8Array> {
    let at = Math.min(this.#skipped, bytes.length);
    this.#skipped -= at;
    this.#gathered.append(bytes, at);
    const held = this.#gathered.take();
    at = 0;
    while (held.length - at >= 2) {
      const size = headerSize(held[at + 1]!);
      if (held.length - at < size) break;
      const length = readLength(held, at);
      const end = at + size + (typeof length === "number" ? length : 0);
      if (end > held.length && end - at <= MOST_GATHERED) break;
      yield held.slice(at, Math.min(end, held.length));
      this.#skipped = Math.max(0, end - held.length);
      at = Math.min(end, held.length);
    }
    this.#gathered.append(held, at);
  }
}
