import { deflateRawSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import {
  Corpus,
  document,
  fromHex,
  html,
  image,
  json,
  keys,
  repeated,
} from "../../../autobahn/runner/data.ts";

describe("data", () => {
  it("are patterns, cut where they are long enough", () => {
    expect(Buffer.from(repeated("abc", 7)).toString()).toBe("abcabca");
    expect(repeated("abc", 0)).toHaveLength(0);
    expect(fromHex("00ff")).toEqual(Uint8Array.of(0, 255));
  });
});

describe("the five files", () => {
  it.each([
    [json, 194056, 0.044],
    [image, 263222, 0.851],
    [keys, 222218, 0.389],
    [html, 263620, 0.055],
    [document, 1042328, 0.758],
  ])("are about as long and as compressible as the suite's: %o", (corpus, length, ratio) => {
    const { octets } = corpus;
    const units = corpus.isText ? [...Buffer.from(octets).toString()].length : octets.length;
    expect(Math.abs(units / length - 1)).toBeLessThan(0.01);
    expect(Math.abs(deflateRawSync(octets, { level: 6 }).length / octets.length - ratio)).toBeLessThan(0.03);
  });
});

describe("the messages of a file", () => {
  const shown = (corpus: Corpus, length: number, most = 1000): string[] =>
    corpus.messages(length, most).map((message) => Buffer.from(message).toString());

  it("are what reading on and on gives, until it repeats", () => {
    const corpus = new Corpus("", false, () => Buffer.from("abcdef"));
    expect(shown(corpus, 4)).toEqual(["abcd", "efab", "cdef"]);
    expect(shown(corpus, 6)).toEqual(["abcdef"]);
    expect(shown(corpus, 9)).toEqual(["abcdefabc", "defabcdef"]);
    expect(shown(corpus, 1, 2)).toEqual(["a", "b"]);
  });

  it("are cut between code points, if it is text", () => {
    expect(shown(new Corpus("", true, () => "aß€𝄞"), 3)).toEqual(["aß€", "𝄞aß", "€𝄞a", "ß€𝄞"]);
  });

  it("are so few that a judge compresses little", () => {
    for (const corpus of [json, image, keys, html, document]) {
      expect(corpus.messages(131072, 1000).length).toBeLessThan(150);
    }
  });
});
