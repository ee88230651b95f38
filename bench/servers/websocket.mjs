/** The package websocket. Its limits are below what some scenarios send. */

import { createServer } from "node:http";
import websocket from "websocket";
import { BACKLOG, HOST, listening, settings } from "./common.mjs";

const http = createServer();
const server = new websocket.server({
  httpServer: http,
  autoAcceptConnections: true,
  maxReceivedFrameSize: settings.largest ?? 1024 * 1024,
  maxReceivedMessageSize: settings.largest ?? 1024 * 1024,
});
const contentOf = (message) => (message.type === "utf8" ? message.utf8Data : message.binaryData);
const sendTo = (connection, data) =>
  typeof data === "string" ? connection.sendUTF(data) : connection.sendBytes(data);

const respond = {
  echo: sendTo,
  await: async (connection, data) => {
    await undefined;
    sendTo(connection, data);
  },
  broadcast: (_, data) => {
    for (const connection of server.connections) sendTo(connection, data);
  },
}[settings.mode];

server.on("connect", (connection) => {
  connection.on("error", () => {});
  connection.on("message", (message) => respond(connection, contentOf(message)));
});
http.listen({ port: 0, host: HOST, backlog: BACKLOG }, () => listening(http.address().port));
