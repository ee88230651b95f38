/** §7: closing, by either side, and every code there is. */

import { isValidCloseCode, peers } from "../../../dist/index.js";
import { concat, exampleKeys, frame } from "../suite.mjs";
import { receive } from "./frames.mjs";

/** The codes from 0 to 5999 that pass a test, as ranges. */
function rangesOf(passes) {
  const ranges = [];
  for (let code = 0; code < 6000; code++) {
    if (!passes(code)) continue;
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === code - 1) last[1] = code;
    else ranges.push([code, code]);
  }
  return ranges;
}

const ALLOWED = [
  [1000, 1003],
  [1007, 1014],
  [3000, 4999],
];

const payloadOf = (code) => Uint8Array.of(code >> 8, code & 0xff);

export function checkClosing(suite) {
  suite.check("the codes that may be sent", () => rangesOf(isValidCloseCode), ALLOWED);
  suite.check(
    "the codes that a client echoes; others it answers with 1002",
    () =>
      rangesOf((code) => {
        const { written } = receive("client", [frame(0x88, payloadOf(code))]);
        const answer = ((written[6] ^ 0x37) << 8) | (written[7] ^ 0xfa);
        if (answer !== code && answer !== 1002) throw new Error(`${code} is answered with ${answer}`);
        return answer === code;
      }),
    ALLOWED,
  );

  const close = (code, reason, clean, initiator) => ({
    type: "close",
    close: { code, reason, clean, initiator },
  });
  for (const role of ["client", "server"]) {
    const other = role === "client" ? "server" : "client";
    for (const [code, reason] of [
      [1000, ""],
      [1001, "going"],
      [3000, "é"],
      [4999, "x".repeat(123)],
    ]) {
      suite.check(`a ${role} closes with ${code}`, () => {
        const sides = peers({ client: { random: exampleKeys } });
        sides[role].close(code, reason);
        const told = sides.settle();
        return [told[role], told[other], sides[role].state, sides[other].state];
      }, [[close(code, "", true, "local")], [close(code, reason, true, "remote")], "closed", "closed"]);
    }
    suite.check(`a ${role} closes without a code`, () => {
      const sides = peers({ client: { random: exampleKeys } });
      sides[role].close();
      return sides.settle()[other];
    }, [close(1005, "", true, "remote")]);
    suite.check(`the transport breaks under a ${role}`, () => {
      const sides = peers({ client: { random: exampleKeys } });
      sides[role].receiveEnd();
      return sides.settle()[role];
    }, [close(1006, "", false, "transport")]);
    suite.check(`behind the Close frame a ${role} reads nothing`, () => {
      const key = role === "server" ? [1, 2, 3, 4] : undefined;
      const bytes = concat(frame(0x88, payloadOf(1000), key), frame(0x82, Uint8Array.of(7), key));
      return receive(role, [bytes]).events;
    }, []);
  }
}
