/**
 * The judge, 13 — Turns of phrase that all categories share: who closes, and what an echo is.
 *
 * What this file must not know: any particular case. Next: 1-framing.ts.
 */

import type { Event, ExpectedClose } from "../case.ts";

/** The judge closes when it has what it wanted, and the peer answers. */
export const JUDGE_CLOSES: ExpectedClose = { closedByMe: true, closeCode: [1000], requireClean: true };

/** The peer fails the connection: with this code, without one, or just by ending TCP. */
export function peerFails(code: number): ExpectedClose {
  return { closedByMe: false, closeCode: [code], requireClean: false };
}

export function text(payload: string | Uint8Array): Event {
  return { type: "message", payload: Buffer.from(payload), binary: false };
}

export function binary(payload: Uint8Array): Event {
  return { type: "message", payload, binary: true };
}

export function pong(payload: string | Uint8Array): Event {
  return { type: "pong", payload: Buffer.from(payload) };
}

export function timeout(tag: string): Event {
  return { type: "timeout", tag };
}

/** How sending in pieces is said in a description. */
export function inPieces({ chop, sync }: Pieces): string {
  if (chop !== undefined) return ` Octets are sent in chops of ${chop}.`;
  return sync ? " Each frame is sent for itself." : "";
}

/** How frames are cut on their way: as octets, as frames, or not at all. */
export interface Pieces {
  readonly chop?: number;
  readonly sync?: boolean;
}

export const WHOLE: Pieces = {};
export const BY_FRAME: Pieces = { sync: true };
export const BY_OCTET: Pieces = { chop: 1 };
