/**
 * Chapter 2.2 — Every way an opening handshake can be refused.
 *
 * The sibling of violation.ts, for the time before the first frame. Three tables: what may be wrong with the head
 * of any HTTP message, what a server refuses in a request (each rule with the status that answers it), and what a
 * client refuses in a response (nothing answers that: the connection is failed). Every rule has a test.
 *
 * What this file must not know: bytes, state, how a rule is checked.
 * Next: frame.ts.
 */

/** Wrong in either direction. `status` is what a server answers. */
export const headRefusals = {
  "head-too-long": {
    status: 431,
    section: "RFC 6585 §5",
    sentence: "The head is longer than the limit for heads.",
  },
  "field-line-too-long": {
    status: 431,
    section: "RFC 6585 §5",
    sentence: "A header field is longer than the limit for lines.",
  },
  "too-many-fields": {
    status: 431,
    section: "RFC 6585 §5",
    sentence: "The head has more header fields than the limit allows.",
  },
  "bare-carriage-return": {
    status: 400,
    section: "RFC 9112 §2.2",
    sentence: "A carriage return is not followed by a line feed.",
  },
  "bare-line-feed": {
    status: 400,
    section: "RFC 9112 §2.2",
    sentence: "A line ends without a carriage return.",
  },
  "control-byte": {
    status: 400,
    section: "RFC 9110 §5.5",
    sentence: "The head contains a control byte.",
  },
  "folded-line": {
    status: 400,
    section: "RFC 9112 §5.2",
    sentence: "A line starts with white space, as the obsolete folding of header fields did.",
  },
  "missing-colon": {
    status: 400,
    section: "RFC 9112 §5",
    sentence: "A header line has no colon.",
  },
  "space-before-colon": {
    status: 400,
    section: "RFC 9112 §5.1",
    sentence: "There is white space between the name of a header field and its colon.",
  },
  "invalid-field-name": {
    status: 400,
    section: "RFC 9110 §5.1",
    sentence: "The name of a header field is not a token.",
  },
} as const;

export const requestRefusals = {
  "request-line-too-long": {
    status: 414,
    section: "RFC 9112 §3",
    sentence: "The request line is longer than the limit for lines.",
  },
  "malformed-request-line": {
    status: 400,
    section: "RFC 9112 §3",
    sentence: "The request line is not a method, a target and an HTTP version, with one space between them.",
  },
  "unsupported-http-version": {
    status: 505,
    section: "RFC 6455 §4.2.1 (1)",
    sentence: "A WebSocket begins with HTTP/1.1.",
  },
  "method-not-get": {
    status: 405,
    section: "RFC 6455 §4.2.1 (1)",
    sentence: "A WebSocket begins with a GET request.",
  },
  "invalid-target": {
    status: 400,
    section: "RFC 9112 §3.2",
    sentence: "The request target is neither a path nor an absolute http, https, ws or wss URI.",
  },
  "missing-host": {
    status: 400,
    section: "RFC 9112 §3.2",
    sentence: "The request has no Host.",
  },
  "repeated-host": {
    status: 400,
    section: "RFC 9112 §3.2",
    sentence: "The request has more than one Host.",
  },
  "invalid-host": {
    status: 400,
    section: "RFC 9112 §3.2",
    sentence: "The value of Host is not a host with an optional port.",
  },
  "request-with-body": {
    status: 400,
    section: "RFC 6455 §4.2.1",
    sentence: "An upgrade request has no body, but this one announces one.",
  },
  "upgrade-missing": {
    status: 426,
    section: "RFC 6455 §4.2.1 (3)",
    sentence: "This is a WebSocket endpoint, but the request asks for no upgrade.",
  },
  "upgrade-not-websocket": {
    status: 426,
    section: "RFC 6455 §4.2.1 (3)",
    sentence: "The request asks for an upgrade, but not to websocket.",
  },
  "connection-not-upgrade": {
    status: 400,
    section: "RFC 6455 §4.2.1 (4)",
    sentence: "The Connection of the request does not list upgrade.",
  },
  "version-missing": {
    status: 426,
    section: "RFC 6455 §4.2.1 (6)",
    sentence: "The request has no Sec-WebSocket-Version.",
  },
  "version-repeated": {
    status: 400,
    section: "RFC 6455 §11.3.5",
    sentence: "The request has more than one Sec-WebSocket-Version.",
  },
  "version-not-13": {
    status: 426,
    section: "RFC 6455 §4.4",
    sentence: "The only version of the WebSocket protocol spoken here is 13.",
  },
  "key-missing": {
    status: 400,
    section: "RFC 6455 §4.2.1 (5)",
    sentence: "The request has no Sec-WebSocket-Key.",
  },
  "key-repeated": {
    status: 400,
    section: "RFC 6455 §11.3.1",
    sentence: "The request has more than one Sec-WebSocket-Key.",
  },
  "key-invalid": {
    status: 400,
    section: "RFC 6455 §4.2.1 (5)",
    sentence: "The Sec-WebSocket-Key is not the base64 form of 16 bytes.",
  },
  "origin-repeated": {
    status: 400,
    section: "RFC 6454 §7.3",
    sentence: "The request has more than one Origin.",
  },
  "subprotocols-malformed": {
    status: 400,
    section: "RFC 6455 §4.1 (10)",
    sentence: "The Sec-WebSocket-Protocol of the request is not a list of tokens.",
  },
  "subprotocols-not-unique": {
    status: 400,
    section: "RFC 6455 §4.1 (10)",
    sentence: "The request offers the same subprotocol twice.",
  },
  "too-many-subprotocols": {
    status: 400,
    section: "RFC 6455 §10.7",
    sentence: "The request offers more subprotocols than the limit allows.",
  },
  "extensions-malformed": {
    status: 400,
    section: "RFC 6455 §9.1",
    sentence: "The Sec-WebSocket-Extensions of the request is not a list of extensions.",
  },
  "too-many-extensions": {
    status: 400,
    section: "RFC 6455 §10.7",
    sentence: "The request offers more extensions than the limit allows.",
  },
} as const;

export const responseRefusals = {
  "status-line-too-long": {
    section: "RFC 9110 §17.5",
    sentence: "The status line is longer than the limit for lines.",
  },
  "malformed-status-line": {
    section: "RFC 9112 §4",
    sentence: "The response does not begin with an HTTP/1.1 status line.",
  },
  "too-many-interim-responses": {
    section: "RFC 9110 §15.2",
    sentence: "The server sent more interim responses than the limit allows.",
  },
  "status-not-101": {
    section: "RFC 6455 §4.1",
    sentence: "The server did not switch protocols.",
  },
  "switch-before-http-1.1": {
    section: "RFC 9110 §15.2",
    sentence: "The server switches protocols in a version of HTTP that has no interim responses.",
  },
  "switch-with-body": {
    section: "RFC 9110 §15.2",
    sentence: "The response that switches protocols announces a body.",
  },
  "switch-not-to-websocket": {
    section: "RFC 6455 §4.1",
    sentence: "The Upgrade of the response is not websocket.",
  },
  "switch-without-connection": {
    section: "RFC 6455 §4.1",
    sentence: "The Connection of the response does not list upgrade.",
  },
  "accept-missing": {
    section: "RFC 6455 §4.1",
    sentence: "The response has no Sec-WebSocket-Accept.",
  },
  "accept-repeated": {
    section: "RFC 6455 §11.3.3",
    sentence: "The response has more than one Sec-WebSocket-Accept.",
  },
  "accept-wrong": {
    section: "RFC 6455 §4.1",
    sentence: "The Sec-WebSocket-Accept does not answer the key of the request.",
  },
  "subprotocol-repeated": {
    section: "RFC 6455 §11.3.4",
    sentence: "The response has more than one Sec-WebSocket-Protocol.",
  },
  "subprotocol-not-offered": {
    section: "RFC 6455 §4.1",
    sentence: "The server chose a subprotocol that was not offered.",
  },
  "extension-answer-malformed": {
    section: "RFC 6455 §9.1",
    sentence: "The Sec-WebSocket-Extensions of the response is not a list of extensions.",
  },
  "extension-not-offered": {
    section: "RFC 6455 §4.1",
    sentence: "The server accepted an extension that was not offered.",
  },
  "extension-accepted-twice": {
    section: "RFC 6455 §9.1",
    sentence: "The server accepted the same extension twice.",
  },
  "extension-conflict": {
    section: "RFC 7692 §5",
    sentence: "The server accepted two extensions that use the same reserved bit.",
  },
  "extension-answer-refused": {
    section: "RFC 6455 §9.1",
    sentence: "The server accepted an extension with parameters that do not answer the offer.",
  },
} as const;

/** The stable names of the rules. */
export type HeadRule = keyof typeof headRefusals;
export type RequestRule = HeadRule | keyof typeof requestRefusals;
export type ResponseRule = HeadRule | keyof typeof responseRefusals;

/** Why a server refuses a request. */
export interface Refusal {
  readonly rule: RequestRule;
  /** The HTTP status that answers it. */
  readonly status: number;
  readonly section: string;
  /** What was wrong, with what was found: for logs. */
  readonly reason: string;
  /** What the peer is told: nothing that it sent is reflected. */
  readonly body: string;
}

/** Why a client refuses a response. */
export interface ResponseRefusal {
  readonly rule: ResponseRule;
  readonly section: string;
  readonly reason: string;
}

const requestTable: Record<RequestRule, { status: number; section: string; sentence: string }> = {
  ...headRefusals,
  ...requestRefusals,
};

const responseTable: Record<ResponseRule, { section: string; sentence: string }> = {
  ...headRefusals,
  ...responseRefusals,
};

export function refuseRequest(rule: RequestRule, detail = ""): Refusal {
  const { status, section, sentence } = requestTable[rule];
  return { rule, status, section, reason: withDetail(sentence, detail), body: sentence };
}

export function refuseResponse(rule: ResponseRule, detail = ""): ResponseRefusal {
  const { section, sentence } = responseTable[rule];
  return { rule, section, reason: withDetail(sentence, detail) };
}

function withDetail(sentence: string, detail: string): string {
  return detail === "" ? sentence : `${sentence} ${detail}`;
}

const LONGEST_QUOTE = 80;

/** The peer's text made fit for a log: cut short, in quotation marks, ASCII and on one line. */
export function quote(text: string): string {
  let quoted = "";
  for (let at = 0; at < text.length && at < LONGEST_QUOTE; at++) {
    const code = text.charCodeAt(at);
    const plain = code >= 0x20 && code < 0x7f && text[at] !== '"' && text[at] !== "\\";
    quoted += plain ? text[at] : `\\u${code.toString(16).padStart(4, "0")}`;
  }
  return `"${quoted}"${text.length > LONGEST_QUOTE ? "…" : ""}`;
}

/** A refusal as an error, for those who want to throw one. Nothing here does. */
export class HandshakeError extends Error {
  override readonly name: string = "HandshakeError";
  readonly rule: RequestRule | ResponseRule;
  readonly section: string;
  /** The server's answer to the request; in a client the status of the response, if one was read. */
  readonly status: number | undefined;

  constructor(refusal: (Refusal | ResponseRefusal) & { readonly status?: number | undefined }) {
    super(`${refusal.reason} (${refusal.section})`);
    this.rule = refusal.rule;
    this.section = refusal.section;
    this.status = refusal.status;
  }
}
