/**
 * Target: the server's opening handshake (RFC 6455 §4.2), whole and chopped. A client of ours accepts what is accepted.
 *
 * Settings: limits, how to chop.
 */

import { judgeResponse } from "../../src/protocol/client-handshake.ts";
import { type HeadLimits, HeadReader } from "../../src/protocol/http.ts";
import { permessageDeflate } from "../../src/protocol/permessage-deflate.ts";
import {
  type OfferLimits,
  type ServerAccepted,
  ServerHandshake,
  type ServerRefused,
} from "../../src/protocol/server-handshake.ts";
import { bytesOf } from "../../test/helpers/frames.ts";
import { check, checkSame, checkSameBytes } from "../check.ts";
import type { Target } from "../executor.ts";
import { cut, Input } from "../input.ts";

const LIMITS: readonly (HeadLimits & OfferLimits)[] = [
  {},
  { maxHeadSize: 300 },
  { maxLineLength: 60 },
  { maxFields: 6, maxOffers: 2 },
];

const extensions = [permessageDeflate()];

function run(data: Uint8Array): number {
  const input = new Input(data);
  const limits = input.pick(LIMITS);
  const pattern = input.byte();
  const wire = input.rest();

  const whole = receive(limits, [wire]);
  const chopped = receive(limits, cut(wire, pattern));
  checkSame(summary(chopped), summary(whole), "ServerHandshake: chopped, it ends differently");
  const { result, taken } = whole;
  if (result === undefined) {
    const { maxHeadSize = 16384 } = limits;
    check(wire.length <= maxHeadSize, "ServerHandshake: it goes on reading behind the limit", wire.length);
  } else if (result.ok) {
    checkSameBytes(
      result.rest,
      wire.subarray(taken),
      "ServerHandshake: rest is not what came behind the head",
    );
    checkAccepted(result);
  } else {
    checkRefused(result);
  }
  return data.length;
}

interface Reception {
  readonly result: ServerAccepted | ServerRefused | undefined;
  /** How many bytes the handshake has taken when it succeeds. */
  readonly taken: number;
}

function receive(limits: HeadLimits & OfferLimits, chunks: Iterable<Uint8Array>): Reception {
  const handshake = new ServerHandshake({ limits, extensions, subprotocols: ["chat", "v2.chat"] });
  let taken = 0;
  for (const chunk of chunks) {
    const result = handshake.receive(chunk.slice());
    taken += chunk.length;
    if (result !== undefined) return { result, taken: result.ok ? taken - result.rest.length : 0 };
  }
  return { result: undefined, taken: 0 };
}

/** What must not depend on the chunks. */
function summary({ result, taken }: Reception): unknown {
  if (result === undefined) return undefined;
  if (!result.ok) return { rule: result.rule, response: result.response };
  const { upgrade, response, subprotocol } = result;
  return { upgrade: { ...upgrade, fields: [...upgrade.fields] }, response, subprotocol, taken };
}

/** These decide who speaks to whom, and how: two of them would be two readings of one request. */
const SINGLE_FIELDS = ["Host", "Sec-WebSocket-Key", "Sec-WebSocket-Version"];

function checkAccepted({ response, upgrade, subprotocol }: ServerAccepted): void {
  for (const name of SINGLE_FIELDS) {
    const values = upgrade.fields.all(name);
    check(values.length === 1, "ServerHandshake: a field that must stand there once does not", {
      name,
      values,
    });
  }
  const read = new HeadReader("response").read(response);
  check(read?.ok === true && read.rest.length === 0, "acceptUpgrade: its response is not one head", read);
  const { key, subprotocols, extensions: offers } = upgrade;
  const judgement = judgeResponse(read.head, { key, subprotocols, offers, extensions });
  check(judgement.ok, "acceptUpgrade: a client refuses its response", judgement);
  checkSame(judgement.subprotocol, subprotocol, "acceptUpgrade: a client understands another subprotocol");
}

function checkRefused({ response, status }: ServerRefused): void {
  const read = new HeadReader("response").read(response);
  check(read?.ok === true, "composeRefusal: its response cannot be read", read);
  checkSame(read.head.status, status, "composeRefusal: its response has another status");
  const length = Number(read.head.fields.get("Content-Length"));
  checkSame(read.rest.length, length, "composeRefusal: its body is not as long as announced");
}

const dictionary: readonly Uint8Array[] = [
  "GET / HTTP/1.1\r\n",
  "Host: example.com\r\n",
  "Upgrade: websocket\r\n",
  "Connection: keep-alive, Upgrade\r\n",
  "Sec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEA==\r\n",
  "Sec-WebSocket-Version: 13\r\n",
  "Sec-WebSocket-Protocol: chat\r\n",
  "Sec-WebSocket-Extensions: permessage-deflate\r\n",
  "permessage-deflate; client_max_window_bits=10; server_max_window_bits=8",
  "server_no_context_takeover",
  "client_no_context_takeover",
  "Origin: http://example.com\r\n",
  "Content-Length: 0\r\n",
  "Transfer-Encoding: chunked\r\n",
  "__proto__: x\r\n",
  "HEAD",
  "http://[::1]:80/",
  "\r\n\r\n",
  "\r\n",
  "\n",
  "\r",
  "\0",
  ": ",
  ", ",
  "\t",
].map(bytesOf);

export const target: Target = { run, settings: 2, dictionary };
