/** Target: the payload of a Close frame (RFC 6455 §5.5.1, §7.4). The whole input is the payload. */

import { checkClose, readClosePayload, writeClosePayload } from "../../src/protocol/close.ts";
import { check, checkSame, checkSameBytes } from "../check.ts";
import type { Target } from "../executor.ts";
import { utf8Dictionary } from "./utf8.ts";

function run(data: Uint8Array): number {
  const read = readClosePayload(data);
  checkSame(read, expected(data), "readClosePayload: it differs from the table of §7.4");
  if (typeof read === "string") return data.length;
  const code = read.code === 1005 ? undefined : read.code;
  checkSameBytes(
    writeClosePayload(code, read.reason),
    data,
    "writeClosePayload: it does not write what was read",
  );
  check(
    data.length > 125 || !throws(() => checkClose(code, read.reason)),
    "checkClose: it refuses what was received",
  );
  return data.length;
}

function expected(data: Uint8Array): ReturnType<typeof readClosePayload> {
  if (data.length === 0) return { code: 1005, reason: "" };
  if (data.length === 1) return "close-payload-of-one-byte";
  const code = data[0]! * 256 + data[1]!;
  const reserved = [1004, 1005, 1006, 1015].includes(code) || (code > 1015 && code < 3000);
  if (code < 1000 || code > 4999 || reserved) return "invalid-close-code";
  try {
    return {
      code,
      reason: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(data.subarray(2)),
    };
  } catch {
    return "invalid-close-reason";
  }
}

function throws(action: () => void): boolean {
  try {
    action();
    return false;
  } catch {
    return true;
  }
}

export const target: Target = { run, settings: 0, dictionary: utf8Dictionary };
