import type { Faults } from "../../fault.ts";

export const frameWriter: Faults = {
  in: "src/protocol/frame-writer.ts",
  faults: [
    {
      what: "No slab is used again.",
      find: "(size === SMALL_SLAB ? smallSlabs : largeSlabs).borrow() ?? new Uint8Array(size)",
      replace: "new Uint8Array(size)",
    },
    {
      what: "A writer that is lent goes on to write for the connection before.",
      find: "    this.#output = output;\n    this.#keys = keys;\n  }\n\n  /** Whether it holds",
      replace: "    this.#keys = keys;\n  }\n\n  /** Whether it holds",
    },
    {
      what: "A writer that is lent masks for a server, or not for a client.",
      find: "    this.#output = output;\n    this.#keys = keys;\n  }\n\n  /** Whether it holds",
      replace: "    this.#output = output;\n  }\n\n  /** Whether it holds",
    },
    {
      what: "A writer whose output is behind is given back.",
      find: "return this.idle && this.#flowing;",
      replace: "return this.idle;",
    },
    {
      what: "A writer is given back though output waits.",
      find: "return this.idle && this.#flowing;",
      replace: "return this.#flowing;",
    },
    {
      what: "A small slab is given back as a large one.",
      find: "(slab.length === SMALL_SLAB ? smallSlabs : largeSlabs)",
      replace: "largeSlabs",
    },
    {
      what: "What waits in blocks is not counted.",
      find: "return this.#used + this.#blockBytes;",
      replace: "return this.#used;",
    },
    {
      what: "A writer is idle while its output is inside of a write.",
      find: "return this.waiting === 0 && !this.#flushing;",
      replace: "return this.waiting === 0;",
    },
    {
      what: "A client does not mask.",
      find: "if (this.#keys !== undefined) {",
      replace: "if (false && this.#keys !== undefined) {",
    },
    {
      what: "No room is made for the header.",
      find: "this.#reserve(MAX_HEADER_SIZE + (passedOn ? 0 : length), bulk);",
      replace: "this.#reserve(passedOn ? MAX_HEADER_SIZE : length, bulk);",
    },
    {
      what: "Large payloads are copied.",
      find: "const passedOn = length >= PASSED_ON_FROM;",
      replace: "const passedOn = false;",
    },
    {
      what: "A payload that is passed on comes before its header.",
      find: "      this.#finishSlab();\n      this.#push({ bytes: payload, slab: undefined });",
      replace: "      this.#push({ bytes: payload, slab: undefined });",
    },
    {
      what: "A frame that is made already comes before what was written earlier.",
      find: "    this.#finishSlab();\n    this.#push({ bytes: frame, slab: undefined });",
      replace: "    this.#push({ bytes: frame, slab: undefined });",
    },
    {
      what: "A text is given two bytes for a unit.",
      find: "const most = text.length * MAX_UTF8_PER_UNIT;",
      replace: "const most = text.length * 2;",
    },
    {
      what: "A text with a longer header is not moved.",
      find: "if (at !== start + assumed) slab.copyWithin(at, start + assumed, start + assumed + length);",
      replace: "",
    },
    {
      what: "The length of a text is told in characters.",
      find: "writeHeader(slab, start, first, length, key);",
      replace: "writeHeader(slab, start, first, text.length, key);",
    },
    {
      what: "A text is not masked.",
      find: "    if (masked) mask(slab, at, at + length, key, 0);\n",
      replace: "",
    },
    {
      what: "A flush begins inside of a write.",
      find: "    if (this.#flushing) return;\n",
      replace: "",
    },
    {
      what: "A write that throws ends all flushing.",
      find: "    } finally {\n      this.#flushing = false;\n    }",
      replace: "    } finally {\n      if (this.waiting === 0) this.#flushing = false;\n    }",
    },
    {
      what: "A flush writes one block.",
      find: "while (this.waiting > 0) this.#write(",
      replace: "if (this.waiting > 0) this.#write(",
    },
    {
      what: "Each part of a masked payload begins with the first octet of the key.",
      find: "this.#used, key, done & 3);",
      replace: "this.#used, key, 0);",
    },
    {
      what: "A part of a masked payload is sent twice.",
      find: "      done += count;\n",
      replace: "      done += count - (done === 0 && count > 1 ? 1 : 0);\n",
    },
    {
      what: "A slab that is exchanged for a larger one loses its content.",
      find: "    this.#slab.set(before.subarray(0, this.#used));\n",
      replace: "",
    },
    {
      what: "A slab that was exchanged for a larger one is lost to the pool.",
      find: "    this.#slab.set(before.subarray(0, this.#used));\n    giveBack(before);",
      replace: "    this.#slab.set(before.subarray(0, this.#used));",
    },
    {
      what: "A slab may become larger than the largest.",
      find: "    if (this.#used + count > LARGE_SLAB) this.#finishSlab();\n",
      replace: "",
    },
    {
      what: "A block does not count to what waits.",
      find: "    this.#blockBytes += block.bytes.length;\n",
      replace: "",
    },
    {
      what: "A block that has left still counts to what waits.",
      find: "    this.#blockBytes -= block.bytes.length;\n",
      replace: "",
    },
    {
      what: "Blocks that have left are kept.",
      find: "      this.#blocks.length = 0;\n      this.#nextBlock = 0;\n",
      replace: "",
    },
    {
      what: "All writers share their blocks.",
      find: "    if (this.#blocks === NO_BLOCKS) this.#blocks = [];\n",
      replace: "",
    },
    {
      what: "Blocks are gathered beyond the size of a slab.",
      find: "if (length >= PASSED_ON_FROM || size + length > LARGE_SLAB) break;",
      replace: "if (length >= PASSED_ON_FROM) break;",
    },
    {
      what: "Large payloads are gathered, too.",
      find: "if (length >= PASSED_ON_FROM || size + length > LARGE_SLAB) break;",
      replace: "if (size + length > LARGE_SLAB) break;",
    },
    {
      what: "The slab is gathered before blocks that come first.",
      find: "const isAll = this.#nextBlock + count === this.#blocks.length;",
      replace: "const isAll = true;",
    },
    {
      what: "Nothing is gathered.",
      find: "    if (count < 2) return undefined;\n",
      replace: "    return undefined;\n",
    },
    {
      what: "What is gathered lies in one place.",
      find: "      used += block.bytes.length;\n",
      replace: "      used = block.bytes.length;\n",
    },
    {
      what: "A slab is given back though its bytes were not taken.",
      find: "      if (this.#flowing) giveBack(slab);\n",
      replace: "      giveBack(slab);\n",
    },
    {
      what: "A slab is never given back.",
      find: "      if (this.#flowing) giveBack(slab);\n",
      replace: "",
    },
    {
      what: "Memory that is used again is given away.",
      find: "this.#output.write(bytes.slice(), more)",
      replace: "this.#output.write(bytes, more)",
    },
    {
      what: "Nobody is told that more comes.",
      find: "const more = this.waiting > 0;",
      replace: "const more = false;",
    },
    {
      what: "The next frame is written over what is leaving.",
      find: "    this.#slab = EMPTY_BYTES;\n    this.#used = 0;\n    return { bytes, slab };",
      replace: "    this.#used = 0;\n    return { bytes, slab };",
    },
  ],
};
