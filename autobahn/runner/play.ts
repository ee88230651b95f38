/**
 * The judge, 10 — A case is played: on one connection, once, to its end; and then there is a result.
 *
 * What this file must not know: how the connection came about. Next: result.ts.
 */

import type { Socket } from "node:net";
import {
  type Behavior,
  type Case,
  type CloseVerdict,
  type Event,
  type FrameOptions,
  isFulfilled,
  judgeBehavior,
  judgeClose,
  type MessageOptions,
  type Payload,
  type Script,
  type Verdict,
} from "./case.ts";
import { Endpoint, newFacts } from "./endpoint.ts";
import type { Agreement } from "./extension.ts";
import { Log } from "./log.ts";
import { type CaseResult, counts, shownEvents, shownExpectation } from "./result.ts";
import { type Frame, type FrameShape, Opcode, type Role } from "./wire.ts";

/** Which case is played against whom. */
export interface Part {
  readonly testCase: Case;
  /** Its number among the cases that were chosen, from 1. */
  readonly index: number;
  readonly agent: string;
  readonly role: Role;
}

/**
 * Decision: a peer that is busy with other cases has more time to close than the suite's second. The suite plays one
 * case at a time.
 */
const BUSY_CLOSING_TIMEOUT = 3;

/** For a script that sets no limit itself. */
const DEFAULT_KILL = 10;

/**
 * Decision: a peer that owes an answer and has said nothing for so many seconds will not answer. The suite waits for
 * up to 1000 seconds, in each of 270 cases. The verdict is the same.
 */
const SILENCE = 30;

const GOING_AWAY = 1001;

export class Play implements Script {
  readonly role: Role;
  /** Comes when the connection is gone. */
  readonly result: Promise<CaseResult>;
  onEvent: ((event: Event) => void) | undefined;
  onFrame: ((frame: Frame) => void) | undefined;
  httpRequest = "?";
  httpResponse = "?";
  agent: string;
  readonly #case: Case;
  readonly #index: number;
  readonly #log: Log;
  readonly #facts = newFacts();
  readonly #events: Event[] = [];
  readonly #started = new Date();
  #resolve: (result: CaseResult) => void = () => {};
  #endpoint: Endpoint | undefined;
  #openedAt = performance.now();
  #said: Verdict | undefined;
  #isSettled = false;
  #isOver = false;
  /** How many timers will end the connection whatever state it is in; and whether any limit was set at all. */
  #kills = 0;
  #isLimited = false;

  constructor({ testCase, index, agent, role }: Part) {
    this.#case = testCase;
    this.#index = index;
    this.agent = agent;
    this.role = role;
    this.#log = new Log(testCase.isMeasured !== true);
    this.result = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  // --- The connection -----------------------------------------------------------------------------------------

  /** The opening handshake is done. `rest` is what has arrived behind it. */
  opened(socket: Socket, agreement: Agreement | undefined, rest: Uint8Array): void {
    this.#openedAt = performance.now();
    const listener = {
      received: (event: Event) => this.#received(event),
      frameReceived: (frame: Frame) => this.onFrame?.(frame),
      peerLeaves: () => {
        if (this.#kills === 0) endpoint.linger();
      },
      ended: () => this.#ended(),
    };
    const endpoint = new Endpoint(socket, this.role, listener, {
      log: this.#log,
      facts: this.#facts,
      agreement,
      ...(this.#case.isMeasured && { closingTimeout: BUSY_CLOSING_TIMEOUT }),
    });
    this.#endpoint = endpoint;
    if (this.#case.compression !== undefined && agreement === undefined) {
      this.verdict("UNIMPLEMENTED", "permessage-deflate was not negotiated.");
      this.close(1000);
    } else {
      this.#case.script(this);
    }
    if (!this.#isLimited) this.killAfter(DEFAULT_KILL);
    endpoint.receive(rest);
  }

  /** The opening handshake came to nothing. */
  failed(reason: string, timedOut = false): void {
    this.#facts.wasNotCleanReason = reason;
    this.#facts.wasOpenHandshakeTimeout = timedOut;
    this.#ended();
  }

  /** The opening handshake was what the case is about, and it is judged. */
  settle(verdict: Verdict): void {
    this.#said = verdict;
    this.#isSettled = true;
    this.#ended();
  }

  #received(event: Event): void {
    if (this.onEvent !== undefined) {
      this.onEvent(event);
      return;
    }
    this.#events.push(event);
    if (isFulfilled(this.#case, this.#events)) this.close(this.#case.close.closeCode[0]);
  }

  #ended(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#resolve(this.#toResult());
  }

  // --- What a script does -------------------------------------------------------------------------------------

  frame(opcode: number, payload: Payload, options: FrameOptions = {}): void {
    const { chop, sync, ...shape } = options;
    const { fin = true, rsv = 0 } = shape;
    this.#endpoint?.sendFrame({ fin, rsv, opcode, payload: octetsOf(payload) }, { chop, sync }, shape);
  }

  message(payload: Payload, { binary, fragmentSize, deflated }: MessageOptions = {}): void {
    const opcode = binary ? Opcode.Binary : Opcode.Text;
    this.#endpoint?.sendMessage(opcode, octetsOf(payload), fragmentSize, deflated);
  }

  openFrame(opcode: number, length: number, shape: FrameShape = {}): (piece: Payload) => void {
    const send = this.#endpoint?.openFrame(opcode, length, shape);
    return (piece) => send?.(octetsOf(piece));
  }

  octets(octets: Uint8Array): void {
    this.#endpoint?.sendOctets(octets);
  }

  close(code?: number, reason: Payload = ""): void {
    this.#endpoint?.close(code, octetsOf(reason));
  }

  drop(abort = false): void {
    this.#endpoint?.drop(abort);
  }

  killAfter(seconds: number): void {
    this.#isLimited = true;
    this.#kills++;
    this.#log.note("KL", seconds);
    this.#endpoint?.after(seconds, () => {
      this.#kills--;
      this.#log.note("KLE");
      this.#endpoint?.fail(GOING_AWAY, "Going Away");
    });
  }

  closeAfter(seconds: number): void {
    this.#isLimited = true;
    this.#log.note("TI", seconds);
    this.#endpoint?.after(seconds, () => {
      this.#log.note("TIE");
      this.close();
    });
  }

  limit(seconds: number): void {
    this.closeAfter(seconds);
    const check = (): void => {
      const silence = (performance.now() - this.#log.lastOctetAt) / 1000;
      if (silence < SILENCE) this.#endpoint?.after(SILENCE - silence, check);
      else this.close();
    };
    check();
  }

  wait(seconds: number, then: () => void, tag?: string): void {
    this.#isLimited = true;
    this.#log.note("CT", seconds, tag ?? null);
    this.#endpoint?.after(seconds, () => {
      this.#log.note("CTE", tag ?? null);
      if (tag !== undefined && this.#endpoint?.state === "open") this.#received({ type: "timeout", tag });
      then();
    });
  }

  verdict(behavior: Behavior, result: string): void {
    this.#said = { behavior, result };
  }

  expectLength(length: number): void {
    this.#endpoint?.expectLength(length);
  }

  deflate(messages: readonly Uint8Array[]): Iterator<Uint8Array, never> {
    const deflater = this.#endpoint?.deflater;
    if (deflater === undefined) throw new Error("compression was not agreed on");
    return deflater.rounds(messages);
  }

  // --- What came of it ----------------------------------------------------------------------------------------

  #toResult(): CaseResult {
    const testCase = this.#case;
    const seen = { role: this.role, events: this.#events, facts: this.#facts };
    const { opened, ...facts } = this.#facts;
    const verdict = judgeBehavior(testCase, seen, this.#said);
    return {
      id: testCase.id,
      case: this.#index,
      agent: this.agent,
      description: testCase.description,
      expectation: testCase.expectation,
      ...(testCase.requirements !== undefined && { requirements: testCase.requirements }),
      ...verdict,
      ...(this.#isSettled ? closeOf(verdict) : judgeClose(testCase, seen)),
      started: this.#started.toISOString(),
      duration: opened ? Math.round(performance.now() - this.#openedAt) : 0,
      expected: shownExpectation(testCase),
      expectedClose: testCase.close,
      received: shownEvents(this.#events),
      ...facts,
      isServer: this.role === "server",
      httpRequest: this.httpRequest,
      httpResponse: this.httpResponse,
      createStats: true,
      createWirelog: testCase.isMeasured !== true,
      reportTime: testCase.isMeasured === true,
      reportCompressionRatio: testCase.compression !== undefined,
      ...counts(this.#log, testCase.compression !== undefined && verdict.behavior === "OK"),
    };
  }
}

/** Where there was nothing to close, nothing was closed badly. */
function closeOf({ behavior }: Verdict): CloseVerdict {
  const behaviorClose = behavior === "FAILED" ? "FAILED" : "OK";
  return { behaviorClose, resultClose: "The case ended with the opening handshake" };
}

function octetsOf(payload: Payload): Uint8Array {
  return typeof payload === "string" ? Buffer.from(payload) : payload;
}
