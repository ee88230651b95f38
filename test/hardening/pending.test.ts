/** What arrives while the application decides: memory by bytes, not by packets. */

import { describe } from "vitest";
import { turn } from "../helpers/fake-socket.ts";
import { upgradeRequest } from "../helpers/handshakes.ts";
import { KIB } from "./accounts.ts";
import { attack } from "./attack.ts";

describe("20,000 packets of one byte", () => {
  const upgrade = ({ target }: { target: string }) =>
    target === "/slow" ? new Promise<boolean>(() => {}) : true;

  attack(
    "while the hook decides hold what their bytes hold",
    { upgrade, memory: 1024 * KIB },
    async ({ dial, weigh }) => {
      const attacker = await dial();
      attacker.send(upgradeRequest().replace("GET /", "GET /slow"));
      for (let packet = 0; packet < 20_000; packet++) {
        attacker.send("x");
        await turn();
      }
      await weigh();
    },
  );
});
