import { beforeEach, describe, expect, it } from "vitest";
import { linear } from "../../src/node/conversation.ts";
import type { Conversation, Handlers, LinearPeer, Message, Peer, PeerClosed } from "../../src/node/peer.ts";
import { turn } from "../helpers/fake-socket.ts";

const closed: PeerClosed = { code: 1000, reason: "", clean: true, initiator: "remote", phase: "closed" };

/** A peer that writes down what is asked of it. */
class Told {
  readonly story: string[] = [];
  data: unknown = "data";
  state = "open";
  subprotocol = "chat";
  extensions = ["permessage-deflate"];
  address = "192.0.2.1";
  target = "/here";
  bufferedAmount = 5;
  roundTripTime = 7;
  closed = Promise.resolve(closed);
  result = "sent";
  room: () => void = () => {};

  send(data: Message): string {
    this.story.push(`send ${data}`);
    return this.result;
  }
  drained(): Promise<void> {
    this.story.push("drained");
    return new Promise((resolve) => (this.room = resolve));
  }
  sendStream(): Promise<string> {
    this.story.push("sendStream");
    return Promise.resolve("sent");
  }
  ping(data: unknown): string {
    this.story.push(`ping ${data}`);
    return "sent";
  }
  pong(data: unknown): string {
    this.story.push(`pong ${data}`);
    return "sent";
  }
  close(code?: number, reason?: string): void {
    this.story.push(`close ${code} ${reason}`);
  }
  terminate(): void {
    this.story.push("terminate");
  }
  pause(): void {
    this.story.push("pause");
  }
  resume(): void {
    this.story.push("resume");
  }
  tap(): () => void {
    this.story.push("tap");
    return () => {};
  }
}

let told: Told;
let peer: Peer;
let handlers: Handlers;

beforeEach(() => {
  told = new Told();
  peer = told as unknown as Peer;
});

/** Begins a conversation, and returns what `open` has returned. */
function talk(conversation: Conversation): unknown {
  handlers = linear(conversation);
  return handlers.open?.(peer);
}

const say = (...messages: Message[]): void => {
  for (const message of messages) handlers.message?.(peer, message);
};

describe("a conversation", () => {
  it("hears what is said, in order, and ends with the connection", async () => {
    const heard: Message[] = [];
    const over = talk(async (line) => {
      for await (const message of line) heard.push(message);
      heard.push("end");
    });
    say("one");
    await turn();
    say("two", "three");
    handlers.close?.(peer, closed);
    await over;
    expect(heard).toEqual(["one", "two", "three", "end"]);
  });

  it("closes the connection when its function returns, and listens no longer", async () => {
    await talk(async (line) => {
      say("one", "two", "three");
      for await (const _message of line) break;
    });
    expect(told.story).toEqual(["pause", "close undefined undefined", "resume"]);
    say("late");
    expect(told.story).toHaveLength(3);
  });

  it("that fails is no longer listened to either, and says so", async () => {
    const over = talk(async () => {
      say("one");
      throw new Error("application");
    });
    await expect(over).rejects.toThrow("application");
    expect(told.story).toEqual(["pause", "resume"]);
  });

  it("that is behind stops the reading: once for each time, until all is taken", async () => {
    let goOn: () => void = () => {};
    const over = talk(async (line) => {
      for await (const message of line) {
        if (message === "wait") await new Promise<void>((resolve) => (goOn = resolve));
      }
    });
    await turn();
    say("wait");
    await turn();
    expect(told.story).toEqual([]);
    say("one", "two", "three");
    expect(told.story).toEqual(["pause"]);
    goOn();
    await turn();
    expect(told.story).toEqual(["pause", "resume"]);
    handlers.close?.(peer, closed);
    await over;
  });

  it("still hears what comes while this side closes, but not without end: nobody can be paused then", async () => {
    const heard: Message[] = [];
    const over = talk(async (line) => {
      for await (const message of line) heard.push(message);
    });
    say("one", "two", "three");
    told.state = "closing";
    say("four", "five", new Uint8Array(1_000_000), "six", new Uint8Array(1_000_000), "seven");
    handlers.close?.(peer, closed);
    await over;
    const said = heard.map((message) => (typeof message === "string" ? message : message.length));
    expect(said).toEqual(["one", "two", "three", "four", "five", 1_000_000, "six"]);
  });

  it("may have several who wait for messages: each gets one", async () => {
    const heard: unknown[] = [];
    const over = talk(async (line) => {
      const [first, second, third] = [0, 1, 2].map(() => line[Symbol.asyncIterator]().next());
      heard.push(await first, await second, await third);
    });
    say("one", "two");
    handlers.close?.(peer, closed);
    await over;
    expect(heard).toEqual([
      { done: false, value: "one" },
      { done: false, value: "two" },
      { done: true, value: undefined },
    ]);
  });

  it("is not disturbed by a peer it does not know", () => {
    handlers = linear(async () => {});
    say("one");
    handlers.close?.(peer, closed);
    expect(told.story).toEqual([]);
  });
});

describe("the peer of a conversation", () => {
  /** The one that the conversation is given; it goes on for ever. */
  function line(): LinearPeer {
    let given: LinearPeer | undefined;
    void talk((peerOfIt) => {
      given = peerOfIt;
      return new Promise(() => {});
    });
    return given!;
  }

  it("takes a message at once if there is room, and otherwise when there is", async () => {
    const linearPeer = line();
    expect(await linearPeer.send("one")).toBe("sent");
    told.result = "buffered";
    let result = "";
    void linearPeer.send("two").then((sent) => (result = sent));
    await turn();
    expect(result).toBe("");
    told.room();
    await turn();
    expect(result).toBe("buffered");
    told.result = "dropped";
    expect(await linearPeer.send("three")).toBe("dropped");
    expect(told.story).toEqual(["send one", "send two", "drained", "send three"]);
  });

  it("has what the peer has", async () => {
    const linearPeer = line();
    const { state, subprotocol, extensions, address, target, bufferedAmount, roundTripTime } = linearPeer;
    expect({ state, subprotocol, extensions, address, target, bufferedAmount, roundTripTime }).toEqual({
      state: "open",
      subprotocol: "chat",
      extensions: ["permessage-deflate"],
      address: "192.0.2.1",
      target: "/here",
      bufferedAmount: 5,
      roundTripTime: 7,
    });
    expect(await linearPeer.closed).toBe(closed);
    linearPeer.data = `${linearPeer.data}!`;
    expect(told.data).toBe("data!");
  });

  it("does what the peer does", async () => {
    const linearPeer = line();
    expect(await linearPeer.sendStream([])).toBe("sent");
    expect(linearPeer.ping(Uint8Array.of(1))).toBe("sent");
    expect(linearPeer.pong(Uint8Array.of(2))).toBe("sent");
    linearPeer.close(3000, "bye");
    linearPeer.terminate();
    linearPeer.pause();
    linearPeer.resume();
    void linearPeer.drained();
    linearPeer.tap(() => {})();
    expect(told.story).toEqual([
      "sendStream",
      "ping 1",
      "pong 2",
      "close 3000 bye",
      "terminate",
      "pause",
      "resume",
      "drained",
      "tap",
    ]);
  });
});
