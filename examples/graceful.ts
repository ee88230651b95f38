// A server that ends as it should: told to stop, it says goodbye to everybody, and waits for their answer.
//   npx tsx examples/graceful.ts [port]        then: kill -TERM <its process id>

import { serve } from "../src/node/index.ts";

const server = await serve({
  host: "127.0.0.1",
  port: Number(process.argv[2] ?? 8080),
  message: (peer, data) => peer.send(data),
  close: (_peer, { code, clean, initiator }) =>
    console.log(`a connection ended: ${code}, ${clean ? "clean" : "unclean"}, begun by ${initiator}`),
});
console.log(`listening on ws://127.0.0.1:${server.port}`);

// Nobody is accepted any more. Close 1001 goes to all peers, and who has not answered it after five seconds is cut off.
// When the last has gone nothing keeps the process alive, and it ends by itself.
process.once("SIGTERM", async () => {
  const { clean, unclean } = await server.close({ timeout: 5000 });
  console.log(`closed: ${clean} clean, ${unclean} unclean`);
});
