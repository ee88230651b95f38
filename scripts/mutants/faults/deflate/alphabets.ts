import type { Faults } from "../../fault.ts";

export const alphabets: Faults = {
  in: "src/deflate/alphabets.ts",
  faults: [
    {
      what: "Two places in the order of code lengths are swapped.",
      find: "2, 14, 1, 15]",
      replace: "2, 1, 14, 15]",
    },
    {
      what: "The longest length has no symbol of its own.",
      find: "LENGTH_BASE[LAST_LENGTH] = LONGEST_MATCH;",
      replace: "LENGTH_BASE[LAST_LENGTH] = LONGEST_MATCH - 1;",
    },
    {
      what: "The compressor writes 258 as 227 and 31.",
      find: "LENGTH_INDEX[LONGEST_MATCH] = LAST_LENGTH;",
      replace: "LENGTH_INDEX[LONGEST_MATCH] = LAST_LENGTH - 1;",
    },
    {
      what: "Lengths have extra bits from the seventh on.",
      find: "LENGTH_EXTRA[index] = Math.max(0, (index >> 2) - 1);",
      replace: "LENGTH_EXTRA[index] = Math.max(0, ((index + 2) >> 2) - 1);",
    },
    {
      what: "Distances have extra bits from the third on.",
      find: "DISTANCE_EXTRA[symbol] = Math.max(0, (symbol >> 1) - 1);",
      replace: "DISTANCE_EXTRA[symbol] = symbol >> 1;",
    },
    { what: "There are 29 distances.", find: "DISTANCE_SYMBOLS = 30;", replace: "DISTANCE_SYMBOLS = 29;" },
    {
      what: "There are 287 literals and lengths.",
      find: "LITERAL_SYMBOLS = 286;",
      replace: "LITERAL_SYMBOLS = 287;",
    },
    {
      what: "A long run of zeros counts from 10.",
      find: "Uint8Array.of(3, 3, 11)",
      replace: "Uint8Array.of(3, 3, 10)",
    },
    {
      what: "A repetition has three extra bits.",
      find: "Uint8Array.of(2, 3, 7)",
      replace: "Uint8Array.of(3, 3, 7)",
    },
    {
      what: "The compressor takes a distance for the one before it.",
      find: "const offset = distance - 1;",
      replace: "const offset = distance;",
    },
    {
      what: "The fixed codes of literals get longer a symbol too late.",
      find: ".fill(9, 144, 256)",
      replace: ".fill(9, 145, 256)",
    },
    {
      what: "A match may have 257 bytes at most.",
      find: "LONGEST_MATCH = 258;",
      replace: "LONGEST_MATCH = 257;",
    },
  ],
};
