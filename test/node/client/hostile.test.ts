/** What servers may answer to a client that wants to connect: each case with the one outcome it has. */

import { describe, expect, it } from "vitest";
import { type ConnectOptions, connect } from "../../../src/node/client/connect.ts";
import { ConnectError } from "../../../src/node/client/connect-error.ts";
import { TICK } from "../../../src/node/timers.ts";
import { makeCertificate } from "../../helpers/certificate.ts";
import { turn, until } from "../../helpers/fake-socket.ts";
import { frame, hex } from "../../helpers/frames.ts";
import { ACCEPT, lines } from "../../helpers/handshakes.ts";
import {
  hostileServers,
  nothingLeft,
  type Script,
  switching,
  urlOf,
  type Wire,
} from "../../helpers/hostile-server.ts";

const SECOND = 1000;
const now = nothingLeft();
const hostile = hostileServers();
const certificate = makeCertificate();

/** Why `connect` fails. */
async function refusal(url: string, options: ConnectOptions = {}): Promise<ConnectError> {
  const error: unknown = await connect(url, { clock: now.clock, ...options }).then(
    () => expect.fail("connect has resolved"),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ConnectError);
  return error as ConnectError;
}

/** Why it fails when the server does this. */
async function refusalBy(script: Script, options?: ConnectOptions): Promise<ConnectError> {
  return refusal(urlOf(await hostile(script)), options);
}

/** Answers the request, and leaves the rest to the client. */
function answering(answer: (accept: string, key: string) => string | Uint8Array): Script {
  return async (wire) => {
    const request = await wire.request();
    wire.write(answer(request.accept, request.field("sec-websocket-key")!));
  };
}

const STATUS = "HTTP/1.1 101 Switching Protocols";
const UPGRADE = "Upgrade: websocket";
const CONNECTION = "Connection: Upgrade";
const accepting = (accept: string): string => `Sec-WebSocket-Accept: ${accept}`;

/** Answers, and ends the connection. */
function ending(answer: (accept: string, key: string) => string | Uint8Array): Script {
  return async (wire) => {
    await answering(answer)(wire);
    wire.end();
  };
}

/** A good answer but for its status line. */
const status = (line: string) => answering((accept) => lines(line, UPGRADE, CONNECTION, accepting(accept)));
/** A good answer and something more: fields, or lines that are none. */
const more = (...added: string[]) => answering((accept) => switching(accept, ...added));
/** Instead of the fields of a good answer. */
const fields = (...all: string[]) =>
  answering((accept) => lines(STATUS, ...all.map((line) => line.replace("ACCEPT", accept))));

type Refusals = readonly (readonly [title: string, script: Script, rule: string, options?: ConnectOptions])[];

describe("an answer that is no HTTP/1.1", () => {
  it.each([
    ["speaks HTTP/1.0", status("HTTP/1.0 101 Switching Protocols"), "switch-before-http-1.1"],
    ["speaks HTTP/2.0", status("HTTP/2.0 101 Switching Protocols"), "malformed-status-line"],
    ["speaks http/1.1", status("http/1.1 101 Switching Protocols"), "malformed-status-line"],
    ["speaks HTTP/1.10", status("HTTP/1.10 101 Switching Protocols"), "malformed-status-line"],
    ["has a status of four digits", status("HTTP/1.1 1010 Long"), "malformed-status-line"],
    ["has a status of two digits", status("HTTP/1.1 99 Short"), "malformed-status-line"],
    ["has a status of letters", status("HTTP/1.1 1O1 Letters"), "malformed-status-line"],
    ["has a negative status", status("HTTP/1.1 -10 Minus"), "malformed-status-line"],
    ["has no space behind its status", status("HTTP/1.1 101"), "malformed-status-line"],
    ["has two spaces before its status", status("HTTP/1.1  101 OK"), "malformed-status-line"],
    ["begins with an empty line", status(`\r\n${STATUS}`), "malformed-status-line"],
    ["is a request", answering(() => lines("GET / HTTP/1.1", "Host: x")), "malformed-status-line"],
    ["is chatter", answering(() => "hello there\r\n\r\n"), "malformed-status-line"],
    ["is the banner of an SSH server", (wire) => wire.write("SSH-2.0-x\r\n"), "malformed-status-line"],
    ["is TLS", answering(() => hex("15 03 01 00 02 02 46")), "control-byte"],
    ["is HTTP/2", answering(() => hex("00 00 12 04 00 00 00 00 00")), "control-byte"],
    ["is a WebSocket frame already", answering(() => frame({ opcode: 9 })), "control-byte"],
  ] satisfies Refusals)("that %s", async (_title, script, rule) => {
    expect(await refusalBy(script)).toMatchObject({ phase: "handshake", rule });
  });
});

describe("a head", () => {
  const endless = (part: string, start: string): Script => {
    return async (wire) => {
      await wire.request();
      wire.write(start);
      await wire.flood(part);
    };
  };
  const early = `${STATUS}\r\n`;

  it.each([
    ["with bare line feeds", answering((accept) => switching(accept).replaceAll("\r", "")), "bare-line-feed"],
    ["with bare carriage returns", fields(`${UPGRADE}\rX: y`), "bare-carriage-return"],
    ["with a folded line", more("X: a", " b"), "folded-line"],
    ["with a field that is folded from its start", fields(" X: y"), "folded-line"],
    ["with NUL", more("X: a\0b"), "control-byte"],
    ["with a control byte", more("X: a\x1bb"), "control-byte"],
    ["with DEL", more("X: \x7f"), "control-byte"],
    ["with a line without colon", more("Server x"), "missing-colon"],
    ["with space before a colon", more("Server : x"), "space-before-colon"],
    ["with a field without name", more(": x"), "invalid-field-name"],
    ["with a field whose name is no token", more("Ser(ver: x"), "invalid-field-name"],
    ["with a field whose name is no ASCII", more("Serv\xebr: x"), "invalid-field-name"],
    ["with 101 fields", more(...Array.from({ length: 98 }, (_, n) => `X-${n}: y`)), "too-many-fields"],
    ["with a long status line", status(`HTTP/1.1 101 ${"x".repeat(8192)}`), "status-line-too-long"],
    ["with a long field", more(`X: ${"y".repeat(8192)}`), "field-line-too-long"],
    ["that is long", more(...Array.from({ length: 3 }, () => `X: ${"y".repeat(6000)}`)), "head-too-long"],
    ["with a status line that never ends", endless("x".repeat(99), "HTTP/1.1 101 "), "status-line-too-long"],
    ["with a field that never ends", endless("x".repeat(99), early), "field-line-too-long"],
    ["with fields that never end", endless("X: y\r\n", early), "too-many-fields"],
    ["with long fields that never end", endless(`X: ${"y".repeat(999)}\r\n`, early), "head-too-long"],
    ["beyond limits of your own", more("X: y"), "too-many-fields", { limits: { maxFields: 3 } }],
  ] satisfies Refusals)("%s", async (_title, script, rule, options?: ConnectOptions) => {
    expect(await refusalBy(script, options)).toMatchObject({ phase: "handshake", rule });
  });
});

describe("[RFC6455-4.1-38] an answer that switches protocols", () => {
  const rest = [CONNECTION, "Sec-WebSocket-Accept: ACCEPT"];
  const upgrade = [UPGRADE, "Sec-WebSocket-Accept: ACCEPT"];
  const both = [UPGRADE, CONNECTION];

  it.each([
    ["without Upgrade", fields(...rest), "switch-not-to-websocket"],
    ["to HTTP/2", fields("Upgrade: h2c", ...rest), "switch-not-to-websocket"],
    ["to what looks like websocket", fields("Upgrade: websocket2", ...rest), "switch-not-to-websocket"],
    ["to two protocols", fields("Upgrade: websocket, h2c", ...rest), "switch-not-to-websocket"],
    ["to websocket twice", fields(UPGRADE, UPGRADE, ...rest), "switch-not-to-websocket"],
    ["without Connection", fields(...upgrade), "switch-without-connection"],
    ["and keeps alive", fields("Connection: keep-alive", ...upgrade), "switch-without-connection"],
    ["and closes", fields("Connection: close", ...upgrade), "switch-without-connection"],
    ["and half upgrades", fields("Connection: upgrade-not", ...upgrade), "switch-without-connection"],
    ["and connects in no list", fields('Connection: Upgrade, "', ...upgrade), "switch-without-connection"],
    ["without accepting", fields(...both), "accept-missing"],
    ["with an empty accept", fields(...both, "Sec-WebSocket-Accept:"), "accept-wrong"],
    ["and accepts another key", fields(...both, accepting(ACCEPT)), "accept-wrong"],
    ["and accepts all lower", answering((accept) => switching(accept.toLowerCase())), "accept-wrong"],
    ["and accepts with more", answering((accept) => switching(`${accept}x`)), "accept-wrong"],
    ["and accepts quoted", answering((accept) => switching(`"${accept}"`)), "accept-wrong"],
    ["and sends the key back", answering((_accept, key) => switching(key)), "accept-wrong"],
    ["and accepts twice", more("Sec-WebSocket-Accept: x"), "accept-repeated"],
    ["and accepts twice alike", answering((it) => switching(it, accepting(it))), "accept-repeated"],
    ["and accepts twice in a line", answering((it) => switching(`${it}, ${it}`)), "accept-wrong"],
    ["and announces five bytes", more("Content-Length: 5"), "switch-with-body"],
    ["and announces chunks", more("Transfer-Encoding: chunked"), "switch-with-body"],
  ] satisfies Refusals)("%s", async (_title, script, rule) => {
    expect(await refusalBy(script)).toMatchObject({ phase: "handshake", rule, status: 101 });
  });

  it.each([
    ["that was not offered", ["superchat"], "subprotocol-not-offered"],
    ["in another case", ["Chat"], "subprotocol-not-offered"],
    ["that is empty", [""], "subprotocol-not-offered"],
    ["that is all that was offered", ["chat, v2"], "subprotocol-not-offered"],
    ["twice", ["chat", "chat"], "subprotocol-repeated"],
    ["and another one", ["chat", "v2"], "subprotocol-repeated"],
  ])("and chooses a subprotocol %s", async (_title, chosen, rule) => {
    const script = more(...chosen.map((name) => `Sec-WebSocket-Protocol: ${name}`));
    const error = await refusalBy(script, { subprotocols: ["chat", "v2"] });
    expect(error).toMatchObject({ phase: "handshake", rule, status: 101 });
  });

  it("and chooses a subprotocol although none was offered", async () => {
    const script = more("Sec-WebSocket-Protocol: chat");
    expect(await refusalBy(script)).toMatchObject({ rule: "subprotocol-not-offered" });
  });

  const deflate = "permessage-deflate";
  const good = `${deflate}; server_no_context_takeover`;

  it.each([
    ["that was not offered", ["x-webkit-deflate-frame"], "extension-not-offered"],
    ["named like a property of all objects", ["constructor"], "extension-not-offered"],
    ["named like their prototype", ["__proto__"], "extension-not-offered"],
    ["in another case", ["Permessage-Deflate"], "extension-not-offered"],
    ["without a name", ["; x=1"], "extension-answer-malformed"],
    ["with an empty parameter", [`${good};;`], "extension-answer-malformed"],
    ["with a quotation that does not end", [`${good}; x="1`], "extension-answer-malformed"],
    ["with a quotation that is no token", [`${good}; x="a b"`], "extension-answer-malformed"],
    ["twice in a line", [`${good}, ${good}`], "extension-accepted-twice"],
    ["twice in two lines", [good, good], "extension-accepted-twice"],
    ["and one that was not", [good, "other"], "extension-not-offered"],
    ["without what was demanded of it", [deflate], "extension-answer-refused"],
  ])("and accepts an extension %s", async (_title, accepted, rule) => {
    const script = more(...accepted.map((element) => `Sec-WebSocket-Extensions: ${element}`));
    const error = await refusalBy(script, { compression: true });
    expect(error).toMatchObject({ phase: "handshake", rule, status: 101 });
  });

  it("and accepts compression although it was not offered", async () => {
    const script = more(`Sec-WebSocket-Extensions: ${deflate}`);
    expect(await refusalBy(script)).toMatchObject({ rule: "extension-not-offered" });
  });

  it.each([
    ["client_max_window_bits=7", "is not a number from 8 to 15"],
    ["client_max_window_bits=16", "is not a number from 8 to 15"],
    ["client_max_window_bits=08", "is not a number from 8 to 15"],
    ["client_max_window_bits=0", "is not a number from 8 to 15"],
    ["client_max_window_bits=-9", "is not a number from 8 to 15"],
    ["client_max_window_bits=+9", "is not a number from 8 to 15"],
    ["client_max_window_bits=9.0", "is not a number from 8 to 15"],
    ["client_max_window_bits=1e1", "is not a number from 8 to 15"],
    ["client_max_window_bits=0xa", "is not a number from 8 to 15"],
    ["client_max_window_bits=99999999999999999999", "is not a number from 8 to 15"],
    ["client_max_window_bits", "client_max_window_bits has no value"],
    ["client_max_window_bits=8", "a window that this side cannot compress with"],
    ["client_max_window_bits=10; client_max_window_bits=10", "stands there twice"],
    ["client_max_window_bits=10; client_max_window_bits=11", "stands there twice"],
    ["server_max_window_bits", "is not a number from 8 to 15"],
    ["server_max_window_bits=7", "is not a number from 8 to 15"],
    ["server_max_window_bits=16", "is not a number from 8 to 15"],
    ["server_max_window_bits=99", "is not a number from 8 to 15"],
    ["server_max_window_bits=010", "is not a number from 8 to 15"],
    ["server_no_context_takeover", "stands there twice"],
    ["client_no_context_takeover=1", "client_no_context_takeover has a value"],
    ["client_no_context_takeover=true", "client_no_context_takeover has a value"],
    ["client_no_context_takeover; client_no_context_takeover", "stands there twice"],
    ["unknown", "unknown is unknown"],
    ["constructor", "constructor is unknown"],
    ["__proto__=1", "__proto__ is unknown"],
  ])("and accepts compression with %s", async (parameters, reason) => {
    const script = more(`Sec-WebSocket-Extensions: ${good}; ${parameters}`);
    const error = await refusalBy(script, { compression: true });
    expect(error).toMatchObject({ phase: "handshake", rule: "extension-answer-refused", status: 101 });
    expect(error.message).toContain(reason);
  });
});

describe("a server that does not answer", () => {
  /** Does this, and lets the time pass that a handshake may take. */
  const silent = (script: Script): Script => {
    return async (wire) => {
      await script(wire);
      await turn();
      now.clock.advance(10 * SECOND + TICK);
    };
  };

  it.each([
    ["says nothing", silent((wire) => wire.request())],
    ["does not read either", silent((wire) => wire.socket.pause())],
    ["stops within its head", silent(answering(() => "HTTP/1.1 101 S"))],
    ["stops before the last byte of its head", silent(answering((it) => switching(it).slice(0, -1)))],
    ["stops behind an interim response", silent(answering(() => lines("HTTP/1.1 100 Continue")))],
  ] as [string, Script][])("but %s, is not waited for", async (_title, script) => {
    expect(await refusalBy(script)).toMatchObject({
      phase: "handshake",
      rule: "handshake-timeout",
      message: "The connection did not open in time. handshakeTimeout: 10000 ms",
    });
  });

  it("but sends one byte in each second, is not waited for: ten of them", async () => {
    let bytes = 0;
    const error = await refusalBy(async (wire) => {
      const { accept } = await wire.request();
      for (const byte of switching(accept)) {
        if (wire.closed) return;
        wire.write(byte);
        bytes++;
        await turn();
        now.clock.advance(SECOND);
        await turn();
      }
    });
    expect(error).toMatchObject({ phase: "handshake", rule: "handshake-timeout" });
    expect(bytes).toBeLessThan(20);
  });

  const interim = lines("HTTP/1.1 103 Early Hints", "Link: </x>");

  it.each([
    ["hangs up at once", (wire) => wire.end()],
    ["hangs up when it is asked", ending(() => "")],
    ["hangs up within its head", ending(() => STATUS)],
    ["hangs up behind an interim response", ending(() => interim)],
  ] as [string, Script][])("but %s, has ended", async (_title, script) => {
    const error = await refusalBy(script);
    expect(error).toMatchObject({ phase: "handshake", rule: "ended", status: undefined });
    expect(error.cause).toBeUndefined();
  });

  it.each([
    ["when it is asked", ""],
    ["within its head", STATUS],
    ["behind an interim response", interim],
  ])("but resets the connection %s, has ended", async (_title, said) => {
    const error = await refusalBy(async (wire) => {
      await wire.request();
      wire.write(said);
      for (let i = 0; i < 5; i++) await turn();
      wire.reset();
    });
    expect(error).toMatchObject({ phase: "handshake", rule: "ended", cause: { code: "ECONNRESET" } });
  });

  it("[RFC6455-4.1-13] because there is none, is told by the network", async () => {
    expect(await refusal("ws://127.0.0.1:1/")).toMatchObject({
      phase: "connect",
      rule: "network",
      cause: { code: "ECONNREFUSED" },
    });
  });

  it("but sends interim responses for ever, is not listened to", async () => {
    const script: Script = async (wire) => {
      await wire.request();
      await wire.flood(interim);
    };
    const error = await refusalBy(script);
    expect(error).toMatchObject({ phase: "handshake", rule: "too-many-interim-responses", status: 103 });
  });
});

describe("a server that refuses", () => {
  const MAX_BODY = 16 * 1024;
  const refusing = (statusLine: string, ...fields: string[]) => lines(`HTTP/1.1 ${statusLine}`, ...fields);
  const length = (count: number): string => `Content-Length: ${count}`;
  const chunked = "Transfer-Encoding: chunked";
  const long = "x".repeat(2 * MAX_BODY);
  type Bodies = readonly (readonly [title: string, answer: string, status: number, body: string])[];

  it.each([
    ["401 and says why", `${refusing("401 Unauthorized", length(4))}who?`, 401, "who?"],
    [
      "403 in chunks",
      `${refusing("403 Forbidden", chunked)}2\r\nno\r\n4;x=y\r\nbody\r\n0\r\n\r\n`,
      403,
      "nobody",
    ],
    ["404 without a word", refusing("404 Not Found", length(0)), 404, ""],
    ["426 for another version", refusing("426 Upgrade Required", length(0)), 426, ""],
    ["429 for a while", `${refusing("429 Too Many", "Retry-After: 9", length(5))}later`, 429, "later"],
    ["503 in UTF-8", `${refusing("503 Busy", length(3))}\xe2\x82\xac`, 503, "\u20ac"],
    ["500 in what is no UTF-8", `${refusing("500 Oh", length(3))}a\xffb`, 500, "a\ufffdb"],
    ["200, as a page would be", `${refusing("200 OK", length(6))}<html>`, 200, "<html>"],
    ["204, with bytes where no body can be", `${refusing("204 No Content", length(3))}abc`, 204, ""],
    ["304, with bytes where no body can be", `${refusing("304 Not Modified", length(3))}abc`, 304, ""],
    ["599 that nobody knows", refusing("599 X", length(0)), 599, ""],
    ["and goes on behind its body", `${refusing("400 Bad", length(3))}badworse`, 400, "bad"],
    [
      "and goes on behind its chunks",
      `${refusing("400 Bad", chunked)}3\r\nbad\r\n0\r\n\r\nworse`,
      400,
      "bad",
    ],
    ["at length", `${refusing("400 Bad", length(long.length))}${long}`, 400, long.slice(0, MAX_BODY)],
    ["in one long chunk", `${refusing("400 Bad", chunked)}8000\r\n${long}\r\n`, 400, long.slice(0, MAX_BODY)],
    ["with a chunk of no size", `${refusing("400 Bad", chunked)}2\r\nno\r\n\r\nmore`, 400, "no"],
    ["with a chunk of no number", `${refusing("400 Bad", chunked)}2\r\nno\r\n0x2\r\nmore`, 400, "no"],
    ["with a chunk of a negative size", `${refusing("400 Bad", chunked)}2\r\nno\r\n-1\r\nx\r\n`, 400, "no"],
    ["with a chunk that goes on", `${refusing("400 Bad", chunked)}2\r\nnobody`, 400, "no"],
    ["with two lengths", `${refusing("400 Bad", length(2), length(3))}abc`, 400, ""],
    ["with a negative length", `${refusing("400 Bad", length(-1))}abc`, 400, ""],
    ["with a length and chunks", `${refusing("400 Bad", length(3), chunked)}abc`, 400, ""],
    ["with a coding nobody asked for", `${refusing("400 Bad", "Transfer-Encoding: gzip")}abc`, 400, ""],
  ] satisfies Bodies)("with %s", async (_title, answer, status, body) => {
    const error = await refusalBy(answering(() => answer));
    expect(error).toMatchObject({ phase: "handshake", rule: "status-not-101", status });
    expect(error.response?.body).toBe(body);
  });

  it.each([
    ["whose body ends with the connection", `${refusing("403 No")}until the end`, "until the end"],
    ["whose body is shorter than announced", `${refusing("403 No", length(99))}cut`, "cut"],
    ["whose last chunk is missing", `${refusing("403 No", chunked)}3\r\ncut\r\n`, "cut"],
    ["whose body stops within a chunk", `${refusing("403 No", chunked)}ff\r\ncut`, "cut"],
    ["whose body never begins", refusing("403 No", length(99)), ""],
  ])("%s", async (_title, answer, body) => {
    const error = await refusalBy(ending(() => answer));
    expect(error).toMatchObject({ rule: "status-not-101", status: 403 });
    expect(error.response?.body).toBe(body);
  });

  it.each([
    ["a body", refusing("503 Busy"), "x"],
    ["chunks", refusing("503 Busy", chunked), "1\r\nx\r\n"],
    ["a chunk", `${refusing("503 Busy", chunked)}ffffffffffffffffffff\r\n`, "x"],
    ["a length", refusing("503 Busy", length(2 ** 53)), "x"],
  ])("with %s without end is listened to for a while", async (_title, head, part) => {
    const error = await refusalBy(async (wire) => {
      await wire.request();
      wire.write(head);
      await wire.flood(part);
    });
    expect(error).toMatchObject({ rule: "status-not-101", status: 503 });
    expect(error.response?.body).toBe("x".repeat(MAX_BODY));
  });

  it("and stops within its body is not waited for, but its refusal stands", async () => {
    const error = await refusalBy(async (wire) => {
      await wire.request();
      wire.write(`${refusing("403 No", length(99))}cut`);
      for (let i = 0; i < 5; i++) await turn();
      now.clock.advance(10 * SECOND + TICK);
    });
    expect(error).toMatchObject({ phase: "handshake", rule: "status-not-101", status: 403 });
    expect(error.response?.body).toBe("cut");
  });

  it("and resets the connection within its body has refused nevertheless", async () => {
    const error = await refusalBy(async (wire) => {
      await wire.request();
      wire.write(`${refusing("403 No", length(99))}cut`);
      for (let i = 0; i < 5; i++) await turn();
      wire.reset();
    });
    expect(error).toMatchObject({ phase: "handshake", rule: "status-not-101", status: 403 });
  });

  it("shows its header fields to who asks why", async () => {
    const answer = refusing("401 Unauthorized", 'WWW-Authenticate: Basic realm="x"', length(0));
    const error = await refusalBy(answering(() => answer));
    expect(error.response?.fields.get("www-authenticate")).toBe('Basic realm="x"');
  });

  it("cannot put anything into a log: what it said is quoted", async () => {
    const error = await refusalBy(answering(() => refusing(`403 "\xe9\t${"x".repeat(500)}`, length(0))));
    expect(error.message).toContain('403 "\\u0022\\u00e9\\u0009xxx');
    expect(error.message.length).toBeLessThan(250);
  });
});

describe("a server that redirects", () => {
  const to = (...locations: string[]) =>
    answering(() =>
      lines("HTTP/1.1 302 Found", "Content-Length: 0", ...locations.map((one) => `Location: ${one}`)),
    );

  it("is not followed unless that is asked for", async () => {
    const server = await hostile(to("/elsewhere"));
    expect(await refusal(urlOf(server))).toMatchObject({
      phase: "handshake",
      rule: "status-not-101",
      status: 302,
    });
    expect(server.wires.length).toBe(1);
  });

  it.each([
    ["to itself", "/"],
    ["to a query that grows", "?x"],
  ])("%s for ever is followed as often as is allowed", async (_title, location) => {
    const server = await hostile(to(location));
    expect(await refusal(urlOf(server), { redirects: 3 })).toMatchObject({
      phase: "redirect",
      rule: "too-many-redirects",
      status: 302,
    });
    expect(server.wires.length).toBe(4);
  });

  it.each([
    ["without saying where to", [], "redirect-without-location"],
    ["to two places", ["/a", "/b"], "redirect-to-invalid-url"],
    ["to one place, twice", ["/a", "/a"], "redirect-to-invalid-url"],
    ["to a file", ["file:///etc/passwd"], "redirect-to-invalid-url"],
    ["to a script", ["javascript:alert(1)"], "redirect-to-invalid-url"],
    ["to data", ["data:text/html,x"], "redirect-to-invalid-url"],
    ["to nowhere", ["http://["], "redirect-to-invalid-url"],
    ["to a port that cannot be", ["ws://127.0.0.1:99999/"], "redirect-to-invalid-url"],
    ["to what is no ASCII", ["/\xe9"], "redirect-to-invalid-url"],
    ["with a password", ["ws://user:secret@127.0.0.1/"], "redirect-to-invalid-url"],
  ])("%s is not followed", async (_title, locations, rule) => {
    const server = await hostile(to(...locations));
    const error = await refusal(urlOf(server), { redirects: 3 });
    expect(error).toMatchObject({ phase: "redirect", rule, status: 302 });
    expect(error.message).not.toContain("secret");
    expect(server.wires.length).toBe(1);
  });

  it.each([301, 302, 303, 307, 308])(
    "with %i to another origin gets none of our secrets there",
    async (code) => {
      const other = await hostile((wire) => wire.open());
      const server = await hostile(
        answering(() => lines(`HTTP/1.1 ${code} There`, `Location: ${urlOf(other, "http")}there`)),
      );
      const headers = { Authorization: "Bearer secret", Cookie: "a=secret", "X-Api-Key": "secret" };
      const peer = await connect(urlOf(server), { clock: now.clock, headers, redirects: 1 });
      expect(server.wires[0]!.text.match(/secret/g)).toHaveLength(3);
      expect(other.wires[0]!.text).toMatch(/^GET \/there HTTP\/1\.1\r\nHost: 127\.0\.0\.1:/);
      expect(other.wires[0]!.text).not.toContain("secret");
      peer.terminate();
    },
  );

  it("with a status that is no redirect is not followed", async () => {
    const script = answering(() => lines("HTTP/1.1 300 Choose", "Location: /", "Content-Length: 0"));
    expect(await refusalBy(script, { redirects: 3 })).toMatchObject({ rule: "status-not-101", status: 300 });
  });

  it("and then says nothing is not waited for any longer than one that does not redirect", async () => {
    const error = await refusalBy(
      async (wire) => {
        const { text } = await wire.request();
        now.clock.advance(6 * SECOND);
        if (text.startsWith("GET / ")) wire.write(lines("HTTP/1.1 302 Found", "Location: /on"));
      },
      { redirects: 3 },
    );
    expect(error).toMatchObject({ rule: "handshake-timeout" });
  });
});

describe.skipIf(certificate === undefined)("a server behind TLS", () => {
  const secured = (script: Script) => hostile(script, certificate!);

  it("with a certificate that nobody knows is not spoken to", async () => {
    const server = await secured(() => {});
    const error = await refusal(urlOf(server, "wss"));
    expect(error).toMatchObject({
      phase: "tls",
      rule: "tls",
      cause: { code: "DEPTH_ZERO_SELF_SIGNED_CERT" },
    });
    expect(server.wires.every(({ text }) => text === "")).toBe(true);
  });

  it("with the certificate of another host is not spoken to", async () => {
    const server = await secured(() => {});
    const tls = { ca: certificate!.cert, servername: "example.com" };
    const error = await refusal(urlOf(server, "wss"), { tls });
    expect(error).toMatchObject({
      phase: "tls",
      rule: "tls",
      cause: { code: "ERR_TLS_CERT_ALTNAME_INVALID" },
    });
    expect(server.wires.every(({ text }) => text === "")).toBe(true);
  });

  it("does not redirect to where there is none", async () => {
    const plain = await hostile(() => {});
    const location = urlOf(plain, "http");
    const server = await secured(answering(() => lines("HTTP/1.1 302 Found", `Location: ${location}`)));
    const error = await refusal(urlOf(server, "wss"), { redirects: 3, tls: { ca: certificate!.cert } });
    expect(error).toMatchObject({ phase: "redirect", rule: "redirect-to-insecure", status: 302 });
    expect(plain.wires).toEqual([]);
  });

  it("that refuses is heard", async () => {
    const server = await secured(answering(() => `${lines("HTTP/1.1 403 No", "Content-Length: 2")}no`));
    const error = await refusal(urlOf(server, "wss"), { tls: { ca: certificate!.cert } });
    expect(error).toMatchObject({ phase: "handshake", rule: "status-not-101", status: 403 });
  });

  it.each([
    ["speaks HTTP instead", (wire) => wire.write(lines("HTTP/1.1 400 Bad Request")), "tls"],
    ["hangs up", (wire) => wire.end(), "tls"],
    [
      "says nothing",
      async (wire) => {
        await until(() => wire.text.length > 0, "the client has said hello");
        now.clock.advance(10 * SECOND + TICK);
      },
      "handshake-timeout",
    ],
  ] as [string, Script, string][])("that %s is none", async (_title, script, rule) => {
    const server = await hostile(script);
    expect(await refusal(urlOf(server, "wss"))).toMatchObject({ phase: "tls", rule });
  });
});

describe("a proxy", () => {
  const through = async (script: Script, url = "ws://example.com/"): Promise<ConnectError> => {
    const proxy = await hostile(script);
    return refusal(url, { proxy: urlOf(proxy, "http") });
  };
  const tunnel = "HTTP/1.1 200 Connection established";

  it("that asks who we are refuses, and its words are told", async () => {
    const answer = `${lines("HTTP/1.1 407 Who", "Content-Length: 4")}who?`;
    const error = await through(answering(() => answer));
    expect(error).toMatchObject({ phase: "proxy", rule: "proxy-refused", status: 407 });
    expect(error.response?.body).toBe("who?");
  });

  it.each([
    ["refuses", lines("HTTP/1.1 502 Bad Gateway", "Content-Length: 0"), "proxy-refused"],
    ["redirects", lines("HTTP/1.1 302 Found", "Location: /", "Content-Length: 0"), "proxy-refused"],
    ["switches protocols itself", lines(STATUS, UPGRADE, CONNECTION), "proxy-refused"],
    ["talks nonsense", "nonsense\r\n\r\n", "malformed-status-line"],
    ["speaks HTTP/2", "HTTP/2.0 200 OK\r\n\r\n", "malformed-status-line"],
    ["sends bare line feeds", "HTTP/1.1 200 OK\n\n", "bare-line-feed"],
    ["sends a long head", lines(tunnel, `X: ${"y".repeat(9000)}`), "field-line-too-long"],
  ])("that %s opens no tunnel", async (_title, answer, rule) => {
    expect(await through(answering(() => answer))).toMatchObject({ phase: "proxy", rule });
  });

  it("that says nothing is not waited for", async () => {
    const error = await through(async (wire) => {
      await wire.request();
      now.clock.advance(10 * SECOND + TICK);
    });
    expect(error).toMatchObject({ phase: "proxy", rule: "handshake-timeout" });
  });

  it("that hangs up has ended", async () => {
    expect(await through(ending(() => tunnel))).toMatchObject({ phase: "proxy", rule: "ended" });
  });

  it("[RFC6455-4.1-13] that is not there is told by the network", async () => {
    const error = await refusal("ws://example.com/", { proxy: "http://127.0.0.1:1/" });
    expect(error).toMatchObject({ phase: "proxy", rule: "network", cause: { code: "ECONNREFUSED" } });
  });

  it.each([
    ["nonsense", "nonsense\r\n\r\n", "malformed-status-line"],
    ["an answer to what nobody has asked", switching(ACCEPT), "accept-wrong"],
    ["a refusal", lines("HTTP/1.1 403 No", "Content-Length: 0"), "status-not-101"],
  ])("with %s behind its answer speaks for the server", async (_title, behind, rule) => {
    const error = await through(answering(() => `${lines(tunnel)}${behind}`));
    expect(error).toMatchObject({ phase: "handshake", rule });
  });

  /** Opens the tunnel, and lets this come out of it once the client has begun to speak TLS. */
  const tunnelling = (what: (wire: Wire) => unknown): Script => {
    return async (wire) => {
      await wire.request();
      const { length } = wire.text;
      wire.write(lines(tunnel));
      await until(() => wire.text.length > length, "the client has said hello");
      await what(wire);
    };
  };
  const insideTunnel = [
    ["nothing", () => now.clock.advance(10 * SECOND + TICK), "handshake-timeout"],
    ["the end", (wire) => wire.end(), "tls"],
    ["an abrupt end", (wire) => wire.socket.destroy(), "tls"],
    ["what is no TLS", (wire) => wire.write("nonsense\r\n"), "tls"],
  ] as [string, (wire: Wire) => unknown, string][];

  it.each(insideTunnel)(
    "with %s inside its tunnel opens no secure connection",
    async (_title, what, rule) => {
      const error = await through(tunnelling(what), "wss://example.com/");
      expect(error).toMatchObject({ phase: "tls", rule });
    },
  );

  describe.skipIf(certificate === undefined)("that is spoken to by TLS", () => {
    const throughTls = async (script: Script, url?: string, tls: object = { ca: certificate!.cert }) => {
      const proxy = await hostile(script, certificate!);
      return refusal(url ?? "ws://example.com/", { proxy: { url: urlOf(proxy, "https"), tls } });
    };

    it("and whose certificate nobody knows is not spoken to", async () => {
      const error = await throughTls(() => {}, undefined, {});
      expect(error).toMatchObject({
        phase: "tls",
        rule: "tls",
        cause: { code: "DEPTH_ZERO_SELF_SIGNED_CERT" },
      });
    });

    it("and refuses, refuses", async () => {
      const error = await throughTls(answering(() => lines("HTTP/1.1 403 No", "Content-Length: 0")));
      expect(error).toMatchObject({ phase: "proxy", rule: "proxy-refused", status: 403 });
    });

    it.each(insideTunnel)(
      "with %s inside its tunnel opens no secure connection",
      async (_title, what, rule) => {
        const error = await throughTls(tunnelling(what), "wss://example.com/");
        expect(error).toMatchObject({ phase: "tls", rule });
      },
    );
  });

  it("[RFC6455-4.1-10] is told where to, and nothing of what the server is told", async () => {
    const proxy = await hostile(async (wire) => {
      await wire.request();
      wire.write(lines(tunnel));
      await wire.open();
    });
    const headers = { Authorization: "Bearer secret" };
    const peer = await connect("ws://example.com/", {
      clock: now.clock,
      headers,
      proxy: urlOf(proxy, "http"),
    });
    const [told, asked] = proxy.wires[0]!.text.split("\r\n\r\n");
    expect(told).toBe("CONNECT example.com:80 HTTP/1.1\r\nHost: example.com:80");
    expect(asked).toContain("secret");
    peer.terminate();
  });
});
