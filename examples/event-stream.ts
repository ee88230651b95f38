// Server-sent events on a plain HTTP server: a ticker for any number of browsers, which go on where they were cut off.
//   npx tsx examples/event-stream.ts [port]

import { createServer } from "node:http";
import { broadcastEvent, type EventStream, eventStream } from "../src/node/server/event-stream.ts";

const page = `<!doctype html>
<title>Ticker</title>
<ol id="list"></ol>
<script>
  new EventSource("/ticks").addEventListener("tick", ({ data, lastEventId }) => {
    list.append(Object.assign(document.createElement("li"), { value: lastEventId, textContent: data }));
  });
</script>
`;

const KEPT = 100;
const ticks: { event: string; id: string; data: string }[] = [];
const streams = new Set<EventStream>();
const stopping = new AbortController();

const server = createServer((request, response) => {
  if (request.url !== "/ticks") {
    response.writeHead(200, { "Content-Type": "text/html" }).end(page);
    return;
  }
  const stream = eventStream(request, response, { retry: 1000, signal: stopping.signal });
  const seen = Number(stream.lastEventId); // 0 for a new client, NaN for an id that is not ours
  for (const tick of ticks) if (Number(tick.id) > seen) stream.send(tick);
  streams.add(stream);
  void stream.ended.then(() => streams.delete(stream));
});

let count = 0;
const ticker = setInterval(() => {
  const tick = { event: "tick", id: String(++count), data: new Date().toISOString() };
  ticks.push(tick);
  if (ticks.length > KEPT) ticks.shift();
  broadcastEvent(streams, tick);
}, 1000);

// An event stream never ends by itself: without the signal, `close` would wait for ever.
process.once("SIGTERM", () => {
  clearInterval(ticker);
  stopping.abort();
  server.close();
});

server.listen(Number(process.argv[2] ?? 8080), "127.0.0.1", () => {
  const { port } = server.address() as { port: number };
  console.log(`listening on http://127.0.0.1:${port}`);
});
