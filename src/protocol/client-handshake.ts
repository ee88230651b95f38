/**
 * Chapter 4.8 — The client's side of the opening handshake (§4.1).
 *
 * A client writes one request and judges one response: `ClientHandshake`, over `judgeResponse`. Every refusal names
 * the rule that the server broke, and the value that broke it.
 *
 * What this file must not know: sockets, URIs, redirects, frames.
 * Next: permessage-deflate.ts.
 */

import { acceptValue, makeKey, type RandomSource } from "./accept.ts";
import { type Agreement, checkExtensions, confirmAnswers, type Extension, makeOffers } from "./extension.ts";
import {
  type ExtensionElement,
  Fields,
  type FieldsInput,
  isHost,
  readExtensions,
  readTokens,
  writeExtension,
} from "./fields.ts";
import { applicationFields, checkSubprotocols, includes, isAtLeastHttp11, VERSION } from "./handshake.ts";
import {
  announcesBody,
  type HeadLimits,
  HeadReader,
  type ResponseHead,
  readTarget,
  writeRequest,
} from "./http.ts";
import { quote, type ResponseRefusal, type ResponseRule, refuseResponse } from "./refusal.ts";

export interface ClientHandshakeOptions {
  /** The host, with ":port" unless that is the default one (§4.1 (4)). */
  readonly host: string;
  /** The resource name: path and query (§3). */
  readonly target?: string;
  /** Subprotocols to offer, best first. */
  readonly subprotocols?: readonly string[];
  readonly extensions?: readonly Extension[];
  readonly origin?: string;
  /** More header fields for the request, such as Cookie or Authorization. */
  readonly fields?: FieldsInput;
  /** Fills the 16 bytes of the key; crypto.getRandomValues unless a test wants something else. */
  readonly random?: RandomSource;
  readonly limits?: HeadLimits;
}

export interface Established {
  readonly ok: true;
  /** "" for none. */
  readonly subprotocol: string;
  /** In the order in which the server listed them, which is that of §9.1. */
  readonly extensions: readonly Agreement[];
  readonly fields: Fields;
  /** What came behind the head: frames already. A view of the chunk. */
  readonly rest: Uint8Array;
}

export interface Failed extends ResponseRefusal {
  readonly ok: false;
  /** Present once the head of the response has been read. */
  readonly status?: number;
  readonly fields?: Fields;
  /** With them: the beginning of the body, as far as it came along. */
  readonly rest?: Uint8Array;
}

/** What a client remembers of its request. */
export interface Offer {
  readonly key: string;
  readonly subprotocols: readonly string[];
  readonly offers: readonly ExtensionElement[];
  readonly extensions: readonly Extension[];
}

export type Judgement =
  | { readonly ok: true; readonly subprotocol: string; readonly extensions: readonly Agreement[] }
  | { readonly ok: false; readonly refusal: ResponseRefusal };

/** Everything that §4.1 asks of a final response. */
export function judgeResponse({ version, status, reason, fields }: ResponseHead, offer: Offer): Judgement {
  const refused = (rule: ResponseRule, detail?: string): Judgement => {
    return { ok: false, refusal: refuseResponse(rule, detail) };
  };

  if (status !== 101) return refused("status-not-101", `${status} ${quote(reason)}`);
  if (!isAtLeastHttp11(version)) return refused("switch-before-http-1.1", quote(version));
  if (announcesBody(fields)) return refused("switch-with-body");
  const upgrade = fields.get("Upgrade") ?? "";
  if (upgrade.toLowerCase() !== "websocket") return refused("switch-not-to-websocket", quote(upgrade));
  const connection = fields.get("Connection") ?? "";
  if (!includes(readTokens(connection), "upgrade")) {
    return refused("switch-without-connection", quote(connection));
  }

  // §11.3.3, §11.3.4: these two stand there once at most; of two, nobody could say which one counts.
  const [accept, ...otherAccepts] = fields.all("Sec-WebSocket-Accept");
  if (accept === undefined) return refused("accept-missing");
  if (otherAccepts.length > 0) return refused("accept-repeated");
  if (accept !== acceptValue(offer.key)) return refused("accept-wrong", quote(accept));

  const [subprotocol, ...otherSubprotocols] = fields.all("Sec-WebSocket-Protocol");
  if (otherSubprotocols.length > 0) return refused("subprotocol-repeated");
  if (subprotocol !== undefined && !offer.subprotocols.includes(subprotocol)) {
    return refused("subprotocol-not-offered", quote(subprotocol));
  }

  // Erratum 3433: unlike what §11.3.2 says, a response may spread its extensions over several lines, as §9.1 does.
  const extensionList = fields.get("Sec-WebSocket-Extensions");
  const answers = extensionList === undefined ? [] : readExtensions(extensionList);
  if (answers === undefined) return refused("extension-answer-malformed", quote(extensionList!));
  const confirmed = confirmAnswers(answers, offer.offers, offer.extensions);
  if (!confirmed.ok) return refused(confirmed.rule, confirmed.detail);
  return { ok: true, subprotocol: subprotocol ?? "", extensions: confirmed.agreed };
}

/**
 * Decision: interim responses, such as 103 Early Hints, are skipped, as RFC 9110 §15.2 asks of every client; but no
 * more of them than this, each within the limits of a head, so that a server cannot go on with them for ever.
 */
const MAX_INTERIM_RESPONSES = 8;

export class ClientHandshake {
  /** What has to be sent first. Nothing may follow it until the response is judged (§4.1). */
  readonly request: Uint8Array;
  readonly #offer: Offer;
  readonly #limits: HeadLimits;
  #reader: HeadReader<"response">;
  #interimResponses = 0;

  constructor(options: ClientHandshakeOptions) {
    const { host, target = "/", subprotocols = [], extensions = [], origin, limits = {} } = options;
    const { random = (bytes) => void crypto.getRandomValues(bytes) } = options;
    if (!isHost(host)) throw new TypeError(`host: ${quote(host)} is not a host with an optional port`);
    if (readTarget(target)?.path !== target) {
      throw new TypeError(`target: ${quote(target)} is not a resource name`);
    }
    checkSubprotocols(subprotocols);
    checkExtensions(extensions);
    const ownFields = applicationFields(options.fields);
    const offers = makeOffers(extensions);
    const key = makeKey(random);
    const fields = new Fields([
      ["Host", host],
      ["Upgrade", "websocket"],
      ["Connection", "Upgrade"],
      ["Sec-WebSocket-Key", key],
      ["Sec-WebSocket-Version", VERSION],
    ]);
    if (subprotocols.length > 0) fields.append("Sec-WebSocket-Protocol", subprotocols.join(", "));
    if (offers.length > 0) fields.append("Sec-WebSocket-Extensions", offers.map(writeExtension).join(", "));
    if (origin !== undefined) fields.append("Origin", origin);
    for (const [name, value] of ownFields) fields.append(name, value);
    this.request = writeRequest({ method: "GET", target, fields });
    this.#offer = { key, subprotocols: [...subprotocols], offers, extensions: [...extensions] };
    this.#limits = { ...limits };
    this.#reader = new HeadReader("response", limits);
  }

  /** `undefined` while the final response is not complete. After any other result the handshake is over. */
  receive(chunk: Uint8Array): Established | Failed | undefined {
    let bytes = chunk;
    for (;;) {
      const read = this.#reader.read(bytes);
      if (read === undefined) return undefined;
      if (!read.ok) return { ok: false, ...refuseResponse(read.rule, read.detail) };
      const { head, rest } = read;
      const { status, fields } = head;
      if (status >= 200 || status === 101) {
        const judgement = judgeResponse(head, this.#offer);
        if (judgement.ok) return { ...judgement, fields, rest };
        return { ok: false, ...judgement.refusal, status, fields, rest };
      }
      if (++this.#interimResponses > MAX_INTERIM_RESPONSES) {
        return { ok: false, ...refuseResponse("too-many-interim-responses"), status, fields, rest };
      }
      this.#reader = new HeadReader("response", this.#limits);
      bytes = rest;
    }
  }
}
