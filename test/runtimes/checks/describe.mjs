/** Frames for people: the same words everywhere. */

import { describe } from "../../../dist/index.js";
import { hex } from "../suite.mjs";

export function checkDescribe(suite) {
  suite.check("the RFC's example", () => describe(hex("8185 37fa213d 7f9f4d5158")), [
    "81                       FIN, text                           a whole message (§5.4)",
    "85                       MASK, length 5                      as clients send (§5.1)",
    "37 fa 21 3d              masking key                         (§5.3)",
    '7f 9f 4d 51 58           payload "Hello"                     unmasked: 48 65 6c 6c 6f',
  ]);
  for (const [title, bytes, line] of [
    ["a character that is cut", "0102 48e2", 'payload "H" and half a character'],
    ["bytes that are missing", "827e 01", "… 1 byte of the length yet to come"],
    ["a Close frame", "8802 03e9", "payload 1001 GoingAway"],
    ["a broken rule", "8102 c328", "✗ invalid-utf8: A text message is not valid UTF-8."],
  ]) {
    suite.check(title, () => describe(hex(bytes)).some((one) => one.includes(line)), true);
  }
}
