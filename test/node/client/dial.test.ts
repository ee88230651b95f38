import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { createServer as createTlsServer, TLSSocket } from "node:tls";
import { afterEach, describe, expect, it } from "vitest";
import { type Attempt, dial, nextOf, type Route, readRefusal } from "../../../src/node/client/dial.ts";
import { readUrl } from "../../../src/node/client/url.ts";
import { Fields } from "../../../src/protocol/fields.ts";
import { makeCertificate } from "../../helpers/certificate.ts";
import { FakeSocket, turn, until } from "../../helpers/fake-socket.ts";
import { bytesOf } from "../../helpers/frames.ts";

const listeners: Server[] = [];
const sockets: Duplex[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const listener of listeners.splice(0)) listener.close();
});

async function listening(server: Server, place: object = { port: 0, host: "127.0.0.1" }): Promise<number> {
  listeners.push(server);
  server.on("connection", (socket: Socket) => {
    sockets.push(socket);
    socket.on("error", () => {});
  });
  server.listen(place);
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

function attempt(signal: AbortSignal = new AbortController().signal): Attempt {
  return { phase: "connect", signal };
}

const direct: Route = { socketPath: undefined, proxy: undefined, tcp: {}, tls: {} };

async function dialled(url: string, route: Partial<Route> = {}, through = attempt()): Promise<Duplex> {
  const stream = await dial(readUrl(url), { ...direct, ...route }, through);
  sockets.push(stream);
  return stream;
}

/** Greets who connects. */
const greeter = (): Server => createServer((socket) => socket.write("welcome"));

async function read(stream: Duplex): Promise<string> {
  stream.resume();
  const [chunk] = (await once(stream, "data")) as [Buffer];
  return chunk.toString();
}

describe("dialling", () => {
  it("[RFC6455-4.1-11] opens a TCP connection, and looks up its host as it is told to", async () => {
    const port = await listening(greeter());
    const asked: string[] = [];
    const lookup = (name: string, _options: unknown, done: (...found: unknown[]) => void): void => {
      asked.push(name);
      done(null, [{ address: "127.0.0.1", family: 4 }]);
    };
    const stream = await dialled(`ws://chat.example:${port}/`, { tcp: { lookup: lookup as never } });
    expect(asked).toEqual(["chat.example"]);
    expect(await read(stream)).toBe("welcome");
  });

  it("opens a Unix socket, whatever the host is called", async () => {
    const folder = mkdtempSync(join(tmpdir(), "framewright-"));
    try {
      const socketPath = join(folder, "socket");
      await listening(greeter(), { path: socketPath });
      expect(await read(await dialled("ws://anything/", { socketPath }))).toBe("welcome");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("says why there is no connection", async () => {
    await expect(dialled("ws://127.0.0.1:1/")).rejects.toMatchObject({
      phase: "connect",
      rule: "network",
      message: expect.stringContaining("ECONNREFUSED"),
      cause: { code: "ECONNREFUSED" },
    });
    const lookup = (_name: string, _options: unknown, done: (...found: unknown[]) => void): void => {
      done(null, [
        { address: "127.0.0.1", family: 4 },
        { address: "::1", family: 6 },
      ]);
    };
    await expect(dialled("ws://both.example:1/", { tcp: { lookup: lookup as never } })).rejects.toMatchObject(
      {
        rule: "network",
        message: expect.stringContaining("ECONN"),
      },
    );
  });

  it("gives up when it is told to", async () => {
    const port = await listening(createServer());
    const reason = new Error("changed my mind");
    const given = attempt(AbortSignal.abort(reason));
    await expect(dialled(`ws://127.0.0.1:${port}/`, {}, given)).rejects.toBe(reason);
  });
});

const certificate = makeCertificate();

describe.skipIf(certificate === undefined)("dialling with TLS", () => {
  const secure = () => createTlsServer({ ...certificate }, (socket) => socket.write("welcome"));

  it("checks the certificate, and encrypts", async () => {
    const port = await listening(secure());
    const tls = { ca: certificate!.cert };
    const stream = await dialled(`wss://localhost:${port}/`, { tls, tcp: { family: 4 } });
    expect(stream).toBeInstanceOf(TLSSocket);
    expect(await read(stream)).toBe("welcome");
    expect(await read(await dialled(`wss://127.0.0.1:${port}/`, { tls }))).toBe("welcome");
  });

  it("tells the server which of its names is meant", async () => {
    const names: (string | false | null)[] = [];
    const server = createTlsServer({ ...certificate }, (socket) => names.push(socket.servername));
    const port = await listening(server);
    for (const host of ["localhost", "localhost.", "127.0.0.1"]) {
      const lookup = (_name: string, _options: unknown, done: (...found: unknown[]) => void): void => {
        done(null, [{ address: "127.0.0.1", family: 4 }]);
      };
      const tls = { ca: certificate!.cert };
      await dialled(`wss://${host}:${port}/`, { tls, tcp: { lookup: lookup as never } });
    }
    await until(() => names.length === 3, "all had said so");
    expect(names).toEqual(["localhost", "localhost", false]);
  });

  it("refuses a certificate that nobody vouches for, and one for another name", async () => {
    const port = await listening(secure());
    await expect(dialled(`wss://127.0.0.1:${port}/`)).rejects.toMatchObject({
      phase: "tls",
      rule: "tls",
      cause: { code: "DEPTH_ZERO_SELF_SIGNED_CERT" },
    });
    const tls = { ca: certificate!.cert, servername: "example.com" };
    await expect(dialled(`wss://127.0.0.1:${port}/`, { tls })).rejects.toMatchObject({
      rule: "tls",
      cause: { code: "ERR_TLS_CERT_ALTNAME_INVALID" },
    });
    const anyway = await dialled(`wss://127.0.0.1:${port}/`, { tls: { rejectUnauthorized: false } });
    expect(await read(anyway)).toBe("welcome");
  });

  it("says so where the other end does not speak TLS", async () => {
    const port = await listening(createServer((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")));
    await expect(dialled(`wss://127.0.0.1:${port}/`)).rejects.toMatchObject({ phase: "tls", rule: "tls" });
  });

  it("leaves no connection behind where an option cannot be", async () => {
    const server = createServer();
    const port = await listening(server);
    const connected = once(server, "connection") as Promise<[Socket]>;
    const tls = { checkServerIdentity: "no function" as never };
    await expect(dialled(`wss://127.0.0.1:${port}/`, { tls })).rejects.toThrow();
    const [socket] = await connected;
    socket.resume();
    await once(socket, "close");
  });

  it("goes through a tunnel that begins at a proxy with TLS", async () => {
    const end = await listening(greeter());
    const proxy = createTlsServer({ ...certificate }, (socket) => tunnelTo(end, socket));
    const url = readUrl(`https://localhost:${await listening(proxy)}`);
    const tls = { ca: certificate!.cert };
    const tunnel = { url, fields: new Fields(), tls };
    expect(await read(await dialled("ws://far.example/", { proxy: tunnel, tcp: { family: 4 } }))).toBe(
      "welcome",
    );
  });

  it("speaks TLS with the server, and not with the proxy, through a tunnel", async () => {
    const end = await listening(secure());
    const proxy = createServer((socket) => tunnelTo(end, socket));
    const tunnel = {
      url: readUrl(`http://127.0.0.1:${await listening(proxy)}`),
      fields: new Fields(),
      tls: {},
    };
    const stream = await dialled("wss://localhost/", { proxy: tunnel, tls: { ca: certificate!.cert } });
    expect(await read(stream)).toBe("welcome");
  });
});

/** A proxy, as far as these tests need one. Returns what it was asked. */
function tunnelTo(port: number, socket: Socket): void {
  socket.once("data", () => {
    const onward = new (
      socket.constructor === TLSSocket ? Object.getPrototypeOf(TLSSocket) : socket.constructor
    )();
    onward.connect(port, "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
      socket.pipe(onward).pipe(socket);
    });
    onward.on("error", () => {});
    sockets.push(onward);
  });
}

describe("a proxy", () => {
  async function asked(answer: string, url = "ws://far.example/chat", fields = new Fields(), user = "") {
    let request = "";
    const proxy = createServer((socket) => {
      socket.once("data", (chunk) => {
        request = chunk.toString();
        socket.end(answer);
      });
    });
    const proxyUrl = readUrl(`http://${user}127.0.0.1:${await listening(proxy)}`);
    const { stream, error } = await dialled(url, { proxy: { url: proxyUrl, fields, tls: {} } }).then(
      (stream) => ({ stream, error: undefined }),
      (error: unknown) => ({ stream: undefined, error }),
    );
    return { request, stream, error };
  }

  const OPEN = "HTTP/1.1 200 OK\r\n\r\n";

  it("is asked for a tunnel to the host, with its port", async () => {
    expect((await asked(OPEN)).request).toBe(
      "CONNECT far.example:80 HTTP/1.1\r\nHost: far.example:80\r\n\r\n",
    );
    expect((await asked(OPEN, "ws://[::1]:8080/")).request).toContain("CONNECT [::1]:8080 HTTP/1.1\r\n");
  });

  it("is shown credentials: those of its URL, or those of the header fields", async () => {
    const authorization = "Proxy-Authorization: Basic YW5uOnNlY3JldA==\r\n";
    expect((await asked(OPEN, undefined, undefined, "ann:secret@")).request).toContain(authorization);
    const fields = new Fields([["Proxy-Authorization", "Bearer x"]]);
    const { request } = await asked(OPEN, undefined, fields, "ann:secret@");
    expect(request).toContain("Proxy-Authorization: Bearer x\r\n");
    expect(request).not.toContain("Basic");
  });

  it("loses nothing of what comes behind its answer", async () => {
    const { stream } = await asked(`${OPEN}already`);
    expect(await read(stream!)).toBe("already");
  });

  it("is quoted when it refuses, with the body of its answer", async () => {
    const answer = "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 5\r\n\r\nwho?!";
    expect((await asked(answer)).error).toMatchObject({
      phase: "proxy",
      rule: "proxy-refused",
      message: 'The proxy opened no tunnel. 407 "Proxy Authentication Required"',
      response: { status: 407, body: "who?!" },
    });
  });

  it("is caught when it does not speak HTTP, or says nothing at all", async () => {
    expect((await asked("garbage\r\n\r\n")).error).toMatchObject({
      phase: "proxy",
      rule: "malformed-status-line",
    });
    expect((await asked("")).error).toMatchObject({ phase: "proxy", rule: "ended" });
  });
});

describe("a step", () => {
  it("waits until something comes of what arrives, and leaves the rest to the next", async () => {
    const stream = new FakeSocket();
    let heard = "";
    const word = (): Promise<string> =>
      nextOf(
        stream,
        attempt(),
        "data",
        (chunk) => {
          heard += Buffer.from(chunk).toString();
          if (!heard.endsWith(".")) return undefined;
          const said = heard;
          heard = "";
          return said;
        },
        () => new Error("over"),
      );
    const first = word();
    stream.arrive(bytesOf("wai"));
    stream.arrive(bytesOf("t."));
    stream.arrive(bytesOf("next."));
    expect(await first).toBe("wait.");
    expect(await word()).toBe("next.");
    expect(stream.listenerCount("data")).toBe(0);
  });

  it("fails when the stream ends, and when whoever takes throws: the stream is not left open", async () => {
    const ended = new FakeSocket();
    const over = nextOf(
      ended,
      attempt(),
      "data",
      () => undefined,
      () => new Error("over"),
    );
    ended.push(null);
    await expect(over).rejects.toThrow("over");
    const broken = new FakeSocket();
    const thrown = nextOf(
      broken,
      attempt(),
      "data",
      () => {
        throw new Error("no");
      },
      () => new Error("over"),
    );
    broken.arrive(bytesOf("x"));
    await expect(thrown).rejects.toThrow("no");
    expect([ended.destroyed, broken.destroyed]).toEqual([true, true]);
  });

  it("ends with the attempt", async () => {
    const given = new AbortController();
    const stream = new FakeSocket();
    const waiting = nextOf(
      stream,
      { signal: given.signal },
      "data",
      () => undefined,
      () => new Error("over"),
    );
    given.abort(new Error("enough"));
    await expect(waiting).rejects.toThrow("enough");
    expect(stream.destroyed).toBe(true);
  });
});

describe("the body of a refusal", () => {
  const head = { status: 403, fields: new Fields() };
  const none = new Uint8Array();

  it("is what came with the head, and what follows until the connection ends", async () => {
    const stream = new FakeSocket();
    const reading = readRefusal(stream, head, bytesOf("go "), attempt().signal);
    stream.arrive(bytesOf("away"));
    await turn();
    stream.push(null);
    expect(await reading).toEqual({ ...head, body: "go away" });
    expect(stream.destroyed).toBe(true);
  });

  it("is what has come when the attempt has taken too long", async () => {
    const given = new AbortController();
    const reading = readRefusal(new FakeSocket(), head, bytesOf("sl"), given.signal);
    given.abort();
    expect((await reading).body).toBe("sl");
  });

  it("is not read on beyond 16 KiB, nor when it is complete", async () => {
    const endless = readRefusal(new FakeSocket(), head, new Uint8Array(20_000).fill(97), attempt().signal);
    expect((await endless).body).toBe("a".repeat(16 * 1024));
    const fields = new Fields([["Content-Length", "0"]]);
    const empty = await readRefusal(new FakeSocket(), { status: 403, fields }, none, attempt().signal);
    expect(empty.body).toBe("");
  });
});
