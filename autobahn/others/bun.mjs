/** Bun's own server, as a testee: an echo with its default options, but for permessage-deflate. Run by Bun. */

const server = globalThis.Bun.serve({
  hostname: "127.0.0.1",
  port: Number(process.argv[2]),
  fetch: (request, upgrading) =>
    upgrading.upgrade(request) ? undefined : new Response("a WebSocket endpoint", { status: 426 }),
  websocket: { perMessageDeflate: true, message: (socket, data) => void socket.send(data, true) },
});

console.log(`listening on ws://127.0.0.1:${server.port}`);
