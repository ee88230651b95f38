/**
 * Chapter 8.6 — Statistics: what a server has seen, or the clients of a process, counted.
 *
 * Plain numbers in one object for all connections, so that counting is an addition (`statistics.textIn++`); a frozen
 * copy for whoever asks; and that copy as text, as Prometheus reads it. Nothing a peer says becomes a name here: the
 * rules of refusal and the close codes are tables with an end.
 *
 * What this file must not know: who counts, when it is asked.
 * Next: channels.ts.
 */

import { headRefusals, type RequestRule, requestRefusals } from "../protocol/refusal.ts";

/** Why a server refuses a handshake that the protocol would allow. */
const SERVER_RULES = [
  "origin",
  "max-connections",
  "max-connections-per-address",
  "handshake-timeout",
  "hook", // the application refused
  "hook-timeout", // it did not decide in time
  "hook-error", // it threw
  "client-gone", // nobody was there any more to be answered
  "closing",
  "other", // none of these: so the number of rules does not depend on who counts
] as const;

export type RefusalRule = RequestRule | (typeof SERVER_RULES)[number];

const REFUSAL_RULES: ReadonlySet<string> = new Set([
  ...Object.keys(headRefusals),
  ...Object.keys(requestRefusals),
  ...SERVER_RULES,
]);

// --- What is asked for ------------------------------------------------------------------------------------------

export interface StatisticsSnapshot {
  readonly connections: { readonly open: number; readonly total: number };
  /** `refused`: how often by which rule; only those that were ever broken. */
  readonly handshakes: {
    readonly accepted: number;
    readonly refused: { readonly [rule in RefusalRule]?: number };
  };
  readonly messages: {
    readonly textIn: number;
    readonly binaryIn: number;
    readonly textOut: number;
    readonly binaryOut: number;
  };
  /** Of open connections, as they crossed the network: frames and all, compressed where they were. */
  readonly bytes: { readonly in: number; readonly out: number };
  readonly backpressure: {
    /** How often a peer was not read from, since it did not take what it was sent; and was read from again. */
    readonly paused: number;
    readonly resumed: number;
    /** Messages that were not sent. */
    readonly dropped: number;
    /** Peers that were closed for having too much wait for them. */
    readonly budgetExceeded: number;
  };
  readonly heartbeat: {
    readonly pingsSent: number;
    readonly pongsReceived: number;
    /** Peers that were ended because they did not answer. */
    readonly deadPeers: number;
    readonly roundTrip: RoundTripSnapshot;
  };
  /** How often a handler of the application threw or rejected. */
  readonly handlerErrors: number;
  /** How many connections have ended with which code, §7.1.5. */
  readonly closes: { readonly [code: number]: number };
}

/** In milliseconds. Without any measurement there is no minimum, maximum or mean. */
export interface RoundTripSnapshot {
  readonly count: number;
  readonly sum: number;
  readonly min: number | undefined;
  readonly max: number | undefined;
  readonly mean: number | undefined;
  /** Half of the round trips took at most this long, and 99 of 100: or at most half of it, in truth. */
  readonly p50: number | undefined;
  readonly p99: number | undefined;
  /** How many took at most `upTo` milliseconds, and longer than the bucket before says. The last has no limit. */
  readonly buckets: readonly { readonly upTo: number; readonly count: number }[];
}

// --- Counting ---------------------------------------------------------------------------------------------------

export class Statistics {
  // Messages that were delivered, and that were accepted for sending.
  textIn = 0;
  binaryIn = 0;
  textOut = 0;
  binaryOut = 0;
  /**
   * Decision: bytes are those of the network, for all messages together. The core tells a text as a string, and to
   * count its UTF-8 again takes 30 ns for 128 bytes, a tenth of what an echo takes in all.
   */
  bytesIn = 0;
  bytesOut = 0;

  backpressurePauses = 0;
  backpressureResumes = 0;
  messagesDropped = 0;
  budgetExceeded = 0;

  pingsSent = 0;
  pongsReceived = 0;
  deadPeers = 0;
  handlerErrors = 0;

  #opened = 0;
  #ended = 0;
  readonly #refused = new Map<string, number>();
  /** Bounded, since the codes are: a Close frame with another one is refused, and 1005 and 1006 are our own. */
  readonly #closes = new Map<number, number>();
  readonly #roundTrips = new RoundTrips();

  /** A handshake was accepted, and a connection is open. */
  opened(): void {
    this.#opened++;
  }

  /** A connection has ended, with that code. */
  closed(code: number): void {
    this.#ended++;
    increment(this.#closes, code);
  }

  /** A handshake was refused by that rule. */
  refused(rule: string): void {
    increment(this.#refused, REFUSAL_RULES.has(rule) ? rule : "other");
  }

  /** A Ping was answered after so many milliseconds. */
  roundTrip(ms: number): void {
    this.#roundTrips.add(ms);
  }

  snapshot(): StatisticsSnapshot {
    return deepFreeze({
      connections: { open: this.#opened - this.#ended, total: this.#opened },
      handshakes: { accepted: this.#opened, refused: Object.fromEntries(this.#refused) },
      messages: {
        textIn: this.textIn,
        binaryIn: this.binaryIn,
        textOut: this.textOut,
        binaryOut: this.binaryOut,
      },
      bytes: { in: this.bytesIn, out: this.bytesOut },
      backpressure: {
        paused: this.backpressurePauses,
        resumed: this.backpressureResumes,
        dropped: this.messagesDropped,
        budgetExceeded: this.budgetExceeded,
      },
      heartbeat: {
        pingsSent: this.pingsSent,
        pongsReceived: this.pongsReceived,
        deadPeers: this.deadPeers,
        roundTrip: this.#roundTrips.snapshot(),
      },
      handlerErrors: this.handlerErrors,
      closes: Object.fromEntries(this.#closes),
    });
  }
}

function increment<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function deepFreeze<Value extends object>(value: Value): Value {
  for (const part of Object.values(value)) if (typeof part === "object") deepFreeze(part);
  return Object.freeze(value);
}

/** Each bucket reaches twice as far as the one before, from 1/8 ms to 65 s; that of the last has no end. */
const BOUNDS: readonly number[] = [
  ...Array.from({ length: 20 }, (_, index) => 0.125 * 2 ** index),
  Number.POSITIVE_INFINITY,
];

/** A histogram: so few numbers, however many round trips there were. */
class RoundTrips {
  readonly #counts: number[] = BOUNDS.map(() => 0);
  #count = 0;
  #sum = 0;
  #min: number = Number.POSITIVE_INFINITY;
  #max = 0;

  add(ms: number): void {
    let bucket = 0;
    while (ms > BOUNDS[bucket]!) bucket++;
    this.#counts[bucket]!++;
    this.#count++;
    this.#sum += ms;
    this.#min = Math.min(this.#min, ms);
    this.#max = Math.max(this.#max, ms);
  }

  snapshot(): RoundTripSnapshot {
    const count = this.#count;
    const measured = count > 0;
    return {
      count,
      sum: this.#sum,
      min: measured ? this.#min : undefined,
      max: measured ? this.#max : undefined,
      mean: measured ? this.#sum / count : undefined,
      p50: measured ? this.#quantile(0.5) : undefined,
      p99: measured ? this.#quantile(0.99) : undefined,
      buckets: BOUNDS.map((upTo, bucket) => ({ upTo, count: this.#counts[bucket]! })),
    };
  }

  /** The upper end of the bucket that the quantile falls into, or of what was measured. */
  #quantile(share: number): number {
    let left = Math.ceil(share * this.#count);
    let bucket = 0;
    while ((left -= this.#counts[bucket]!) > 0) bucket++;
    return Math.min(BOUNDS[bucket]!, this.#max);
  }
}

// --- As text ----------------------------------------------------------------------------------------------------

/** The Content-Type of what `prometheus` returns. */
export const PROMETHEUS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

const METRIC_NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;

/** The text exposition format 0.0.4 of Prometheus; each name begins with `prefix`. Times are in seconds. */
export function prometheus(snapshot: StatisticsSnapshot, prefix = "framewright"): string {
  if (!METRIC_NAME.test(prefix))
    throw new TypeError(`prefix: ${JSON.stringify(prefix)} cannot begin a metric`);
  const { connections, handshakes, messages, bytes, backpressure, heartbeat, handlerErrors, closes } =
    snapshot;
  const counter = (name: string, help: string, value: number | Sample[]): string =>
    metric(`${prefix}_${name}_total`, "counter", help, value);
  return [
    metric(`${prefix}_connections_open`, "gauge", "Connections that are open.", connections.open),
    counter("handshakes_accepted", "Handshakes that were accepted.", handshakes.accepted),
    counter("handshakes_refused", "Handshakes that were refused.", labelled("rule", handshakes.refused)),
    counter("messages", "Messages that were delivered (in) or accepted for sending (out).", [
      ["", { direction: "in", type: "text" }, messages.textIn],
      ["", { direction: "in", type: "binary" }, messages.binaryIn],
      ["", { direction: "out", type: "text" }, messages.textOut],
      ["", { direction: "out", type: "binary" }, messages.binaryOut],
    ]),
    counter("bytes", "Bytes of open connections, as they crossed the network.", [
      ["", { direction: "in" }, bytes.in],
      ["", { direction: "out" }, bytes.out],
    ]),
    counter("backpressure_pauses", "Times a slow peer was not read from any more.", backpressure.paused),
    counter("backpressure_resumes", "Times a slow peer was read from again.", backpressure.resumed),
    counter("messages_dropped", "Messages that were not sent.", backpressure.dropped),
    counter("budget_exceeded", "Peers closed because too much waited.", backpressure.budgetExceeded),
    counter("pings_sent", "Pings that were sent.", heartbeat.pingsSent),
    counter("pongs_received", "Pongs that arrived.", heartbeat.pongsReceived),
    counter("dead_peers", "Peers that did not answer a Ping.", heartbeat.deadPeers),
    counter("handler_errors", "Errors that handlers threw.", handlerErrors),
    counter("closes", "Connections that ended, by close code.", labelled("code", closes)),
    metric(
      `${prefix}_ping_round_trip_seconds`,
      "histogram",
      "From a Ping to its Pong.",
      histogram(heartbeat.roundTrip),
    ),
  ].join("");
}

/** What stands behind the name of the metric, the labels, the value. */
type Sample = readonly [suffix: string, labels: Readonly<Record<string, string>>, value: number];

function metric(name: string, type: string, help: string, value: number | readonly Sample[]): string {
  const samples: readonly Sample[] = typeof value === "number" ? [["", {}, value]] : value;
  const lines = samples.map(([suffix, labels, sample]) => `${name}${suffix}${braced(labels)} ${sample}\n`);
  return `# HELP ${name} ${escaped(help)}\n# TYPE ${name} ${type}\n${lines.join("")}`;
}

function labelled(label: string, counts: Readonly<Record<string, number>>): Sample[] {
  return Object.entries(counts).map(([key, count]) => ["", { [label]: key }, count]);
}

/** Each bucket includes those before it, and the last is everything. */
function histogram({ buckets, sum, count }: RoundTripSnapshot): Sample[] {
  let upToHere = 0;
  const samples = buckets.map((bucket): Sample => {
    upToHere += bucket.count;
    const le = bucket.upTo === Number.POSITIVE_INFINITY ? "+Inf" : String(bucket.upTo / 1000);
    return ["_bucket", { le }, upToHere];
  });
  return [...samples, ["_sum", {}, sum / 1000], ["_count", {}, count]];
}

function braced(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value, '"')}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

/** The format escapes a backslash and a line feed, and in the value of a label also the quotation mark. */
function escaped(text: string, mark = ""): string {
  const plain = text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
  return mark === "" ? plain : plain.replaceAll(mark, `\\${mark}`);
}
