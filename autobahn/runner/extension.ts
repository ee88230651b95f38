/**
 * The judge, 4 — permessage-deflate agreed upon (RFC 7692 §7.1): what is offered, what is answered, what follows.
 *
 * As a client the judge accepts whatever answer is well-formed, also one that does not grant what was asked for: what
 * counts is whether the peer then compresses as it said. As a server it takes the first offer that allows what the
 * case is about.
 *
 * What this file must not know: where a header stands. Next: handshake.ts.
 */

import type { DeflateParameters } from "./deflate.ts";
import type { Role } from "./wire.ts";

/** What was agreed on: how the judge compresses, and how its peer does. */
export interface Agreement {
  readonly own: DeflateParameters;
  readonly peer: DeflateParameters;
}

/** What a case asks of its peer's compression. Nothing asked: the peer compresses as it likes. */
export interface Wish {
  readonly noContextTakeover: boolean;
  /** 9 or 15; none: not asked. */
  readonly windowBits?: number;
}

/** An element of Sec-WebSocket-Extensions: a name with parameters, which may lack a value. */
export interface Element {
  readonly name: string;
  readonly parameters: ReadonlyMap<string, string | undefined>;
}

const NAME = "permessage-deflate";
const FLAGS = ["server_no_context_takeover", "client_no_context_takeover"];
const SIZES = ["server_max_window_bits", "client_max_window_bits"];
const MAX_WINDOW_BITS = 15;

// --- As a client ----------------------------------------------------------------------------------------------

/** The value of Sec-WebSocket-Extensions in a request: one offer for each wish, the dearest first. */
export function offer(wishes: readonly Wish[]): string {
  return wishes
    .map(({ noContextTakeover, windowBits }) =>
      [
        NAME,
        "client_no_context_takeover",
        "client_max_window_bits",
        ...(noContextTakeover ? ["server_no_context_takeover"] : []),
        ...(windowBits === undefined ? [] : [`server_max_window_bits=${windowBits}`]),
      ].join("; "),
    )
    .join(", ");
}

/** What the server agreed to; undefined if to nothing; a sentence if its answer is not well-formed. */
export function accept(value: string | undefined): Agreement | undefined | string {
  if (value === undefined) return undefined;
  const elements = parseExtensions(value);
  if (elements === undefined) return `Sec-WebSocket-Extensions is not well-formed: ${value}`;
  if (elements.length > 1) return "more than one extension is answered, and one was offered";
  const [element] = elements;
  if (element!.name !== NAME) return `the extension ${element!.name} was not offered`;
  return flawOf(element!, false) ?? agreement(element!.parameters, "client");
}

// --- As a server ----------------------------------------------------------------------------------------------

export interface Answer {
  readonly value: string;
  readonly agreement: Agreement;
}

/** The answer to the first offer that one of the wishes fits; undefined if none does; a sentence if an offer is wrong. */
export function answer(value: string | undefined, wishes: readonly Wish[]): Answer | undefined | string {
  if (value === undefined) return undefined;
  const elements = parseExtensions(value);
  if (elements === undefined) return `Sec-WebSocket-Extensions is not well-formed: ${value}`;
  const offers = elements.filter((element) => element.name === NAME);
  for (const element of offers) {
    const flaw = flawOf(element, true);
    if (flaw !== undefined) return flaw;
  }
  for (const { parameters } of offers) {
    for (const wish of wishes) {
      if (wish.windowBits !== undefined && !parameters.has("client_max_window_bits")) continue;
      const granted = new Map<string, string | undefined>();
      for (const name of ["server_no_context_takeover", "server_max_window_bits"]) {
        if (parameters.has(name)) granted.set(name, parameters.get(name));
      }
      if (wish.noContextTakeover) granted.set("client_no_context_takeover", undefined);
      if (wish.windowBits !== undefined) granted.set("client_max_window_bits", String(wish.windowBits));
      return { value: written({ name: NAME, parameters: granted }), agreement: agreement(granted, "server") };
    }
  }
  return undefined;
}

// --- Both -----------------------------------------------------------------------------------------------------

function agreement(parameters: Element["parameters"], role: Role): Agreement {
  const side = (name: Role): DeflateParameters => ({
    windowBits: Number(parameters.get(`${name}_max_window_bits`) ?? MAX_WINDOW_BITS),
    noContextTakeover: parameters.has(`${name}_no_context_takeover`),
  });
  const [client, server] = [side("client"), side("server")];
  return role === "client" ? { own: client, peer: server } : { own: server, peer: client };
}

/** §7.1: parameters that are unknown, or whose values are not allowed. */
function flawOf({ parameters }: Element, isOffer: boolean): string | undefined {
  for (const [name, value] of parameters) {
    if (FLAGS.includes(name)) {
      if (value !== undefined) return `${name} takes no value`;
    } else if (SIZES.includes(name)) {
      // §7.1.2.2: only this one may come without a value, and only in an offer.
      if (value === undefined && isOffer && name === "client_max_window_bits") continue;
      if (!["8", "9", "10", "11", "12", "13", "14", "15"].includes(value ?? "")) {
        return `${name}=${value} is not between 8 and 15`;
      }
    } else {
      return `the parameter ${name} of permessage-deflate is unknown`;
    }
  }
  return undefined;
}

function written({ name, parameters }: Element): string {
  return [
    name,
    ...[...parameters].map(([key, value]) => (value === undefined ? key : `${key}=${value}`)),
  ].join("; ");
}

/** RFC 6455 §9.1; undefined if it is not the grammar, or if a parameter comes twice. */
export function parseExtensions(value: string): Element[] | undefined {
  const elements: Element[] = [];
  for (const part of splitOutsideQuotes(value, ",")) {
    const [name, ...pairs] = splitOutsideQuotes(part, ";").map((piece) => piece.trim());
    const parameters = new Map<string, string | undefined>();
    for (const pair of pairs) {
      const equals = pair.indexOf("=");
      const key = equals < 0 ? pair : pair.slice(0, equals).trim();
      const text = equals < 0 ? undefined : unquoted(pair.slice(equals + 1).trim());
      if (!isToken(key) || (text !== undefined && !isToken(text)) || parameters.has(key)) return undefined;
      parameters.set(key, text);
    }
    if (!isToken(name ?? "")) return undefined;
    elements.push({ name: name!, parameters });
  }
  return elements;
}

function splitOutsideQuotes(text: string, separator: string): string[] {
  const parts = [""];
  let quoted = false;
  for (const character of text) {
    if (character === '"') quoted = !quoted;
    if (character === separator && !quoted) parts.push("");
    else parts[parts.length - 1] += character;
  }
  return parts;
}

/** A quoted value must be a token once it is unquoted (§9.1), so there is nothing in it that needs a backslash. */
function unquoted(text: string): string {
  return text.length >= 2 && text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1) : text;
}

const TOKEN = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

export function isToken(text: string): boolean {
  return text.length > 0 && [...text].every((character) => TOKEN.includes(character));
}
