import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { portable } from "../../src/deflate/index.ts";
import { native } from "../../src/node/zlib.ts";
import type { Role } from "../../src/protocol/frame.ts";
import { Opcode } from "../../src/protocol/frame.ts";
import { concat, readFrames } from "../helpers/frames.ts";
import { Network, type Setting, type Side } from "./network.ts";

/** Something that happens: an application sends, the network carries, or it fails. */
type Step = (network: Network) => void;

const codec = fc.constantFrom(portable, native);
const setting: fc.Arbitrary<Setting> = fc.record({
  codecs: fc.option(fc.record<Record<Role, typeof portable>>({ client: codec, server: codec }), {
    nil: undefined,
  }),
  contextTakeover: fc.boolean(),
  scheduled: fc.boolean(),
  pieces: fc.boolean(),
  pulled: fc.boolean(),
});

const role = fc.constantFrom<Role>("client", "server");
/** From nothing to what needs a length of 16 bits, or a buffer of its own. */
const size = fc.constantFrom(0, 1, 20, 125, 126, 4000, 17_000);
const message = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 60 }).map((data) => ({ type: "text" as const, data })),
  fc.uint8Array({ maxLength: 60 }).map((data) => ({ type: "binary" as const, data })),
  fc.tuple(size, fc.nat(255)).map(([count, byte]) => ({
    type: "binary" as const,
    data: Uint8Array.from({ length: count }, (_, index) => byte + (index >> 3)),
  })),
);

const closeCode = fc.constantFrom(undefined, 1000, 1001, 3000, 4999);
const send: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .tuple(role, message, fc.boolean())
      .map(([from, data, pieces]) => sending(from, data, pieces)),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(role, fc.uint8Array({ maxLength: 125 }), fc.boolean())
      .map(([from, data, ping]) => signing(from, data, ping)),
  },
);
const carry: fc.Arbitrary<Step> = fc.tuple(role, fc.constantFrom(1, 2, 3, 7, 100, 1e6)).map(
  ([from, count]) =>
    (network) =>
      network.carry(network[from], count),
);
const flush: fc.Arbitrary<Step> = role.map((from) => (network) => network[from].connection.flush());
const close: fc.Arbitrary<Step> = fc.tuple(role, closeCode).map(
  ([from, code]) =>
    (network) =>
      network[from].connection.close(code),
);
const breakOff: fc.Arbitrary<Step> = fc.constant((network) => network.break());
const fault: fc.Arbitrary<Step> = fc
  .tuple(role, fc.nat(1000), fc.nat(3), fc.uint8Array({ maxLength: 3 }))
  .map(
    ([from, at, lost, inserted]) =>
      (network) =>
        damage(network[from], at, lost, inserted),
  );

function sending(from: Role, data: Parameters<Side["send"]>[0], inPieces: boolean): Step {
  return (network) => network[from].send(data, inPieces);
}

function signing(from: Role, data: Uint8Array, asPing: boolean): Step {
  return ({ [from]: { connection } }) => void (asPing ? connection.ping(data) : connection.pong(data));
}

/** Takes bytes off the wire and puts others in their place. */
function damage(side: Side, position: number, lost: number, inserted: Uint8Array): void {
  const at = position % (side.outgoing.length + 1);
  side.outgoing = concat(side.outgoing.subarray(0, at), inserted, side.outgoing.subarray(at + lost));
}

function steps(...kinds: readonly fc.Arbitrary<Step>[]): fc.Arbitrary<Step[]> {
  return fc.array(fc.oneof(...kinds), { maxLength: 30 });
}

/** What holds of both whatever has happened, once their transport has ended. */
function expectOneEnd({ sides }: Network): void {
  for (const side of sides) {
    expect(side.connection.state).toBe("closed");
    expect({ closes: side.closes, ends: side.ends, late: side.late }).toEqual({
      closes: 1,
      ends: 1,
      late: 0,
    });
    const closeFrames = readFrames(concat(...side.written)).filter(({ opcode }) => opcode === Opcode.Close);
    expect(closeFrames.length).toBeLessThanOrEqual(1);
    expect(side.connection.sendText("late")).toBe(false);
  }
}

describe("two peers and a network", () => {
  it("that cuts as it likes: every message arrives once, in order, unchanged, and both agree on the end", () => {
    fc.assert(
      fc.property(
        setting,
        steps(send, carry, flush),
        role,
        closeCode,
        fc.boolean(),
        (how, list, closer, code, both) => {
          const network = new Network(how);
          for (const step of list) step(network);
          network[closer].connection.close(code);
          if (both) network.other(network[closer]).connection.close(code);
          network.settle(how.pieces ? 5 : undefined);
          expectOneEnd(network);
          const { client, server } = network;
          expect(server.heard).toEqual(client.sent);
          expect(client.heard).toEqual(server.sent);
          const expected = { code: code ?? 1005, reason: "", clean: true };
          expect(network[closer].closed).toEqual({ ...expected, initiator: "local" });
          const initiator = both ? "local" : "remote";
          expect(network.other(network[closer]).closed).toEqual({ ...expected, initiator });
        },
      ),
      { numRuns: 100 },
    );
  });

  it("that may break, closed by anybody at any time: what arrives is the beginning of what was sent", () => {
    fc.assert(
      fc.property(setting, steps(send, send, carry, carry, flush, close, breakOff), (how, list) => {
        const network = new Network(how);
        for (const step of list) step(network);
        network.break();
        expectOneEnd(network);
        for (const side of network.sides) {
          expect(side.heard).toEqual(network.other(side).sent.slice(0, side.heard.length));
          expect(side.closed?.error).toBeUndefined();
          // Who is clean has heard the other's Close, and so everything that stood before it.
          if (side.closed?.clean) expect(side.heard).toEqual(network.other(side).sent);
        }
      }),
      { numRuns: 200 },
    );
  });

  it("that flips, loses and invents bytes: nothing throws, each ends once, and says nothing afterwards", () => {
    fc.assert(
      fc.property(setting, steps(send, send, carry, carry, flush, fault, close), (how, list) => {
        const network = new Network(how);
        for (const step of list) step(network);
        network.settle();
        network.break();
        expectOneEnd(network);
      }),
      { numRuns: 250 },
    );
  });
});
