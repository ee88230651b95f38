/**
 * Chapter 2.1 — Every way a peer can be wrong.
 *
 * One table of what may be wrong with the frames of an open connection, each rule with the close code it costs
 * (§7.4.1). No frame is refused without a name from here, and every name has a test that provokes it. What may be
 * wrong with the opening handshake stands in refusal.ts.
 *
 * What this file must not know: bytes, state, how a rule is checked.
 * Next: refusal.ts.
 */

export interface Violation {
  /** The status code of the Close frame that answers it, §7.4.1. */
  readonly code: 1002 | 1007 | 1009;
  /** Where it is written. */
  readonly section: string;
  /** What was wrong, in one sentence. */
  readonly sentence: string;
}

export const violations = {
  "reserved-bit": {
    code: 1002,
    section: "RFC 6455 §5.2",
    sentence: "A reserved bit is set that no negotiated extension gives a meaning to.",
  },
  "reserved-bit-on-control-frame": {
    code: 1002,
    section: "RFC 7692 §6.1",
    sentence: "A control frame carries the reserved bit of an extension that transforms messages.",
  },
  "reserved-bit-on-continuation": {
    code: 1002,
    section: "RFC 7692 §6.1",
    sentence: "The reserved bit of an extension is set on a fragment that is not the first of its message.",
  },
  "unknown-opcode": {
    code: 1002,
    section: "RFC 6455 §5.2",
    sentence: "The opcode is one of those reserved for later versions.",
  },
  "fragmented-control-frame": {
    code: 1002,
    section: "RFC 6455 §5.5",
    sentence: "A control frame has FIN clear, but control frames are never fragmented.",
  },
  "control-frame-too-long": {
    code: 1002,
    section: "RFC 6455 §5.5",
    sentence: "A control frame declares a payload of more than 125 bytes.",
  },
  "unmasked-frame": {
    code: 1002,
    section: "RFC 6455 §5.1",
    sentence: "A frame from the client is not masked.",
  },
  "masked-frame": {
    code: 1002,
    section: "RFC 6455 §5.1",
    sentence: "A frame from the server is masked.",
  },
  "length-not-minimal": {
    code: 1002,
    section: "RFC 6455 §5.2",
    sentence: "The payload length is not written in the fewest possible bytes.",
  },
  "length-top-bit": {
    code: 1002,
    section: "RFC 6455 §5.2",
    sentence: "The most significant bit of a 64-bit payload length is set.",
  },
  "length-unsafe": {
    code: 1009,
    section: "RFC 6455 §10.4",
    sentence: "The payload length is above 2^53 - 1, which no message here can reach.",
  },
  "frame-too-big": {
    code: 1009,
    section: "RFC 6455 §10.4",
    sentence: "A frame declares more payload than the limit for frames.",
  },
  "message-too-big": {
    code: 1009,
    section: "RFC 6455 §10.4",
    sentence: "A message would pass the limit for messages.",
  },
  "decoded-message-too-big": {
    code: 1009,
    section: "RFC 6455 §10.4",
    sentence: "A message would pass the limit for messages once its extensions have decoded it.",
  },
  "unexpected-continuation": {
    code: 1002,
    section: "RFC 6455 §5.4",
    sentence: "A continuation frame arrived although no message was begun.",
  },
  "expected-continuation": {
    code: 1002,
    section: "RFC 6455 §5.4",
    sentence: "A new data frame arrived inside a fragmented message.",
  },
  "invalid-utf8": {
    code: 1007,
    section: "RFC 6455 §8.1",
    sentence: "A text message is not valid UTF-8.",
  },
  "corrupt-message": {
    code: 1007,
    section: "RFC 7692 §7.2.2",
    sentence: "The payload of a message is not what its extension can decode.",
  },
  "truncated-message": {
    code: 1007,
    section: "RFC 7692 §7.2.2",
    sentence: "A compressed message ends inside a DEFLATE block.",
  },
  "close-payload-of-one-byte": {
    code: 1002,
    section: "RFC 6455 §5.5.1",
    sentence: "A Close frame carries one byte, which is no status code.",
  },
  "invalid-close-code": {
    code: 1002,
    section: "RFC 6455 §7.4",
    sentence: "A Close frame carries a status code that must not be sent.",
  },
  "invalid-close-reason": {
    code: 1007,
    section: "RFC 6455 §5.5.1",
    sentence: "The reason in a Close frame is not valid UTF-8.",
  },
} as const;

/** The stable name of a rule about frames. */
export type Rule = keyof typeof violations;

/** The peer broke a rule of the open connection. It is a value in `Closed.error`; it is never thrown by `receive`. */
export class ProtocolError extends Error {
  override readonly name: string = "ProtocolError";
  readonly rule: Rule;
  /** The close code that answered it. */
  readonly code: number;
  readonly section: string;

  constructor(rule: Rule) {
    const { code, section, sentence }: Violation = violations[rule];
    super(`${sentence} (${section})`);
    this.rule = rule;
    this.code = code;
    this.section = section;
  }
}
