import type { Faults } from "../../fault.ts";

export const inflateFast: Faults = {
  in: "src/deflate/inflate-fast.ts",
  faults: [
    {
      what: "The fast loop runs over the end of the input.",
      find: "const REFILL = 4;",
      replace: "const REFILL = 0;",
    },
    {
      what: "The fast loop reckons without a match.",
      find: "17 + LONGEST_MATCH + 3",
      replace: "20",
    },
    {
      what: "The fast loop begins though bytes of the last input are held.",
      find: "if (reader.bits >= 8) return;",
      replace: "",
    },
    {
      what: "The fast loop passes the limit.",
      find: "      if (limit - out < FAST_OUTPUT) break;\n",
      replace: "",
    },
    {
      what: "What was decoded when the output grows is lost.",
      find: "      output.length = out;\n      if",
      replace: "      if",
    },
    {
      what: "The fast loop writes into the memory that was outgrown.",
      find: "      output.reserve(FAST_OUTPUT, limit);\n      bytes = output.bytes;\n",
      replace: "      output.reserve(FAST_OUTPUT, limit);\n",
    },
    {
      what: "A literal is decoded from bits that were not read.",
      find: "=== LITERAL && bits >= LITERAL_ROOT",
      replace: "=== LITERAL && bits >= 1",
    },
    {
      what: "A length is decoded from bits that were not read.",
      find: "bits < LITERAL_ROOT + LENGTH_EXTRA || ",
      replace: "",
    },
    {
      what: "A literal's bits are not taken.",
      find: "      hold >>>= entry & 15;\n      bits -= entry & 15;\n      entry = literals",
      replace: "      hold >>>= entry & 15;\n      entry = literals",
    },
    {
      what: "A distance beyond the window is left to the copy.",
      find: "distance > window.size || ",
      replace: "",
    },
    {
      what: "A distance beyond the data is left to the copy.",
      find: " || distance > window.filled + produced",
      replace: "",
    },
    {
      what: "A symbol that is left to the machine has lost its first bits.",
      find: "      hold = symbolHold;\n",
      replace: "",
    },
    {
      what: "A symbol that is left to the machine is read from too far on.",
      find: "      at = symbolAt;\n",
      replace: "",
    },
    {
      what: "Whole bytes are not given back to the input.",
      find: "reader.at = at - (bits >>> 3);",
      replace: "reader.at = at;",
    },
    {
      what: "Bits of bytes that were given back are still held.",
      find: "reader.hold = hold & ((1 << reader.bits) - 1);",
      replace: "reader.hold = hold;",
    },
    {
      what: "A refill counts a byte too many.",
      find: "    bits |= 24;\n    let entry",
      replace: "    bits = 32;\n    let entry",
    },
    {
      what: "What the call before has produced counts as produced by this one.",
      find: "const produced = out - start;",
      replace: "const produced = out;",
    },
    {
      what: "A distance is read beyond the end of the input.",
      find: " || at > inputStop) break;",
      replace: ") break;",
    },
    {
      what: "Words are copied within the memory that was outgrown.",
      find: "      if (words !== undefined) words = wordsOf(bytes);\n",
      replace: "",
    },
  ],
};
