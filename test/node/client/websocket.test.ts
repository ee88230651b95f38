/** The WHATWG class: how it is made, what it asks a server for, and what it looks like. More in websocket-*.test.ts. */

import { describe, expect, it } from "vitest";
import { CloseEvent, WebSocket } from "../../../src/node/client/websocket.ts";
import { makeCertificate } from "../../helpers/certificate.ts";
import { turn } from "../../helpers/fake-socket.ts";
import { hostileServers } from "../../helpers/hostile-server.ts";
import { echo, servers } from "../../helpers/node-servers.ts";
import { type Arguments, ending, next, thrown, told, webSockets } from "../../helpers/web-sockets.ts";

const started = servers();
const hostile = hostileServers();
const open = webSockets();

/** Where nobody listens. */
const NOWHERE = "ws://127.0.0.1:9/";

const construct = (...args: readonly unknown[]): string => thrown(() => Reflect.construct(WebSocket, args));

describe("the URL of a WebSocket", () => {
  it("has to be given", () => {
    expect(construct()).toBe("TypeError");
  });

  it.each([
    "",
    "/chat",
    "//example.com/chat",
    "example.com",
    "ws:",
    "ws://",
    "wss://:80/",
    "ws://example.com:65536/",
    "ws://exa<mple.com/",
    "ws://[::1/",
    undefined,
    null,
  ])("[WHATWG-WS-3.1-03] cannot be %o, which is no absolute URL", (url) => {
    expect(construct(url)).toBe("DOMException SyntaxError");
  });

  it.each([
    "ftp://example.com/",
    "mailto:somebody@example.com",
    "about:blank",
    "data:text/plain,x",
    "javascript:alert(1)",
    "file:///etc/passwd",
    "wsx://example.com/",
  ])("[WHATWG-WS-3.1-05] cannot be %o, whose scheme is another", (url) => {
    expect(construct(url)).toBe("DOMException SyntaxError");
  });

  it.each(["ws://example.com/#fragment", "wss://example.com/#", "http://example.com/?a=b#c"])(
    "[WHATWG-WS-3.1-06] cannot be %o, which has a fragment",
    (url) => {
      expect(construct(url)).toBe("DOMException SyntaxError");
    },
  );

  it("is not shown by an error: it may have a password", () => {
    for (const url of ["ws://name:secret@", "ftp://name:secret@example.com", "ws://name:secret@host/#"]) {
      expect(() => new WebSocket(url)).toThrow(expect.not.stringContaining("secret"));
    }
  });

  it("cannot be a symbol", () => {
    expect(construct(Symbol("url"))).toBe("TypeError");
  });

  it.each([
    ["ws://127.0.0.1:9", "ws://127.0.0.1:9/"],
    ["WS://127.0.0.1:9/PATH", "ws://127.0.0.1:9/PATH"],
    ["http://127.0.0.1:9/", "ws://127.0.0.1:9/"],
    ["https://127.0.0.1:9/", "wss://127.0.0.1:9/"],
    ["  ws://127.0.0.1:9/a/../b c?d=é\n", "ws://127.0.0.1:9/b%20c?d=%C3%A9"],
    ["ws://127.1:9/", "ws://127.0.0.1:9/"],
    ["ws://name:secret@127.0.0.1:9/", "ws://name:secret@127.0.0.1:9/"],
    ["ws://127.0.0.1:9/\ud800", "ws://127.0.0.1:9/%EF%BF%BD"],
    ["ws://127.0.0.1:9/%23", "ws://127.0.0.1:9/%23"],
    ["ws:127.0.0.1:9/x", "ws://127.0.0.1:9/x"],
  ])("[WHATWG-WS-3.1-04] [WHATWG-WS-3.1-10] %o is told as %o", (given, url) => {
    expect(open(given).url).toBe(url);
  });

  it("says no port where it is the scheme's own", () => {
    for (const [given, url] of [
      ["ws://127.0.0.1:80/", "ws://127.0.0.1/"],
      ["https://127.0.0.1:443/", "wss://127.0.0.1/"],
      ["http://127.0.0.1:443/", "ws://127.0.0.1:443/"],
    ] as const) {
      expect(open(given).url).toBe(url);
    }
  });

  it("may be a URL, or whatever becomes one as a string", () => {
    expect(open(new URL(NOWHERE)).url).toBe(NOWHERE);
    expect(open({ toString: () => NOWHERE } as string).url).toBe(NOWHERE);
  });

  it("is no mistake if nobody can connect to it: that connection fails", async () => {
    for (const url of ["ws://127.0.0.1:0/", "ws://a:b%3Ac%@127.0.0.1:9/", "ws://us%3Aer:pass@127.0.0.1:9/"]) {
      expect(await ending(open(url))).toBe('1006 "" not clean');
    }
  });
});

describe("the subprotocols of a WebSocket", () => {
  it.each([
    "",
    " ",
    "a b",
    " a",
    "a,b",
    "a\n",
    "\u0000",
    "\u007f",
    "é",
    "\u20ac",
    "𝒜",
    ...'()<>@,;:\\"/[]?={}\t',
  ])("[WHATWG-WS-3.1-08] cannot be %o, which is no token", (protocol) => {
    expect(construct(NOWHERE, protocol)).toBe("DOMException SyntaxError");
    expect(construct(NOWHERE, ["fine", protocol])).toBe("DOMException SyntaxError");
  });

  it.each([[["a", "a"]], [["a", "b", "a"]], [["null", null]], [new String("aa")]])(
    "[WHATWG-WS-3.1-08] cannot be there twice: %o",
    (protocols) => {
      expect(construct(NOWHERE, protocols)).toBe("DOMException SyntaxError");
    },
  );

  it("are distinguished by case", () => {
    expect(open(NOWHERE, ["chat", "Chat"]).protocol).toBe("");
  });

  it.each([
    [undefined, undefined],
    [[], undefined],
    ["chat", "chat"],
    [["a", "b"], "a, b"],
    [new Set(["a", "b"]), "a, b"],
    [
      (function* () {
        yield "a";
        yield 2;
      })(),
      "a, 2",
    ],
    [new String("ab"), "a, b"],
    [null, "null"],
    [7, "7"],
    [{ toString: () => "own" }, "own"],
    [{ [Symbol.iterator]: null, toString: () => "own" }, "own"],
    ["!#$%&'*+-.^_`|~0aZ", "!#$%&'*+-.^_`|~0aZ"],
  ])("[WHATWG-WS-2.2-05] [WHATWG-WS-3.1-07] given as %o are offered as %o", async (protocols, offered) => {
    const asked: (string | undefined)[] = [];
    const { port } = await hostile(async (wire) => {
      asked.push((await wire.request()).field("sec-websocket-protocol"));
      wire.end();
    });
    await next(open(`ws://127.0.0.1:${port}/`, protocols), "close");
    expect(asked).toEqual([offered]);
  });

  it.each([
    [{}, "DOMException SyntaxError"],
    [{ [Symbol.iterator]: 1 }, "TypeError"],
    [{ [Symbol.iterator]: (): number => 1 }, "TypeError"],
    [Symbol("protocol"), "TypeError"],
    [[Symbol("protocol")], "TypeError"],
  ])("cannot be %o", (protocols, error) => {
    expect(construct(NOWHERE, protocols)).toBe(error);
  });

  it("may throw while they are iterated: then that is thrown", () => {
    function* protocols(): Generator<string> {
      yield "a";
      throw new RangeError("enough");
    }
    expect(construct(NOWHERE, protocols())).toBe("RangeError");
  });

  it("are converted behind the URL, and before either is judged", () => {
    const order: string[] = [];
    const noting = (name: string) => ({ toString: () => String(order.push(name)) });
    expect(construct(noting("url"), [noting("protocol")])).toBe("DOMException SyntaxError");
    expect(order).toEqual(["url", "protocol"]);
    expect(construct("no url", Symbol("protocol"))).toBe("TypeError");
  });
});

describe("the options of a WebSocket", () => {
  it.each([
    [{ handshakeTimeout: -1 }, RangeError, "handshakeTimeout"],
    [{ maxMessageSize: -1 }, RangeError, "maxMessageSize"],
    [{ headers: { "bad name": "x" } }, TypeError, "headers"],
    [{ headers: { Host: "x" } }, TypeError, "headers"],
    [{ compression: "yes" as unknown as boolean }, TypeError, "compression"],
    [{ heartbeat: 1 as unknown as false }, TypeError, "heartbeat"],
    [{ proxy: "gopher://proxy/" }, TypeError, "proxy"],
  ])("%o throws where it is given, by its name", (options, error, name) => {
    expect(() => new WebSocket(NOWHERE, [], options)).toThrow(error);
    expect(() => new WebSocket(NOWHERE, [], options)).toThrow(name);
  });

  it("are looked at when URL and subprotocols are right", () => {
    expect(construct("no url", [], { handshakeTimeout: -1 })).toBe("DOMException SyntaxError");
    expect(construct(NOWHERE, "a b", { handshakeTimeout: -1 })).toBe("DOMException SyntaxError");
  });

  it("limit what a server may send", async () => {
    const server = await started({ open: (peer) => peer.send("x".repeat(101)) });
    const socket = open(`ws://127.0.0.1:${server.port}/`, [], { maxMessageSize: 100 });
    const lines = told(socket);
    expect(await ending(socket)).toBe('1006 "" not clean');
    expect(lines).toEqual(["open in 1", "error in 3", "close in 3"]);
  });

  it("limit it to 1 MiB if they say nothing", async () => {
    const server = await started({
      open: (peer) => void [peer.send("x".repeat(1024 * 1024)), peer.send("x".repeat(1024 * 1024 + 1))],
    });
    const socket = open(`ws://127.0.0.1:${server.port}/`);
    const sizes: number[] = [];
    socket.onmessage = ({ data }) => sizes.push((data as string).length);
    expect(await ending(socket)).toBe('1006 "" not clean');
    expect(sizes).toEqual([1024 * 1024]);
  });
});

describe("the request of a WebSocket", () => {
  async function requestOf(path: string, ...rest: [unknown?, Arguments[2]?]): Promise<string[]> {
    const requests: string[] = [];
    const { port } = await hostile(async (wire) => {
      requests.push((await wire.request()).text.replaceAll(String(wire.socket.localPort), "PORT"));
      wire.end();
    });
    await next(open(`ws://127.0.0.1:${port}${path}`, ...rest), "close");
    return requests[0]!.split("\r\n").filter((line) => !line.startsWith("Sec-WebSocket-Key:"));
  }

  it("[WHATWG-WS-2.1-01] [WHATWG-WS-2.2-04] [WHATWG-WS-2.2-06] asks for the path and the query, offers compression, and has no origin", async () => {
    expect(await requestOf("/chat?room=1")).toEqual([
      "GET /chat?room=1 HTTP/1.1",
      "Host: 127.0.0.1:PORT",
      "Upgrade: websocket",
      "Connection: Upgrade",
      "Sec-WebSocket-Version: 13",
      expect.stringMatching(/^Sec-WebSocket-Extensions: permessage-deflate/),
    ]);
  });

  it("has the header fields and the origin of the options, and no compression if they say so", async () => {
    const options = { headers: { Cookie: "a=b" }, origin: "https://example.com", compression: false };
    expect(await requestOf("/", [], options)).toEqual([
      "GET / HTTP/1.1",
      "Host: 127.0.0.1:PORT",
      "Upgrade: websocket",
      "Connection: Upgrade",
      "Sec-WebSocket-Version: 13",
      "Origin: https://example.com",
      "Cookie: a=b",
    ]);
  });

  it("has header fields also from an iterator, which can be read only once", async () => {
    const headers = new Map([["X-One", "1"]]).entries();
    expect(await requestOf("/", [], { headers })).toContain("X-One: 1");
  });

  it("is not sent for what throws", async () => {
    const { port, wires } = await hostile(() => {});
    expect(construct(`ws://127.0.0.1:${port}/`, "a b")).toBe("DOMException SyntaxError");
    expect(construct(`ws://127.0.0.1:${port}/`, [], { closeTimeout: 0 })).toBe("RangeError");
    await turn();
    expect(wires).toEqual([]);
  });

  const certificate = makeCertificate();

  it.skipIf(certificate === undefined)(
    "goes through TLS for wss, and to nobody without a good name",
    async () => {
      const server = await started({ ...echo, tls: certificate! });
      const url = `wss://localhost:${server.port}/`;
      expect(await ending(open(url))).toBe('1006 "" not clean');
      const socket = open(url, [], { tls: { rejectUnauthorized: false } });
      await next(socket, "open");
      socket.send("safe");
      const { data, origin } = await next(socket, "message");
      expect([data, origin]).toEqual(["safe", `wss://localhost:${server.port}`]);
    },
  );
});

describe("a WebSocket that was just made", () => {
  it("[WHATWG-WS-3.1-01] [WHATWG-WS-3.1-02] [WHATWG-WS-3.1-09] [WHATWG-WS-3.1-11] [WHATWG-WS-3.1-12] is connecting, and has nothing to say", () => {
    const socket = open(NOWHERE);
    expect(socket.readyState).toBe(WebSocket.CONNECTING);
    expect([socket.bufferedAmount, socket.extensions, socket.protocol]).toEqual([0, "", ""]);
    expect(socket.binaryType).toBe("blob");
    expect([socket.onopen, socket.onmessage, socket.onerror, socket.onclose]).toEqual([
      null,
      null,
      null,
      null,
    ]);
  });

  it("has attributes that cannot be set", () => {
    const socket = open(NOWHERE);
    for (const name of ["url", "readyState", "bufferedAmount", "extensions", "protocol"] as const) {
      const before = socket[name];
      expect(Reflect.set(socket, name, "other"), name).toBe(false);
      expect(socket[name]).toBe(before);
    }
  });
});

describe("the interface", () => {
  const constants = { CONNECTING: 0, OPEN: 1, CLOSING: 2, CLOSED: 3 };

  it("is a class, and cannot be called", () => {
    expect([WebSocket.name, WebSocket.length]).toEqual(["WebSocket", 1]);
    expect(() => Reflect.apply(WebSocket, undefined, [NOWHERE])).toThrow(TypeError);
  });

  it("inherits from EventTarget, on both sides", () => {
    expect(Object.getPrototypeOf(WebSocket)).toBe(EventTarget);
    expect(Object.getPrototypeOf(WebSocket.prototype)).toBe(EventTarget.prototype);
    expect(open(NOWHERE)).toBeInstanceOf(EventTarget);
  });

  it("calls its objects by its name", () => {
    expect(String(open(NOWHERE))).toBe("[object WebSocket]");
  });

  it.each(Object.entries(constants))(
    "[WHATWG-WS-3.1-02] has the constant %s = %i, on the class and on objects",
    (name, value) => {
      const constant = { value, writable: false, enumerable: true, configurable: false };
      expect(Object.getOwnPropertyDescriptor(WebSocket, name)).toEqual(constant);
      expect(Object.getOwnPropertyDescriptor(WebSocket.prototype, name)).toEqual(constant);
      const socket = open(NOWHERE);
      expect(Reflect.get(socket, name)).toBe(value);
      expect(Reflect.set(socket, name, 9)).toBe(false);
      expect(Reflect.deleteProperty(WebSocket, name)).toBe(false);
    },
  );

  it("has the members of the standard, all enumerable, and no others", () => {
    expect(Object.keys(WebSocket.prototype).sort()).toEqual(
      [
        ...["url", "readyState", "bufferedAmount", "extensions", "protocol", "binaryType", "send", "close"],
        ...["onopen", "onmessage", "onerror", "onclose"],
        ...Object.keys(constants),
      ].sort(),
    );
    expect(Object.keys(WebSocket).sort()).toEqual(Object.keys(constants).sort());
  });

  it("has nothing of an object's own", () => {
    expect(Reflect.ownKeys(open(NOWHERE)).filter((key) => typeof key === "string")).toEqual([]);
  });

  it("tells how many arguments a method needs", () => {
    expect([WebSocket.prototype.send.length, WebSocket.prototype.close.length]).toEqual([1, 0]);
  });

  it.each([
    "url",
    "readyState",
    "bufferedAmount",
    "extensions",
    "protocol",
    "binaryType",
    "onopen",
    "onclose",
  ])("does not tell the attribute %s of another object", (name) => {
    for (const other of [{}, new EventTarget(), WebSocket.prototype]) {
      expect(thrown(() => Reflect.get(WebSocket.prototype, name, other))).toBe("TypeError");
    }
  });

  it.each([
    ["binaryType", "neither"],
    ["binaryType", "blob"],
    ["onopen", null],
    ["onmessage", () => {}],
    ["onerror", 1],
    ["onclose", {}],
  ])("does not set the attribute %s of another object to %o", (name, value) => {
    expect(thrown(() => Reflect.set(WebSocket.prototype, name, value, {}))).toBe("TypeError");
  });

  it("does not send or close for another object, whatever the arguments", () => {
    const { send, close } = WebSocket.prototype;
    for (const other of [{}, undefined, WebSocket.prototype]) {
      expect(thrown(() => Reflect.apply(send, other, ["x"]))).toBe("TypeError");
      expect(thrown(() => Reflect.apply(send, other, []))).toBe("TypeError");
      expect(thrown(() => Reflect.apply(close, other, [1]))).toBe("TypeError");
    }
  });

  it("can be extended", async () => {
    class Chat extends WebSocket {
      lines: unknown[] = [];
    }
    const chat = new Chat(NOWHERE);
    chat.onclose = ({ code }) => chat.lines.push(code);
    await next(chat, "close");
    expect(chat.lines).toEqual([1006]);
  });

  it("comes with the class of its close events", async () => {
    expect(await next(open(NOWHERE), "close")).toBeInstanceOf(CloseEvent);
  });
});
