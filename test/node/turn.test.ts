import { expect, it } from "vitest";
import { endOfTurn } from "../../src/node/turn.ts";
import { turn } from "../helpers/fake-socket.ts";

it("flushes each connection once, in order, when the turn has ended", async () => {
  const schedule = endOfTurn();
  const story: string[] = [];
  const connection = (name: string) => ({ flush: () => void story.push(name) });
  schedule(connection("a"));
  schedule(connection("b"));
  expect(story).toEqual([]);
  await turn();
  expect(story).toEqual(["a", "b"]);
});

it("takes who comes while others are flushed to the next turn", async () => {
  const schedule = endOfTurn();
  let flushes = 0;
  const again = { flush: () => (++flushes < 3 ? schedule(again) : undefined) };
  schedule(again);
  await turn();
  expect(flushes).toBe(3);
});
