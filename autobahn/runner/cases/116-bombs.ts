/**
 * Category 116 — Bombs (RFC 6455 §10.4; RFC 7692 §8): little on the wire, and much behind it. A peer should have
 * limits and say 1009 when they are reached. Having none is not strict; what matters is that it goes on living, and
 * that shows in all other cases. Next: index.ts.
 */

import { constants, deflateRawSync } from "node:zlib";
import type { Case, Script, Seen, Verdict } from "../case.ts";
import { Opcode } from "../wire.ts";
import { ANY, chapter, type Draft, isFree } from "./beyond.ts";

const { Continuation, Text, Binary } = Opcode;
const RSV1 = 4;
const MEBIBYTE = 1 << 20;
const TOO_BIG = 1009;

let mebibyte: Uint8Array | undefined;

/** `count` MiB of zeros in 1 KiB each. Blocks that end at an octet can be put behind each other. */
function zeros(count: number): Uint8Array {
  mebibyte ??= deflateRawSync(new Uint8Array(MEBIBYTE), { finishFlush: constants.Z_SYNC_FLUSH });
  return Buffer.concat([...Array.from({ length: count }, () => mebibyte!), Uint8Array.of(0)]);
}

/** Refused is good, echoed is not strict; to be at it for too long is not, either. */
function judgeBomb({ facts }: Seen): Verdict {
  const { closedByMe, failedByMe, remoteCloseCode: code } = facts;
  const say = (behavior: Verdict["behavior"], result: string): Verdict => ({ behavior, result });
  if (closedByMe && !failedByMe) return say("NON-STRICT", "There seems to be no limit: it came back.");
  if (closedByMe) return say("NON-STRICT", "The peer was still at it when its time was over.");
  if (code === null) return say("OK", "TCP was ended.");
  return say(code === TOO_BIG ? "OK" : "NON-STRICT", `Refused with ${code}.`);
}

function bomb(description: string, act: (script: Script) => void): Draft {
  return {
    ...isFree({
      compression: ANY,
      description,
      requirements: ["RFC6455-10.4-01", "RFC6455-10.4-02", "RFC6455-7.4.1-06"],
      weight: 256 * MEBIBYTE,
      act: () => {},
    }),
    expectation: "1009, or the end of TCP.",
    judge: judgeBomb,
    script(script) {
      script.onEvent = () => script.close(1000);
      act(script);
      script.killAfter(10);
    },
    isMeasured: true,
  };
}

function inPieces(script: Script, payload: Uint8Array, size: number): void {
  for (let at = 0; at < payload.length; at += size) {
    const isFirst = at === 0;
    const fin = at + size >= payload.length;
    script.frame(isFirst ? Binary : Continuation, payload.subarray(at, at + size), {
      fin,
      rsv: isFirst ? RSV1 : 0,
    });
  }
}

export const bombs: readonly Case[] = chapter(116, "Bombs", [
  bomb("Send 256 MiB of zeros in 256 KiB, as binary.", (script) =>
    script.frame(Binary, zeros(256), { rsv: RSV1 }),
  ),
  bomb("Send 256 MiB of zeros in 256 KiB, as text.", (script) =>
    script.frame(Text, zeros(256), { rsv: RSV1 }),
  ),
  bomb("Send 256 MiB of zeros in 256 KiB, in fragments of 1000 octets.", (script) =>
    inPieces(script, zeros(256), 1000),
  ),
  bomb("Send 256 MiB of zeros in 256 KiB, and no end.", (script) =>
    script.frame(Binary, zeros(256), { rsv: RSV1, fin: false }),
  ),
  bomb("Send 1 GiB of zeros in 1 MiB.", (script) => script.frame(Binary, zeros(1024), { rsv: RSV1 })),
]);
