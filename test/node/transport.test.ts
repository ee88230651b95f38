import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Pause, plain, Transport } from "../../src/node/transport.ts";
import { FakeSocket, turn, until } from "../helpers/fake-socket.ts";
import { bytesOf } from "../helpers/frames.ts";

let socket: FakeSocket;
let transport: Transport;
let story: string[];

beforeEach(() => {
  socket = new FakeSocket();
  transport = new Transport(socket);
  const told: string[] = [];
  transport.listen({
    receive: (chunk) => told.push(`received ${new TextDecoder().decode(chunk)}`),
    drain: () => told.push("drained"),
    transportEnded: () => told.push("ended"),
  });
  story = told;
});

describe("a transport", () => {
  it("shares its functions with all others", () => {
    const other = new FakeSocket();
    new Transport(other).listen({ receive() {}, drain() {}, transportEnded() {} });
    for (const event of ["data", "drain", "error"]) {
      expect(other.listeners(event)).toEqual(socket.listeners(event));
    }
  });

  it("tells of the end, and of what it was", async () => {
    socket.arrive(bytesOf("a"));
    socket.hangUp();
    await turn();
    expect(story.slice(0, 2)).toEqual(["received a", "ended"]);
    const reset = new Error("ECONNRESET");
    story.length = 0;
    const other = new FakeSocket();
    new Transport(other).listen({
      receive() {},
      drain() {},
      transportEnded: (error) => story.push(error?.message ?? "ended"),
    });
    other.destroy(reset);
    await turn();
    expect(story).toEqual(["ECONNRESET", "ended"]);
  });

  it("writes at once what comes alone, and together what comes with more", () => {
    transport.write(bytesOf("a"), false);
    expect(socket.calls).toHaveLength(1);
    transport.write(bytesOf("b"), true);
    transport.write(bytesOf("c"), true);
    expect(socket.calls).toHaveLength(1);
    transport.write(bytesOf("d"), false);
    expect(socket.calls.map((bytes) => new TextDecoder().decode(bytes))).toEqual(["a", "bcd"]);
    transport.write(bytesOf("e"), false);
    expect(socket.calls).toHaveLength(3);
  });

  it("knows what waits, and tells when it has left", async () => {
    socket.stuck = true;
    transport.write(new Uint8Array(10_000), false);
    expect([transport.waiting, transport.needsDrain]).toEqual([10_000, false]);
    transport.write(new Uint8Array(10_000), false);
    expect([transport.waiting, transport.needsDrain]).toEqual([20_000, true]);
    socket.release();
    await turn();
    expect([transport.waiting, transport.needsDrain]).toEqual([0, false]);
    expect(story).toEqual(["drained"]);
  });

  it("ends after what was written, and is destroyed at once", async () => {
    transport.write(bytesOf("last"), false);
    transport.end();
    await turn();
    expect([socket.writableFinished, socket.text]).toEqual([true, "last"]);
    transport.destroy();
    expect(socket.destroyed).toBe(true);
  });

  it("reads only when there is no reason left not to", async () => {
    transport.pause(Pause.Application);
    transport.pause(Pause.Backpressure);
    socket.arrive(bytesOf("a"));
    await turn();
    expect([transport.isPaused(Pause.Application), transport.isPaused(Pause.Backpressure)]).toEqual([
      true,
      true,
    ]);
    transport.resume(Pause.Backpressure);
    transport.resume();
    await turn();
    expect([transport.isPaused(Pause.Backpressure), story]).toEqual([false, []]);
    transport.resume(Pause.Application);
    await turn();
    expect(story).toEqual(["received a"]);
  });
});

describe("on a socket", () => {
  let here: Socket;
  let there: Socket;
  let heard: string;
  let onSocket: Transport;

  beforeEach(async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    there = connect((server.address() as AddressInfo).port, "127.0.0.1");
    [here] = (await once(server, "connection")) as [Socket];
    server.close();
    heard = "";
    onSocket = new Transport(here);
    onSocket.listen({
      receive: (chunk) => {
        heard += new TextDecoder().decode(chunk);
      },
      drain() {},
      transportEnded: () => {
        heard += ".";
      },
    });
  });

  afterEach(() => {
    here.destroy();
    there.destroy();
  });

  const hears = (text: string): Promise<void> => until(() => heard === text, `"${text}" is heard`);

  it("tells what was read before the stream's listeners could", async () => {
    let emitted = 0;
    here.on("data", () => emitted++);
    there.write("a");
    await hears("a");
    there.write("b");
    await hears("ab");
    expect(emitted).toBe(0);
  });

  it("keeps the order where reading was paused meanwhile, and tells of the end behind everything", async () => {
    there.write("a");
    await hears("a");
    onSocket.pause(Pause.Application);
    there.write("b");
    await until(() => here.readableLength === 1, "the byte has arrived");
    there.write("c");
    await until(() => here.readableLength === 2, "the next one has arrived");
    onSocket.resume(Pause.Application);
    // What arrives before the stream has begun to flow again comes behind what waits in it.
    here.push(Buffer.from("d"));
    expect(heard).toBe("a");
    await hears("abcd");
    there.end("e");
    await until(() => heard.startsWith("abcde."), "the end is told");
  });

  it("stops the socket when more waits than a stream will hold, and starts it again", async () => {
    onSocket.pause(Pause.Application);
    const text = "0123456789".repeat(100_000);
    there.write(text);
    await until(() => here.readableLength >= here.readableHighWaterMark, "the stream is full");
    await turn();
    expect(here.readableLength).toBeLessThan(text.length);
    onSocket.resume(Pause.Application);
    await until(() => heard.length === text.length, "all of it has come");
    expect(heard).toBe(text);
  });

  it("leaves it as it was to who takes it over", async () => {
    const own = here.push;
    expect(onSocket.release()).toBe(here);
    expect(here.push).not.toBe(own);
    expect(Object.hasOwn(here, "push")).toBe(false);
    here.on("data", (chunk) => {
      heard += `(${chunk})`;
    });
    there.write("a");
    await hears("(a)");
  });

  it("does not take the place of somebody else's `push`", () => {
    const theirs = (): boolean => true;
    there.push = theirs;
    new Transport(there).listen({ receive() {}, drain() {}, transportEnded() {} });
    expect(there.push).toBe(theirs);
  });
});

it("plain bytes are a view of the same memory", () => {
  const buffer = Buffer.from("abcd").subarray(1, 3);
  const bytes = plain(buffer);
  expect(bytes.constructor).toBe(Uint8Array);
  expect([bytes.buffer, bytes.byteOffset, bytes.length]).toEqual([buffer.buffer, buffer.byteOffset, 2]);
});
