/** Bun's own server, which is native code. Run by Bun. */

import { HOST, listening, settings } from "./common.mjs";

const { Bun } = globalThis;

const perMessageDeflate = {
  default: true,
  takeover: { compress: "dedicated", decompress: "dedicated" },
  fresh: { compress: "shared", decompress: "shared" },
};

const TOPIC = "everybody";
const compress = settings.deflate !== undefined;
const message = {
  echo: (socket, data) => void socket.send(data, compress),
  await: async (socket, data) => {
    await undefined;
    socket.send(data, compress);
  },
  broadcast: (_, data) => void server.publish(TOPIC, data, compress),
}[settings.mode];

/** Server-sent events: one stream for each response. */
const streams = new Set();
const event = `data: ${"x".repeat((settings.eventSize ?? 1) - 1)}!\n\n`;

function events(request) {
  if (request.method === "POST") {
    for (const stream of streams) stream.enqueue(event);
    return new Response(null, { status: 204 });
  }
  let own;
  const body = new ReadableStream({
    start(controller) {
      own = controller;
      streams.add(controller);
      controller.enqueue(":\n\n");
    },
    cancel: () => streams.delete(own),
  });
  return new Response(body, { headers: { "Content-Type": "text/event-stream" } });
}

const server = Bun.serve({
  port: 0,
  hostname: HOST,
  idleTimeout: 0,
  fetch(request) {
    if (settings.mode === "events") return events(request);
    return server.upgrade(request) ? undefined : new Response("no WebSocket", { status: 426 });
  },
  websocket: {
    open: (socket) => {
      if (settings.mode === "broadcast") socket.subscribe(TOPIC);
    },
    message: message ?? (() => {}),
    ...(settings.deflate && { perMessageDeflate: perMessageDeflate[settings.deflate] }),
    ...(settings.largest && {
      maxPayloadLength: settings.largest,
      backpressureLimit: 2 * settings.largest,
    }),
  },
});
listening(server.port);
