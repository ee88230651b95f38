import type { Faults } from "../../fault.ts";

export const huffman: Faults = {
  in: "src/deflate/huffman.ts",
  faults: [
    {
      what: "The next code keeps the bits that should have fallen.",
      find: "return (code & (bit - 1)) | bit;",
      replace: "return code | bit;",
    },
    {
      what: "Behind all ones comes one.",
      find: "if (clear === 0) return 0;",
      replace: "if (clear === 0) return 1;",
    },
    {
      what: "Lengths that claim too much code space are accepted.",
      find: '      if (unused < 0) return "over-subscribed";\n',
      replace: "",
    },
    {
      what: "Lengths that leave code space over are accepted.",
      find: 'if (unused > 0 && !(this.#lone && longest <= 1)) return "incomplete";',
      replace: "",
    },
    {
      what: "A lone code is refused.",
      find: "unused > 0 && !(this.#lone && longest <= 1)",
      replace: "unused > 0",
    },
    {
      what: "Any alphabet may have a lone code.",
      find: "!(this.#lone && longest <= 1)",
      replace: "!(longest <= 1)",
    },
    {
      what: "A lone code may have two bits.",
      find: "!(this.#lone && longest <= 1)",
      replace: "!(this.#lone && longest <= 2)",
    },
    {
      what: "Counts of the block before are added up.",
      find: "    counts.fill(0);\n",
      replace: "",
    },
    {
      what: "Codes of 15 bits are not looked at.",
      find: "length <= LONGEST_CODE; length++) {\n      unused",
      replace: "length < LONGEST_CODE; length++) {\n      unused",
    },
    {
      what: "The unused half of a lone code is what was there before.",
      find: "this.entries[0] = this.entries[1] = INVALID | 1;",
      replace: "",
    },
    {
      what: "The first table is not repeated when it grows.",
      find: "if (length > 1) repeat(entries, 1 << (length - 1));",
      replace: "",
    },
    {
      what: "The first table has an index bit more than its limit.",
      find: "Math.min(longest, this.#largestRoot)",
      replace: "Math.min(longest, this.#largestRoot + 1)",
    },
    {
      what: "A second table is one bit too narrow.",
      find: "const bits = widthBehindPrefix(length, rootBits, longest);",
      replace: "const bits = Math.max(1, widthBehindPrefix(length, rootBits, longest) - 1);",
    },
    {
      what: "All second tables begin at one place.",
      find: "          secondEnd += 1 << bits;\n",
      replace: "          secondEnd = second + (1 << bits);\n          second = 1 << rootBits;\n",
    },
    {
      what: "An entry of a second table is written once, not wherever its code stands.",
      find: "at < secondEnd; at += step) entries[at] = entry;",
      replace: "at < secondEnd; at += secondEnd) entries[at] = entry;",
    },
    {
      what: "A second table is as wide as its first code needs.",
      find: "while (unused > 0 && length < longest) unused",
      replace: "while (false) unused",
    },
  ],
};
