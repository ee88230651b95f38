import type { Faults } from "../../fault.ts";

export const messageReader: Faults = {
  in: "src/protocol/message-reader.ts",
  faults: [
    {
      what: "The type of a message is that of the one before.",
      find: "      this.type = frames.opcode as typeof this.type;\n",
      replace: "",
    },
    {
      what: "Whether a message is compressed is decided by the first one.",
      find: "      this.#transformed = frames.reservedBits;\n",
      replace: "      this.#transformed ||= frames.reservedBits;\n",
    },
    {
      what: "What earlier messages have cost is charged to this one.",
      find: "      this.#charged = 0;\n",
      replace: "",
    },
    {
      what: "What was handed out of earlier messages is charged to this one.",
      find: "      this.#delivered = 0;\n",
      replace: "",
    },
    {
      what: "The validator goes on where an earlier message ended.",
      find: "      this.#utf8 = UTF8_ACCEPT;\n",
      replace: "",
      equivalent: "A text that ended well has left it where it begins; after any other nothing is read.",
    },
    {
      what: "A fragmented message is never ended.",
      find: "frames.fragmented = !frames.fin;",
      replace: "frames.fragmented ||= !frames.fin;",
    },
    {
      what: "Fragmentation is forgotten at once.",
      find: "frames.fragmented = !frames.fin;",
      replace: "frames.fragmented = false;",
    },
    {
      what: "Empty fragments cost nothing, so endless ones never meet a limit.",
      find: "this.#charged += frames.length === 0 && !frames.fin ? 1 : frames.length;",
      replace: "this.#charged += frames.length;",
    },
    {
      what: "An empty last fragment is charged a byte.",
      find: "frames.length === 0 && !frames.fin ? 1",
      replace: "frames.length === 0 ? 1",
    },
    {
      what: "Only the last fragment is charged.",
      find: "this.#charged += frames.length === 0",
      replace: "this.#charged = frames.length === 0",
    },
    {
      what: "Each fragment has room for a whole message.",
      find: "frames.room = frames.fin ? maxMessageSize : maxMessageSize - this.#charged;",
      replace: "frames.room = maxMessageSize;",
    },
    {
      what: "A message has only the room that the one before it left.",
      find: "frames.room = frames.fin ? maxMessageSize : maxMessageSize - this.#charged;",
      replace: "frames.room = maxMessageSize - this.#charged;",
    },
    {
      what: "A message may not be as large as the limit.",
      find: "if (this.#charged <= maxMessageSize) return true;",
      replace: "if (this.#charged < maxMessageSize) return true;",
    },
    {
      what: "A torn control frame is delivered before it is whole.",
      find: "      if (frames.remaining > 0) return Signal.Drained;\n      this.data = this.#control.take();",
      replace: "      this.data = this.#control.take();",
    },
    {
      what: "The payload of a torn control frame begins with that of the one before.",
      find: "this.data = this.#control.take();",
      replace: "this.data = this.#control.view().slice();",
    },
    {
      what: "A fragment that arrives in pieces ends its message at the first of them.",
      find: "const last = frames.remaining === 0 && frames.fin;",
      replace: "const last = frames.fin;",
    },
    {
      what: "Every fragment ends its message.",
      find: "const last = frames.remaining === 0 && frames.fin;",
      replace: "const last = frames.remaining === 0;",
    },
    {
      what: "An empty last fragment does not end its message.",
      find: "if (count === 0 && !last) return Signal.Drained;",
      replace: "if (count === 0) return Signal.Drained;",
    },
    {
      what: "A compressed message is delivered as it came.",
      find: "    if (this.#transformed !== 0) return this.#decode(chunk, start, end, last);\n",
      replace: "",
    },
    {
      what: "Messages are gathered though pieces are wanted.",
      find: "if (this.#pieces) return this.#piece(frames.view(start, end), last);",
      replace: "",
    },
    {
      what: "A message that arrives at once is handed out whole though pieces are wanted.",
      find: "if (this.#pieces) return this.#piece(frames.view(start, end), true);",
      replace: "",
    },
    {
      what: "A text that arrives at once is handed out as a string though bytes are wanted.",
      find: "if (this.type === Opcode.Binary || this.textAsBytes) return this.#whole(",
      replace: "if (this.type === Opcode.Binary) return this.#whole(",
    },
    {
      what: "The last fragment alone is the message.",
      find: "if (last && this.#body === undefined) return this.#whole(",
      replace: "if (last) return this.#whole(",
    },
    {
      what: "A fragmented text is not validated as it arrives.",
      find: '    if (!this.#isValidSoFar(chunk, start, end, last)) return this.#broken("invalid-utf8");\n    const body',
      replace: "    const body",
    },
    {
      what: "The text in short fragments is not validated as it arrives.",
      find: "return this.#isValidSoFar(body.bytes, from, body.length, false)",
      replace: "return this.#isValidSoFar(body.bytes, from, from, false)",
    },
    {
      what: "The text in short fragments is validated with what came before them.",
      find: "return this.#isValidSoFar(body.bytes, from, body.length, false)",
      replace: "return this.#isValidSoFar(body.bytes, 0, body.length, false)",
    },
    {
      what: "Short fragments cost nothing.",
      find: "this.#charged += this.#frames.readShortFragments(body);",
      replace: "this.#frames.readShortFragments(body);",
    },
    {
      what: "Only the last fragment of a compressed message is decoded.",
      find: "if (last && this.#coded === undefined && !this.#pieces) return",
      replace: "if (last && !this.#pieces) return",
    },
    {
      what: "A compressed message in pieces is handed out whole.",
      find: "if (last && this.#coded === undefined && !this.#pieces) return",
      replace: "if (last && this.#coded === undefined) return",
    },
    {
      what: "A codec's complaint is ignored when a message comes in pieces.",
      find: "    if (rule !== undefined) return this.#broken(rule);\n",
      replace: "",
    },
    {
      what: "A codec's complaint is ignored when a message comes whole.",
      find: "    if (decoded !== Decoded.Ok) return this.#broken(RULE_OF[decoded]);\n    const readAtOnce",
      replace: "    const readAtOnce",
    },
    {
      what: "A piece of a compressed message may be empty.",
      find: "      if (body.length === 0 && !last) return Signal.Drained;\n",
      replace: "",
    },
    {
      what: "A compressed text is not validated as it arrives.",
      find: 'if (!this.#isValidSoFar(body.bytes, from, body.length, last)) return this.#broken("invalid-utf8");',
      replace: "",
    },
    {
      what: "What was handed out in pieces does not count to the limit.",
      find: "const limit = this.#maxMessageSize - this.#delivered;",
      replace: "const limit = this.#maxMessageSize;",
    },
    {
      what: "A block of compressed bytes is decoded twice.",
      find: "      coded.clear();\n",
      replace: "",
    },
    {
      what: "Compressed bytes are decoded only when their message ends.",
      find: "if (!ends && coded.length < DECODED_BLOCK) return undefined;",
      replace: "if (!ends) return undefined;",
    },
    {
      what: "Compressed bytes are decoded as they come, byte by byte.",
      find: "if (!ends && coded.length < DECODED_BLOCK) return undefined;",
      replace: "",
    },
    {
      what: "The limit is what was compressed, not what comes out.",
      find: "scratch, this.#maxMessageSize, true)",
      replace: "scratch, Number.POSITIVE_INFINITY, true)",
    },
    {
      what: "The memory of a large message is kept for ever.",
      find: "if (scratch.bytes.length > SCRATCH_KEPT) scratch.take();\n    else scratch.clear();",
      replace: "scratch.clear();",
    },
    {
      what: "A message that was decoded in one go is a view of shared memory.",
      find: "readAtOnce ? bytes : bytes.slice()",
      replace: "bytes",
    },
    {
      what: "What was handed out in pieces is not counted.",
      find: "    this.#delivered += piece.length;\n",
      replace: "",
    },
    {
      what: "No piece is the last.",
      find: "    this.last = last;\n",
      replace: "    this.last = false;\n",
    },
    {
      what: "A text in pieces is not validated.",
      find: "if (!this.#isValidSoFar(piece, 0, piece.length, last)) return",
      replace: "if (false) return",
    },
    {
      what: "A text as bytes is not validated.",
      find: "if (this.textAsBytes && !this.#isValidSoFar(",
      replace: "if (false && !this.#isValidSoFar(",
    },
    {
      what: "The buffers of a message that was delivered are kept.",
      find: "    this.#coded = this.#body = undefined;\n    if (this.type",
      replace: "    if (this.type",
      equivalent: "They are empty by then; the next message is copied where it need not be.",
    },
    {
      what: "A text that is no UTF-8 is delivered as an empty one.",
      find: '    if (text === undefined) return this.#broken("invalid-utf8");\n    this.text = text;',
      replace: '    this.text = text ?? "";',
    },
    {
      what: "A text may end inside a character.",
      find: "return last ? this.#utf8 === UTF8_ACCEPT : this.#utf8 !== UTF8_REJECT;",
      replace: "return this.#utf8 !== UTF8_REJECT;",
    },
    {
      what: "A text may not be cut inside a character.",
      find: "return last ? this.#utf8 === UTF8_ACCEPT : this.#utf8 !== UTF8_REJECT;",
      replace: "return this.#utf8 === UTF8_ACCEPT;",
    },
    {
      what: "Binary messages have to be UTF-8.",
      find: "    if (this.type === Opcode.Binary) return true;\n",
      replace: "",
    },
    {
      what: "A bomb is taken for corrupt data.",
      find: '[Decoded.TooBig]: "decoded-message-too-big"',
      replace: '[Decoded.TooBig]: "corrupt-message"',
    },
    {
      what: "A broken rule is not told.",
      find: "    this.violation = rule;\n    return Signal.Violation;",
      replace: "    void rule;\n    return Signal.Violation;",
    },
    {
      what: "A reader is given back with half a frame.",
      find: "  if (!reader.isAtRest) return false;\n",
      replace: "",
    },
    {
      what: "A reader is given back with the bytes of a message.",
      find: 'this.#frames.isAtRest && this.data === EMPTY_BYTES && this.text === ""',
      replace: "this.#frames.isAtRest",
      equivalent: "It is asked behind `rest` only, which has let go of them.",
    },
    {
      what: "A reader that is lent has the limit of the connection before.",
      find: "    this.#maxMessageSize = options.maxMessageSize;\n    this.#pieces = options.pieces;\n    this.textAsBytes = options.textAsBytes;\n    this.#frames.begin(",
      replace:
        "    this.#pieces = options.pieces;\n    this.textAsBytes = options.textAsBytes;\n    this.#frames.begin(",
    },
    {
      what: "A reader that is lent knows the extensions of the connection before.",
      find: "    this.#pipeline = pipeline;\n    this.#maxMessageSize = options.maxMessageSize;\n    this.#pieces = options.pieces;\n    this.textAsBytes = options.textAsBytes;\n    this.#frames.begin(",
      replace:
        "    this.#maxMessageSize = options.maxMessageSize;\n    this.#pieces = options.pieces;\n    this.textAsBytes = options.textAsBytes;\n    this.#frames.begin(",
    },
    {
      what: "A reader that is lent hands out text as the connection before wanted it.",
      find: "    this.textAsBytes = options.textAsBytes;\n    this.#frames.begin(",
      replace: "    this.#frames.begin(",
    },
    {
      what: "A reader that is lent reads frames for the role of the connection before.",
      find: "    this.#frames.begin(role, pipeline.claimedBits, options.maxFrameSize, options.maxMessageSize);\n",
      replace: "",
    },
    {
      what: "A connection at rest keeps the last message.",
      find: "    this.#frames.release();\n    this.data = EMPTY_BYTES;\n",
      replace: "    this.#frames.release();\n",
    },
  ],
};
