import { describe, expect, it } from "vitest";
import { Pool } from "../src/pool.ts";

describe("a pool", () => {
  it("lends what was given back, the warmest first", () => {
    const pool = new Pool<string>(3);
    expect(pool.borrow()).toBeUndefined();
    pool.giveBack("a");
    pool.giveBack("b");
    expect([pool.borrow(), pool.borrow(), pool.borrow()]).toEqual(["b", "a", undefined]);
  });

  it("keeps no more than it was told to", () => {
    const pool = new Pool<number>(2);
    for (const item of [1, 2, 3]) pool.giveBack(item);
    expect([pool.borrow(), pool.borrow(), pool.borrow()]).toEqual([2, 1, undefined]);
  });
});
