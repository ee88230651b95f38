/** §4: the opening handshake, both sides. */

import { acceptValue, ClientHandshake, permessageDeflate, ServerHandshake } from "../../../dist/index.js";
import { sha1 } from "../../../dist/protocol/sha1.js";
import { atEveryCut, bytesOf, concat, hexOf } from "../suite.mjs";

const KEY = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
const decoder = new TextDecoder();

/** Fills the nonce with that of the RFC's example (§1.3). */
const sampleNonce = (bytes) => bytes.set(bytesOf("the sample nonce"));

const REQUEST = {
  "": "GET /chat HTTP/1.1",
  Host: "example.com",
  Upgrade: "websocket",
  Connection: "Upgrade",
  "Sec-WebSocket-Key": KEY,
  "Sec-WebSocket-Version": "13",
};

const RESPONSE = {
  "": "HTTP/1.1 101 Switching Protocols",
  Upgrade: "websocket",
  Connection: "Upgrade",
  "Sec-WebSocket-Accept": ACCEPT,
};

/** A head; a field that is `undefined` is left out, and one that is an array stands there repeatedly. */
function head(fields) {
  const lines = Object.entries(fields).flatMap(([name, value]) => {
    if (name === "") return [value];
    return [value ?? []].flat().map((one) => `${name}: ${one}`);
  });
  return bytesOf(`${lines.join("\r\n")}\r\n\r\n`);
}

function untilResult(handshake, chunks) {
  let result;
  for (const chunk of chunks) result ??= handshake.receive(chunk);
  return result;
}

/** What the server makes of a request: the rule and status of a refusal, or how it accepts. */
function serve(fields, options) {
  return atEveryCut(head(fields), (chunks) => {
    const result = untilResult(new ServerHandshake(options), chunks);
    if (!result.ok) return [result.rule, result.status];
    return decoder
      .decode(result.response)
      .split("\r\n")
      .filter((line) => line !== "");
  });
}

function connect(fields, options) {
  return atEveryCut(head(fields), (chunks) => {
    const handshake = new ClientHandshake({
      host: "example.com",
      target: "/chat",
      random: sampleNonce,
      ...options,
    });
    const result = untilResult(handshake, chunks);
    if (!result.ok) return result.rule;
    const parameters = result.extensions.map((agreement) =>
      agreement.parameters.map(({ name, value }) => [name, value]),
    );
    return { subprotocol: result.subprotocol, parameters };
  });
}

export function checkHandshake(suite) {
  for (const [message, digest] of [
    ["", "da39a3ee5e6b4b0d3255bfef95601890afd80709"],
    ["abc", "a9993e364706816aba3e25717850c26c9cd0d89d"],
    ["a".repeat(119), "ee971065aaa017e0632a8ca6c77bb3bf8b1dfc56"],
  ]) {
    suite.check(`SHA-1 of ${message.length} bytes`, () => hexOf(sha1(bytesOf(message))), digest);
  }
  suite.check("the accept value of the RFC's sample key", () => acceptValue(KEY), ACCEPT);
  suite.check(
    "a client's request",
    () =>
      decoder.decode(
        new ClientHandshake({ host: "example.com", target: "/chat", random: sampleNonce }).request,
      ),
    decoder.decode(head(REQUEST)),
  );
  suite.check(
    "a server's response",
    () => serve(REQUEST, {}),
    decoder.decode(head(RESPONSE)).trimEnd().split("\r\n"),
  );
  suite.check("a client's judgement of it", () => connect(RESPONSE, {}), { subprotocol: "", parameters: [] });
  suite.check(
    "frames behind the request are handed over",
    () => new ServerHandshake().receive(concat(head(REQUEST), Uint8Array.of(0x81, 0x80))).rest,
    Uint8Array.of(0x81, 0x80),
  );

  for (const [rule, status, change] of [
    ["malformed-request-line", 400, { "": "GET /chat" }],
    ["unsupported-http-version", 505, { "": "GET /chat HTTP/1.0" }],
    ["method-not-get", 405, { "": "POST /chat HTTP/1.1" }],
    ["invalid-target", 400, { "": "GET chat HTTP/1.1" }],
    ["missing-host", 400, { Host: undefined }],
    ["repeated-host", 400, { Host: ["a", "b"] }],
    ["invalid-host", 400, { Host: "a b" }],
    ["request-with-body", 400, { "Content-Length": "1" }],
    ["upgrade-missing", 426, { Upgrade: undefined }],
    ["upgrade-not-websocket", 426, { Upgrade: "h2c" }],
    ["connection-not-upgrade", 400, { Connection: "keep-alive" }],
    ["version-missing", 426, { "Sec-WebSocket-Version": undefined }],
    ["version-not-13", 426, { "Sec-WebSocket-Version": "8" }],
    ["key-missing", 400, { "Sec-WebSocket-Key": undefined }],
    ["key-invalid", 400, { "Sec-WebSocket-Key": "c2hvcnQ=" }],
    ["subprotocols-not-unique", 400, { "Sec-WebSocket-Protocol": "a, a" }],
    ["extensions-malformed", 400, { "Sec-WebSocket-Extensions": "a; =" }],
    ["invalid-field-name", 400, { "a(b": "c" }],
    ["control-byte", 400, { Cookie: "a\u0000b" }],
  ]) {
    suite.check(`a request is refused: ${rule}`, () => serve({ ...REQUEST, ...change }, {}), [rule, status]);
  }

  for (const [rule, change] of [
    ["status-not-101", { "": "HTTP/1.1 404 Not Found" }],
    ["malformed-status-line", { "": "SPDY" }],
    ["switch-not-to-websocket", { Upgrade: "h2c" }],
    ["switch-without-connection", { Connection: "close" }],
    ["accept-missing", { "Sec-WebSocket-Accept": undefined }],
    ["accept-wrong", { "Sec-WebSocket-Accept": KEY }],
    ["subprotocol-not-offered", { "Sec-WebSocket-Protocol": "a" }],
    ["extension-not-offered", { "Sec-WebSocket-Extensions": "permessage-deflate" }],
  ]) {
    suite.check(`a response is refused: ${rule}`, () => connect({ ...RESPONSE, ...change }, {}), rule);
  }

  suite.check(
    "a subprotocol is chosen",
    () => serve({ ...REQUEST, "Sec-WebSocket-Protocol": "b, a" }, { subprotocols: ["a", "b"] }).at(-1),
    "Sec-WebSocket-Protocol: a",
  );
  for (const [offer, answer] of [
    ["permessage-deflate", "permessage-deflate"],
    ["permessage-deflate; client_max_window_bits", "permessage-deflate"],
    ["permessage-deflate; server_max_window_bits=10", "permessage-deflate; server_max_window_bits=10"],
    ["permessage-deflate; server_no_context_takeover", "permessage-deflate; server_no_context_takeover"],
    ["permessage-deflate; unknown, permessage-deflate", "permessage-deflate"],
  ]) {
    suite.check(
      `an extension is agreed on: ${offer}`,
      () =>
        serve({ ...REQUEST, "Sec-WebSocket-Extensions": offer }, { extensions: [permessageDeflate()] }).at(
          -1,
        ),
      `Sec-WebSocket-Extensions: ${answer}`,
    );
  }
  suite.check(
    "a client accepts what it offered",
    () =>
      connect(
        { ...RESPONSE, "Sec-WebSocket-Extensions": "permessage-deflate; server_max_window_bits=9" },
        { extensions: [permessageDeflate()] },
      ),
    { subprotocol: "", parameters: [[["server_max_window_bits", "9"]]] },
  );
}
