/**
 * Categories 103 and 104 — Responses to a client (RFC 6455 §4.1): those that it must refuse, and those that it must
 * not; and what it asked for. A frame comes behind every response: a client that believes a bad one echoes it.
 * Next: 105-masks-and-lengths.ts.
 */

import type { Case } from "../case.ts";
import { type Head, valuesOf } from "../handshake.ts";
import { encodeFrame, Opcode } from "../wire.ts";
import { answers, chapter, type Draft, type Edit, editLines, fails, field, startLine } from "./beyond.ts";
import { text } from "./expectations.ts";

const HELLO = "Hello";
const CLIENTS_ONLY = { roles: ["server"] } as const;

// --- 103: refused ---------------------------------------------------------------------------------------------

function refused(description: string, edit: Edit, ...requirements: readonly string[]): Draft {
  return {
    ...fails({
      ...CLIENTS_ONLY,
      description,
      requirements,
      opening: (usual) => edit(usual),
      act: (script) => script.frame(Opcode.Text, HELLO),
    }),
    expectation: "The client ends the connection; it does not echo what comes behind such a response.",
  };
}

/** A response that HTTP allows. What a client does with the connection is HTTP's business, and the judge ends it. */
function declined(status: string, ...requirements: readonly string[]): Draft {
  return {
    ...CLIENTS_ONLY,
    description: `The status ${status}, and else all that belongs to an acceptance.`,
    expectation: "The client does not take this for a WebSocket.",
    requirements,
    expected: { OK: [] },
    close: { closedByMe: false, closeCode: [], requireClean: false },
    opening: (usual) => field("Content-Length", "5")(startLine(`HTTP/1.1 ${status}`)(usual)),
    script(script) {
      // Five octets: it is the whole body, and to who believes in a WebSocket it is a message.
      script.frame(Opcode.Text, HELLO.slice(0, 3));
      script.wait(0.3, () => script.drop());
      script.killAfter(2);
    },
  };
}

const accept = (change: (value: string) => string): Edit =>
  editLines((lines) =>
    lines.map((line) =>
      line.startsWith("Sec-WebSocket-Accept: ") ? line.slice(0, 22) + change(line.slice(22)) : line,
    ),
  );
const turned = (letters: string): string =>
  letters === letters.toUpperCase() ? letters.toLowerCase() : letters.toUpperCase();

export const badResponses: readonly Case[] = chapter(103, "Responses that are no handshake", [
  declined("200 OK", "RFC6455-4.1-39"),
  declined("204 No Content", "RFC6455-4.1-39"),
  declined("302 Found", "RFC6455-4.1-39"),
  declined("400 Bad Request", "RFC6455-4.1-39"),
  declined("503 Service Unavailable", "RFC6455-4.1-39"),
  refused("No HTTP at all.", () => "SSH-2.0-OpenSSH\r\n\r\n", "RFC6455-4.1-45"),
  refused("No Upgrade.", field("Upgrade"), "RFC6455-4.1-40"),
  refused("Upgrade: h2c.", field("Upgrade", "h2c"), "RFC6455-4.1-40"),
  refused("Upgrade: websockets.", field("Upgrade", "websockets"), "RFC6455-4.1-40"),
  refused("No Connection.", field("Connection"), "RFC6455-4.1-41"),
  refused("Connection: close.", field("Connection", "close"), "RFC6455-4.1-41"),
  refused("Connection: Upgraded.", field("Connection", "Upgraded"), "RFC6455-4.1-41"),
  refused("No Sec-WebSocket-Accept.", field("Sec-WebSocket-Accept"), "RFC6455-4.1-42"),
  refused("An empty Sec-WebSocket-Accept.", field("Sec-WebSocket-Accept", ""), "RFC6455-4.1-42"),
  refused(
    "The proof for another key.",
    field("Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
    "RFC6455-4.1-42",
  ),
  refused(
    "The right proof, with large letters for small ones and small ones for large.",
    accept((value) => [...value].map(turned).join("")),
    "RFC6455-4.1-42",
  ),
  refused(
    "The right proof without its padding.",
    accept((value) => value.slice(0, -1)),
    "RFC6455-4.1-42",
  ),
  refused(
    "The right proof with more behind it.",
    accept((value) => `${value}=`),
    "RFC6455-4.1-42",
  ),
  refused(
    "The right proof, twice.",
    editLines((lines) =>
      lines.flatMap((line) => (line.startsWith("Sec-WebSocket-Accept") ? [line, line] : [line])),
    ),
    "RFC6455-11.3.3-01",
    "RFC6455-4.1-45",
  ),
  refused("An extension that nobody offers.", field("Sec-WebSocket-Extensions", "x-none"), "RFC6455-4.1-43"),
  refused(
    "An extension that is not well-formed.",
    field("Sec-WebSocket-Extensions", "permessage-deflate; =15"),
    "RFC6455-9.1-01",
  ),
  refused(
    "A subprotocol that nobody asked for.",
    field("Sec-WebSocket-Protocol", "x-none"),
    "RFC6455-4.1-44",
  ),
]);

// --- 104: accepted --------------------------------------------------------------------------------------------

function accepted(description: string, edit: Edit, ...requirements: readonly string[]): Draft {
  return answers({
    ...CLIENTS_ONLY,
    description: `${description} Then a text message.`,
    requirements,
    opening: (usual) => edit(usual),
    events: [text(HELLO)],
    act: (script) => script.frame(Opcode.Text, HELLO),
  });
}

/** §4.1: what is wrong with a request, beyond what no server could do without. */
function flawOf(request: Head): string | undefined {
  const once = (name: string): string | undefined => {
    const values = valuesOf(request, name);
    return values.length === 1 ? values[0]! : undefined;
  };
  const [, target = ""] = request.startLine.split(" ");
  const key = Buffer.from(once("sec-websocket-key") ?? "", "base64");
  if (!target.startsWith("/") && !target.startsWith("http")) return `the target is ${target}`;
  if (target.includes("#")) return "there is a fragment in the target";
  if (once("sec-websocket-version") !== "13") return "Sec-WebSocket-Version is not 13, once";
  if (key.length !== 16 || key.toString("base64") !== once("sec-websocket-key"))
    return "Sec-WebSocket-Key is not 16 octets in base64, once";
  if (valuesOf(request, "sec-websocket-accept").length > 0) return "Sec-WebSocket-Accept is for responses";
  const protocols = valuesOf(request, "sec-websocket-protocol").flatMap((value) => value.split(","));
  if (protocols.some((name, at) => name.trim() === "" || protocols.indexOf(name) !== at))
    return "subprotocols must be different, and not empty";
  return undefined;
}

const FLAWLESS: Draft = {
  ...answers({
    ...CLIENTS_ONLY,
    description: "Look at the request. Then send a text message.",
    requirements: [
      "RFC6455-4.1-20",
      "RFC6455-4.1-21",
      "RFC6455-4.1-26",
      "RFC6455-4.1-31",
      "RFC6455-4.1-34",
      "RFC6455-11.3.1-01",
      "RFC6455-11.3.5-02",
    ],
    events: [text(HELLO)],
    act: (script) => script.frame(Opcode.Text, HELLO),
  }),
  judgeOpening(request) {
    const flaw = request && flawOf(request);
    return flaw === undefined ? undefined : { behavior: "FAILED", result: `The request is wrong: ${flaw}.` };
  },
};

export const goodResponses: readonly Case[] = chapter(104, "Responses that are a handshake", [
  FLAWLESS,
  accepted(
    "The fields in the opposite order.",
    editLines(([first, ...lines]) => [first!, ...lines.reverse()]),
    "RFC6455-4.1-46",
  ),
  accepted(
    "Names in small letters.",
    editLines(([first, ...lines]) => [
      first!,
      ...lines.map((line) => line.slice(0, line.indexOf(":")).toLowerCase() + line.slice(line.indexOf(":"))),
    ]),
    "RFC6455-4.1-46",
  ),
  accepted("Upgrade: WEBSOCKET.", field("Upgrade", "WEBSOCKET"), "RFC6455-4.1-40"),
  accepted("Connection: keep-alive, upgrade.", field("Connection", "keep-alive, upgrade"), "RFC6455-4.1-41"),
  accepted(
    "Blanks around Sec-WebSocket-Accept.",
    accept((value) => `  ${value}  `),
    "RFC6455-4.1-42",
  ),
  accepted("Another reason phrase.", startLine("HTTP/1.1 101 Welcome, and come in"), "RFC6455-4.1-39"),
  accepted("An empty reason phrase.", startLine("HTTP/1.1 101 "), "RFC6455-4.1-39"),
  accepted(
    "Thirty unknown fields.",
    editLines((lines) => [...lines, ...Array.from({ length: 30 }, (_, at) => `X-Unknown-${at}: ${at}`)]),
    "RFC6455-4.1-46",
  ),
  answers({
    ...CLIENTS_ONLY,
    description: "A text message in one piece with the response.",
    requirements: ["RFC6455-4.2.2-18", "RFC6455-4.1-46"],
    opening: (usual) => Buffer.concat([Buffer.from(usual), encodeFrame(Opcode.Text, Buffer.from(HELLO))]),
    events: [text(HELLO)],
    act: () => {},
  }),
]);
