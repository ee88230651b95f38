import type { Faults } from "../../fault.ts";

export const blockWriter: Faults = {
  in: "src/deflate/block-writer.ts",
  faults: [
    {
      what: "A stored block may have 65536 bytes.",
      find: "const LONGEST_STORED = 0xffff;",
      replace: "const LONGEST_STORED = 0x10000;",
    },
    {
      what: "Every stored block of several is the final one.",
      find: "Number(final && last)",
      replace: "Number(final)",
    },
    {
      what: "The complement of a stored length is the length.",
      find: "this.#bits.put(length ^ 0xffff, 16);",
      replace: "this.#bits.put(length, 16);",
    },
    {
      what: "A stored length does not begin with a byte.",
      find: "      this.#bits.align();\n      this.#bits.put(length, 16);",
      replace: "      this.#bits.put(length, 16);",
    },
    {
      what: "Each stored block begins with the first byte.",
      find: "      start += length;\n",
      replace: "      end -= length;\n",
    },
    {
      what: "A flush is a final block.",
      find: "this.writeStored(EMPTY_BYTES, 0, 0, false);",
      replace: "this.writeStored(EMPTY_BYTES, 0, 0, true);",
    },
    {
      what: "A flush writes nothing.",
      find: "this.writeStored(EMPTY_BYTES, 0, 0, false);",
      replace: "",
    },
    {
      what: "The last byte is not filled.",
      find: "    this.#bits.align();\n    this.#bits.close();",
      replace: "    this.#bits.close();",
    },
    {
      what: "Frequencies of the block before are added up.",
      find: "const literals = this.#literalFrequencies.fill(0);",
      replace: "const literals = this.#literalFrequencies;",
    },
    {
      what: "The end of a block is not counted, and gets no code.",
      find: "    literals[END_OF_BLOCK] = 1;\n",
      replace: "",
    },
    {
      what: "Room is not reckoned with extra bits.",
      find: "bits += this.#literalFrequencies[FIRST_LENGTH + index]! * LENGTH_EXTRA[index]!;",
      replace: "bits += 0;",
    },
    {
      what: "The largest form is chosen in place of the stored one.",
      find: "if (this.#storedBits(end - start) <= compressedBits) {",
      replace: "if (this.#storedBits(end - start) > compressedBits) {",
    },
    {
      what: "The fixed codes are taken where dynamic ones are smaller.",
      find: "if (fixedBits <= dynamicBits) {",
      replace: "if (fixedBits >= dynamicBits) {",
    },
    {
      what: "A stored block is reckoned without its header.",
      find: "return 3 + padding + 32 + (blocks - 1) * 40 + 8 * length;",
      replace: "return 8 * length;",
    },
    {
      what: "The symbols of a block are written again in the next.",
      find: "        this.#writeSymbols(this.#literalCodes, this.#distanceCodes);\n      }\n    }\n    this.count = 0;",
      replace: "        this.#writeSymbols(this.#literalCodes, this.#distanceCodes);\n      }\n    }",
    },
    {
      what: "Distances are written with one extra bit too few.",
      find: "DISTANCE_EXTRA[distanceIndex]!);",
      replace: "DISTANCE_EXTRA[distanceIndex]! - 1);",
    },
    {
      what: "The extra bits of a length are not written.",
      find: "      bits.put(length - LENGTH_BASE[index]!, LENGTH_EXTRA[index]!);\n",
      replace: "",
    },
    {
      what: "A block has no end.",
      find: "    const end = literalCodes[END_OF_BLOCK]!;\n    bits.put(end >>> 4, end & 15);\n",
      replace: "",
    },
    {
      what: "Short matches are taken for literals.",
      find: "      if (symbol < END_OF_BLOCK) {\n        const code",
      replace: "      if (symbol <= END_OF_BLOCK << 11) {\n        const code",
    },
    {
      what: "Short blocks get codes of their own, too.",
      find: "const FEWEST_DYNAMIC = 40;",
      replace: "const FEWEST_DYNAMIC = 0;",
      equivalent:
        "They are written only where they come out smaller; the figure saves the time of making them.",
    },
  ],
};
