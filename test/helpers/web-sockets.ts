/** The WHATWG class in tests: sockets that are closed when their test has ended, and what they told. */

import { afterEach, beforeEach, expect } from "vitest";
import {
  type CloseEvent,
  WebSocket,
  type WebSocketEventMap,
  type WebSocketOptions,
} from "../../src/node/client/websocket.ts";
import { turn } from "./fake-socket.ts";

export type Arguments = readonly [url: string | URL, protocols?: unknown, options?: WebSocketOptions];

/** Makes sockets. A test fails if one of them leaves an error behind that nobody caught. */
export function webSockets(): (...args: Arguments) => WebSocket {
  const sockets: WebSocket[] = [];
  const unhandled: unknown[] = [];
  const note = (reason: unknown): void => void unhandled.push(reason);
  beforeEach(() => {
    process.on("unhandledRejection", note);
    process.on("uncaughtExceptionMonitor", note);
  });
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.close();
    await turn();
    process.off("unhandledRejection", note);
    process.off("uncaughtExceptionMonitor", note);
    expect(unhandled.splice(0), "errors that nobody caught").toEqual([]);
  });
  return (url, protocols, options = {}) => {
    const socket = new WebSocket(url, protocols as string | undefined, { heartbeat: false, ...options });
    sockets.push(socket);
    return socket;
  };
}

/** The next event of a type. */
export function next<Type extends keyof WebSocketEventMap>(
  socket: WebSocket,
  type: Type,
): Promise<WebSocketEventMap[Type]> {
  return new Promise((resolve) => {
    socket.addEventListener(type, resolve as (event: Event) => void, { once: true });
  });
}

/** How it ended, in one line: what a close event says. */
export async function ending(socket: WebSocket): Promise<string> {
  return endingOf(await next(socket, "close"));
}

export function endingOf({ code, reason, wasClean }: CloseEvent): string {
  return `${code} ${JSON.stringify(reason)} ${wasClean ? "clean" : "not clean"}`;
}

/** Everything it tells from now on, each with the `readyState` that it finds. */
export function told(socket: WebSocket): string[] {
  const lines: string[] = [];
  for (const type of ["open", "message", "error", "close"] as const) {
    socket.addEventListener(type, (event) => {
      const data = event instanceof MessageEvent ? ` ${String(event.data)}` : "";
      lines.push(`${event.type}${data} in ${socket.readyState}`);
    });
  }
  return lines;
}

/** What it throws: the kind of the error, and its name. */
export function thrown(action: () => unknown): string {
  try {
    action();
    return "nothing";
  } catch (error) {
    if (error instanceof DOMException) return `DOMException ${error.name}`;
    return (error as Error).constructor.name;
  }
}
