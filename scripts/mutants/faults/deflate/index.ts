import type { Faults } from "../../fault.ts";

export const index: Faults = {
  in: "src/deflate/index.ts",
  faults: [
    {
      what: "A stream that ends too early is taken for whole.",
      find: "if (!inflater.final || !inflater.atBoundary)",
      replace: "if (false)",
    },
    {
      what: "A stream may end behind a block that is not final.",
      find: "!inflater.final || !inflater.atBoundary",
      replace: "!inflater.atBoundary",
    },
    {
      what: "A stream may end inside its final block.",
      find: "!inflater.final || !inflater.atBoundary",
      replace: "!inflater.final",
    },
    {
      what: "The limit of a stream is not handed on.",
      find: "inflater.inflate(data, output, maxSize)",
      replace: "inflater.inflate(data, output, Number.POSITIVE_INFINITY)",
    },
    {
      what: "Corrupt data are taken for good.",
      find: "if (result === Inflated.Corrupt) throw",
      replace: "if (false) throw",
    },
    {
      what: "The limit may be negative.",
      find: "  if (!(maxSize >= 0)) throw",
      replace: "  if (false) throw",
    },
    {
      what: "A window of 16 bits is accepted.",
      find: "const LARGEST_WINDOW_BITS = 15;",
      replace: "const LARGEST_WINDOW_BITS = 16;",
    },
    {
      what: "A window of 7 bits is accepted.",
      find: "const SMALLEST_WINDOW_BITS = 8;",
      replace: "const SMALLEST_WINDOW_BITS = 7;",
    },
    { what: "Level 10 is accepted.", find: "settings.level, 0, 9", replace: "settings.level, 0, 10" },
    {
      what: "Memory level 0 is accepted.",
      find: "settings.memoryLevel, 1, 9",
      replace: "settings.memoryLevel, 0, 9",
    },
    { what: "A fraction is accepted.", find: "!Number.isInteger(value) || ", replace: "" },
    {
      what: "Data may be anything.",
      find: "if (!(value instanceof Uint8Array)) throw",
      replace: "if (false) throw",
    },
    {
      what: "The settings are left at their defaults.",
      find: "makeDeflater({ ...DEFAULTS, ...settings })",
      replace: "makeDeflater({ ...settings, ...DEFAULTS })",
    },
  ],
};
