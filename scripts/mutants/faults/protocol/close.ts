import type { Faults } from "../../fault.ts";

export const close: Faults = {
  in: "src/protocol/close.ts",
  faults: [
    {
      what: "Codes above 4999 are valid.",
      find: "if (code >= 3000) return code <= 4999;",
      replace: "if (code >= 3000) return true;",
    },
    { what: "4999 is not valid.", find: "code <= 4999", replace: "code < 4999" },
    { what: "3000 is not valid.", find: "code >= 3000", replace: "code > 3000" },
    { what: "1004, which is reserved, is valid.", find: "code <= 1003", replace: "code <= 1004" },
    { what: "1006, which is only reported, is valid.", find: "code >= 1007", replace: "code >= 1006" },
    { what: "1015, which is only reported, is valid.", find: "code <= 1014", replace: "code <= 1015" },
    { what: "All codes from 1007 to 2999 are valid.", find: "code <= 1014", replace: "code <= 2999" },
    { what: "999 is valid.", find: "code >= 1000 &&", replace: "code >= 999 &&" },
    {
      what: "An empty Close frame means 1000.",
      find: '{ code: CloseCode.NoStatus, reason: "" };',
      replace: '{ code: CloseCode.Normal, reason: "" };',
    },
    {
      what: "A payload of one byte is read as if it were none.",
      find: 'return "close-payload-of-one-byte";',
      replace: "return NO_STATUS;",
    },
    {
      what: "The bytes of the code are swapped when it is read.",
      find: "(payload[0]! << 8) | payload[1]!",
      replace: "(payload[1]! << 8) | payload[0]!",
    },
    {
      what: "A code that must not be sent is read like any other.",
      find: '  if (!isValidCloseCode(code)) return "invalid-close-code";\n',
      replace: "",
    },
    {
      what: "The code is taken for a part of the reason.",
      find: "decodeUtf8(payload.subarray(2))",
      replace: "decodeUtf8(payload.subarray(1))",
    },
    {
      what: "A reason that is not UTF-8 is read as empty.",
      find: 'return reason === undefined ? "invalid-close-reason" : { code, reason };',
      replace: 'return { code, reason: reason ?? "" };',
    },
    {
      what: "A Close frame without a code is written with 1005.",
      find: "if (code === undefined) return new Uint8Array(0);",
      replace: "code ??= CloseCode.NoStatus;",
    },
    { what: "The high byte of the code is not written.", find: "code >>> 8", replace: "code >>> 16" },
    {
      what: "The reason is written over the code.",
      find: "payload.set(encoded, 2);",
      replace: "payload.set(encoded, 0);",
    },
    {
      what: "A reason without a code is not refused.",
      find: 'if (reason !== "") throw',
      replace: "if (false) throw",
    },
    {
      what: "An application may close with a fraction.",
      find: "!Number.isInteger(code) || ",
      replace: "",
    },
    {
      what: "An application may close with any code.",
      find: "!Number.isInteger(code) || !isValidCloseCode(code)",
      replace: "!Number.isInteger(code)",
    },
    {
      what: "A reason may have 124 bytes.",
      find: "MAX_CONTROL_PAYLOAD - 2",
      replace: "MAX_CONTROL_PAYLOAD - 1",
    },
    {
      what: "A reason of 123 bytes is refused.",
      find: "size > MAX_REASON_BYTES",
      replace: "size >= MAX_REASON_BYTES",
    },
    {
      what: "A reason is measured in characters.",
      find: "const size = encoder.encode(reason).length;",
      replace: "const size = reason.length;",
    },
  ],
};
