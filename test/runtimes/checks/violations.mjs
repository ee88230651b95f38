/** Every rule about frames, broken; whole, at every cut, and byte by byte. */

import { permessageDeflate, violations } from "../../../dist/index.js";
import { atEveryCut, hex } from "../suite.mjs";
import { receive } from "./frames.mjs";

const compressed = { extensions: [permessageDeflate().accept([])] };
const LIMITS = { maxMessageSize: 10, maxFrameSize: 8 };

/** The rule, who receives the bytes that break it, and with which options. Servers' frames keep the bytes readable. */
const BROKEN = [
  ["reserved-bit", "client", "c1 00"],
  ["reserved-bit", "server", "91 80 00000000"],
  ["reserved-bit-on-control-frame", "client", "c9 00", compressed],
  ["reserved-bit-on-continuation", "client", "41 00 c0 00", compressed],
  ["unknown-opcode", "client", "83 00"],
  ["unknown-opcode", "server", "8f 80 00000000"],
  ["fragmented-control-frame", "client", "09 00"],
  ["control-frame-too-long", "client", "89 7e 007e"],
  ["unmasked-frame", "server", "81 00"],
  ["masked-frame", "client", "81 80 00000000"],
  ["length-not-minimal", "client", "82 7e 007d"],
  ["length-not-minimal", "client", "82 7f 000000000000ffff"],
  ["length-top-bit", "client", "82 7f 8000000000000000"],
  ["length-unsafe", "client", "82 7f 0020000000000000"],
  ["frame-too-big", "client", "82 09", LIMITS],
  ["message-too-big", "client", "02 08 0000000000000000 80 03", LIMITS],
  ["decoded-message-too-big", "client", "c2 05 4a84030000", { ...compressed, maxMessageSize: 6 }],
  ["unexpected-continuation", "client", "80 00"],
  ["expected-continuation", "client", "01 00 81 00"],
  ["invalid-utf8", "client", "81 02 c328"],
  ["invalid-utf8", "client", "01 01 e2 80 00"],
  ["corrupt-message", "client", "c2 01 07", compressed],
  ["truncated-message", "client", "c2 01 f2", compressed],
  ["close-payload-of-one-byte", "client", "88 01 03"],
  ["invalid-close-code", "client", "88 02 03ed"],
  ["invalid-close-reason", "client", "88 03 03e8ff"],
];

export function checkViolations(suite) {
  for (const [rule, role, bytes, options] of BROKEN) {
    const { code } = violations[rule];
    suite.check(
      `${rule}: ${bytes} at a ${role}`,
      () =>
        atEveryCut(hex(bytes), (chunks) => {
          const { connection, written } = receive(role, chunks, options);
          connection.receiveEnd();
          const { error } = connection.closed;
          // A client masks what it sends with the key that stands before it.
          const key = role === "client" ? written.subarray(2, 6) : [0, 0];
          const at = role === "client" ? 6 : 2;
          const sent = ((written[at] ^ key[0]) << 8) | (written[at + 1] ^ key[1]);
          return { rule: error?.rule, code: error?.code, sent };
        }),
      { rule, code, sent: code },
    );
  }
  suite.check(
    "every rule has been broken",
    () => Object.keys(violations).filter((rule) => !BROKEN.some(([broken]) => broken === rule)),
    [],
  );
}
