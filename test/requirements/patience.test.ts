/** What a client does not do. */

import { expect, it } from "vitest";
import { connect } from "../../src/node/client/connect.ts";
import { FakeClock } from "../helpers/fake-clock.ts";
import { echo, servers } from "../helpers/node-servers.ts";

const started = servers();

const DAY = 24 * 60 * 60 * 1000;

it("[RFC6455-7.1.7-08] [RFC6455-7.2.1-03] a client stays connected for as long as neither side closes", async () => {
  const clock = new FakeClock();
  const { port } = await started({ ...echo, clock });
  const peer = await connect(`ws://127.0.0.1:${port}/`, { clock, heartbeat: false });
  for (let day = 0; day < 7; day++) clock.advance(DAY);
  peer.send("still here");
  expect(await peer.receive()).toBe("still here");
  peer.close(1000);
  expect(await peer.closed).toMatchObject({ code: 1000, clean: true, initiator: "local" });
});
