import { describe, expect, it } from "vitest";
import { ClientHandshake } from "../../src/protocol/client-handshake.ts";
import type { Extension } from "../../src/protocol/extension.ts";
import { fromLatin1, toLatin1 } from "../../src/protocol/fields.ts";
import {
  HandshakeError,
  headRefusals,
  quote,
  type RequestRule,
  type ResponseRule,
  refuseRequest,
  refuseResponse,
  requestRefusals,
  responseRefusals,
} from "../../src/protocol/refusal.ts";
import { ServerHandshake } from "../../src/protocol/server-handshake.ts";
import { everyCut } from "../helpers/cuts.ts";
import { extension } from "../helpers/extensions.ts";

const LIMITS = { maxHeadSize: 600, maxLineLength: 100, maxFields: 12, maxOffers: 2 };
const KEY = "dGhlIHNhbXBsZSBub25jZQ==";

const REQUEST = [
  "GET / HTTP/1.1",
  "Host: a",
  "Upgrade: websocket",
  "Connection: Upgrade",
  "Sec-WebSocket-Version: 13",
  `Sec-WebSocket-Key: ${KEY}`,
];

const RESPONSE = [
  "HTTP/1.1 101 Switching Protocols",
  "Upgrade: websocket",
  "Connection: Upgrade",
  "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
];

/** A good head with some lines added, and every line that starts as the first argument says replaced. */
function changed(head: string[], start: string, ...replacements: string[]): string {
  const kept = start === "" ? head : head.filter((line) => !line.startsWith(start));
  const result = kept[0] === head[0] ? [...kept, ...replacements] : [...replacements, ...kept];
  return `${result.join("\r\n")}\r\n\r\n`;
}

const request = (start: string, ...replacements: string[]): string =>
  changed(REQUEST, start, ...replacements);
const response = (start: string, ...replacements: string[]): string =>
  changed(RESPONSE, start, ...replacements);

const badRequests: Record<RequestRule, string[]> = {
  "head-too-long": [request("", ...Array(6).fill(`A: ${"x".repeat(90)}`))],
  "field-line-too-long": [request("", `A: ${"x".repeat(98)}`), `GET / HTTP/1.1\r\n${"x".repeat(101)}`],
  "too-many-fields": [request("", ...Array(8).fill("A: b"))],
  "bare-carriage-return": [request("", "A: b\rc")],
  "bare-line-feed": [request("", "A: b\nC: d")],
  "control-byte": [request("", "A: \0"), request("", "A: \x1b[0m")],
  "folded-line": [request("", "A: b", " c"), request("GET", "GET / HTTP/1.1", "\tA: b")],
  "missing-colon": [request("", "A")],
  "space-before-colon": [request("Host", "Host : a")],
  "invalid-field-name": [request("", ": a"), request("", "A@: b")],
  "request-line-too-long": [`GET /${"x".repeat(96)}`],
  "malformed-request-line": [request("GET", "GET /"), request("GET", "GET / a HTTP/1.1")],
  "unsupported-http-version": [
    request("GET", "GET / HTTP/1.0"),
    request("GET", "GET / HTTP/0.9"),
    request("GET", "GET / HTTP/2.0"),
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
  ],
  "method-not-get": [request("GET", "POST / HTTP/1.1"), request("GET", "get / HTTP/1.1")],
  "invalid-target": [
    request("GET", "GET * HTTP/1.1"),
    request("GET", "GET a:80 HTTP/1.1"),
    request("GET", "GET /#a HTTP/1.1"),
    request("GET", "GET /\xe9 HTTP/1.1"),
    request("GET", "GET ftp://a/ HTTP/1.1"),
  ],
  "missing-host": [request("Host"), request("GET", "GET http://a/ HTTP/1.1").replace("Host: a\r\n", "")],
  "repeated-host": [request("", "Host: a"), request("", "HOST: b")],
  "invalid-host": [request("Host", "Host:"), request("Host", "Host: a, b"), request("Host", "Host: a:b")],
  "request-with-body": [
    request("", "Content-Length: 1"),
    request("", "Content-Length: 0", "Content-Length: 0"),
    request("", "Content-Length: x"),
    request("", "Transfer-Encoding: chunked"),
    request("", "Transfer-Encoding:"),
  ],
  "upgrade-missing": [request("Upgrade")],
  "upgrade-not-websocket": [
    request("Upgrade", "Upgrade: h2c"),
    request("Upgrade", "Upgrade: websocket/13"),
    request("Upgrade", "Upgrade: websocket h2c"),
    request("Upgrade", "Upgrade:"),
  ],
  "connection-not-upgrade": [
    request("Connection"),
    request("Connection", "Connection: keep-alive"),
    request("Connection", "Connection: upgrade;"),
  ],
  "version-missing": [request("Sec-WebSocket-Version")],
  "version-repeated": [request("", "Sec-WebSocket-Version: 13"), request("", "Sec-WebSocket-Version: 8")],
  "version-not-13": ["8", "+13", "013", "13.0", "0xd", "1.3e1", "13, 8", ""].map((version) =>
    request("Sec-WebSocket-Version", `Sec-WebSocket-Version: ${version}`),
  ),
  "key-missing": [request("Sec-WebSocket-Key")],
  "key-repeated": [request("", `Sec-WebSocket-Key: ${KEY}`)],
  "key-invalid": ["", "x", `${KEY}=`, `${KEY}, ${KEY}`, "dGhlIHNhbXBsZSBub25jZTE="].map((key) =>
    request("Sec-WebSocket-Key", `Sec-WebSocket-Key: ${key}`),
  ),
  "origin-repeated": [request("", "Origin: http://a", "Origin: http://b")],
  "subprotocols-malformed": ["", ",", "a b", "a;b", "\xe9"].map((list) =>
    request("", `Sec-WebSocket-Protocol: ${list}`),
  ),
  "subprotocols-not-unique": [
    request("", "Sec-WebSocket-Protocol: a, a"),
    request("", "Sec-WebSocket-Protocol: a", "Sec-WebSocket-Protocol: a"),
  ],
  "too-many-subprotocols": [request("", "Sec-WebSocket-Protocol: a, b, c")],
  "extensions-malformed": ["", ",", "a b", "a;", 'a; b="c'].map((list) =>
    request("", `Sec-WebSocket-Extensions: ${list}`),
  ),
  "too-many-extensions": [request("", "Sec-WebSocket-Extensions: a, a, a")],
};

const badResponses: Record<ResponseRule, string[]> = {
  "head-too-long": [response("", ...Array(6).fill(`A: ${"x".repeat(90)}`))],
  "field-line-too-long": [response("", `A: ${"x".repeat(98)}`)],
  "too-many-fields": [response("", ...Array(10).fill("A: b"))],
  "bare-carriage-return": [response("", "A: b\rc")],
  "bare-line-feed": [response("", "A: b\nC: d")],
  "control-byte": [response("", "A: \0")],
  "folded-line": [response("", "A: b", " c")],
  "missing-colon": [response("", "A")],
  "space-before-colon": [response("", "A : b")],
  "invalid-field-name": [response("", ": a")],
  "status-line-too-long": [`HTTP/1.1 101 ${"x".repeat(88)}`],
  "malformed-status-line": [
    response("HTTP", "HTTP/1.1 101"),
    response("HTTP", "HTTP/3.0 101 x"),
    "SSH-2.0-x\r\n",
  ],
  "too-many-interim-responses": ["HTTP/1.1 100 Continue\r\n\r\n".repeat(9)],
  "status-not-101": [response("HTTP", "HTTP/1.1 200 OK"), response("HTTP", "HTTP/1.0 404 Not Found")],
  "switch-before-http-1.1": [response("HTTP", "HTTP/1.0 101 Switching Protocols")],
  "switch-with-body": [response("", "Content-Length: 1"), response("", "Transfer-Encoding: chunked")],
  "switch-not-to-websocket": [
    response("Upgrade"),
    response("Upgrade", "Upgrade: h2c"),
    response("Upgrade", "Upgrade: websocket, h2c"),
    response("", "Upgrade: websocket"),
  ],
  "switch-without-connection": [
    response("Connection"),
    response("Connection", "Connection: close"),
    response("Connection", "Connection: upgrade;"),
  ],
  "accept-missing": [response("Sec-WebSocket-Accept")],
  "accept-repeated": [response("", RESPONSE[3]!)],
  "accept-wrong": ["", "x", "S3PPLMBITXAQ9KYGZZHZRBK+XOO=", KEY].map((value) =>
    response("Sec-WebSocket-Accept", `Sec-WebSocket-Accept: ${value}`),
  ),
  "subprotocol-repeated": [response("", "Sec-WebSocket-Protocol: p", "Sec-WebSocket-Protocol: p")],
  "subprotocol-not-offered": ["", "P", "q", "p, r"].map((name) =>
    response("", `Sec-WebSocket-Protocol: ${name}`),
  ),
  "extension-answer-malformed": ["", ",", "a b", "a;"].map((list) =>
    response("", `Sec-WebSocket-Extensions: ${list}`),
  ),
  "extension-not-offered": ["z", "a, z", "silent"].map((list) =>
    response("", `Sec-WebSocket-Extensions: ${list}`),
  ),
  "extension-accepted-twice": [response("", "Sec-WebSocket-Extensions: a, a")],
  "extension-conflict": [response("", "Sec-WebSocket-Extensions: a", "Sec-WebSocket-Extensions: b")],
  "extension-answer-refused": [response("", "Sec-WebSocket-Extensions: a; no")],
};

/** The requirements that rules stand for, besides the general ones. */
const proven: Partial<Record<RequestRule | ResponseRule, string>> = {
  "unsupported-http-version": "[RFC6455-4.2.1-02] ",
  "method-not-get": "[RFC6455-4.2.1-02] ",
  "missing-host": "[RFC6455-4.2.1-03] ",
  "upgrade-missing": "[RFC6455-4.2.1-04] ",
  "upgrade-not-websocket": "[RFC6455-4.2.1-04] ",
  "connection-not-upgrade": "[RFC6455-4.2.1-05] ",
  "key-invalid": "[RFC6455-4.2.1-06] ",
  "key-repeated": "[RFC6455-11.3.1-01] ",
  "version-not-13": "[RFC6455-4.2.1-07] ",
  "version-repeated": "[RFC6455-11.3.5-02] ",
  "extensions-malformed": "[RFC6455-9.1-01] ",
  "status-not-101": "[RFC6455-4.1-39] ",
  "switch-not-to-websocket": "[RFC6455-4.1-40] ",
  "switch-without-connection": "[RFC6455-4.1-41] ",
  "accept-missing": "[RFC6455-4.1-42] ",
  "accept-wrong": "[RFC6455-4.1-42] ",
  "accept-repeated": "[RFC6455-11.3.3-01] ",
  "subprotocol-repeated": "[RFC6455-11.3.4-02] ",
  "subprotocol-not-offered": "[RFC6455-4.1-44] ",
  "extension-answer-malformed": "[RFC6455-9.1-01] ",
  "extension-not-offered": "[RFC6455-4.1-43] ",
  "extension-conflict": "[RFC7692-5-09] ",
};

function title(general: string, rule: string, sentence: string): string {
  return `${proven[rule as RequestRule | ResponseRule] ?? ""}${general} ${rule}: ${sentence}`;
}

const extensions: Extension[] = [extension("a", 4), extension("b", 4), extension("silent", 2, [])];

function newClient(): ClientHandshake {
  return new ClientHandshake({
    host: "a",
    subprotocols: ["p", "r"],
    extensions,
    random: (bytes) => bytes.set(toLatin1("the sample nonce")),
    limits: LIMITS,
  });
}

/** What each way of cutting the bytes leads to: one result, or the test fails. */
function verdict<Result extends { readonly ok: boolean; readonly reason?: string }>(
  text: string,
  start: () => { receive(chunk: Uint8Array): Result | undefined },
): Result {
  let first: Result | undefined;
  for (const pieces of everyCut(toLatin1(text))) {
    const handshake = start();
    let result: Result | undefined;
    for (const piece of pieces) {
      result = handshake.receive(piece);
      if (result !== undefined) break;
    }
    if (result === undefined) throw new Error(`no verdict on ${quote(text)}`);
    if (first === undefined) first = result;
    else if (result.ok !== first.ok || result.reason !== first.reason) expect(result).toEqual(first);
  }
  return first!;
}

describe("the server refuses", () => {
  for (const [rule, heads] of Object.entries(badRequests)) {
    const { status, section, sentence } = { ...headRefusals, ...requestRefusals }[rule as RequestRule];
    it(title("[RFC6455-4.2.1-01]", rule, sentence), () => {
      for (const head of heads) {
        const result = verdict(head, () => new ServerHandshake({ limits: LIMITS }));
        if (result.ok) throw new Error(`accepted: ${quote(head)}`);
        expect({ head, rule: result.rule }).toEqual({ head, rule });
        expect(result).toMatchObject({ status, section, body: sentence });
        expect(result.reason.startsWith(sentence)).toBe(true);
        const text = fromLatin1(result.response);
        expect(text.startsWith(`HTTP/1.1 ${status} `)).toBe(true);
        expect(text.endsWith(`\r\nContent-Length: ${sentence.length}\r\n\r\n${sentence}`)).toBe(true);
        expect(result.fields.get("Connection")).toMatch(/^close/);
      }
    });
  }

  it("nothing in the head that the others are made from", () => {
    expect(verdict(request(""), () => new ServerHandshake({ limits: LIMITS }))).toMatchObject({ ok: true });
  });
});

describe("the client refuses", () => {
  for (const [rule, heads] of Object.entries(badResponses)) {
    const { section, sentence } = { ...headRefusals, ...responseRefusals }[rule as ResponseRule];
    it(title("[RFC6455-4.1-45]", rule, sentence), () => {
      for (const head of heads) {
        const result = verdict(head, newClient);
        if (result.ok) throw new Error(`accepted: ${quote(head)}`);
        expect({ head, rule: result.rule }).toEqual({ head, rule });
        expect(result.section).toBe(section);
        expect(result.reason.startsWith(sentence)).toBe(true);
      }
    });
  }

  it("nothing in the head that the others are made from", () => {
    expect(verdict(response("", "Sec-WebSocket-Protocol: r"), newClient)).toMatchObject({
      ok: true,
      subprotocol: "r",
    });
  });
});

describe("the tables", () => {
  it("name each rule once, and say of each where it is written, in a sentence", () => {
    const tables = [headRefusals, requestRefusals, responseRefusals];
    const rules = tables.flatMap((table) => Object.keys(table));
    expect(new Set(rules).size).toBe(rules.length);
    for (const { section, sentence } of tables.flatMap((table) => Object.values(table))) {
      expect(section).toMatch(/^RFC \d{4} §[\d.]+( \(\d+\))?$/);
      expect(sentence).toMatch(/^[A-Z].*\.$/);
    }
  });
});

describe("the status of a refusal", () => {
  const STATUSES: Readonly<Record<number, readonly RequestRule[]>> = {
    405: ["method-not-get"],
    414: ["request-line-too-long"],
    426: ["upgrade-missing", "upgrade-not-websocket", "version-missing", "version-not-13"],
    431: ["head-too-long", "field-line-too-long", "too-many-fields"],
    505: ["unsupported-http-version"],
  };

  it.each(Object.entries(STATUSES))("is %s where that says more than 400", (status, rules) => {
    for (const rule of rules) expect(refuseRequest(rule).status, rule).toBe(Number(status));
  });

  it("is 400 for everything else", () => {
    const special = new Set<string>(Object.values(STATUSES).flat());
    for (const [rule, { status }] of Object.entries({ ...headRefusals, ...requestRefusals }))
      if (!special.has(rule)) expect(status, rule).toBe(400);
  });
});

describe("quote", () => {
  it("shows what is visible in ASCII, and the numbers of all else", () => {
    expect(quote("\0\x1f !#[]~\x7f\x80")).toBe('"\\u0000\\u001f !#[]~\\u007f\\u0080"');
  });

  it("makes the peer's text fit for a log", () => {
    expect(quote('a "b" \\ \n\x1b\x9b\u2028')).toBe(
      '"a \\u0022b\\u0022 \\u005c \\u000a\\u001b\\u009b\\u2028"',
    );
    expect(quote("x".repeat(80))).toBe(`"${"x".repeat(80)}"`);
    expect(quote("x".repeat(100_000))).toBe(`"${"x".repeat(80)}"…`);
  });
});

describe("HandshakeError", () => {
  it("carries a refusal of either side", () => {
    const refused = new HandshakeError(refuseRequest("key-invalid", '"x"'));
    expect(refused).toBeInstanceOf(Error);
    expect(refused).toMatchObject({ name: "HandshakeError", rule: "key-invalid", status: 400 });
    expect(refused.message).toBe(
      'The Sec-WebSocket-Key is not the base64 form of 16 bytes. "x" (RFC 6455 §4.2.1 (5))',
    );
    const failed = new HandshakeError({ ...refuseResponse("status-not-101"), status: 404 });
    expect(failed).toMatchObject({ rule: "status-not-101", section: "RFC 6455 §4.1", status: 404 });
    expect(new HandshakeError(refuseResponse("accept-missing")).status).toBe(undefined);
  });
});
