/**
 * Chapter 4.5 — Extensions (§5.8, §9, §9.1; RFC 7692 §5): what one is, and how both sides agree.
 *
 * permessage-deflate is one implementation of these interfaces; an application's own extension is another, and
 * nothing here or in the connection treats them differently.
 *
 * What this file must not know: DEFLATE, frames.
 * Next: handshake.ts.
 */

import type { ByteBuffer } from "../bytes.ts";
import { type ExtensionElement, isToken, type Parameter, writeExtension } from "./fields.ts";
import type { Role } from "./frame.ts";
import { quote, type ResponseRule } from "./refusal.ts";

export type { ExtensionElement, Parameter } from "./fields.ts";

/** What an application hands over to add an extension to a connection. Stateless: shared by all connections. */
export interface Extension {
  /** The registered token, §9.1. */
  readonly name: string;
  /** The one reserved bit (0b100 = RSV1, 0b010 = RSV2, 0b001 = RSV3) that marks a transformed message; 0 for none. */
  readonly reservedBit: ReservedBit;
  /** Client: the alternatives to offer, best first. An empty array offers nothing. */
  offers(): readonly (readonly Parameter[])[];
  /** Server: accepts one offer, or declines it with `undefined` (RFC 7692 §7: declining is never an error). */
  accept(offer: readonly Parameter[]): Agreement | undefined;
  /** Client: judges the server's answer. A string is the sentence that says why it must be refused, §4.1 (5). */
  confirm(answer: readonly Parameter[]): Agreement | string;
}

export type ReservedBit = 0b100 | 0b010 | 0b001 | 0;

/** What both sides agreed on for one connection. */
export interface Agreement {
  readonly name: string;
  readonly reservedBit: ReservedBit;
  /** The parameters as the response carries them. */
  readonly parameters: readonly Parameter[];
  /** Makes the state that one connection needs. `role` is this side's. Without it messages pass as they are. */
  codec?(role: Role): MessageCodec;
}

/** How `MessageCodec.decode` went. The peer's bytes never throw. */
export const Decoded = { Ok: 0, TooBig: 1, Corrupt: 2, Truncated: 3 } as const;
export type Decoded = (typeof Decoded)[keyof typeof Decoded];

/**
 * Transforms the messages of one connection, synchronously, where they stand. A message comes whole (`first` and
 * `last`) or in pieces, in order; messages never interleave, so one codec needs one state per direction.
 */
export interface MessageCodec {
  /**
   * Codecs with the same object here encode a message alike, whatever they have encoded before: it can be encoded
   * once for all of them. Absent where the outcome depends on earlier messages.
   */
  readonly sharing?: object;
  /**
   * Whether a message of so many bytes is worth it; when false it goes out as it is, without the reserved bit.
   * Infinity stands for a message in pieces, whose size nobody knows.
   */
  wants(size: number): boolean;
  /** Appends the transformed bytes to `output`. */
  encode(input: Uint8Array, output: ByteBuffer, last: boolean): void;
  /** Appends what the peer's transformed bytes mean; never more than `limit` bytes in `output`. */
  decode(input: Uint8Array, output: ByteBuffer, limit: number, last: boolean): Decoded;
}

// --- Negotiation ------------------------------------------------------------------------------------------------

const RESERVED_BITS: readonly ReservedBit[] = [0b100, 0b010, 0b001, 0];

/**
 * Throws TypeError for definitions that cannot be negotiated. Two extensions may want the same reserved bit: as
 * alternatives that is legal (RFC 7692 §5), and only one of them will be agreed on.
 */
export function checkExtensions(extensions: readonly Extension[]): void {
  const names = new Set<string>();
  for (const { name, reservedBit } of extensions) {
    if (!isToken(name)) throw new TypeError(`extensions: the name ${quote(String(name))} is not a token`);
    if (names.has(name)) throw new TypeError(`extensions: ${name} is there twice`);
    if (!RESERVED_BITS.includes(reservedBit)) {
      throw new TypeError(`extensions: the reservedBit of ${name} is not 4, 2, 1 or 0`);
    }
    names.add(name);
  }
}

/** Client: every alternative of every extension, in order of preference (§9.1). */
export function makeOffers(extensions: readonly Extension[]): ExtensionElement[] {
  return extensions.flatMap((extension) =>
    extension.offers().map((parameters) => ({ name: extension.name, parameters })),
  );
}

/**
 * Server: walks the client's offers in their order, which is its preference (RFC 7692 §5), and takes each one that
 * its extension accepts. An offer is passed over when its extension is unknown or already agreed on, when another
 * one has taken its reserved bit, or when it is declined: the next may do, and none is a reason to refuse. What was
 * not offered is never agreed on (RFC 6455 §4.2.2).
 */
export function acceptOffers(
  offers: readonly ExtensionElement[],
  extensions: readonly Extension[],
): readonly Agreement[] {
  const agreed: Agreement[] = [];
  for (const { name, parameters } of offers) {
    const extension = extensions.find((known) => known.name === name);
    if (extension === undefined || clash(extension, agreed) !== undefined) continue;
    const agreement = extension.accept(parameters);
    if (agreement !== undefined) agreed.push(checked(agreement, extension));
  }
  return agreed;
}

const NO_NAMES: readonly string[] = Object.freeze([]);

/** For whoever keeps the names, and not the parameters. All who agreed on nothing are given the same list. */
export function namesOf(agreed: readonly Agreement[]): readonly string[] {
  return agreed.length === 0 ? NO_NAMES : agreed.map(({ name }) => name);
}

/** Client: judges what the server accepted. All of it has to be right, or the connection fails (§4.1, §9.1). */
export function confirmAnswers(
  answers: readonly ExtensionElement[],
  offers: readonly ExtensionElement[],
  extensions: readonly Extension[],
): { readonly ok: true; readonly agreed: readonly Agreement[] } | AnswerFault {
  const agreed: Agreement[] = [];
  for (const { name, parameters } of answers) {
    const extension = extensions.find((known) => known.name === name);
    if (extension === undefined || !offers.some((offer) => offer.name === name)) {
      return { ok: false, rule: "extension-not-offered", detail: quote(name) };
    }
    const rule = clash(extension, agreed);
    if (rule !== undefined) return { ok: false, rule, detail: quote(name) };
    const agreement = extension.confirm(parameters);
    if (typeof agreement === "string") {
      const answer = quote(writeExtension({ name, parameters }));
      return { ok: false, rule: "extension-answer-refused", detail: `${answer}: ${agreement}` };
    }
    agreed.push(checked(agreement, extension));
  }
  return { ok: true, agreed };
}

export interface AnswerFault {
  readonly ok: false;
  readonly rule: ResponseRule;
  readonly detail: string;
}

/** Why an extension cannot join those agreed on. */
function clash(extension: Extension, agreed: readonly Agreement[]): ResponseRule | undefined {
  if (agreed.some(({ name }) => name === extension.name)) return "extension-accepted-twice";
  const { reservedBit } = extension;
  if (reservedBit !== 0 && agreed.some((other) => other.reservedBit === reservedBit)) {
    return "extension-conflict";
  }
  return undefined;
}

/** An agreement speaks for its extension: frames are judged by its reserved bit. */
function checked(agreement: Agreement, { name, reservedBit }: Extension): Agreement {
  if (agreement.name === name && agreement.reservedBit === reservedBit) return agreement;
  throw new TypeError(`extensions: ${name} agreed to another name or reservedBit than its own`);
}
