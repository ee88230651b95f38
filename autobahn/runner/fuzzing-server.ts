/**
 * The judge, 18 — Testing clients: one port, with a path for everything that a client asks of it.
 *
 *   /getCaseCount                    how many cases there are
 *   /getCaseInfo?case=N              what the N-th is
 *   /runCase?case=N&agent=A          plays it
 *   /getCaseStatus?case=N&agent=A    its verdict, when there is one
 *   /updateReports?agent=A           writes the reports; &shutdownOnComplete=true ends the server
 *   /stopServer                      ends the server
 *
 * `casetuple=1.1.1` can stand for `case=N` everywhere. Every answer is a text message, followed by a Close.
 *
 * What this file must not know: what a report looks like. Next: summary.ts.
 */

import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import type { Case } from "./case.ts";
import { compareIds, selectCases } from "./cases/index.ts";
import { Endpoint, newFacts } from "./endpoint.ts";
import { answer } from "./extension.ts";
import { buildResponse, type Head, PRODUCT, type Refusal, requestFlaw, valuesOf } from "./handshake.ts";
import { Log } from "./log.ts";
import { awaitHead } from "./opening.ts";
import { Play } from "./play.ts";
import type { CaseResult } from "./result.ts";
import { Opcode } from "./wire.ts";

export interface ServeCasesOptions {
  /** Default 0: any free port. */
  readonly port?: number | undefined;
  /** Default 127.0.0.1: this machine only. */
  readonly host?: string | undefined;
  /** Patterns: "6.*", "7.1.1". Default: all cases. */
  readonly cases?: readonly string[] | undefined;
  readonly exclude?: readonly string[] | undefined;
  /** Comes for each case when it is finished. */
  readonly onResult?: ((result: CaseResult) => void) | undefined;
  /** A client wants its reports: the results of all agents so far. */
  readonly onReports?: ((results: readonly CaseResult[]) => void | Promise<void>) | undefined;
  /** A client has ended the server. */
  readonly onStop?: (() => void) | undefined;
}

export interface CaseServer {
  readonly port: number;
  /** How many cases there are. */
  readonly count: number;
  /** The results of an agent so far, or of all, in the order of the cases. A case that is played again counts anew. */
  results(agent?: string): CaseResult[];
  /** Ends every connection, and the server. */
  close(): Promise<void>;
}

/** Resolves when it listens. */
export async function serveCases(options: ServeCasesOptions = {}): Promise<CaseServer> {
  const server = new FuzzingServer(options);
  await server.listen(options.port ?? 0, options.host ?? "127.0.0.1");
  return server;
}

/** A request's target is a path; what is none leads nowhere. */
const ORIGIN = "http://judge";
const NOWHERE = "/nowhere";

const BAD_REQUEST = 400;
const INTERNAL_ERROR: Refusal = { status: 500, sentence: "Internal Server Error" };
const PAGE = `<!DOCTYPE html><title>${PRODUCT}</title><p>${PRODUCT}: this port tests WebSocket clients.</p>\n`;

/** What a path is about, once its query has been understood. */
interface Query {
  readonly testCase: Case | undefined;
  /** Its number, from 1. */
  readonly index: number;
  readonly agent: string | undefined;
  readonly isLast: boolean;
}

class FuzzingServer implements CaseServer {
  readonly #options: ServeCasesOptions;
  readonly #cases: readonly Case[];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #results = new Map<string, Map<string, CaseResult>>();
  /** Who waits for a result that is not there yet. */
  readonly #waiting = new Set<() => void>();

  constructor(options: ServeCasesOptions) {
    this.#options = options;
    this.#cases = selectCases(options.cases, options.exclude).filter(
      ({ roles }) => roles?.includes("server") ?? true,
    );
    this.#server = createServer({ noDelay: true }, (socket) => this.#connected(socket));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get count(): number {
    return this.#cases.length;
  }

  listen(port: number, host: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(port, host, () => resolve());
    });
  }

  results(agent?: string): CaseResult[] {
    const chosen =
      agent === undefined ? [...this.#results.values()] : [this.#results.get(agent) ?? new Map()];
    return chosen.flatMap((results) => [...results.values()].sort((a, b) => compareIds(a.id, b.id)));
  }

  close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  // --- A connection -------------------------------------------------------------------------------------------

  #connected(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
    socket.on("error", () => {}); // "close" follows
    awaitHead(socket, {
      missed: () => {},
      arrived: (head, rest) => this.#requested(socket, head, rest),
    });
  }

  #requested(socket: Socket, request: Head, rest: Uint8Array): void {
    if (valuesOf(request, "upgrade").length === 0) {
      socket.end(
        `HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: ${PAGE.length}\r\nConnection: close\r\n\r\n${PAGE}`,
      );
      return;
    }
    const [, target = ""] = request.startLine.split(" ");
    const url = new URL(URL.canParse(target, ORIGIN) ? target : NOWHERE, ORIGIN);
    const query = this.#understand(url.searchParams);
    const flaw = requestFlaw(request, this.port);
    if (flaw !== undefined) refuse(socket, flaw);
    else if (query === undefined) refuse(socket, INTERNAL_ERROR);
    else this.#route(url.pathname, query, socket, request, rest);
  }

  /** Undefined if a parameter is repeated, or if there is no such case. */
  #understand(parameters: URLSearchParams): Query | undefined {
    if (new Set(parameters.keys()).size < [...parameters].length) return undefined;
    const id = parameters.get("casetuple");
    const number = parameters.get("case");
    const at = id === null ? Number(number) - 1 : this.#cases.findIndex((testCase) => testCase.id === id);
    const testCase = this.#cases[at];
    if ((id !== null || number !== null) && testCase === undefined) return undefined;
    return {
      testCase,
      index: at + 1,
      agent: parameters.get("agent") || undefined,
      isLast: ["true", "yes"].includes(parameters.get("shutdownOnComplete") ?? ""),
    };
  }

  #route(path: string, query: Query, socket: Socket, request: Head, rest: Uint8Array): void {
    const { testCase, index, agent } = query;
    const say = (text?: string): void => greet(socket, request, rest, text);
    if (path === "/getCaseCount") {
      say(String(this.count));
    } else if (path === "/getCaseInfo" && testCase !== undefined) {
      say(JSON.stringify({ id: testCase.id, description: testCase.description }));
    } else if (path === "/runCase" && testCase !== undefined && agent !== undefined) {
      this.#play(testCase, index, agent, socket, request, rest);
    } else if (path === "/getCaseStatus" && testCase !== undefined && agent !== undefined) {
      this.#whenKnown(agent, testCase.id, ({ behavior }) => say(JSON.stringify({ behavior })));
    } else if (path === "/updateReports") {
      const written = (): void => {
        say();
        if (query.isLast) socket.once("close", () => this.#stop());
      };
      this.#report().then(written, () => refuse(socket, INTERNAL_ERROR));
    } else if (path === "/stopServer") {
      say();
      socket.once("close", () => this.#stop());
    } else {
      refuse(socket, INTERNAL_ERROR);
    }
  }

  #play(testCase: Case, index: number, agent: string, socket: Socket, request: Head, rest: Uint8Array): void {
    const offers = valuesOf(request, "sec-websocket-extensions");
    const answered = answer(offers.length === 0 ? undefined : offers.join(", "), testCase.compression ?? []);
    if (typeof answered === "string") {
      refuse(socket, { status: BAD_REQUEST, sentence: answered });
      return;
    }
    const play = new Play({ testCase, index, agent, role: "server" });
    void play.result.then((result) => this.#finished(result));
    play.httpRequest = request.text;
    const verdict = testCase.judgeOpening?.(request);
    if (verdict !== undefined) {
      play.settle(verdict);
      socket.destroy();
      return;
    }
    const usual = buildResponse(request, answered?.value);
    const octets = Buffer.from(testCase.opening?.(usual, "server") ?? usual);
    play.httpResponse = octets.toString("latin1");
    socket.write(octets);
    play.opened(socket, answered?.agreement, rest);
  }

  // --- Results ------------------------------------------------------------------------------------------------

  #finished(result: CaseResult): void {
    const results = this.#results.get(result.agent) ?? new Map<string, CaseResult>();
    this.#results.set(result.agent, results.set(result.id, result));
    this.#options.onResult?.(result);
    for (const look of this.#waiting) look();
  }

  #whenKnown(agent: string, id: string, then: (result: CaseResult) => void): void {
    const look = (): void => {
      const result = this.#results.get(agent)?.get(id);
      if (result === undefined) return;
      this.#waiting.delete(look);
      then(result);
    };
    this.#waiting.add(look);
    look();
  }

  async #report(): Promise<void> {
    await this.#options.onReports?.(this.results());
  }

  #stop(): void {
    void this.close().then(() => this.#options.onStop?.());
  }
}

function refuse(socket: Socket, { status, sentence }: Refusal): void {
  socket.end(`HTTP/1.1 ${status} ${sentence}\r\n\r\n`);
}

/** Accepts, says one thing or nothing, and closes. */
function greet(socket: Socket, request: Head, rest: Uint8Array, text?: string): void {
  if (socket.destroyed) return;
  socket.write(buildResponse(request, undefined));
  const nobody = { received: () => {}, ended: () => {} };
  const endpoint = new Endpoint(socket, "server", nobody, { log: new Log(false), facts: newFacts() });
  if (text !== undefined) endpoint.sendMessage(Opcode.Text, Buffer.from(text));
  endpoint.close(undefined);
  endpoint.receive(rest);
}
