import type { Faults } from "../../fault.ts";

export const pipeline: Faults = {
  in: "src/protocol/pipeline.ts",
  faults: [
    {
      what: "Two codecs may share a reserved bit.",
      find: "if (bit === 0 || (claimedBits & bit) !== 0) {",
      replace: "if (bit === 0) {",
    },
    {
      what: "A codec need not have a reserved bit.",
      find: "if (bit === 0 || (claimedBits & bit) !== 0) {",
      replace: "if ((claimedBits & bit) !== 0) {",
    },
    {
      what: "Only the last codec's bit is claimed.",
      find: "claimedBits |= bit;",
      replace: "claimedBits = bit;",
    },
    {
      what: "Every message goes through every codec.",
      find: "if (codec.wants(size)) bits |= bit;",
      replace: "bits |= bit;",
    },
    {
      what: "Something is shared that went through two codecs.",
      find: "({ bit }) => bit === bits",
      replace: "({ bit }) => (bit & bits) !== 0",
    },
    {
      what: "Incoming messages pass the codecs in the order of outgoing ones.",
      find: "let index = this.#stages.length - 1; left !== 0; index--",
      replace: "let index = 0; left !== 0; index++",
    },
    {
      what: "A message passes a codec whose bit it does not carry when it is decoded.",
      find: "      if ((left & bit) === 0) continue;\n      left &= ~bit;\n      const stageOutput = left === 0 ? output : new ByteBuffer();\n      const decoded",
      replace:
        "      left &= ~bit;\n      const stageOutput = left === 0 ? output : new ByteBuffer();\n      const decoded",
    },
    {
      what: "The second codec gets what the first one got.",
      find: "      stageInput = stageOutput.view();\n    }\n  }\n",
      replace: "    }\n  }\n",
    },
    {
      what: "What a codec finds wrong is ignored.",
      find: "      if (decoded !== Decoded.Ok) return decoded;\n",
      replace: "",
    },
    {
      what: "A codec is not told that the message goes on.",
      find: "codec.encode(stageInput, stageOutput, last);",
      replace: "codec.encode(stageInput, stageOutput, true);",
    },
    {
      what: "Every codec is made for a server.",
      find: "agreement.codec?.(role)",
      replace: 'agreement.codec?.("server")',
    },
    {
      what: "Nothing limits what a codec produces.",
      find: "codec.decode(stageInput, stageOutput, limit, last)",
      replace: "codec.decode(stageInput, stageOutput, Number.POSITIVE_INFINITY, last)",
    },
  ],
};
