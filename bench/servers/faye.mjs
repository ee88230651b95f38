/** The package faye-websocket. */

import { createServer } from "node:http";
import WebSocket from "faye-websocket";
import { BACKLOG, HOST, listening, settings } from "./common.mjs";

const everybody = new Set();

const message = {
  echo: (socket, data) => socket.send(data),
  await: async (socket, data) => {
    await undefined;
    socket.send(data);
  },
  broadcast: (_, data) => {
    for (const socket of everybody) socket.send(data);
  },
}[settings.mode];

const http = createServer();
http.on("upgrade", (request, stream, head) => {
  const socket = new WebSocket(request, stream, head);
  everybody.add(socket);
  socket.on("message", ({ data }) => message(socket, data));
  socket.on("close", () => everybody.delete(socket));
});
http.listen({ port: 0, host: HOST, backlog: BACKLOG }, () => listening(http.address().port));
