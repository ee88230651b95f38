/** One way to test all receiving: whole, cut at each byte, and byte by byte; pushed, and pulled. */

import { expect } from "vitest";
import { Connection } from "../../src/protocol/connection.ts";
import type { ConnectionOptions, Event, Handler } from "../../src/protocol/contract.ts";
import type { Role } from "../../src/protocol/frame.ts";
import { everyCut } from "./cuts.ts";
import { concat, type ReadFrame, readFrames } from "./frames.ts";

export interface Outcome {
  events: Event[];
  /** The frames that were written. */
  sent: ReadFrame[];
  /** How often the transport was told to end. */
  ends: number;
}

/** A connection that records what it is told and what it writes. A client's masking keys are 0. */
export function recorder(role: Role, options: ConnectionOptions = {}, reactions: Partial<Handler> = {}) {
  const events: Event[] = [];
  const written: Uint8Array[] = [];
  let ends = 0;
  const handler: Handler = {
    write: (bytes) => {
      written.push(bytes.slice());
    },
    end: () => {
      ends++;
    },
    onText: (data) => {
      events.push({ type: "text", data });
      reactions.onText?.(data);
    },
    onUtf8: (data) => {
      events.push({ type: "utf8", data: data.slice() });
      reactions.onUtf8?.(data);
    },
    onBinary: (data) => {
      events.push({ type: "binary", data: data.slice() });
      reactions.onBinary?.(data);
    },
    onPiece: (data, of, last) => {
      events.push({ type: "piece", of, data: data.slice(), last });
      reactions.onPiece?.(data, of, last);
    },
    onPing: (data) => {
      events.push({ type: "ping", data: data.slice() });
      reactions.onPing?.(data);
    },
    onPong: (data) => {
      events.push({ type: "pong", data: data.slice() });
      reactions.onPong?.(data);
    },
    onClose: (close) => {
      events.push({ type: "close", close });
      reactions.onClose?.(close);
    },
  };
  const connection = new Connection(role, handler, { random: (bytes) => bytes.fill(0), ...options });
  return {
    connection,
    events,
    written,
    /** What has come of it so far. */
    outcome(): Outcome {
      return { events, sent: readFrames(concat(...written)), ends };
    },
  };
}

export function pushed(
  role: Role,
  chunks: Iterable<Uint8Array>,
  options: ConnectionOptions,
  end: boolean,
): Outcome {
  const record = recorder(role, options);
  for (const chunk of chunks) record.connection.receive(chunk.slice());
  if (end) record.connection.receiveEnd();
  return record.outcome();
}

export function pulled(
  role: Role,
  chunks: Iterable<Uint8Array>,
  options: ConnectionOptions,
  end: boolean,
): Outcome {
  const record = recorder(role, options);
  const events: Event[] = [];
  for (const chunk of chunks) events.push(...record.connection.events(chunk.slice()));
  if (end) {
    record.connection.receiveEnd();
    events.push(...record.connection.events());
  }
  return { ...record.outcome(), events };
}

/**
 * Receives `bytes` in every way and returns what came of it, having made sure that it is the same each time. Without
 * `end`, the transport stays open afterwards.
 */
export function receiveEveryWay(
  role: Role,
  bytes: Uint8Array,
  options: ConnectionOptions = {},
  { end = false, same = (outcome: Outcome): unknown => outcome } = {},
): Outcome {
  const whole = pushed(role, [bytes], options, end);
  for (const chunks of everyCut(bytes)) {
    const cut = chunks.map(({ length }) => length).join("+");
    expect(same(pushed(role, chunks, options, end)), `pushed as ${cut}`).toEqual(same(whole));
    expect(same(pulled(role, chunks, options, end)), `pulled as ${cut}`).toEqual(same(whole));
  }
  return whole;
}
