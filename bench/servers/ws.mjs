/** The package ws. Whether it finds its native addons is decided by the environment: see lib/peers.ts. */

import { createServer } from "node:http";
import { WebSocketServer } from "ws";
import { BACKLOG, HOST, listening, settings } from "./common.mjs";

const perMessageDeflate = {
  default: true,
  takeover: { threshold: 0 },
  fresh: { threshold: 0, serverNoContextTakeover: true, clientNoContextTakeover: true },
};

const http = createServer();
const server = new WebSocketServer({
  server: http,
  ...(settings.deflate && { perMessageDeflate: perMessageDeflate[settings.deflate] }),
});

const message = {
  echo: (socket, data, binary) => socket.send(data, { binary }),
  await: async (socket, data, binary) => {
    await undefined;
    socket.send(data, { binary });
  },
  broadcast: (_, data, binary) => {
    for (const client of server.clients) client.send(data, { binary });
  },
}[settings.mode];

server.on("connection", (socket) => {
  socket.on("error", () => {});
  socket.on("message", (data, binary) => message(socket, data, binary));
});
http.listen({ port: 0, host: HOST, backlog: BACKLOG }, () => listening(http.address().port));
