/** Framewright as it is shipped, with all its defaults: limits, heartbeat, statistics, budgets. */

import { createServer } from "node:http";
import { broadcastEvent, eventStream, serve } from "../../dist/node/index.js";
import { BACKLOG, HOST, listening, settings } from "./common.mjs";

const compression = {
  default: true,
  takeover: { threshold: 0, contextTakeover: true },
  fresh: { threshold: 0, contextTakeover: false },
};

/** What a scenario asks for beyond the defaults. */
const options = {
  port: 0,
  host: HOST,
  backlog: BACKLOG,
  ...(settings.deflate && { compression: compression[settings.deflate] }),
  ...(settings.largest && { maxMessageSize: settings.largest, maxBufferedBytes: 2 * settings.largest }),
};

async function start(handlers) {
  const server = await serve({ ...options, ...handlers(() => server) });
  listening(server.port);
}

const modes = {
  echo: () => start(() => ({ message: (peer, data) => void peer.send(data) })),
  await: () =>
    start(() => ({
      message: async (peer, data) => {
        await undefined;
        peer.send(data);
      },
    })),
  broadcast: () => start((server) => ({ message: (_, data) => void server().broadcast(data) })),
  events() {
    const streams = new Set();
    const data = `${"x".repeat(settings.eventSize - 1)}!`;
    const server = createServer((request, response) => {
      if (request.method === "POST") {
        broadcastEvent(streams, { data });
        response.writeHead(204).end();
        return;
      }
      const stream = eventStream(request, response);
      streams.add(stream);
      stream.ended.then(() => streams.delete(stream));
    });
    server.listen({ port: 0, host: HOST, backlog: BACKLOG }, () => listening(server.address().port));
  },
};

await modes[settings.mode]();
