import { describe, expect, it } from "vitest";
import { accept, answer, isToken, parseExtensions, type Wish } from "../../../autobahn/runner/extension.ts";

const ANY: Wish = { noContextTakeover: false };
const FORGET: Wish = { noContextTakeover: true };
const SMALL: Wish = { noContextTakeover: false, windowBits: 9 };
const FORGET_SMALL: Wish = { noContextTakeover: true, windowBits: 9 };

describe("a server's answer", () => {
  it("may be nothing", () => {
    expect(accept(undefined)).toBeUndefined();
  });

  it("says how both sides compress", () => {
    expect(accept("permessage-deflate")).toEqual({
      own: { windowBits: 15, noContextTakeover: false },
      peer: { windowBits: 15, noContextTakeover: false },
    });
    expect(
      accept(
        'permessage-deflate; server_max_window_bits=10;client_no_context_takeover; client_max_window_bits="8"',
      ),
    ).toEqual({
      own: { windowBits: 8, noContextTakeover: true },
      peer: { windowBits: 10, noContextTakeover: false },
    });
  });

  it.each([
    ["permessage-deflate, permessage-deflate", /more than one/],
    ["x-webkit-deflate-frame", /was not offered/],
    ["permessage-deflate; client_max_window_bits", /not between 8 and 15/],
    ["permessage-deflate; server_max_window_bits=16", /not between 8 and 15/],
    ["permessage-deflate; server_max_window_bits=08", /not between 8 and 15/],
    ["permessage-deflate; server_no_context_takeover=1", /takes no value/],
    ["permessage-deflate; more", /unknown/],
    ["permessage-deflate; server_no_context_takeover; server_no_context_takeover", /not well-formed/],
    ["permessage-deflate;", /not well-formed/],
    ["", /not well-formed/],
    ['permessage-deflate; server_max_window_bits="1 0"', /not well-formed/],
  ])("must not be %s", (value, sentence) => {
    expect(accept(value)).toMatch(sentence);
  });
});

describe("the answer to a client", () => {
  const value = (offers: string, ...wishes: Wish[]): string | undefined => {
    const answered = answer(offers, wishes);
    return typeof answered === "string" ? answered : answered?.value;
  };

  it("is nothing if nothing was offered, or nothing that fits", () => {
    expect(answer(undefined, [ANY])).toBeUndefined();
    expect(value("something-else", ANY)).toBeUndefined();
    expect(value("permessage-deflate", SMALL)).toBeUndefined();
    expect(value("permessage-deflate")).toBeUndefined();
  });

  it("repeats what the client asks of the server, and adds what the case asks of the client", () => {
    const offers =
      "permessage-deflate; client_max_window_bits; server_max_window_bits=12; server_no_context_takeover";
    expect(value(offers, FORGET_SMALL)).toBe(
      "permessage-deflate; server_no_context_takeover; server_max_window_bits=12; client_no_context_takeover; client_max_window_bits=9",
    );
    expect(value(offers, ANY)).toBe(
      "permessage-deflate; server_no_context_takeover; server_max_window_bits=12",
    );
  });

  it("is to the first offer that a wish fits, with the dearest wish", () => {
    const offers = "permessage-deflate; server_max_window_bits=9, permessage-deflate; client_max_window_bits";
    expect(value(offers, SMALL)).toBe("permessage-deflate; client_max_window_bits=9");
    expect(value(offers, FORGET_SMALL, FORGET, ANY)).toBe(
      "permessage-deflate; server_max_window_bits=9; client_no_context_takeover",
    );
  });

  it("is what both sides then hold to", () => {
    expect(
      answer("permessage-deflate; client_max_window_bits; server_no_context_takeover", [SMALL]),
    ).toMatchObject({
      agreement: {
        own: { windowBits: 15, noContextTakeover: true },
        peer: { windowBits: 9, noContextTakeover: false },
      },
    });
  });

  it.each([
    ["permessage-deflate; server_max_window_bits", /not between/],
    ["permessage-deflate; client_max_window_bits=7", /not between/],
    ["permessage-deflate; secret", /unknown/],
    ["permessage-deflate; ;", /not well-formed/],
  ])("is a refusal of %s", (offers, sentence) => {
    expect(answer(offers, [])).toMatch(sentence);
  });
});

describe("the grammar of extensions", () => {
  it("knows quoted values, with what separates elsewhere inside", () => {
    expect(parseExtensions('a; b="c", d')).toEqual([
      { name: "a", parameters: new Map([["b", "c"]]) },
      { name: "d", parameters: new Map() },
    ]);
    expect(parseExtensions('a; b="c,d"')).toBeUndefined();
  });

  it("knows tokens", () => {
    expect(["a", "a-b", "!#$"].every(isToken)).toBe(true);
    expect(["", "a b", "a/b", "ä"].some(isToken)).toBe(false);
  });
});
