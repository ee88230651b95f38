/**
 * Chapter 10.2 — Every way a connection can fail to open: one error, with the rule that was broken.
 *
 * What a server may answer wrongly stands in protocol/refusal.ts; here are the ways to fail before it answers, and
 * those that lead elsewhere.
 *
 * What this file must not know: sockets, how any of it is found out.
 * Next: body.ts.
 */

import type { Fields } from "../../protocol/fields.ts";
import type { ResponseRefusal, ResponseRule } from "../../protocol/refusal.ts";

/** What was being done. */
export type ConnectPhase = "connect" | "proxy" | "tls" | "handshake" | "redirect";

const sentences = {
  network: "No connection could be made.",
  tls: "The TLS handshake failed.",
  ended: "The connection ended before there was an answer.",
  "handshake-timeout": "The connection did not open in time.",
  "proxy-refused": "The proxy opened no tunnel.",
  "too-many-redirects": "The server redirects more often than the option redirects allows.",
  "redirect-without-location": "The server redirects, but does not say where to.",
  "redirect-to-invalid-url": "The server redirects to what is no WebSocket URL.",
  "redirect-to-insecure": "The server redirects from an encrypted connection to one that is not.",
} as const;

/** The stable names of the rules: ours, and those of a server's answer. */
export type ConnectRule = keyof typeof sentences | ResponseRule;

/** An answer that did not open a connection, as far as it was read. */
export interface RefusedResponse {
  readonly status: number;
  readonly fields: Fields;
  /** As much of it as was read: 16 KiB at most. */
  readonly body: string;
}

export class ConnectError extends Error {
  override readonly name: string = "ConnectError";
  readonly phase: ConnectPhase;
  readonly rule: ConnectRule;
  /** The section that says so, where one does. */
  readonly section: string | undefined;
  /** What the server answered, or the proxy, if it did. */
  readonly response: RefusedResponse | undefined;

  constructor(
    phase: ConnectPhase,
    refusal: Pick<ResponseRefusal, "reason"> & { readonly rule: ConnectRule; readonly section?: string },
    { response, ...options }: ErrorOptions & { readonly response?: RefusedResponse | undefined } = {},
  ) {
    const { reason, rule, section } = refusal;
    super(section === undefined ? reason : `${reason} (${section})`, options);
    this.phase = phase;
    this.rule = rule;
    this.section = section;
    this.response = response;
  }

  /** Of the answer. */
  get status(): number | undefined {
    return this.response?.status;
  }
}

/** One of our own rules, with what was found. */
export function connectError(
  phase: ConnectPhase,
  rule: keyof typeof sentences,
  detail: string,
  options?: ErrorOptions & { readonly response?: RefusedResponse | undefined },
): ConnectError {
  return new ConnectError(phase, { rule, reason: `${sentences[rule]} ${detail}`.trimEnd() }, options);
}
