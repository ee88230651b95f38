import type { Faults } from "../../fault.ts";

export const accept: Faults = {
  in: "src/protocol/accept.ts",
  faults: [
    { what: "A digit of the constant is wrong.", find: "C5AB0DC85B11", replace: "C5AB0DC85B12" },
    { what: "A key has 15 bytes.", find: "const KEY_BYTES = 16;", replace: "const KEY_BYTES = 15;" },
    { what: "The key is the same for every connection.", find: "  random(nonce);\n", replace: "" },
    { what: "The constant comes before the key.", find: "key + GUID", replace: "GUID + key" },
    { what: "Space around the key is ignored.", find: "(key + GUID)", replace: "(key.trim() + GUID)" },
  ],
};
