import type { Faults } from "../../fault.ts";

export const frame: Faults = {
  in: "src/protocol/frame.ts",
  faults: [
    {
      what: "RSV3 is not looked at.",
      find: "export const RESERVED_BITS = 0x70;",
      replace: "export const RESERVED_BITS = 0x60;",
    },
    {
      what: "Reserved bits are accepted whether an extension has claimed them or not.",
      find: '    if ((bits & ~claimedBits) !== 0) return "reserved-bit";\n',
      replace: "",
    },
    {
      what: "A control frame may carry the bit of an extension.",
      find: '    if (isControl(opcode)) return "reserved-bit-on-control-frame";\n',
      replace: "",
    },
    {
      what: "A continuation may carry the bit of an extension.",
      find: '    if (opcode === Opcode.Continuation) return "reserved-bit-on-continuation";\n',
      replace: "",
    },
    { what: "The opcode 11 is accepted.", find: "opcode > Opcode.Pong", replace: "opcode > 11" },
    { what: "The opcodes 3 to 7 are accepted.", find: "opcode > Opcode.Binary", replace: "opcode > 7" },
    {
      what: "The opcode 3 is accepted.",
      find: "if (opcode > Opcode.Binary)",
      replace: "if (opcode > Opcode.Binary + 1)",
    },
    {
      what: "Control frames may be fragmented.",
      find: 'return (first & FIN) === 0 ? "fragmented-control-frame" : undefined;',
      replace: "return undefined;",
    },
    {
      what: "A continuation may begin a message.",
      find: 'return fragmented ? undefined : "unexpected-continuation";',
      replace: "return undefined;",
    },
    {
      what: "A new message may begin inside a fragmented one.",
      find: 'return fragmented ? "expected-continuation" : undefined;',
      replace: "return undefined;",
    },
    {
      what: "A server accepts frames that are not masked.",
      find: "if ((second & MASK) !== maskBit) return",
      replace: "if ((second & MASK) > maskBit) return",
    },
    {
      what: "A client accepts masked frames.",
      find: "if ((second & MASK) !== maskBit) return",
      replace: "if ((second & MASK) < maskBit) return",
    },
    {
      what: "The two rules about masks are mistaken for each other.",
      find: 'maskBit === MASK ? "unmasked-frame" : "masked-frame"',
      replace: 'maskBit === MASK ? "masked-frame" : "unmasked-frame"',
    },
    {
      what: "A control frame may have 126 bytes.",
      find: "length7 > MAX_CONTROL_PAYLOAD",
      replace: "length7 > MAX_CONTROL_PAYLOAD + 1",
    },
    {
      what: "A control frame of 125 bytes is refused.",
      find: "length7 > MAX_CONTROL_PAYLOAD",
      replace: "length7 >= MAX_CONTROL_PAYLOAD",
    },
    {
      what: "A 64-bit length has four bytes.",
      find: "length7 === LENGTH_16_FOLLOWS ? 2 : 8;",
      replace: "length7 === LENGTH_16_FOLLOWS ? 2 : 4;",
    },
    {
      what: "The masking key is not part of the header.",
      find: "(second & MASK) === 0 ? 0 : 4",
      replace: "(second & MASK) === 0 ? 0 : 0",
    },
    {
      what: "A 16-bit length below 126 is accepted.",
      find: 'return length < LENGTH_16_FOLLOWS ? "length-not-minimal" : length;',
      replace: "return length;",
    },
    {
      what: "A 16-bit length of 126 is refused.",
      find: 'length < LENGTH_16_FOLLOWS ? "length-not-minimal"',
      replace: 'length <= LENGTH_16_FOLLOWS ? "length-not-minimal"',
    },
    {
      what: "The bytes of a 16-bit length are swapped.",
      find: "(bytes[at + 2]! << 8) | bytes[at + 3]!;\n    return",
      replace: "(bytes[at + 3]! << 8) | bytes[at + 2]!;\n    return",
    },
    {
      what: "A 64-bit length of 65535 is accepted.",
      find: "high === 0 && low <= MAX_16_BIT_LENGTH",
      replace: "high === 0 && low < MAX_16_BIT_LENGTH",
    },
    {
      what: "The top bit of a 64-bit length is not looked at.",
      find: 'if (high >= 0x8000_0000) return "length-top-bit";',
      replace: 'if (high >= 0x8000_0000) return "length-unsafe";',
    },
    {
      what: "A length of 2^53 is accepted.",
      find: "if (high >= UNSAFE_HIGH_WORD)",
      replace: "if (high > UNSAFE_HIGH_WORD)",
    },
    {
      what: "The high half of a 64-bit length is not looked at.",
      find: "return high * TWO_TO_THE_32 + low;",
      replace: "return low;",
    },
    {
      what: "32 bits are read with a sign.",
      find: "bytes[at + 3]!) >>> 0;",
      replace: "bytes[at + 3]!) | 0;",
    },
    {
      what: "The masking key is read one byte too early.",
      find: "(bytes[end - 4]! << 24) | (bytes[end - 3]! << 16)",
      replace: "(bytes[end - 5]! << 24) | (bytes[end - 3]! << 16)",
    },
    {
      what: "A payload of 126 bytes is announced in the second byte.",
      find: "if (length < LENGTH_16_FOLLOWS) {",
      replace: "if (length <= LENGTH_16_FOLLOWS) {",
    },
    {
      what: "A payload of 65535 bytes is announced in 64 bits.",
      find: "} else if (length <= MAX_16_BIT_LENGTH) {",
      replace: "} else if (length < MAX_16_BIT_LENGTH) {",
    },
    {
      what: "The room for a header is reckoned with 16 bits for 65536.",
      find: "length <= MAX_16_BIT_LENGTH ? 4 : 10",
      replace: "length <= MAX_16_BIT_LENGTH + 1 ? 4 : 10",
    },
    {
      what: "The mask bit of a long frame is not set.",
      find: "target[end++] = maskBit | LENGTH_64_FOLLOWS;",
      replace: "target[end++] = LENGTH_64_FOLLOWS;",
    },
    {
      what: "The high half of a long length is written as zero.",
      find: "Math.floor(length / TWO_TO_THE_32)",
      replace: "0",
    },
    {
      what: "A masking key of zero is not written.",
      find: "return maskingKey === undefined ? end",
      replace: "return !maskingKey ? end",
    },
  ],
};
