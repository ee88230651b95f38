/**
 * The judge, 14 — All cases, in the order of their numbers, and which of them are meant by a pattern.
 *
 * Numbers from 101 on are not the suite's (beyond.ts). Next: ../opening.ts.
 */

import type { Case } from "../case.ts";
import { framing } from "./1-framing.ts";
import { pings } from "./2-pings.ts";
import { reservedBits } from "./3-reserved-bits.ts";
import { opcodes } from "./4-opcodes.ts";
import { fragmentation } from "./5-fragmentation.ts";
import { utf8 } from "./6-utf8.ts";
import { closeHandling } from "./7-close.ts";
import { limits } from "./9-limits.ts";
import { autoFragmentation } from "./10-auto-fragmentation.ts";
import { compressionParameters, compressionPayloads } from "./12-compression.ts";
import { badRequests, goodRequests } from "./101-requests.ts";
import { badResponses, goodResponses } from "./103-responses.ts";
import { lengths, masks } from "./105-masks-and-lengths.ts";
import { closeRaces, controlFrames } from "./107-control-frames.ts";
import { closeCodes } from "./109-close-codes.ts";
import { offers, responses } from "./110-negotiation.ts";
import { compressedFaults, compressedMessages } from "./112-compressed-messages.ts";
import { compressors, decompressors } from "./114-windows.ts";
import { bombs } from "./116-bombs.ts";

const CATEGORIES: readonly (readonly Case[])[] = [
  framing,
  pings,
  reservedBits,
  opcodes,
  fragmentation,
  utf8,
  closeHandling,
  limits,
  autoFragmentation,
  compressionPayloads,
  compressionParameters,
  badRequests,
  goodRequests,
  badResponses,
  goodResponses,
  masks,
  lengths,
  controlFrames,
  closeRaces,
  closeCodes,
  offers,
  responses,
  compressedMessages,
  compressedFaults,
  compressors,
  decompressors,
  bombs,
];

export const allCases: readonly Case[] = CATEGORIES.flat().sort((a, b) => compareIds(a.id, b.id));

/** By the numbers, not by the letters: 2.10 stands behind 2.9. */
export function compareIds(a: string, b: string): number {
  const [left, right] = [a, b].map((id) => id.split(".").map(Number)) as [number[], number[]];
  for (let at = 0; at < Math.max(left.length, right.length); at++) {
    const difference = (left[at] ?? -1) - (right[at] ?? -1);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** The cases that are meant: of all patterns (none: all cases) but not of those that are excluded. */
export function selectCases(patterns: readonly string[] = ["*"], exclude: readonly string[] = []): Case[] {
  const isMeant = (id: string, list: readonly string[]) => list.some((pattern) => matches(id, pattern));
  return allCases.filter(({ id }) => isMeant(id, patterns) && !isMeant(id, exclude));
}

/** As in the suite: `*` stands for anything, and such a pattern need only fit the beginning of an id. */
export function matches(id: string, pattern: string): boolean {
  const [first = "", ...rest] = pattern.split("*");
  if (rest.length === 0) return id === pattern;
  if (!id.startsWith(first)) return false;
  let at = first.length;
  for (const part of rest) {
    const found = id.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return true;
}
