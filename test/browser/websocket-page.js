/**
 * What a page can see of a WebSocket, written down: the same scenarios for a browser's class and for ours.
 *
 * `run` is given a class, where the server is, and returns what it saw, line by line. It is the code of a page: nothing
 * in it knows where it runs. What the server sees is compared, too: see websocket.ts.
 *
 * Left out, because Chromium or Node is not as the standard says, or the standard leaves it open:
 * - A connection that is lost without a Close frame: RFC 6455 §7.2.1 has it failed, so there is an error event in our
 *   class; Chromium fires only close.
 * - A close code that is no integer: Web IDL's [Clamp] rounds it, Chromium cuts it off.
 * - A host with a space in it, which Chromium takes for one.
 * - Frames in front of one with an impossible length: Chromium drops them with it, if they came along.
 * - What Node's EventTarget knows: `currentTarget` and `eventPhase` are gone after an event's first listener, no event
 *   is `isTrusted`, and a message event calls itself an Event.
 * - The parameters of permessage-deflate: each client offers its own.
 */

/** @param {{ WebSocket: typeof globalThis.WebSocket, url: string, violating: string }} place */
export async function run({ WebSocket, url, violating }) {
  const log = [];
  const place = { WebSocket, url, violating };
  for (const [title, scenario] of Object.entries(scenarios)) {
    const say = (...words) => log.push(`${title}: ${words.map(show).join(" ")}`);
    await within(
      5000,
      title,
      scenario({ ...place, say, open: (path, ...rest) => openTo(place, path, say, rest) }),
    );
  }
  return log;
}

// --- What scenarios are told with -------------------------------------------------------------------------------

/** A WebSocket whose events are all told, with the `readyState` that they find. */
function openTo({ WebSocket, url }, path, say, rest) {
  const socket = new WebSocket(url + path, ...rest);
  for (const type of ["open", "message", "error", "close"]) {
    socket.addEventListener(type, (event) => say(type, socket.readyState, ...detailsOf(event)));
  }
  return socket;
}

function detailsOf(event) {
  if (event.type === "close") return [event.wasClean, event.code, event.reason];
  return event.type === "message" ? [event.data] : [];
}

function show(value) {
  if (value instanceof ArrayBuffer) return `ArrayBuffer(${new Uint8Array(value)})`;
  if (value instanceof Blob) return `Blob(${value.size},${value.type})`;
  if (typeof value === "string") return JSON.stringify(value);
  return String(value);
}

function next(socket, type) {
  return new Promise((resolve) => socket.addEventListener(type, resolve, { once: true }));
}

function task() {
  return new Promise((resolve) => setTimeout(resolve));
}

async function within(ms, title, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${title} does not end`)), ms);
  });
  try {
    await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The name of what it throws. */
function thrown(action) {
  try {
    action();
    return "nothing";
  } catch (error) {
    return error.name;
  }
}

// --- The scenarios ----------------------------------------------------------------------------------------------

const scenarios = {
  async "a new socket"({ WebSocket, url, open, say }) {
    const socket = open("/echo?a=b%20c");
    say(socket.url === `${url}/echo?a=b%20c`, socket.readyState, socket.bufferedAmount);
    say(socket.extensions, socket.protocol, socket.binaryType);
    say(socket.onopen, socket.onmessage, socket.onerror, socket.onclose);
    say(socket instanceof WebSocket, socket instanceof EventTarget, String(socket));
    await next(socket, "open");
    socket.close(1000);
    await next(socket, "close");
  },

  "the constructor's mistakes": async ({ WebSocket, url, say }) => {
    const attempts = [
      [],
      ["ws://"],
      ["ftp://localhost/"],
      ["mailto:somebody@example.com"],
      ["ws://localhost/#fragment"],
      ["ws://localhost/#"],
      ["ws://local<host/"],
      [Symbol("url")],
      [url, ""],
      [url, "a b"],
      [url, "a,b"],
      [url, "é"],
      [url, "a\nb"],
      [url, ["a", "a"]],
      [url, ["a", ""]],
      [url, [Symbol("protocol")]],
      [url, { [Symbol.iterator]: 1 }],
      [url, {}],
    ];
    for (const args of attempts) say(thrown(() => new WebSocket(...args)));
    say(thrown(() => WebSocket(url)));
  },

  async "http means ws"({ WebSocket, url, say }) {
    const socket = new WebSocket(`${url.replace("ws:", "http:")}/echo`);
    say(socket.url === `${url}/echo`);
    await next(socket, "open");
    socket.close(1000);
    await next(socket, "close");
  },

  async "a connection"({ open, say }) {
    const socket = open("/echo", ["first", "chat"]);
    await next(socket, "open");
    say(socket.protocol, socket.extensions.split(";")[0]);
    socket.close(1000);
    say(socket.readyState);
    await next(socket, "close");
    say(socket.protocol, socket.extensions.split(";")[0]);
  },

  async texts({ open }) {
    const socket = open("/echo");
    await next(socket, "open");
    const texts = [
      "",
      "a",
      "Grüße",
      "𝒜 𐐷",
      "\u0000\ufeff",
      "\ud800",
      "a\udc00b",
      "\udc00\ud800",
      "x".repeat(300),
    ];
    for (const text of texts) {
      socket.send(text);
      await next(socket, "message");
    }
    socket.close(1000);
    await next(socket, "close");
  },

  async bytes({ open, say }) {
    const socket = open("/echo");
    await next(socket, "open");
    const buffer = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8).buffer;
    const pieces = [
      buffer,
      new Uint8Array(buffer, 2, 3),
      new DataView(buffer, 7),
      new Float64Array(buffer),
      new Uint16Array(0),
    ];
    for (const binaryType of ["blob", "arraybuffer"]) {
      socket.binaryType = binaryType;
      for (const piece of [...pieces, new Blob([buffer, "text"])]) {
        socket.send(piece);
        const { data } = await next(socket, "message");
        if (data instanceof Blob) say(await data.arrayBuffer());
      }
    }
    socket.close(1000);
    await next(socket, "close");
  },

  async "what is sent is what it was"({ open }) {
    const socket = open("/echo");
    socket.binaryType = "arraybuffer";
    await next(socket, "open");
    const bytes = new Uint8Array(3);
    for (let value = 1; value <= 3; value++) {
      bytes.fill(value);
      socket.send(bytes);
      if (value === 1) socket.send(new Blob(["blob"]));
    }
    bytes.fill(9);
    socket.close(1000);
    await next(socket, "close");
  },

  async "blobs in order"({ open, say }) {
    const socket = open("/keep");
    await next(socket, "open");
    socket.send("a");
    socket.send(new Blob(["bb"]));
    socket.send("ccc");
    socket.send(new Blob(["dddd", new Uint8Array(70000)]));
    socket.send(new Blob([]));
    socket.send(Uint8Array.of(5));
    say(socket.bufferedAmount);
    socket.close(4000, "after all");
    socket.send("too late");
    say(socket.bufferedAmount);
    await next(socket, "close");
    say(socket.bufferedAmount);
  },

  async "what is sent that is no message"({ open, say }) {
    const socket = open("/echo");
    await next(socket, "open");
    for (const value of [
      null,
      undefined,
      42,
      true,
      {},
      [1, 2],
      new String("object"),
      { toString: () => "own" },
    ]) {
      socket.send(value);
      await next(socket, "message");
    }
    say(
      thrown(() => socket.send()),
      thrown(() => socket.send(Symbol("message"))),
    );
    say(thrown(() => socket.send(new ArrayBuffer(2, { maxByteLength: 4 }))));
    say(thrown(() => socket.send(new Uint8Array(new ArrayBuffer(2, { maxByteLength: 4 })))));
    socket.close(1000);
    await next(socket, "close");
  },

  async "the binary type"({ open, say }) {
    const socket = open("/echo");
    const types = [
      "arraybuffer",
      "blob",
      "arraybuffer",
      "nodebuffer",
      "",
      "Blob",
      null,
      undefined,
      { toString: () => "blob" },
    ];
    for (const type of types) {
      socket.binaryType = type;
      say(socket.binaryType);
    }
    say(thrown(() => (socket.binaryType = Symbol("type"))));
    await next(socket, "open");
    socket.close(1000);
    await next(socket, "close");
    socket.binaryType = "arraybuffer";
    say(socket.binaryType);
  },

  async "close without arguments"({ open, say }) {
    const socket = open("/echo");
    await next(socket, "open");
    say(socket.close(), socket.readyState);
    await next(socket, "close");
  },

  async "close with a code"({ open }) {
    for (const code of [1000, 3000, 4999, "3001", 3000.4, 1000.5, undefined]) {
      const socket = open("/echo");
      await next(socket, "open");
      socket.close(code);
      await next(socket, "close");
    }
  },

  async "close with a reason"({ open }) {
    for (const reason of ["", "Grüße", "x".repeat(123), "\ud800", null, undefined]) {
      const socket = open("/echo");
      await next(socket, "open");
      socket.close(4000, reason);
      await next(socket, "close");
    }
  },

  async "close with what cannot be"({ open, say }) {
    const socket = open("/echo");
    for (const state of ["connecting", "open", "closing", "closed"]) {
      if (state === "open") await next(socket, "open");
      if (state === "closing") socket.close(1000);
      if (state === "closed") await next(socket, "close");
      for (const code of [0, 999, 1001, 1005, 1006, 2999, 5000, 65536 + 1000, -1, null, "x", NaN, Infinity]) {
        say(
          code,
          thrown(() => socket.close(code)),
        );
      }
      say(
        thrown(() => socket.close(1000, "x".repeat(124))),
        thrown(() => socket.close(1000, "ü".repeat(62))),
      );
      say(
        thrown(() => socket.close(Symbol("code"))),
        thrown(() => socket.close(1000, Symbol("reason"))),
      );
      say(
        thrown(() => socket.close(1n)),
        thrown(() => socket.close(999, "x".repeat(124))),
      );
    }
  },

  async "close while it connects"({ open, say }) {
    const socket = open("/leave");
    socket.close(4000, "never mind");
    say(socket.readyState, socket.protocol);
    await next(socket, "close");
    say(socket.readyState, socket.extensions);
  },

  async "close again"({ open, say }) {
    const socket = open("/echo");
    await next(socket, "open");
    socket.close(4000, "first");
    say(socket.close(4001, "second"), socket.readyState);
    await next(socket, "close");
    say(socket.close(), socket.readyState);
  },

  async "send too early"({ open, say }) {
    const socket = open("/echo");
    say(
      thrown(() => socket.send("early")),
      thrown(() => socket.send(new Blob(["early"]))),
      socket.bufferedAmount,
    );
    say(thrown(() => socket.send()));
    await next(socket, "open");
    socket.close(1000);
    await next(socket, "close");
  },

  async "send too late"({ open, say }) {
    const socket = open("/echo");
    await next(socket, "open");
    socket.close(1000);
    for (const data of ["four", "ü\ud800", new Blob(["blob"]), new ArrayBuffer(3), new Uint16Array(2)]) {
      socket.send(data);
      say(socket.bufferedAmount);
    }
    await next(socket, "close");
    say(socket.bufferedAmount);
    socket.send("more");
    await task();
    say(socket.bufferedAmount);
  },

  async "the buffered amount"({ open, say }) {
    const socket = open("/keep");
    await next(socket, "open");
    for (const data of [
      "four",
      "ü",
      "\ud800",
      new ArrayBuffer(7),
      new Uint8Array(9).subarray(4),
      new Blob(["blob"]),
    ]) {
      socket.send(data);
      say(socket.bufferedAmount);
    }
    await null;
    say(socket.bufferedAmount);
    while (socket.bufferedAmount > 0) await task();
    socket.send(new Uint8Array(300_000));
    say(socket.bufferedAmount);
    await Promise.resolve().then(() => {});
    say(socket.bufferedAmount);
    while (socket.bufferedAmount > 0) await task();
    socket.close(1000);
    await next(socket, "close");
    say(socket.bufferedAmount);
  },

  async "the server closes"({ open }) {
    for (const query of [
      "?code=1000&reason=bye",
      "?code=1001",
      "?code=4321&reason=Grüße",
      "?code=1011",
      "",
    ]) {
      await next(open(`/close${query}`), "close");
    }
  },

  async "the server closes behind its messages"({ open, say }) {
    const socket = open("/burst?count=5&close");
    await next(socket, "close");
    say(socket.readyState);
  },

  async "promises between messages"({ open, say }) {
    const socket = open("/burst?count=4");
    for (let count = 0; count < 4; count++) {
      const { data } = await new Promise((resolve) => (socket.onmessage = resolve));
      await null;
      await (async () => {})();
      say("took", data);
    }
    socket.close(1000);
    await new Promise((resolve) => (socket.onclose = resolve));
  },

  async "promises between error and close"({ open, say }) {
    const socket = open("/refuse");
    await new Promise((resolve) => (socket.onerror = resolve));
    say(socket.readyState);
    await new Promise((resolve) => (socket.onclose = resolve));
  },

  async "close between messages"({ open, say }) {
    const socket = open("/burst?count=5");
    let count = 0;
    socket.onmessage = () => {
      if (++count === 2) socket.close(1000);
    };
    await next(socket, "close");
    say(count);
  },

  async "the binary type between messages"({ open }) {
    const socket = open("/burst?count=4&binary");
    socket.onmessage = () => {
      socket.binaryType = socket.binaryType === "blob" ? "arraybuffer" : "blob";
    };
    await next(socket, "open");
    socket.send("ready");
    await next(socket, "close");
  },

  async "the server refuses"({ open, say }) {
    const socket = open("/refuse");
    await next(socket, "close");
    say(socket.protocol, socket.extensions);
  },

  async "the server chooses no subprotocol"({ open, say }) {
    const socket = open("/leave", "unknown");
    await next(socket, "close");
    say(socket.protocol);
  },

  async "the server redirects"({ open }) {
    await next(open("/redirect"), "close");
  },

  async "there is no server"({ WebSocket, say }) {
    const socket = new WebSocket("ws://127.0.0.1:9/");
    socket.onerror = () => say("error", socket.readyState);
    const { wasClean, code, reason } = await next(socket, "close");
    say(wasClean, code, reason);
  },

  async "the server breaks a rule"({ WebSocket, violating, say }) {
    for (const rule of ["masked", "reserved-bit", "opcode", "utf-8", "close-code", "continuation"]) {
      const socket = new WebSocket(`${violating}/${rule}`);
      socket.onerror = () => say(rule, "error", socket.readyState);
      socket.onmessage = ({ data }) => say(rule, "message", data);
      const { wasClean, code, reason } = await next(socket, "close");
      say(rule, wasClean, code, reason);
    }
  },

  async handlers({ open, say }) {
    const socket = open("/echo");
    const object = { handleEvent: () => say("never") };
    for (const value of [() => {}, object, null, "text", 1, undefined, Symbol("handler")]) {
      socket.onopen = value;
      say(socket.onopen === value, socket.onopen === null);
    }
    socket.addEventListener("open", () => say("a listener"));
    socket.onopen = () => say("never");
    socket.addEventListener("open", () => say("another listener"));
    socket.onopen = function (event) {
      say("the handler", this === socket, event.target === socket);
    };
    await next(socket, "open");
    socket.onmessage = object;
    socket.onclose = () => say("forgotten");
    socket.addEventListener("close", () => say("a listener"));
    socket.onclose = null;
    socket.onclose = () => say("behind the listener");
    socket.send("to an object that cannot be called");
    await next(socket, "message");
    socket.close(1000);
    await next(socket, "close");
  },

  async "the events themselves"({ url, open, say }) {
    const socket = open("/echo");
    const looks = (event) => say(event.type, event.bubbles, event.cancelable, event.composed);
    looks(await next(socket, "open"));
    socket.send("x");
    const message = await next(socket, "message");
    looks(message);
    say(message.origin === url, message.lastEventId, message.source, message.ports.length);
    socket.close(1000);
    looks(await next(socket, "close"));
    looks(await next(open("/refuse"), "error"));
  },

  async "own events"({ open, say }) {
    const socket = open("/echo");
    socket.onmessage = () => false;
    say(socket.dispatchEvent(new Event("message", { cancelable: true })));
    socket.onmessage = () => undefined;
    say(socket.dispatchEvent(new Event("message", { cancelable: true })));
    await next(socket, "open");
    socket.close(1000);
    await next(socket, "close");
  },

  async "the interface"({ WebSocket, say }) {
    say(WebSocket.name, WebSocket.length, Object.keys(WebSocket).sort().join());
    const { prototype } = WebSocket;
    const keys = [];
    for (const key in prototype) keys.push(key);
    say(
      keys
        .filter((key) => !(key in EventTarget.prototype))
        .sort()
        .join(),
    );
    for (const holder of [WebSocket, prototype]) {
      for (const name of ["CONNECTING", "OPEN", "CLOSING", "CLOSED"]) {
        say(name, JSON.stringify(Object.getOwnPropertyDescriptor(holder, name)));
      }
    }
    for (const name of Object.getOwnPropertyNames(prototype).sort()) {
      const { get, set, value, enumerable, configurable, writable } = Object.getOwnPropertyDescriptor(
        prototype,
        name,
      );
      const functions = [get, set, value].map((made) =>
        typeof made === "function" ? made.length : typeof made,
      );
      say(name, ...functions, enumerable, configurable, writable);
    }
    say(JSON.stringify(Object.getOwnPropertyDescriptor(prototype, Symbol.toStringTag)));
    say(
      Object.getPrototypeOf(WebSocket) === EventTarget,
      Object.getPrototypeOf(prototype) === EventTarget.prototype,
    );
  },

  async "foreign objects"({ WebSocket, say }) {
    const { prototype } = WebSocket;
    for (const name of [
      "url",
      "readyState",
      "bufferedAmount",
      "extensions",
      "protocol",
      "binaryType",
      "onopen",
    ]) {
      say(
        name,
        thrown(() => prototype[name]),
      );
    }
    say(
      thrown(() => prototype.send.call({}, "x")),
      thrown(() => prototype.close.call({}, 1)),
    );
    say(thrown(() => Object.assign(Object.create(prototype), { binaryType: "neither" })));
    say(thrown(() => Object.assign(Object.create(prototype), { onopen: null })));
  },
};
