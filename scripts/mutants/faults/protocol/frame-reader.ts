import type { Faults } from "../../fault.ts";

export const frameReader: Faults = {
  in: "src/protocol/frame-reader.ts",
  faults: [
    {
      what: "A server wants frames without a mask.",
      find: 'this.#maskBit = role === "server" ? MASK : 0;',
      replace: 'this.#maskBit = role === "server" ? 0 : MASK;',
    },
    {
      what: "A server accepts frames that are not masked.",
      find: "const alsoBroken = secondByteViolation(first, second, this.#maskBit);",
      replace: "const alsoBroken = secondByteViolation(first, second, second & MASK);",
    },
    {
      what: "What was left unread is lost when the next chunk comes.",
      find: "this.unread ? join(this.chunk.subarray(this.at, this.end), chunk) : chunk",
      replace: "chunk",
    },
    {
      what: "What was left unread comes behind the next chunk.",
      find: "join(this.chunk.subarray(this.at, this.end), chunk)",
      replace: "join(chunk, this.chunk.subarray(this.at, this.end))",
    },
    {
      what: "The words of the chunk before are masked.",
      find: "    this.#origin = this.chunk.byteOffset;\n    this.#words = undefined;\n",
      replace: "    this.#origin = this.chunk.byteOffset;\n",
    },
    {
      what: "A payload is read beyond the end of the chunk.",
      find: "const count = Math.min(this.remaining, this.end - start);",
      replace: "const count = this.remaining;",
    },
    {
      what: "What has been read of a payload is read again.",
      find: "    this.remaining -= count;\n",
      replace: "    if (count > 0) this.remaining -= Math.max(1, count - 1);\n",
    },
    {
      what: "A payload is not unmasked.",
      find: "    this.#unmask(start, count, this.#maskingKey, this.#phase);\n",
      replace: "",
    },
    {
      what: "Each piece of a payload begins with the first octet of the key.",
      find: "    this.#phase = (this.#phase + count) & 3;\n",
      replace: "",
    },
    {
      what: "The first rule is checked without what extensions have claimed.",
      find: "firstByteViolation(first, this.#claimedBits, this.fragmented)",
      replace: "firstByteViolation(first, 0, this.fragmented)",
    },
    {
      what: "The first rule is checked without fragmentation.",
      find: "firstByteViolation(first, this.#claimedBits, this.fragmented)",
      replace: "firstByteViolation(first, this.#claimedBits, (first & OPCODE_BITS) === Opcode.Continuation)",
    },
    {
      what: "The first byte is not judged before the second has come.",
      find: "    if (broken !== undefined) return this.#break(broken);\n    if (end - at < 2) return Header.Incomplete;",
      replace:
        "    if (end - at < 2) return Header.Incomplete;\n    if (broken !== undefined) return this.#break(broken);",
    },
    {
      what: "The length is not judged before the masking key has come.",
      find: "if (end - at < size - this.#keySize) return Header.Incomplete;",
      replace: "if (end - at < size) return Header.Incomplete;",
    },
    {
      what: "A length that breaks a rule is taken for none.",
      find: 'if (typeof length === "string") return this.#break(length);',
      replace: 'if (typeof length === "string") return Header.Incomplete;',
    },
    {
      what: "A control frame has the limits of a message.",
      find: "if (!isControl(first)) {\n      if (length > this.#maxFrameSize)",
      replace: "{\n      if (length > this.#maxFrameSize)",
    },
    {
      what: "A frame has no limit of its own.",
      find: '      if (length > this.#maxFrameSize) return this.#break("frame-too-big");\n',
      replace: "",
    },
    {
      what: "A frame may not be as large as its limit.",
      find: "if (length > this.#maxFrameSize) return",
      replace: "if (length >= this.#maxFrameSize) return",
    },
    {
      what: "A frame is judged by its message's limit only when it has arrived.",
      find: '      if (length > this.room) return this.#break("message-too-big");\n',
      replace: "",
    },
    {
      what: "A message may have a byte more than its limit.",
      find: "if (length > this.room) return",
      replace: "if (length > this.room + 1) return",
    },
    {
      what: "A masking key is read before it has come.",
      find: "    if (end - at < size) return Header.Incomplete;\n",
      replace: "",
    },
    {
      what: "The key goes on where it was in the last frame.",
      find: "    this.#maskingKey = maskingKey;\n    this.#phase = 0;\n",
      replace: "    this.#maskingKey = maskingKey;\n",
    },
    {
      what: "A reader steps over a header that broke a rule.",
      find: "    this.violation = rule;\n    this.#size = 0;\n",
      replace: "    this.violation = rule;\n",
      equivalent: "Nothing is read behind a broken rule, wherever the reader stands.",
    },
    {
      what: "A torn header begins anew with each chunk.",
      find: "    if (this.#tornLength === 0) {\n      ",
      replace: "    if (this.#tornLength >= 0) {\n      this.#tornLength = 0;\n      ",
    },
    {
      what: "A torn header is the beginning of the next one.",
      find: "      this.#tornLength = 0;\n      return header === Header.Complete;",
      replace: "      return header === Header.Complete;",
    },
    {
      what: "The frame that is arriving lacks nothing while its header is torn.",
      find: "return this.#tornLength > 0 ? undefined : this.remaining;",
      replace: "return this.remaining;",
    },
    {
      what: "Short fragments are read without regard to the room that is left.",
      find: " || length + count > most) break;",
      replace: ") break;",
    },
    {
      what: "Short fragments are read beyond the end of the chunk.",
      find: " || next > end ||",
      replace: " ||",
    },
    {
      what: "Short fragments may be longer than the limit for frames.",
      find: "const longest = Math.min(MAX_SHORT_LENGTH, this.#maxFrameSize);",
      replace: "const longest = MAX_SHORT_LENGTH;",
    },
    {
      what: "Empty fragments are read with the short ones, and cost nothing.",
      find: "if (count === 0 || count > longest",
      replace: "if (count > longest",
    },
    {
      what: "A last fragment is read as one of those before.",
      find: "chunk[at] === Opcode.Continuation) {",
      replace: "(chunk[at]! & 0x7f) === Opcode.Continuation) {",
    },
    {
      what: "The key of a short fragment does not turn.",
      find: "chunk[at + 2 + (index & 3)]!",
      replace: "chunk[at + 2]!",
    },
    {
      what: "Short fragments do not take of the room.",
      find: "    this.room -= length - before;\n",
      replace: "",
    },
    {
      what: "The memory for short fragments is outgrown.",
      find: "        body.reserve(count);\n        ({ bytes } = body);\n",
      replace: "        body.reserve(count);\n",
    },
    {
      what: "A view of the chunk begins where its memory begins.",
      find: "this.#origin + start",
      replace: "start",
    },
    {
      what: "The short way is taken inside of a fragmented message.",
      find: "if (start > end || this.fragmented || this.#tornLength > 0) return false;",
      replace: "if (start > end || this.#tornLength > 0) return false;",
    },
    {
      what: "The short way is taken where a header is torn.",
      find: "if (start > end || this.fragmented || this.#tornLength > 0) return false;",
      replace: "if (start > end || this.fragmented) return false;",
    },
    {
      what: "The short way is taken where the header is not whole.",
      find: "if (start > end || this.fragmented || this.#tornLength > 0) return false;",
      replace: "if (at + 2 > end || this.fragmented || this.#tornLength > 0) return false;",
      equivalent: "Less than nothing has come of the payload then, so the length is too long.",
    },
    {
      what: "The short way does not look at the mask bit.",
      find: "let length = chunk[at + 1]! ^ this.#maskBit;",
      replace: "let length = chunk[at + 1]! & 0x7f;",
    },
    {
      what: "The short way takes a 16-bit length for one of 126.",
      find: "if (length === LENGTH_16_FOLLOWS) {\n      start += 2;\n      if (start > end) return false;\n      length = (chunk[at + 2]! << 8) | chunk[at + 3]!;",
      replace: "if (length === LENGTH_16_FOLLOWS) {",
    },
    {
      what: "The short way takes a 64-bit length for one of 127.",
      find: "} else if (length > MAX_SHORT_LENGTH) {",
      replace: "} else if (length > MAX_SHORT_LENGTH + 2) {",
    },
    {
      what: "The short way reads a 16-bit length that has not come.",
      find: "      start += 2;\n      if (start > end) return false;\n",
      replace: "      start += 2;\n",
      equivalent: "Less than nothing has come of the payload then, so the length is too long.",
    },
    {
      what: "The short way has the octets of a 16-bit length in the wrong order.",
      find: "length = (chunk[at + 2]! << 8) | chunk[at + 3]!;",
      replace: "length = (chunk[at + 3]! << 8) | chunk[at + 2]!;",
    },
    {
      what: "The short way takes a length that is not minimal.",
      find: "      if (length <= MAX_SHORT_LENGTH) return false;\n",
      replace: "",
    },
    {
      what: "The short way knows no end of the chunk.",
      find: "length > end - start || length > this.#longestWhole",
      replace: "length > this.#longestWhole",
    },
    {
      what: "The short way knows no limit for frames.",
      find: "Math.min(maxFrameSize, maxMessageSize, MAX_16_BIT_LENGTH)",
      replace: "Math.min(maxMessageSize, MAX_16_BIT_LENGTH)",
    },
    {
      what: "The short way knows no limit for messages.",
      find: "Math.min(maxFrameSize, maxMessageSize, MAX_16_BIT_LENGTH)",
      replace: "Math.min(maxFrameSize, MAX_16_BIT_LENGTH)",
    },
    {
      what: "The short way goes on with the key where the last frame left it.",
      find: "this.#unmask(start, length, readMaskingKey(chunk, start), 0);",
      replace: "this.#unmask(start, length, readMaskingKey(chunk, start), this.#phase);",
    },
    {
      what: "The short way does not unmask.",
      find: "    if (this.#keySize > 0) this.#unmask(start, length, readMaskingKey(chunk, start), 0);\n",
      replace: "",
    },
    {
      what: "The short way does not look at reserved bits.",
      find: "if (first !== (FIN | Opcode.Binary) && first !== (FIN | Opcode.Text)) return false;",
      replace:
        "if ((first & 0x8f) !== (FIN | Opcode.Binary) && (first & 0x8f) !== (FIN | Opcode.Text)) return false;",
    },
    {
      what: "The two parts of a joined chunk lie in one place.",
      find: "joined.set(right, left.length);",
      replace: "joined.set(right, 0);",
    },
    {
      what: "A reader is at rest inside of a fragmented message.",
      find: "return isBetweenFrames && !this.fragmented && this.violation === undefined;",
      replace: "return isBetweenFrames && this.violation === undefined;",
    },
    {
      what: "A reader is at rest inside of a payload.",
      find: "this.remaining === 0 && this.#tornLength === 0 && !this.unread",
      replace: "this.#tornLength === 0 && !this.unread",
    },
    {
      what: "A reader is at rest inside of a header.",
      find: "this.remaining === 0 && this.#tornLength === 0 && !this.unread",
      replace: "this.remaining === 0 && !this.unread",
    },
    {
      what: "A reader that is lent knows the limit for frames of the connection before.",
      find: "    this.#maxFrameSize = maxFrameSize;\n    this.room",
      replace: "    if (this.#maxFrameSize === undefined) this.#maxFrameSize = maxFrameSize;\n    this.room",
    },
    {
      what: "A reader that is lent has the room that the connection before had.",
      find: "    this.room = maxMessageSize;\n",
      replace: "    this.room ??= maxMessageSize;\n",
    },
  ],
};
