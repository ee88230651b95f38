/** The WHATWG class: `close`, and what a page may say with it. */

import { describe, expect, it } from "vitest";
import { channels } from "../../../src/node/channels.ts";
import { WebSocket } from "../../../src/node/client/websocket.ts";
import { turn, until } from "../../helpers/fake-socket.ts";
import { frame } from "../../helpers/frames.ts";
import { hostileServers } from "../../helpers/hostile-server.ts";
import { echo, servers } from "../../helpers/node-servers.ts";
import { ending, next, thrown, told, webSockets } from "../../helpers/web-sockets.ts";

const started = servers();
const hostile = hostileServers();
const open = webSockets();

/** Whatever JavaScript may hand over. */
const close = (socket: WebSocket, ...args: readonly unknown[]): unknown => {
  return Reflect.apply(WebSocket.prototype.close, socket, args);
};

/** A socket that is open, and what its server sees of the end. */
async function opened(): Promise<{ socket: WebSocket; seen: Promise<string> }> {
  const server = await started(echo);
  const socket = open(`ws://127.0.0.1:${server.port}/`);
  await next(socket, "open");
  const [peer] = server.peers;
  const seen = peer!.closed.then(({ code, reason, clean }) => `${code} ${reason} ${clean}`);
  return { socket, seen };
}

describe("the code of a close", () => {
  it.each([
    [1000, 1000],
    [3000, 3000],
    [4000, 4000],
    [4999, 4999],
    ["3001", 3001],
    [" 4000 ", 4000],
    [{ valueOf: (): number => 3002 }, 3002],
    [999.5, 1000],
    [1000.5, 1000],
    [1000.4, 1000],
    [2999.5, 3000],
    [2999.6, 3000],
    [4999.4, 4999],
    [4998.5, 4998],
  ])("[WHATWG-WS-3.1-13] [WHATWG-WS-3.1-19] may be %o, which means %i", async (given, code) => {
    const { socket, seen } = await opened();
    close(socket, given);
    expect(await ending(socket)).toBe(`${code} "" clean`);
    expect(await seen).toBe(`${code}  true`);
  });

  it.each([
    0,
    1,
    999,
    999.4,
    1001,
    1004,
    1005,
    1006,
    1011,
    1015,
    2999,
    2999.4,
    5000,
    4999.5,
    65535,
    65536 + 1000,
    2 ** 32 + 1000,
    -1,
    -1000,
    null,
    false,
    true,
    "",
    "text",
    {},
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
  ])("[WHATWG-WS-3.1-13] cannot be %o", async (code) => {
    const socket = open("ws://127.0.0.1:9/");
    expect(thrown(() => close(socket, code))).toBe("DOMException InvalidAccessError");
    expect(thrown(() => close(socket, code, "reason"))).toBe("DOMException InvalidAccessError");
    expect(socket.readyState).toBe(WebSocket.CONNECTING);
    expect(new Set([() => close(socket, Symbol("code")), () => close(socket, 1000n)].map(thrown))).toEqual(
      new Set(["TypeError"]),
    );
  });
});

describe("a close without a code", () => {
  it.each([[[]], [[undefined]], [[undefined, undefined]], [[undefined, ""]]])(
    "[WHATWG-WS-3.1-18] with the arguments %o has an empty frame",
    async (args) => {
      const { port, wires } = await hostile(async (wire) => {
        await wire.open();
        await wire.frame(8);
        wire.write(frame({ opcode: 8 }));
        wire.end();
      });
      const socket = open(`ws://127.0.0.1:${port}/`);
      await next(socket, "open");
      close(socket, ...args);
      expect(await ending(socket)).toBe('1005 "" clean');
      expect(wires[0]!.frames.map(({ opcode, payload }) => [opcode, payload.length])).toEqual([[8, 0]]);
    },
  );
});

describe("the reason of a close", () => {
  it.each([
    ["", ""],
    ["bye", "bye"],
    ["Grüße 𝒜", "Grüße 𝒜"],
    ["x".repeat(123), "x".repeat(123)],
    [`${"ü".repeat(61)}x`, `${"ü".repeat(61)}x`],
    ["\ud800a", "\ufffda"],
    [null, "null"],
    [7, "7"],
    [undefined, ""],
  ])("[WHATWG-WS-3.1-14] [WHATWG-WS-3.1-20] %o reaches the server as %o", async (reason, said) => {
    const { socket, seen } = await opened();
    close(socket, 3000, reason);
    await next(socket, "close");
    expect(await seen).toBe(`3000 ${said} true`);
  });

  it.each([["x".repeat(124)], ["ü".repeat(62)], ["\ud800".repeat(42)], ["𝒜".repeat(31)]])(
    "[WHATWG-WS-3.1-14] cannot be %o, which has more than 123 bytes",
    async (reason) => {
      const { socket } = await opened();
      expect(thrown(() => close(socket, 1000, reason))).toBe("DOMException SyntaxError");
      expect(thrown(() => close(socket, undefined, reason))).toBe("DOMException SyntaxError");
      expect(socket.readyState).toBe(WebSocket.OPEN);
    },
  );

  it("cannot be a symbol, and is judged behind the code", async () => {
    const { socket } = await opened();
    expect(thrown(() => close(socket, 1000, Symbol("reason")))).toBe("TypeError");
    expect(thrown(() => close(socket, 999, Symbol("reason")))).toBe("TypeError");
    expect(thrown(() => close(socket, 999, "x".repeat(124)))).toBe("DOMException InvalidAccessError");
  });

  it("takes 1000 for its code if it has none: there is no reason without a code (§5.5.1)", async () => {
    const { socket, seen } = await opened();
    close(socket, undefined, "because");
    expect(await ending(socket)).toBe('1000 "" clean');
    expect(await seen).toBe("1000 because true");
  });
});

describe("close", () => {
  it("[WHATWG-WS-3.1-17] [WHATWG-WS-4-06] returns nothing, and leads to CLOSING at once", async () => {
    const { socket } = await opened();
    expect(close(socket, 1000)).toBeUndefined();
    expect(socket.readyState).toBe(WebSocket.CLOSING);
    await turn();
    expect(socket.readyState).toBe(WebSocket.CLOSING);
    await next(socket, "close");
    expect(socket.readyState).toBe(WebSocket.CLOSED);
  });

  it("keeps what was agreed on", async () => {
    const server = await started({ ...echo, subprotocols: ["chat"], compression: true });
    const socket = open(`ws://127.0.0.1:${server.port}/`, "chat");
    await next(socket, "open");
    const { extensions } = socket;
    socket.close(1000);
    await next(socket, "close");
    expect([socket.protocol, socket.extensions]).toEqual(["chat", extensions]);
  });

  it("[WHATWG-WS-3.1-21] sends what was sent before it, and nothing after it", async () => {
    const messages: unknown[] = [];
    const server = await started({ message: (_peer, data) => void messages.push(data) });
    const socket = open(`ws://127.0.0.1:${server.port}/`);
    await next(socket, "open");
    socket.send("a");
    socket.send(new Blob(["b"]));
    socket.send("c");
    socket.close(1000);
    socket.send("d");
    expect(await ending(socket)).toBe('1000 "" clean');
    expect(messages).toEqual(["a", Uint8Array.of(98), "c"]);
  });

  it("[WHATWG-WS-3.1-15] does nothing the second time, but still minds its arguments", async () => {
    const { socket, seen } = await opened();
    for (const state of ["closing", "closed"]) {
      socket.close(4000, "first");
      if (state === "closed") await next(socket, "close");
      socket.close(4001, "second");
      expect(thrown(() => close(socket, 999))).toBe("DOMException InvalidAccessError");
      expect(thrown(() => close(socket, 1000, "x".repeat(124)))).toBe("DOMException SyntaxError");
    }
    expect(socket.readyState).toBe(WebSocket.CLOSED);
    expect(await seen).toBe("4000 first true");
  });

  it("does nothing when the server has begun: its code is what counts", async () => {
    let end = (): void => {};
    const { port } = await hostile(async (wire) => {
      await wire.open(frame({ opcode: 1, payload: "last" }), frame({ opcode: 8 }));
      await wire.frame(8);
      end = () => wire.end();
    });
    const socket = open(`ws://127.0.0.1:${port}/`);
    const lines = told(socket);
    socket.onmessage = () => socket.close(4000);
    await next(socket, "message");
    expect(socket.readyState).toBe(WebSocket.CLOSING);
    const closed = ending(socket);
    await until(() => {
      end();
      return socket.readyState === WebSocket.CLOSED;
    }, "it is closed");
    expect(await closed).toBe('1005 "" clean');
    expect(lines).toEqual(["open in 1", "message last in 1", "close in 3"]);
  });

  it("can be called in any handler", async () => {
    for (const type of ["onopen", "onmessage", "onerror", "onclose"] as const) {
      const server = await started({ open: (peer) => peer.send("x"), message: (peer) => peer.terminate() });
      const socket = open(`ws://127.0.0.1:${server.port}/`);
      socket.addEventListener("message", () => type !== "onmessage" && socket.send("go"));
      socket[type] = () => socket.close(1000);
      await next(socket, "close");
      expect(socket.readyState).toBe(WebSocket.CLOSED);
    }
  });
});

describe("close while the connection is opening", () => {
  it("[WHATWG-WS-3.1-16] fails the connection: CLOSING at once, then error and close", async () => {
    const socket = open("ws://127.0.0.1:9/");
    const lines = told(socket);
    socket.close(4000, "never mind");
    expect(socket.readyState).toBe(WebSocket.CLOSING);
    expect(lines).toEqual([]);
    expect(await ending(socket)).toBe('1006 "" not clean');
    expect(lines).toEqual(["error in 3", "close in 3"]);
  });

  it("hangs up on a server that has not answered", async () => {
    const { port, wires } = await hostile(async (wire) => {
      await wire.request();
    });
    const socket = open(`ws://127.0.0.1:${port}/`);
    const lines = told(socket);
    await until(() => wires[0]?.text.endsWith("\r\n\r\n") === true, "the request has arrived");
    socket.close();
    expect(await ending(socket)).toBe('1006 "" not clean');
    expect(lines).toEqual(["error in 3", "close in 3"]);
  });

  // No page can do this; a program that watches from outside can.
  it.each(["open", "message"] as const)(
    "does the same between the answer and the open event, in the channel %s",
    async (name) => {
      const { port } = await hostile(async (wire) => {
        await wire.open(frame({ opcode: 1, payload: "hello" }));
      });
      const socket = open(`ws://127.0.0.1:${port}/`);
      const lines = told(socket);
      const onNotice = (): void => socket.close(1000);
      channels[name].subscribe(onNotice);
      expect(await ending(socket).finally(() => channels[name].unsubscribe(onNotice))).toBe(
        '1006 "" not clean',
      );
      expect(lines).toEqual(["error in 3", "close in 3"]);
      expect([socket.protocol, socket.extensions]).toEqual(["", ""]);
    },
  );

  it("makes no difference to what can be sent: nothing, but it counts", async () => {
    const socket = open("ws://127.0.0.1:9/");
    socket.close();
    socket.send("four");
    socket.send(new Blob(["blob"]));
    expect(socket.bufferedAmount).toBe(8);
    await next(socket, "close");
    expect(socket.bufferedAmount).toBe(8);
  });
});
