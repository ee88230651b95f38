/**
 * Chapter 10.4 — Where a redirect leads, and what may go along (RFC 6455 §4.1 allows it; RFC 9110 §15.4, §10.2.2).
 *
 * A server that answers with a redirect chooses whom we talk to next. What the application said to the first server,
 * it said to that one: its secrets must not reach whomever the first one names. So a redirect changes the URL, and to
 * another origin it takes almost nothing along; and what was meant to be encrypted stays so.
 *
 * What this file must not know: connections, how many redirects are followed.
 * Next: retry-after.ts.
 */

import { Fields, isVisible } from "../../protocol/fields.ts";
import { quote } from "../../protocol/refusal.ts";
import { readUrl, type WebSocketUrl } from "./url.ts";

/** RFC 9110 §15.4: those that name one other place. The request is a GET, so they all mean the same here. */
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

export function isRedirect(status: number): boolean {
  return REDIRECTS.has(status);
}

export type RedirectRule = "redirect-without-location" | "redirect-to-invalid-url" | "redirect-to-insecure";

export type Redirect =
  | { readonly ok: true; readonly url: WebSocketUrl; readonly fields: Fields }
  | {
      readonly ok: false;
      readonly rule: RedirectRule;
      /** What was found, for people. */
      readonly detail: string;
    };

/**
 * What the next request asks, and with which header fields: given those of this one, and each Location of the answer.
 *
 * Decision: another origin is told only what says nothing about the user's rights. A list of secret fields would never
 * be complete: Authorization and Cookie have names, but so has every X-Api-Key of every application.
 * Decision: the origin is RFC 6454's: scheme, host and port. So the same host over TLS, or on another port, is another.
 * Nothing that was taken away comes back, wherever the next redirect leads.
 */
export function follow(from: WebSocketUrl, locations: readonly string[], fields: Fields): Redirect {
  const [location, ...others] = locations;
  if (location === undefined) return refuse("redirect-without-location");
  if (others.length > 0) return refuse("redirect-to-invalid-url", `${locations.length} Locations`);
  const url = resolve(location, from);
  if (url === undefined) return refuse("redirect-to-invalid-url", shown(location));
  if (from.secure && !url.secure) return refuse("redirect-to-insecure", shown(location));
  if (url.origin === from.origin) return { ok: true, url: { ...url, credentials: from.credentials }, fields };
  return { ok: true, url, fields: harmless(fields) };
}

function refuse(rule: RedirectRule, detail = ""): Redirect {
  return { ok: false, rule, detail };
}

/**
 * RFC 9110 §10.2.2: a URI reference, which is ASCII, relative to the URL that was asked for. A fragment in it is for
 * browsers, and is dropped.
 * Decision: credentials in it are refused, as RFC 9110 §4.2.4 advises for URLs from elsewhere: nobody but the
 * application says who it is.
 */
function resolve(location: string, from: WebSocketUrl): WebSocketUrl | undefined {
  if (!isVisible(location)) return undefined;
  try {
    const target = new URL(location, from.href);
    target.hash = "";
    const url = readUrl(target);
    return url.credentials === undefined ? url : undefined;
  } catch {
    return undefined;
  }
}

/** Where there is an @, there may be a password in front of it. */
function shown(location: string): string {
  return location.includes("@") ? "a Location with an @, not shown" : quote(location);
}

const HARMLESS_FIELDS: ReadonlySet<string> = new Set(["accept-language", "user-agent"]);

function harmless(fields: Fields): Fields {
  return new Fields([...fields].filter(([name]) => HARMLESS_FIELDS.has(name.toLowerCase())));
}
