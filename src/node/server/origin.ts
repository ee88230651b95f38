/**
 * Chapter 9.1 — Who may connect from a web page (§4.2.2 (4), §10.2).
 *
 * A browser opens a WebSocket to any server that any page names, and sends the cookies it has for that server. No
 * answer has to permit it, as `fetch` would need: only the server can refuse, and only Origin tells it whose page it
 * is. So a page of the server's own origin may connect, and others must be named.
 *
 * What this does not hold off: programs that are no browsers, which write any Origin they like (§10.2), and names
 * that are made to point at this server (DNS rebinding), for then Origin and Host agree. A list of origins stops
 * the latter.
 *
 * What this file must not know: requests, connections, how a refusal is answered (§10.2: with 403).
 * Next: address.ts.
 */

import { isHost, isToken } from "../../protocol/fields.ts";
import { quote } from "../../protocol/refusal.ts";

/**
 * `"same"`: the page comes from the host it connects to. A list: it comes from one of these, written
 * `https://example.com`, `http://localhost:3000`, or `https://*.example.com` for all subdomains at any depth, but not
 * the domain itself. A function is asked about every request that has an Origin, as the client wrote it.
 */
export type OriginOption<Request> =
  | "same"
  | "any"
  | readonly string[]
  | ((origin: string, request: Request) => boolean);

/**
 * Whether a request may become a connection. `host` is its Host; `secure` is whether the client's connection is
 * encrypted: here, or, as a trusted proxy reports, as far as the proxy.
 */
export type OriginPolicy<Request> = (
  origin: string | undefined,
  host: string,
  secure: boolean,
  request: Request,
) => boolean;

/**
 * §4.2.1 (7): who sends no Origin is no browser, and every policy lets it pass: there is no user whose cookies could
 * be abused. A list that is wrong throws here, and not at the first request.
 */
export function originPolicy<Request = unknown>(
  option: OriginOption<Request> = "same",
): OriginPolicy<Request> {
  if (option === "any") return () => true;
  if (option === "same") {
    return (origin, host, secure) => origin === undefined || isSameOrigin(readOrigin(origin), host, secure);
  }
  if (typeof option === "function") {
    return (origin, _host, _secure, request) => origin === undefined || ask(option, origin, request);
  }
  if (!Array.isArray(option)) {
    throw new TypeError('origin: must be "same", "any", a list of origins or a function');
  }
  const isListed = listOf(option);
  return (origin) => origin === undefined || isListed(readOrigin(origin));
}

/** A promise is not an answer, and must not count as one that is true. */
function ask<Request>(
  predicate: (origin: string, request: Request) => boolean,
  origin: string,
  request: Request,
): boolean {
  const answer: unknown = predicate(origin, request);
  if (typeof answer !== "boolean") throw new TypeError("origin: the function must return true or false");
  return answer;
}

// --- Reading ----------------------------------------------------------------------------------------------------

/** A host and its port. Names are the same in any case; so they are in lower case here. */
export interface Authority {
  readonly host: string;
  readonly port: number | undefined;
}

export function readAuthority(text: string): Authority | undefined {
  if (!isHost(text)) return undefined;
  const colon = text.indexOf(":", text.startsWith("[") ? text.indexOf("]") : 0);
  const host = colon === -1 ? text : text.slice(0, colon);
  const port = text.slice(host.length + 1);
  return { host: host.toLowerCase(), port: port === "" ? undefined : Number(port) };
}

/** RFC 6454 §4: scheme, host and port; the port is always there where the scheme has a default one. */
interface Origin extends Authority {
  readonly scheme: string;
}

const DEFAULT_PORTS: ReadonlyMap<string, number> = new Map([
  ["http", 80],
  ["https", 443],
]);

/**
 * RFC 6454 §7.1: one origin, with nothing behind it. Everything else is foreign to every policy: "null", which is
 * said of every sandboxed frame and local file, whoever wrote it; and several origins, where a single one would have
 * to vouch for the others.
 */
function readOrigin(text: string): Origin | undefined {
  const schemeEnd = text.indexOf("://");
  if (schemeEnd === -1) return undefined;
  const scheme = text.slice(0, schemeEnd).toLowerCase();
  const authority = readAuthority(text.slice(schemeEnd + 3));
  if (authority === undefined) return undefined;
  return { scheme, host: authority.host, port: authority.port ?? DEFAULT_PORTS.get(scheme) };
}

// --- The same origin --------------------------------------------------------------------------------------------

/**
 * Decision: a page that came by https may connect where no encryption is seen, since a proxy in front may have ended
 * it; browsers keep such a page from using plain WebSockets themselves. The reverse is refused: a page that came by
 * http may have been written by anybody on the way, and would act on an encrypted connection with the user's cookies.
 */
function isSameOrigin(origin: Origin | undefined, host: string, secure: boolean): boolean {
  if (origin === undefined) return false;
  const { scheme } = origin;
  if (scheme !== "https" && (scheme !== "http" || secure)) return false;
  const own = readAuthority(host);
  // A Host without a port means the default one of the scheme that the page's address has.
  return own?.host === origin.host && (own.port ?? DEFAULT_PORTS.get(scheme)) === origin.port;
}

// --- A list -----------------------------------------------------------------------------------------------------

const WILDCARD = "*.";

function listOf(entries: readonly string[]): (origin: Origin | undefined) => boolean {
  const origins = entries.map(readEntry);
  return (origin) => origin !== undefined && origins.some((entry) => matches(entry, origin));
}

function matches(entry: Origin, { scheme, host, port }: Origin): boolean {
  return scheme === entry.scheme && port === entry.port && matchesHost(entry.host, host);
}

/** The dot in front of the domain has to be there, so that evil-example.com is none of its subdomains; and a label. */
function matchesHost(pattern: string, host: string): boolean {
  if (!pattern.startsWith(WILDCARD)) return host === pattern;
  const suffix = pattern.slice(WILDCARD.length - 1);
  return host.length > suffix.length && host.endsWith(suffix);
}

function readEntry(entry: unknown): Origin {
  if (typeof entry !== "string") throw new TypeError("origin: the list must consist of strings");
  if (entry === "null") {
    throw new TypeError('origin: "null" names nobody: every sandboxed frame has it; decide with a function');
  }
  const origin = readOrigin(entry);
  if (origin === undefined || !isToken(origin.scheme) || !isPattern(origin.host)) {
    throw new TypeError(
      `origin: ${quote(entry)} must be scheme://host or scheme://host:port, without a path; *. may stand for subdomains`,
    );
  }
  return origin;
}

/** An asterisk stands for whole labels, at the beginning, with a domain behind it. */
function isPattern(host: string): boolean {
  const domain = host.startsWith(WILDCARD) ? host.slice(WILDCARD.length) : host;
  return domain !== "" && !domain.startsWith(".") && !domain.includes("*");
}
