// A client and a server in memory: the protocol without a network.
//   npx tsx examples/two-peers.ts

import { peers } from "../src/index.ts";

const { client, settle } = peers({
  server: { onEvent: (event, server) => event.type === "text" && server.sendText(`You said: ${event.data}`) },
});

client.sendText("Hello");
console.log(settle().client);

client.close(1000, "enough");
settle();
console.log(client.closed);
