/**
 * Categories 101 and 102 — Requests to a server (RFC 6455 §4.2.1): those that it must refuse, and those that it must
 * not. A refusal is a status of 400 or more; to say nothing and hang up is less than what §10.7 asks for.
 * Next: 103-responses.ts.
 */

import type { Case, Verdict } from "../case.ts";
import { acceptKey, type Head, valuesOf } from "../handshake.ts";
import { Opcode } from "../wire.ts";
import { answers, chapter, type Draft, type Edit, editLines, field, startLine, statusOf } from "./beyond.ts";
import { JUDGE_CLOSES, text } from "./expectations.ts";

const HELLO = "Hello";
const SERVERS_ONLY = { roles: ["client"] } as const;
/** §1.3: the key of the RFC's example. */
const SAMPLE_KEY = "dGhlIHNhbXBsZSBub25jZQ==";

// --- 101: refused ---------------------------------------------------------------------------------------------

/** How bad it is to accept: RFC 6455 forbids it, only HTTP does, or nobody does. */
type Gravity = "FAILED" | "NON-STRICT" | "INFORMATIONAL";

function opening(
  description: string,
  edit: Edit,
  requirements: readonly string[],
  expectation: string,
  judge: (head: Head) => Verdict,
): Draft {
  return {
    ...SERVERS_ONLY,
    description,
    expectation,
    requirements,
    close: JUDGE_CLOSES,
    opening: (usual) => edit(usual),
    judgeOpening: (head) =>
      head === undefined
        ? { behavior: "NON-STRICT", result: "There was no response, and a status should say why." }
        : judge(head),
    script: () => {},
  };
}

function refused(
  description: string,
  edit: Edit,
  requirements: readonly string[],
  gravity: Gravity = "FAILED",
): Draft {
  const expectation =
    gravity === "INFORMATIONAL"
      ? "A server may refuse this, or not: what happens is written down."
      : "An HTTP error, such as 400.";
  return opening(description, edit, requirements, expectation, (head) => {
    const result = `The response is "${head.startLine}".`;
    const status = statusOf(head);
    if (gravity === "INFORMATIONAL" || status === 101) return { behavior: gravity, result };
    return { behavior: status >= 400 ? "OK" : "NON-STRICT", result };
  });
}

/** What is no request for a WebSocket may be answered in any way but by agreeing. */
function ordinary(description: string, edit: Edit, requirements: readonly string[]): Draft {
  return opening(description, edit, requirements, "Anything but 101.", (head) => ({
    behavior: statusOf(head) === 101 ? "FAILED" : "OK",
    result: `The response is "${head.startLine}".`,
  }));
}

/** §4.4: a server that does not know the version says which it knows. */
function unknownVersion(description: string, version: string): Draft {
  const requirements = ["RFC6455-4.2.2-07", "RFC6455-4.4-01"];
  const expectation = "An HTTP error with Sec-WebSocket-Version, which lists what the server knows.";
  return opening(description, field("Sec-WebSocket-Version", version), requirements, expectation, (head) => {
    const versions = valuesOf(head, "sec-websocket-version");
    const isRefused = statusOf(head) >= 400;
    const result = `The response is "${head.startLine}" and lists ${versions.join(", ") || "nothing"}.`;
    return { behavior: isRefused && versions.length > 0 ? "OK" : "FAILED", result };
  });
}

const VIOLATION = "RFC6455-4.2.1-01";
const key = (octets: number): string => Buffer.alloc(octets, 7).toString("base64");

export const badRequests: readonly Case[] = chapter(101, "Requests that are no handshake", [
  ordinary("POST instead of GET.", (usual) => usual.replace("GET", "POST"), ["RFC6455-4.2.1-02"]),
  ordinary("HTTP/1.0.", (usual) => usual.replace("HTTP/1.1", "HTTP/1.0"), ["RFC6455-4.2.1-02"]),
  refused("A request target that is no path.", startLine("GET chat HTTP/1.1"), [
    "RFC6455-4.2.1-02",
    VIOLATION,
  ]),
  refused("A request target with a fragment.", startLine("GET /#chat HTTP/1.1"), [VIOLATION], "NON-STRICT"),
  refused("A start line without a version.", startLine("GET /"), [VIOLATION]),
  refused("No Host.", field("Host"), ["RFC6455-4.2.1-03"]),
  refused("Two fields Host.", field("Host", "one.example", "two.example"), [VIOLATION], "NON-STRICT"),
  ordinary("No Upgrade.", field("Upgrade"), ["RFC6455-4.2.1-04"]),
  ordinary("Upgrade: h2c.", field("Upgrade", "h2c"), ["RFC6455-4.2.1-04"]),
  ordinary("Upgrade: websockets.", field("Upgrade", "websockets"), ["RFC6455-4.2.1-04"]),
  ordinary("No Connection.", field("Connection"), ["RFC6455-4.2.1-05"]),
  ordinary("Connection: keep-alive.", field("Connection", "keep-alive"), ["RFC6455-4.2.1-05"]),
  ordinary("Connection: Upgraded.", field("Connection", "Upgraded"), ["RFC6455-4.2.1-05"]),
  refused("No Sec-WebSocket-Key.", field("Sec-WebSocket-Key"), ["RFC6455-4.2.1-06"]),
  refused("An empty key.", field("Sec-WebSocket-Key", ""), ["RFC6455-4.2.1-06"]),
  refused("A key of 15 octets.", field("Sec-WebSocket-Key", key(15)), ["RFC6455-4.2.1-06"]),
  refused("A key of 17 octets.", field("Sec-WebSocket-Key", key(17)), ["RFC6455-4.2.1-06"]),
  refused("A key that is not base64.", field("Sec-WebSocket-Key", "!!!!!!!!!!!!!!!!!!!!!!=="), [
    "RFC6455-4.2.1-06",
  ]),
  refused("A key in the base64 of URLs.", field("Sec-WebSocket-Key", "dGhlIHNhbXBs-_Bub25jZQ=="), [
    "RFC6455-4.2.1-06",
  ]),
  refused("A key without its padding.", field("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ"), [
    "RFC6455-4.2.1-06",
  ]),
  refused("Two keys.", field("Sec-WebSocket-Key", SAMPLE_KEY, SAMPLE_KEY), ["RFC6455-11.3.1-01", VIOLATION]),
  refused("No Sec-WebSocket-Version.", field("Sec-WebSocket-Version"), ["RFC6455-4.2.1-07"]),
  unknownVersion("Version 12.", "12"),
  unknownVersion("Version 255.", "255"),
  refused("Version 0013.", field("Sec-WebSocket-Version", "0013"), ["RFC6455-4.2.1-07", VIOLATION]),
  refused("Version 13.0.", field("Sec-WebSocket-Version", "13.0"), ["RFC6455-4.2.1-07", VIOLATION]),
  refused("Two versions.", field("Sec-WebSocket-Version", "13", "13"), ["RFC6455-11.3.5-02", VIOLATION]),
  refused("A parameter without a name.", field("Sec-WebSocket-Extensions", "permessage-deflate; =15"), [
    "RFC6455-9.1-01",
  ]),
  refused("An extension whose name is not a token.", field("Sec-WebSocket-Extensions", "per message"), [
    "RFC6455-9.1-01",
  ]),
  refused("A quoted string without an end.", field("Sec-WebSocket-Extensions", 'x-none; a="b'), [
    "RFC6455-9.1-01",
  ]),
  refused("A quoted value that is not a token.", field("Sec-WebSocket-Extensions", 'x-none; a="b c"'), [
    "RFC6455-4.3-01",
    "RFC6455-9.1-02",
  ]),
  refused("A subprotocol that is not a token.", field("Sec-WebSocket-Protocol", "a b"), [
    VIOLATION,
    "RFC6455-4.1-33",
  ]),
  refused("The same subprotocol twice.", field("Sec-WebSocket-Protocol", "chat, chat"), [
    VIOLATION,
    "RFC6455-4.1-34",
  ]),
  refused(
    "Blanks before the colon of Host.",
    (usual) => usual.replace("Host:", "Host :"),
    [VIOLATION],
    "NON-STRICT",
  ),
  refused(
    "A line without a colon.",
    editLines((lines) => [...lines, "what is this"]),
    [VIOLATION],
    "NON-STRICT",
  ),
  refused("Version 8.", field("Sec-WebSocket-Version", "8"), ["RFC6455-4.2.1-07"], "INFORMATIONAL"),
  refused(
    "A key whose last bits are not zero.",
    field("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZR=="),
    ["RFC6455-4.2.1-06", "RFC6455-4.1-26"],
    "INFORMATIONAL",
  ),
  refused(
    "Upgrade: h2c, websocket.",
    field("Upgrade", "h2c, websocket"),
    ["RFC6455-4.2.1-04"],
    "INFORMATIONAL",
  ),
]);

// --- 102: accepted --------------------------------------------------------------------------------------------

function accepted(description: string, edit: Edit, requirements: readonly string[]): Draft {
  return answers({
    ...SERVERS_ONLY,
    description: `${description} Then a text message.`,
    requirements,
    opening: (usual) => edit(usual),
    events: [text(HELLO)],
    act: (script) => script.frame(Opcode.Text, HELLO),
  });
}

/** Agreeing is not all: something in the response must be right. */
function answeredWith(
  description: string,
  edit: Edit,
  requirements: readonly string[],
  expectation: string,
  isRight: (head: Head) => boolean,
): Draft {
  return opening(description, edit, requirements, expectation, (head) => ({
    behavior: statusOf(head) === 101 && isRight(head) ? "OK" : "FAILED",
    result: head.text.trimEnd(),
  }));
}

const ANY_ORDER = "RFC6455-4.2.1-09";
const names = (change: (name: string) => string): Edit =>
  editLines(([first, ...lines]) => [
    first!,
    ...lines.map((line) => change(line.slice(0, line.indexOf(":"))) + line.slice(line.indexOf(":"))),
  ]);
const values = (change: (value: string) => string): Edit =>
  editLines(([first, ...lines]) => [
    first!,
    ...lines.map((line) => line.slice(0, line.indexOf(":") + 1) + change(line.slice(line.indexOf(":") + 2))),
  ]);

export const goodRequests: readonly Case[] = chapter(102, "Requests that are a handshake", [
  accepted(
    "The fields in the opposite order.",
    editLines(([first, ...lines]) => [first!, ...lines.reverse()]),
    [ANY_ORDER],
  ),
  accepted(
    "Names in capitals.",
    names((name) => name.toUpperCase()),
    [ANY_ORDER],
  ),
  accepted(
    "Names in small letters.",
    names((name) => name.toLowerCase()),
    [ANY_ORDER],
  ),
  accepted(
    "No blanks behind the colons.",
    values((value) => value),
    [VIOLATION],
  ),
  accepted(
    "Blanks around the values.",
    values((value) => `   ${value}  `),
    [VIOLATION],
  ),
  accepted(
    "Tabs around the values.",
    values((value) => `\t\t${value}\t`),
    [VIOLATION],
  ),
  accepted("Upgrade: WEBSOCKET.", field("Upgrade", "WEBSOCKET"), ["RFC6455-4.2.1-04"]),
  accepted("Upgrade: websocket.", field("Upgrade", "websocket"), ["RFC6455-4.2.1-04"]),
  accepted("Connection: UPGRADE.", field("Connection", "UPGRADE"), ["RFC6455-4.2.1-05"]),
  accepted("Connection: keep-alive, Upgrade.", field("Connection", "keep-alive, Upgrade"), [
    "RFC6455-4.2.1-05",
  ]),
  accepted("Connection: keep-alive,upgrade.", field("Connection", "keep-alive,upgrade"), [
    "RFC6455-4.2.1-05",
  ]),
  accepted("Two fields Connection.", field("Connection", "keep-alive", "Upgrade"), ["RFC6455-4.2.1-05"]),
  accepted(
    "Thirty unknown fields.",
    editLines((lines) => [...lines, ...Array.from({ length: 30 }, (_, at) => `X-Unknown-${at}: ${at}`)]),
    [ANY_ORDER],
  ),
  accepted("A cookie of 2000 octets.", field("Cookie", `crumbs=${"c".repeat(2000)}`), [ANY_ORDER]),
  accepted("An unknown extension.", field("Sec-WebSocket-Extensions", "x-none; a=1; b"), [
    "RFC6455-4.2.2-13",
    "RFC6455-9-03",
  ]),
  accepted(
    "Unknown extensions in two fields.",
    field("Sec-WebSocket-Extensions", "x-none; a", 'x-nil; b="c"'),
    ["RFC6455-4.2.2-13", "RFC6455-9.1-03", "RFC6455-11.3.2-01"],
  ),
  answeredWith(
    "The key of the RFC's example.",
    field("Sec-WebSocket-Key", SAMPLE_KEY),
    ["RFC6455-4.2.2-17"],
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=, once.",
    (head) => valuesOf(head, "sec-websocket-accept").join() === acceptKey(SAMPLE_KEY),
  ),
  answeredWith(
    "The usual request.",
    (usual) => usual,
    ["RFC6455-4.2.2-10", "RFC6455-4.2.2-13", "RFC6455-4.2.2-14", "RFC6455-4.2.2-15", "RFC6455-4.2.2-16"],
    "101, Upgrade: websocket, Connection: Upgrade, no subprotocol, no extension.",
    (head) =>
      head.startLine.startsWith("HTTP/1.1 101") &&
      valuesOf(head, "upgrade").join().toLowerCase() === "websocket" &&
      valuesOf(head, "connection").join().toLowerCase().includes("upgrade") &&
      ["sec-websocket-protocol", "sec-websocket-extensions"].every(
        (name) => valuesOf(head, name).length === 0,
      ),
  ),
  answeredWith(
    "Two subprotocols, which the server may or may not know.",
    field("Sec-WebSocket-Protocol", "x-first, x-second"),
    ["RFC6455-4.2.2-09", "RFC6455-4.2.2-10", "RFC6455-11.3.4-02"],
    "At most one subprotocol in the response, and one of the two.",
    (head) => ["", "x-first", "x-second"].includes(valuesOf(head, "sec-websocket-protocol").join()),
  ),
  answeredWith(
    "Subprotocols in two fields.",
    field("Sec-WebSocket-Protocol", "x-first", "x-second"),
    ["RFC6455-4.2.2-09", "RFC6455-11.3.4-01"],
    "At most one subprotocol in the response, and one of the two.",
    (head) => ["", "x-first", "x-second"].includes(valuesOf(head, "sec-websocket-protocol").join()),
  ),
]);
