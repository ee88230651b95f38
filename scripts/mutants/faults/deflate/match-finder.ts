import type { Faults } from "../../fault.ts";

export const matchFinder: Faults = {
  in: "src/deflate/match-finder.ts",
  faults: [
    {
      what: "A match is believed without being compared.",
      find: "    if (difference !== 0) {",
      replace: "    if (difference === 1) {",
    },
    {
      what: "A match may go on behind the data.",
      find: "ahead < LONGEST_MATCH ? ahead : LONGEST_MATCH;",
      replace: "LONGEST_MATCH;",
    },
    {
      what: "A match may have 259 bytes.",
      find: "ahead < LONGEST_MATCH ? ahead : LONGEST_MATCH;",
      replace: "ahead <= LONGEST_MATCH ? ahead : LONGEST_MATCH + 1;",
    },
    {
      what: "A match may reach out of the window.",
      find: "place < this.#window ? place : this.#window;",
      replace: "place;",
    },
    {
      what: "A match may reach before what was forgotten.",
      find: "place < this.#window ? place : this.#window;",
      replace: "this.#window;",
    },
    {
      what: "A chain may lead back to where it came from.",
      find: "while (step > 0 && distance <= reach) {",
      replace: "while (distance <= reach) {",
      equivalent:
        "It meets the same candidates again until its tries are spent, and a place that meets itself has found nothing.",
    },
    {
      what: "Any number of candidates is tried.",
      find: "      if (--tries === 0) break;\n",
      replace: "",
    },
    {
      what: "One candidate is tried.",
      find: "if (--tries === 0) break;",
      replace: "if (--tries > 0) break;",
    },
    {
      what: "A match that is good enough does not end the search.",
      find: "if (length >= nice || length === longest) break;",
      replace: "if (length === longest) break;",
    },
    {
      what: "A match as long as the known one is taken for a longer one.",
      find: "if (length > best) {",
      replace: "if (length >= best) {",
      equivalent:
        "The byte behind the best length was compared before, so what is as long as that is longer.",
    },
    {
      what: "Matches are looked for where fewer than four bytes are left.",
      find: "if (ahead < HASHED) return 0;",
      replace: "if (ahead < 0) return 0;",
    },
    {
      what: "No place is ever hashed twice, nor once.",
      find: "      heads[hash] = number;\n",
      replace: "",
    },
    {
      what: "Chains have one link.",
      find: "step = steps[(number - distance) & mask]!;",
      replace: "step = 0;",
    },
    {
      what: "The numbers of places begin anew when all is forgotten.",
      find: "    this.#origin = (this.#origin + this.next) & 0xffff;\n",
      replace: "    this.#origin = 0;\n",
      equivalent:
        "More of what was forgotten looks as if it could be reached; each costs a comparison and is not believed.",
    },
    {
      what: "More is dropped than the window allows.",
      find: "Math.max(0, this.next - this.#window)",
      replace: "this.next",
    },
    {
      what: "The numbers of places do not move with the bytes.",
      find: "    this.#origin = (this.#origin + drop) & 0xffff;\n",
      replace: "",
    },
    {
      what: "What was moved is hashed again.",
      find: "this.hashed = Math.max(0, this.hashed - drop);",
      replace: "this.hashed = 0;",
      equivalent: "The chains come out as they were, made a second time.",
    },
    {
      what: "Places that were moved are never hashed.",
      find: "this.hashed = Math.max(0, this.hashed - drop);",
      replace: "this.hashed = this.end;",
    },
    {
      what: "Memory grows with each call.",
      find: "    if (needed <= this.#window) return;\n",
      replace: "",
    },
    {
      what: "The window is as large as can be from the first byte on.",
      find: "let window = SMALLEST_WINDOW;",
      replace: "let window = this.#largestWindow;",
    },
    {
      what: "More input is taken than there is room for.",
      find: "const stop = Math.min(input.length, start + this.#room);",
      replace: "const stop = input.length;",
    },
  ],
};
