/**
 * Chapter 4.2 — The slice of HTTP/1.1 that an upgrade needs (RFC 9112 §2 to §5).
 *
 * `HeadReader` takes the bytes of one head in whatever pieces they come and hands over what lies behind it.
 * `readTarget` judges a request target. `writeRequest` and `writeResponse` are the way back: nothing gets onto the
 * wire that they have not checked. There are no bodies, no trailers, no pipelining and no chunks here: the first
 * byte behind a head is already a frame.
 *
 * What this file must not know: WebSockets, apart from the names of the rules in refusal.ts.
 * Next: sha1.ts.
 */

import { ByteBuffer, EMPTY_BYTES } from "../bytes.ts";
import {
  Fields,
  fromLatin1,
  isFieldValue,
  isHost,
  isSpace,
  isText,
  isToken,
  isVisible,
  toLatin1,
} from "./fields.ts";
import { type HeadRule, quote, type RequestRule, type ResponseRule } from "./refusal.ts";

const CR = 0x0d;
const LF = 0x0a;

export interface RequestLine {
  readonly method: string;
  /** As it stands in the request line. */
  readonly target: string;
  /** The HTTP version: "1.1". */
  readonly version: string;
}

export interface StatusLine {
  readonly version: string;
  readonly status: number;
  /** The reason phrase, which may be empty. */
  readonly reason: string;
}

export interface RequestHead extends RequestLine {
  readonly fields: Fields;
}

export interface ResponseHead extends StatusLine {
  readonly fields: Fields;
}

// --- Limits -----------------------------------------------------------------------------------------------------

export interface HeadLimits {
  /** Bytes in a head, up to and including the empty line that ends it. */
  readonly maxHeadSize?: number;
  /** Bytes in one line, without its line end. */
  readonly maxLineLength?: number;
  readonly maxFields?: number;
}

/** Decision: RFC 9112 §3 recommends to take 8000 bytes of request line at least; the others are common practice. */
const DEFAULT_LIMITS: Required<HeadLimits> = { maxHeadSize: 16384, maxLineLength: 8192, maxFields: 100 };

/** The value of a limit that an application may have set: a positive integer, or the default. */
export function limit(name: string, value: number | undefined, byDefault: number): number {
  if (value === undefined) return byDefault;
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new RangeError(`${name} must be a positive integer, not ${value}`);
}

// --- Reading ----------------------------------------------------------------------------------------------------

/** What differs between the two directions. */
interface Messages {
  request: { startLine: RequestLine; rule: RequestRule };
  response: { startLine: StatusLine; rule: ResponseRule };
}

type Direction = keyof Messages;

/** How to read a start line: a string is the rule that it breaks. */
type Grammars = {
  readonly [D in Direction]: {
    readonly readStartLine: (line: string) => Messages[D]["startLine"] | Messages[D]["rule"];
    readonly tooLong: Messages[D]["rule"];
    readonly skipsEmptyLine: boolean;
  };
};

const grammars: Grammars = {
  // Decision: RFC 9112 §2.2 asks servers to ignore at least one empty line before a request line. It is one.
  request: { readStartLine: readRequestLine, tooLong: "request-line-too-long", skipsEmptyLine: true },
  response: { readStartLine: readStatusLine, tooLong: "status-line-too-long", skipsEmptyLine: false },
};

/** `undefined` when more bytes are needed. `rest` is a view of the chunk: what came behind the head. */
export type HeadResult<D extends Direction> =
  | undefined
  | {
      readonly ok: true;
      readonly head: Messages[D]["startLine"] & { readonly fields: Fields };
      readonly rest: Uint8Array;
    }
  | HeadFault<D>;

export interface HeadFault<D extends Direction> {
  readonly ok: false;
  readonly rule: Messages[D]["rule"];
  /** What was found, for people. */
  readonly detail: string;
}

/**
 * Reads one head. A byte is looked at when it arrives and again when its line is complete, never because another
 * chunk came. Between chunks only the fields and the torn line are held, as copies: no chunk is kept alive.
 */
export class HeadReader<D extends Direction> {
  readonly #grammar: Grammars[D];
  readonly #maxHeadSize: number;
  readonly #maxLineLength: number;
  readonly #maxFields: number;
  readonly #fields: Fields = new Fields();
  #startLine: Messages[D]["startLine"] | undefined;
  /** The beginning of a line whose end has not arrived. */
  readonly #torn: ByteBuffer = new ByteBuffer();
  /** A line whose carriage return has arrived, but not yet the line feed. */
  #line: string | undefined;
  /** Bytes of the head in the chunks before this one. */
  #headSize = 0;
  #emptyLineSkipped = false;
  #done = false;

  constructor(direction: D, limits: HeadLimits = {}) {
    this.#grammar = grammars[direction];
    this.#maxHeadSize = limit("maxHeadSize", limits.maxHeadSize, DEFAULT_LIMITS.maxHeadSize);
    this.#maxLineLength = limit("maxLineLength", limits.maxLineLength, DEFAULT_LIMITS.maxLineLength);
    this.#maxFields = limit("maxFields", limits.maxFields, DEFAULT_LIMITS.maxFields);
  }

  read(chunk: Uint8Array): HeadResult<D> {
    if (this.#done) throw new Error("HeadReader.read was called behind the end of the head");
    // Where, in this chunk, the line begins (or goes on), and where it and the head are too long.
    let lineStart = 0;
    let lineLimit = this.#maxLineLength - this.#torn.length;
    const headLimit = this.#maxHeadSize - this.#headSize;
    for (let at = 0; at < chunk.length; at++) {
      if (at === headLimit) return this.#refuse("head-too-long");
      const byte = chunk[at]!;
      if (this.#line !== undefined) {
        // RFC 9112 §2.2: a carriage return anywhere but in front of a line feed makes the message invalid.
        if (byte !== LF) return this.#refuse("bare-carriage-return", quote(this.#line));
        const line = this.#line;
        this.#line = undefined;
        lineStart = at + 1;
        lineLimit = lineStart + this.#maxLineLength;
        if (line === "" && this.#startLine !== undefined) {
          return this.#complete(this.#startLine, chunk.subarray(lineStart));
        }
        const rule = this.#readLine(line);
        if (rule !== undefined) return this.#refuse(rule, quote(line));
      } else if (byte === CR) {
        this.#line = this.#takeLine(chunk, lineStart, at);
      } else if (!isText(byte)) {
        // Decision: RFC 9112 §2.2 would let a recipient take a lone line feed for a line end. We do not: two
        // readings of one head, ours and a proxy's, are how requests are smuggled.
        return this.#refuse(byte === LF ? "bare-line-feed" : "control-byte", `0x${byte.toString(16)}`);
      } else if (at === lineLimit) {
        return this.#refuse(this.#startLine === undefined ? this.#grammar.tooLong : "field-line-too-long");
      }
    }
    if (this.#line === undefined) this.#torn.append(chunk, lineStart);
    this.#headSize += chunk.length;
    return undefined;
  }

  #takeLine(chunk: Uint8Array, start: number, end: number): string {
    if (this.#torn.length === 0) return fromLatin1(chunk, start, end);
    this.#torn.append(chunk, start, end);
    const line = fromLatin1(this.#torn.view());
    this.#torn.clear();
    return line;
  }

  /** Any line but the empty one that ends the head. Returns the rule that it breaks. */
  #readLine(line: string): Messages[D]["rule"] | undefined {
    if (this.#startLine !== undefined) return this.#readField(line);
    if (line === "" && this.#grammar.skipsEmptyLine && !this.#emptyLineSkipped) {
      this.#emptyLineSkipped = true;
      return undefined;
    }
    const startLine = this.#grammar.readStartLine(line);
    if (typeof startLine === "string") return startLine;
    this.#startLine = startLine;
    return undefined;
  }

  /** `field-name ":" OWS field-value OWS`, RFC 9112 §5. */
  #readField(line: string): HeadRule | undefined {
    if (this.#fields.size === this.#maxFields) return "too-many-fields";
    // RFC 9112 §5.2 and, for the first field line, §2.2: a line never starts with white space.
    if (isSpace(line.charCodeAt(0))) return "folded-line";
    const colon = line.indexOf(":");
    if (colon === -1) return "missing-colon";
    // RFC 9112 §5.1: a server must refuse this one, because it has been used to hide a field from a proxy.
    if (isSpace(line.charCodeAt(colon - 1))) return "space-before-colon";
    const name = line.slice(0, colon);
    if (!isToken(name)) return "invalid-field-name";
    this.#fields.append(name, withoutOuterSpace(line, colon + 1));
    return undefined;
  }

  #complete(startLine: Messages[D]["startLine"], rest: Uint8Array): HeadResult<D> {
    this.#done = true;
    return { ok: true, head: { ...startLine, fields: this.#fields }, rest };
  }

  #refuse(rule: Messages[D]["rule"], detail = ""): HeadFault<D> {
    this.#done = true;
    return { ok: false, rule, detail };
  }
}

function withoutOuterSpace(line: string, from: number): string {
  let start = from;
  let end = line.length;
  while (start < end && isSpace(line.charCodeAt(start))) start++;
  while (end > start && isSpace(line.charCodeAt(end - 1))) end--;
  return line.slice(start, end);
}

/** `method SP request-target SP HTTP-version`, RFC 9112 §3. */
function readRequestLine(line: string): RequestLine | RequestRule {
  const targetStart = line.indexOf(" ") + 1;
  const targetEnd = line.indexOf(" ", targetStart);
  const method = line.slice(0, Math.max(0, targetStart - 1));
  const version = readVersion(line.slice(targetEnd + 1));
  if (!isToken(method) || targetEnd <= targetStart || version === undefined) return "malformed-request-line";
  return { method, target: line.slice(targetStart, targetEnd), version };
}

const VERSION_LENGTH = "HTTP/1.1".length;

/**
 * `HTTP-version SP status-code SP [ reason-phrase ]`, RFC 9112 §4. Any HTTP/1 is read here, since a refusal from an
 * old server is still worth reporting; whether this version can switch protocols is for the handshake to say.
 */
function readStatusLine(line: string): StatusLine | ResponseRule {
  const version = readVersion(line.slice(0, VERSION_LENGTH));
  const status = line.slice(VERSION_LENGTH + 1, VERSION_LENGTH + 4);
  const spaced = line[VERSION_LENGTH] === " " && line[VERSION_LENGTH + 4] === " ";
  if (version?.startsWith("1.") !== true || !spaced || !isStatus(status)) return "malformed-status-line";
  return { version, status: Number(status), reason: line.slice(VERSION_LENGTH + 5) };
}

/** `"HTTP/" DIGIT "." DIGIT`, in capitals, RFC 9112 §2.3. */
function readVersion(text: string): string | undefined {
  const wellFormed =
    text.length === VERSION_LENGTH &&
    text.startsWith("HTTP/") &&
    isDigit(text[5]!) &&
    text[6] === "." &&
    isDigit(text[7]!);
  return wellFormed ? text.slice(5) : undefined;
}

/** Three digits, of which the first names a class, RFC 9110 §15. */
function isStatus(text: string): boolean {
  return text.length === 3 && text[0] !== "0" && isDigit(text[0]!) && isDigit(text[1]!) && isDigit(text[2]!);
}

function isDigit(character: string): boolean {
  return character >= "0" && character <= "9";
}

// --- Targets ----------------------------------------------------------------------------------------------------

export interface Target {
  /** Path and query: the resource name of RFC 6455 §3. */
  readonly path: string;
  /** What an absolute URI said, which then counts instead of Host (RFC 9112 §3.2.2). */
  readonly authority: string | undefined;
}

/** Decision: RFC 6455 §4.2.1 (1) names http and https; ws and wss are what the client's own URI begins with. */
const SCHEMES: ReadonlySet<string> = new Set(["http", "https", "ws", "wss"]);

/**
 * origin-form or absolute-form (RFC 9112 §3.2); `undefined` for everything else. A fragment is never sent (§3).
 * Decision: any visible ASCII may stand in a path. RFC 3986 has fewer characters, browsers send more than those.
 */
export function readTarget(target: string): Target | undefined {
  if (!isVisible(target) || target.includes("#")) return undefined;
  if (target.startsWith("/")) return { path: target, authority: undefined };
  const schemeEnd = target.indexOf("://");
  if (schemeEnd === -1 || !SCHEMES.has(target.slice(0, schemeEnd).toLowerCase())) return undefined;
  const authorityStart = schemeEnd + "://".length;
  let authorityEnd = authorityStart;
  while (authorityEnd < target.length && target[authorityEnd] !== "/" && target[authorityEnd] !== "?") {
    authorityEnd++;
  }
  // User information fails here, as RFC 9110 §4.2.4 advises: "@" is no character of a host.
  const authority = target.slice(authorityStart, authorityEnd);
  if (!isHost(authority)) return undefined;
  const path = target.slice(authorityEnd);
  return { path: path.startsWith("/") ? path : `/${path}`, authority };
}

/**
 * Whether a head announces content behind it (RFC 9112 §6.3). Here nothing may, in either direction.
 * Decision: `Content-Length: 0`, once and in this form, announces nothing.
 */
export function announcesBody(fields: Fields): boolean {
  const length = fields.get("Content-Length");
  return fields.has("Transfer-Encoding") || (length !== undefined && length !== "0");
}

// --- Writing ----------------------------------------------------------------------------------------------------

const reasonPhrases: Readonly<Record<number, string>> = {
  101: "Switching Protocols",
  301: "Moved Permanently",
  302: "Found",
  303: "See Other",
  307: "Temporary Redirect",
  308: "Permanent Redirect",
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  408: "Request Timeout",
  410: "Gone",
  414: "URI Too Long",
  426: "Upgrade Required",
  429: "Too Many Requests",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  502: "Bad Gateway",
  503: "Service Unavailable",
  505: "HTTP Version Not Supported",
};

/** RFC 9112 §4 lets a reason phrase be empty; it is, for a status that is not in the table. */
export function reasonPhrase(status: number): string {
  return reasonPhrases[status] ?? "";
}

/** Throws TypeError for anything that would not be read back as it was meant: nothing can be injected. */
export function writeRequest({ method, target, fields }: Omit<RequestHead, "version">): Uint8Array {
  if (!isToken(method)) throw new TypeError(`method: ${quote(method)} is not a token`);
  // RFC 9112 §3.2.3: a proxy is asked to connect to a host and port, and to nothing else.
  const isTarget = method === "CONNECT" ? isHost(target) : readTarget(target) !== undefined;
  if (!isTarget) throw new TypeError(`target: ${quote(target)} is not a request target`);
  return writeHead(`${method} ${target} HTTP/1.1`, fields);
}

export function writeResponse(
  { status, reason, fields }: Omit<ResponseHead, "version">,
  body: Uint8Array = EMPTY_BYTES,
): Uint8Array {
  if (!isStatus(String(status))) throw new RangeError(`status must be three digits, not ${status}`);
  if (!isFieldValue(reason)) throw new TypeError(`reason: ${quote(reason)} is not a reason phrase`);
  const head = writeHead(`HTTP/1.1 ${status} ${reason}`, fields);
  if (body.length === 0) return head;
  const response = new Uint8Array(head.length + body.length);
  response.set(head);
  response.set(body, head.length);
  return response;
}

/** What every header field has to be before it is written: RFC 9110 §5.1, §5.5. */
export function checkField(name: string, value: string, option = "fields"): void {
  if (!isToken(name)) throw new TypeError(`${option}: ${quote(name)} is not the name of a header field`);
  if (typeof value !== "string" || !isFieldValue(value)) {
    throw new TypeError(`${option}: the value of ${name} has a character that no header field can carry`);
  }
}

function writeHead(startLine: string, fields: Fields): Uint8Array {
  let text = `${startLine}\r\n`;
  for (const [name, value] of fields) {
    checkField(name, value);
    text += `${name}: ${value}\r\n`;
  }
  return toLatin1(`${text}\r\n`);
}
