/**
 * Categories 12 and 13 — permessage-deflate (RFC 7692): a thousand messages of each size, from five kinds of files,
 * then with seven ways of asking for the peer's window and its takeover. Every message must come back as it was.
 * Whether the peer compresses at all is its own business. Next: index.ts.
 */

import type { Case } from "../case.ts";
import { type Corpus, document, html, image, json, keys } from "../data.ts";
import type { Wish } from "../extension.ts";
import { JUDGE_CLOSES } from "./expectations.ts";

const TIMES = 1000;

interface Size {
  readonly length: number;
  readonly seconds: number;
  /** The compressed message is cut into frames of so many octets. */
  readonly fragmentSize?: number;
}

const SIZES: readonly Size[] = [
  { length: 16, seconds: 60 },
  { length: 64, seconds: 60 },
  { length: 256, seconds: 120 },
  { length: 1024, seconds: 240 },
  ...[4096, 8192, 16384, 32768, 65536, 131072].map((length) => ({ length, seconds: 480 })),
  ...[8192, 16384, 32768, 65536, 131072].map((length) => ({ length, seconds: 480, fragmentSize: 256 })),
  ...[1024, 4096, 32768].map((fragmentSize) => ({ length: 131072, seconds: 480, fragmentSize })),
];

function compressed(
  id: string,
  category: string,
  subCategory: string,
  corpus: Corpus,
  wishes: readonly Wish[],
) {
  return SIZES.map(({ length, seconds, fragmentSize }, at): Case => {
    const unit = corpus.isText ? "code points" : "octets";
    const cut = fragmentSize === undefined ? "" : `, compressed in frames of ${fragmentSize} octets`;
    return {
      id: `${id}.${at + 1}`,
      category,
      subCategory,
      description: `Send ${TIMES} compressed messages of ${length} ${unit}${cut}.`,
      expectation: `Every message comes back as it was, all of them within ${seconds} seconds.`,
      close: JUDGE_CLOSES,
      compression: wishes,
      isMeasured: true,
      weight: TIMES * length,
      script(script) {
        const messages = corpus.messages(length, TIMES);
        const deflated = script.deflate(messages);
        let sent = 0;
        let outstanding: Uint8Array | undefined;
        const sendNext = (): void => {
          outstanding = messages[sent++ % messages.length]!;
          script.expectLength(outstanding.length);
          script.message(outstanding, {
            binary: !corpus.isText,
            fragmentSize,
            deflated: deflated.next().value,
          });
        };
        script.verdict("FAILED", `Case did not finish within ${seconds} seconds.`);
        script.limit(seconds);
        script.onEvent = (event) => {
          if (outstanding === undefined || event.type !== "message") return;
          const isSame = event.binary !== corpus.isText && Buffer.compare(event.payload, outstanding) === 0;
          if (isSame && sent < TIMES) {
            sendNext();
            return;
          }
          outstanding = undefined;
          if (isSame) script.verdict("OK", "Ok, received all echo'ed messages in time.");
          else script.verdict("FAILED", `Message ${sent} did not come back as it was sent.`);
          script.close(1000);
        };
        sendNext();
      },
    };
  });
}

const ANY: Wish = { noContextTakeover: false };
const FORGET: Wish = { noContextTakeover: true };
const SMALL: Wish = { noContextTakeover: false, windowBits: 9 };
const LARGE: Wish = { noContextTakeover: false, windowBits: 15 };
const FORGET_SMALL: Wish = { noContextTakeover: true, windowBits: 9 };
const FORGET_LARGE: Wish = { noContextTakeover: true, windowBits: 15 };

const WISHES: readonly (readonly [title: string, wishes: readonly Wish[]])[] = [
  ["nothing asked of the peer", [ANY]],
  ["no context takeover", [FORGET]],
  ["a window of 2^9", [SMALL]],
  ["a window of 2^15", [LARGE]],
  ["no context takeover, a window of 2^9", [FORGET_SMALL]],
  ["no context takeover, a window of 2^15", [FORGET_LARGE]],
  [
    "no context takeover and a window of 2^9, or just no context takeover, or nothing",
    [FORGET_SMALL, FORGET, ANY],
  ],
];

export const compressionPayloads: readonly Case[] = [json, image, keys, html, document].flatMap(
  (corpus, at) =>
    compressed(`12.${at + 1}`, "WebSocket Compression (different payloads)", corpus.title, corpus, [ANY]),
);

export const compressionParameters: readonly Case[] = WISHES.flatMap(([title, wishes], at) =>
  compressed(`13.${at + 1}`, "WebSocket Compression (different parameters)", title, json, wishes),
);
