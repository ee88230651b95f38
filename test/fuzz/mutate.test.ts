import { describe, expect, it } from "vitest";
import { Corpus } from "../../fuzz/corpus.ts";
import { MAX_INPUT, mutate } from "../../fuzz/mutate.ts";
import { Random } from "../../fuzz/random.ts";
import { mutants } from "../../fuzz/session.ts";
import { bytesOf } from "../helpers/frames.ts";

const corpus = new Corpus([bytesOf("a seed"), bytesOf("another, longer one"), new Uint8Array(0)]);
const dictionary = [bytesOf("TOKEN")];
const target = { run: () => 0, settings: 0, dictionary };

function someMutants(seed: number, name = "target"): string[] {
  const next = mutants({ name, target, corpus, seed });
  return Array.from({ length: 500 }, () => Buffer.from(next()).toString("hex"));
}

describe("mutate", () => {
  it("gives the same inputs for the same seed and target, and others for others", () => {
    expect(someMutants(7)).toEqual(someMutants(7));
    expect(someMutants(7)).not.toEqual(someMutants(8));
    expect(someMutants(7)).not.toEqual(someMutants(7, "another"));
  });

  it("does not change what it is given", () => {
    const data = bytesOf("stays as it is");
    const other = bytesOf("this as well");
    const random = new Random(1);
    for (let count = 0; count < 500; count++) mutate(data, random, { other, dictionary });
    expect([data, other, dictionary[0]]).toEqual([
      bytesOf("stays as it is"),
      bytesOf("this as well"),
      bytesOf("TOKEN"),
    ]);
  });

  it("makes something of nothing, and nothing larger than the limit", () => {
    const random = new Random(1);
    const material = { other: new Uint8Array(MAX_INPUT), dictionary: [] };
    const sizes = Array.from({ length: 500 }, () => mutate(new Uint8Array(0), random, material).length);
    expect(Math.max(...sizes)).toBe(MAX_INPUT);
    let data: Uint8Array = new Uint8Array(MAX_INPUT);
    for (let count = 0; count < 500; count++) {
      data = mutate(data, random, material);
      expect(data.length).toBeLessThanOrEqual(MAX_INPUT);
    }
  });

  it("uses the dictionary, and crosses inputs over", () => {
    const all = someMutants(1).map((hex) => Buffer.from(hex, "hex").toString("latin1"));
    expect(all.some((text) => text.includes("TOKEN"))).toBe(true);
    expect(all.some((text) => text.includes("a se") && text.includes("nger"))).toBe(true);
  });

  it("keeps most of its input most of the time", () => {
    const data = new Random(3).bytes(200);
    const random = new Random(1);
    let kept = 0;
    for (let count = 0; count < 500; count++) {
      const mutant = mutate(data, random, { other: data, dictionary });
      if (Math.abs(mutant.length - data.length) < 100) kept++;
    }
    expect(kept).toBeGreaterThan(250);
  });
});

describe("Corpus", () => {
  it("gives the newest and the cheapest more often than others, and each at times", () => {
    const inputs = Array.from({ length: 8 }, (_, index) => Uint8Array.of(index));
    const picky = new Corpus(inputs);
    picky.add(Uint8Array.of(8), 100);
    const random = new Random(1);
    const counts = new Array<number>(9).fill(0);
    for (let count = 0; count < 9000; count++) counts[picky.pick(random)[0]!]!++;
    expect(counts[7]).toBeGreaterThan(2 * counts[0]!);
    expect(counts[7]).toBeGreaterThan(2 * counts[8]!);
    expect(Math.min(...counts)).toBeGreaterThan(0);
    expect(picky.size).toBe(9);
  });
});

describe("Random", () => {
  it("spreads its numbers over the whole range", () => {
    const random = new Random(0);
    const counts = new Array<number>(16).fill(0);
    for (let count = 0; count < 16_000; count++) counts[random.below(16)]!++;
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });
});
