import { describe, expect, it } from "vitest";
import {
  type Agreement,
  acceptOffers,
  checkExtensions,
  confirmAnswers,
  type Extension,
  type ExtensionElement,
  makeOffers,
  namesOf,
  type Parameter,
  type ReservedBit,
} from "../../src/protocol/extension.ts";
import { extension } from "../helpers/extensions.ts";

const element = (name: string, ...flags: string[]): ExtensionElement => ({
  name,
  parameters: flags.map((flag) => ({ name: flag, value: true })),
});

const names = (agreed: readonly Agreement[]): string[] => agreed.map((agreement) => agreement.name);

describe("checkExtensions", () => {
  it("accepts different names, also of extensions that use the same bit: they are alternatives", () => {
    expect(() => checkExtensions([extension("a", 4), extension("b", 4), extension("c")])).not.toThrow();
  });

  it("throws on names that are no token, names used twice, and bits that do not exist", () => {
    expect(() => checkExtensions([extension("a b")])).toThrow(TypeError);
    expect(() => checkExtensions([extension("a"), extension("a", 4)])).toThrow(/a is there twice/);
    expect(() => checkExtensions([extension("a", 3 as ReservedBit)])).toThrow(/reservedBit/);
  });
});

describe("makeOffers", () => {
  it("[RFC7692-5-02] lists every alternative of every extension, best first", () => {
    const x = { name: "x", value: "1" };
    expect(makeOffers([extension("a", 4, [[x], []]), extension("b", 2, []), extension("c")])).toEqual([
      { name: "a", parameters: [x] },
      { name: "a", parameters: [] },
      { name: "c", parameters: [] },
    ]);
  });

  it("calls the extension as its own method", () => {
    class Own implements Extension {
      readonly name = "own";
      readonly reservedBit = 0;
      readonly alternatives: Parameter[][] = [[]];
      offers(): Parameter[][] {
        return this.alternatives;
      }
      accept(): undefined {
        return undefined;
      }
      confirm(): string {
        return "";
      }
    }
    expect(makeOffers([new Own()])).toEqual([element("own")]);
  });
});

describe("acceptOffers", () => {
  it("[RFC6455-9.1-07] [RFC7692-5-03] follows the client's order", () => {
    const known = [extension("a"), extension("b", 4), extension("c", 2)];
    expect(names(acceptOffers([element("c"), element("b"), element("a")], known))).toEqual(["c", "b", "a"]);
  });

  it("[RFC6455-9-03] [RFC6455-4.2.2-13] accepts nothing that was not offered, and ignores what is unknown", () => {
    expect(acceptOffers([], [extension("a")])).toEqual([]);
    expect(names(acceptOffers([element("constructor"), element("a")], [extension("a")]))).toEqual(["a"]);
  });

  it("[RFC7692-5-03] tries the next offer of the same extension when one is declined, and stops at the first", () => {
    const agreed = acceptOffers(
      [element("a", "no"), element("a", "x"), element("a", "y")],
      [extension("a", 4)],
    );
    expect(agreed).toHaveLength(1);
    expect(agreed[0]?.parameters).toEqual([{ name: "x", value: true }]);
  });

  it("[RFC7692-5-08] gives a reserved bit to the first extension that wants it", () => {
    const known = [extension("a", 4), extension("b", 4), extension("c", 2), extension("d")];
    const offers = [element("b"), element("a"), element("c"), element("d")];
    expect(names(acceptOffers(offers, known))).toEqual(["b", "c", "d"]);
  });

  it("throws when an extension agrees in another's name or with another's bit", () => {
    const liar = (agreement: Partial<Agreement>): Extension => ({
      ...extension("a", 4),
      accept: () => ({ name: "a", reservedBit: 4, parameters: [], ...agreement }),
    });
    expect(() => acceptOffers([element("a")], [liar({ name: "b" })])).toThrow(TypeError);
    expect(() => acceptOffers([element("a")], [liar({ reservedBit: 2 })])).toThrow(TypeError);
  });
});

describe("namesOf", () => {
  it("names them in their order, and gives all who agreed on nothing the same list", () => {
    const agreed = acceptOffers([element("b"), element("a")], [extension("a"), extension("b")]);
    expect(namesOf(agreed)).toEqual(["b", "a"]);
    expect(namesOf([])).toEqual([]);
    expect(namesOf([])).toBe(namesOf([]));
  });
});

describe("confirmAnswers", () => {
  const known = [extension("a", 4), extension("b", 4), extension("c"), extension("silent", 2, [])];
  const judge = (...answers: ExtensionElement[]) => confirmAnswers(answers, makeOffers(known), known);

  it("[RFC6455-9.1-07] keeps the server's order", () => {
    const result = judge(element("c", "x"), element("a"));
    expect(result.ok && names(result.agreed)).toEqual(["c", "a"]);
    expect(judge()).toEqual({ ok: true, agreed: [] });
  });

  it("[RFC6455-4.1-43] [RFC7692-5-14] refuses an extension that is unknown, or known but not offered", () => {
    expect(judge(element("z"))).toMatchObject({ rule: "extension-not-offered", detail: '"z"' });
    expect(judge(element("silent"))).toMatchObject({ rule: "extension-not-offered" });
    expect(judge(element("__proto__"))).toMatchObject({ rule: "extension-not-offered" });
  });

  it("refuses the same extension twice", () => {
    expect(judge(element("c"), element("c"))).toMatchObject({ rule: "extension-accepted-twice" });
  });

  it("[RFC7692-5-09] refuses two extensions with the same reserved bit", () => {
    expect(judge(element("a"), element("b"))).toMatchObject({ rule: "extension-conflict" });
  });

  it("[RFC6455-7.4.1-07] refuses parameters that the extension does not take for an answer, and says why", () => {
    expect(judge(element("a", "no"))).toEqual({
      ok: false,
      rule: "extension-answer-refused",
      detail: '"a; no": No is no answer.',
    });
  });
});
