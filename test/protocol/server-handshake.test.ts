import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Fields, fromLatin1, toLatin1 } from "../../src/protocol/fields.ts";
import type { RequestHead } from "../../src/protocol/http.ts";
import type { AcceptOptions, ServerAccepted, ServerRefused } from "../../src/protocol/server-handshake.ts";
import {
  acceptUpgrade,
  readUpgrade,
  refuse,
  ServerHandshake,
  type ServerHandshakeOptions,
} from "../../src/protocol/server-handshake.ts";
import { everyCut } from "../helpers/cuts.ts";
import { extension } from "../helpers/extensions.ts";
import { accepted, ask, joined, KEY, lines, REQUEST, RESPONSE } from "../helpers/handshakes.ts";

describe("the server", () => {
  it("[RFC6455-4.2.2-14] [RFC6455-4.2.2-15] [RFC6455-4.2.2-16] [RFC6455-4.2.2-17] [RFC6455-4.2.2-01] [RFC7692-5-12] accepts with a 101", () => {
    const { response, upgrade, subprotocol, extensions } = accepted(lines(...REQUEST));
    expect(fromLatin1(response)).toBe(lines(...RESPONSE));
    expect(subprotocol).toBe("");
    expect(extensions).toEqual([]);
    expect(upgrade).toMatchObject({
      target: "/chat?x",
      host: "server.example.com",
      origin: "http://example.com",
      key: KEY,
      subprotocols: ["chat", "superchat"],
    });
    expect(upgrade.extensions.map(({ name }) => name)).toEqual(["a", "b", "a"]);
    expect(upgrade.fields.get("upgrade")).toBe("websocket");
  });

  it("says the same at every cut, and hands over the frames that came with the head", () => {
    const bytes = toLatin1(`${lines(...REQUEST)}\x81\x80\r\n\r\n`);
    const whole = accepted(fromLatin1(bytes));
    expect(fromLatin1(whole.rest)).toBe("\x81\x80\r\n\r\n");
    for (const pieces of everyCut(bytes)) {
      const server = new ServerHandshake();
      let result: ServerAccepted | ServerRefused | undefined;
      let next = 0;
      while (result === undefined) result = server.receive(pieces[next++]!);
      if (!result.ok) throw new Error(result.reason);
      expect(joined(result.rest, ...pieces.slice(next))).toBe("\x81\x80\r\n\r\n");
      expect(result.response).toEqual(whole.response);
    }
  });

  it("[RFC6455-4.2.1-04] [RFC6455-4.2.1-05] [RFC6455-4.2.1-09] takes fields in any order, case and company", () => {
    const request = lines(
      "GET / HTTP/1.1",
      "sec-websocket-version:13",
      "X-Unknown: ignored",
      "CONNECTION: keep-alive,, UPGRADE",
      "UPGRADE: h2c/1.0, WebSocket",
      `sec-websocket-key: \t${KEY} `,
      "Content-Length: 0",
      "host: a:80",
    );
    expect(accepted(request).upgrade).toMatchObject({ host: "a:80", origin: undefined, subprotocols: [] });
  });

  it("[RFC6455-4.2.1-02] takes the authority of an absolute target for the host", () => {
    const [, ...fields] = REQUEST;
    const { upgrade } = accepted(lines("GET http://other.example:81?q HTTP/1.1", ...fields));
    expect(upgrade).toMatchObject({ target: "/?q", host: "other.example:81" });
  });

  it("[RFC6455-11.3.2-01] [RFC6455-11.3.4-01] [RFC6455-9.1-03] joins offers that are spread over lines", () => {
    const spread = ["Sec-WebSocket-Protocol: third", "Sec-WebSocket-Extensions: c"];
    const { upgrade } = accepted(lines(...REQUEST, ...spread));
    expect(upgrade.subprotocols).toEqual(["chat", "superchat", "third"]);
    expect(upgrade.extensions.map(({ name }) => name)).toEqual(["a", "b", "a", "c"]);
  });

  it("[RFC6455-4.2.2-09] [RFC6455-4.2.2-10] [RFC7936-2-01] chooses a subprotocol among those offered, or none", () => {
    const choose = (subprotocols: ServerHandshakeOptions["subprotocols"]): [string, boolean] => {
      const result = accepted(lines(...REQUEST), subprotocols === undefined ? {} : { subprotocols });
      return [result.subprotocol, fromLatin1(result.response).includes("Sec-WebSocket-Protocol")];
    };
    expect(choose(["superchat", "chat"])).toEqual(["superchat", true]);
    expect(choose(["Chat", "other"])).toEqual(["", false]);
    expect(choose(undefined)).toEqual(["", false]);
    expect(choose((upgrade) => upgrade.subprotocols[0])).toEqual(["chat", true]);
    expect(choose(() => undefined)).toEqual(["", false]);
    expect(() => choose(() => "other")).toThrow(TypeError);
  });

  it("[RFC6455-4.2.2-11] takes an empty subprotocol for none", () => {
    const { upgrade } = accepted(lines(...REQUEST));
    const { response, subprotocol } = acceptUpgrade(upgrade, { subprotocol: "" });
    expect([fromLatin1(response), subprotocol]).toEqual([lines(...RESPONSE), ""]);
    const empty = REQUEST.map((line) =>
      line.startsWith("Sec-WebSocket-Protocol") ? "Sec-WebSocket-Protocol:" : line,
    );
    expect(ask(lines(...empty))).toMatchObject({ rule: "subprotocols-malformed", status: 400 });
  });

  it("[RFC6455-4.2.2-12] [RFC6455-9-02] [RFC7692-5-06] accepts extensions that were offered, in the client's order", () => {
    const extensions = [extension("c"), extension("b", 2), extension("a", 4)];
    const result = accepted(lines(...REQUEST), { extensions });
    expect(result.extensions.map(({ name }) => name)).toEqual(["a", "b"]);
    expect(fromLatin1(result.response)).toContain("\r\nSec-WebSocket-Extensions: a; x, b; y=1\r\n");
  });

  it("adds the application's fields, and refuses those that belong to the handshake", () => {
    const { upgrade } = accepted(lines(...REQUEST));
    const fields: [string, string][] = [
      ["Set-Cookie", "a=b"],
      ["set-cookie", "c=d"],
    ];
    const text = fromLatin1(acceptUpgrade(upgrade, { fields }).response);
    expect(text).toBe(lines(...RESPONSE, "Set-Cookie: a=b", "set-cookie: c=d"));
    const once = new ServerHandshake({ fields: new Map([["A", "b"]]).entries() });
    expect(fromLatin1(once.receive(toLatin1(lines(...REQUEST)))!.response)).toBe(lines(...RESPONSE, "A: b"));
    const wrong: AcceptOptions[] = [
      { fields: { Upgrade: "x" } },
      { fields: { connection: "close" } },
      { fields: { "Content-Length": "0" } },
      { fields: { "Transfer-Encoding": "chunked" } },
      { fields: { "SEC-WebSocket-Anything": "x" } },
      { fields: { A: "b\r\nC: d" } },
      { fields: { "A\r\n": "b" } },
      { subprotocol: "other" },
      { extensions: [extension("a"), extension("a")] },
    ];
    for (const options of wrong) expect(() => acceptUpgrade(upgrade, options)).toThrow(TypeError);
  });

  it("takes 32 offers of each kind unless told otherwise, and just as many as it is told", () => {
    const offering = (count: number): string => {
      const list = Array.from({ length: count }, (_, at) => `x${at}`).join(", ");
      return lines(
        ...REQUEST.slice(0, 5),
        REQUEST[8]!,
        `Sec-WebSocket-Protocol: ${list}`,
        `Sec-WebSocket-Extensions: ${list}`,
      );
    };
    expect(ask(offering(32))).toMatchObject({ ok: true });
    expect(ask(offering(33))).toMatchObject({ rule: "too-many-subprotocols" });
    expect(ask(offering(3), { limits: { maxOffers: 3 } })).toMatchObject({ ok: true });
    expect(ask(offering(3), { limits: { maxOffers: 2 } })).toMatchObject({ rule: "too-many-subprotocols" });
  });

  it("checks its options when it is made", () => {
    const wrong: ServerHandshakeOptions[] = [
      { subprotocols: ["a b"] },
      { subprotocols: ["a", "a"] },
      { extensions: [extension("a,")] },
      { fields: { Host: "x" } },
      { fields: { A: "b\r\nC: d" } },
    ];
    for (const options of wrong) expect(() => new ServerHandshake(options)).toThrow(TypeError);
    expect(() => new ServerHandshake({ limits: { maxOffers: 0 } })).toThrow(/maxOffers/);
    expect(() => new ServerHandshake({ limits: { maxFields: 0 } })).toThrow(/maxFields/);
  });

  it("takes a head that another HTTP server has read, whatever is in it, without throwing", () => {
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom("GET", "/", "1.1", "13", KEY, "websocket"),
    );
    const name = fc.constantFrom(
      ...REQUEST.slice(1).map((line) => line.slice(0, line.indexOf(":"))),
      "Content-Length",
    );
    fc.assert(
      fc.property(text, text, text, fc.array(fc.tuple(name, text)), (method, target, version, entries) => {
        const head: RequestHead = { method, target, version, fields: new Fields(entries) };
        const result = readUpgrade(head);
        if (!result.ok) refuse(result.refusal);
        const readable = { ...head, method: "GET", target: "/", version: "1.1" };
        const mended = readUpgrade({ ...readable, fields: new Fields([["Host", "a"], ...entries]) });
        if (!mended.ok) refuse(mended.refusal);
      }),
    );
  });

  it("is over after its answer", () => {
    for (const request of [lines(...REQUEST), lines("POST / HTTP/1.1")]) {
      const server = new ServerHandshake();
      server.receive(toLatin1(request));
      expect(() => server.receive(new Uint8Array(1))).toThrow();
    }
  });
});

describe("a refusal", () => {
  it("[RFC6455-4.2.1-01] [RFC6455-10.7-04] ends the connection, and tells nothing but a sentence", () => {
    const result = ask(lines("GET /<script> HTTP/1.1", "Host: <script>"));
    if (result.ok) throw new Error("accepted");
    const sentence = "The value of Host is not a host with an optional port.";
    expect(result).toMatchObject({ status: 400, rule: "invalid-host", section: "RFC 9112 §3.2" });
    expect(result.reason).toBe(`${sentence} "<script>"`);
    expect(result.fields.get("connection")).toBe("close");
    expect(fromLatin1(result.response)).toBe(
      lines(
        "HTTP/1.1 400 Bad Request",
        "Connection: close",
        "Content-Type: text/plain; charset=utf-8",
        `Content-Length: ${sentence.length}`,
      ) + sentence,
    );
  });

  it("[RFC6455-4.4-01] [RFC6455-4.2.2-07] with 426 says what to upgrade to, and which version", () => {
    const text = fromLatin1(ask(lines("GET / HTTP/1.1", "Host: a")).response);
    expect(text).toMatch(
      /^HTTP\/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n/,
    );
    expect(text).toContain("\r\nConnection: close, Upgrade\r\n");
  });

  it("[RFC6455-4.4-01] [RFC6455-4.2.2-07] of a version that is not known says which one is", () => {
    for (const version of ["8", "14", "013", "255", "13, 8"]) {
      const request = REQUEST.map((line) => line.replace(/^(Sec-WebSocket-Version): .*/, `$1: ${version}`));
      const text = fromLatin1(ask(lines(...request)).response);
      expect(text).toMatch(/^HTTP\/1\.1 426 Upgrade Required\r\n/);
      expect(text).toContain("\r\nSec-WebSocket-Version: 13\r\n");
    }
  });

  it("with 405 says which method is allowed, and has no body behind HEAD", () => {
    expect(fromLatin1(ask(lines("POST / HTTP/1.1", "Host: a")).response)).toContain("\r\nAllow: GET\r\n");
    const head = fromLatin1(ask(lines("HEAD / HTTP/1.1", "Host: a")).response);
    expect(head).toContain("\r\nAllow: GET\r\n");
    expect(head).toMatch(/\r\nContent-Length: 0\r\n\r\n$/);
    expect(fromLatin1(refuse({ status: 405, fields: { Allow: "GET, HEAD" } })).match(/Allow:/g)).toHaveLength(
      1,
    );
  });

  it("[RFC6455-4.2.2-03] [RFC6455-4.2.2-04] [RFC6455-4.2.2-06] [RFC6455-4.2.2-08] can say what an application wants", () => {
    const text = fromLatin1(
      refuse({
        status: 401,
        fields: { "WWW-Authenticate": "Basic", "Content-Type": "application/json" },
        body: '"\u20ac"',
      }),
    );
    expect(text).toBe(
      `${lines(
        "HTTP/1.1 401 Unauthorized",
        "WWW-Authenticate: Basic",
        "Content-Type: application/json",
        "Connection: close",
        "Content-Length: 5",
      )}"\xe2\x82\xac"`,
    );
    expect(fromLatin1(refuse({ status: 403, reason: "Foreign origin." }))).toMatch(/Foreign origin\.$/);
    expect(fromLatin1(refuse({ status: 404 }))).toMatch(/\r\n\r\nNot Found$/);
    expect(fromLatin1(refuse({ status: 499 }))).toMatch(/^HTTP\/1.1 499 \r\n.*Content-Length: 0\r\n\r\n$/s);
    expect(fromLatin1(refuse({ status: 302, fields: { Location: "/b" } }))).toContain("\r\nLocation: /b\r\n");
  });

  it("throws on a status that refuses nothing, and on fields that would break it", () => {
    for (const status of [101, 200, 299, 304, 600, 400.5, Number.NaN]) {
      expect(() => refuse({ status })).toThrow(RangeError);
    }
    for (const fields of [
      { A: "\n" },
      { Connection: "keep-alive" },
      { "Content-Length": "9" },
      { "A b": "c" },
    ]) {
      expect(() => refuse({ status: 400, fields })).toThrow(TypeError);
    }
  });
});
