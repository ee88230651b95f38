/**
 * Chapter 10.9 — The web-streams face: a connection as a pair of streams.
 *
 *     network → readable   as fast as it is read; then the socket is read no further     cancel: Close 1000
 *     writable → network   as fast as the peer takes it; until then a write is pending   close: Close 1000; abort: 1011
 *
 * It stands on the linear style, which brings backpressure both ways, and adds what streams call closing, cancelling,
 * aborting and failing. Each of these ends the whole connection: WebSocket knows no half of one (§7.1).
 *
 * What this file must not know: sockets, frames, how a connection opens.
 * Next: backoff.ts.
 */

import { CloseCode, checkClose } from "../../protocol/close.ts";
import { quote } from "../../protocol/refusal.ts";
import type { LinearPeer, Message, PeerClosed, Sendable } from "../peer.ts";
import { type ConnectOptions, connect, connectSettings } from "./connect.ts";

export interface SocketStreams<Data = unknown> {
  /**
   * The messages. After the last it closes, if the closing handshake came to its end; or it fails, with the
   * `ConnectError` or a `ConnectionClosedError`. Cancelling it closes the connection: see `CloseReason`. Messages that
   * nobody wants are better piped into nothing: unread, they stop the socket, and a Close behind them is not seen.
   */
  readonly readable: ReadableStream<Message>;
  /**
   * A write is done when the peer has room for more. Closing it is the closing handshake, and done with that; who waits
   * for answers closes it behind them. Aborting it closes the connection, too, but never looks like an end that was
   * meant: with 1011, unless the reason says otherwise.
   */
  readonly writable: WritableStream<Sendable>;
  /** The connection, once it is open. Its messages belong to `readable`. */
  readonly opened: Promise<LinearPeer<Data>>;
  /** How it ended. Rejects, as `opened` does, if it never opened. */
  readonly closed: Promise<PeerClosed>;
  /** Starts the closing handshake; while the connection is opening, abandons it. */
  close(code?: number, reason?: string): void;
}

/** What `readable.cancel` and `writable.abort` may be given to say in the Close frame. Any other reason stays here. */
export interface CloseReason {
  readonly closeCode?: number;
  readonly reason?: string;
}

/** A stream fails with this one when the connection has ended under it. */
export class ConnectionClosedError extends Error {
  override readonly name: string = "ConnectionClosedError";
  readonly closed: PeerClosed;

  /** Its `cause` is the rule that the peer broke, or what the transport said. */
  constructor(closed: PeerClosed) {
    const { code, reason, error, cause = error } = closed;
    super(`The connection has ended with ${code}${reason === "" ? "" : ` ${quote(reason)}`}`, { cause });
    this.closed = closed;
  }
}

/** Connects. Both streams are there at once, and wait for the connection. A wrong option throws here. */
export function connectStreams<Data = unknown>(
  url: string | URL,
  options: ConnectOptions<Data> = {},
): SocketStreams<Data> {
  connectSettings(url, options);
  const { signal } = options;
  // Two may lose their patience: the application's signal, and whoever closes, cancels or aborts a stream.
  const abandoning = new AbortController();
  const abandon = (): void => abandoning.abort(signal?.reason);
  if (signal?.aborted) abandon();
  signal?.addEventListener("abort", abandon);
  const opening = connect<Data>(url, { ...options, signal: abandoning.signal })
    .finally(() => signal?.removeEventListener("abort", abandon))
    .then((peer) => {
      // From the moment of the opening to here, nobody heeded the signal.
      if (abandoning.signal.aborted) peer.terminate();
      abandoning.signal.throwIfAborted();
      return peer;
    });
  return new Faces(opening, undefined, abandoning);
}

/** The streams of a connection that is open, at either end. Its messages belong to them from here on. */
export function streamsOf<Data>(peer: LinearPeer<Data>): SocketStreams<Data> {
  return new Faces(Promise.resolve(peer), peer, new AbortController());
}

/** Missing in Node's types, not in Node. */
type SinkController = WritableStreamDefaultController & { readonly signal: AbortSignal };

class Faces<Data> implements SocketStreams<Data> {
  readonly readable: ReadableStream<Message>;
  readonly writable: WritableStream<Sendable>;
  readonly opened: Promise<LinearPeer<Data>>;
  readonly closed: Promise<PeerClosed>;
  /** None while the connection is opening. */
  #peer: LinearPeer<Data> | undefined;
  readonly #abandoning: AbortController;
  /** Fulfilled when there is no connection any more, or none after all. */
  readonly #over: Promise<void>;
  /** The writable is closing: what becomes of that is its own business. */
  #finishing = false;
  #aborted: Promise<void> | undefined = undefined;

  constructor(
    opening: Promise<LinearPeer<Data>>,
    peer: LinearPeer<Data> | undefined,
    abandoning: AbortController,
  ) {
    this.#peer = peer;
    this.#abandoning = abandoning;
    this.opened = opening.then((opened) => (this.#peer = opened));
    this.closed = this.opened.then((opened) => opened.closed);
    // That also handles the rejection of both, for those who use only one of them, or only the streams.
    this.#over = this.closed.then(ignore, ignore);
    this.readable = new ReadableStream<Message>({
      start: () => this.opened.then(ignore),
      pull: (controller) => this.#receive(controller),
      cancel: (reason) => this.#leave(reason, CloseCode.Normal),
    });
    this.writable = new WritableStream<Sendable>({
      start: (controller) => this.#watch(controller as SinkController),
      write: (message) => this.#send(message),
      close: () => this.#finish(),
      abort: () => this.#aborted,
    });
  }

  /** A property, so that it can be taken apart from the rest, as one does with the streams. */
  readonly close = (code: number = CloseCode.Normal, reason = ""): void => {
    if (this.#peer !== undefined) {
      this.#peer.close(code, reason);
    } else {
      checkClose(code === CloseCode.NoStatus ? undefined : code, reason);
      this.#abandoning.abort();
    }
  };

  // --- Reading ------------------------------------------------------------------------------------------------
  //
  // Decision: one message is taken before anybody asks for it (a high-water mark of 1, as streams have by default).
  // So the end of the connection shows on a stream that nobody reads at the moment.

  /** Once the stream is cancelled, it neither takes the message nor minds the error of the attempt. */
  async #receive(controller: ReadableStreamDefaultController<Message>): Promise<void> {
    const peer = this.#peer!;
    const message = await peer.receive();
    if (message !== undefined) {
      controller.enqueue(message);
      return;
    }
    const closed = await peer.closed;
    if (!closed.clean) throw new ConnectionClosedError(closed);
    controller.close();
  }

  // --- Writing ------------------------------------------------------------------------------------------------

  async #send(message: Sendable): Promise<void> {
    const peer = this.#peer!;
    try {
      const result = await peer.send(message);
      // Decision: what still waited when the connection ended counts as lost. It may have arrived; nobody can tell.
      if (result !== "dropped" && peer.state !== "closed") return;
      if (peer.state === "open") throw new RangeError("write: the message is beyond maxBufferedBytes");
    } catch (error) {
      // The stream has failed and takes no more, but the connection would last: the peer could take what it has for all.
      peer.close(CloseCode.InternalError, "a stream broke");
      throw error;
    }
    throw new ConnectionClosedError(await peer.closed);
  }

  async #finish(): Promise<void> {
    this.#finishing = true;
    const peer = this.#peer!;
    peer.close();
    const closed = await peer.closed;
    if (!closed.clean) throw new ConnectionClosedError(closed);
  }

  /** Waits for the opening; and sees to it that a stream nobody writes to is told of the end, and of being aborted. */
  async #watch(controller: SinkController): Promise<void> {
    const { signal } = controller;
    // The signal is told at once; `abort` would come when the write that is under way is done, which may take for ever.
    signal.addEventListener("abort", () => {
      this.#aborted = this.#leave(signal.reason, CloseCode.InternalError);
      this.#aborted.catch(ignore);
    });
    const peer = await this.opened;
    void this.#failAtEnd(peer, controller);
  }

  /**
   * Decision: after a clean close the writable fails a turn later than the readable closes. So an echo, a pipe from
   * the one into the other, sees its source end before its destination fails, and ends well.
   */
  async #failAtEnd(peer: LinearPeer<Data>, controller: SinkController): Promise<void> {
    const closed = await peer.closed;
    if (closed.clean) await new Promise((resolve) => setImmediate(resolve));
    if (!this.#finishing) controller.error(new ConnectionClosedError(closed));
  }

  // --- Leaving ------------------------------------------------------------------------------------------------

  /** Done when the connection has ended: then nothing of it is left. */
  async #leave(reason: unknown, byDefault: number): Promise<void> {
    if (this.#peer === undefined) {
      this.#abandoning.abort(reason);
    } else {
      const { closeCode = byDefault, reason: text = "" } = isCloseReason(reason) ? reason : {};
      try {
        this.#peer.close(closeCode, text);
      } finally {
        // Where they must not stand in a Close frame, that is told; but the stream will not be asked a second time.
        this.#peer.close(byDefault);
      }
    }
    await this.#over;
  }
}

function isCloseReason(reason: unknown): reason is CloseReason {
  return typeof reason === "object" && reason !== null && "closeCode" in reason;
}

function ignore(): void {}
