/**
 * The judge, 11 — A result: everything that is known about one case and one agent, in the shape in which the suite
 * writes it down.
 *
 * What this file must not know: how it came about. Next: data.ts.
 */

import type { Behavior, BehaviorClose, Case, Event, ExpectedClose, Facts } from "./case.ts";
import { type Counts, type Log, type LogEntry, show, type Traffic } from "./log.ts";

/** `[type, payload, binary]`; pongs and time-outs have two elements. */
export type ShownEvent = readonly [type: string, payload: string, binary?: boolean];

export interface CaseResult extends Omit<Facts, "opened"> {
  readonly id: string;
  /** Its number among the cases that were chosen, from 1. */
  readonly case: number;
  readonly agent: string;
  readonly description: string;
  readonly expectation: string;
  readonly requirements?: readonly string[];
  readonly behavior: Behavior;
  readonly behaviorClose: BehaviorClose;
  /** Why, in a sentence each. */
  readonly result: string;
  readonly resultClose: string;
  /** ISO 8601, UTC. */
  readonly started: string;
  /** Milliseconds from the open connection to its end; 0 if it was never open. */
  readonly duration: number;
  readonly expected: Readonly<Record<string, readonly ShownEvent[]>>;
  readonly expectedClose: ExpectedClose;
  readonly received: readonly ShownEvent[];
  /** Whether the judge was the server. */
  readonly isServer: boolean;
  readonly httpRequest: string;
  readonly httpResponse: string;
  readonly createStats: boolean;
  readonly createWirelog: boolean;
  readonly reportTime: boolean;
  readonly reportCompressionRatio: boolean;
  readonly rxOctetStats: Counts;
  readonly rxFrameStats: Counts;
  readonly txOctetStats: Counts;
  readonly txFrameStats: Counts;
  readonly trafficStats: TrafficStats | null;
  readonly wirelog: readonly LogEntry[];
}

export interface TrafficStats {
  readonly incoming: TrafficShown;
  readonly outgoing: TrafficShown;
}

export interface TrafficShown {
  readonly OctetsWireLevel: number;
  readonly OctetsWebSocketLevel: number;
  readonly OctetsAppLevel: number;
  readonly CompressionRatio: number | null;
  readonly WebSocketOverhead: number | null;
  readonly WebSocketFrames: number;
  readonly WebSocketMessages: number;
}

export function shownEvents(events: readonly Event[]): ShownEvent[] {
  return events.map((event): ShownEvent => {
    if (event.type === "timeout") return ["timeout", event.tag];
    const payload = show(event.payload);
    return event.type === "message" ? ["message", payload, event.binary] : ["pong", payload];
  });
}

export function shownExpectation({ expected = {} }: Case): Record<string, ShownEvent[]> {
  return Object.fromEntries(
    Object.entries(expected).map(([behavior, events]) => [behavior, shownEvents(events)]),
  );
}

/** What was counted; the traffic only where it is what the case is about. */
export function counts(
  log: Log,
  withTraffic: boolean,
): Pick<
  CaseResult,
  "rxOctetStats" | "rxFrameStats" | "txOctetStats" | "txFrameStats" | "trafficStats" | "wirelog"
> {
  return {
    rxOctetStats: log.rxOctetStats,
    rxFrameStats: log.rxFrameStats,
    txOctetStats: log.txOctetStats,
    txFrameStats: log.txFrameStats,
    trafficStats: withTraffic ? { incoming: shown(log.incoming), outgoing: shown(log.outgoing) } : null,
    wirelog: log.entries,
  };
}

function shown({ wire, payload, application, frames, messages }: Traffic): TrafficShown {
  const ratio = (part: number, whole: number): number | null => (whole === 0 ? null : part / whole);
  return {
    OctetsWireLevel: wire,
    OctetsWebSocketLevel: payload,
    OctetsAppLevel: application,
    CompressionRatio: ratio(payload, application),
    WebSocketOverhead: ratio(wire - payload, payload),
    WebSocketFrames: frames,
    WebSocketMessages: messages,
  };
}

const FROM_THE_WORST: readonly Behavior[] = ["FAILED", "NON-STRICT", "OK", "UNIMPLEMENTED", "INFORMATIONAL"];

/** Of many results that make one: the worst of them, and how many there are of each kind. */
export class Tally {
  readonly #counts = new Map<Behavior, number>();
  #worst: CaseResult | undefined;

  add(result: CaseResult): void {
    this.#counts.set(result.behavior, (this.#counts.get(result.behavior) ?? 0) + 1);
    if (this.#worst === undefined || rank(result) < rank(this.#worst)) this.#worst = result;
  }

  /** There must be one. */
  toResult(): CaseResult {
    const worst = this.#worst!;
    const counts = FROM_THE_WORST.flatMap((behavior) => {
      const count = this.#counts.get(behavior);
      return count === undefined ? [] : [`${count} ${behavior}`];
    });
    const reason = rank(worst) < GOOD ? ` One of the worst: "${worst.description}" ${worst.result}` : "";
    return { ...worst, result: `${counts.join(", ")}.${reason}` };
  }
}

/** A wrong behavior is worse than a wrong end. */
function rank({ behavior, behaviorClose }: CaseResult): number {
  return FROM_THE_WORST.indexOf(behavior) * 2 + (["OK", "INFORMATIONAL"].includes(behaviorClose) ? 1 : 0);
}

const GOOD = FROM_THE_WORST.indexOf("OK") * 2;
