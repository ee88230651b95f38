import type { Faults } from "../../fault.ts";

export const messageWriter: Faults = {
  in: "src/protocol/message-writer.ts",
  faults: [
    {
      what: "A text may be sent inside a message in pieces.",
      find: "  text(data: string, bulk: boolean): void {\n    this.#mustBeFree();\n",
      replace: "  text(data: string, bulk: boolean): void {\n",
    },
    {
      what: "Bytes may be sent inside a message in pieces.",
      find: "  bytes(opcode: DataOpcode, data: Uint8Array, bulk: boolean): void {\n    this.#mustBeFree();\n",
      replace: "  bytes(opcode: DataOpcode, data: Uint8Array, bulk: boolean): void {\n",
    },
    {
      what: "A prepared message may be sent inside a message in pieces.",
      find: "  prepared(message: PreparedMessage, masked: boolean, bulk: boolean): void {\n    this.#mustBeFree();\n",
      replace: "  prepared(message: PreparedMessage, masked: boolean, bulk: boolean): void {\n",
    },
    {
      what: "A client sends what servers send: frames that are not masked.",
      find: "const frame = masked ? undefined : message",
      replace: "const frame = message",
    },
    {
      what: "Half a character at the end of a piece is sent.",
      find: "if (!last && endsInHighSurrogate(text)) {",
      replace: "if (false) {",
    },
    {
      what: "Half a character at the end of a message is never sent.",
      find: "if (!last && endsInHighSurrogate(text)) {",
      replace: "if (endsInHighSurrogate(text)) {",
    },
    {
      what: "The half that waits is not put in front of the next piece.",
      find: "let text = this.#half + piece;",
      replace: "let text = piece;",
    },
    {
      what: "The half that waited is sent with every piece.",
      find: '    this.#half = "";\n    if',
      replace: "    if",
    },
    {
      what: "A message may change from text to binary on its way.",
      find: "} else if (this.#opcode !== opcode) {",
      replace: "} else if (false) {",
    },
    {
      what: "Every fragment has the opcode of its message.",
      find: "    this.#first = Opcode.Continuation;\n",
      replace: "",
    },
    {
      what: "A message in pieces never ends.",
      find: "if (last) this.#opcode = undefined;",
      replace: "if (false) this.#opcode = undefined;",
    },
    {
      what: "Only the frame that ends a message does not say so.",
      find: "(last ? FIN : 0) | this.#first",
      replace: "this.#first",
    },
    {
      what: "An empty piece is sent as a fragment.",
      find: "else if (data.length === 0) return;",
      replace: "",
    },
    {
      what: "An empty last piece is not sent.",
      find: "else if (data.length === 0) return;",
      replace: "if (data.length === 0) return;",
    },
    {
      what: "The reserved bit stands on every fragment.",
      find: "    this.#first = Opcode.Continuation;\n",
      replace: "    this.#first = this.#transform;\n",
    },
    {
      what: "The last piece of a compressed message keeps its tail.",
      find: "this.#pipeline.encode(bits, data, scratch, last);",
      replace: "this.#pipeline.encode(bits, data, scratch, false);",
    },
    {
      what: "A compressed message is sent with the one before it.",
      find: "    scratch.clear();\n",
      replace: "",
    },
    {
      what: "A large compressed message is passed on in memory that is used again.",
      find: "scratch.length < PASSED_ON_FROM ? scratch.view() : scratch.take()",
      replace: "scratch.view()",
    },
    {
      what: "A low surrogate waits for its other half.",
      find: "unit >= 0xd800 && unit <= 0xdbff",
      replace: "unit >= 0xd800 && unit <= 0xdfff",
    },
    {
      what: "U+DBFF is no half.",
      find: "unit <= 0xdbff",
      replace: "unit < 0xdbff",
    },
    {
      what: "A writer is given back while a message is sent in pieces.",
      find: "return this.#opcode === undefined && this.#frames.isAtRest;",
      replace: "return this.#frames.isAtRest;",
    },
    {
      what: "A writer is given back while output waits.",
      find: "return this.#opcode === undefined && this.#frames.isAtRest;",
      replace: "return this.#opcode === undefined;",
    },
    {
      what: "A writer that is lent knows the extensions of the connection before.",
      find: "    this.#frames.begin(output, keys);\n    this.#pipeline = pipeline;\n",
      replace: "    this.#frames.begin(output, keys);\n",
    },
    {
      what: "A control frame is not the end of itself.",
      find: "this.#frames.frame(FIN | opcode, payload, bulk);",
      replace: "this.#frames.frame(opcode, payload, bulk);",
    },
  ],
};
