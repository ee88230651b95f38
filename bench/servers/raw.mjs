/** No protocol at all: the same bytes back, or to everybody. What Node's sockets allow, and nothing else to pay for. */

import { createServer } from "node:net";
import { BACKLOG, HOST, listening, settings } from "./common.mjs";

const everybody = new Set();

const accept = {
  echo(socket) {
    socket.on("data", (data) => socket.write(data));
  },
  broadcast(socket) {
    everybody.add(socket);
    socket.on("close", () => everybody.delete(socket));
    socket.on("data", (data) => {
      for (const other of everybody) other.write(data);
    });
  },
}[settings.mode];

const server = createServer({ noDelay: true }, (socket) => {
  socket.on("error", () => socket.destroy());
  accept(socket);
});
server.listen({ port: 0, host: HOST, backlog: BACKLOG }, () => listening(server.address().port));
