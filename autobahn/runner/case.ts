/**
 * The judge, 8 — What a case is: what it sends, what may come back, who has to close; and how its verdicts come out.
 *
 * A case is data and a short script. The script says what to do, in terms of `Script`; whatever a peer does, it
 * only happens to it.
 *
 * What this file must not know: sockets, timers, how a connection is kept. Next: endpoint.ts.
 */

import type { Wish } from "./extension.ts";
import type { Head } from "./handshake.ts";
import type { Frame, FrameShape, Role } from "./wire.ts";

export type Behavior = "OK" | "NON-STRICT" | "INFORMATIONAL" | "UNIMPLEMENTED" | "FAILED";

export type BehaviorClose = "OK" | "FAILED" | "UNCLEAN" | "WRONG CODE" | "FAILED BY CLIENT" | "INFORMATIONAL";

/** What a case takes notice of. A Ping is answered, and is no event. */
export type Event =
  | { readonly type: "message"; readonly payload: Uint8Array; readonly binary: boolean }
  | { readonly type: "pong"; readonly payload: Uint8Array }
  | { readonly type: "timeout"; readonly tag: string };

/** How a connection should end. */
export interface ExpectedClose {
  /** Who sends the first Close: the judge, or its peer. */
  readonly closedByMe: boolean;
  /** What the peer's Close may say; one without a code is always allowed. */
  readonly closeCode: readonly number[];
  /** Whether the peer's Close must come at all. */
  readonly requireClean: boolean;
  /** Whether the wrong side closing makes the behavior FAILED, too. */
  readonly closedByWrongEndpointIsFatal?: boolean;
}

export interface Case {
  /** "category.sub.number", or without the one in the middle. */
  readonly id: string;
  readonly category: string;
  readonly subCategory?: string;
  readonly description: string;
  readonly expectation: string;
  /** The ids of the requirements that are checked, in cases that are not the suite's. */
  readonly requirements?: readonly string[];
  /** The lists of events that are acceptable. None: the script itself says the verdict. */
  readonly expected?: { readonly OK?: readonly Event[]; readonly "NON-STRICT"?: readonly Event[] };
  readonly close: ExpectedClose;
  /** The suite has no opinion: both verdicts are INFORMATIONAL, whatever happens. */
  readonly isInformational?: boolean;
  /** The close code belongs to the behavior: a wrong one makes it FAILED. */
  readonly codeIsBehavior?: boolean;
  /** What is asked for in the negotiation of permessage-deflate, the dearest wish first; none: no compression. */
  readonly compression?: readonly Wish[];
  /** The octets are too many for a log; what counts is how long it takes. */
  readonly isMeasured?: boolean;
  /** About how many octets go back and forth: what takes long is begun early. Default 0. */
  readonly weight?: number;
  /** The judge's roles that the case makes sense for. Default: both. */
  readonly roles?: readonly Role[];
  /** For cases about the opening handshake: what is sent instead of the usual request, or of the usual response. */
  readonly opening?: (usual: string, role: Role) => string | Uint8Array;
  /**
   * …and what is to be thought of the peer's head, or of there being none. Undefined: what is thought of any, and if
   * it is good, the script goes on.
   */
  readonly judgeOpening?: (head: Head | undefined) => Verdict | undefined;
  /** A case that takes many connections is many cases: it gets the worst of their verdicts. Against servers only. */
  readonly rounds?: () => readonly Omit<Case, "id" | "category">[];
  /** Runs when the connection is open. */
  readonly script: (script: Script) => void;
  /** Has the last word on the behavior, when all is over. */
  readonly judge?: (seen: Seen, verdict: Verdict) => Verdict;
}

export interface Verdict {
  readonly behavior: Behavior;
  /** Why, as a sentence. */
  readonly result: string;
}

/** What a case can do, whatever the state of the connection is. */
export interface Script {
  readonly role: Role;
  /** A frame as it is, right or wrong, in any state. */
  frame(opcode: number, payload: Payload, options?: FrameOptions): void;
  /** A message, while the connection is open. */
  message(payload: Payload, options?: MessageOptions): void;
  /** Header first; the payload then comes in the pieces that are given to the function that is returned. */
  openFrame(opcode: number, length: number, options?: FrameShape): (piece: Payload) => void;
  /** Octets that need not be a frame. */
  octets(octets: Uint8Array): void;
  /** A Close, if the connection is open. A reason without a code is sent without one. */
  close(code?: number, reason?: Payload): void;
  /** Ends the TCP connection, with or without ceremony. */
  drop(abort?: boolean): void;
  /** Fails the connection (1001) after so many seconds, unless it is closed. */
  killAfter(seconds: number): void;
  /** Closes after so many seconds, if the connection is still open. */
  closeAfter(seconds: number): void;
  /** The same, and already when nothing has come or gone for so long that nothing more will. */
  limit(seconds: number): void;
  /** Goes on after so many seconds, unless the connection is closed; if it still is open, a tag becomes an event. */
  wait(seconds: number, then: () => void, tag?: string): void;
  /** The verdict, as long as nothing else is said. */
  verdict(behavior: Behavior, result: string): void;
  /** Compresses messages as agreed, each when its turn comes, over and over. Only for cases with `compression`. */
  deflate(messages: readonly Uint8Array[]): Iterator<Uint8Array, never>;
  /** How long the next message will be, if the case knows. */
  expectLength(length: number): void;
  /** Gets the events, if the case has no list of what it expects. */
  onEvent: ((event: Event) => void) | undefined;
  /** Gets every frame of the peer, unmasked, as it was on the wire. */
  onFrame: ((frame: Frame) => void) | undefined;
}

/** Text stands for its UTF-8. */
export type Payload = Uint8Array | string;

export interface FrameOptions extends FrameShape {
  /** In pieces of so many octets. */
  chop?: number;
  /** As a piece of its own. */
  sync?: boolean;
}

export interface MessageOptions {
  binary?: boolean;
  /** Cut into frames of so many octets. */
  fragmentSize?: number | undefined;
  /** The message compressed: what goes out in its place, with RSV1. */
  deflated?: Uint8Array;
}

/** What has happened to a connection; the names are those of the reports. */
export interface Facts {
  /** Whether the opening handshake was completed. */
  opened: boolean;
  closedByMe: boolean;
  failedByMe: boolean;
  droppedByMe: boolean;
  wasClean: boolean;
  wasNotCleanReason: string | null;
  wasOpenHandshakeTimeout: boolean;
  wasCloseHandshakeTimeout: boolean;
  wasServerConnectionDropTimeout: boolean;
  localCloseCode: number | null;
  localCloseReason: string | null;
  remoteCloseCode: number | null;
  remoteCloseReason: string | null;
}

/** Everything that a case saw. */
export interface Seen {
  readonly role: Role;
  readonly events: readonly Event[];
  readonly facts: Readonly<Facts>;
}

// --- Verdicts -------------------------------------------------------------------------------------------------

const DIFFERENT = "Actual events differ from any expected.";
const MATCHING = "Actual events match at least one expected.";

export interface CloseVerdict {
  readonly behaviorClose: BehaviorClose;
  readonly resultClose: string;
}

/** What is thought of the way in which the connection ended. */
export function judgeClose(testCase: Case, seen: Seen): CloseVerdict {
  const verdict = firstCloseRule(testCase, seen);
  return hasNoOpinion(testCase, seen) ? { ...verdict, behaviorClose: "INFORMATIONAL" } : verdict;
}

function hasNoOpinion({ isInformational }: Case, { facts }: Seen): boolean {
  return isInformational === true && facts.opened;
}

/** The first rule that applies. */
function firstCloseRule({ close }: Case, { role, facts }: Seen): CloseVerdict {
  const say = (behaviorClose: BehaviorClose, resultClose: string): CloseVerdict => ({
    behaviorClose,
    resultClose,
  });
  if (!facts.opened) return say("FAILED", "The WebSocket opening handshake was never completed!");
  if (close.closedByMe !== facts.closedByMe) {
    return say("FAILED", "The connection was failed by the wrong endpoint");
  }
  if (close.requireClean && !facts.wasClean) {
    return say("UNCLEAN", "The spec requires the connection to be failed cleanly here");
  }
  if (facts.remoteCloseCode !== null && !close.closeCode.includes(facts.remoteCloseCode)) {
    return say("WRONG CODE", `The close code should have been ${close.closeCode.join(" or ")} or empty`);
  }
  if (role === "client" && facts.droppedByMe) {
    return say("FAILED BY CLIENT", "It is preferred that the server close the TCP connection");
  }
  return say("OK", "Connection was properly closed");
}

/** What is thought of the behavior. `said` is the script's own verdict, if it said one. */
export function judgeBehavior(testCase: Case, seen: Seen, said: Verdict | undefined): Verdict {
  let verdict: Verdict = said ?? { behavior: "FAILED", result: DIFFERENT };
  for (const behavior of ["OK", "NON-STRICT"] as const) {
    const events = testCase.expected?.[behavior];
    if (events !== undefined && areEqual(events, seen.events)) verdict = { behavior, result: MATCHING };
  }
  const { close } = testCase;
  const byWrongEndpoint = seen.facts.opened && close.closedByMe !== seen.facts.closedByMe;
  if (byWrongEndpoint && close.closedByWrongEndpointIsFatal) verdict = { ...verdict, behavior: "FAILED" };
  if (testCase.codeIsBehavior && judgeClose(testCase, seen).behaviorClose === "WRONG CODE") {
    verdict = { ...verdict, behavior: "FAILED" };
  }
  if (hasNoOpinion(testCase, seen)) verdict = { ...verdict, behavior: "INFORMATIONAL" };
  return testCase.judge?.(seen, verdict) ?? verdict;
}

/** Whether there is nothing more to come: then it is for the judge to close. */
export function isFulfilled({ expected, close }: Case, events: readonly Event[]): boolean {
  const lists = [expected?.OK, expected?.["NON-STRICT"]].filter((list) => list !== undefined);
  return close.closedByMe && lists.length > 0 && lists.every((list) => areEqual(list, events));
}

function areEqual(expected: readonly Event[], received: readonly Event[]): boolean {
  return expected.length === received.length && expected.every((event, at) => isSame(event, received[at]!));
}

function isSame(a: Event, b: Event): boolean {
  if (a.type === "timeout" || b.type === "timeout") {
    return a.type === "timeout" && b.type === "timeout" && a.tag === b.tag;
  }
  if (Buffer.compare(a.payload, b.payload) !== 0) return false;
  return a.type === "message" ? b.type === "message" && a.binary === b.binary : b.type === "pong";
}
