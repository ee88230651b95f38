/**
 * Fastify, our WebSockets and an event stream on one port.
 *
 *   PORT=8080 npx tsx test/interop/examples/fastify.ts
 */

import type { AddressInfo } from "node:net";
import fastify from "fastify";
import { Server } from "../../../src/node/index.ts";
import { eventStream } from "../../../src/node/server/event-stream.ts";

// Without the option, Fastify would wait for the event streams when it closes.
const app = fastify({ forceCloseConnections: true });

app.get("/", async (_request, reply) => {
  reply.type("text/html");
  return "<!doctype html><title>Fastify</title>";
});

app.get("/time", async (request, reply) => {
  reply.hijack(); // the answer is ours
  const stream = eventStream(request.raw, reply.raw, { retry: 1000 });
  const tell = () => stream.send({ event: "time", data: new Date().toISOString() });
  tell();
  const timer = setInterval(tell, 1000);
  void stream.ended.then(() => clearInterval(timer));
});

const sockets = new Server({}, { message: (peer, data) => peer.send(data) });
sockets.attach(app.server);

await app.listen({ port: Number(process.env.PORT ?? 8080) });
console.log(`listening on http://localhost:${(app.server.address() as AddressInfo).port}`);

process.once("SIGTERM", async () => {
  await sockets.close({ timeout: 5000 });
  await app.close();
});
