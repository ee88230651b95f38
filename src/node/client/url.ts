/**
 * Chapter 10.1 — What a ws: or wss: URL says (§3), and the credentials in one (RFC 7617).
 *
 *     wss :// user:secret @ example.com : 8443 /chat ?room=1
 *     TLS     Authorization  whom to connect to  the target of the request
 *
 * The reading itself is the platform's `URL`, as in browsers: case, escapes, international names (§11.1) and the odd
 * ways to write an IPv4 address all come out in one form. What is refused beyond that is refused here, once, so that
 * nobody behind this file meets a URL that cannot be dialled. No message shows a password.
 *
 * What this file must not know: sockets, requests.
 * Next: connect-error.ts.
 */

import { isHost } from "../../protocol/fields.ts";
import { quote } from "../../protocol/refusal.ts";

export interface WebSocketUrl {
  /** Whether the connection runs over TLS. */
  readonly secure: boolean;
  /** Whom to connect to: a name, or an address; without brackets. */
  readonly hostname: string;
  readonly port: number;
  /** §4.1 (4), what Host says: an IPv6 address in brackets, and the port unless it is the scheme's own. */
  readonly host: string;
  /** The resource name: path and query, "/" at least. */
  readonly target: string;
  readonly credentials: Credentials | undefined;
  /** All of it but the credentials, in the one form that equal URLs have. */
  readonly href: string;
  /** RFC 6454 §4, for comparing: scheme, host and port, the port always written. */
  readonly origin: string;
}

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** §3. */
const DEFAULT_PORTS = { "ws:": 80, "wss:": 443 } as const;

type Scheme = keyof typeof DEFAULT_PORTS;

/** Decision: http and https mean ws and wss, as in WHATWG WebSockets §3.1: it is the same server. */
const SCHEMES: ReadonlyMap<string, Scheme> = new Map([
  ["ws:", "ws:"],
  ["http:", "ws:"],
  ["wss:", "wss:"],
  ["https:", "wss:"],
]);

/** Throws TypeError for what is no URL of a WebSocket (§3; WHATWG WebSockets §2.1). `option` is where it was given. */
export function readUrl(input: string | URL, option = "url"): WebSocketUrl {
  const url = parse(input, option);
  const scheme = SCHEMES.get(url.protocol);
  if (scheme === undefined) {
    throw new TypeError(`${option}: the scheme must be ws, wss, http or https, not ${quote(url.protocol)}`);
  }
  // §3: no fragment, not even an empty one. `hash` is "" for that as for none; in `href` no other # is left unescaped.
  if (url.href.includes("#")) throw new TypeError(`${option}: must not have a fragment (#)`);
  // `URL` lets some characters stand in a name that no Host can carry.
  if (!isHost(url.host)) throw new TypeError(`${option}: ${quote(url.host)} is not a host`);
  const port = url.port === "" ? DEFAULT_PORTS[scheme] : Number(url.port);
  // Decision: port 0 is reserved (RFC 6335 §6). Whoever asks to listen there is given another one.
  if (port === 0) throw new TypeError(`${option}: nothing can listen on port 0`);
  const credentials = readCredentials(url, option);

  url.protocol = scheme;
  url.username = url.password = "";
  const { hostname, host, href } = url;
  return {
    secure: scheme === "wss:",
    hostname: hostname.startsWith("[") ? hostname.slice(1, -1) : hostname,
    port,
    host,
    target: url.pathname + url.search,
    credentials,
    href,
    origin: `${scheme}//${hostname}:${port}`,
  };
}

/** What cannot be read is not shown either, nor is `URL`'s own error, which has it: a password may be in there. */
function parse(input: string | URL, option: string): URL {
  try {
    return new URL(input);
  } catch {
    throw new TypeError(`${option}: must be an absolute URL, such as wss://example.com/chat`);
  }
}

function readCredentials({ username, password }: URL, option: string): Credentials | undefined {
  if (username === "" && password === "") return undefined;
  try {
    return { username: decodeURIComponent(username), password: decodeURIComponent(password) };
  } catch {
    // Decision: `URL` leaves a stray % as it is. Whoever meant %25 would be refused with a password that looks right.
    throw new TypeError(`${option}: in the username or the password, a % does not begin an escape of UTF-8`);
  }
}

/**
 * RFC 7617 §2: the value of Authorization or Proxy-Authorization. The first colon ends the username, so there can be
 * none in it; controls have no place in either.
 * Decision: UTF-8, which is what a server may ask for (§2.1), and equal to everything else in ASCII.
 */
export function basicAuthorization({ username, password }: Credentials): string {
  if (username.includes(":")) throw new TypeError("credentials: the username must not have a colon");
  if (hasControl(username) || hasControl(password)) {
    throw new TypeError("credentials: neither username nor password can have control characters");
  }
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}

function hasControl(text: string): boolean {
  for (const character of text) {
    if (character < " " || character === "\x7f") return true;
  }
  return false;
}
