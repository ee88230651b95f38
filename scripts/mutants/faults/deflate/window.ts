import type { Faults } from "../../fault.ts";

export const window: Faults = {
  in: "src/deflate/window.ts",
  faults: [
    {
      what: "A window has twice its size.",
      find: "this.size = 1 << windowBits;",
      replace: "this.size = 2 << windowBits;",
    },
    {
      what: "Of a long output the beginning is kept, not the end.",
      find: "let from = Math.max(start, end - this.size);",
      replace: "let from = start;\n    end = Math.min(end, start + this.size);",
    },
    {
      what: "More can be reached than the window holds.",
      find: "this.filled = Math.min(this.size, this.filled + end - from);",
      replace: "this.filled = this.filled + end - from;",
    },
    {
      what: "The ring does not close.",
      find: "this.#next = (this.#next + count) & (capacity - 1);",
      replace: "this.#next = Math.min(this.#next + count, capacity - 1);",
    },
    {
      what: "A copy begins one byte too late.",
      find: "let from = (this.#next - back) & mask;",
      replace: "let from = (this.#next - back + 1) & mask;",
    },
    {
      what: "A copy runs over the end of the ring.",
      find: "target[at++] = bytes[from & mask]!;",
      replace: "target[at++] = bytes[from]!;",
    },
    {
      what: "Clearing forgets nothing.",
      find: "    this.filled = 0;\n    this.#next = 0;\n",
      replace: "    this.#next = 0;\n",
    },
    {
      what: "Clearing forgets the bytes, but not where the next one goes.",
      find: "    this.filled = 0;\n    this.#next = 0;\n",
      replace: "    this.filled = 0;\n",
    },
    {
      what: "A window that grows goes on where it was full.",
      find: "    this.#next = this.filled;\n",
      replace: "",
    },
    {
      what: "A window that grows forgets its bytes.",
      find: "    grown.set(this.#bytes.subarray(0, this.filled));\n",
      replace: "",
    },
    {
      what: "A window is as large as can be from the first byte on.",
      find: "if (capacity === 0) capacity = SMALLEST_CAPACITY;",
      replace: "if (capacity === 0) capacity = this.size;",
    },
    {
      what: "Words are read from the memory that was outgrown.",
      find: "    this.#words = undefined;\n",
      replace: "",
    },
    {
      what: "A window that is read begins with the newest bytes.",
      find: "    if (filled > next) use(this.#bytes, next, filled);\n    if (next > 0) use(this.#bytes, 0, next);\n",
      replace:
        "    if (next > 0) use(this.#bytes, 0, next);\n    if (filled > next) use(this.#bytes, next, filled);\n",
    },
    {
      what: "A window that is read ends where the ring does.",
      find: "    if (next > 0) use(this.#bytes, 0, next);\n",
      replace: "",
    },
    {
      what: "A match is taken from the output where it lies in the window.",
      find: "if (distance > produced) {",
      replace: "if (distance > produced + length) {",
    },
    {
      what: "A match that begins in the window does not go on in the output.",
      find: "const count = Math.min(length, back);",
      replace: "const count = length;",
    },
    {
      what: "A word passes the end of the ring.",
      find: "from + count + WORD > bytes.length",
      replace: "from + count > bytes.length",
    },
    {
      what: "A match that overlaps itself within a word is copied by words.",
      find: "words === undefined || distance < WORD",
      replace: "words === undefined || distance < 1",
    },
  ],
};
