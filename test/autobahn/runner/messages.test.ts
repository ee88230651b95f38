import { describe, expect, it } from "vitest";
import { Deflater, Inflater } from "../../../autobahn/runner/deflate.ts";
import { isCloseCode, MessageAssembler } from "../../../autobahn/runner/messages.ts";
import { type Frame, Opcode } from "../../../autobahn/runner/wire.ts";

const { Continuation, Text, Binary, Close, Ping, Pong } = Opcode;
const octets = (payload: string | readonly number[]): Uint8Array =>
  new Uint8Array(typeof payload === "string" ? Buffer.from(payload) : payload);

function frame(opcode: number, payload: string | readonly number[], fin = true, rsv = 0): Frame {
  return { opcode, fin, rsv, payload: octets(payload) };
}

const PARAMETERS = { windowBits: 15, noContextTakeover: false };

/** What comes in for frames. */
function heard(frames: readonly Frame[]): string[] {
  const said: string[] = [];
  const show = (payload: Uint8Array): string => Buffer.from(payload).toString();
  const assembler = new MessageAssembler(
    {
      message: (payload, binary) => said.push(`${binary ? "binary" : "text"} ${show(payload)}`),
      ping: (payload) => said.push(`ping ${show(payload)}`),
      pong: (payload) => said.push(`pong ${show(payload)}`),
      closed: (code, reason, fault) => said.push(`close ${code} ${show(reason)} ${fault?.code ?? "good"}`),
      fault: ({ code }) => said.push(`fault ${code}`),
    },
    new Inflater(PARAMETERS),
  );
  for (const each of frames) assembler.frame(each);
  return said;
}

describe("messages", () => {
  it("come whole, and control frames when they come", () => {
    expect(
      heard([
        frame(Text, "a", false),
        frame(Ping, "?"),
        frame(Continuation, "b", false),
        frame(Pong, "!"),
        frame(Continuation, "c"),
        frame(Binary, [0x41]),
      ]),
    ).toEqual(["ping ?", "pong !", "text abc", "binary A"]);
  });

  it("may be compressed, in fragments", () => {
    const deflated = [...new Deflater(PARAMETERS).deflate(octets("Hello"))];
    expect(
      heard([frame(Text, deflated.slice(0, 3), false, 4), frame(Continuation, deflated.slice(3))]),
    ).toEqual(["text Hello"]);
  });

  it("are over when one cannot be inflated", () => {
    expect(heard([frame(Text, [0xff, 0xff], true, 4), frame(Text, "a"), frame(Pong, "")])).toEqual([
      "fault 1007",
      "pong ",
    ]);
  });

  it("are text only if they are UTF-8", () => {
    expect(heard([frame(Text, [0xce])])).toEqual(["fault 1007"]);
    expect(heard([frame(Binary, [0xce])])).toHaveLength(1);
  });

  it("may cut a character, but not with something impossible behind the cut", () => {
    expect(heard([frame(Text, [0xce], false), frame(Continuation, [0xba])])).toEqual(["text κ"]);
    expect(heard([frame(Text, [0xce], false), frame(Continuation, [0x41], false)])).toEqual(["fault 1007"]);
  });
});

describe("a Close", () => {
  it.each([
    [[], "close undefined  good"],
    [[0x03, 0xe8], "close 1000  good"],
    [[0x03, 0xe9, 0x62, 0x79, 0x65], "close 1001 bye good"],
    [[0x03, 0xed], "close 1005  1002"],
    [[0x03, 0xe8, 0xff], "close 1000 \ufffd 1007"],
  ])("of %j is %s", (payload, wanted) => {
    expect(heard([frame(Close, payload)])).toEqual([wanted]);
  });

  it("of one octet is a fault, and still a Close", () => {
    expect(heard([frame(Close, [3])])).toEqual(["fault 1002", "close undefined  good"]);
  });

  it.each([1000, 1003, 1007, 1011, 3000, 4999])("may say %d", (code) => {
    expect(isCloseCode(code)).toBe(true);
  });

  it.each([0, 999, 1004, 1006, 1012, 2999, 5000, 65535])("must not say %d", (code) => {
    expect(isCloseCode(code)).toBe(false);
  });
});
