import type { Faults } from "../../fault.ts";

export const blockCodes: Faults = {
  in: "src/deflate/block-codes.ts",
  faults: [
    {
      what: "The symbols 286 and 287 are literals.",
      find: "new Int32Array(FIXED_LITERAL_LENGTHS.length).fill(INVALID)",
      replace: "new Int32Array(FIXED_LITERAL_LENGTHS.length).fill(LITERAL)",
    },
    {
      what: "The distances 30 and 31 exist.",
      find: "new Int32Array(FIXED_DISTANCE_LENGTHS.length).fill(INVALID)",
      replace: "new Int32Array(FIXED_DISTANCE_LENGTHS.length).fill(BASE)",
    },
    {
      what: "The end of a block is a literal.",
      find: "literalEntries[END_OF_BLOCK] = END;",
      replace: "literalEntries[END_OF_BLOCK] = LITERAL;",
    },
    {
      what: "The table of literals is too small for some codes.",
      find: "const LITERAL_CAPACITY = 852;",
      replace: "const LITERAL_CAPACITY = 851;",
    },
    {
      what: "The table of distances is too small for some codes.",
      find: "const DISTANCE_CAPACITY = 400;",
      replace: "const DISTANCE_CAPACITY = 399;",
    },
    {
      what: "The code length code may consist of a single code.",
      find: "    1 << LONGEST_CODE_LENGTH_CODE,\n    false,",
      replace: "    1 << LONGEST_CODE_LENGTH_CODE,\n    true,",
    },
    {
      what: "Tables are lent to two inflaters at once.",
      find: "  spare = undefined;\n",
      replace: "",
    },
    {
      what: "Tables that come back are not lent again.",
      find: "  spare = codes;\n",
      replace: "  void codes;\n",
    },
    {
      what: "Borrowed tables remember the lengths of the block before.",
      find: "  codes.headerLengths.fill(0);\n",
      replace: "",
    },
    {
      what: "A block need not have an end.",
      find: 'if (lengths[END_OF_BLOCK] === 0) return "the end of the block has no code";',
      replace: "",
    },
    {
      what: "The lengths of distances begin with the last literal's.",
      find: "codes.distances.build(lengths, literals, literals + distances)",
      replace: "codes.distances.build(lengths, literals - 1, literals - 1 + distances)",
    },
    {
      what: "Any set of distance codes will do.",
      find: "if (distanceMisfit !== undefined) return",
      replace: "if (false) return",
    },
    {
      what: "Any set of literal codes will do.",
      find: "if (literalMisfit !== undefined) return",
      replace: "if (false) return",
    },
  ],
};
