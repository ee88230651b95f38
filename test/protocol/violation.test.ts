import { describe, expect, it } from "vitest";
import type { ConnectionOptions } from "../../src/protocol/contract.ts";
import type { Role } from "../../src/protocol/frame.ts";
import { permessageDeflate } from "../../src/protocol/permessage-deflate.ts";
import { ProtocolError, type Rule, violations } from "../../src/protocol/violation.ts";
import { concat, frame, frameTo, hex } from "../helpers/frames.ts";
import { receiveEveryWay } from "../helpers/receive.ts";

interface Provocation {
  role: Role;
  bytes: Uint8Array;
  options?: () => ConnectionOptions;
}

const toServer = (rest: Parameters<typeof frameTo>[1]) => frameTo("server", rest);
const client = (bytes: string | Uint8Array, options?: () => ConnectionOptions): Provocation => ({
  role: "client",
  bytes: typeof bytes === "string" ? hex(bytes) : bytes,
  ...(options === undefined ? {} : { options }),
});

const compressed = (): ConnectionOptions => ({
  extensions: [
    permessageDeflate().confirm([]) as Exclude<
      ReturnType<ReturnType<typeof permessageDeflate>["confirm"]>,
      string
    >,
  ],
});
const tiny = (): ConnectionOptions => ({ ...compressed(), maxMessageSize: 20 });

/** Every rule, and bytes that break it. A rule without an entry here is a type error. */
const provocations: Record<Rule, Provocation> = {
  "reserved-bit": client("91 00"),
  "reserved-bit-on-control-frame": client("c9 00", compressed),
  "reserved-bit-on-continuation": client("01 00 c0 00", compressed),
  "unknown-opcode": client("8b 00"),
  "fragmented-control-frame": client("09 00"),
  "control-frame-too-long": client("89 7e 00 7e"),
  "unmasked-frame": { role: "server", bytes: frame({ opcode: 1, payload: "Hello" }) },
  "masked-frame": client(toServer({ opcode: 1, payload: "Hello" })),
  "length-not-minimal": client("82 7e 00 05"),
  "length-top-bit": client("82 7f 80 00 00 00 00 00 00 00"),
  "length-unsafe": client("82 7f 00 20 00 00 00 00 00 00"),
  "frame-too-big": client("82 03", () => ({ maxFrameSize: 2 })),
  "message-too-big": client("02 02 01 02 80 01", () => ({ maxMessageSize: 2 })),
  // 1,000 zero bytes, compressed to a dozen.
  "decoded-message-too-big": client(
    frame({ opcode: 2, rsv: 4, payload: hex("62 60 18 05 a3 60 14 0c 77 00 00") }),
    tiny,
  ),
  "unexpected-continuation": client("80 00"),
  "expected-continuation": client("01 00 81 00"),
  "invalid-utf8": client("81 02 c3 28"),
  "corrupt-message": client("c2 01 07", compressed),
  // The first byte of a compressed "Hello", and no more.
  "truncated-message": client("c1 01 f2", compressed),
  "close-payload-of-one-byte": client("88 01 03"),
  "invalid-close-code": client("88 02 03 ed"),
  "invalid-close-reason": client("88 03 03 e8 ff"),
};

/** The requirements that rules stand for: who breaks one is told so with the code that is asked for, and left. */
const proven: Partial<Record<Rule, string>> = {
  "reserved-bit": "[RFC6455-5.2-03] ",
  "reserved-bit-on-control-frame": "[RFC7692-6.1-04] ",
  "reserved-bit-on-continuation": "[RFC7692-6.1-04] ",
  "unknown-opcode": "[RFC6455-5.2-04] ",
  "fragmented-control-frame": "[RFC6455-5.4-02] [RFC6455-5.5-02] ",
  "control-frame-too-long": "[RFC6455-5.5-01] ",
  "unmasked-frame": "[RFC6455-5.1-02] [RFC6455-5.1-03] ",
  "masked-frame": "[RFC6455-5.1-05] [RFC6455-5.1-06] ",
  "length-top-bit": "[RFC6455-5.2-05] ",
  "frame-too-big": "[RFC6455-10.4-02] ",
  "message-too-big": "[RFC6455-7.4.1-06] [RFC6455-10.4-01] [RFC6455-10.4-02] ",
  "decoded-message-too-big": "[RFC6455-7.4.1-06] [RFC6455-10.4-01] ",
  "unexpected-continuation": "[RFC6455-5.4-13] ",
  "expected-continuation": "[RFC6455-5.4-13] ",
  "invalid-utf8": "[RFC6455-7.4.1-06] [RFC6455-8.1-01] ",
  "close-payload-of-one-byte": "[RFC6455-5.5.1-02] ",
  "invalid-close-code": "[RFC6455-7.4.2-01] ",
};

describe("every rule about frames", () => {
  it.each(
    Object.entries(provocations).map(([rule, how]) => [proven[rule as Rule] ?? "", rule, how] as const),
  )("%s%s can be provoked, and costs its close code", (_ids, rule, { role, bytes, options }) => {
    const { code, section, sentence } = violations[rule as Rule];
    for (const [cut] of [[bytes], [concat(bytes, new Uint8Array(9))]]) {
      const { events, sent, ends } = receiveEveryWay(role, cut!, options?.() ?? {}, {
        end: true,
        same: ({ events: told, sent: frames }) => [told.map(({ type }) => type), frames],
      });
      const last = events.at(-1);
      expect(last?.type === "close" && last.close.error).toMatchObject({ rule, code, section });
      expect(last?.type === "close" && last.close.error?.message).toBe(`${sentence} (${section})`);
      expect(sent.at(-1)!.payload.subarray(0, 2)).toEqual(Uint8Array.of(code >> 8, code & 0xff));
      expect(ends).toBe(1);
    }
  });

  it("has a sentence, and a section that says so", () => {
    for (const { section, sentence } of Object.values(violations)) {
      expect(section.startsWith("RFC 6455 §") || section.startsWith("RFC 7692 §")).toBe(true);
      expect(sentence.endsWith(".")).toBe(true);
    }
  });
});

describe("the close code of a rule", () => {
  const tooBig: readonly Rule[] = [
    "length-unsafe",
    "frame-too-big",
    "message-too-big",
    "decoded-message-too-big",
  ];
  const notWhatItShouldBe: readonly Rule[] = [
    "invalid-utf8",
    "invalid-close-reason",
    "corrupt-message",
    "truncated-message",
  ];

  it("is 1009 for what is too big, 1007 for data that are not what they should be, and else 1002", () => {
    for (const [rule, { code }] of Object.entries(violations) as [Rule, { code: number }][]) {
      const expected = tooBig.includes(rule) ? 1009 : notWhatItShouldBe.includes(rule) ? 1007 : 1002;
      expect(code, rule).toBe(expected);
      expect(new ProtocolError(rule).code, rule).toBe(expected);
    }
  });
});

it("a ProtocolError is an Error with a name", () => {
  const error = new ProtocolError("unknown-opcode");
  expect(error).toBeInstanceOf(Error);
  expect(error.name).toBe("ProtocolError");
});
