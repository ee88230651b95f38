/** Deno's own server, which is native code. Run by Deno. */

import { HOST, listening, settings } from "./common.mjs";

const { Deno } = globalThis;

const everybody = new Set();

const message = {
  echo: (socket, data) => socket.send(data),
  await: async (socket, data) => {
    await undefined;
    socket.send(data);
  },
  broadcast: (_, data) => {
    for (const socket of everybody) if (socket.readyState === WebSocket.OPEN) socket.send(data);
  },
}[settings.mode];

const streams = new Set();
const event = new TextEncoder().encode(`data: ${"x".repeat((settings.eventSize ?? 1) - 1)}!\n\n`);

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
    },
    cancel: () => streams.delete(own),
  });
  return new Response(body, { headers: { "Content-Type": "text/event-stream" } });
}

function upgrade(request) {
  const { socket, response } = Deno.upgradeWebSocket(request, { idleTimeout: 0 });
  socket.binaryType = "arraybuffer";
  if (settings.mode === "broadcast") everybody.add(socket);
  socket.onmessage = ({ data }) => message(socket, data);
  socket.onclose = () => everybody.delete(socket);
  socket.onerror = () => {};
  return response;
}

const handler = settings.mode === "events" ? events : upgrade;
const server = Deno.serve({ port: 0, hostname: HOST, onListen: () => {} }, handler);
listening(server.addr.port);
