import type { Faults } from "../../fault.ts";

export const contract: Faults = {
  in: "src/protocol/contract.ts",
  faults: [
    {
      what: "The limit of a message is 2 MiB by default.",
      find: "= 1024 * 1024;",
      replace: "= 2048 * 1024;",
    },
    {
      what: "Any role will do.",
      find: 'if (role !== "client" && role !== "server") throw',
      replace: "if (false) throw",
    },
    {
      what: "A handler need not write.",
      find: 'if (typeof handler?.write !== "function") throw',
      replace: "if (false) throw",
    },
    {
      what: "A handler need not end.",
      find: 'if (typeof handler.end !== "function") throw',
      replace: "if (false) throw",
    },
    {
      what: "The limit of a message is not looked at.",
      find: '  checkLimit("maxMessageSize", maxMessageSize);\n',
      replace: "",
    },
    {
      what: "The limit of a frame is not looked at.",
      find: '  checkLimit("maxFrameSize", maxFrameSize);\n',
      replace: "",
    },
    { what: "A limit may be negative.", find: " && value >= 0", replace: "" },
    { what: "A limit of zero is refused.", find: "value >= 0", replace: "value > 0" },
    {
      what: "Frames have a limit of their own by default.",
      find: "maxFrameSize = Number.POSITIVE_INFINITY",
      replace: "maxFrameSize = maxMessageSize",
    },
    {
      what: "Text comes as bytes when strings are asked for.",
      find: 'const textAsBytes = text === "utf8";',
      replace: 'const textAsBytes = text === "string";',
    },
    {
      what: "Any source of randomness will do.",
      find: 'if (random !== undefined && typeof random !== "function") throw',
      replace: "if (false) throw",
    },
    {
      what: "Any scheduler will do.",
      find: 'if (schedule !== undefined && typeof schedule !== "function")\n    throw',
      replace: "if (false)\n    throw",
    },
    {
      what: "Pieces may be anything that is true.",
      find: 'if (typeof pieces !== "boolean") throw',
      replace: "if (false) throw",
    },
    {
      what: "All connections have the settings of the first.",
      find: "if (latest === undefined || !areEqual(settings, latest)) latest = settings;",
      replace: "latest ??= settings;",
    },
    {
      what: "Settings are shared by those that differ in something.",
      find: ".every((name) => one[name] === other[name])",
      replace: ".some((name) => one[name] === other[name])",
    },
    {
      what: "No two connections share their settings.",
      find: "if (latest === undefined || !areEqual(settings, latest)) latest = settings;",
      replace: "latest = settings;",
    },
    {
      what: "A Ping may carry 126 bytes.",
      find: "if (data.length > MAX_CONTROL_PAYLOAD) {",
      replace: "if (data.length > MAX_CONTROL_PAYLOAD + 1) {",
    },
    {
      what: "A client does not mask.",
      find: 'role === "client" ? keysFrom(random) : undefined',
      replace: "undefined",
    },
    {
      what: "A server masks.",
      find: 'role === "client" ? keysFrom(random) : undefined',
      replace: "keysFrom(random)",
    },
    {
      what: "An application's source of masking keys is not used.",
      find: "return random === undefined ? sharedKeys : new MaskingKeys(random);",
      replace: "return random === undefined ? new MaskingKeys() : sharedKeys;",
    },
    {
      what: "Each client has a supply of masking keys of its own.",
      find: "return random === undefined ? sharedKeys : new MaskingKeys(random);",
      replace: "return new MaskingKeys(random);",
    },
    {
      what: "A string is taken for bytes.",
      find: "if (!(data instanceof Uint8Array)) throw",
      replace: "if (false) throw",
    },
    {
      what: "Bytes are taken for a string.",
      find: 'if (typeof data !== "string") throw',
      replace: "if (false) throw",
    },
  ],
};
