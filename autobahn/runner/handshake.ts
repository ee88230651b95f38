/**
 * The judge, 5 — The opening handshake (RFC 6455 §4), both sides, as text that is written and read here and nowhere
 * else.
 *
 * What this file must not know: sockets, cases. Next: outbox.ts.
 */

import { createHash, randomBytes } from "node:crypto";

/** What stands before the first empty line: a start line, and fields with their names in lower case. */
export interface Head {
  readonly text: string;
  readonly startLine: string;
  readonly fields: readonly (readonly [name: string, value: string])[];
  /** Where the octets behind it begin. */
  readonly end: number;
}

export const PRODUCT = "framewright-autobahn";
const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const END_OF_HEAD = "\r\n\r\n";

/** A head that is longer will not end. */
export const MAX_HEAD: number = 64 * 1024;

/** The head in `octets`, if it is whole. */
export function readHead(octets: Uint8Array): Head | undefined {
  const length = Buffer.from(octets.buffer, octets.byteOffset, octets.length).indexOf(END_OF_HEAD);
  if (length < 0) return undefined;
  const end = length + END_OF_HEAD.length;
  const text = Buffer.from(octets.subarray(0, end)).toString("latin1");
  const [startLine = "", ...lines] = text.slice(0, length).split("\r\n");
  const fields = lines.map((line): readonly [string, string] => {
    const colon = line.indexOf(":");
    return colon < 0 ? ["", line] : [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  });
  return { text, startLine, fields, end };
}

/** All values of a field, in order. */
export function valuesOf(head: Head, name: string): string[] {
  return head.fields.filter((field) => field[0] === name).map((field) => field[1]);
}

/** §4.2.2: the proof that a key was read. */
export function acceptKey(key: string): string {
  return createHash("sha1")
    .update(key + GUID)
    .digest("base64");
}

// --- As a client ----------------------------------------------------------------------------------------------

export interface Request {
  readonly text: string;
  readonly key: string;
}

/** §4.1. */
export function buildRequest(url: URL, extensions: string | undefined): Request {
  const key = randomBytes(16).toString("base64");
  const text = [
    `GET ${url.pathname}${url.search} HTTP/1.1`,
    `User-Agent: ${PRODUCT}`,
    `Host: ${url.hostname}:${portOf(url)}`,
    "Upgrade: WebSocket",
    "Connection: Upgrade",
    "Pragma: no-cache",
    "Cache-Control: no-cache",
    `Sec-WebSocket-Key: ${key}`,
    ...(extensions === undefined ? [] : [`Sec-WebSocket-Extensions: ${extensions}`]),
    "Sec-WebSocket-Version: 13",
  ].join("\r\n");
  return { text: text + END_OF_HEAD, key };
}

export function portOf(url: URL): number {
  if (url.port !== "") return Number(url.port);
  return url.protocol === "wss:" ? 443 : 80;
}

/** §4.1: why this response is no handshake; undefined if it is one. */
export function responseFlaw(response: Head, key: string): string | undefined {
  const [version, code] = response.startLine.split(" ");
  if (version !== "HTTP/1.1" || code !== "101") return `the response is "${response.startLine}", not a 101`;
  if (valuesOf(response, "upgrade").join().toLowerCase() !== "websocket")
    return "Upgrade does not say websocket";
  if (!hasToken(response, "connection", "upgrade")) return "Connection does not say Upgrade";
  const accepts = valuesOf(response, "sec-websocket-accept");
  if (accepts.length !== 1) return `there are ${accepts.length} fields Sec-WebSocket-Accept`;
  if (accepts[0] !== acceptKey(key)) return "Sec-WebSocket-Accept does not belong to the key";
  if (valuesOf(response, "sec-websocket-extensions").length > 1)
    return "Sec-WebSocket-Extensions comes twice";
  if (valuesOf(response, "sec-websocket-protocol").length > 0) return "a subprotocol that nobody asked for";
  return undefined;
}

// --- As a server ----------------------------------------------------------------------------------------------

export interface Refusal {
  readonly status: number;
  readonly sentence: string;
}

/** §4.2.1: why this request is no handshake; undefined if it is one. */
export function requestFlaw(request: Head, port: number): Refusal | undefined {
  const bad = (sentence: string, status = 400): Refusal => ({ status, sentence });
  const [method, , version] = request.startLine.split(" ");
  if (method !== "GET") return bad("Method Not Allowed", 405);
  if (version !== "HTTP/1.1") return bad("HTTP Version Not Supported", 505);
  const hosts = valuesOf(request, "host");
  if (hosts.length !== 1) return bad("Host is missing, or comes twice");
  const [, hostPort = "80"] = afterAddress(hosts[0]!).split(":");
  if (Number(hostPort) !== port) return bad(`Host does not name port ${port}`);
  if (!hasToken(request, "upgrade", "websocket")) return bad("Upgrade does not say websocket");
  if (!hasToken(request, "connection", "upgrade")) return bad("Connection does not say Upgrade");
  const versions = valuesOf(request, "sec-websocket-version");
  if (versions.length !== 1 || !["8", "13"].includes(versions[0]!))
    return bad("Sec-WebSocket-Version is not 13");
  const keys = valuesOf(request, "sec-websocket-key");
  if (keys.length !== 1 || keys[0]!.length !== 24 || !keys[0]!.endsWith("==")) {
    return bad("Sec-WebSocket-Key is not 16 octets in base64");
  }
  return undefined;
}

/** §4.2.2. The key has been found to be there. */
export function buildResponse(request: Head, extensions: string | undefined): string {
  const [key = ""] = valuesOf(request, "sec-websocket-key");
  return (
    [
      "HTTP/1.1 101 Switching Protocols",
      `Server: ${PRODUCT}`,
      "Upgrade: WebSocket",
      "Connection: Upgrade",
      `Sec-WebSocket-Accept: ${acceptKey(key)}`,
      ...(extensions === undefined ? [] : [`Sec-WebSocket-Extensions: ${extensions}`]),
    ].join("\r\n") + END_OF_HEAD
  );
}

/** What stands behind an IPv6 address in brackets, or all of it: there a colon separates the port. */
function afterAddress(host: string): string {
  return host.slice(host.lastIndexOf("]") + 1);
}

function hasToken(head: Head, name: string, token: string): boolean {
  return valuesOf(head, name)
    .flatMap((value) => value.split(","))
    .some((part) => part.trim().toLowerCase() === token);
}
