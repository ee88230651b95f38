import type { Faults } from "../../fault.ts";

export const dynamicHeader: Faults = {
  in: "src/deflate/dynamic-header.ts",
  faults: [
    {
      what: "HLIT counts from 256.",
      find: "writer.put(this.#literals - FIRST_LENGTH, 5);",
      replace: "writer.put(this.#literals - FIRST_LENGTH + 1, 5);",
    },
    {
      what: "HDIST counts from 0.",
      find: "writer.put(this.#distances - 1, 5);",
      replace: "writer.put(this.#distances, 5);",
    },
    {
      what: "HCLEN counts from 5.",
      find: "writer.put(this.#headerLengths - 4, 4);",
      replace: "writer.put(this.#headerLengths - 5, 4);",
    },
    {
      what: "The frequencies of the header before are added up.",
      find: "    this.#frequencies.fill(0);\n",
      replace: "",
    },
    {
      what: "Distances begin where the alphabet of literals ends, not where it was cut off.",
      find: "this.#sequence.set(distanceLengths, this.#literals);",
      replace: "this.#sequence.set(distanceLengths, LITERAL_SYMBOLS);",
    },
    {
      what: "The room for the header is reckoned without extra bits.",
      find: "      bits += this.#frequencies[symbol]! * extraBits(symbol);\n",
      replace: "",
    },
    {
      what: "The room for the header is reckoned a length short.",
      find: "3 * this.#headerLengths;",
      replace: "3 * (this.#headerLengths - 1);",
    },
    {
      what: "A repetition may refer to a length that was not sent.",
      find: "        this.#add(length, 0); // a repetition refers to a length that was sent\n        run--;\n",
      replace: "",
    },
    {
      what: "A run is as long as the sequence.",
      find: "while (at + run < end && sequence[at + run] === length) run++;",
      replace: "while (at + run < sequence.length && sequence[at + run] === length) run++;",
    },
    {
      what: "A repetition stands for one length more than it can.",
      find: "const most = least + (1 << extraBits(symbol)) - 1;",
      replace: "const most = least + (1 << extraBits(symbol));",
    },
    {
      what: "A repetition may be shorter than it can be.",
      find: "while (run >= least) {",
      replace: "while (run > 0) {",
    },
    {
      what: "No zero at the end of an alphabet is left out.",
      find: "while (count > least && lengths[count - 1] === 0) count--;",
      replace: "void least;",
    },
    {
      what: "An alphabet may have fewer lengths than a header can tell.",
      find: "while (count > least && lengths",
      replace: "while (count >= least && lengths",
    },
  ],
};
