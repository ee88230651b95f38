/**
 * Express, our WebSockets and an event stream on one port.
 *
 *   PORT=8080 npx tsx test/interop/examples/express.ts
 */

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import { Server } from "../../../src/node/index.ts";
import { eventStream } from "../../../src/node/server/event-stream.ts";

const app = express();

app.get("/", (_request, response) => {
  response.type("html").send("<!doctype html><title>Express</title>");
});

app.get("/time", (request, response) => {
  const stream = eventStream(request, response, { retry: 1000 });
  const tell = () => stream.send({ event: "time", data: new Date().toISOString() });
  tell();
  const timer = setInterval(tell, 1000);
  void stream.ended.then(() => clearInterval(timer));
});

// Express answers requests; upgrades are an event of the HTTP server beneath it.
const http = createServer(app);
const sockets = new Server({}, { message: (peer, data) => peer.send(data) });
sockets.attach(http);

http.listen(Number(process.env.PORT ?? 8080), () => {
  console.log(`listening on http://localhost:${(http.address() as AddressInfo).port}`);
});

process.once("SIGTERM", async () => {
  http.close();
  await sockets.close({ timeout: 5000 });
  http.closeAllConnections(); // what is left are event streams
});
