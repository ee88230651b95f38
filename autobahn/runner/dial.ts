/**
 * The judge, 16 — A case as a client: a connection to the server under test, the opening handshake, and the play.
 *
 * What this file must not know: which case comes when. Next: fuzzing-client.ts.
 */

import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { Case } from "./case.ts";
import { type Agreement, accept, offer } from "./extension.ts";
import { buildRequest, type Head, portOf, responseFlaw, valuesOf } from "./handshake.ts";
import { awaitHead, OPEN_HANDSHAKE_TIMEOUT } from "./opening.ts";
import { reset } from "./outbox.ts";
import { Play } from "./play.ts";
import { type CaseResult, Tally } from "./result.ts";

const UNKNOWN_SERVER = "UnknownServer";

/** Nobody listens at the address: that is no verdict on anybody. */
export class Unreachable extends Error {}

/** Connects, and resolves when TCP is up. A self-signed certificate is as good as any: this is a test. */
export function reach(url: URL): Promise<Socket> {
  const host = url.hostname.replace("[", "").replace("]", "");
  const port = portOf(url);
  return new Promise((resolve, reject) => {
    const isSecure = url.protocol === "wss:";
    const socket = isSecure
      ? connectTls({ host, port, rejectUnauthorized: false, ALPNProtocols: ["http/1.1"] })
      : connect({ host, port });
    const fail = (error: Error): void => {
      socket.destroy();
      reject(new Unreachable(`cannot connect to ${url.host}: ${error.message}`));
    };
    socket.once("error", fail);
    socket.setTimeout(OPEN_HANDSHAKE_TIMEOUT * 1000, () => fail(new Error("no answer")));
    socket.once(isSecure ? "secureConnect" : "connect", () => {
      socket.removeListener("error", fail);
      socket.setTimeout(0);
      socket.setNoDelay(true);
      // An error is followed by "close", and that is what is waited for.
      socket.on("error", () => {});
      resolve(socket);
    });
  });
}

export interface Dialling {
  readonly testCase: Case;
  readonly index: number;
  /** Default: what the server calls itself. */
  readonly agent?: string | undefined;
  /** Ends the connection. */
  readonly signal?: AbortSignal | undefined;
}

/** Plays a case against the server at `url`, over a connection of its own. */
export async function playAgainst(url: URL, dialling: Dialling): Promise<CaseResult> {
  const { testCase, index, agent, signal } = dialling;
  if (testCase.rounds !== undefined) return playRounds(url, dialling);
  const play = new Play({ testCase, index, role: "client", agent: agent ?? UNKNOWN_SERVER });
  let socket: Socket;
  try {
    socket = await reach(url);
  } catch (error) {
    play.failed(String(error));
    return play.result;
  }
  const abort = (): void => void socket.destroy();
  signal?.addEventListener("abort", abort);
  socket.once("close", () => signal?.removeEventListener("abort", abort));

  const request = buildRequest(url, testCase.compression && offer(testCase.compression));
  const octets = Buffer.from(testCase.opening?.(request.text, "client") ?? request.text);
  play.httpRequest = octets.toString("latin1");
  socket.write(octets);
  awaitHead(socket, {
    missed(reason, timedOut) {
      const verdict = testCase.judgeOpening?.(undefined);
      if (verdict !== undefined) play.settle(verdict);
      else play.failed(reason, timedOut);
    },
    arrived(head, rest) {
      play.httpResponse = head.text;
      if (agent === undefined) play.agent = valuesOf(head, "server")[0] ?? UNKNOWN_SERVER;
      const verdict = testCase.judgeOpening?.(head);
      const agreement = verdict === undefined ? agreementOf(head, request.key, testCase) : undefined;
      if (verdict === undefined && typeof agreement !== "string") {
        play.opened(socket, agreement, rest);
        return;
      }
      if (verdict !== undefined) play.settle(verdict);
      else play.failed(agreement as string);
      reset(socket);
    },
  });
  return play.result;
}

/** How many rounds of one case are played at a time. */
export const ROUNDS_AT_A_TIME = 16;

/** Of all rounds the first of the worst ones stands for the case, and its sentence says how many fared how. */
async function playRounds(url: URL, dialling: Dialling): Promise<CaseResult> {
  const { testCase, signal } = dialling;
  const { id, category, description, expectation } = testCase;
  const rounds = testCase.rounds?.() ?? [];
  const beganAt = performance.now();
  const tally = new Tally();
  let next = 0;
  const oneByOne = async (): Promise<void> => {
    while (next < rounds.length && !signal?.aborted) {
      const round: Case = { ...rounds[next++]!, id, category };
      tally.add(await playAgainst(url, { ...dialling, testCase: round }));
    }
  };
  await Promise.all(Array.from({ length: ROUNDS_AT_A_TIME }, oneByOne));
  const duration = Math.round(performance.now() - beganAt);
  return { ...tally.toResult(), description, expectation, duration };
}

/** What the response agrees to beyond the connection itself; a sentence if it is not what §4.1 demands. */
function agreementOf(response: Head, key: string, { compression }: Case): Agreement | undefined | string {
  const flaw = responseFlaw(response, key);
  if (flaw !== undefined) return flaw;
  const [extensions] = valuesOf(response, "sec-websocket-extensions");
  if (extensions !== undefined && compression === undefined) return "an extension that was not offered";
  return accept(extensions);
}
