import type { Faults } from "../../fault.ts";

export const preparedMessage: Faults = {
  in: "src/protocol/prepared-message.ts",
  faults: [
    {
      what: "A message may be anything.",
      find: 'if (typeof data !== "string" && !(data instanceof Uint8Array)) {',
      replace: "if (false) {",
    },
    {
      what: "A text is sent as binary.",
      find: 'typeof data === "string" ? Opcode.Text : Opcode.Binary',
      replace: "Opcode.Binary",
    },
    {
      what: "A frame is made anew for each connection.",
      find: "this.#plain ??= serverFrame(",
      replace: "this.#plain = serverFrame(",
    },
    {
      what: "What one connection has encoded is sent to those that agreed on something else.",
      find: "this.#encoded.get(sharing)",
      replace: "[...this.#encoded.values()][0]",
    },
    {
      what: "A message is shared by connections that keep a context.",
      find: "  if (sharing === undefined) return undefined;",
      replace: "  if (sharing === undefined) return this.#plain;",
    },
    {
      what: "An encoded frame is not kept for the next connection.",
      find: "      this.#encoded.set(sharing, frame);\n",
      replace: "",
    },
    {
      what: "An encoded frame does not carry the reserved bit.",
      find: "serverFrame(FIN | bits | this.opcode, output.view())",
      replace: "serverFrame(FIN | this.opcode, output.view())",
    },
    {
      what: "A frame is not the end of its message.",
      find: "serverFrame(FIN | this.opcode, this.payload)",
      replace: "serverFrame(this.opcode, this.payload)",
    },
  ],
};
