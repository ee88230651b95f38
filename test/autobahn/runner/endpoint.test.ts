import { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Facts } from "../../../autobahn/runner/case.ts";
import { Endpoint, newFacts } from "../../../autobahn/runner/endpoint.ts";
import { Log } from "../../../autobahn/runner/log.ts";
import { encodeFrame, Opcode, type Role } from "../../../autobahn/runner/wire.ts";

const { Text, Binary, Close, Ping, Pong } = Opcode;
const octets = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));
const code = (value: number, reason = ""): Uint8Array =>
  new Uint8Array(Buffer.concat([Uint8Array.of(value >> 8, value & 255), octets(reason)]));

/** A socket that remembers what happened to it. */
class Wire extends EventEmitter {
  readonly written: Uint8Array[] = [];
  ended: string[] = [];
  write(piece: Uint8Array): boolean {
    this.written.push(piece);
    return true;
  }
  destroySoon(): void {
    this.ended.push("in order");
  }
  resetAndDestroy(): void {
    this.ended.push("reset");
    this.emit("close");
  }
  destroy(): void {
    this.ended.push("at once");
    this.emit("close");
  }
}

interface Setup {
  readonly wire: Wire;
  readonly endpoint: Endpoint;
  readonly facts: Facts;
  readonly events: string[];
  /** Frames of the peer. */
  say(opcode: number, payload: Uint8Array): void;
  /** The frames that were written, as opcode and payload in hexadecimal. Only without masks. */
  said(): string[];
}

const MASK = Uint8Array.of(9, 8, 7, 6);

function setUp(role: Role): Setup {
  const wire = new Wire();
  const facts = newFacts();
  const events: string[] = [];
  const listener = {
    received: (event: { type: string; payload?: Uint8Array }) =>
      events.push(`${event.type} ${Buffer.from(event.payload ?? [])}`),
    peerLeaves: () => events.push("leaves"),
    ended: () => events.push("ended"),
  };
  const endpoint = new Endpoint(wire as unknown as Socket, role, listener, { log: new Log(true), facts });
  return {
    wire,
    endpoint,
    facts,
    events,
    say: (opcode, payload) =>
      wire.emit("data", encodeFrame(opcode, payload, { mask: role === "server" ? MASK : undefined })),
    said: () =>
      wire.written.map((frame) => {
        const start = (frame[1]! & 0x80) === 0 ? 2 : 6;
        const payload = frame
          .slice(start)
          .map((octet, at) => octet ^ (start === 6 ? frame[2 + (at & 3)]! : 0));
        return `${frame[0]! & 15} ${Buffer.from(payload).toString("hex")}`.trim();
      }),
  };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const pass = (seconds: number): void => void vi.advanceTimersByTime(seconds * 1000 + 1);

describe("an open connection", () => {
  it("answers a Ping, and tells of messages and Pongs", () => {
    const { say, said, events } = setUp("server");
    say(Ping, octets("?"));
    say(Text, octets("a"));
    say(Binary, octets("b"));
    say(Pong, octets("!"));
    expect(said()).toEqual(["10 3f"]);
    expect(events).toEqual(["message a", "message b", "pong !"]);
  });

  it("masks what a client says, each frame with a key of its own", () => {
    const { endpoint, wire, said } = setUp("client");
    endpoint.sendFrame({ fin: true, rsv: 0, opcode: Text, payload: octets("Hello") });
    endpoint.sendFrame({ fin: true, rsv: 0, opcode: Text, payload: octets("Hello") });
    expect(said()).toEqual(["1 48656c6c6f", "1 48656c6c6f"]);
    expect(wire.written[0]).not.toEqual(wire.written[1]);
  });

  it("can send a frame in a way that is not its own", () => {
    const { endpoint, wire } = setUp("client");
    const frame = { fin: true, rsv: 0, opcode: Text, payload: octets("a") };
    endpoint.sendFrame(frame, {}, { mask: undefined, lengthBits: 16 });
    expect(Buffer.from(wire.written[0]!).toString("hex")).toBe("817e000161");
  });

  it("masks a frame in pieces as if it were whole, and leaves the pieces as they are", () => {
    const { endpoint, wire } = setUp("client");
    const piece = octets("abc");
    const send = endpoint.openFrame(Text, 6, { fin: false, mask: MASK });
    send(piece);
    send(piece);
    expect(Buffer.concat(wire.written)).toEqual(
      Buffer.from(encodeFrame(Text, octets("abcabc"), { fin: false, mask: MASK })),
    );
    expect(piece).toEqual(octets("abc"));
  });
});

describe("the peer's Close", () => {
  it("is answered with 1000, whatever it says; a client then waits", () => {
    const { say, said, facts, events, wire } = setUp("client");
    say(Close, code(1001, "bye"));
    expect(said()).toEqual(["8 03e8"]);
    expect(events).toEqual(["leaves"]);
    expect(facts).toMatchObject({
      wasClean: true,
      closedByMe: false,
      remoteCloseCode: 1001,
      remoteCloseReason: "bye",
    });
    expect(wire.ended).toEqual([]);
  });

  it("is answered by a server, which ends TCP in order, and at once if nobody reads", () => {
    const { say, said, facts, wire } = setUp("server");
    say(Close, octets(""));
    expect(said()).toEqual(["8 03e8"]);
    expect(wire.ended).toEqual(["in order"]);
    pass(1);
    expect(wire.ended).toEqual(["in order", "at once"]);
    expect(facts).toMatchObject({ wasClean: true, droppedByMe: true, remoteCloseCode: null });
  });

  it("is the answer to our own: a server resets TCP", () => {
    const { say, endpoint, wire, facts } = setUp("server");
    endpoint.close(1000);
    say(Close, code(1000));
    expect(wire.ended).toEqual(["reset"]);
    expect(facts).toMatchObject({ wasClean: true, closedByMe: true });
  });

  it("is the answer to our own: a client gives the server a second to end TCP", () => {
    const { say, endpoint, wire, facts } = setUp("client");
    endpoint.close(1000);
    say(Close, code(1000));
    pass(0.9);
    expect(facts.wasClean).toBe(true);
    pass(0.1);
    expect(wire.ended).toEqual(["reset"]);
    expect(facts).toMatchObject({ wasClean: false, wasServerConnectionDropTimeout: true, droppedByMe: true });
  });

  it("that is wrong is answered with why, and counts as the answer to that", () => {
    const { say, said, facts } = setUp("client");
    say(Close, code(1005));
    expect(said()[0]).toMatch(/^8 03ea/);
    expect(facts).toMatchObject({
      closedByMe: true,
      failedByMe: true,
      remoteCloseCode: 1005,
      wasClean: true,
    });
  });

  it("that is wrong and an answer ends TCP, and nothing is clean", () => {
    const { say, endpoint, facts, wire } = setUp("client");
    endpoint.close(1000);
    say(Close, code(2999));
    expect(wire.ended).toEqual(["in order"]);
    expect(facts).toMatchObject({ wasClean: false, remoteCloseCode: 2999, droppedByMe: true });
  });
});

describe("our own Close", () => {
  it("is sent once", () => {
    const { endpoint, said } = setUp("server");
    endpoint.close(undefined, octets("a"));
    endpoint.close(1000);
    endpoint.sendMessage(Text, octets("late"));
    expect(said()).toEqual(["8 61"]);
  });

  it("is to be answered within a second", () => {
    const { endpoint, facts, wire } = setUp("client");
    endpoint.close(1000);
    pass(1);
    expect(wire.ended).toEqual(["reset"]);
    expect(facts).toMatchObject({ wasCloseHandshakeTimeout: true, wasClean: false });
  });

  it("is not a reason to ignore what the peer still says", () => {
    const { endpoint, say, events, said } = setUp("server");
    endpoint.close(1000);
    say(Text, octets("late"));
    say(Ping, octets(""));
    expect(events).toEqual(["message late"]);
    expect(said()).toHaveLength(1);
  });
});

describe("a fault of the peer", () => {
  it("fails the connection: with a Close, and at the next one by ending TCP", () => {
    const { say, said, facts, wire, events } = setUp("client");
    say(3, octets(""));
    expect(said()[0]).toMatch(/^8 03ea/);
    expect(facts).toMatchObject({ failedByMe: true, closedByMe: true });
    say(Text, octets("late"));
    say(Pong, octets("late"));
    expect(events).toEqual(["pong late"]);
    say(3, octets(""));
    expect(wire.ended).toEqual(["in order"]);
    expect(facts.wasNotCleanReason).toBe("opcode 3 is reserved (§5.2)");
  });

  it("in the text of a message is told with 1007", () => {
    const { say, said } = setUp("client");
    say(Text, Uint8Array.of(0xff));
    expect(said()[0]).toMatch(/^8 03ef/);
  });

  it("of time is told with the code that was asked for", () => {
    const { endpoint, said, facts, wire } = setUp("client");
    endpoint.fail(1001, "Going Away");
    expect(said()).toEqual([`8 03e9${Buffer.from("Going Away").toString("hex")}`]);
    endpoint.fail(1001, "Going Away");
    expect(wire.ended).toEqual(["in order"]);
    expect(facts).toMatchObject({ localCloseCode: 1001, localCloseReason: "Going Away", failedByMe: true });
  });
});

describe("the end", () => {
  it("comes once, stops all timers, and nothing is heard behind it", () => {
    const { endpoint, wire, events, say } = setUp("client");
    const late = vi.fn();
    endpoint.after(1, late);
    endpoint.sendOctets(octets("x"));
    wire.emit("end");
    expect(events).toEqual(["ended"]);
    pass(2);
    say(Text, octets("a"));
    endpoint.fail(1000, "");
    endpoint.drop();
    endpoint.giveUp("");
    expect(late).not.toHaveBeenCalled();
    expect(events).toEqual(["ended"]);
    expect(wire.ended).toEqual(["at once"]);
  });

  it("is waited for, for a while, where a server has closed", () => {
    const { endpoint, say, wire, facts } = setUp("client");
    say(Close, code(1000));
    endpoint.linger();
    pass(2);
    expect(wire.ended).toEqual(["reset"]);
    expect(facts.wasClean).toBe(false);
  });

  it("does not come before what has arrived is read", () => {
    const { endpoint, wire, say, facts } = setUp("server");
    endpoint.close(1000);
    vi.advanceTimersToNextTimer(); // the second is over, and the answer is read in the same turn
    say(Close, code(1000));
    pass(1);
    expect(facts.wasCloseHandshakeTimeout).toBe(false);
    expect(wire.ended).toEqual(["reset"]);
  });
});
