/**
 * Koa, our WebSockets and an event stream on one port; and the WebSockets at one path only.
 *
 *   PORT=8080 npx tsx test/interop/examples/koa.ts
 */

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import Koa from "koa";
import { Server } from "../../../src/node/index.ts";
import { eventStream } from "../../../src/node/server/event-stream.ts";

const app = new Koa();

app.use(async (context, next) => {
  if (context.path !== "/") return next();
  context.type = "html";
  context.body = "<!doctype html><title>Koa</title>";
});

app.use((context) => {
  if (context.path !== "/time") return;
  context.respond = false; // the answer is ours
  const stream = eventStream(context.req, context.res, { retry: 1000 });
  const tell = () => stream.send({ event: "time", data: new Date().toISOString() });
  tell();
  const timer = setInterval(tell, 1000);
  void stream.ended.then(() => clearInterval(timer));
});

const sockets = new Server(
  { upgrade: ({ target }) => target === "/echo" || { status: 404 } },
  { message: (peer, data) => peer.send(data) },
);

// What `attach` does, by hand: for a program that has several WebSocket servers, and chooses between them here.
const http = createServer(app.callback());
http.on("upgrade", (request, socket, head) => sockets.upgrade(request, socket, head));

http.listen(Number(process.env.PORT ?? 8080), () => {
  console.log(`listening on http://localhost:${(http.address() as AddressInfo).port}`);
});

process.once("SIGTERM", async () => {
  http.close();
  await sockets.close({ timeout: 5000 });
  http.closeAllConnections(); // what is left are event streams
});
