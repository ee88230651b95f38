import fc from "fast-check";
import { expect, describe as group, it } from "vitest";
import { Connection } from "../../src/protocol/connection.ts";
import { BROKEN_RULE, type DescribeOptions, Describer, describe } from "../../src/protocol/describe.ts";
import type { Role } from "../../src/protocol/frame.ts";
import { violations } from "../../src/protocol/violation.ts";
import { bytesOf, concat, frame, hex, KEY } from "../helpers/frames.ts";

function described(bytes: string | Uint8Array, options?: DescribeOptions): string {
  return describe(typeof bytes === "string" ? hex(bytes) : bytes, options).join("\n");
}

/** The meaning of each row alone: the second column, without the bytes and the remarks. */
function meanings(bytes: string | Uint8Array, options?: DescribeOptions): string[] {
  const lines = described(bytes, options).split("\n");
  return lines.filter((line) => /^[0-9a-f]{2}( |$)/.test(line)).map((line) => line.slice(25).split("  ")[0]!);
}

/** The rule that the description ends with. */
function brokenRule(lines: readonly string[]): string | undefined {
  const line = lines.find((one) => one.startsWith(BROKEN_RULE));
  return line?.slice(BROKEN_RULE.length, line.indexOf(":"));
}

group("every kind of frame", () => {
  it("a masked text, as in the RFC's example", () => {
    expect(describe(hex("8185 37fa213d 7f9f4d5158"))).toEqual([
      "81                       FIN, text                           a whole message (§5.4)",
      "85                       MASK, length 5                      as clients send (§5.1)",
      "37 fa 21 3d              masking key                         (§5.3)",
      '7f 9f 4d 51 58           payload "Hello"                     unmasked: 48 65 6c 6c 6f',
    ]);
  });

  it("binary payload is counted, not read", () => {
    expect(describe(hex("8203 00ff41"))).toEqual([
      "82                       FIN, binary                         a whole message (§5.4)",
      "03                       length 3                            as servers send (§5.1)",
      "00 ff 41                 payload 3 bytes",
    ]);
  });

  it("an empty message has no payload to show", () => {
    expect(meanings("8100 8280 00000000")).toEqual([
      "FIN, text",
      "length 0",
      "FIN, binary",
      "MASK, length 0",
      "masking key",
    ]);
  });

  it("Ping and Pong", () => {
    expect(meanings("8902 6869 8a01 21")).toEqual([
      "FIN, ping",
      "length 2",
      "payload 2 bytes",
      "FIN, pong",
      "length 1",
      "payload 1 byte",
    ]);
    expect(described("8900")).toContain("a control frame (§5.5)");
  });

  it("Close with nothing, with a code, with a code that has no name, with a reason", () => {
    expect(meanings("8800")).toEqual(["FIN, close", "length 0"]);
    expect(meanings("8802 03e9").at(-1)).toBe("payload 1001 GoingAway");
    expect(meanings("8802 0fa0").at(-1)).toBe("payload 4000");
    expect(meanings("8805 03e8 627965").at(-1)).toBe('payload 1000 Normal, "bye"');
  });

  it("behind a Close frame nothing is read", () => {
    expect(described("8800 ffff")).toMatch(/\n\n… 2 bytes behind the Close frame: never read \(§1\.4\)$/);
    expect(described("8800 ff")).toContain("… 1 byte behind");
  });

  it("reserved bits have names, and a message that carries one is an extension's", () => {
    expect(meanings("c107 f248cdc9c90700")).toEqual([
      "FIN, RSV1, text",
      "length 7",
      "payload as an extension wrote it (§5.2)",
    ]);
    expect(meanings("f100")[0]).toBe("FIN, RSV1, RSV2, RSV3, text");
    expect(meanings("4103 f248cd 8004 c9c90700").at(-1)).toBe("payload as an extension wrote it (§5.2)");
  });
});

group("lengths", () => {
  it.each([
    [125, ["length 125"]],
    [126, ["length in the next 2 bytes", "length 126"]],
    [65_535, ["length in the next 2 bytes", "length 65535"]],
    [65_536, ["length in the next 8 bytes", "length 65536"]],
  ])("%i bytes of payload", (length, rows) => {
    const bytes = frame({ opcode: 2, payload: new Uint8Array(length) });
    expect(meanings(bytes).slice(1, 1 + rows.length)).toEqual(rows);
    const masked = frame({ opcode: 2, payload: new Uint8Array(length), key: KEY });
    expect(meanings(masked)[1]).toBe(`MASK, ${rows[0]}`);
  });

  it("a long payload is shown in rows of eight, its unmasked bytes beside them", () => {
    const lines = describe(frame({ opcode: 2, payload: new Uint8Array(20), key: KEY }));
    expect(lines.slice(3)).toEqual([
      "37 fa 21 3d 37 fa 21 3d  payload 20 bytes                    unmasked: 00 00 00 00 00 00 00 00",
      `37 fa 21 3d 37 fa 21 3d  ${" ".repeat(46)}00 00 00 00 00 00 00 00`,
      `37 fa 21 3d              ${" ".repeat(46)}00 00 00 00`,
    ]);
  });

  it("of a longer one 64 bytes are shown, or as many as asked for", () => {
    const bytes = frame({ opcode: 2, payload: new Uint8Array(100) });
    expect(describe(bytes)).toHaveLength(2 + 8 + 1);
    expect(describe(bytes).at(-1)).toBe("… and 36 bytes more");
    expect(describe(bytes, { shownBytes: 99 }).at(-1)).toBe("… and 1 byte more");
    expect(describe(bytes, { shownBytes: 100 })).toHaveLength(2 + 13);
    expect(describe(bytes, { shownBytes: 0 }).slice(2)).toEqual([
      `${" ".repeat(25)}payload 100 bytes`,
      "… and 100 bytes more",
    ]);
  });

  it("the lines are never wider than a page, whatever the payload is", () => {
    for (const payload of ["x".repeat(300), "\u0001".repeat(300), "€".repeat(300)]) {
      const lines = describe(frame({ opcode: 1, payload, key: KEY }), { shownBytes: 1000 });
      expect(lines.slice(4).every((line) => line.length <= 100)).toBe(true);
    }
  });
});

group("messages in fragments", () => {
  it("each fragment is told from the others, and from control frames between them", () => {
    expect(described("0103 48656c 8900 0001 6c 8001 6f").match(/\S.*§5\.[45]\)$/gm)).toEqual([
      "01                       text                                the first fragment (§5.4)",
      "89                       FIN, ping                           between two fragments (§5.4)",
      "00                       continuation                        a fragment (§5.4)",
      "80                       FIN, continuation                   the last fragment (§5.4)",
    ]);
  });

  it("fragments of text are text, and fragments of binary are not", () => {
    expect(meanings("0101 41 8001 42").at(-1)).toBe('payload "B"');
    expect(meanings("0201 41 8001 42").at(-1)).toBe("payload 1 byte");
  });

  it("a character that is cut is shown where it ends", () => {
    expect(meanings("0102 48e2 0001 82 8001 ac").filter((row) => row.startsWith("payload"))).toEqual([
      'payload "H" and half a character',
      'payload "" and half a character',
      'payload "€"',
    ]);
  });

  it("the next message begins anew", () => {
    expect(meanings("0101 41 8001 42 8201 43 8101 44").filter((row) => row.startsWith("payload"))).toEqual([
      'payload "A"',
      'payload "B"',
      "payload 1 byte",
      'payload "D"',
    ]);
  });
});

group("text for people", () => {
  it("is shown as far as 24 columns hold its characters", () => {
    expect(described(frame({ opcode: 1, payload: "x".repeat(24) }))).toContain(`"${"x".repeat(24)}"`);
    expect(described(frame({ opcode: 1, payload: "x".repeat(25) }))).toContain(`"${"x".repeat(24)}…"`);
    expect(described(frame({ opcode: 1, payload: "😀".repeat(13) }))).toContain(`"${"😀".repeat(12)}…"`);
  });

  it("shows no control, no mark of direction and no invisible character as it is", () => {
    const hostile = '\u0000\u001b[2J"\\\u007f\u009b\u200b\u202e\u2066\ufeff';
    const shown = Array.from(hostile, (character) =>
      meanings(frame({ opcode: 1, payload: character })).at(-1),
    );
    expect(shown.join("")).toBe(
      Array.from(
        String.raw`\u0000 \u001b [ 2 J \" \\ \u007f \u009b \u200b \u202e \u2066 \ufeff`.split(" "),
        (one) => `payload "${one}"`,
      ).join(""),
    );
    expect(described(frame({ opcode: 1, payload: "é ‐ 中" }))).toContain('"é ‐ 中"');
  });

  it("keeps U+FEFF in front of a text", () => {
    expect(described("8104 efbbbf41")).toContain(String.raw`"\ufeffA"`);
  });
});

group("broken rules", () => {
  const server: DescribeOptions = { receiver: "server", reservedBits: 0 };
  it.each<[keyof typeof violations, string, DescribeOptions]>([
    ["reserved-bit", "c1 85", { reservedBits: 0 }],
    ["reserved-bit", "a1 85", { reservedBits: 0b100 }],
    ["reserved-bit-on-control-frame", "c9 80", {}],
    ["reserved-bit-on-continuation", "4100 c000", {}],
    ["unknown-opcode", "83", {}],
    ["unknown-opcode", "8b", {}],
    ["fragmented-control-frame", "09", {}],
    ["control-frame-too-long", "89fe", server],
    ["control-frame-too-long", "887e", { receiver: "client" }],
    ["unmasked-frame", "8105", server],
    ["masked-frame", "8185", { receiver: "client" }],
    ["length-not-minimal", "827e 007d", {}],
    ["length-not-minimal", "827f 000000000000ffff", {}],
    ["length-top-bit", "827f 8000000000000000", {}],
    ["length-unsafe", "827f 0020000000000000", {}],
    ["unexpected-continuation", "8000", {}],
    ["expected-continuation", "0100 8100", {}],
    ["invalid-utf8", "8102 c328", {}],
    ["invalid-utf8", "8101 c3", {}],
    ["invalid-utf8", "8105 eda0", {}],
    ["invalid-utf8", "0101 e2 8001 28", {}],
    ["invalid-utf8", "0101 e2 8000", {}],
    ["close-payload-of-one-byte", "8801 03", {}],
    ["invalid-close-code", "8802 03ed", {}],
    ["invalid-close-reason", "8803 03e8 ff", {}],
  ])("%s, provoked by %s", (rule, bytes, options) => {
    const lines = describe(hex(`${bytes}`), options);
    const { sentence, section, code } = violations[rule];
    expect(lines.slice(-2)).toEqual([
      `✗ ${rule}: ${sentence}`,
      `  ${section}. The answer is a Close frame with ${code}; nothing behind it is read.`,
    ]);
    expect(describe(hex(`${bytes} 8100`), options).at(-2)).toBe(lines.at(-2));
  });

  it("the bytes that break it are shown, with what can be said of them", () => {
    expect(meanings("8802 03ed").at(-1)).toBe("payload 1005 NoStatus");
    expect(meanings("8801 03").at(-1)).toBe("length 1");
    expect(meanings("8803 03e8 ff").at(-1)).toBe("payload 1000 Normal");
    expect(meanings("827e 007d").at(-1)).toBe("length");
    expect(meanings("8102 c328").at(-1)).toBe('payload "�("');
    expect(meanings("83")).toEqual(["FIN, opcode 3"]);
  });

  it("without a receiver a mask bit is right either way", () => {
    expect(brokenRule(describe(hex("8180 00000000 8100")))).toBeUndefined();
  });
});

group("what has not arrived", () => {
  const whole = concat(
    frame({ fin: false, opcode: 1, payload: "héll", key: KEY }),
    frame({ opcode: 9, payload: "?", key: KEY }),
    frame({ opcode: 0, payload: "€", key: KEY }),
    frame({ opcode: 2, payload: new Uint8Array(130), key: KEY }),
    frame({ opcode: 2, payload: new Uint8Array(65_536).subarray(0, 65_536), key: KEY }).subarray(0, 40),
    frame({ opcode: 8, payload: concat(hex("03e8"), bytesOf("bye")), key: KEY }),
  );

  it.each([
    ["81", "… 1 byte of the header yet to come"],
    ["827e", "… 2 bytes of the length yet to come"],
    ["827e 01", "… 1 byte of the length yet to come"],
    ["8285", "… 4 bytes of the masking key yet to come"],
    ["8285 37fa21", "… 1 byte of the masking key yet to come"],
    ["8205", "… 5 bytes of the payload yet to come"],
    ["8905 0102", "… 3 bytes of the payload yet to come"],
    ["8805 03e8", "… 3 bytes of the payload yet to come"],
  ])("after %s it is named", (bytes, line) => {
    expect(describe(hex(bytes)).at(-1)).toBe(line);
  });

  it("as far as it is there it is shown", () => {
    expect(meanings("827f 00000000").at(-1)).toBe("length, 4 of 8 bytes");
    expect(meanings("8285 37").at(-1)).toBe("masking key, 1 of 4 bytes");
    expect(meanings("8105 4865").at(-1)).toBe('payload "He"');
    expect(meanings("8805 03").at(-1)).toBe("payload 1 byte");
  });

  it("a stream can be cut anywhere: every byte is shown once, and no rule is broken by what is missing", () => {
    for (let cut = 0; cut <= whole.length; cut++) {
      const lines = describe(whole.subarray(0, cut), { shownBytes: 100_000 });
      expect(brokenRule(lines)).toBeUndefined();
      const shown = lines
        .map((line) => /^[0-9a-f]{2}( [0-9a-f]{2})*(?= {2}|$)/.exec(line)?.[0] ?? "")
        .join("");
      expect(hex(shown)).toEqual(whole.slice(0, cut));
    }
  });

  it("no bytes give no lines", () => {
    expect(describe(new Uint8Array(0))).toEqual([]);
  });
});

group("a describer of several chunks", () => {
  it("follows a message from one to the next", () => {
    const describer = new Describer();
    describer.describe(hex("0101 c3"));
    expect(describer.describe(hex("8001 a9")).join("\n")).toContain('payload "é"');
  });

  it("begins anew behind a frame that did not arrive whole", () => {
    const describer = new Describer();
    describer.describe(hex("8103 61c3"));
    expect(describer.describe(hex("8101 61"))).toEqual(describe(hex("8101 61")));
    describer.describe(hex("8802 03"));
    expect(describer.describe(hex("8802 03e8"))).toEqual(describe(hex("8802 03e8")));
  });
});

group("any bytes", () => {
  /** Frames that are nearly right, since random bytes hardly get past their first two. */
  const frames = fc
    .array(
      fc.record({
        fin: fc.boolean(),
        rsv: fc.constantFrom(0, 0, 0, 0, 4),
        opcode: fc.constantFrom(0, 0, 1, 1, 2, 8, 9, 10, 3, 11),
        payload: fc.oneof(fc.string({ unit: "binary", maxLength: 9 }), fc.uint8Array({ maxLength: 200 })),
        key: fc.constantFrom(KEY, KEY, KEY, undefined),
      }),
      { maxLength: 6 },
    )
    .map((list) =>
      concat(...list.map(({ key, ...rest }) => frame(key === undefined ? rest : { ...rest, key }))),
    );
  const bytes = fc.oneof(fc.uint8Array({ maxLength: 40 }), frames);

  /** What a connection without limits or extensions makes of the same bytes. */
  function refusal(role: Role, input: Uint8Array): string | undefined {
    const handler = { write() {}, end() {} };
    const connection = new Connection(role, handler, { maxMessageSize: Number.POSITIVE_INFINITY });
    connection.receive(input.slice());
    connection.receiveEnd();
    return connection.closed?.error?.rule;
  }

  it.each<Role>(["server", "client"])("break the rule that a %s would name, or none", (receiver) => {
    fc.assert(
      fc.property(bytes, fc.nat(), (input, cut) => {
        const arrived = input.subarray(0, input.length - (cut % (input.length + 1)));
        expect(brokenRule(describe(arrived, { receiver, reservedBits: 0 }))).toBe(refusal(receiver, arrived));
      }),
    );
  });

  it("are only read", () => {
    const input = frame({ opcode: 1, payload: "Hello", key: KEY });
    const before = input.slice();
    describe(input);
    expect(input).toEqual(before);
  });
});

it("misuse is refused by name", () => {
  const none = new Uint8Array(0);
  // @ts-expect-error
  expect(() => describe("8100")).toThrow(new TypeError("describe: the bytes must be a Uint8Array"));
  // @ts-expect-error
  expect(() => describe(none, { receiver: "both" })).toThrow(/^receiver: /);
  for (const reservedBits of [-1, 8, 0.5, Number.NaN]) {
    expect(() => describe(none, { reservedBits })).toThrow(
      new RangeError(`reservedBits: must be an integer from 0 to 7; got ${reservedBits}`),
    );
  }
  for (const shownBytes of [-1, 0.5, Number.POSITIVE_INFINITY]) {
    expect(() => describe(none, { shownBytes })).toThrow(/^shownBytes: .*; got /);
  }
});
