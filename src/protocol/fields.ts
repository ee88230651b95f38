/**
 * Chapter 4.1 — Header fields (RFC 9110 §5; RFC 6455 §4.3): the multimap, and the grammars of the values.
 *
 * A name or a value is a string in which each character is one byte (Latin-1), since that is all HTTP promises.
 * Every grammar is read in one pass by a cursor that only moves forwards, without regular expressions: each
 * character is looked at a bounded number of times, whoever wrote it. A value outside its grammar is `undefined`.
 *
 * What this file must not know: lines, heads, what a handshake makes of a value.
 * Next: http.ts.
 */

import { platformCoder } from "./utf8.ts";

// --- Fields -----------------------------------------------------------------------------------------------------

/** What an application may hand over as header fields: `[name, value]` pairs, a `Fields`, or a plain object. */
export type FieldsInput = Iterable<readonly [string, string]> | { readonly [name: string]: string };

/**
 * Header fields in their order, found by their name in any case. Peers choose the names: they are keys of a Map,
 * where `__proto__` and `constructor` mean nothing. Nothing is checked here; the writers in http.ts check it all.
 */
export class Fields implements Iterable<readonly [string, string]> {
  readonly #entries: (readonly [string, string])[] = [];
  readonly #values = new Map<string, string[]>();

  constructor(input: FieldsInput = []) {
    const entries = Symbol.iterator in input ? input : Object.entries(input);
    for (const [name, value] of entries) this.append(name, value);
  }

  get size(): number {
    return this.#entries.length;
  }

  append(name: string, value: string): void {
    const key = name.toLowerCase();
    const values = this.#values.get(key);
    if (values === undefined) this.#values.set(key, [value]);
    else values.push(value);
    this.#entries.push([name, value]);
  }

  has(name: string): boolean {
    return this.#values.has(name.toLowerCase());
  }

  /** Each value of that name, one per line, in order. */
  all(name: string): readonly string[] {
    return this.#values.get(name.toLowerCase()) ?? [];
  }

  /** All values of that name as one list, which is what several lines mean (RFC 9110 §5.3). */
  get(name: string): string | undefined {
    const values = this.#values.get(name.toLowerCase());
    return values === undefined || values.length === 1 ? values?.[0] : values.join(", ");
  }

  [Symbol.iterator](): Iterator<readonly [string, string]> {
    return this.#entries.values();
  }
}

// --- Characters -------------------------------------------------------------------------------------------------

const SPACE = 0x20;
const TAB = 0x09;
const DELETE = 0x7f;

const DIGITS = "0123456789";
const ALPHANUMERICS: string = `${DIGITS}ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz`;

/** RFC 9110 §5.6.2 (tchar): what RFC 2616 called any CHAR except CTLs or separators. */
const TOKEN: Uint8Array = setOf(`${ALPHANUMERICS}!#$%&'*+-.^_\`|~`);
/** RFC 3986 §3.2.2 (reg-name), without the percent sign that starts an escape. */
const REGISTERED_NAME: Uint8Array = setOf(`${ALPHANUMERICS}-._~!$&'()*+,;=`);
const HEXADECIMAL: Uint8Array = setOf(`${DIGITS}ABCDEFabcdef`);
const DECIMAL: Uint8Array = setOf(DIGITS);
const BASE64: Uint8Array = setOf(`${ALPHANUMERICS}+/`);

function setOf(characters: string): Uint8Array {
  const set = new Uint8Array(256);
  for (let at = 0; at < characters.length; at++) set[characters.charCodeAt(at)] = 1;
  return set;
}

function consistsOf(text: string, set: Uint8Array): boolean {
  for (let at = 0; at < text.length; at++) {
    if (set[text.charCodeAt(at)] !== 1) return false;
  }
  return text !== "";
}

export function isToken(text: string): boolean {
  return consistsOf(text, TOKEN);
}

/** SP or HTAB. */
export function isSpace(code: number): boolean {
  return code === SPACE || code === TAB;
}

/** Whether this byte may stand inside a line: HTAB, SP, visible ASCII, or obs-text (RFC 9110 §5.5). */
export function isText(code: number): boolean {
  return (code >= SPACE && code !== DELETE && code <= 0xff) || code === TAB;
}

/** Whether it can be written as the value of a field: no CR, LF, NUL, other control, or more than a byte. */
export function isFieldValue(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    if (!isText(text.charCodeAt(at))) return false;
  }
  return true;
}

/** Visible ASCII only: no space, no control, no byte above 0x7e; not empty. */
export function isVisible(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code <= SPACE || code >= DELETE) return false;
  }
  return text !== "";
}

/** As many arguments as one call is given: far below what any engine's stack bears. */
const LATIN1_STEP = 4096;

/**
 * Bytes as a string of one character each. A TextDecoder cannot: its "latin1" is windows-1252. Where the platform has
 * nothing for it, `apply` does, which takes any list of numbers, whatever its type says: 93 bytes in 0.35 µs, against
 * 1.8 µs spread out as arguments and 0.59 µs added one by one (Node 20).
 */
export function fromLatin1(bytes: Uint8Array, start = 0, end: number = bytes.length): string {
  const coder = platformCoder();
  if (coder !== undefined) return coder.latin1(bytes, start, end);
  let text = "";
  for (let at = start; at < end; at += LATIN1_STEP) {
    const step: unknown = bytes.subarray(at, Math.min(end, at + LATIN1_STEP));
    text += String.fromCharCode.apply(null, step as number[]);
  }
  return text;
}

/** The reverse, for text whose characters are known to be bytes. */
export function toLatin1(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at);
  return bytes;
}

/**
 * The same text by itself, for whoever keeps it. V8 makes a piece of 13 characters or more a view of what it was cut out
 * of. Kept as long as a peer is connected, a target of 40 characters would hold its request line, and take 104 bytes
 * instead of 56; an address that a proxy reported would hold the whole field, up to 8 KiB (Node 20.20).
 */
export function detached(text: string): string {
  return fromLatin1(toLatin1(text));
}

// --- Lists ------------------------------------------------------------------------------------------------------

/** A place in a value. It never moves back. */
class Cursor {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get atEnd(): boolean {
    return this.#at === this.#text.length;
  }

  skipSpace(): void {
    while (isSpace(this.#text.charCodeAt(this.#at))) this.#at++;
  }

  /** Steps over `character` if it stands here. */
  take(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  /** The longest run of token characters from here; `undefined` when it is empty. */
  token(): string | undefined {
    const start = this.#at;
    while (TOKEN[this.#text.charCodeAt(this.#at)] === 1) this.#at++;
    return this.#at === start ? undefined : this.#text.slice(start, this.#at);
  }

  tokenCharacter(): string | undefined {
    if (TOKEN[this.#text.charCodeAt(this.#at)] !== 1) return undefined;
    return this.#text[this.#at++];
  }
}

/**
 * `#element` (RFC 9110 §5.6.1): elements with commas between them. A recipient has to ignore empty elements, such
 * as in "a,,b"; how many there can be is limited by the size of a head.
 */
function readList<Element>(
  value: string,
  readElement: (cursor: Cursor) => Element | undefined,
): Element[] | undefined {
  const cursor = new Cursor(value);
  const elements: Element[] = [];
  for (;;) {
    do cursor.skipSpace();
    while (cursor.take(","));
    if (cursor.atEnd) return elements;
    const element = readElement(cursor);
    if (element === undefined) return undefined;
    elements.push(element);
    cursor.skipSpace();
    if (!cursor.atEnd && !cursor.take(",")) return undefined;
  }
}

/** `#token`: Connection (RFC 9110 §7.6.1) and Sec-WebSocket-Protocol (RFC 6455 §4.3). */
export function readTokens(value: string): string[] | undefined {
  return readList(value, (cursor) => cursor.token());
}

/** `#protocol`: Upgrade (RFC 9110 §7.8), where a protocol is a name, or a name with a slash and a version. */
export function readProtocols(value: string): string[] | undefined {
  return readList(value, (cursor) => {
    const name = cursor.token();
    if (name === undefined || !cursor.take("/")) return name;
    const version = cursor.token();
    return version === undefined ? undefined : `${name}/${version}`;
  });
}

// --- Extensions -------------------------------------------------------------------------------------------------

/** One parameter of an extension: `name` alone has the value `true`, `name=value` a string (already unquoted). */
export interface Parameter {
  readonly name: string;
  readonly value: string | true;
}

/** One element of a Sec-WebSocket-Extensions header, §9.1. */
export interface ExtensionElement {
  readonly name: string;
  readonly parameters: readonly Parameter[];
}

/** §9.1: `1#extension`, so a list without any element is no list. */
export function readExtensions(value: string): ExtensionElement[] | undefined {
  const elements = readList(value, readExtension);
  return elements?.length === 0 ? undefined : elements;
}

/** §9.1 takes its grammar from RFC 2616, where white space may surround every separator: `a ; b = c` is valid. */
function readExtension(cursor: Cursor): ExtensionElement | undefined {
  const name = cursor.token();
  if (name === undefined) return undefined;
  const parameters: Parameter[] = [];
  cursor.skipSpace();
  while (cursor.take(";")) {
    cursor.skipSpace();
    const parameter = readParameter(cursor);
    if (parameter === undefined) return undefined;
    parameters.push(parameter);
    cursor.skipSpace();
  }
  return { name, parameters };
}

function readParameter(cursor: Cursor): Parameter | undefined {
  const name = cursor.token();
  if (name === undefined) return undefined;
  cursor.skipSpace();
  if (!cursor.take("=")) return { name, value: true };
  cursor.skipSpace();
  const value = cursor.take('"') ? readQuoted(cursor) : cursor.token();
  return value === undefined ? undefined : { name, value };
}

/**
 * What stands between the quotation marks must be a token once unescaped (§9.1), so whatever is not a token
 * character ends the matter at once, and a backslash may only precede a character that did not need one.
 */
function readQuoted(cursor: Cursor): string | undefined {
  let value = "";
  while (!cursor.take('"')) {
    const piece = cursor.take("\\") ? cursor.tokenCharacter() : cursor.token();
    if (piece === undefined) return undefined;
    value += piece;
  }
  return value === "" ? undefined : value;
}

/** One element as the header carries it. Values are tokens, so quotation marks are never needed. */
export function writeExtension({ name, parameters }: ExtensionElement): string {
  const parts = [checkedToken(name)];
  for (const parameter of parameters) {
    const { value } = parameter;
    const key = checkedToken(parameter.name);
    parts.push(value === true ? key : `${key}=${checkedToken(value)}`);
  }
  return parts.join("; ");
}

function checkedToken(text: string): string {
  if (!isToken(text)) throw new TypeError(`extensions: ${JSON.stringify(text)} is not a token`);
  return text;
}

// --- Host -------------------------------------------------------------------------------------------------------

const LAST_PORT = 65535;

/** `uri-host [ ":" port ]` (RFC 9110 §7.2). The host must not be empty: RFC 6455 §4.2.1 (2) asks for an authority. */
export function isHost(value: string): boolean {
  // A colon inside brackets belongs to the address; any other one starts the port.
  const hostEnd = value.startsWith("[") ? value.indexOf("]") + 1 : value.indexOf(":");
  const host = hostEnd === -1 ? value : value.slice(0, hostEnd);
  const port = value.slice(host.length);
  return (isAddressLiteral(host) || isRegisteredName(host)) && (port === "" || isPort(port));
}

/** A colon and a number. RFC 3986 §3.2.3 lets the number be absent, and written with leading zeros. */
function isPort(text: string): boolean {
  return text === ":" || (text.startsWith(":") && decimal(text.slice(1)) <= LAST_PORT);
}

/** The value of a run of digits; NaN, which compares false with everything, for any other text. */
function decimal(text: string): number {
  return consistsOf(text, DECIMAL) ? Number(text) : Number.NaN;
}

function isRegisteredName(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    if (REGISTERED_NAME[text.charCodeAt(at)] === 1) continue;
    const escaped = text.slice(at + 1, at + 3);
    if (text[at] !== "%" || escaped.length < 2 || !consistsOf(escaped, HEXADECIMAL)) return false;
    at += 2;
  }
  return text !== "";
}

/** Decision: of the literals in RFC 3986 §3.2.2, IPvFuture is refused, since no such version exists. */
function isAddressLiteral(text: string): boolean {
  return text.startsWith("[") && text.endsWith("]") && isIPv6(text.slice(1, -1));
}

/** Eight groups of hexadecimal digits; `::`, once, stands for the missing ones; IPv4 may stand for the last two. */
function isIPv6(text: string): boolean {
  const halves = text.split("::");
  if (halves.length > 2) return false;
  const groups = halves.flatMap((half) => (half === "" ? [] : half.split(":")));
  let count = groups.length;
  if (halves.at(-1) !== "" && isIPv4(groups.at(-1)!)) {
    groups.pop();
    count += 1;
  }
  if (!groups.every((group) => group.length <= 4 && consistsOf(group, HEXADECIMAL))) return false;
  return halves.length === 2 ? count < 8 : count === 8;
}

function isIPv4(text: string): boolean {
  const octets = text.split(".");
  return (
    octets.length === 4 && octets.every((octet) => decimal(octet) <= 255 && String(Number(octet)) === octet)
  );
}

// --- Sec-WebSocket-Key ------------------------------------------------------------------------------------------

const KEY_CHARACTERS = 22;

/**
 * §4.2.1 (5): base64 that decodes to 16 bytes has 22 characters and two of padding.
 * Decision: the 4 bits that the 22nd character has over may be anything. Erratum 3150 corrects the RFC's own
 * example, "AQIDBAUGBwgJCgsMDQ4PEC==", to end in "EA==", since an encoder leaves those bits zero; but
 * RFC 4648 §3.5 does not require a decoder to mind, and the key is used as a string, never decoded (RFC 6455 §4.2.2).
 */
export function isKey(value: string): boolean {
  return (
    value.length === KEY_CHARACTERS + 2 &&
    value.endsWith("==") &&
    consistsOf(value.slice(0, KEY_CHARACTERS), BASE64)
  );
}
