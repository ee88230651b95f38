import { describe, expect, it } from "vitest";
import { greet } from "../../../src/node/client/greeting.ts";
import { acceptValue } from "../../../src/protocol/accept.ts";
import { ClientHandshake } from "../../../src/protocol/client-handshake.ts";
import { FakeSocket, turn } from "../../helpers/fake-socket.ts";
import { bytesOf } from "../../helpers/frames.ts";
import { KEY, lines } from "../../helpers/handshakes.ts";

const random = (bytes: Uint8Array): void => void bytes.set(Buffer.from(KEY, "base64"));
const accepting = lines(
  "HTTP/1.1 101 Switching Protocols",
  "Upgrade: websocket",
  "Connection: Upgrade",
  `Sec-WebSocket-Accept: ${acceptValue(KEY)}`,
);

function greeting(isFollowed = (_status: number) => false) {
  const socket = new FakeSocket();
  const handshake = new ClientHandshake({ host: "example.com", random });
  const given = new AbortController();
  const attempt = { phase: "connect" as const, signal: given.signal };
  return { socket, handshake, given, attempt, result: greet(socket, handshake, attempt, isFollowed) };
}

describe("a client's greeting", () => {
  it("[RFC6455-4.1-18] sends the request, and nothing else", () => {
    const { socket, handshake, attempt } = greeting();
    expect(socket.calls).toEqual([handshake.request]);
    expect(attempt.phase).toBe("handshake");
  });

  it("resolves with what was agreed, and with what came behind it; the stream waits to be read on", async () => {
    const { socket, result } = greeting();
    for (const byte of bytesOf(accepting)) socket.arrive(Uint8Array.of(byte));
    socket.arrive(bytesOf("later"));
    const { subprotocol, rest } = await result;
    expect([subprotocol, rest.length, socket.isPaused()]).toEqual(["", 0, true]);
    expect(socket.read().toString()).toBe("later");
  });

  it("rejects with the rule that the answer breaks, with the answer and with its body", async () => {
    const { socket, result } = greeting();
    socket.arrive(bytesOf(`${lines("HTTP/1.1 403 Forbidden", "Content-Length: 7")}go a`));
    await turn();
    socket.arrive(bytesOf("way"));
    await expect(result).rejects.toMatchObject({
      phase: "handshake",
      rule: "status-not-101",
      response: { status: 403, body: "go away" },
    });
    expect(socket.destroyed).toBe(true);
  });

  it("reads no body of a redirect that is going to be followed", async () => {
    const { socket, result } = greeting((status) => status === 302);
    socket.arrive(bytesOf(`${lines("HTTP/1.1 302 Found", "Location: /")}never ends`));
    await expect(result).rejects.toMatchObject({ response: { status: 302, body: "" } });
    expect(socket.destroyed).toBe(true);
  });

  it("rejects at once where the answer is no HTTP", async () => {
    const { socket, result } = greeting();
    socket.arrive(bytesOf("SSH-2.0-server\r\n"));
    await expect(result).rejects.toMatchObject({ rule: "malformed-status-line", response: undefined });
    expect(socket.destroyed).toBe(true);
  });

  it("rejects when the stream ends before there is an answer, with the reason for that", async () => {
    const { socket, result } = greeting();
    socket.destroy(new Error("reset"));
    await expect(result).rejects.toMatchObject({
      phase: "handshake",
      rule: "ended",
      cause: { message: "reset" },
    });
  });

  it("ends with the attempt", async () => {
    const { socket, given, result } = greeting();
    given.abort(new Error("enough"));
    await expect(result).rejects.toThrow("enough");
    expect(socket.destroyed).toBe(true);
  });
});
