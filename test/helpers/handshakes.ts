/** The sample handshake of §1.3, and short ways to ask and to answer. */

import {
  ClientHandshake,
  type ClientHandshakeOptions,
  type Established,
  type Failed,
} from "../../src/protocol/client-handshake.ts";
import { fromLatin1, toLatin1 } from "../../src/protocol/fields.ts";
import {
  type ServerAccepted,
  ServerHandshake,
  type ServerHandshakeOptions,
  type ServerRefused,
} from "../../src/protocol/server-handshake.ts";

export const KEY = "dGhlIHNhbXBsZSBub25jZQ==";
export const ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

export const REQUEST = [
  "GET /chat?x HTTP/1.1",
  "Host: server.example.com",
  "Upgrade: websocket",
  "Connection: Upgrade",
  `Sec-WebSocket-Key: ${KEY}`,
  "Origin: http://example.com",
  "Sec-WebSocket-Protocol: chat, superchat",
  "Sec-WebSocket-Extensions: a; x, b; y=1, a",
  "Sec-WebSocket-Version: 13",
];

export const RESPONSE = [
  "HTTP/1.1 101 Switching Protocols",
  "Upgrade: websocket",
  "Connection: Upgrade",
  `Sec-WebSocket-Accept: ${ACCEPT}`,
];

export const lines = (...parts: string[]): string => `${parts.join("\r\n")}\r\n\r\n`;
export const joined = (...parts: Uint8Array[]): string => fromLatin1(Buffer.concat(parts));

export function sampleKey(bytes: Uint8Array): void {
  bytes.set(toLatin1("the sample nonce"));
}

export function client(options: Partial<ClientHandshakeOptions> = {}): ClientHandshake {
  return new ClientHandshake({ host: "server.example.com", random: sampleKey, ...options });
}

export function ask(request: string, options?: ServerHandshakeOptions): ServerAccepted | ServerRefused {
  const result = new ServerHandshake(options).receive(toLatin1(request));
  if (result === undefined) throw new Error("the server waits for more");
  return result;
}

export function accepted(request: string, options?: ServerHandshakeOptions): ServerAccepted {
  const result = ask(request, options);
  if (!result.ok) throw new Error(result.reason);
  return result;
}

export function answer(response: string, options?: Partial<ClientHandshakeOptions>): Established | Failed {
  const result = client(options).receive(toLatin1(response));
  if (result === undefined) throw new Error("the client waits for more");
  return result;
}

/** A request for a WebSocket to a server on this machine, with more lines of your own. */
export function upgradeRequest(...more: string[]): string {
  return lines(
    "GET / HTTP/1.1",
    "Host: 127.0.0.1",
    "Upgrade: websocket",
    "Connection: Upgrade",
    `Sec-WebSocket-Key: ${KEY}`,
    "Sec-WebSocket-Version: 13",
    ...more,
  );
}
