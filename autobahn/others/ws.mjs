/** ws, as a testee: an echo with its default options, but for permessage-deflate, which it leaves off by default. */

import { createRequire } from "node:module";

const { WebSocketServer } = createRequire(new URL("../../bench/package.json", import.meta.url))("ws");
const server = new WebSocketServer({
  host: "127.0.0.1",
  port: Number(process.argv[2]),
  perMessageDeflate: true,
});

server.on("connection", (socket) => {
  socket.on("message", (data, binary) => socket.send(data, { binary }));
  socket.on("error", () => {});
});
server.on("listening", () => console.log(`listening on ws://127.0.0.1:${server.address().port}`));
