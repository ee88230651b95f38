/** The WHATWG class: what it tells, in which order, and in which state it is then. */

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { constants, deflateRawSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { channels } from "../../../src/node/channels.ts";
import { CloseEvent, WebSocket } from "../../../src/node/client/websocket.ts";
import { turn, until } from "../../helpers/fake-socket.ts";
import { frame } from "../../helpers/frames.ts";
import { hostileServers, switching } from "../../helpers/hostile-server.ts";
import { echo, servers } from "../../helpers/node-servers.ts";
import { ending, endingOf, next, thrown, told, webSockets } from "../../helpers/web-sockets.ts";

const started = servers();
const hostile = hostileServers();
const open = webSockets();

const textFrame = (payload: string): Uint8Array => frame({ opcode: 1, payload });
const closeFrame = (code: number): Uint8Array => {
  return frame({ opcode: 8, payload: Uint8Array.of(code >> 8, code & 0xff) });
};
/** The runtime's own, which it shows only when told so. */
function collector(): () => void {
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc") as () => void;
}

const at = ({ port }: { readonly port: number }, path = "/"): string => `ws://127.0.0.1:${port}${path}`;

describe("the open event", () => {
  it("[WHATWG-WS-4-01] comes when the connection is established, in the state OPEN", async () => {
    const socket = open(at(await started(echo)));
    const lines = told(socket);
    const event = await next(socket, "open");
    expect(lines).toEqual(["open in 1"]);
    expect([event.constructor, event.target, event.bubbles, event.cancelable]).toEqual([
      Event,
      socket,
      false,
      false,
    ]);
  });

  it("[WHATWG-WS-4-01] finds the subprotocol and the extensions that were agreed on, which were not there before", async () => {
    const server = await started({ ...echo, subprotocols: ["b", "a"], compression: true });
    const socket = open(at(server), ["a", "b"]);
    expect([socket.protocol, socket.extensions]).toEqual(["", ""]);
    await next(socket, "open");
    expect(socket.protocol).toBe("b");
    expect(socket.extensions).toMatch(/^permessage-deflate/);
  });

  it("finds no extensions where the server speaks none, or none was offered", async () => {
    for (const [speaks, offers] of [
      [false, true],
      [true, false],
    ] as const) {
      const server = await started({ ...echo, compression: speaks });
      const socket = open(at(server), [], { compression: offers });
      await next(socket, "open");
      expect(socket.extensions).toBe("");
    }
  });

  it("tells the extensions in the words of the server", async () => {
    const { port } = await hostile(async (wire) => {
      const { accept } = await wire.request();
      wire.write(
        switching(accept, "Sec-WebSocket-Extensions: permessage-deflate;  server_no_context_takeover"),
      );
      await wire.frame(8);
      wire.end();
    });
    const socket = open(at({ port }));
    await next(socket, "open");
    expect(socket.extensions).toBe("permessage-deflate;  server_no_context_takeover");
  });

  it("is heard by a listener that is added after microtasks and ticks", async () => {
    const socket = open(at(await started(echo)));
    await null;
    await new Promise(process.nextTick);
    expect(socket.readyState).toBe(WebSocket.CONNECTING);
    await next(socket, "open");
  });

  it("comes once, before messages that came along with the answer", async () => {
    const server = await started({ open: (peer) => void [peer.send("first"), peer.send("second")] });
    const socket = open(at(server));
    const lines = told(socket);
    await next(socket, "message");
    await next(socket, "message");
    expect(lines).toEqual(["open in 1", "message first in 1", "message second in 1"]);
  });
});

describe("a message event", () => {
  it("[WHATWG-WS-4-04] has the data, and the origin of the URL", async () => {
    const server = await started(echo);
    const socket = open(at(server, "/path?query"));
    await next(socket, "open");
    socket.send("Grüße");
    const event = await next(socket, "message");
    expect(event).toBeInstanceOf(MessageEvent);
    expect([event.data, event.origin]).toEqual(["Grüße", `ws://127.0.0.1:${server.port}`]);
    expect([event.lastEventId, event.source, event.ports]).toEqual(["", null, []]);
    expect([event.target, event.bubbles, event.cancelable]).toEqual([socket, false, false]);
  });

  it("has bytes in a Blob by default", async () => {
    const socket = open(at(await started(echo)));
    await next(socket, "open");
    socket.send(Uint8Array.of(1, 2, 3));
    const { data } = await next(socket, "message");
    expect(data).toBeInstanceOf(Blob);
    expect([data.size, data.type]).toEqual([3, ""]);
    expect(new Uint8Array(await data.arrayBuffer())).toEqual(Uint8Array.of(1, 2, 3));
  });

  it("has bytes in an ArrayBuffer of their own, if that is asked for", async () => {
    const socket = open(at(await started(echo)));
    socket.binaryType = "arraybuffer";
    await next(socket, "open");
    socket.send(Uint8Array.of(1, 2, 3));
    socket.send(new Uint8Array(0));
    for (const bytes of [[1, 2, 3], []]) {
      const { data } = await next(socket, "message");
      expect(data).toBeInstanceOf(ArrayBuffer);
      expect(Array.from(new Uint8Array(data))).toEqual(bytes);
    }
  });

  it("[WHATWG-WS-4-03] has bytes as they are asked for when it is told, not when they arrived", async () => {
    const server = await started({
      open: (peer) => void [peer.send(Uint8Array.of(1)), peer.send(Uint8Array.of(2)), peer.send("text")],
    });
    const socket = open(at(server));
    const kinds: string[] = [];
    socket.onmessage = ({ data }) => {
      kinds.push(Object.prototype.toString.call(data));
      socket.binaryType = "arraybuffer";
    };
    await until(() => kinds.length === 3, "the messages are told");
    expect(kinds).toEqual(["[object Blob]", "[object ArrayBuffer]", "[object String]"]);
  });

  it("is a task of its own: what promises wait for runs before the next, however long the chain", async () => {
    const { port } = await hostile(async (wire) => {
      await wire.open(textFrame("1"), textFrame("2"), textFrame("3"), closeFrame(1000));
      wire.end();
    });
    const socket = open(at({ port }));
    const taken: unknown[] = [];
    const link = async (left: number): Promise<number> => (left === 0 ? 0 : link(left - 1));
    await new Promise((resolve) => (socket.onopen = resolve));
    for (let count = 0; count < 3; count++) {
      const { data } = await new Promise<MessageEvent>((resolve) => (socket.onmessage = resolve));
      await link(20);
      taken.push(data, socket.readyState);
    }
    const event = await new Promise<CloseEvent>((resolve) => (socket.onclose = resolve));
    expect(taken).toEqual(["1", 1, "2", 1, "3", 1]);
    expect(endingOf(event)).toBe('1000 "" clean');
  });

  it("[WHATWG-WS-4-02] does not come any more when the page has begun to close", async () => {
    const { port } = await hostile(async (wire) => {
      await wire.open(textFrame("1"), textFrame("2"), textFrame("3"));
      await wire.frame(8);
      wire.write(textFrame("4"), closeFrame(1000));
      wire.end();
    });
    const socket = open(at({ port }));
    const lines = told(socket);
    socket.addEventListener("message", ({ data }) => data === "2" && socket.close(1000));
    await next(socket, "close");
    expect(lines).toEqual(["open in 1", "message 1 in 1", "message 2 in 1", "close in 3"]);
  });

  it("comes for each of many, in order, more than are kept at once", async () => {
    const count = 3000;
    const server = await started({
      open(peer) {
        for (let at = 0; at < count; at++) peer.send(`${at} ${"x".repeat(1000)}`);
        peer.close(1000);
      },
    });
    const socket = open(at(server));
    let told = 0;
    socket.onmessage = ({ data }) => {
      if ((data as string).startsWith(`${told} `)) told++;
    };
    expect(await ending(socket)).toBe('1000 "" clean');
    expect(told).toBe(count);
  });

  it("does not keep many others waiting in memory: nothing more is read, however small they were", async () => {
    const size = 256 * 1024;
    const flushed = deflateRawSync(new Uint8Array(size), { finishFlush: constants.Z_SYNC_FLUSH });
    const bomb = frame({ opcode: 2, rsv: 4, payload: flushed.subarray(0, -4) });
    const count = 1500;
    const { port } = await hostile(async (wire) => {
      const { accept } = await wire.request();
      const extensions = "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover";
      const bombs = Array.from({ length: count }, () => bomb);
      wire.write(switching(accept, extensions), ...bombs, closeFrame(1000));
      await wire.frame(8);
      wire.end();
    });
    let arrived = 0;
    let told = 0;
    let most = 0;
    const onArrival = (): number => arrived++;
    channels.message.subscribe(onArrival);
    const socket = open(at({ port }));
    socket.binaryType = "arraybuffer";
    socket.onmessage = () => {
      most = Math.max(most, arrived - told++);
    };
    await next(socket, "close").finally(() => channels.message.unsubscribe(onArrival));
    expect([arrived, told]).toEqual([count, count]);
    // What one read brings is there already; of that there are 64 KiB.
    expect(most).toBeLessThanOrEqual((64 * 1024) / bomb.length + 2 + 1024 / (size / 1024));
  });
});

describe("readyState", () => {
  it("[WHATWG-WS-4-05] is CLOSING when the server has begun to close, until the connection has ended", async () => {
    let end = (): void => {};
    const { port } = await hostile(async (wire) => {
      await wire.open(textFrame("last"), closeFrame(4000));
      await wire.frame(8);
      end = () => wire.end();
    });
    const socket = open(at({ port }));
    const lines = told(socket);
    await next(socket, "message");
    expect(socket.readyState).toBe(WebSocket.OPEN);
    await turn();
    expect(socket.readyState).toBe(WebSocket.CLOSING);
    await until(() => end.length === 0 && lines.length === 2, "the Close is answered");
    socket.send("too late");
    expect(socket.bufferedAmount).toBe(8);
    socket.close();
    await turn();
    expect(socket.readyState).toBe(WebSocket.CLOSING);
    await turn();
    const closed = ending(socket);
    await until(() => {
      end();
      return socket.readyState === WebSocket.CLOSED;
    }, "it is closed");
    expect(await closed).toBe('4000 "" clean');
    expect(lines).toEqual(["open in 1", "message last in 1", "close in 3"]);
  });

  it("is CLOSING as soon as a Close arrives that nothing came along with", async () => {
    let close = (): void => {};
    const { port } = await hostile(async (wire) => {
      await wire.open();
      close = () => wire.write(closeFrame(1001));
      await wire.frame(8);
    });
    const socket = open(at({ port }), [], { closeTimeout: 60 });
    await next(socket, "open");
    close();
    await until(() => socket.readyState !== WebSocket.OPEN, "the Close arrives");
    expect(socket.readyState).toBe(WebSocket.CLOSING);
    expect(await ending(socket)).toBe('1001 "" clean');
  });
});

describe("the error event", () => {
  it.each([
    ["there is no server", async () => "ws://127.0.0.1:9/"],
    ["there is no such name", async () => "ws://name.invalid/"],
    ["the server refuses", async () => at(await started({ upgrade: () => ({ status: 403 }) }))],
    [
      "the server redirects",
      async () => {
        const target = at(await started(echo)).replace("ws:", "http:");
        return at(await started({ upgrade: () => ({ status: 302, headers: { Location: target } }) }));
      },
    ],
    ["the server answers another key", async () => at(await hostile((wire) => wire.write(switching("no"))))],
    [
      "the server speaks no HTTP",
      async () => at(await hostile((wire) => wire.write("220 mail.example ESMTP\r\n\r\n"))),
    ],
    ["the server hangs up", async () => at(await hostile((wire) => wire.request().then(() => wire.end())))],
    ["the server speaks no TLS", async () => at(await started(echo)).replace("ws:", "wss:")],
    [
      "the server chooses what was not offered",
      async () => {
        return at(
          await hostile(async (wire) => {
            wire.write(switching((await wire.request()).accept, "Sec-WebSocket-Protocol: other"));
          }),
        );
      },
    ],
  ])(
    "[WHATWG-WS-2.2-02] [WHATWG-WS-2.2-07] [WHATWG-WS-2.2-09] [WHATWG-WS-4-07] [WHATWG-WS-4-09] comes before close, and says no more than that, if %s",
    async (_why, prepare) => {
      const socket = open(await prepare(), "chat");
      const lines = told(socket);
      const failed = next(socket, "error");
      expect(await ending(socket)).toBe('1006 "" not clean');
      expect(lines).toEqual(["error in 3", "close in 3"]);
      const error = await failed;
      expect([error.constructor, Object.keys(error)]).toEqual([Event, Object.keys(new Event("error"))]);
      expect([socket.protocol, socket.extensions]).toEqual(["", ""]);
    },
  );

  it("[WHATWG-WS-2.2-08] comes if none of the subprotocols is chosen, and nothing that came along is told", async () => {
    const { port } = await hostile(async (wire) => {
      await wire.open(textFrame("hello"));
    });
    const socket = open(at({ port }), ["chat", "superchat"]);
    const lines = told(socket);
    expect(await ending(socket)).toBe('1006 "" not clean');
    expect(lines).toEqual(["error in 3", "close in 3"]);
  });

  it("comes if the handshake takes too long", async () => {
    const { port } = await hostile(() => {});
    const socket = open(at({ port }), [], { handshakeTimeout: 1 });
    const lines = told(socket);
    expect(await ending(socket)).toBe('1006 "" not clean');
    expect(lines).toEqual(["error in 3", "close in 3"]);
  });

  it.each([
    ["a masked frame", frame({ opcode: 1, payload: "x", key: [1, 2, 3, 4] })],
    ["a reserved bit", frame({ opcode: 1, rsv: 1 })],
    ["an opcode that means nothing", frame({ opcode: 3 })],
    ["text that is no UTF-8", frame({ opcode: 1, payload: Uint8Array.of(0xff) })],
    ["a fragment of nothing", frame({ opcode: 0 })],
    ["a fragmented Ping", frame({ opcode: 9, fin: false })],
    ["a Ping that is too long", frame({ opcode: 9, payload: "x".repeat(126) })],
    ["a Close with half a code", frame({ opcode: 8, payload: "x" })],
    ["a Close with a code that no frame may have", closeFrame(1006)],
    ["a Close whose reason is no UTF-8", frame({ opcode: 8, payload: Uint8Array.of(3, 232, 0xff) })],
  ])(
    "[WHATWG-WS-4-07] comes behind the messages before it if the server sends %s",
    async (_what, violation) => {
      const { port } = await hostile(async (wire) => {
        await wire.open(textFrame("good"), violation, textFrame("never"));
        await wire.frame(8);
      });
      const socket = open(at({ port }));
      const lines = told(socket);
      expect(await ending(socket)).toBe('1006 "" not clean');
      expect(lines).toEqual(["open in 1", "message good in 1", "error in 3", "close in 3"]);
    },
  );

  it.each([
    ["ends", (socket: { end(): void }) => socket.end()],
    ["is reset", (socket: { reset(): void }) => socket.reset()],
  ])("[RFC6455-7.2.1-02] comes if the connection %s without a Close frame", async (_how, lose) => {
    const { port } = await hostile(async (wire) => {
      await wire.open(textFrame("last"));
      await wire.frame(1);
      lose(wire);
    });
    const socket = open(at({ port }));
    const lines = told(socket);
    socket.onopen = () => socket.send("now");
    expect(await ending(socket)).toBe('1006 "" not clean');
    expect(lines).toEqual(["open in 1", "message last in 1", "error in 3", "close in 3"]);
  });

  it("[RFC6455-7.1.1-04] comes if the server does not answer a Close in time", async () => {
    const { port } = await hostile(async (wire) => {
      await wire.open();
    });
    const socket = open(at({ port }), [], { closeTimeout: 60 });
    await next(socket, "open");
    const lines = told(socket);
    socket.close(1000);
    expect(await ending(socket)).toBe('1006 "" not clean');
    expect(lines).toEqual(["error in 3", "close in 3"]);
  });

  it("is a task of its own: what promises wait for runs before close", async () => {
    const socket = open("ws://127.0.0.1:9/");
    await new Promise((resolve) => (socket.onerror = resolve));
    await null;
    const event = await new Promise<CloseEvent>((resolve) => (socket.onclose = resolve));
    expect(endingOf(event)).toBe('1006 "" not clean');
  });

  it("leaves no trace if nobody listens", async () => {
    const server = await started({ message: (peer) => peer.terminate() });
    const sockets = [open("ws://127.0.0.1:9/"), open(at(server), "unknown"), open(at(server))];
    const lost = sockets[2]!;
    lost.onopen = () => lost.send("go");
    await until(() => sockets.every(({ readyState }) => readyState === WebSocket.CLOSED), "they have ended");
  });
});

describe("the close event", () => {
  it.each([
    ["closed with a code and a reason", [4000, "Grüße"], '4000 "Grüße" clean'],
    ["closed with a code", [1001], '1001 "" clean'],
    ["closed with an error of its own", [1011, "sorry"], '1011 "sorry" clean'],
  ])("[RFC6455-7.1.6-01] [WHATWG-WS-4-08] tells what a server %s", async (_how, args, expected) => {
    const server = await started({ open: (peer) => peer.close(...(args as [number, string?])) });
    const socket = open(at(server));
    const lines = told(socket);
    expect(await ending(socket)).toBe(expected);
    expect(lines).toEqual(["open in 1", "close in 3"]);
  });

  it("[RFC6455-7.1.5-01] tells 1005 of a Close frame without a code", async () => {
    const { port } = await hostile(async (wire) => {
      await wire.open(frame({ opcode: 8 }));
      await wire.frame(8);
      wire.end();
    });
    expect(await ending(open(at({ port })))).toBe('1005 "" clean');
  });

  it("[RFC6455-7.1.5-01] tells the code of the server, also if the page has begun with another", async () => {
    const { port } = await hostile(async (wire) => {
      await wire.open();
      await wire.frame(8);
      wire.write(closeFrame(4001));
      wire.end();
    });
    const socket = open(at({ port }));
    await next(socket, "open");
    socket.close(4000);
    expect(await ending(socket)).toBe('4001 "" clean');
  });

  it("is the last, and comes once", async () => {
    const socket = open(at(await started(echo)));
    await next(socket, "open");
    const lines = told(socket);
    socket.close(1000);
    socket.close(1000);
    await next(socket, "close");
    socket.close(1000);
    for (let turns = 0; turns < 5; turns++) await turn();
    expect(lines).toEqual(["close in 3"]);
  });

  it("[WHATWG-WS-4-08] is a CloseEvent, which nothing can stop", async () => {
    const socket = open(at(await started(echo)));
    await next(socket, "open");
    socket.close(1000);
    const event = await next(socket, "close");
    expect(event).toBeInstanceOf(CloseEvent);
    expect([event.target, event.bubbles, event.cancelable]).toEqual([socket, false, false]);
  });

  it("lets a new socket be made in it", async () => {
    const server = await started(echo);
    const first = open(at(server));
    await next(first, "open");
    const second = new Promise<WebSocket>((resolve) => {
      first.onclose = () => resolve(open(at(server)));
    });
    first.close(1000);
    await next(await second, "open");
  });
});

describe("the event handlers", () => {
  it.each(["open", "message", "error", "close"] as const)(
    "[WHATWG-WS-3.1-32] of %s are those of HTML",
    (type) => {
      const socket = open("ws://127.0.0.1:9/");
      const name = `on${type}` as const;
      const calls: string[] = [];
      const set = (value: unknown): boolean => Reflect.set(socket, name, value);
      for (const value of [() => {}, { handleEvent() {} }]) {
        set(value);
        expect(socket[name]).toBe(value);
      }
      for (const value of [1, "text", undefined, null, Symbol("x")]) {
        set(value);
        expect(socket[name]).toBeNull();
      }
      socket.addEventListener(type, () => calls.push("listener"));
      set(function (this: unknown, event: Event) {
        calls.push(`handler ${this === socket} ${event.type}`);
      });
      socket.dispatchEvent(new Event(type));
      expect(calls).toEqual(["listener", `handler true ${type}`]);
    },
  );

  it("hear what listeners hear, at the place where they were set", async () => {
    const socket = open(at(await started(echo)));
    const calls: string[] = [];
    socket.onopen = () => calls.push("never");
    socket.addEventListener("open", () => calls.push("listener"));
    socket.onopen = () => calls.push("handler");
    await next(socket, "open");
    expect(calls).toEqual(["handler", "listener"]);
  });

  it("may be set in the task that made the socket, and later", async () => {
    const socket = open(at(await started({ message: (peer) => peer.close(1000) })));
    const calls: string[] = [];
    await new Promise<void>((resolve) => {
      socket.onopen = () => {
        calls.push("open");
        socket.onclose = () => resolve(void calls.push("close"));
        socket.send("close");
      };
    });
    expect(calls).toEqual(["open", "close"]);
  });
});

describe("a listener", () => {
  it("is EventTarget's: it can be an object, be called once, be removed, and depend on a signal", async () => {
    const socket = open(at(await started(echo)));
    const calls: string[] = [];
    const removed = (): void => void calls.push("never");
    const controller = new AbortController();
    socket.addEventListener("message", { handleEvent: () => void calls.push("object") });
    socket.addEventListener("message", () => calls.push("once"), { once: true });
    socket.addEventListener("message", removed);
    socket.addEventListener("message", removed, { signal: controller.signal, capture: true });
    socket.removeEventListener("message", removed);
    controller.abort();
    await next(socket, "open");
    socket.send("first");
    await next(socket, "message");
    socket.send("second");
    await next(socket, "message");
    expect(calls).toEqual(["object", "once", "object"]);
  });

  it("[WHATWG-WS-7-02] keeps an open socket from being collected, with nothing else to hold it", async () => {
    const server = await started({ message: (peer) => peer.close(4000, "for good") });
    const ended = new Promise<string>((resolve) => {
      // Not by `open`, which holds what it makes.
      const socket = new WebSocket(at(server));
      socket.onopen = () => socket.send("go");
      socket.onclose = (event) => resolve(endingOf(event));
    });
    const collect = collector();
    for (let turns = 0; turns < 5; turns++) {
      collect();
      await turn();
    }
    expect(await ended).toBe('4000 "for good" clean');
  });

  it("hears nothing of another socket", async () => {
    const server = await started({
      message: (peer, data) => void (data === "bye" ? peer.close(1000) : peer.send(data)),
    });
    const sockets = [open(at(server)), open(at(server)), open(at(server))];
    const logs = sockets.map(told);
    await Promise.all(sockets.map((socket) => next(socket, "open")));
    for (const [index, socket] of sockets.entries()) socket.send(`to ${index}`);
    await Promise.all(sockets.map((socket) => next(socket, "message")));
    sockets[1]!.send("bye");
    await next(sockets[1]!, "close");
    expect(logs).toEqual([
      ["open in 1", "message to 0 in 1"],
      ["open in 1", "message to 1 in 1", "close in 3"],
      ["open in 1", "message to 2 in 1"],
    ]);
  });
});

describe("the binary type", () => {
  it("[WHATWG-WS-3.1-24] is one of two, and ignores everything else", () => {
    const socket = open("ws://127.0.0.1:9/");
    const set = (value: unknown): string => {
      socket.binaryType = value as "blob";
      return socket.binaryType;
    };
    expect(set("arraybuffer")).toBe("arraybuffer");
    for (const other of ["", "Blob", "blob ", "nodebuffer", "fragments", null, undefined, 0, {}]) {
      expect(set(other)).toBe("arraybuffer");
    }
    expect(set("blob")).toBe("blob");
    expect(set({ toString: () => "arraybuffer" })).toBe("arraybuffer");
    expect(thrown(() => set(Symbol("blob")))).toBe("TypeError");
  });

  it("can be set in every state", async () => {
    const socket = open(at(await started(echo)));
    const seen: string[] = [];
    const flip = (): unknown => {
      socket.binaryType = socket.binaryType === "blob" ? "arraybuffer" : "blob";
      return seen.push(`${socket.readyState} ${socket.binaryType}`);
    };
    flip();
    await next(socket, "open");
    flip();
    socket.close(1000);
    flip();
    await next(socket, "close");
    flip();
    expect(seen).toEqual(["0 arraybuffer", "1 blob", "2 arraybuffer", "3 blob"]);
  });
});
