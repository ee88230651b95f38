/**
 * The judge, 7 — What a report shows of the wire: the log, and the counts. Its forms are those of the suite's reports,
 * so whatever reads those reads these.
 *
 * What this file must not know: what is right and wrong. Next: case.ts.
 */

import { isUtf8 } from "node:buffer";
import type { Frame } from "./wire.ts";

/** `[length, text]`, with long payloads cut. */
export type Shown = readonly [length: number, text: string];

/** The kinds are the suite's: RO, TO, RF, TF; CT, CTE, KL, KLE, TI, TIE for timers set and run out. */
export type LogEntry = readonly [kind: string, ...rest: unknown[]];

export type Counts = Record<string, number>;

/** What one direction carried, level by level: octets of TCP, of frames' payloads, of messages. */
export interface Traffic {
  wire: number;
  payload: number;
  application: number;
  frames: number;
  messages: number;
}

const CUT_BEYOND = 60;
const SHOWN = 64;

/** How a payload is shown: as text if it is text, else in hexadecimal; the beginning alone if it is long. */
export function show(payload: Uint8Array): string {
  const text = showWhole(payload);
  return payload.length > CUT_BEYOND ? `${text.slice(0, SHOWN)} ...` : text;
}

export function showWhole(payload: Uint8Array): string {
  return isUtf8(payload) ? Buffer.from(payload).toString("utf8") : `0x${hex(payload)}`;
}

export function hex(octets: Uint8Array): string {
  return Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString("hex");
}

function shownOctets(octets: Uint8Array): Shown {
  const isLong = octets.length > CUT_BEYOND;
  return [octets.length, isLong ? `${hex(octets.subarray(0, SHOWN))} ...` : hex(octets)];
}

export class Log {
  readonly entries: LogEntry[] = [];
  readonly rxOctetStats: Counts = {};
  readonly rxFrameStats: Counts = {};
  readonly txOctetStats: Counts = {};
  readonly txFrameStats: Counts = {};
  lastOctetAt: number = performance.now();
  readonly incoming: Traffic = { wire: 0, payload: 0, application: 0, frames: 0, messages: 0 };
  readonly outgoing: Traffic = { wire: 0, payload: 0, application: 0, frames: 0, messages: 0 };
  /** The longest category sends millions of frames, and only counts them. */
  readonly #isDetailed: boolean;

  constructor(isDetailed: boolean) {
    this.#isDetailed = isDetailed;
    if (!isDetailed) this.entries.push(["WLM", false]);
  }

  received(octets: Uint8Array): void {
    this.lastOctetAt = performance.now();
    count(this.rxOctetStats, octets.length);
    this.incoming.wire += octets.length;
    if (this.#isDetailed) this.entries.push(["RO", shownOctets(octets)]);
  }

  sent(octets: Uint8Array, queued: boolean): void {
    this.lastOctetAt = performance.now();
    count(this.txOctetStats, octets.length);
    this.outgoing.wire += octets.length;
    if (this.#isDetailed) this.entries.push(["TO", shownOctets(octets), queued]);
  }

  frameReceived({ fin, rsv, opcode, mask, payload }: Frame): void {
    count(this.rxFrameStats, opcode);
    this.incoming.frames++;
    this.incoming.payload += payload.length;
    if (!this.#isDetailed) return;
    const key = mask === undefined ? null : hex(mask);
    this.entries.push([
      "RF",
      [payload.length, show(payload)],
      opcode,
      fin,
      rsv,
      mask !== undefined,
      key,
    ] as const);
  }

  frameSent({ fin, rsv, opcode, mask, payload }: Frame, chop: number | null, queued: boolean): void {
    count(this.txFrameStats, opcode);
    this.outgoing.frames++;
    this.outgoing.payload += payload.length;
    if (!this.#isDetailed) return;
    const key = mask === undefined ? null : hex(mask);
    this.entries.push(["TF", [payload.length, show(payload)], opcode, fin, rsv, key, null, chop, queued]);
  }

  messageReceived(length: number): void {
    this.incoming.messages++;
    this.incoming.application += length;
  }

  messageSent(length: number): void {
    this.outgoing.messages++;
    this.outgoing.application += length;
  }

  /** Timers, and what else a case wants to be seen. */
  note(...entry: LogEntry): void {
    this.entries.push(entry);
  }
}

function count(counts: Counts, key: number): void {
  counts[key] = (counts[key] ?? 0) + 1;
}
