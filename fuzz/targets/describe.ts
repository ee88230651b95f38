/**
 * Target: frames for people. It never throws, and finds the same rule broken as a connection does.
 *
 * Settings: the receiver's role, how many bytes to show.
 */

import { Connection } from "../../src/protocol/connection.ts";
import { BROKEN_RULE, describe as describeFrames } from "../../src/protocol/describe.ts";
import type { Role } from "../../src/protocol/frame.ts";
import { check, checkSame } from "../check.ts";
import type { Target } from "../executor.ts";
import { Input } from "../input.ts";
import { frameDictionary } from "./frames.ts";

function run(data: Uint8Array): number {
  const input = new Input(data);
  const receiver = input.pick<Role>(["server", "client"]);
  const shownBytes = input.pick([64, 0, 1, 9, 100_000]);
  const wire = input.rest();

  const lines = describeFrames(wire, { receiver, reservedBits: 0, shownBytes });
  check(
    lines.every((line) => !hasControls(line)),
    "describe: a control character gets through to the terminal",
  );
  // Each byte is at most in one line of its own, and beside it a frame has its remarks.
  check(
    lines.length <= 4 * wire.length + 4,
    "describe: there are more lines than bytes can need",
    lines.length,
  );
  checkSame(
    brokenRule(lines),
    connectionRule(receiver, wire),
    "describe: it finds another rule broken than a connection",
  );

  // Anybody may look at a stream without knowing whose it is, or what was negotiated.
  describeFrames(wire);
  describeFrames(data, { reservedBits: 0b100 });
  return data.length;
}

function brokenRule(lines: readonly string[]): string | undefined {
  const line = lines.find((one) => one.startsWith(BROKEN_RULE));
  return line?.slice(BROKEN_RULE.length).split(":")[0];
}

function connectionRule(receiver: Role, wire: Uint8Array): string | undefined {
  const handler = { write: () => true, end: () => {} };
  const connection = new Connection(receiver, handler, { maxMessageSize: Number.POSITIVE_INFINITY });
  connection.receive(wire.slice());
  connection.receiveEnd();
  return connection.closed?.error?.rule;
}

function hasControls(line: string): boolean {
  for (let at = 0; at < line.length; at++) {
    const code = line.charCodeAt(at);
    if (code < 0x20 || (code >= 0x7f && code <= 0x9f)) return true;
  }
  return false;
}

export const target: Target = { run, settings: 2, dictionary: frameDictionary };
