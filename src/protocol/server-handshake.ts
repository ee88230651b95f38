/**
 * Chapter 4.7 — The server's side of the opening handshake (§4.2).
 *
 * A server reads a request (`readUpgrade`), may think about it as long as it likes, and answers with the bytes of
 * `acceptUpgrade` or `refuse`. `ServerHandshake` does all that in one call per chunk.
 *
 * What this file must not know: sockets, time, frames.
 * Next: client-handshake.ts.
 */

import { acceptValue } from "./accept.ts";
import { type Agreement, acceptOffers, checkExtensions, type Extension } from "./extension.ts";
import {
  type ExtensionElement,
  Fields,
  type FieldsInput,
  isHost,
  isKey,
  readExtensions,
  readProtocols,
  readTokens,
  writeExtension,
} from "./fields.ts";
import { applicationFields, checkSubprotocols, includes, isAtLeastHttp11, VERSION } from "./handshake.ts";
import {
  announcesBody,
  type HeadLimits,
  HeadReader,
  limit,
  type RequestHead,
  type ResponseHead,
  readTarget,
  reasonPhrase,
  writeResponse,
} from "./http.ts";
import { quote, type Refusal, type RequestRule, refuseRequest } from "./refusal.ts";

/** A request that asks, correctly, for a WebSocket. */
export interface UpgradeRequest {
  /** The resource name: path and query, §3. */
  readonly target: string;
  /** Host and port, as the client wrote them. */
  readonly host: string;
  /** A client that sends none is no browser, §4.2.1 (7). */
  readonly origin: string | undefined;
  readonly key: string;
  /** What the client offers, best first; all different. */
  readonly subprotocols: readonly string[];
  readonly extensions: readonly ExtensionElement[];
  readonly fields: Fields;
}

export interface OfferLimits {
  /** How many subprotocols, and how many extensions, a request may offer: 32. */
  readonly maxOffers?: number;
}

const DEFAULT_MAX_OFFERS = 32;

export type UpgradeResult =
  | { readonly ok: true; readonly upgrade: UpgradeRequest }
  | { readonly ok: false; readonly refusal: Refusal };

/**
 * Everything that §4.2.1 asks of a request. The head may come from `HeadReader` or from another HTTP server, so
 * nothing is taken for granted: a field may be absent, repeated, or hold any characters.
 * Decision: HTTP is judged first, the upgrade next, WebSocket last, so that a plain GET is answered with 426.
 */
export function readUpgrade(head: RequestHead, limits: OfferLimits = {}): UpgradeResult {
  const maxOffers = limit("maxOffers", limits.maxOffers, DEFAULT_MAX_OFFERS);
  const { method, version, fields } = head;
  const refused = (rule: RequestRule, detail?: string): UpgradeResult => {
    const refusal = refuseRequest(rule, detail);
    // RFC 9110 §9.3.2: no content may follow the answer to HEAD.
    return { ok: false, refusal: method === "HEAD" ? { ...refusal, body: "" } : refusal };
  };

  if (!isAtLeastHttp11(version)) return refused("unsupported-http-version", quote(version));
  if (method !== "GET") return refused("method-not-get", quote(method));
  const target = readTarget(head.target);
  if (target === undefined) return refused("invalid-target", quote(head.target));

  // RFC 9112 §3.2: exactly one valid Host, even where the authority of an absolute target replaces it (§3.2.2).
  const [host, ...otherHosts] = fields.all("Host");
  if (host === undefined) return refused("missing-host");
  if (otherHosts.length > 0) return refused("repeated-host");
  if (!isHost(host)) return refused("invalid-host", quote(host));

  // Decision: RFC 9110 §7.8 would let the switch happen behind the content. But a proxy that ends the request
  // elsewhere than we do lets the client speak in its name, and no WebSocket client sends content.
  if (announcesBody(fields)) return refused("request-with-body");

  const upgrade = fields.get("Upgrade");
  if (upgrade === undefined) return refused("upgrade-missing");
  if (!includes(readProtocols(upgrade), "websocket")) return refused("upgrade-not-websocket", quote(upgrade));
  const connection = fields.get("Connection") ?? "";
  if (!includes(readTokens(connection), "upgrade")) {
    return refused("connection-not-upgrade", quote(connection));
  }

  // §11.3.5, §11.3.1: version and key stand there once each; of two, nobody could say which one counts.
  const [wsVersion, ...otherVersions] = fields.all("Sec-WebSocket-Version");
  if (wsVersion === undefined) return refused("version-missing");
  if (otherVersions.length > 0) return refused("version-repeated");
  // §4.3: no leading zero, no sign, no fraction; so the text is compared, not a number.
  if (wsVersion !== VERSION) return refused("version-not-13", quote(wsVersion));

  const [key, ...otherKeys] = fields.all("Sec-WebSocket-Key");
  if (key === undefined) return refused("key-missing");
  if (otherKeys.length > 0) return refused("key-repeated");
  if (!isKey(key)) return refused("key-invalid", quote(key));

  const [origin, ...otherOrigins] = fields.all("Origin");
  if (otherOrigins.length > 0) return refused("origin-repeated");

  // §11.3.4, §11.3.2: these two may be spread over several lines, which then read as one list.
  const subprotocolList = fields.get("Sec-WebSocket-Protocol");
  const subprotocols = subprotocolList === undefined ? [] : readTokens(subprotocolList);
  if (subprotocols === undefined || (subprotocolList !== undefined && subprotocols.length === 0)) {
    return refused("subprotocols-malformed", quote(subprotocolList!));
  }
  if (subprotocols.length > maxOffers) return refused("too-many-subprotocols", `${subprotocols.length}`);
  if (new Set(subprotocols).size < subprotocols.length) return refused("subprotocols-not-unique");

  const extensionList = fields.get("Sec-WebSocket-Extensions");
  const extensions = extensionList === undefined ? [] : readExtensions(extensionList);
  if (extensions === undefined) return refused("extensions-malformed", quote(extensionList!));
  if (extensions.length > maxOffers) return refused("too-many-extensions", `${extensions.length}`);

  return {
    ok: true,
    upgrade: {
      target: target.path,
      host: target.authority ?? host,
      origin,
      key,
      subprotocols,
      extensions,
      fields,
    },
  };
}

export interface AcceptOptions {
  /** One of those offered; absent or "" for none. */
  readonly subprotocol?: string | undefined;
  readonly extensions?: readonly Extension[];
  /** More header fields for the response, such as Set-Cookie. */
  readonly fields?: FieldsInput;
}

export interface Accepted {
  readonly ok: true;
  readonly response: Uint8Array;
  /** "" for none. */
  readonly subprotocol: string;
  /** In the order in which they transform what is sent, §9.1. */
  readonly extensions: readonly Agreement[];
}

/** The server's handshake, §4.2.2 (5). From its last byte on the connection is open. */
export function acceptUpgrade(upgrade: UpgradeRequest, options: AcceptOptions = {}): Accepted {
  const { subprotocol = "", extensions = [] } = options;
  checkExtensions(extensions);
  const ownFields = applicationFields(options.fields);
  if (subprotocol !== "" && !upgrade.subprotocols.includes(subprotocol)) {
    throw new TypeError(`subprotocol: ${quote(subprotocol)} was not offered by the client`);
  }
  const agreed = acceptOffers(upgrade.extensions, extensions);
  const fields = new Fields([
    ["Upgrade", "websocket"],
    ["Connection", "Upgrade"],
    ["Sec-WebSocket-Accept", acceptValue(upgrade.key)],
  ]);
  // §4.2.2 (4): nothing agreed on means no field, never an empty one.
  if (subprotocol !== "") fields.append("Sec-WebSocket-Protocol", subprotocol);
  if (agreed.length > 0) fields.append("Sec-WebSocket-Extensions", agreed.map(writeExtension).join(", "));
  for (const [name, value] of ownFields) fields.append(name, value);
  const response = writeResponse({ status: 101, reason: reasonPhrase(101), fields });
  return { ok: true, response, subprotocol, extensions: agreed };
}

/** A response that does not accept: a `Refusal` from here, or whatever an application wants to say (§4.2.2, §10.7). */
export interface Answer {
  /** 300 to 599: a redirection or an error. */
  readonly status: number;
  /** A sentence for people; it becomes the body if there is none. */
  readonly reason?: string;
  readonly fields?: FieldsInput;
  readonly body?: string;
}

/** A refusal in its parts, for servers that write HTTP themselves. */
export interface RefusalResponse extends Omit<ResponseHead, "version"> {
  readonly body: Uint8Array;
}

/**
 * Decision: every refusal ends the connection. The peer was about to speak another protocol, and what it has sent
 * behind its request must not be read as a request.
 */
export function composeRefusal(answer: Answer): RefusalResponse {
  const { status } = answer;
  if (!(Number.isInteger(status) && status >= 300 && status <= 599 && status !== 304)) {
    throw new RangeError(
      `status must be an integer from 300 to 599, but not 304, which has no body: ${status}`,
    );
  }
  const reason = reasonPhrase(status);
  const body = new TextEncoder().encode(answer.body ?? answer.reason ?? reason);
  const fields = applicationFields(answer.fields);
  // RFC 9110 §15.5.6 and §15.5.22: these two have to say what would do instead; RFC 6455 §4.4: and which version.
  if (status === 405 && !fields.has("Allow")) fields.append("Allow", "GET");
  if (status === 426) {
    fields.append("Upgrade", "websocket");
    fields.append("Sec-WebSocket-Version", VERSION);
  }
  // RFC 9110 §7.8: who sends Upgrade lists it in Connection.
  fields.append("Connection", status === 426 ? "close, Upgrade" : "close");
  if (!fields.has("Content-Type")) fields.append("Content-Type", "text/plain; charset=utf-8");
  fields.append("Content-Length", `${body.length}`);
  return { status, reason, fields, body };
}

/** The bytes of a refusal. Behind them the connection has to be closed. */
export function refuse(answer: Answer): Uint8Array {
  const response = composeRefusal(answer);
  return writeResponse(response, response.body);
}

export interface ServerHandshakeOptions {
  /**
   * Subprotocols that the server speaks, best first, or a choice among the offered ones.
   * Decision: §4.2.2 leaves open whose preference counts. A list is the server's; a function can prefer otherwise.
   */
  readonly subprotocols?: readonly string[] | ((upgrade: UpgradeRequest) => string | undefined);
  readonly extensions?: readonly Extension[];
  readonly fields?: FieldsInput;
  readonly limits?: HeadLimits & OfferLimits;
}

export interface ServerAccepted extends Accepted {
  readonly upgrade: UpgradeRequest;
  /** What came behind the head: frames already. A view of the chunk. */
  readonly rest: Uint8Array;
}

export interface ServerRefused extends Refusal {
  readonly ok: false;
  /** The header fields of the response. */
  readonly fields: Fields;
  readonly response: Uint8Array;
}

/** The server's side in one call per chunk, for servers that have nothing to wait for in between. */
export class ServerHandshake {
  readonly #reader: HeadReader<"request">;
  readonly #options: ServerHandshakeOptions;

  constructor(options: ServerHandshakeOptions = {}) {
    const { subprotocols = [], extensions = [], limits = {} } = options;
    if (typeof subprotocols !== "function") checkSubprotocols(subprotocols);
    checkExtensions(extensions);
    limit("maxOffers", limits.maxOffers, DEFAULT_MAX_OFFERS);
    this.#reader = new HeadReader("request", limits);
    this.#options = { ...options, fields: applicationFields(options.fields) };
  }

  /** `undefined` while the head is not complete. After any other result the handshake is over. */
  receive(chunk: Uint8Array): ServerAccepted | ServerRefused | undefined {
    const read = this.#reader.read(chunk);
    if (read === undefined) return undefined;
    if (!read.ok) return refused(refuseRequest(read.rule, read.detail));
    const result = readUpgrade(read.head, this.#options.limits);
    if (!result.ok) return refused(result.refusal);
    const { upgrade } = result;
    const subprotocol = chooseSubprotocol(upgrade, this.#options.subprotocols);
    return { ...acceptUpgrade(upgrade, { ...this.#options, subprotocol }), upgrade, rest: read.rest };
  }
}

function refused(refusal: Refusal): ServerRefused {
  const response = composeRefusal(refusal);
  return { ok: false, ...refusal, fields: response.fields, response: writeResponse(response, response.body) };
}

/** Names are compared as they are written: case counts (RFC 7936 §2). */
function chooseSubprotocol(
  upgrade: UpgradeRequest,
  choice: ServerHandshakeOptions["subprotocols"] = [],
): string | undefined {
  if (typeof choice === "function") return choice(upgrade);
  return choice.find((subprotocol) => upgrade.subprotocols.includes(subprotocol));
}
