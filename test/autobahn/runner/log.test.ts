import { describe, expect, it } from "vitest";
import { Log, show } from "../../../autobahn/runner/log.ts";

const octets = (text: string): Uint8Array => Buffer.from(text);

describe("what is shown of a payload", () => {
  it.each([
    ["text", octets("κόσμε"), "κόσμε"],
    ["octets that are no text", Uint8Array.of(0xce, 0), "0xce00"],
    ["60 octets", octets("*".repeat(60)), "*".repeat(60)],
    ["more", octets("*".repeat(61)), `${"*".repeat(61)} ...`],
    ["much more", octets("*".repeat(99)), `${"*".repeat(64)} ...`],
    ["nothing", octets(""), ""],
  ])("%s", (_, payload, shown) => {
    expect(show(payload)).toBe(shown);
  });
});

describe("a log", () => {
  const frame = { fin: true, rsv: 0, opcode: 1, payload: octets("Hello") };
  const fill = (log: Log): void => {
    log.frameSent({ ...frame, mask: Uint8Array.of(1, 2, 3, 4) }, null, false);
    log.sent(octets("12345"), false);
    log.received(octets("*".repeat(70)));
    log.frameReceived(frame);
    log.note("KL", 1);
  };

  it("has the shapes of the suite's", () => {
    const log = new Log(true);
    fill(log);
    expect(log.entries).toEqual([
      ["TF", [5, "Hello"], 1, true, 0, "01020304", null, null, false],
      ["TO", [5, "3132333435"], false],
      ["RO", [70, `${"2a".repeat(64)} ...`]],
      ["RF", [5, "Hello"], 1, true, 0, false, null],
      ["KL", 1],
    ]);
  });

  it("just counts where there is too much", () => {
    const log = new Log(false);
    fill(log);
    log.messageSent(50);
    expect(log.entries).toEqual([
      ["WLM", false],
      ["KL", 1],
    ]);
    expect(log.rxOctetStats).toEqual({ 70: 1 });
    expect(log.txFrameStats).toEqual({ 1: 1 });
    expect(log.outgoing).toEqual({ wire: 5, payload: 5, application: 50, frames: 1, messages: 1 });
  });
});
