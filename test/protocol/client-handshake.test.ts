import { describe, expect, it } from "vitest";
import type { Established, Failed } from "../../src/protocol/client-handshake.ts";
import { ClientHandshake, type ClientHandshakeOptions } from "../../src/protocol/client-handshake.ts";
import { fromLatin1, toLatin1 } from "../../src/protocol/fields.ts";
import { everyCut } from "../helpers/cuts.ts";
import { extension } from "../helpers/extensions.ts";
import { ACCEPT, answer, client, joined, KEY, lines, RESPONSE } from "../helpers/handshakes.ts";

describe("the client", () => {
  it("[RFC6455-4.1-20] [RFC6455-4.1-22] [RFC6455-4.1-25] [RFC6455-4.1-31] [RFC6455-4.1-23] [RFC6455-4.1-24] [RFC6455-4.1-30] asks with a GET", () => {
    expect(fromLatin1(client().request)).toBe(
      lines(
        "GET / HTTP/1.1",
        "Host: server.example.com",
        "Upgrade: websocket",
        "Connection: Upgrade",
        `Sec-WebSocket-Key: ${KEY}`,
        "Sec-WebSocket-Version: 13",
      ),
    );
  });

  it("[RFC6455-4.1-29] [RFC6455-4.1-32] [RFC6455-4.1-35] [RFC6455-4.1-36] [RFC6455-4.1-21] [RFC6455-9-01] [RFC7692-5-01] sends what it is given", () => {
    const { request } = client({
      target: "/chat?x",
      subprotocols: ["b", "a"],
      extensions: [extension("x", 4, [[{ name: "p", value: "1" }], []]), extension("y", 0, [])],
      origin: "http://example.com",
      fields: { Cookie: "a=b" },
    });
    const text = fromLatin1(request);
    expect(text).toMatch(/^GET \/chat\?x HTTP\/1.1\r\n/);
    expect(text).toContain("\r\nSec-WebSocket-Protocol: b, a\r\n");
    expect(text).toContain("\r\nSec-WebSocket-Extensions: x; p=1, x\r\n");
    expect(text).toContain("\r\nOrigin: http://example.com\r\n");
    expect(text).toContain("\r\nCookie: a=b\r\n");
  });

  it("[RFC6455-4.1-27] makes a new key for each connection", () => {
    const requests = new Set(
      Array.from({ length: 50 }, () => fromLatin1(new ClientHandshake({ host: "a" }).request)),
    );
    expect(requests.size).toBe(50);
  });

  it("[RFC6455-3-03] [RFC6455-4.1-04] [RFC6455-4.1-34] [RFC6455-4.1-33] checks its options when it is made", () => {
    const wrong: Partial<ClientHandshakeOptions>[] = [
      { host: "" },
      { host: "a b" },
      { host: "a\r\nX: y" },
      { target: "" },
      { target: "chat" },
      { target: "/a#b" },
      { target: "/a b" },
      { target: "/\r\n" },
      { target: "/\u00e9" },
      { target: "http://a/" },
      { subprotocols: [""] },
      { subprotocols: ["a,b"] },
      { subprotocols: ["a", "a"] },
      { extensions: [extension("")] },
      { extensions: [extension("x", 0, [[{ name: "p", value: "a b" }]])] },
      { origin: "a\r\nb" },
      { fields: { "Sec-WebSocket-Key": KEY } },
      { fields: { host: "a" } },
      { fields: { Origin: "a" } },
      { fields: { Upgrade: "a" } },
      { fields: { Connection: "a" } },
      { fields: { "content-length": "1" } },
      { fields: { "Transfer-Encoding": "chunked" } },
      { fields: { A: "b\nc" } },
    ];
    for (const options of wrong) expect(() => client(options), JSON.stringify(options)).toThrow(TypeError);
    expect(() => client({ limits: { maxHeadSize: -1 } })).toThrow(RangeError);
  });

  it("[RFC6455-4.1-46] accepts the sample answer at every cut, with the frames behind it", () => {
    const bytes = toLatin1(`${lines(...RESPONSE, "Server: x")}\x81\x01a`);
    for (const pieces of everyCut(bytes)) {
      const handshake = client();
      let result: Established | Failed | undefined;
      let next = 0;
      while (result === undefined) result = handshake.receive(pieces[next++]!);
      expect(result).toMatchObject({ ok: true, subprotocol: "", extensions: [] });
      expect(result.fields?.get("server")).toBe("x");
      expect(joined(result.rest!, ...pieces.slice(next))).toBe("\x81\x01a");
    }
  });

  it("[RFC6455-4.1-40] [RFC6455-4.1-41] [RFC6455-4.1-42] compares tokens in any case, and trims the accept value", () => {
    const response = lines(
      "HTTP/1.1 101 ",
      "CONNECTION: keep-alive, uPGRADE",
      "UPGRADE: WebSocket",
      `sec-websocket-accept: \t ${ACCEPT}\t`,
      "Content-Length: 0",
    );
    expect(answer(response)).toMatchObject({ ok: true });
  });

  it("[RFC6455-4.1-39] reports another status with its fields, and what has come of the body", () => {
    const response = `${lines("HTTP/1.0 503 Busy", "Retry-After: 5", "Content-Length: 9")}Too m`;
    const result = answer(response);
    expect(result).toMatchObject({ ok: false, rule: "status-not-101", status: 503, rest: toLatin1("Too m") });
    expect(result.fields?.get("retry-after")).toBe("5");
    expect(!result.ok && result.reason).toBe('The server did not switch protocols. 503 "Busy"');
  });

  it("skips interim responses, but not without end", () => {
    const interim = lines("HTTP/1.1 103 Early Hints", "Link: </a>");
    const bytes = toLatin1(interim.repeat(2) + lines(...RESPONSE));
    for (const pieces of everyCut(bytes)) {
      const handshake = client();
      expect(pieces.map((piece) => handshake.receive(piece)).at(-1)).toMatchObject({ ok: true });
    }
    expect(answer(interim.repeat(8) + lines(...RESPONSE))).toMatchObject({ ok: true });
    expect(answer(interim.repeat(9))).toMatchObject({ rule: "too-many-interim-responses", status: 103 });
  });

  it("has limits for each response, interim or final", () => {
    const limits = { maxFields: 3 };
    const interim = lines("HTTP/1.1 103 Early Hints", "A: 1", "A: 2", "A: 3");
    expect(answer(interim + lines(...RESPONSE), { limits })).toMatchObject({ ok: true });
    expect(answer(interim + lines(...RESPONSE, "A: 4"), { limits })).toMatchObject({
      rule: "too-many-fields",
    });
  });

  it("remembers what was offered, whatever becomes of the application's list", () => {
    const subprotocols = ["a"];
    const handshake = client({ subprotocols });
    subprotocols[0] = "b";
    const response = lines(...RESPONSE, "Sec-WebSocket-Protocol: b");
    expect(handshake.receive(toLatin1(response))).toMatchObject({ rule: "subprotocol-not-offered" });
  });

  it("[RFC6455-11.3.2-02] joins extensions that the response spreads over lines (erratum 3433)", () => {
    const extensions = [extension("a", 4), extension("b")];
    const spread = ["Sec-WebSocket-Extensions: b", "Sec-WebSocket-Extensions: a"];
    const result = answer(lines(...RESPONSE, ...spread), { extensions });
    expect(result.ok && result.extensions.map(({ name }) => name)).toEqual(["b", "a"]);
  });

  it("is over after its judgement", () => {
    for (const response of [lines(...RESPONSE), lines("HTTP/1.1 404 "), "x\n"]) {
      const handshake = client();
      handshake.receive(toLatin1(response));
      expect(() => handshake.receive(new Uint8Array(1))).toThrow();
    }
  });
});
