/**
 * Chapter 10.7 — The opening handshake on a stream (§4.1): one request, one answer.
 *
 * What this file must not know: how the stream was opened, what follows.
 * Next: connect.ts.
 */

import type { Duplex } from "node:stream";
import { EMPTY_BYTES } from "../../bytes.ts";
import type { ClientHandshake, Established, Failed } from "../../protocol/client-handshake.ts";
import { plain } from "../transport.ts";
import { ConnectError, type RefusedResponse } from "./connect-error.ts";
import { type Attempt, cutShort, nextOf, readRefusal } from "./dial.ts";

/**
 * Resolves with what was agreed on; the stream is paused then. Rejects when the server refuses, or answers wrongly, with
 * the body of its answer, unless that is a redirect which is going to be followed.
 */
export async function greet(
  stream: Duplex,
  handshake: ClientHandshake,
  attempt: Attempt,
  isFollowed: (status: number) => boolean,
): Promise<Established> {
  attempt.phase = "handshake";
  stream.write(handshake.request);
  const answer = await nextOf(
    stream,
    attempt,
    "data",
    (chunk) => handshake.receive(plain(chunk)),
    (error) => cutShort(attempt, error),
  );
  if (answer.ok) return answer;
  const response = await responseIn(answer, stream, attempt, isFollowed);
  stream.destroy();
  throw new ConnectError("handshake", answer, { response });
}

async function responseIn(
  { status, fields, rest = EMPTY_BYTES }: Failed,
  stream: Duplex,
  { signal }: Attempt,
  isFollowed: (status: number) => boolean,
): Promise<RefusedResponse | undefined> {
  if (status === undefined || fields === undefined) return undefined;
  if (isFollowed(status)) return { status, fields, body: "" };
  return readRefusal(stream, { status, fields }, rest, signal);
}
