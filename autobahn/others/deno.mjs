/** Deno's own server, as a testee: an echo with its default options. Run by Deno. */

const { Deno } = globalThis;

Deno.serve(
  {
    hostname: "127.0.0.1",
    port: Number(Deno.args[0]),
    onListen: ({ port }) => console.log(`listening on ws://127.0.0.1:${port}`),
  },
  (request) => {
    const { socket, response } = Deno.upgradeWebSocket(request);
    socket.binaryType = "arraybuffer";
    socket.onmessage = ({ data }) => socket.send(data);
    socket.onerror = () => {};
    return response;
  },
);
