/** The WHATWG class: `send`, and `bufferedAmount`. */

import { openAsBlob } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { WebSocket, type WebSocketOptions } from "../../../src/node/client/websocket.ts";
import type { Message } from "../../../src/node/peer.ts";
import { turn, until } from "../../helpers/fake-socket.ts";
import { hostileServers } from "../../helpers/hostile-server.ts";
import { echo, servers } from "../../helpers/node-servers.ts";
import { ending, next, thrown, told, webSockets } from "../../helpers/web-sockets.ts";

const started = servers();
const hostile = hostileServers();
const open = webSockets();

/** Whatever JavaScript may hand over. */
const send = (socket: WebSocket, ...args: readonly unknown[]): unknown => {
  return Reflect.apply(WebSocket.prototype.send, socket, args);
};

/** A socket that is open, at a server that keeps what it is sent. */
async function opened(options?: WebSocketOptions): Promise<{
  socket: WebSocket;
  messages: Message[];
  arrived(count: number): Promise<void>;
}> {
  const messages: Message[] = [];
  const server = await started({ compression: true, message: (_peer, data) => void messages.push(data) });
  const socket = open(`ws://127.0.0.1:${server.port}/`, [], options);
  await next(socket, "open");
  const arrived = (count: number): Promise<void> => {
    return until(() => messages.length >= count, `${count} messages have arrived`);
  };
  return { socket, messages, arrived };
}

/** A buffer that can be resized: no library that this is compiled against knows them. */
function resizable(size: number): ArrayBuffer {
  return Reflect.construct(ArrayBuffer, [size, { maxByteLength: 2 * size }]) as ArrayBuffer;
}

describe("send", () => {
  it.each([
    ["", ""],
    ["text", "text"],
    ["Grüße 𝒜\u0000", "Grüße 𝒜\u0000"],
    ["\ufeffmark", "\ufeffmark"],
    ["\ud800", "\ufffd"],
    ["\udc00\ud800", "\ufffd\ufffd"],
    ["a\ud800b𝒜", "a\ufffdb𝒜"],
    [null, "null"],
    [undefined, "undefined"],
    [42, "42"],
    [-0, "0"],
    [true, "true"],
    [10n, "10"],
    [{}, "[object Object]"],
    [[1, [2, 3]], "1,2,3"],
    [new String("object"), "object"],
    [{ toString: () => "own" }, "own"],
    [new SharedArrayBuffer(2), "[object SharedArrayBuffer]"],
  ])("[WHATWG-WS-3.1-26] makes of %o the text %o", async (data, text) => {
    const { socket, messages, arrived } = await opened();
    expect(send(socket, data)).toBeUndefined();
    await arrived(1);
    expect(messages).toEqual([text]);
  });

  const { buffer } = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);

  it.each([
    ["an ArrayBuffer", buffer, [1, 2, 3, 4, 5, 6, 7, 8]],
    ["an empty ArrayBuffer", new ArrayBuffer(0), []],
    ["a Uint8Array", new Uint8Array(buffer, 2, 3), [3, 4, 5]],
    ["a Uint16Array", new Uint16Array(buffer, 4, 1), [5, 6]],
    ["a Float64Array", new Float64Array(buffer), [1, 2, 3, 4, 5, 6, 7, 8]],
    ["a DataView", new DataView(buffer, 6), [7, 8]],
    ["a Buffer", Buffer.from([9, 10]), [9, 10]],
    ["an empty view", new Uint8Array(buffer, 8), []],
    ["a Blob", new Blob([buffer, "A"]), [1, 2, 3, 4, 5, 6, 7, 8, 65]],
    ["a part of a Blob", new Blob([buffer]).slice(6), [7, 8]],
    ["an empty Blob", new Blob([]), []],
  ])(
    "[WHATWG-WS-3.1-27] [WHATWG-WS-3.1-28] [WHATWG-WS-3.1-29] sends the bytes of %s",
    async (_what, data, bytes) => {
      const { socket, messages, arrived } = await opened();
      socket.send(data);
      expect(socket.bufferedAmount).toBe(bytes.length);
      await arrived(1);
      expect(messages).toEqual([Uint8Array.from(bytes)]);
    },
  );

  it.each([
    ["a symbol", Symbol("message")],
    ["a view of shared memory", new Uint8Array(new SharedArrayBuffer(2))],
    ["a buffer that can be resized", resizable(2)],
    ["a view of a buffer that can be resized", new DataView(resizable(2))],
  ])("refuses %s", async (_what, data) => {
    const { socket } = await opened();
    expect(thrown(() => send(socket, data))).toBe("TypeError");
    expect(socket.bufferedAmount).toBe(0);
  });

  it("needs an argument", async () => {
    const { socket } = await opened();
    expect(thrown(() => send(socket))).toBe("TypeError");
  });

  it("sends nothing of a buffer that was given away", async () => {
    const { socket, messages, arrived } = await opened();
    const given = new ArrayBuffer(3);
    structuredClone(given, { transfer: [given] });
    socket.send(given);
    await arrived(1);
    expect(messages).toEqual([new Uint8Array(0)]);
  });

  it.each([5, 70_000, 400_000])("sends %i bytes as they are at the call", async (size) => {
    const { socket, messages, arrived } = await opened();
    const bytes = new Uint8Array(size).fill(1);
    socket.send(bytes);
    bytes.fill(2);
    socket.send(new Blob([bytes]));
    socket.send(bytes);
    bytes.fill(3);
    await arrived(3);
    expect(
      messages.map((message) => (message as Uint8Array).every((byte, _at, [first]) => byte === first)),
    ).toEqual([true, true, true]);
    expect(messages.map((message) => message[0])).toEqual([1, 2, 2]);
  });

  it("[WHATWG-WS-3.1-27] keeps the order, whatever is sent", async () => {
    const { socket, messages, arrived } = await opened();
    const lengths = [1, 20, 300, 4000, 50_000, 6, 70_000, 8];
    lengths.forEach((length, at) => {
      if (at % 2 === 0) socket.send(new Blob(["x".repeat(length)]));
      else socket.send("x".repeat(length));
    });
    await arrived(lengths.length);
    expect(messages.map(({ length }) => length)).toEqual(lengths);
  });

  it("can be called in any handler", async () => {
    const { port } = await started({ ...echo, open: (peer) => peer.send("hello") });
    const socket = open(`ws://127.0.0.1:${port}/`);
    const texts: unknown[] = [];
    socket.onopen = () => socket.send("from open");
    socket.onmessage = ({ data }) => {
      texts.push(data);
      if (data === "hello") socket.send("from message");
      if (texts.length === 3) socket.close(1000);
    };
    socket.onclose = () => socket.send("from close");
    await next(socket, "close");
    expect(texts).toEqual(["hello", "from open", "from message"]);
  });

  it("[WHATWG-WS-3.1-25] throws while the connection is opening, after its argument was converted", () => {
    const socket = open("ws://127.0.0.1:9/");
    for (const data of ["text", new Blob(["blob"]), new ArrayBuffer(1), new Uint8Array(1)]) {
      expect(thrown(() => socket.send(data))).toBe("DOMException InvalidStateError");
    }
    expect(thrown(() => send(socket))).toBe("TypeError");
    expect(thrown(() => send(socket, Symbol("message")))).toBe("TypeError");
    expect(socket.bufferedAmount).toBe(0);
  });

  it("fails the connection if the file behind a Blob is not what it was", async () => {
    const folder = await mkdtemp(join(tmpdir(), "framewright-"));
    const file = join(folder, "file");
    await writeFile(file, "before");
    const blob = await openAsBlob(file);
    await rm(folder, { recursive: true });
    const { socket, messages } = await opened();
    const lines = told(socket);
    socket.send(blob);
    socket.send("behind it");
    expect(await ending(socket)).toBe('1006 "" not clean');
    expect(lines).toEqual(["error in 3", "close in 3"]);
    expect(messages).toEqual([]);
    expect(socket.bufferedAmount).toBe(15);
  });
});

describe("bufferedAmount", () => {
  it.each([
    ["a text", "four", 4],
    ["a text in UTF-8", "ü€𝒜", 9],
    ["half a pair", "\ud800", 3],
    ["a pair that is the wrong way round", "\udc00\ud800", 6],
    ["a text as long as a book", "x".repeat(500_000), 500_000],
    ["a Blob", new Blob(["blob", new Uint8Array(5)]), 9],
    ["an ArrayBuffer", new ArrayBuffer(7), 7],
    ["a view", new Uint16Array(new ArrayBuffer(10), 2, 3), 6],
  ])(
    "[WHATWG-WS-3.1-22] [WHATWG-WS-3.1-31] grows by the bytes of %s at once, and sinks to 0 when they have left",
    async (_what, data, size) => {
      const { socket, arrived } = await opened();
      expect(socket.bufferedAmount).toBe(0);
      socket.send(data);
      expect(socket.bufferedAmount).toBe(size);
      socket.send(data);
      expect(socket.bufferedAmount).toBe(2 * size);
      await null;
      await Promise.resolve().then(() => {});
      expect(socket.bufferedAmount, "in the same task").toBe(2 * size);
      await arrived(2);
      await until(() => socket.bufferedAmount === 0, "everything has left");
    },
  );

  it("sinks without anybody looking", async () => {
    const { socket, arrived } = await opened();
    socket.send("x".repeat(1_000_000));
    await arrived(1);
    socket.close(1000);
    await next(socket, "close");
    expect(socket.bufferedAmount).toBe(0);
  });

  it("sinks without anybody looking when a slow server has taken everything", async () => {
    const size = 8 * 1024 * 1024;
    const { port } = await hostile(async (wire) => {
      await wire.open();
      let received = 0;
      wire.socket.removeAllListeners("data").on("data", ({ length }) => (received += length));
      await until(() => received > size, "everything has arrived");
      wire.reset();
    });
    const socket = open(`ws://127.0.0.1:${port}/`, [], { compression: false });
    await next(socket, "open");
    socket.send(new Uint8Array(size));
    expect(await ending(socket)).toBe('1006 "" not clean');
    expect(socket.bufferedAmount).toBe(0);
  });

  it("sinks in steps while a slow server takes its time, and stays when that has gone", async () => {
    let go = (): void => {};
    const { port, wires } = await hostile(async (wire) => {
      await wire.open();
      wire.socket.pause();
      await new Promise<void>((resolve) => (go = resolve));
    });
    const socket = open(`ws://127.0.0.1:${port}/`, [], { compression: false });
    await next(socket, "open");
    const size = 1024 * 1024;
    for (let count = 0; count < 16; count++) socket.send(new Uint8Array(size));
    expect(socket.bufferedAmount).toBe(16 * size);
    let amount = 16 * size;
    await until(() => {
      const before = amount;
      amount = socket.bufferedAmount;
      expect(amount).toBeLessThanOrEqual(before);
      expect(amount % size).toBe(0);
      return amount < 16 * size;
    }, "something has left");
    expect(amount).toBeGreaterThan(0);
    for (let turns = 0; turns < 10; turns++) await turn();
    amount = socket.bufferedAmount;
    wires[0]!.reset();
    expect(await ending(socket)).toBe('1006 "" not clean');
    expect(socket.bufferedAmount).toBe(amount);
    socket.send("more");
    expect(socket.bufferedAmount).toBe(amount + 4);
    go();
  });

  it("may be more than any budget: nobody is closed for what a page sends", async () => {
    const { socket, messages, arrived } = await opened({ compression: false });
    const size = 1_000_000;
    for (let count = 0; count < 40; count++) socket.send(new Uint8Array(size));
    expect(socket.bufferedAmount).toBe(40 * size);
    await arrived(40);
    expect(messages.every(({ length }) => length === size)).toBe(true);
  });

  it("[WHATWG-WS-3.1-23] [WHATWG-WS-3.1-31] only grows when the connection is closing or closed, by what is never sent", async () => {
    const { socket, messages } = await opened();
    socket.close(1000);
    let expected = 0;
    for (const state of ["closing", "closed"]) {
      if (state === "closed") await next(socket, "close");
      expect(socket.bufferedAmount).toBe(expected);
      for (const [data, size] of [
        ["four", 4],
        ["ü\ud800", 5],
        [new Blob(["blob"]), 4],
        [new ArrayBuffer(3), 3],
        [new Float32Array(2), 8],
      ] as const) {
        socket.send(data);
        expect(socket.bufferedAmount).toBe((expected += size));
      }
    }
    await turn();
    await turn();
    expect(socket.bufferedAmount).toBe(expected);
    expect(messages).toEqual([]);
  });

  it("keeps a message for good that the server's Close has overtaken", async () => {
    let reset = (): void => {};
    const { port } = await hostile(async (wire) => {
      await wire.open(Uint8Array.of(0x81, 1, 0x61, 0x88, 0));
      await wire.frame(8);
      reset = () => wire.reset();
    });
    const socket = open(`ws://127.0.0.1:${port}/`);
    socket.onmessage = () => socket.send("answer");
    const closed = ending(socket);
    await next(socket, "message");
    await until(() => {
      reset();
      return socket.readyState === WebSocket.CLOSED;
    }, "the connection has ended");
    expect(await closed).toBe('1005 "" clean');
    expect(socket.bufferedAmount).toBe(6);
  });
});
