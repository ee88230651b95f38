/**
 * Chapter 9.4 — Pages on the same port: what is asked for and is no WebSocket.
 *
 * Hands connections to HTTP servers that have no port of their own, as if those had accepted them and read every byte.
 *
 * What this file must not know: WebSockets, what the pages are.
 * Next: server.ts.
 */

import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import type { Duplex } from "node:stream";

export type UpgradeListener = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

export class Pages {
  /** Its connections may ask for a WebSocket later. */
  readonly #upgrading: Server;
  /**
   * RFC 9110 §7.8: an upgrade that a server does not know is no reason to refuse the request, and some clients offer
   * HTTP/2 with every first one. But Node hands all upgrades to whoever listens for one: here, nobody does.
   */
  readonly #plain: Server;
  #closing = false;

  constructor(listener: RequestListener, onUpgrade: UpgradeListener) {
    this.#upgrading = this.#makeServer(listener).on("upgrade", onUpgrade);
    this.#plain = this.#makeServer(listener);
  }

  #makeServer(listener: RequestListener): Server {
    const server = createServer(listener);
    // While we close, a connection that has got its page is not kept for another.
    server.prependListener("request", (_request, response) => {
      response.on("close", () => {
        if (this.#closing) server.closeIdleConnections();
      });
    });
    // Its timeouts begin with this event, which it would otherwise never have.
    server.emit("listening");
    return server;
  }

  /** Takes a connection with the bytes it began with: a request, which may offer some other upgrade. */
  take(socket: Duplex, bytes: Uint8Array, offersUpgrade: boolean): void {
    socket.pause();
    socket.unshift(bytes);
    (offersUpgrade ? this.#plain : this.#upgrading).emit("connection", socket);
    socket.resume();
  }

  /** Lets go of connections that are not in use, now and as they come to be. */
  closeIdle(): void {
    this.#closing = true;
    this.#upgrading.closeIdleConnections();
    this.#plain.closeIdleConnections();
  }

  close(): void {
    this.#upgrading.close();
    this.#plain.close();
  }
}
