import type { Faults } from "../../fault.ts";

export const inflate: Faults = {
  in: "src/deflate/inflate.ts",
  faults: [
    {
      what: "A boundary is wherever a block has ended, on a byte or not.",
      find: "this.#state === State.BlockHeader && this.#reader.bits === 0",
      replace: "this.#state === State.BlockHeader",
    },
    {
      what: "A boundary is wherever a byte has ended, inside a block or not.",
      find: "this.#state === State.BlockHeader && this.#reader.bits === 0",
      replace: "this.#reader.bits === 0",
    },
    {
      what: "What a call has produced is forgotten in the next.",
      find: "    this.#window.append(output.bytes, this.#start, output.length);\n",
      replace: "",
    },
    {
      what: "What stood in the output before the call belongs to the window.",
      find: "this.#start = output.length;",
      replace: "this.#start = 0;",
    },
    { what: "A reset keeps the window.", find: "    this.#window.clear();\n", replace: "" },
    {
      what: "A reset keeps the state.",
      find: "    this.#returnCodes();\n    this.#state = State.BlockHeader;\n",
      replace: "    this.#returnCodes();\n",
    },
    { what: "A reset keeps the bits.", find: "    this.#reader.reset();\n", replace: "" },
    {
      what: "A reset inside a dynamic block keeps its codes.",
      find: "    this.#window.clear();\n    this.#returnCodes();\n",
      replace: "    this.#window.clear();\n",
    },
    { what: "A reset keeps the fault.", find: '    this.fault = "";\n  }', replace: "  }" },
    {
      what: "The block type 3 is a stored block.",
      find: 'return this.#corrupt("the block type 3 is reserved");',
      replace: "this.#reader.align();\n        return this.#enter(State.StoredLength);",
    },
    {
      what: "BFINAL is the second bit.",
      find: "this.final = (header & 1) === 1;",
      replace: "this.final = (header & 2) === 2;",
    },
    {
      what: "The rest of the byte before a stored length is not skipped.",
      find: "        this.#reader.align();\n        return this.#enter(State.StoredLength);",
      replace: "        return this.#enter(State.StoredLength);",
    },
    {
      what: "Fixed codes are those of the block before.",
      find: "        this.#codes = FIXED_CODES;\n        return",
      replace: "        return",
      equivalent: "The end of a block, and a reset, have put the fixed codes back already.",
    },
    {
      what: "The end of a dynamic block keeps its codes.",
      find: "  #endBlock(): Step {\n    this.#returnCodes();\n",
      replace: "  #endBlock(): Step {\n",
    },
    {
      what: "Behind a final block the next one begins in the same byte.",
      find: "    if (this.final) this.#reader.align();\n",
      replace: "",
    },
    {
      what: "A stored length and its complement need not match.",
      find: "if ((length ^ complement) !== 0xffff) {",
      replace: "if (false) {",
    },
    {
      what: "An empty stored block waits for bytes.",
      find: "    if (length === 0) return this.#endBlock();\n",
      replace: "",
    },
    {
      what: "A stored block passes the limit.",
      find: "const fitting = Math.min(count, this.#limit - output.length);",
      replace: "const fitting = count;",
    },
    {
      what: "A stored block that passes the limit writes nothing.",
      find: "if (fitting > 0) output.append(",
      replace: "if (fitting === count) output.append(",
    },
    {
      what: "A stored block begins anew with each chunk.",
      find: "    this.#left -= count;\n",
      replace: "    this.#left -= Math.min(count, 1);\n",
    },
    {
      what: "287 codes of literals are accepted.",
      find: "if (this.#literals > LITERAL_SYMBOLS) {",
      replace: "if (this.#literals > LITERAL_SYMBOLS + 1) {",
    },
    {
      what: "31 codes of distances are accepted.",
      find: "if (this.#distances > DISTANCE_SYMBOLS) {",
      replace: "if (this.#distances > DISTANCE_SYMBOLS + 1) {",
    },
    {
      what: "HCLEN counts from 3.",
      find: "this.#reader.take(4) + 4;",
      replace: "this.#reader.take(4) + 3;",
    },
    {
      what: "A header that is torn begins anew.",
      find: "for (; this.#have < this.#count; this.#have++) {",
      replace: "for (this.#have = 0; this.#have < this.#count; this.#have++) {",
    },
    {
      what: "Any code length code will do.",
      find: "if (misfit !== undefined) return this.#corrupt(`the code length code",
      replace: "if (false) return this.#corrupt(`the code length code",
    },
    {
      what: "A torn repetition loses its code.",
      find: "if (!this.#reader.fetch(codeBits + (repeat < 0 ? 0 : REPEAT_EXTRA[repeat]!))) return Inflated.Ok;",
      replace: "if (!this.#reader.fetch(codeBits)) return Inflated.Ok;",
    },
    {
      what: "The first length may repeat the one before it.",
      find: "if (repeat === 0 && this.#have === 0)",
      replace: "if (false)",
    },
    {
      what: "A repetition may run past the lengths that were announced.",
      find: "if (this.#have + count > total)",
      replace: "if (false)",
    },
    {
      what: "A repetition may not end with the lengths that were announced.",
      find: "if (this.#have + count > total)",
      replace: "if (this.#have + count >= total)",
    },
    {
      what: "A run of zeros repeats the length before it.",
      find: "const repeated = repeat === 0 ? lengths[this.#have - 1]! : 0;",
      replace: "const repeated = lengths[this.#have - 1]!;",
    },
    {
      what: "Codes that were borrowed are never given back.",
      find: "if (this.#borrowed !== undefined) returnDynamicCodes(this.#borrowed);",
      replace: "",
    },
    {
      what: "A literal passes the limit.",
      find: "if (output.length >= this.#limit) return Inflated.LimitReached;",
      replace: "if (output.length > this.#limit) return Inflated.LimitReached;",
    },
    {
      what: "A torn length loses its code.",
      find: "if (!this.#reader.fetch(codeBits + extra)) return Inflated.Ok;",
      replace: "if (!this.#reader.fetch(codeBits)) return Inflated.Ok;",
    },
    {
      what: "A code that no symbol has ends the block.",
      find: 'return this.#corrupt("a literal or length code that no symbol has");',
      replace: "this.#reader.take(codeBits);\n        return this.#endBlock();",
    },
    {
      what: "A distance that no symbol has is one.",
      find: 'if ((entry & KIND) === INVALID) return this.#corrupt("a distance code that no symbol has");',
      replace: "",
    },
    {
      what: "A distance may reach out of the window.",
      find: "if (distance > window.size) {",
      replace: "if (false) {",
    },
    {
      what: "A distance may reach one byte out of the window.",
      find: "if (distance > window.size) {",
      replace: "if (distance > window.size + 1) {",
    },
    {
      what: "A distance may reach before the start of the data.",
      find: "if (distance > window.filled + produced) {",
      replace: "if (false) {",
    },
    {
      what: "A distance may not reach the first byte.",
      find: "if (distance > window.filled + produced) {",
      replace: "if (distance >= window.filled + produced) {",
    },
    {
      what: "A match passes the limit.",
      find: "if (length > this.#limit - output.length) return Inflated.LimitReached;",
      replace: "",
    },
    {
      what: "A match may not end at the limit.",
      find: "if (length > this.#limit - output.length)",
      replace: "if (length >= this.#limit - output.length)",
    },
  ],
};
