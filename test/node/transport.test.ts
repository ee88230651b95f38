import { beforeEach, describe, expect, it } from "vitest";
import { Pause, plain, Transport } from "../../src/node/transport.ts";
import { FakeSocket, turn } from "../helpers/fake-socket.ts";
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

it("plain bytes are a view of the same memory", () => {
  const buffer = Buffer.from("abcd").subarray(1, 3);
  const bytes = plain(buffer);
  expect(bytes.constructor).toBe(Uint8Array);
  expect([bytes.buffer, bytes.byteOffset, bytes.length]).toEqual([buffer.buffer, buffer.byteOffset, 2]);
});
