/** Order and count of what is sent, over a peer that writes down what it is given. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Departures, type Parcel } from "../../../src/node/client/departures.ts";
import type { Message, Peer, SendResult } from "../../../src/node/peer.ts";
import type { State } from "../../../src/protocol/contract.ts";
import { turn, until } from "../../helpers/fake-socket.ts";

/** A peer on whose way to the network a test decides. */
class FakePeer {
  readonly log: string[] = [];
  state: State = "open";
  bufferedAmount = 0;
  /** What a frame has beside its payload. */
  overhead = 6;
  /** Whether the network takes at once whatever waits. */
  isOpen = false;

  send(message: Message): SendResult {
    if (this.state !== "open") return "dropped";
    this.log.push(typeof message === "string" ? message : `<${message.join()}>`);
    this.bufferedAmount = this.isOpen ? 0 : this.bufferedAmount + this.overhead + message.length;
    return this.isOpen ? "sent" : "buffered";
  }

  close(code?: number, reason?: string): void {
    this.log.push(`close ${code} ${reason}`);
    this.state = "closing";
  }

  terminate(): void {
    this.log.push("terminate");
  }
}

function prepared(): { peer: FakePeer; departures: Departures } {
  const peer = new FakePeer();
  return { peer, departures: new Departures(peer as unknown as Peer) };
}

const text = (data: string): Parcel => ({ data, size: data.length });
const bytes = (...data: number[]): Parcel => ({ data: Uint8Array.from(data), size: data.length });
const blob = (...data: number[]): Parcel => {
  return { data: new Blob([Uint8Array.from(data)]), size: data.length };
};

/** A Blob that is read when a test says so. */
function slowBlob(size: number): { parcel: Parcel; read(): void; fail(): void } {
  const made = new Blob([new Uint8Array(size)]);
  let read = (): void => {};
  let fail = (): void => {};
  made.arrayBuffer = () =>
    new Promise((resolve, reject) => {
      read = () => resolve(new ArrayBuffer(size));
      fail = () => reject(new Error("the file has changed"));
    });
  return { parcel: { data: made, size }, read: () => read(), fail: () => fail() };
}

describe("the order of departures", () => {
  it("is that of the calls, at once where there is no Blob", () => {
    const { peer, departures } = prepared();
    departures.send(text("a"));
    departures.send(bytes(1, 2));
    departures.close({ code: 4000, reason: "done" });
    expect(peer.log).toEqual(["a", "<1,2>", "close 4000 done"]);
  });

  it("is kept by what waits for a Blob to be read, and by the Close", async () => {
    const { peer, departures } = prepared();
    departures.send(text("a"));
    departures.send(blob(1));
    departures.send(text("b"));
    departures.send(blob(2, 3));
    departures.send(bytes(4));
    departures.close({ code: 1000, reason: "" });
    expect(peer.log).toEqual(["a"]);
    await until(() => peer.log.length === 6, "everything is sent");
    expect(peer.log).toEqual(["a", "<1>", "b", "<2,3>", "<4>", "close 1000 "]);
  });

  it("goes on at once when the Blobs have been read", async () => {
    const { peer, departures } = prepared();
    departures.send(blob(1));
    await until(() => peer.log.length === 1, "the Blob is sent");
    await turn();
    departures.send(text("b"));
    expect(peer.log).toEqual(["<1>", "b"]);
  });

  it("does not let a buffer change while it waits", async () => {
    const { peer, departures } = prepared();
    departures.send(blob(1));
    const buffer = bytes(2, 3);
    departures.send(buffer);
    (buffer.data as Uint8Array).fill(9);
    await until(() => peer.log.length === 2, "everything is sent");
    expect(peer.log).toEqual(["<1>", "<2,3>"]);
  });

  it("ends with the connection when a Blob cannot be read: nothing is left out", async () => {
    const { peer, departures } = prepared();
    const slow = slowBlob(3);
    departures.send(slow.parcel);
    departures.send(text("behind"));
    slow.fail();
    await until(() => peer.log.length > 0, "something happens");
    await turn();
    expect(peer.log).toEqual(["terminate"]);
    expect(departures.amount).toBe(9);
  });

  it("holds for any mixture", async () => {
    const parcels = fc.array(fc.constantFrom("text", "bytes", "blob"), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(parcels, async (kinds) => {
        const { peer, departures } = prepared();
        kinds.forEach((kind, at) => {
          departures.send(kind === "text" ? text(`<${at}>`) : kind === "bytes" ? bytes(at) : blob(at));
        });
        await until(() => peer.log.length === kinds.length, "everything is sent");
        expect(peer.log).toEqual(kinds.map((_, at) => `<${at}>`));
      }),
      { numRuns: 50 },
    );
  });
});

describe("the count of departures", () => {
  it("rises with each call, by the payload and nothing else", () => {
    const { departures } = prepared();
    departures.send(text("four"));
    expect(departures.amount).toBe(4);
    departures.send(bytes(1, 2));
    expect(departures.amount).toBe(6);
    departures.send(blob(1, 2, 3));
    expect(departures.amount).toBe(9);
    departures.send(bytes(1));
    expect(departures.amount).toBe(10);
  });

  it("does not sink before the task is over, whatever the network takes", async () => {
    const { peer, departures } = prepared();
    peer.isOpen = true;
    departures.send(text("four"));
    expect(departures.amount).toBe(4);
    await null;
    expect(departures.amount).toBe(4);
    await new Promise(process.nextTick);
    expect(departures.amount).toBe(4);
    await turn();
    expect(departures.amount).toBe(0);
  });

  it("does not sink in a task that has only looked, either", async () => {
    const { peer, departures } = prepared();
    departures.send(text("four"));
    await turn();
    expect(departures.amount).toBe(4);
    peer.bufferedAmount = 0;
    expect(departures.amount).toBe(4);
    await turn();
    expect(departures.amount).toBe(0);
  });

  it("knows in a new task what has left since", async () => {
    const { peer, departures } = prepared();
    departures.send(text("four"));
    await turn();
    peer.bufferedAmount = 0;
    expect(departures.amount).toBe(0);
  });

  it("sinks message by message", async () => {
    const { peer, departures } = prepared();
    for (const message of ["1", "22", "333"]) departures.send(text(message));
    await turn();
    expect(departures.amount).toBe(6);
    for (const [waiting, amount] of [
      [23, 6],
      [18, 6],
      [17, 5],
      [10, 5],
      [9, 3],
      [1, 3],
      [0, 0],
    ] as const) {
      await turn();
      peer.bufferedAmount = waiting;
      expect(departures.amount, `${waiting} bytes wait`).toBe(amount);
    }
  });

  it("is not misled by what waits besides: a message counts until it has left for sure", async () => {
    const { peer, departures } = prepared();
    departures.send(text("four"));
    peer.bufferedAmount += 100; // Pongs
    await turn();
    peer.bufferedAmount -= 10;
    expect(departures.amount).toBe(4);
    await turn();
    peer.bufferedAmount = 0;
    expect(departures.amount).toBe(0);
  });

  it("counts what was compressed as it was sent, until all of it has left", async () => {
    const { peer, departures } = prepared();
    peer.overhead = -3;
    departures.send(text("compressed"));
    departures.send(text("four"));
    await turn();
    peer.bufferedAmount = 2; // the second, and a byte of the first
    expect(departures.amount).toBe(14);
    await turn();
    peer.bufferedAmount = 1;
    expect(departures.amount).toBe(4);
    await turn();
    peer.bufferedAmount = 0;
    expect(departures.amount).toBe(0);
  });

  it("looks when it is told that everything has left, in this task or behind it", async () => {
    const { peer, departures } = prepared();
    departures.send(text("four"));
    peer.bufferedAmount = 0;
    departures.look();
    expect(departures.amount).toBe(4);
    await turn();
    departures.send(text("four"));
    await turn();
    peer.bufferedAmount = 0;
    departures.look();
    peer.state = "closed";
    await turn();
    expect(departures.amount).toBe(0);
  });

  it("stands still when the connection has ended", async () => {
    const { peer, departures } = prepared();
    departures.send(text("four"));
    await turn();
    peer.state = "closed";
    peer.bufferedAmount = 0; // a dead socket forgets what it held
    expect(departures.amount).toBe(4);
    departures.send(text("more"));
    await turn();
    expect(departures.amount).toBe(8);
  });

  it("keeps for good what a peer that is closing does not take", async () => {
    const { peer, departures } = prepared();
    departures.send(text("four"));
    peer.state = "closing";
    departures.send(text("late"));
    await turn();
    peer.bufferedAmount = 0;
    expect(departures.amount).toBe(4);
    await turn();
    expect(departures.amount).toBe(4);
  });

  it("has a Blob in it while that is read, and until it has left", async () => {
    const { peer, departures } = prepared();
    const slow = slowBlob(300);
    departures.send(slow.parcel);
    await turn();
    expect(departures.amount).toBe(300);
    slow.read();
    await turn();
    expect(departures.amount).toBe(300);
    peer.bufferedAmount = 0;
    await turn();
    expect(departures.amount).toBe(0);
  });

  it("is never more than was sent, never less than what waits, and 0 in the end", async () => {
    const step = fc.oneof(
      fc.record({ send: fc.integer({ min: 0, max: 50 }) }),
      fc.record({ leave: fc.integer({ min: 1, max: 80 }) }),
      fc.constant({ turn: true }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const { peer, departures } = prepared();
        let sent = 0;
        const waiting: number[] = [];
        for (const what of steps) {
          if ("send" in what) {
            departures.send(bytes(...new Uint8Array(what.send)));
            waiting.push(what.send);
            sent += what.send;
          } else if ("leave" in what) {
            peer.bufferedAmount = Math.max(0, peer.bufferedAmount - what.leave);
          } else {
            await turn();
          }
          // Whole messages from the newest back, as far as the bytes reach that still wait.
          let left = peer.bufferedAmount;
          let least = 0;
          for (let at = waiting.length - 1; at >= 0 && left > 0; at--) {
            left -= waiting[at]! + peer.overhead;
            least += waiting[at]!;
          }
          expect(departures.amount).toBeGreaterThanOrEqual(least);
          expect(departures.amount).toBeLessThanOrEqual(sent);
        }
        peer.bufferedAmount = 0;
        await turn();
        await turn();
        expect(departures.amount).toBe(0);
      }),
      { numRuns: 100 },
    );
  });
});
