import type { Faults } from "../../fault.ts";

export const deflate: Faults = {
  in: "src/deflate/deflate.ts",
  faults: [
    {
      what: "A match is looked for that is shorter than three bytes by one.",
      find: "finder.find(place, SHORTEST_MATCH, tries, nice)",
      replace: "finder.find(place, 1, tries, nice)",
    },
    {
      what: "A match at the end of the last call is taken in the next one.",
      find: "    this.#finder.forget();\n    this.#pending = 0;\n",
      replace: "    this.#finder.forget();\n",
      equivalent: "A call ends with its last byte, behind which no match can wait.",
    },
    {
      what: "A reset forgets nothing.",
      find: "    this.#finder.forget();\n",
      replace: "",
    },
    {
      what: "A match cannot be found across the end of the array.",
      find: "const stop = taken < input.length ? finder.stop : finder.end;",
      replace: "const stop = finder.end;",
    },
    {
      what: "A match that is held back loses its first byte.",
      find: "symbols[count++] = bytes[place++]!;",
      replace: "symbols[count++] = bytes[++place]!;",
    },
    {
      what: "A longer match at the next place is not looked for.",
      find: "if (length > 0 && length < lazy)",
      replace: "if (false)",
    },
    {
      what: "A match is passed over by one byte too few.",
      find: "      place += length;\n",
      replace: "      place += length - 1;\n",
    },
    {
      what: "A match is taken twice.",
      find: "      place += length;\n      match = 0;\n",
      replace: "      place += length;\n",
    },
    {
      what: "Places inside of long matches are never found again.",
      find: "if (length > remember) finder.hashed = place;",
      replace: "finder.hashed = place;",
    },
    {
      what: "A full block is not written before its data end.",
      find: "while (place < stop && count < symbols.length) {",
      replace: "while (place < stop && count <= symbols.length) {",
    },
    {
      what: "Each block is written with the raw bytes of the first.",
      find: "        written = done;\n",
      replace: "",
    },
    {
      what: "The last block is not final.",
      find: "writer.writeBlock(input, written, taken, final);",
      replace: "writer.writeBlock(input, written, taken, false);",
    },
    {
      what: "Every block is final.",
      find: "writer.writeBlock(input, written, done, false);",
      replace: "writer.writeBlock(input, written, done, final);",
    },
    {
      what: "The symbols that were gathered last are lost.",
      find: "if (final || writer.count > 0) writer",
      replace: "if (final) writer",
    },
    {
      what: "An empty stream has no block.",
      find: "if (final || input.length > 0) writer.writeStored",
      replace: "if (input.length > 0) writer.writeStored",
    },
    {
      what: "Data end without a flush.",
      find: "    writer.writeFlush();\n",
      replace: "",
    },
    {
      what: "The levels are off by one.",
      find: "efforts[settings.level - 1]",
      replace: "efforts[Math.max(0, settings.level - 2)]",
    },
    {
      what: "Level 0 compresses.",
      find: "efforts[settings.level - 1]",
      replace: "efforts[Math.max(0, settings.level - 1)]",
    },
    {
      what: "One writer serves all memory levels.",
      find: "  return writers[memoryLevel];",
      replace: "  return writers.find((writer) => writer !== undefined)!;",
    },
  ],
};
