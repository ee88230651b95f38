import type { Faults } from "../../fault.ts";

export const bitReader: Faults = {
  in: "src/deflate/bit-reader.ts",
  faults: [
    {
      what: "The bits of a byte come in front of those that are held.",
      find: "this.hold |= this.input[this.at++]! << this.bits;",
      replace: "this.hold = (this.hold << 8) | this.input[this.at++]!;",
    },
    {
      what: "A byte beyond the input is zero.",
      find: "if (this.at === this.input.length) return false;",
      replace: "if (this.at > this.input.length) return false;",
    },
    {
      what: "A bit too many is taken.",
      find: "((1 << count) - 1);\n    this.hold",
      replace: "((2 << count) - 1);\n    this.hold",
    },
    {
      what: "Bits that were taken shift in the sign.",
      find: "this.hold >>>= count;",
      replace: "this.hold >>= count;",
    },
    { what: "Bits that were taken are still counted.", find: "    this.bits -= count;\n", replace: "" },
    {
      what: "Whole bytes are skipped with the rest of one.",
      find: "this.take(this.bits & 7);",
      replace: "this.take(this.bits);",
    },
    {
      what: "A code is believed before all its bits are there.",
      find: "if ((entry & 15) <= this.bits || !this.fetch(this.bits + 1)) return entry;",
      replace: "return entry;",
    },
    {
      what: "A long code is looked up without its second table.",
      find: "if ((entry & KIND) === LINK) {",
      replace: "if (false) {",
    },
    {
      what: "A reader that was reset keeps the bits it held.",
      find: "    this.hold = 0;\n    this.bits = 0;\n",
      replace: "    this.hold = 0;\n",
    },
    {
      what: "Bits held from the last input are lost with it.",
      find: "    this.input = EMPTY_BYTES;\n  }",
      replace: "    this.input = EMPTY_BYTES;\n    this.reset();\n  }",
    },
  ],
};
