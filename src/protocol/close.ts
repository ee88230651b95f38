/**
 * Chapter 3.4 — The Close frame (§5.5.1, §7.4): status codes and payloads.
 *
 *   0–999        never used                                      1007–1011  as registered in §7.4.1
 *   1000–1003    as registered in §7.4.1                         1012–1014  registered since (IANA)
 *   1004         reserved                                        1015       only reported (TLS failure)
 *   1005, 1006   only reported, never sent (§7.4.1)              1016–2999  reserved for the protocol
 *                                                                3000–4999  libraries (registered) and applications
 *
 * What this file must not know: who closes, and what happens then (connection.ts).
 * Next: frame-reader.ts.
 */

import { MAX_CONTROL_PAYLOAD } from "./frame.ts";
import { decodeUtf8 } from "./utf8.ts";
import type { Rule } from "./violation.ts";

export const CloseCode = {
  Normal: 1000,
  GoingAway: 1001,
  ProtocolError: 1002,
  UnsupportedData: 1003,
  /** Reported when a Close frame came without a status code; never sent. */
  NoStatus: 1005,
  /** Reported when the connection ended without a Close frame; never sent. */
  Abnormal: 1006,
  InvalidPayload: 1007,
  PolicyViolation: 1008,
  MessageTooBig: 1009,
  MandatoryExtension: 1010,
  InternalError: 1011,
  ServiceRestart: 1012,
  TryAgainLater: 1013,
  BadGateway: 1014,
} as const;
export type CloseCode = (typeof CloseCode)[keyof typeof CloseCode];

/** Two bytes of the payload are the status code. */
export const MAX_REASON_BYTES: number = MAX_CONTROL_PAYLOAD - 2;

/**
 * §7.4: whether a code may stand in a Close frame. One rule for both directions: what we would refuse to receive we
 * refuse to send.
 * Decision: 1012–1014 are accepted although they are younger than the RFC; IANA has registered them for this use.
 * 1016–2999 are refused: §7.4.2 reserves them for revisions of this protocol, and none has defined one.
 */
export function isValidCloseCode(code: number): boolean {
  if (code >= 3000) return code <= 4999;
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014);
}

export interface ClosePayload {
  /** 1005 where the frame carried none. */
  readonly code: number;
  readonly reason: string;
}

export const NO_STATUS: ClosePayload = { code: CloseCode.NoStatus, reason: "" };

/** §5.5.1: what a received Close frame says, or the rule that its payload breaks. */
export function readClosePayload(payload: Uint8Array): ClosePayload | Rule {
  if (payload.length === 0) return NO_STATUS;
  if (payload.length === 1) return "close-payload-of-one-byte";
  const code = (payload[0]! << 8) | payload[1]!;
  if (!isValidCloseCode(code)) return "invalid-close-code";
  const reason = decodeUtf8(payload.subarray(2));
  return reason === undefined ? "invalid-close-reason" : { code, reason };
}

/** The payload of a Close frame. A `reason` that is too long is the caller's mistake (see `checkClose`). */
export function writeClosePayload(code: number | undefined, reason: string): Uint8Array {
  if (code === undefined) return new Uint8Array(0);
  const encoded = encoder.encode(reason);
  const payload = new Uint8Array(2 + encoded.length);
  payload[0] = code >>> 8;
  payload[1] = code;
  payload.set(encoded, 2);
  return payload;
}

const encoder = new TextEncoder();

/** Throws where an application asks for a Close frame that must not exist. */
export function checkClose(code: number | undefined, reason: string): void {
  if (code === undefined) {
    if (reason !== "") throw new TypeError("close: a reason needs a code before it (RFC 6455 §5.5.1)");
    return;
  }
  if (!Number.isInteger(code) || !isValidCloseCode(code)) {
    throw new RangeError(
      `close: ${code} may not be sent; use 1000-1003, 1007-1014 or 3000-4999 (RFC 6455 §7.4)`,
    );
  }
  if (typeof reason !== "string") throw new TypeError("close: the reason must be a string");
  const size = encoder.encode(reason).length;
  if (size > MAX_REASON_BYTES) {
    throw new RangeError(
      `close: the reason has ${size} bytes of UTF-8, but ${MAX_REASON_BYTES} are the most a Close frame can carry`,
    );
  }
}
