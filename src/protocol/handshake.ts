/**
 * Chapter 4.6 — The opening handshake (§4; §1.3 for the idea): what both sides have in common.
 *
 * A picture of it, and the few checks that a request and a response share. What is wrong with the peer is a value;
 * what is wrong with the application's options throws TypeError or RangeError where they are given.
 *
 * What the handshake must not know: sockets, time, frames; the bytes behind a head are handed over as `rest`.
 * Next: server-handshake.ts.
 */

import { Fields, type FieldsInput, isToken } from "./fields.ts";
import { checkField } from "./http.ts";
import { quote } from "./refusal.ts";

/*
 *   client                                                                server
 *
 *   GET /chat HTTP/1.1                                                      |
 *   Host: example.com                                                       |
 *   Upgrade: websocket            --------------------------------->   readUpgrade
 *   Connection: Upgrade                                                     |
 *   Sec-WebSocket-Key: K                                                    |
 *   Sec-WebSocket-Version: 13                                               |
 *   Sec-WebSocket-Protocol: a, b          what is offered                   |
 *   Sec-WebSocket-Extensions: x; p, y                                       |
 *        |                                                                  |
 *        |                             HTTP/1.1 101 Switching Protocols     |
 *        |                             Upgrade: websocket                   |
 *   judgeResponse             <------  Connection: Upgrade             acceptUpgrade
 *        |                             Sec-WebSocket-Accept: f(K)           |
 *        |     what is chosen          Sec-WebSocket-Protocol: b            |
 *        |     of it                   Sec-WebSocket-Extensions: x; p       |
 *      OPEN                                                               OPEN
 *
 *        |                             HTTP/1.1 4xx                         |
 *     failed                  <------  Connection: close                 refuse
 *                                      and a sentence that says why
 */

/** §4.1 (9). Versions 0 to 8 were drafts, 9 to 12 were never used (§11.6). */
export const VERSION = "13";

/**
 * "1.1" or a later 1.x. Decision: a request line that says HTTP/2.0 would be "or higher" by the letter of
 * §4.2.1 (1), but HTTP/2 is not written in lines (RFC 9113), so that is nonsense.
 */
export function isAtLeastHttp11(version: string): boolean {
  return version.length === 3 && version.startsWith("1.") && version[2]! >= "1" && version[2]! <= "9";
}

/** Whether a list was read and has this element, in any case. */
export function includes(list: readonly string[] | undefined, lowerCase: string): boolean {
  return list?.some((element) => element.toLowerCase() === lowerCase) === true;
}

/** §4.1 (10): tokens, all different. */
export function checkSubprotocols(subprotocols: readonly string[]): void {
  for (const subprotocol of subprotocols) {
    if (!isToken(subprotocol)) throw new TypeError(`subprotocols: ${quote(subprotocol)} is not a token`);
  }
  if (new Set(subprotocols).size < subprotocols.length) {
    throw new TypeError("subprotocols: one is there twice");
  }
}

/** The fields that make the handshake; whoever could set them could break it. */
const HANDSHAKE_FIELDS: ReadonlySet<string> = new Set([
  "connection",
  "content-length",
  "host",
  "origin",
  "transfer-encoding",
  "upgrade",
]);

/** An application's own fields, checked. `option` is where it gave them. */
export function applicationFields(input: FieldsInput = [], option = "fields"): Fields {
  const fields = new Fields(input);
  for (const [name, value] of fields) {
    checkField(name, value, option);
    const key = name.toLowerCase();
    if (HANDSHAKE_FIELDS.has(key) || key.startsWith("sec-websocket-")) {
      throw new TypeError(`${option}: ${name} belongs to the handshake`);
    }
  }
  return fields;
}
