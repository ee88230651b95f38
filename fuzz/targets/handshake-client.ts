/**
 * Target: the client's opening handshake (RFC 6455 §4.1), whole and chopped.
 *
 * Settings: limits, how to chop.
 */

import { acceptValue } from "../../src/protocol/accept.ts";
import { ClientHandshake, type Established, type Failed } from "../../src/protocol/client-handshake.ts";
import type { HeadLimits } from "../../src/protocol/http.ts";
import { permessageDeflate } from "../../src/protocol/permessage-deflate.ts";
import { bytesOf } from "../../test/helpers/frames.ts";
import { check, checkSame, checkSameBytes } from "../check.ts";
import type { Target } from "../executor.ts";
import { cut, Input } from "../input.ts";

const LIMITS: readonly HeadLimits[] = [{}, { maxHeadSize: 300 }, { maxLineLength: 60 }, { maxFields: 6 }];

/** Of 16 bytes that are all zero, so that an input can contain the answer to it. */
const KEY = "AAAAAAAAAAAAAAAAAAAAAA==";
export const ACCEPT: string = acceptValue(KEY);

const SUBPROTOCOLS: readonly string[] = ["chat", "v2.chat"];
const extensions = [permessageDeflate({ alternatives: [{ serverNoContextTakeover: true }] })];

function run(data: Uint8Array): number {
  const input = new Input(data);
  const limits = input.pick(LIMITS);
  const pattern = input.byte();
  const wire = input.rest();

  const whole = receive(limits, [wire]);
  const chopped = receive(limits, cut(wire, pattern));
  checkSame(summary(chopped), summary(whole), "ClientHandshake: chopped, it ends differently");
  const { result, taken } = whole;
  if (result?.rest !== undefined) {
    checkSameBytes(
      result.rest,
      wire.subarray(taken),
      "ClientHandshake: rest is not what came behind the head",
    );
  }
  if (result?.ok !== true) return data.length;
  checkSame(
    result.fields.all("Sec-WebSocket-Accept"),
    [ACCEPT],
    "ClientHandshake: it accepts another answer to its key",
  );
  const { subprotocol } = result;
  check(
    subprotocol === "" || SUBPROTOCOLS.includes(subprotocol),
    "ClientHandshake: it accepts what it has not offered",
  );
  return data.length;
}

interface Reception {
  readonly result: Established | Failed | undefined;
  /** How many bytes the heads had, where there is a rest. */
  readonly taken: number;
}

function receive(limits: HeadLimits, chunks: Iterable<Uint8Array>): Reception {
  const random = (bytes: Uint8Array): void => void bytes.fill(0);
  const host = "example.com";
  const handshake = new ClientHandshake({ host, subprotocols: SUBPROTOCOLS, extensions, limits, random });
  let taken = 0;
  for (const chunk of chunks) {
    const result = handshake.receive(chunk.slice());
    taken += chunk.length;
    if (result !== undefined)
      return { result, taken: result.rest === undefined ? 0 : taken - result.rest.length };
  }
  return { result: undefined, taken: 0 };
}

/** What must not depend on the chunks. */
function summary({ result, taken }: Reception): unknown {
  if (result === undefined) return undefined;
  const fields = [...(result.fields ?? [])];
  if (!result.ok) return { rule: result.rule, reason: result.reason, status: result.status, fields, taken };
  const agreed = result.extensions.map(({ name, parameters }) => ({ name, parameters }));
  return { subprotocol: result.subprotocol, agreed, fields, taken };
}

const dictionary: readonly Uint8Array[] = [
  "HTTP/1.1 101 Switching Protocols\r\n",
  "HTTP/1.1 103 Early Hints\r\n\r\n",
  "HTTP/1.0 200 OK\r\n",
  "Upgrade: websocket\r\n",
  "Connection: Upgrade\r\n",
  `Sec-WebSocket-Accept: ${ACCEPT}\r\n`,
  "Sec-WebSocket-Protocol: chat\r\n",
  "Sec-WebSocket-Extensions: permessage-deflate\r\n",
  "permessage-deflate; client_max_window_bits=10; server_max_window_bits=8",
  "server_no_context_takeover",
  "Content-Length: 0\r\n",
  "Transfer-Encoding: chunked\r\n",
  "__proto__: x\r\n",
  "\r\n\r\n",
  "\r\n",
  "\n",
  "\0",
  ", ",
].map(bytesOf);

export const target: Target = { run, settings: 2, dictionary };
