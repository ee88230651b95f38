/**
 * Target: the connection (RFC 6455 §5 to §7), pushed and pulled, whole and chopped, with an application that answers.
 *
 * Settings: role, limits, permessage-deflate, text as bytes, pieces, what the application does, how to chop.
 */

import type { Compression } from "../../src/deflate/codec.ts";
import { portable } from "../../src/deflate/index.ts";
import { native } from "../../src/node/zlib.ts";
import { Connection } from "../../src/protocol/connection.ts";
import type { Closed, ConnectionOptions, Event, Handler } from "../../src/protocol/contract.ts";
import type { Agreement, Parameter } from "../../src/protocol/extension.ts";
import { Opcode, type Role } from "../../src/protocol/frame.ts";
import { permessageDeflate } from "../../src/protocol/permessage-deflate.ts";
import { concat, readFrames } from "../../test/helpers/frames.ts";
import { check, checkSame, checkSameBytes } from "../check.ts";
import type { Target } from "../executor.ts";
import { cut, Input } from "../input.ts";
import { frameDictionary } from "./frames.ts";

const NO_LIMIT = Number.POSITIVE_INFINITY;

/** What the offer of the client says; `undefined`: no permessage-deflate. */
const OFFERS: readonly (readonly Parameter[] | undefined)[] = [
  undefined,
  [],
  [flag("client_no_context_takeover"), flag("server_no_context_takeover")],
  [
    { name: "client_max_window_bits", value: "8" },
    { name: "server_max_window_bits", value: "8" },
  ],
  [{ name: "server_max_window_bits", value: "9" }],
];

function flag(name: string): Parameter {
  return { name, value: true };
}

interface Setting {
  readonly role: Role;
  readonly options: ConnectionOptions;
  /** The application answers each event with a message of the same content. */
  readonly answers: boolean;
  /** The application closes at its nth event. */
  readonly closesAt: number;
  /** The transport takes what is written at once. */
  readonly taken: boolean;
}

function run(data: Uint8Array): number {
  const input = new Input(data);
  const role = input.pick<Role>(["server", "client"]);
  const maxMessageSize = input.pick([NO_LIMIT, 0, 100, 1000, 70_000]);
  const maxFrameSize = input.pick([NO_LIMIT, 0, 10, 300]);
  const offer = input.pick(OFFERS);
  const text = input.pick(["string", "utf8"] as const);
  const pieces = input.flag();
  const [answers, taken] = [input.flag(), input.flag()];
  const closesAt = input.pick([NO_LIMIT, 1, 2, 5]);
  const pattern = input.byte();
  const wire = input.rest();
  const makeSetting = (compression = portable): Setting => {
    const extensions = offer === undefined ? [] : agree(offer, compression);
    // A compressed message may be a thousand times as large as its bytes: some limit there must be.
    const limit = offer === undefined ? maxMessageSize : Math.min(maxMessageSize, 70_000);
    const options: ConnectionOptions = { maxMessageSize: limit, maxFrameSize, text, pieces, extensions };
    return { role, options: { ...options, random: fillWithTheSame }, answers, taken, closesAt };
  };

  const whole = new Run(makeSetting()).push([wire]);
  whole.checkAll(wire.length);
  const ways: readonly (readonly [string, Run])[] = [
    ["pushed in chunks", new Run(makeSetting()).push(cut(wire, pattern))],
    ["pulled", new Run(makeSetting()).pull([wire])],
    ["pulled in chunks", new Run(makeSetting()).pull(cut(wire, pattern))],
  ];
  for (const [way, run] of ways) {
    checkSame(run.told(), whole.told(), `Connection: ${way}, it tells something else`);
    checkSameBytes(
      concat(...run.written),
      concat(...whole.written),
      `Connection: ${way}, it writes something else`,
    );
    run.checkAll(wire.length);
  }
  const onNative = makeSetting(native);
  if (offer !== undefined && onNative.options.extensions!.length > 0) {
    const other = new Run(onNative).push([wire]);
    checkSame(
      other.content(),
      whole.content(),
      "Connection: with native compression, it tells something else",
    );
    other.checkAll(wire.length);
  }
  // Sending whenever it likes: what happens then depends on the moment, but not what must always hold.
  new Run(makeSetting(), true).push(cut(wire, pattern)).checkAll(wire.length);
  return whole.handled(wire.length);
}

/** None for a window that zlib cannot compress with. */
function agree(offer: readonly Parameter[], compression: Compression): Agreement[] {
  const agreement = permessageDeflate({ threshold: 4, memoryLevel: 1, compression }).accept(offer);
  check(agreement !== undefined || compression === native, "permessageDeflate: declines a good offer");
  return agreement === undefined ? [] : [agreement];
}

function fillWithTheSame(bytes: Uint8Array): void {
  bytes.forEach((_, index) => {
    bytes[index] = 0x5a + index;
  });
}

/** Bytes that were handed over for good, and what they said at that time. */
interface Handed {
  readonly bytes: Uint8Array;
  readonly copy: Uint8Array;
}

/** One connection with its application and its transport, from the first byte to the last. */
class Run {
  readonly written: Uint8Array[] = [];
  readonly #setting: Setting;
  readonly #sendsBetween: boolean;
  readonly #connection: Connection;
  readonly #events: Event[] = [];
  readonly #handed: Handed[] = [];
  /** The messages whose sending returned true. */
  readonly #sent: (string | Uint8Array)[] = [];
  /** How many events, a message in pieces being one. */
  #told = 0;
  #closedByApplication = false;
  #ends = 0;
  #closes = 0;
  #flushWanted = false;

  constructor(setting: Setting, sendsBetween = false) {
    this.#setting = setting;
    this.#sendsBetween = sendsBetween;
    const schedule = (): void => {
      this.#flushWanted = true;
    };
    const options = sendsBetween ? { ...setting.options, schedule } : setting.options;
    this.#connection = new Connection(setting.role, this.#handler(), options);
  }

  push(chunks: Iterable<Uint8Array>): this {
    for (const chunk of chunks) {
      this.#connection.receive(chunk.slice());
      if (this.#sendsBetween) this.#sendSomething(chunk);
    }
    this.#flush();
    this.#connection.receiveEnd();
    return this;
  }

  pull(chunks: Iterable<Uint8Array>): this {
    for (const chunk of chunks) this.#take(this.#connection.events(chunk.slice()));
    this.#connection.receiveEnd();
    this.#take(this.#connection.events());
    return this;
  }

  #take(events: Iterable<Event>): void {
    for (const event of events) this.#onEvent(event);
  }

  #handler(): Handler {
    const tell = (event: Event): void => this.#onEvent(event);
    return {
      write: (bytes) => {
        check(this.#ends === 0, "Connection: it writes after it has ended the transport");
        this.written.push(bytes.slice());
        // A transport that has taken the bytes leaves their memory to the connection.
        if (this.#setting.taken) return true;
        this.#keep(bytes);
        return false;
      },
      end: () => {
        this.#ends++;
      },
      onText: (data) => tell({ type: "text", data }),
      onUtf8: (data) => tell({ type: "utf8", data }),
      onBinary: (data) => tell({ type: "binary", data }),
      onPiece: (data, of, last) => tell({ type: "piece", of, data, last }),
      onPing: (data) => tell({ type: "ping", data }),
      onPong: (data) => tell({ type: "pong", data }),
      onClose: () => {
        this.#closes++;
      },
    };
  }

  #keep(bytes: Uint8Array): void {
    this.#handed.push({ bytes, copy: bytes.slice() });
  }

  #onEvent(event: Event): void {
    if (event.type === "close") return;
    if (typeof event.data !== "string") this.#keep(event.data);
    this.#events.push(
      typeof event.data === "string" ? event : ({ ...event, data: event.data.slice() } as Event),
    );
    // Pieces are cut where chunks are; only the last one of a message says something about the peer.
    if (event.type === "piece" && !event.last) return;
    if (this.#setting.answers) this.#answer(event);
    // The transport may end while the connection is busy; what is left of the chunk is read all the same.
    if (this.#sendsBetween && event.type === "pong") this.#connection.receiveEnd();
    this.#told++;
    if (this.#told === this.#setting.closesAt) this.#close(1000, "enough");
  }

  #answer(event: Exclude<Event, { type: "close" }>): void {
    const socket = this.#connection;
    switch (event.type) {
      case "text":
        this.#note(socket.sendText(event.data), event.data);
        break;
      case "utf8":
        this.#note(socket.sendUtf8(event.data), Buffer.from(event.data).toString());
        break;
      case "binary":
        this.#note(socket.sendBinary(event.data), event.data.slice());
        break;
      case "piece":
        // A surrogate pair that is cut in two must arrive in one piece.
        this.#note(
          socket.sendTextPiece("half \ud83d", false) && socket.sendTextPiece("\ude00", true),
          "half 😀",
        );
        break;
      case "ping":
        socket.ping(event.data);
        break;
      case "pong":
        socket.pong(event.data);
        break;
    }
  }

  /** Anything that a chunk, taken as a program, might mean. */
  #sendSomething(chunk: Uint8Array): void {
    const socket = this.#connection;
    switch ((chunk[0] ?? 0) % 6) {
      case 0:
        this.#note(socket.sendText("something"), "something");
        break;
      case 1:
        this.#note(socket.sendBinary(chunk.slice()), chunk.slice());
        break;
      case 2:
        this.#note(
          socket.sendBinaryPiece(chunk.slice(), false) && socket.sendBinaryPiece(chunk.slice(), true),
          concat(chunk, chunk),
        );
        break;
      case 3:
        socket.ping(chunk.slice(0, 125));
        break;
      case 4:
        if (chunk.length > 40) this.#close(4000, "sudden");
        break;
      default:
        this.#flush();
    }
  }

  /** The end of a turn: what a scheduler would call. */
  #flush(): void {
    if (this.#flushWanted) this.#connection.flush();
    this.#flushWanted = false;
  }

  #close(code: number, reason: string): void {
    this.#closedByApplication ||= this.#connection.state === "open";
    this.#connection.close(code, reason);
  }

  #note(sent: boolean, message: string | Uint8Array): void {
    if (sent) this.#sent.push(message);
  }

  /** The events, with pieces put together again and those of an unfinished message left out. */
  #finished(): Event[] {
    const finished: Event[] = [];
    let pieces: Uint8Array[] = [];
    for (const event of this.#events) {
      if (event.type !== "piece") {
        finished.push(event);
        continue;
      }
      pieces.push(event.data);
      if (!event.last) continue;
      finished.push({ ...event, data: concat(...pieces) });
      pieces = [];
    }
    return finished;
  }

  /** What its owner was told, in a form that must not depend on how the bytes came. */
  told(): unknown {
    const closed: Partial<Closed> = this.#connection.closed ?? {};
    const { error, ...rest } = closed;
    return { events: this.#finished(), rule: error?.rule, ...rest };
  }

  /**
   * The same without the name of the rule: two codecs may find different faults with one message. One that reads ahead
   * may even find it corrupt behind the limit (1007) where the other stops at the limit (1009).
   */
  content(): unknown {
    const code = this.#connection.closed?.error?.code;
    return { events: this.#finished(), code: code === 1009 ? 1007 : code };
  }

  /** How many bytes there were to do something with. */
  handled(received: number): number {
    const sizes = this.#events.map((event) => (event.type === "close" ? 0 : event.data.length));
    return [...sizes, ...this.written.map(({ length }) => length)].reduce(
      (sum, size) => sum + size,
      received,
    );
  }

  /** What must hold of every connection whatever it receives. */
  checkAll(received: number): void {
    const socket = this.#connection;
    check(
      socket.state === "closed" && socket.closed !== undefined,
      "Connection: it is not closed after the end",
    );
    check(this.#closes === 1, "Connection: onClose was not called exactly once", this.#closes);
    check(this.#ends === 1, "Connection: end was not called exactly once", this.#ends);
    check(!socket.sendText("late") && !socket.ping(), "Connection: it accepts messages after the end");
    for (const { bytes, copy } of this.#handed) {
      checkSameBytes(bytes, copy, "Connection: bytes that it gave away were written again");
    }
    this.#checkSizes(received);
    this.#checkOutput();
  }

  #checkSizes(received: number): void {
    const { maxMessageSize = NO_LIMIT } = this.#setting.options;
    const events = this.#finished();
    // A frame has two bytes at least.
    check(
      events.length <= received / 2,
      "Connection: there are more events than frames can have come",
      events.length,
    );
    for (const event of events) {
      if (event.type === "close" || event.type === "ping" || event.type === "pong") continue;
      const size = typeof event.data === "string" ? Buffer.byteLength(event.data) : event.data.length;
      check(size <= maxMessageSize, "Connection: a message is larger than the limit", size);
    }
    if (this.#setting.answers || this.#sendsBetween) return;
    const size = this.written.reduce((sum, { length }) => sum + length, 0);
    // A Ping of 2 bytes costs a client a Pong of 6; the largest control frame has 131.
    check(size <= 3 * received + 131, "Connection: it writes far more than it receives", size);
  }

  /** The output is frames, of which Close is the last but for Pongs; the other side understands all of it. */
  #checkOutput(): void {
    const { role, options } = this.#setting;
    const output = concat(...this.written);
    const frames = readFrames(output);
    const closeAt = frames.findIndex(({ opcode }) => opcode === Opcode.Close);
    const behind = closeAt === -1 ? [] : frames.slice(closeAt + 1);
    // §5.5.2: who has begun to close still owes Pongs until the peer's Close comes; who has answered or failed does not.
    const allowed = this.#closedByApplication ? Opcode.Pong : undefined;
    check(
      behind.every(({ opcode }) => opcode === allowed),
      "Connection: it sends frames behind its Close frame",
      behind,
    );
    for (const { masked } of frames) {
      check(
        masked === (role === "client"),
        "Connection: the masking of a frame is not that of its role (§5.1)",
      );
    }

    const messages: (string | Uint8Array)[] = [];
    const peer = new Connection(
      role === "server" ? "client" : "server",
      {
        write: () => true,
        end: () => {},
        onText: (data) => void messages.push(data),
        onBinary: (data) => void messages.push(data.slice()),
      },
      { extensions: options.extensions ?? [], maxMessageSize: NO_LIMIT },
    );
    peer.receive(output);
    peer.receiveEnd();
    check(peer.closed?.error === undefined, "Connection: what it writes breaks a rule", peer.closed);
    checkSame(messages, this.#sent, "Connection: other messages arrive than were sent");
  }
}

export const target: Target = { run, settings: 10, dictionary: frameDictionary };
