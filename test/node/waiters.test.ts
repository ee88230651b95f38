import { expect, it } from "vitest";
import type { PeerClosed } from "../../src/node/peer.ts";
import { Waiters } from "../../src/node/waiters.ts";

const closed: PeerClosed = { code: 1000, reason: "", clean: true, initiator: "local", phase: "closed" };

it("whoever waits for the end is told of it, and so is who waits for what will not leave any more", async () => {
  const waiters = new Waiters();
  const waiting = Promise.all([waiters.ended(), waiters.drained(), waiters.ended()]);
  waiters.tellEnded(closed);
  expect(await waiting).toEqual([closed, undefined, closed]);
});

it("whoever waits for a drain is told of the next one, and not of the end", async () => {
  const waiters = new Waiters();
  const story: string[] = [];
  const told = (what: string) => () => void story.push(what);
  const first = waiters.drained().then(told("drained"));
  void waiters.ended().then(told("ended"));
  waiters.tellDrained();
  await first;
  expect(story).toEqual(["drained"]);
});
