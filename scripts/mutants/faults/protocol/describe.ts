// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these texts are code

import type { Faults } from "../../fault.ts";

export const describe: Faults = {
  in: "src/protocol/describe.ts",
  faults: [
    {
      what: "Nothing is taken as claimed by default.",
      find: "const ALL_RESERVED_BITS = 0b111;",
      replace: "const ALL_RESERVED_BITS = 0b000;",
    },
    {
      what: "What comes behind a Close frame is described like all else.",
      find: "this.#closed = whole;",
      replace: "this.#closed = false;",
    },
    {
      what: "A Close frame that has not arrived ends everything.",
      find: "this.#closed = whole;",
      replace: "this.#closed = true;",
    },
    {
      what: "A reader that is a server wants no masks.",
      find: 'this.#receiver === "server" ? MASK : 0',
      replace: 'this.#receiver === "server" ? 0 : MASK',
    },
    {
      what: "The payload is shown as it is on the wire.",
      find: "    mask(payload, 0, payload.length, key, 0);\n",
      replace: "",
    },
    {
      what: "The caller's own bytes are unmasked.",
      find: "this.#bytes.slice(this.#at, this.#at + length);",
      replace: "this.#bytes.subarray(this.#at, this.#at + length);",
    },
    {
      what: "The message under way is forgotten at a control frame.",
      find: "    } else if (isControl(first)) {\n      sense = count(payload.length);",
      replace:
        "    } else if (isControl(first)) {\n      this.#fragmented = false;\n      sense = count(payload.length);",
    },
    {
      what: "A message never ends.",
      find: "this.#fragmented = (first & FIN) === 0;",
      replace: "this.#fragmented ||= (first & FIN) === 0;",
    },
    {
      what: "What an extension wrote is read as text.",
      find: 'if ((this.#message & RESERVED_BITS) !== 0) return ["as an extension wrote it (§5.2)", undefined];',
      replace: "",
    },
    {
      what: "A text may end in the middle of a character.",
      find: 'return last ? [text, "invalid-utf8"] : ',
      replace: "return ",
    },
    {
      what: "A text remembers what the one before ended with.",
      find: "    this.#utf8 = UTF8_ACCEPT;\n    this.#decoder = textDecoder();\n    return last",
      replace: "    return last",
    },
    {
      what: "Each line shows all bytes of a payload.",
      find: "Math.min(payload.length, this.#shownBytes)",
      replace: "payload.length",
    },
    {
      what: "A header that is not all there is not shown.",
      find: '    if (here > 0) this.#row(here, `${name}, ${here} of ${size} bytes`, "");\n',
      replace: "",
    },
    {
      what: "Reading goes on behind a broken rule.",
      find: "if (rule !== undefined) return this.#broken(rule);",
      replace: "if (rule !== undefined) this.#broken(rule);",
    },
    {
      what: "A peer's text moves the cursor: marks of direction are shown as they are.",
      find: "  [0x2028, 0x202e],\n",
      replace: "",
    },
    {
      what: "The C1 controls are shown as they are.",
      find: "[0x7f, 0x9f]",
      replace: "[0x7f, 0x7f]",
    },
    {
      what: "A quote may be as long as the text.",
      find: "if (quoted.length + next.length > LONGEST_QUOTE) return",
      replace: "if (false) return",
    },
    {
      what: "More reserved bits may be claimed than there are.",
      find: " || reservedBits > ALL_RESERVED_BITS",
      replace: "",
    },
    {
      what: "Any receiver will do.",
      find: 'if (receiver !== undefined && receiver !== "client" && receiver !== "server") {',
      replace: "if (false) {",
    },
    {
      what: "The lengths of rows are not aligned.",
      find: "bytes.padEnd(HEX_WIDTH)",
      replace: "bytes",
    },
  ],
};
