// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these texts are code

import type { Faults } from "../../fault.ts";

export const permessageDeflate: Faults = {
  in: "src/protocol/permessage-deflate.ts",
  faults: [
    {
      what: "The mark of a compressed message is RSV2.",
      find: "const RSV1 = 0b100;",
      replace: "const RSV1 = 0b010;",
    },
    {
      what: "The tail that is put back has an octet too few.",
      find: "Uint8Array.of(0x00, 0x00, 0xff, 0xff)",
      replace: "Uint8Array.of(0x00, 0x00, 0xff)",
    },
    {
      what: "Messages are compressed from 1025 bytes on.",
      find: "threshold = 1024,",
      replace: "threshold = 1025,",
    },
    {
      what: "A parameter may stand there twice.",
      find: "if (seen.has(name)) return",
      replace: "if (false) return",
    },
    {
      what: "A flag may have a value.",
      find: "if (value !== true) return `the parameter ${name} has a value`;",
      replace: "",
    },
    {
      what: "The two flags are mistaken for each other.",
      find: "if (name === SERVER_NO_CONTEXT_TAKEOVER) received",
      replace: "if (name === CLIENT_NO_CONTEXT_TAKEOVER) received",
    },
    {
      what: "The parameter server_max_window_bits need not have a value.",
      find: "if (windowBits === undefined) return `the parameter ${name} is not a number from 8 to 15`;",
      replace: "",
    },
    {
      what: "The parameter client_max_window_bits may have any value.",
      find: "if (value !== true && windowBits === undefined)",
      replace: "if (false)",
    },
    {
      what: "An unknown parameter is ignored.",
      find: "return `the parameter ${name} is unknown`;",
      replace: "break;",
    },
    {
      what: "A window may have 16 bits.",
      find: "const LARGEST_WINDOW_BITS = 15;",
      replace: "const LARGEST_WINDOW_BITS = 16;",
    },
    {
      what: "A window may have 7 bits.",
      find: "const SMALLEST_WINDOW_BITS = 8;",
      replace: "const SMALLEST_WINDOW_BITS = 7;",
    },
    {
      what: "A window may be written with a leading zero.",
      find: "if (value === String(bits)) return bits;",
      replace: "if (Number(value) === bits) return bits;",
    },
    {
      what: "A client does not mention client_max_window_bits.",
      find: "hint === undefined ? flag(CLIENT_MAX_WINDOW_BITS) : { name: CLIENT_MAX_WINDOW_BITS, value: String(hint) },",
      replace: "...(hint === undefined ? [] : [{ name: CLIENT_MAX_WINDOW_BITS, value: String(hint) }]),",
    },
    {
      what: "A client does not ask the server to forget its window.",
      find: "if (offered.serverNoContextTakeover) parameters.push(flag(SERVER_NO_CONTEXT_TAKEOVER));",
      replace: "",
    },
    {
      what: "A client accepts client_max_window_bits without a value.",
      find: "if (received.clientMaxWindowBits === true) return `the parameter ${CLIENT_MAX_WINDOW_BITS} has no value`;",
      replace: "if (received.clientMaxWindowBits === true) received.clientMaxWindowBits = undefined;",
    },
    {
      what: "A client accepts an answer that grants none of its offers.",
      find: 'if (granted === undefined) return "the answer grants none of the offers what it demanded";',
      replace: "",
    },
    {
      what: "A client uses a larger window than the server allows.",
      find: "const ours = Math.min(\n    received",
      replace: "const ours = Math.max(\n    received",
    },
    {
      what: "A client accepts a window that it cannot compress with.",
      find: "if (ours < shared.smallestWindowBits) {",
      replace: "if (false) {",
    },
    {
      what: "A client keeps its context though the server wants it forgotten.",
      find: "contextTakeover: !received.clientNoContextTakeover && !granted.clientNoContextTakeover,",
      replace: "contextTakeover: !granted.clientNoContextTakeover,",
    },
    {
      what: "A client keeps its context though it has offered to forget it.",
      find: "contextTakeover: !received.clientNoContextTakeover && !granted.clientNoContextTakeover,",
      replace: "contextTakeover: !received.clientNoContextTakeover,",
    },
    {
      what: "A client takes a server that keeps its context for one that forgets it.",
      find: "contextTakeover: !received.serverNoContextTakeover,",
      replace: "contextTakeover: received.serverNoContextTakeover,",
    },
    {
      what: "A demand to forget the window need not be granted.",
      find: "if (offer.serverNoContextTakeover && !answer.serverNoContextTakeover) return false;",
      replace: "",
    },
    {
      what: "A demand for a small window need not be granted.",
      find: "return answer.serverMaxWindowBits !== undefined && answer.serverMaxWindowBits <= offer.serverMaxWindowBits;",
      replace: "return answer.serverMaxWindowBits !== undefined;",
    },
    {
      what: "A demand for a small window is granted by saying nothing.",
      find: "return answer.serverMaxWindowBits !== undefined && answer",
      replace: "return answer.serverMaxWindowBits === undefined || answer",
    },
    {
      what: "An offer with errors is accepted as if it had none.",
      find: 'if (typeof offered === "string") return undefined;',
      replace: 'if (typeof offered === "string") return accept([], own, shared);',
    },
    {
      what: "A server uses a larger window than the client allows.",
      find: "const serverBits = Math.min(",
      replace: "const serverBits = Math.max(",
    },
    {
      what: "A server accepts a window that it cannot compress with.",
      find: "if (serverBits < shared.smallestWindowBits) return undefined;",
      replace: "",
    },
    {
      what: "A server's limit for the client's window is dropped where it cannot be told.",
      find: "    offered.clientMaxWindowBits === undefined\n  )\n    return undefined;",
      replace: "    offered.clientMaxWindowBits === undefined && false\n  )\n    return undefined;",
    },
    {
      what: "A server keeps its context though the client wants it forgotten.",
      find: "contextTakeover: !(offered.serverNoContextTakeover || own.serverNoContextTakeover),",
      replace: "contextTakeover: !own.serverNoContextTakeover,",
    },
    {
      what: "A server forgets what the client goes on referring to.",
      find: "if (!client.contextTakeover) answer.push(flag(CLIENT_NO_CONTEXT_TAKEOVER));",
      replace: "",
    },
    {
      what: "A server forgets its window without saying so.",
      find: "if (!server.contextTakeover) answer.push(flag(SERVER_NO_CONTEXT_TAKEOVER));",
      replace: "",
    },
    {
      what: "A server does not tell the window that was asked for.",
      find: "if (offered.serverMaxWindowBits !== undefined || serverBits < LARGEST_WINDOW_BITS) {",
      replace: "if (own.serverMaxWindowBits !== undefined) {",
    },
    {
      what: "A server tells a client's window to a client that did not mention it.",
      find: "if (offered.clientMaxWindowBits !== undefined && client.windowBits < LARGEST_WINDOW_BITS) {",
      replace: "if (client.windowBits <= LARGEST_WINDOW_BITS) {",
    },
    {
      what: "A client's codec is a server's.",
      find: "new DeflateCodec(server, client, shared) : new DeflateCodec(client, server, shared)",
      replace: "new DeflateCodec(server, client, shared) : new DeflateCodec(server, client, shared)",
    },
    {
      what: "Messages are shared by connections that keep a context.",
      find: "if (!outgoing.contextTakeover) this.sharing",
      replace: "this.sharing",
    },
    {
      what: "A peer's references are checked against our own window.",
      find: "shared.inflaters[incoming.windowBits]!",
      replace: "shared.inflaters[outgoing.windowBits]!",
    },
    {
      what: "The threshold is a byte higher.",
      find: "size >= this.#threshold",
      replace: "size > this.#threshold",
    },
    {
      what: "The largest size is a byte lower.",
      find: "size <= this.#maxSize ||",
      replace: "size < this.#maxSize ||",
    },
    {
      what: "A message in pieces is too large to be compressed.",
      find: " || size === Number.POSITIVE_INFINITY)",
      replace: ")",
    },
    { what: "The tail is sent.", find: "    output.length -= TAIL.length;\n", replace: "" },
    {
      what: "Each piece of a message loses its tail.",
      find: "    if (!last) return;\n    output.length -= TAIL.length;\n",
      replace: "    output.length -= TAIL.length;\n    if (!last) return;\n",
    },
    {
      what: "The window is kept though the peer was told that it is not.",
      find: "    if (this.#outgoing.contextTakeover) return;\n",
      replace: "    if (true) return;\n",
    },
    {
      what: "The window is forgotten after each message, always.",
      find: "    if (this.#outgoing.contextTakeover) return;\n",
      replace: "",
    },
    {
      what: "A compressor is given back, and used on.",
      find: "    this.#deflater = undefined;\n",
      replace: "",
    },
    {
      what: "A decompressor is given back, and used on.",
      find: "      this.#inflater = undefined;\n",
      replace: "",
    },
    {
      what: "The peer's window is forgotten after each message, always.",
      find: "(last && !this.#incoming.contextTakeover)",
      replace: "last",
    },
    {
      what: "The peer's window is kept though it said that it forgets it.",
      find: "(last && !this.#incoming.contextTakeover)",
      replace: "false",
    },
    {
      what: "A message that was cut off is taken for whole.",
      find: "(!inflater.atBoundary || output.length > length)",
      replace: "output.length > length",
    },
    {
      what: "The tail is not put back.",
      find: "inflated = inflater.inflate(TAIL, output, limit);",
      replace: "inflated = Inflated.Ok;",
    },
    {
      what: "The tail is put back behind each piece.",
      find: "if (inflated === Inflated.Ok && last) {",
      replace: "if (inflated === Inflated.Ok) {",
    },
    {
      what: "A bomb is taken for corrupt data.",
      find: "return inflated === Inflated.LimitReached ? Decoded.TooBig : Decoded.Corrupt;",
      replace: "return Decoded.Corrupt;",
    },
    {
      what: "A codec from the pool still knows what another connection wrote.",
      find: "    codec.reset();\n",
      replace: "",
    },
    {
      what: "The pool keeps any number of codecs.",
      find: "if (this.#free.length < MOST_POOLED) this.#free.push(codec);",
      replace: "this.#free.push(codec);",
    },
    {
      what: "The pool keeps none.",
      find: "if (this.#free.length < MOST_POOLED) this.#free.push(codec);",
      replace: "",
    },
    {
      what: "The level is not handed on.",
      find: "compression.deflater({ windowBits, level, memoryLevel })",
      replace: "compression.deflater({ windowBits, level: 1, memoryLevel })",
    },
    {
      what: "The parameters of alternatives are not checked.",
      find: "for (const parameters of [options, ...alternatives]) checkParameters",
      replace: "for (const parameters of [options]) checkParameters",
    },
    {
      what: "A flag may be set to anything.",
      find: 'if (value !== undefined && typeof value !== "boolean")',
      replace: "if (false)",
    },
    {
      what: "An option may be a fraction.",
      find: "if (Number.isInteger(value) && value >= least",
      replace: "if (value >= least",
    },
  ],
};
