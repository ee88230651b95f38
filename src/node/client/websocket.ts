/**
 * Chapter 10.16 — The `WebSocket` of browsers (WHATWG WebSockets §3, §4); what "framewright/websocket" exports.
 *
 *     CONNECTING ──▶ OPEN ──▶ CLOSING ──▶ CLOSED     open, message …, then close; error before it if it was not clean
 *          └──────────────────▲                      close() says CLOSING at once; the rest is told by events
 *
 * The standard tells everything in tasks. Here a task is an immediate: as in browsers, what promises wait for runs
 * after each event and before the next, even if one chunk from the network brought both.
 * Left to a program: messages are limited to 1 MiB unless an option says otherwise, no origin is sent unless one is
 * given, and there is no page whose URL could be the base of another. No event can be `isTrusted`.
 *
 * What this file must not know: sockets, frames, handshakes. It stands on `connect`.
 * Next: ../index.ts.
 */

import { EMPTY_BYTES } from "../../bytes.ts";
import { CloseCode, MAX_REASON_BYTES } from "../../protocol/close.ts";
import { Fields, isToken } from "../../protocol/fields.ts";
import { quote } from "../../protocol/refusal.ts";
import { type Message, type Peer, type PeerClosed, sizeOf } from "../peer.ts";
import { type ConnectOptions, connect, connectSettings } from "./connect.ts";
import { type Closing, Departures, type Parcel } from "./departures.ts";
import { CloseEvent, EventHandlers, exposeInterface, isObject, mustBeGiven, toUSVString } from "./events.ts";

export { CloseEvent, type CloseEventInit } from "./events.ts";

export type BinaryType = "blob" | "arraybuffer";

/**
 * What a program may want to say and no page can: the third argument of the constructor, which is ours and not the
 * standard's. See `ConnectOptions`; but `compression` is true by default, as it is in browsers.
 */
export type WebSocketOptions = Pick<
  ConnectOptions,
  | "headers"
  | "origin"
  | "compression"
  | "maxMessageSize"
  | "maxFrameSize"
  | "highWaterMark"
  | "heartbeat"
  | "handshakeTimeout"
  | "closeTimeout"
  | "proxy"
  | "tls"
  | "tcp"
  | "socketPath"
  | "limits"
  | "clock"
>;

export interface WebSocketEventMap {
  open: Event;
  message: MessageEvent;
  error: Event;
  close: CloseEvent;
}

type HandlerOf<Type extends keyof WebSocketEventMap> =
  | ((this: WebSocket, event: WebSocketEventMap[Type]) => unknown)
  | null;

type ListenerArguments = Parameters<EventTarget["addEventListener"]>;

/** The types of what listeners are given: the methods themselves are EventTarget's. */
export interface WebSocket {
  addEventListener<Type extends keyof WebSocketEventMap>(
    type: Type,
    listener: (this: WebSocket, event: WebSocketEventMap[Type]) => unknown,
    options?: ListenerArguments[2],
  ): void;
  addEventListener(...listener: ListenerArguments): void;
  removeEventListener<Type extends keyof WebSocketEventMap>(
    type: Type,
    listener: (this: WebSocket, event: WebSocketEventMap[Type]) => unknown,
    options?: ListenerArguments[2],
  ): void;
  removeEventListener(...listener: ListenerArguments): void;
}

/**
 * When so much has arrived and waits to be told, nothing more is read: a few bytes can decompress to many messages.
 * An empty one is not for nothing either, since it waits in a task. Decision: not sooner. To stop behind every chunk
 * makes the event loop turn once for each: measured with messages of 4 KiB, a quarter more time for each of them.
 */
const MAX_UNTOLD = 1024 * 1024;
const TASK_COST = 256;

const ReadyState = { CONNECTING: 0, OPEN: 1, CLOSING: 2, CLOSED: 3 } as const;

// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: the interface only types methods of EventTarget
export class WebSocket extends EventTarget {
  declare static readonly CONNECTING: 0;
  declare static readonly OPEN: 1;
  declare static readonly CLOSING: 2;
  declare static readonly CLOSED: 3;
  declare readonly CONNECTING: 0;
  declare readonly OPEN: 1;
  declare readonly CLOSING: 2;
  declare readonly CLOSED: 3;

  readonly #url: URL;
  readonly #handlers: EventHandlers = new EventHandlers(this);
  readonly #abandoning: AbortController = new AbortController();
  #readyState: 0 | 1 | 2 | 3 = ReadyState.CONNECTING;
  #binaryType: BinaryType = "blob";
  #extensions = "";
  #protocol = "";
  /** Neither is there before the connection is established. */
  #peer: Peer | undefined = undefined;
  #departures: Departures | undefined = undefined;
  /** Bytes that `send` was given too late. */
  #unsendable = 0;
  /** Tasks that have been queued and are not over. */
  #tasks = 0;
  /** What the messages among them hold, in bytes. */
  #untold = 0;

  /** Connects at once. `protocols`: one subprotocol, or several, best first. `options` are ours: see there. */
  constructor(url: string | URL, protocols: string | Iterable<string> = [], options: WebSocketOptions = {}) {
    super();
    // biome-ignore lint/complexity/noArguments: Web IDL counts them
    mustBeGiven("new WebSocket", arguments.length);
    const href = toUSVString(url);
    const subprotocols = toStrings(protocols);
    this.#url = parse(href);
    checkSubprotocols(subprotocols);
    let agreed = "";
    const settings: ConnectOptions = {
      ...options,
      // Read once: it may be an iterator, and is looked at twice.
      headers: new Fields(options.headers),
      compression: options.compression ?? true,
      subprotocols,
      // Decision: the buffer is never full. What is sent is counted in `bufferedAmount`, and a page is trusted to look.
      maxBufferedBytes: Number.POSITIVE_INFINITY,
      signal: this.#abandoning.signal,
      accepted: (fields) => {
        // RFC 6455 lets a server choose none of the subprotocols; this standard does not (§2.2).
        if (subprotocols.length > 0 && !fields.has("Sec-WebSocket-Protocol")) {
          throw new Error("the server chose none of the subprotocols");
        }
        agreed = fields.get("Sec-WebSocket-Extensions") ?? "";
      },
    };
    // A wrong option is a mistake at the call. A URL that nobody can connect to is none: that connection fails.
    connectSettings("ws://localhost/", settings);
    // The connection holds what it tells, and its socket holds the connection: an open one is never collected (§7).
    connect(this.#url, settings, {
      open: (peer) => this.#established(peer, agreed),
      message: (peer, data) => this.#received(peer, data),
      drain: () => this.#departures?.look(),
      close: (_peer, closed) => this.#ended(closed),
    }).catch(() => this.#ended(FAILED));
  }

  // --- Attributes ---------------------------------------------------------------------------------------------

  get url(): string {
    return this.#url.href;
  }

  get readyState(): 0 | 1 | 2 | 3 {
    return this.#state;
  }

  /** With nothing left to tell from before, the peer's own state shows that the server has begun to close. */
  get #state(): 0 | 1 | 2 | 3 {
    const isTold = this.#readyState !== ReadyState.OPEN || this.#tasks > 0 || this.#peer?.state === "open";
    return isTold ? this.#readyState : ReadyState.CLOSING;
  }

  /** Bytes that `send` was given and that have not left. It does not sink before the current task is over. */
  get bufferedAmount(): number {
    return this.#unsendable + (this.#departures?.amount ?? 0);
  }

  get extensions(): string {
    return this.#extensions;
  }

  get protocol(): string {
    return this.#protocol;
  }

  /** How bytes are told: as a Blob, or as an ArrayBuffer. */
  get binaryType(): BinaryType {
    return this.#binaryType;
  }
  set binaryType(value: BinaryType) {
    // Web IDL: a value that an enumeration does not have is ignored.
    const type = `${value}`;
    this.#binaryType = type === "blob" || type === "arraybuffer" ? type : this.#binaryType;
  }

  get onopen(): HandlerOf<"open"> {
    return this.#handlers.get("open") as HandlerOf<"open">;
  }
  set onopen(handler: HandlerOf<"open">) {
    this.#handlers.set("open", handler);
  }

  get onmessage(): HandlerOf<"message"> {
    return this.#handlers.get("message") as HandlerOf<"message">;
  }
  set onmessage(handler: HandlerOf<"message">) {
    this.#handlers.set("message", handler);
  }

  get onerror(): HandlerOf<"error"> {
    return this.#handlers.get("error") as HandlerOf<"error">;
  }
  set onerror(handler: HandlerOf<"error">) {
    this.#handlers.set("error", handler);
  }

  get onclose(): HandlerOf<"close"> {
    return this.#handlers.get("close") as HandlerOf<"close">;
  }
  set onclose(handler: HandlerOf<"close">) {
    this.#handlers.set("close", handler);
  }

  // --- Methods ------------------------------------------------------------------------------------------------

  /** Sends a message. What is neither a Blob, an ArrayBuffer nor a view of one is sent as a string. */
  send(data: string | Blob | ArrayBuffer | ArrayBufferView): void {
    const state = this.#state;
    // biome-ignore lint/complexity/noArguments: Web IDL counts them
    mustBeGiven("send", arguments.length);
    const parcel = parcelOf(data);
    if (state === ReadyState.CONNECTING) {
      throw new DOMException("send: the connection is not open yet", "InvalidStateError");
    }
    if (state === ReadyState.OPEN) this.#departures?.send(parcel);
    else this.#unsendable += parcel.size;
  }

  /** Starts the closing handshake, after all that was sent; while the connection is opening, abandons it. */
  close(code: number | undefined = undefined, reason: string | undefined = undefined): void {
    const state = this.#state;
    const closing = closingOf(code, reason);
    if (state >= ReadyState.CLOSING) return;
    this.#readyState = ReadyState.CLOSING;
    if (state === ReadyState.OPEN) {
      this.#departures?.close(closing);
    } else {
      // Decision: also if it is established, but the page has not been told. What it cannot know makes no difference.
      this.#abandoning.abort();
      this.#peer?.terminate();
    }
  }

  // --- Feedback from the protocol -----------------------------------------------------------------------------

  /** Tells something in a task of its own. */
  #queueTask(task: () => void): void {
    this.#tasks++;
    setImmediate(() => {
      task();
      if (--this.#tasks > 0 || this.#state === this.#readyState) return;
      // The server has begun to close behind what was told last: to say so is a task, too.
      this.#queueTask(() => {
        this.#readyState = ReadyState.CLOSING;
      });
    });
  }

  #established(peer: Peer, extensions: string): void {
    this.#peer = peer;
    this.#departures = new Departures(peer);
    if (this.#readyState !== ReadyState.CONNECTING) peer.terminate();
    this.#queueTask(() => {
      if (this.#readyState !== ReadyState.CONNECTING) return;
      this.#readyState = ReadyState.OPEN;
      this.#extensions = extensions;
      this.#protocol = peer.subprotocol;
      this.dispatchEvent(new Event("open"));
    });
  }

  #received(peer: Peer, message: Message): void {
    // What will not be told is not kept: a peer that is closing cannot be paused.
    if (this.#readyState >= ReadyState.CLOSING) return;
    const cost = sizeOf(message) + TASK_COST;
    this.#untold += cost;
    if (this.#untold > MAX_UNTOLD) peer.pause();
    this.#queueTask(() => {
      this.#untold -= cost;
      if (this.#untold === 0) peer.resume();
      if (this.#readyState !== ReadyState.OPEN) return;
      const data = typeof message === "string" ? message : this.#binary(message);
      this.dispatchEvent(new MessageEvent("message", { data, origin: this.#url.origin }));
    });
  }

  #binary(bytes: Uint8Array): Blob | ArrayBuffer {
    return this.#binaryType === "blob" ? new Blob([bytes]) : bytes.slice().buffer;
  }

  /**
   * RFC 6455 §7.2.1: a connection that is lost counts as failed, as one does whose server broke a rule. So every end
   * that is not clean is an error. Decision: it says no more than that, as the standard has it for browsers, where
   * more would help a page to explore a network; `connect` tells a program the reason.
   */
  #ended({ clean, code, reason }: Pick<PeerClosed, "clean" | "code" | "reason">): void {
    this.#queueTask(() => {
      this.#readyState = ReadyState.CLOSED;
      if (!clean) this.dispatchEvent(new Event("error"));
    });
    this.#queueTask(() => this.dispatchEvent(new CloseEvent("close", { wasClean: clean, code, reason })));
  }
}

exposeInterface("WebSocket", WebSocket, ReadyState);

/** How a connection ended that never was. */
const FAILED = { clean: false, code: CloseCode.Abnormal, reason: "" } as const;

// --- Arguments, as Web IDL converts them ------------------------------------------------------------------------

/** No message shows the URL: a password may be in there. */
function parse(href: string): URL {
  let url: URL;
  try {
    url = new URL(href);
  } catch {
    throw new DOMException("url: must be an absolute URL, such as wss://example.com/chat", "SyntaxError");
  }
  if (url.protocol === "http:") url.protocol = "ws:";
  if (url.protocol === "https:") url.protocol = "wss:";
  if (url.protocol !== "ws:" && url.protocol !== "wss:") {
    throw new DOMException("url: the scheme must be ws, wss, http or https", "SyntaxError");
  }
  // `hash` is the same for an empty fragment as for none.
  if (url.href.includes("#")) throw new DOMException("url: must not have a fragment (#)", "SyntaxError");
  return url;
}

/** `(DOMString or sequence<DOMString>)`: whatever can be iterated is a sequence, unless it is a primitive. */
function toStrings(value: unknown): string[] {
  const isSequence = isObject(value) && (value as Partial<Iterable<unknown>>)[Symbol.iterator] != null;
  return isSequence ? Array.from(value as Iterable<unknown>, (item) => `${item}`) : [`${value}`];
}

/** RFC 6455 §4.1 (10): tokens, all different. */
function checkSubprotocols(subprotocols: readonly string[]): void {
  const wrong = subprotocols.find((name) => !isToken(name));
  if (wrong !== undefined) throw new DOMException(`protocols: ${quote(wrong)} is not a token`, "SyntaxError");
  if (new Set(subprotocols).size < subprotocols.length) {
    throw new DOMException("protocols: one is there twice", "SyntaxError");
  }
}

function parcelOf(data: unknown): Parcel {
  if (data instanceof Blob) return { data, size: data.size };
  const bytes = bytesOf(data);
  if (bytes !== undefined) return { data: bytes, size: bytes.length };
  const text = `${data}`;
  // A surrogate without its other half counts like the U+FFFD that is sent for it.
  return { data: text, size: Buffer.byteLength(text) };
}

/** What is an ArrayBuffer or a view of one, as bytes: the same memory. A buffer that was given away has none. */
function bytesOf(data: unknown): Uint8Array | undefined {
  const isView = ArrayBuffer.isView(data);
  if (!isView && !(data instanceof ArrayBuffer)) return undefined;
  const buffer: ArrayBufferLike = isView ? data.buffer : data;
  // Web IDL: such a buffer is only for methods that say so.
  if (!(buffer instanceof ArrayBuffer) || (buffer as { resizable?: boolean }).resizable === true) {
    throw new TypeError("send: the buffer must be neither shared nor resizable");
  }
  if (data.byteLength === 0) return EMPTY_BYTES;
  return new Uint8Array(buffer, isView ? data.byteOffset : 0, data.byteLength);
}

const FIRST_OWN_CODE = 3000;
const LAST_OWN_CODE = 4999;

/** Throws for what no page may say in a Close frame. */
function closingOf(givenCode: unknown, givenReason: unknown): Closing {
  const code = givenCode === undefined ? undefined : clamp(givenCode);
  const reason = givenReason === undefined ? "" : toUSVString(givenReason);
  if (code !== undefined && !isOwnCode(code)) {
    throw new DOMException(
      `close: the code must be ${CloseCode.Normal}, or ${FIRST_OWN_CODE} to ${LAST_OWN_CODE}`,
      "InvalidAccessError",
    );
  }
  if (Buffer.byteLength(reason) > MAX_REASON_BYTES) {
    throw new DOMException(
      `close: the reason has more than ${MAX_REASON_BYTES} bytes of UTF-8`,
      "SyntaxError",
    );
  }
  // With neither, the Close frame is empty. Decision: a reason alone gets a code, since RFC 6455 §5.5.1 knows none without.
  return { code: code ?? (reason === "" ? CloseCode.NoStatus : CloseCode.Normal), reason };
}

function isOwnCode(code: number): boolean {
  return code === CloseCode.Normal || (code >= FIRST_OWN_CODE && code <= LAST_OWN_CODE);
}

/** `[Clamp] unsigned short`: the nearest there is, and the even one of two. What is no number becomes 0. */
function clamp(value: unknown): number {
  const number = Math.min(Math.max(+(value as number), 0), 0xffff);
  const below = Math.floor(number);
  const above = number - below;
  return (above > 0.5 || (above === 0.5 && below % 2 === 1) ? below + 1 : below) || 0;
}
