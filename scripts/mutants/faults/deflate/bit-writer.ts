import type { Faults } from "../../fault.ts";

export const bitWriter: Faults = {
  in: "src/deflate/bit-writer.ts",
  faults: [
    {
      what: "Bits are written over those that wait.",
      find: "this.#hold |= value << this.#bits;",
      replace: "this.#hold = value << this.#bits;",
    },
    {
      what: "The higher of two bytes is left out.",
      find: "output.bytes[output.length++] = this.#hold >>> 8;",
      replace: "output.bytes[output.length++] = this.#hold;",
    },
    {
      what: "Sixteen bits wait for one more.",
      find: "if (this.#bits < 16) return;",
      replace: "if (this.#bits <= 16) return;",
    },
    {
      what: "Bits that wait are kept when sixteen are written.",
      find: "    this.#hold >>>= 16;\n",
      replace: "",
    },
    {
      what: "Aligning writes one byte at most.",
      find: "for (; this.#bits > 0; this.#bits -= 8) {",
      replace: "if (this.#bits > 0) {",
    },
    {
      what: "Aligning leaves a debt of bits.",
      find: "    }\n    this.#bits = 0;\n  }\n\n  /** Copies",
      replace: "    }\n  }\n\n  /** Copies",
    },
    {
      what: "A writer begins with the bits that the last one left.",
      find: "    this.#output = output;\n    this.#hold = 0;\n    this.#bits = 0;\n",
      replace: "    this.#output = output;\n",
    },
    {
      what: "No room is made for the last byte.",
      find: "(this.#bits + bits + 7) >>> 3",
      replace: "(this.#bits + bits) >>> 3",
    },
    {
      what: "The place in a byte is told as one of sixteen.",
      find: "return this.#bits & 7;",
      replace: "return this.#bits & 15;",
    },
  ],
};
