import type { Faults } from "../../fault.ts";

export const sha1: Faults = {
  in: "src/protocol/sha1.ts",
  faults: [
    { what: "A constant of the state is wrong.", find: "0xefcdab89", replace: "0xefcdab88" },
    { what: "The constant of the third round is wrong.", find: "0x8f1bbcdc", replace: "0x8f1bbcdd" },
    {
      what: "No bit ends the message.",
      find: "bytes[message.length] = 0x80;",
      replace: "bytes[message.length] = 0;",
    },
    {
      what: "The length does not get a block of its own where there is no room.",
      find: "message.length + 1 + LENGTH_FIELD",
      replace: "message.length + LENGTH_FIELD",
    },
    {
      what: "The length is told in bytes.",
      find: "message.length << 3",
      replace: "message.length",
    },
    {
      what: "The high half of the length is wrong.",
      find: "Math.floor(message.length / 2 ** 29)",
      replace: "Math.floor(message.length / 2 ** 28)",
      equivalent: "Only a message of 256 MiB would show it, and what is hashed here is a key.",
    },
    {
      what: "The schedule is made as in SHA-0, without a rotation.",
      find: "schedule[t - 16]!, 1);",
      replace: "schedule[t - 16]!, 0);",
    },
    { what: "The first round is a step too long.", find: "if (t < 20)", replace: "if (t < 21)" },
    { what: "The third round is a step too short.", find: "if (t < 60)", replace: "if (t < 59)" },
    {
      what: "The word b is turned by one bit too few.",
      find: "c = rotate(b, 30);",
      replace: "c = rotate(b, 29);",
    },
    { what: "The last word of the state is not added up.", find: "  state[4]! += e;\n", replace: "" },
    {
      what: "Only the first block is hashed.",
      find: "at += BLOCK",
      replace: "at = Number.POSITIVE_INFINITY",
    },
    {
      what: "The digest of one message is where the next begins.",
      find: "INITIAL_STATE.slice()",
      replace: "INITIAL_STATE",
    },
  ],
};
