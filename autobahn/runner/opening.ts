/**
 * The judge, 15 — Waiting for a head: the one of a response as a client, of a request as a server.
 *
 * What this file must not know: what the head should say. Next: dial.ts.
 */

import type { Socket } from "node:net";
import { type Head, MAX_HEAD, readHead } from "./handshake.ts";
import { reset } from "./outbox.ts";

export const OPEN_HANDSHAKE_TIMEOUT = 5;

export interface Awaiting {
  /** The head is here, and what has come behind it. Whoever is called listens to the socket from now on. */
  arrived(head: Head, rest: Uint8Array): void;
  /** It will not come. The socket is gone, or about to be. */
  missed(reason: string, timedOut: boolean): void;
}

export function awaitHead(socket: Socket, { arrived, missed }: Awaiting): void {
  let received: Uint8Array = new Uint8Array(0);
  const stop = (): void => {
    clearTimeout(timer);
    socket.off("data", onData);
    socket.off("end", onEnd);
    socket.off("close", onEnd);
  };
  const miss = (reason: string, timedOut = false): void => {
    stop();
    reset(socket);
    missed(reason, timedOut);
  };
  const timer = setTimeout(() => miss("opening handshake timeout", true), OPEN_HANDSHAKE_TIMEOUT * 1000);
  const onEnd = (): void => miss("the connection ended during the opening handshake");
  const onData = (chunk: Uint8Array): void => {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
    const head = readHead(received);
    if (head !== undefined) {
      stop();
      arrived(head, received.subarray(head.end));
    } else if (received.length > MAX_HEAD) {
      miss("the head has no end");
    }
  };
  socket.on("data", onData);
  socket.once("end", onEnd);
  socket.once("close", onEnd);
}
