import type { Faults } from "../../fault.ts";

export const codeLengths: Faults = {
  in: "src/deflate/code-lengths.ts",
  faults: [
    {
      what: "A lone symbol has a code of no bits.",
      find: "lengths[leaves[0]! & SYMBOL_MASK] = 1;",
      replace: "",
    },
    {
      what: "The lengths of the block before are kept for symbols that do not occur.",
      find: "  lengths.fill(0, 0, frequencies.length);\n",
      replace: "",
    },
    {
      what: "Symbols are not sorted by how often they occur.",
      find: "  leaves.subarray(0, used).sort();\n",
      replace: "",
    },
    {
      what: "The commonest symbols get the longest codes.",
      find: "for (let length = limit, leaf = 0; length > 0; length--) {",
      replace: "for (let length = 1, leaf = 0; length <= limit; length++) {",
    },
    {
      what: "An inner node is taken though a leaf is lighter.",
      find: "const second = leaf < used && (inner === node || weights[leaf]! <= weights[inner]!) ? leaf++ : inner++;",
      replace:
        "const second = leaf < used && (inner === node || weights[leaf]! > weights[inner]!) ? leaf++ : inner++;",
    },
    {
      what: "Leaves deeper than the limit are not counted.",
      find: "if (node < used) perLength[Math.min(depth, limit)]!++;",
      replace: "if (node < used && depth <= limit) perLength[depth]!++;",
    },
    {
      what: "Codes may take more than the code space.",
      find: "  shorten(limit);\n}",
      replace: "}",
    },
    {
      what: "Shortening stops one round too early.",
      find: "for (; taken > 1 << limit; taken--) {",
      replace: "for (; taken > (1 << limit) + 1; taken--) {",
    },
    {
      what: "Shortening goes on for one round too many.",
      find: "for (; taken > 1 << limit; taken--) {",
      replace: "for (; taken >= 1 << limit; taken--) {",
    },
    {
      what: "A leaf that moves down takes no brother from the limit.",
      find: "    perLength[limit]!--;\n",
      replace: "",
    },
    {
      what: "Symbols that do not occur take part of the code space.",
      find: "  perLength[0] = 0;\n",
      replace: "",
      equivalent: "They take it a whole number of times, which leaves the bits of every code as they are.",
    },
    {
      what: "Codes are not mirrored.",
      find: "next[length] = mirror(code, length);",
      replace: "next[length] = code;",
    },
    {
      what: "Two symbols of a length have the same code.",
      find: "    next[length] = nextCode(next[length]!, length);\n",
      replace: "",
    },
  ],
};
