import type { Faults } from "../../fault.ts";

export const codec: Faults = {
  in: "src/deflate/codec.ts",
  faults: [
    {
      what: "Data that would pass the limit look like corrupt data.",
      find: "LimitReached: 1,",
      replace: "LimitReached: 2,",
    },
    { what: "Corrupt data look like good data.", find: "Corrupt: 2,", replace: "Corrupt: 0," },
  ],
};
