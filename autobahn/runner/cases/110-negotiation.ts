/**
 * Categories 110 and 111 — How compression is agreed on (RFC 7692 §5, §7, §7.1): offers to a server, and responses
 * to a client. Next: 112-compressed-messages.ts.
 */

import type { Case, Verdict } from "../case.ts";
import { accept, type Element, parseExtensions, type Wish } from "../extension.ts";
import { type Head, valuesOf } from "../handshake.ts";
import { Opcode } from "../wire.ts";
import { ANY, answers, chapter, type Draft, type Edit, fails, field, statusOf } from "./beyond.ts";
import { JUDGE_CLOSES, text } from "./expectations.ts";

const HELLO = "Hello";
/** "Hello", compressed for itself (RFC 7692 §7.2.3.1). */
const HELLO_DEFLATED = Uint8Array.of(0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00);
const EXTENSIONS = "Sec-WebSocket-Extensions";

// --- 110: offers ----------------------------------------------------------------------------------------------

/** What is thought of the element that a server answers with; undefined if it declines. */
type Opinion = (element: Element | undefined) => string | undefined;

function offered(
  offers: string | readonly string[],
  requirements: readonly string[],
  opinion: Opinion,
  expectation: string,
): Draft {
  const values = typeof offers === "string" ? [offers] : offers;
  return {
    roles: ["client"],
    description: `Offer ${values.join(" | ")}`,
    requirements,
    expectation,
    close: JUDGE_CLOSES,
    opening: (usual) => field(EXTENSIONS, ...values)(usual),
    judgeOpening: (head) => judgeAnswer(head, opinion),
    script: () => {},
  };
}

function judgeAnswer(head: Head | undefined, opinion: Opinion): Verdict {
  const say = (behavior: Verdict["behavior"], result: string): Verdict => ({ behavior, result });
  if (head === undefined) return say("FAILED", "There was no response.");
  if (statusOf(head) !== 101) {
    return say("NON-STRICT", `An offer can be declined: "${head.startLine}" refuses the connection as well.`);
  }
  const answer = valuesOf(head, EXTENSIONS.toLowerCase()).join(", ");
  if (answer === "") {
    const flaw = opinion(undefined);
    return flaw === undefined ? say("OK", "The server declines.") : say("UNIMPLEMENTED", flaw);
  }
  const agreement = accept(answer);
  const elements = parseExtensions(answer) ?? [];
  const flaw = typeof agreement === "string" ? agreement : opinion(elements[0]);
  return flaw === undefined
    ? say("OK", `The server answers ${answer}.`)
    : say("FAILED", `${answer}: ${flaw}.`);
}

function declined(parameters: string, ...requirements: readonly string[]): Draft {
  return offered(
    `permessage-deflate; ${parameters}`,
    ["RFC7692-7-01", ...requirements],
    (element) => (element === undefined ? undefined : "this offer must be declined"),
    "The offer is declined, the connection is not.",
  );
}

const NOT_AGREED = "The server has no permessage-deflate, or not with this.";

/** A server that agrees agrees to this. */
function agreedTo(
  offers: string | readonly string[],
  requirements: readonly string[],
  expectation: string,
  flawOf: (parameters: Element["parameters"]) => string | undefined,
): Draft {
  const opinion: Opinion = (element) => (element === undefined ? NOT_AGREED : flawOf(element.parameters));
  return offered(offers, requirements, opinion, expectation);
}

const window = (parameters: Element["parameters"], side: string): number =>
  Number(parameters.get(`${side}_max_window_bits`) ?? 15);

function serverWindow(bits: number, written: string = String(bits)): Draft {
  return agreedTo(
    `permessage-deflate; server_max_window_bits=${written}`,
    ["RFC7692-7.1.2.1-03", "RFC7692-7.1.2.1-04", "RFC7692-7.1.2.2-05"],
    `If the server agrees: server_max_window_bits of ${bits} or less, and no client_max_window_bits.`,
    (parameters) => {
      if (window(parameters, "server") > bits) return `the server's window is larger than 2^${bits}`;
      return parameters.has("client_max_window_bits") ? "client_max_window_bits was not offered" : undefined;
    },
  );
}

function clientWindow(parameter: string): Draft {
  return agreedTo(
    `permessage-deflate; ${parameter}`,
    ["RFC7692-7.1.2.2-01", "RFC7692-7.1.2.2-03", "RFC7692-7.1.2.2-04"],
    "If the server agrees: a client_max_window_bits with a value from 8 to 15, or none.",
    () => undefined,
  );
}

export const offers: readonly Case[] = chapter(110, "Offers of permessage-deflate", [
  declined("x_unknown", "RFC7692-7-02", "RFC6455-9.1-05"),
  declined("server_no_context_takeover=1", "RFC7692-7-03"),
  declined("client_no_context_takeover=true", "RFC7692-7-03"),
  declined("server_max_window_bits", "RFC7692-7-03", "RFC7692-7.1.2.1-02"),
  declined("server_max_window_bits=7", "RFC7692-7-03", "RFC7692-7.1.2.1-02"),
  declined("server_max_window_bits=16", "RFC7692-7-03", "RFC7692-7.1.2.1-02"),
  declined("server_max_window_bits=010", "RFC7692-7-03", "RFC7692-7.1.2.1-02"),
  declined("server_max_window_bits=ten", "RFC7692-7-03", "RFC7692-7.1.2.1-02"),
  declined("client_max_window_bits=0", "RFC7692-7-03", "RFC7692-7.1.2.2-02"),
  declined("client_max_window_bits=7", "RFC7692-7-03", "RFC7692-7.1.2.2-02"),
  declined("client_max_window_bits=16", "RFC7692-7-03", "RFC7692-7.1.2.2-02"),
  declined("client_max_window_bits=08", "RFC7692-7-03", "RFC7692-7.1.2.2-02"),
  declined("server_no_context_takeover; server_no_context_takeover", "RFC7692-7-04"),
  declined("server_max_window_bits=10; server_max_window_bits=10", "RFC7692-7-04"),
  declined("client_max_window_bits; client_max_window_bits=10", "RFC7692-7-04"),
  ...[15, 14, 13, 12, 11, 10, 9, 8].map((bits) => serverWindow(bits)),
  serverWindow(10, '"10"'),
  clientWindow("client_max_window_bits"),
  clientWindow("client_max_window_bits=10"),
  agreedTo(
    "permessage-deflate; server_no_context_takeover",
    ["RFC7692-7.1.1.1-02", "RFC7692-7.1.1.1-03"],
    "If the server agrees: with server_no_context_takeover.",
    (parameters) =>
      parameters.has("server_no_context_takeover") ? undefined : "this is not what was offered",
  ),
  agreedTo(
    "permessage-deflate",
    ["RFC7692-5-06", "RFC7692-7.1.2.2-05"],
    "If the server agrees: without client_max_window_bits.",
    (parameters) =>
      parameters.has("client_max_window_bits") ? "client_max_window_bits was not offered" : undefined,
  ),
  agreedTo(
    ["permessage-deflate; x_unknown", "permessage-deflate"],
    ["RFC7692-5-02", "RFC7692-5-03", "RFC7692-7-02", "RFC6455-9.1-03"],
    "The first offer is declined, the second one may be agreed to.",
    (parameters) => (parameters.has("x_unknown") ? "this offer must be declined" : undefined),
  ),
  agreedTo(
    "permessage-deflate; server_max_window_bits=10, permessage-deflate",
    ["RFC7692-5-02", "RFC7692-5-03"],
    "At most one of the two offers is agreed to.",
    () => undefined,
  ),
  agreedTo(
    "x-none, permessage-deflate, x-nil; a=b",
    ["RFC6455-4.2.2-12", "RFC6455-4.2.2-13", "RFC6455-9-02"],
    "Nothing but permessage-deflate is agreed to.",
    () => undefined,
  ),
]);

// --- 111: responses -------------------------------------------------------------------------------------------

/** The agreement that the judge would have given, and this instead. Without an offer there is none to change. */
const instead =
  (value: string): Edit =>
  (usual) =>
    usual.includes(`${EXTENSIONS}:`) ? field(EXTENSIONS, ...value.split(" | "))(usual) : usual;

function refused(value: string, ...requirements: readonly string[]): Draft {
  return {
    ...fails({
      roles: ["server"],
      compression: ANY,
      description: `Answer ${value}`,
      requirements: ["RFC7692-5-14", "RFC7692-7-06", ...requirements],
      codes: [1002, 1010],
      opening: instead(value),
      act: (script) => script.frame(Opcode.Text, HELLO),
    }),
    expectation: "The client ends the connection, and echoes nothing.",
  };
}

function accepted(value: string, wishes: readonly Wish[], ...requirements: readonly string[]): Draft {
  return answers({
    roles: ["server"],
    compression: wishes,
    description: `Answer ${value}, and send compressed messages.`,
    requirements,
    opening: instead(value),
    events: [text(HELLO), text(HELLO)],
    act(script) {
      script.frame(Opcode.Text, HELLO_DEFLATED, { rsv: 4 });
      script.frame(Opcode.Text, HELLO_DEFLATED, { rsv: 4 });
    },
  });
}

const FORGETFUL: readonly Wish[] = [{ noContextTakeover: true }];

export const responses: readonly Case[] = chapter(111, "Agreements on permessage-deflate", [
  refused("permessage-deflate; x_unknown", "RFC7692-7-07"),
  refused("permessage-deflate; server_no_context_takeover=1", "RFC7692-7-08"),
  refused("permessage-deflate; client_no_context_takeover=true", "RFC7692-7-08"),
  refused("permessage-deflate; server_max_window_bits", "RFC7692-7-08", "RFC7692-7.1.2.1-04"),
  refused("permessage-deflate; server_max_window_bits=7", "RFC7692-7-08", "RFC7692-7.1.2.1-04"),
  refused("permessage-deflate; server_max_window_bits=16", "RFC7692-7-08", "RFC7692-7.1.2.1-04"),
  refused("permessage-deflate; server_max_window_bits=010", "RFC7692-7-08", "RFC7692-7.1.2.1-04"),
  refused("permessage-deflate; client_max_window_bits", "RFC7692-7-08", "RFC7692-7.1.2.2-04"),
  refused("permessage-deflate; client_max_window_bits=7", "RFC7692-7-08", "RFC7692-7.1.2.2-04"),
  refused("permessage-deflate; client_max_window_bits=16", "RFC7692-7-08", "RFC7692-7.1.2.2-04"),
  refused("permessage-deflate; server_no_context_takeover; server_no_context_takeover", "RFC7692-7-09"),
  refused("permessage-deflate; server_max_window_bits=10; server_max_window_bits=12", "RFC7692-7-09"),
  refused("permessage-deflate, permessage-deflate", "RFC7692-5-08", "RFC7692-5-09"),
  refused("permessage-deflate | permessage-deflate", "RFC7692-5-08", "RFC7692-5-09"),
  refused("permessage-deflate, x-none", "RFC6455-4.1-43"),
  accepted("permessage-deflate", ANY, "RFC7692-5-15"),
  accepted("permessage-deflate; server_no_context_takeover", ANY, "RFC7692-7.1.1.1-04"),
  accepted("permessage-deflate; client_no_context_takeover", FORGETFUL, "RFC7692-7.1.1.2-03"),
  accepted("permessage-deflate; server_max_window_bits=10", ANY, "RFC7692-7.1.2.1-05"),
  accepted('permessage-deflate; server_max_window_bits="10"', ANY, "RFC7692-7.1.2.1-05", "RFC6455-4.3-01"),
  answers({
    roles: ["server"],
    description: "Do not agree to anything, and send a message.",
    requirements: ["RFC7692-5-13", "RFC6455-9.1-06"],
    events: [text(HELLO)],
    act: (script) => script.frame(Opcode.Text, HELLO),
  }),
]);
