import { describe, expect, it } from "vitest";
import {
  acceptKey,
  buildRequest,
  buildResponse,
  type Head,
  readHead,
  requestFlaw,
  responseFlaw,
  valuesOf,
} from "../../../autobahn/runner/handshake.ts";

const KEY = "dGhlIHNhbXBsZSBub25jZQ==";

function head(...lines: string[]): Head {
  return readHead(Buffer.from(`${lines.join("\r\n")}\r\n\r\n`))!;
}

function replaced(lines: readonly string[], at: number, line: string): string[] {
  return lines.map((kept, index) => (index === at ? line : kept));
}

describe("a head", () => {
  it("is there when it ends, and not before", () => {
    expect(readHead(Buffer.from("GET / HTTP/1.1\r\nHost: x\r\n"))).toBeUndefined();
    const read = readHead(Buffer.from("GET / HTTP/1.1\r\nHost:  x \r\nhost: y\r\nnonsense\r\n\r\nrest"))!;
    expect(read.startLine).toBe("GET / HTTP/1.1");
    expect(valuesOf(read, "host")).toEqual(["x", "y"]);
    expect(valuesOf(read, "")).toEqual(["nonsense"]);
    expect(read.end).toBe(read.text.length);
  });
});

describe("the proof", () => {
  it("is that of RFC 6455 §1.3", () => {
    expect(acceptKey(KEY)).toBe("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  });
});

describe("a request", () => {
  it("is what §4.1 asks for, in the suite's order", () => {
    const { text, key } = buildRequest(new URL("ws://example.org/chat?a=1"), "permessage-deflate");
    expect(text.split("\r\n")).toEqual([
      "GET /chat?a=1 HTTP/1.1",
      "User-Agent: framewright-autobahn",
      "Host: example.org:80",
      "Upgrade: WebSocket",
      "Connection: Upgrade",
      "Pragma: no-cache",
      "Cache-Control: no-cache",
      `Sec-WebSocket-Key: ${key}`,
      "Sec-WebSocket-Extensions: permessage-deflate",
      "Sec-WebSocket-Version: 13",
      "",
      "",
    ]);
    expect(buildRequest(new URL("wss://[::1]/"), undefined).text).toContain("Host: [::1]:443\r\n");
    expect(requestFlaw(readHead(Buffer.from(text))!, 80)).toBeUndefined();
  });

  const good = [
    "GET / HTTP/1.1",
    "Host: localhost:9001",
    "Upgrade: websocket",
    "Connection: keep-alive, Upgrade",
    "Sec-WebSocket-Version: 13",
    `Sec-WebSocket-Key: ${KEY}`,
  ];

  it("is accepted if nothing is wrong", () => {
    expect(requestFlaw(head(...good), 9001)).toBeUndefined();
    expect(requestFlaw(head(...replaced(good, 1, "Host: [::1]:9001")), 9001)).toBeUndefined();
    expect(requestFlaw(head(...replaced(good, 1, "Host: localhost")), 80)).toBeUndefined();
  });

  it.each([
    [0, "POST / HTTP/1.1", 405],
    [0, "GET / HTTP/1.0", 505],
    [1, "Host: localhost", 400],
    [1, "X: y", 400],
    [2, "Upgrade: h2c", 400],
    [3, "Connection: close", 400],
    [4, "Sec-WebSocket-Version: 12", 400],
    [5, "Sec-WebSocket-Key: short==", 400],
  ])("with line %d as %s is answered %d… %d", (line, text, status) => {
    expect(requestFlaw(head(...replaced(good, line, text)), 9001)?.status).toBe(status);
  });
});

describe("a response", () => {
  const request = head("GET / HTTP/1.1", `Sec-WebSocket-Key: ${KEY}`);
  const good = buildResponse(request, undefined).trimEnd().split("\r\n");

  it("is accepted if nothing is wrong", () => {
    expect(responseFlaw(head(...good), KEY)).toBeUndefined();
    expect(buildResponse(request, "permessage-deflate")).toContain(
      "\r\nSec-WebSocket-Extensions: permessage-deflate\r\n",
    );
  });

  it.each([
    [0, "HTTP/1.1 200 OK", /not a 101/],
    [0, "HTTP/1.0 101 Switching Protocols", /not a 101/],
    [2, "Upgrade: other", /Upgrade does not/],
    [3, "Connection: close", /Connection does not/],
    [4, "Sec-WebSocket-Accept: nonsense", /does not belong/],
    [4, "X: y", /0 fields/],
    [1, "Sec-WebSocket-Protocol: chat", /nobody asked/],
  ])("must not have %s… %s", (line, text, flaw) => {
    expect(responseFlaw(head(...replaced(good, line, text)), KEY)).toMatch(flaw);
  });

  it("must not have its extensions twice", () => {
    const twice = [...good, "Sec-WebSocket-Extensions: a", "Sec-WebSocket-Extensions: b"];
    expect(responseFlaw(head(...twice), KEY)).toMatch(/comes twice/);
  });
});
