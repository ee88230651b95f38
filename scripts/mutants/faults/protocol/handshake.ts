import type { Faults } from "../../fault.ts";

export const handshake: Faults = {
  in: "src/protocol/handshake.ts",
  faults: [
    { what: "HTTP/1.0 is recent enough.", find: 'version[2]! >= "1"', replace: 'version[2]! >= "0"' },
    { what: "HTTP/2.1 is one of HTTP/1.", find: 'version.startsWith("1.") && ', replace: "" },
    { what: "1.10 is a version.", find: "version.length === 3 && ", replace: "" },
    {
      what: "An element of a list counts only in small letters.",
      find: "element.toLowerCase() === lowerCase",
      replace: "element === lowerCase",
    },
    {
      what: "A list that could not be read has every element.",
      find: "=== lowerCase) === true;",
      replace: "=== lowerCase) !== false;",
    },
    {
      what: "A subprotocol may be offered twice.",
      find: "new Set(subprotocols).size < subprotocols.length",
      replace: "new Set(subprotocols).size > subprotocols.length",
    },
    {
      what: "A subprotocol may be any text.",
      find: "if (!isToken(subprotocol)) throw",
      replace: "if (false) throw",
    },
    {
      what: "An application may set fields of the handshake in other letters.",
      find: "const key = name.toLowerCase();",
      replace: "const key = name;",
    },
    {
      what: "An application may set Sec-WebSocket-Accept.",
      find: ' || key.startsWith("sec-websocket-")',
      replace: "",
    },
    { what: "An application may set Host.", find: '  "host",\n', replace: "" },
    { what: "An application may announce a body.", find: '  "content-length",\n', replace: "" },
    { what: "An application may announce chunks.", find: '  "transfer-encoding",\n', replace: "" },
    {
      what: "An application's fields are not looked at.",
      find: "    checkField(name, value, option);\n",
      replace: "",
    },
    { what: "The version is 8.", find: 'VERSION = "13"', replace: 'VERSION = "8"' },
  ],
};
