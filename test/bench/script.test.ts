import { describe, expect, it } from "vitest";
import { payloadOf } from "../../bench/lib/payloads.mjs";
import {
  BINARY,
  closing,
  compressedAlone,
  compressedTogether,
  encodeScript,
  fragmented,
  httpRequest,
  message,
  type Script,
  TEXT,
  upgradeRequest,
} from "../../bench/lib/script.ts";
import { Connection } from "../../src/protocol/connection.ts";
import type { Event } from "../../src/protocol/contract.ts";
import { permessageDeflate } from "../../src/protocol/permessage-deflate.ts";
import { ServerHandshake } from "../../src/protocol/server-handshake.ts";

const LARGE = 1024 * 1024;

function eventsOf(frames: readonly Uint8Array[], deflate?: "takeover" | "fresh"): Event[] {
  const fresh = deflate === "fresh";
  const extension = permessageDeflate({ serverNoContextTakeover: fresh, clientNoContextTakeover: fresh });
  const agreements = deflate === undefined ? [] : [extension.accept(extension.offers()[0]!)!];
  const connection = new Connection("server", { write: () => true, end() {} }, { extensions: agreements });
  // A copy of each: what a connection is given, it unmasks in place.
  return frames.flatMap((frame) => [...connection.events(frame.slice())]);
}

const binaries = (payloads: readonly Uint8Array[]): Event[] =>
  payloads.map((data) => ({ type: "binary", data }));

describe("a message", () => {
  it.each([0, 1, 125, 126, 65_535, 65_536, LARGE])("of %i bytes is what a server receives", (size) => {
    const payload = payloadOf("binary", size);
    const [event, ...more] = eventsOf([message(BINARY, payload, 7)]);
    expect(more).toEqual([]);
    // A megabyte is compared by its bytes: as an object, it would take a second.
    expect(event?.type === "binary" && Buffer.compare(event.data, payload)).toBe(0);
  });

  it("is masked with a key of its own", () => {
    const payload = payloadOf("binary", 16);
    expect(message(BINARY, payload, 0)).not.toEqual(message(BINARY, payload, 1));
  });

  it("in fragments of one byte is one message", () => {
    const payload = payloadOf("ascii", 300);
    const frames = fragmented(TEXT, payload);
    expect(frames).toHaveLength(300 * 7);
    expect(eventsOf([frames])).toEqual([{ type: "text", data: new TextDecoder().decode(payload) }]);
  });

  it("that closes is a Close frame with 1000", () => {
    const connection = new Connection("server", { write: () => true, end() {} });
    connection.receive(closing());
    connection.receiveEnd();
    expect([...connection.events()]).toMatchObject([{ type: "close", close: { code: 1000, clean: true } }]);
  });
});

describe("compressed messages", () => {
  const payloads = Array.from({ length: 64 }, (_, index) => payloadOf("json", 1024, index));

  it("stand each by itself without takeover", () => {
    const frames = compressedAlone(BINARY, payloads);
    expect(eventsOf(frames, "fresh")).toEqual(binaries(payloads));
    expect(eventsOf(frames.slice(5), "fresh")).toEqual(binaries(payloads.slice(5)));
  });

  it("refer back with takeover, and the cycle may be repeated for ever behind its prelude", () => {
    const { prelude, cycle } = compressedTogether(BINARY, payloads);
    const sent = [...prelude, ...cycle, ...cycle, ...cycle];
    expect(eventsOf(sent, "takeover")).toEqual(
      binaries([...payloads, ...payloads, ...payloads, ...payloads]),
    );
    const lengths = (frames: Uint8Array[]): number => frames.reduce((sum, { length }) => sum + length, 0);
    expect(lengths(cycle)).toBeLessThan(lengths(compressedAlone(BINARY, payloads)));
  });

  it("may be fewer than fill a window", () => {
    const few = payloads.slice(0, 3);
    const { prelude, cycle } = compressedTogether(BINARY, few);
    expect(eventsOf([...prelude, ...cycle, ...cycle], "takeover")).toEqual(
      binaries([...few, ...few, ...few]),
    );
  });
});

describe("a request", () => {
  it("asks for an upgrade as RFC 6455 wants it", () => {
    expect(new ServerHandshake().receive(upgradeRequest())).toMatchObject({ ok: true });
    const result = new ServerHandshake().receive(upgradeRequest("permessage-deflate"));
    expect(result).toMatchObject({ ok: true, upgrade: { extensions: [{ name: "permessage-deflate" }] } });
  });

  it("of plain HTTP says that it has no body", () => {
    expect(Buffer.from(httpRequest("GET")).toString()).toBe("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    expect(Buffer.from(httpRequest("POST")).toString()).toContain("\r\nContent-Length: 0\r\n");
  });
});

describe("an encoded script", () => {
  const sent = [Uint8Array.of(1, 2, 3), Uint8Array.of(4, 5)];
  const answer = Uint8Array.of(9);
  const script: Script = {
    counting: "marks",
    answersVary: true,
    request: Uint8Array.of(71, 69),
    prelude: [{ sent: sent[0]!, answer }],
    cycle: [{ sent: sent[1]!, answer }],
  };
  const bytes = encodeScript(script);
  const view = new DataView(bytes.buffer);
  const offset = (at: number): number => Number(view.getBigUint64(at, true));

  it("begins with its name and its numbers", () => {
    expect(Buffer.from(bytes.subarray(0, 8)).toString()).toBe("FWSCRIPT");
    expect([8, 12, 16, 20].map((at) => view.getUint32(at, true))).toEqual([1, 1, 2, 1]);
    expect([offset(24), offset(32)]).toEqual([2, 6]);
  });

  it("says where each message and its answer stand; what is the same stands there once", () => {
    const ends = (index: number): number[] => [0, 8, 16, 24].map((at) => offset(40 + 32 * index + at));
    expect(ends(0)).toEqual([0, 3, 5, 6]);
    expect(ends(1)).toEqual([3, 5, 5, 6]);
    expect([...bytes.subarray(104)]).toEqual([1, 2, 3, 4, 5, 9, 71, 69]);
  });
});
