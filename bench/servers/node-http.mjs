/** Server-sent events the usual way: `response.write` for each event and subscriber, on node:http. */

import { createServer } from "node:http";
import { BACKLOG, HOST, listening, settings } from "./common.mjs";

const event = `data: ${"x".repeat(settings.eventSize - 1)}!\n\n`;
const responses = new Set();

const server = createServer((request, response) => {
  if (request.method === "POST") {
    for (const subscriber of responses) subscriber.write(event);
    response.writeHead(204).end();
    return;
  }
  response.writeHead(200, { "Content-Type": "text/event-stream" }).flushHeaders();
  responses.add(response);
  response.on("close", () => responses.delete(response));
});
server.listen({ port: 0, host: HOST, backlog: BACKLOG }, () => listening(server.address().port));
