/** Opening handshakes that are too slow, too long, or not what they seem: an answer, an end, and nothing read behind it. */

import { describe, expect } from "vitest";
import { until } from "../helpers/fake-socket.ts";
import { upgradeRequest } from "../helpers/handshakes.ts";
import { KIB, MIB } from "./accounts.ts";
import { attack, type Terms } from "./attack.ts";
import type { Scene } from "./scene.ts";

const SECRET = "GET /secret HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";

/** What a request is, its head, and how it is refused: by which status and rule. */
type Refusal = [what: string, head: Uint8Array | string, answer: string];

/** §4.2.2: one answer, which ends the connection and repeats nothing of the request; what follows that is not read. */
async function expectRefusals({ server, strike }: Scene, refusals: readonly Refusal[]): Promise<void> {
  for (const [what, head, answer] of refusals) {
    const before = new Map(Object.entries(server.stats().handshakes.refused));
    const { how, status, text } = await strike(head, SECRET);
    const after = Object.entries(server.stats().handshakes.refused);
    const [rule] = after.find(([name, count]) => count !== before.get(name)) ?? [];
    expect(`${what}: ${how} ${status} ${rule}`).toBe(`${what}: fin ${answer}`);
    expect(text.split("HTTP/1.1 "), what).toHaveLength(2);
    expect(text, what).toMatch(/\r\nConnection: close(, Upgrade)?\r\n/);
    expect(text, what).not.toMatch(/secret|marker/i);
  }
}

describe("a slow handshake", () => {
  attack(
    "of a byte a second is answered 408 after ten seconds",
    { memory: 4 * MIB },
    async ({ crowd, pass, server }) => {
      const attackers = await crowd(200);
      const request = upgradeRequest();
      for (let second = 0; second < 10; second++) {
        for (const attacker of attackers) attacker.send(request[second]!);
        await pass(1);
      }
      await pass(1);
      for (const attacker of attackers) {
        expect(await attacker.ending()).toMatchObject({ how: "fin", status: 408 });
      }
      expect(server.stats().handshakes.refused).toEqual({ "handshake-timeout": 200 });
    },
  );

  attack(
    "that is refused and goes on sending is let go in closeTimeout",
    {},
    async ({ dial, pass, server }) => {
      const attacker = await dial();
      attacker.socket.allowHalfOpen = true;
      attacker.send("nonsense\r\n\r\n");
      await until(() => server.stats().handshakes.refused["malformed-request-line"] === 1, "it is refused");
      await attacker.flood(new Uint8Array(64 * KIB), 100);
      await pass(11);
      await attacker.choke(new Uint8Array(64 * KIB));
      expect((await attacker.ending()).status).toBe(400);
    },
  );
});

describe("a head that is too large", () => {
  const long = "marker".repeat(MIB / 6);
  const fields = (count: number, line: (index: number) => string): string =>
    upgradeRequest(...Array.from({ length: count }, (_, index) => line(index)));
  const list = (length: number, prefix: string): string =>
    Array.from({ length }, (_, index) => `${prefix}${index}`).join(", ");

  const heads: Refusal[] = [
    ["10,000 fields of one name", fields(10_000, () => "x: marker"), "431 too-many-fields"],
    [
      "10,000 fields of as many names",
      fields(10_000, (index) => `x-${index}: marker`),
      "431 too-many-fields",
    ],
    ["96 fields", fields(96, () => "x: marker"), "431 too-many-fields"],
    ["16 KiB in 5 fields", fields(5, () => `x: ${"m".repeat(3300)}`), "431 head-too-long"],
    ["a request line of 1 MiB", `GET /${long} HTTP/1.1\r\n`, "414 request-line-too-long"],
    ["a request line of 1 MiB without a space", long, "414 request-line-too-long"],
    ["a field of 1 MiB", upgradeRequest(`Cookie: ${long}`), "431 field-line-too-long"],
    ["a name of 1 MiB", upgradeRequest(long), "431 field-line-too-long"],
    ["1 MiB of empty lines", "\r\n".repeat(MIB / 2), "400 malformed-request-line"],
    [
      "33 subprotocols",
      upgradeRequest(`Sec-WebSocket-Protocol: ${list(33, "p")}`),
      "400 too-many-subprotocols",
    ],
    [
      "33 extensions",
      upgradeRequest(`Sec-WebSocket-Extensions: ${list(33, "e")}`),
      "400 too-many-extensions",
    ],
    [
      "4,000 extensions",
      upgradeRequest(`Sec-WebSocket-Extensions: ${list(4000, "")}`),
      "431 field-line-too-long",
    ],
  ];

  // As bytes, before the attack: what large strings need in between is not the server's.
  const inBytes = heads.map(([what, head, answer]): Refusal => [what, Buffer.from(head), answer]);
  attack("is refused at the limit, with 431, 414 or 400", {}, (scene) => expectRefusals(scene, inBytes));
});

describe("smuggling", () => {
  const smuggled: Refusal[] = [
    ["a body", upgradeRequest(`Content-Length: ${SECRET.length}`), "400 request-with-body"],
    ["two lengths", upgradeRequest("Content-Length: 0", "Content-Length: 0"), "400 request-with-body"],
    ["a length with a sign", upgradeRequest("Content-Length: +0"), "400 request-with-body"],
    ["a length of two zeros", upgradeRequest("Content-Length: 00"), "400 request-with-body"],
    ["a list of lengths", upgradeRequest("Content-Length: 0, 5"), "400 request-with-body"],
    ["no length", upgradeRequest("Content-Length:"), "400 request-with-body"],
    ["chunks", `${upgradeRequest("Transfer-Encoding: chunked")}0\r\n\r\n`, "400 request-with-body"],
    [
      "chunks and a length",
      upgradeRequest("Transfer-Encoding: chunked", "Content-Length: 0"),
      "400 request-with-body",
    ],
    ["a coding that codes nothing", upgradeRequest("Transfer-Encoding: identity"), "400 request-with-body"],
    [
      "a space in front of the colon",
      upgradeRequest("Transfer-Encoding : chunked"),
      "400 space-before-colon",
    ],
    ["a tab in front of the colon", upgradeRequest("Content-Length\t: 40"), "400 space-before-colon"],
    ["a vertical tab behind the colon", upgradeRequest("Transfer-Encoding:\v chunked"), "400 control-byte"],
    ["a folded line", upgradeRequest("X: marker", " Transfer-Encoding: chunked"), "400 folded-line"],
    ["a line folded with a tab", upgradeRequest("X: marker", "\tContent-Length: 40"), "400 folded-line"],
    ["a first field that is folded", upgradeRequest().replace("\r\nHost", "\r\n Host"), "400 folded-line"],
    ["a line feed alone", upgradeRequest("X: marker\nTransfer-Encoding: chunked"), "400 bare-line-feed"],
    [
      "a carriage return alone",
      upgradeRequest("X: marker\rTransfer-Encoding: chunked"),
      "400 bare-carriage-return",
    ],
    ["two line feeds for the end", upgradeRequest().replaceAll("\r", ""), "400 bare-line-feed"],
    ["a NUL", upgradeRequest("X: mar\0ker"), "400 control-byte"],
    ["a field without a colon", upgradeRequest("marker"), "400 missing-colon"],
    ["a field without a name", upgradeRequest(": marker"), "400 invalid-field-name"],
    ["a name that is no token", upgradeRequest("X(marker): 1"), "400 invalid-field-name"],
    ["a name beyond ASCII", upgradeRequest("Tr\u00e4nsfer-Encoding: chunked"), "400 invalid-field-name"],
    ["two hosts", upgradeRequest("Host: marker"), "400 repeated-host"],
    ["no host", upgradeRequest().replace("Host:", "X-Host:"), "400 missing-host"],
    ["a host with a path", upgradeRequest().replace("Host: 127.0.0.1", "Host: a/marker"), "400 invalid-host"],
    ["two keys", upgradeRequest("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="), "400 key-repeated"],
    ["two versions", upgradeRequest("Sec-WebSocket-Version: 13"), "400 version-repeated"],
    [
      "two origins",
      upgradeRequest("Origin: http://127.0.0.1", "Origin: http://marker"),
      "400 origin-repeated",
    ],
    ["HTTP/1.0", upgradeRequest().replace("HTTP/1.1", "HTTP/1.0"), "505 unsupported-http-version"],
    [
      "HTTP/1.1 in small letters",
      upgradeRequest().replace("HTTP/1.1", "http/1.1"),
      "400 malformed-request-line",
    ],
    ["two spaces", upgradeRequest().replace("GET /", "GET  /"), "400 malformed-request-line"],
    ["a tab for a space", upgradeRequest().replace("GET /", "GET\t/"), "400 malformed-request-line"],
    [
      "a space behind the version",
      upgradeRequest().replace("HTTP/1.1", "HTTP/1.1 "),
      "400 malformed-request-line",
    ],
    [
      "a target with a user",
      upgradeRequest().replace("GET /", "GET http://marker@127.0.0.1/"),
      "400 invalid-target",
    ],
    [
      "a target of another scheme",
      upgradeRequest().replace("GET /", "GET file:///marker"),
      "400 invalid-target",
    ],
    ["a target with a fragment", upgradeRequest().replace("GET /", "GET /#marker"), "400 invalid-target"],
    ["POST", upgradeRequest().replace("GET", "POST"), "405 method-not-get"],
    ["get", upgradeRequest().replace("GET", "get"), "405 method-not-get"],
  ];

  const asked: unknown[] = [];
  const servers: [string, Terms][] = [
    ["without pages", {}],
    ["with pages on the same port", { request: ({ url }) => asked.push(url) }],
  ];
  for (const [where, terms] of servers) {
    attack(`is refused, and what stands behind the request is not read, ${where}`, terms, async (scene) => {
      await expectRefusals(scene, smuggled);
      expect(asked).toEqual([]);
    });
  }

  attack("behind a request that is accepted finds frames, and no requests", {}, async ({ strikeOpen }) => {
    expect(await strikeOpen(SECRET)).toMatchObject({ how: "fin", status: 101, close: 1002 });
  });
});
