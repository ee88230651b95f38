// An echo server over a bare TCP socket: what it takes to put the core on a transport.
//   npx tsx examples/echo-server.ts [port]

import { createServer, type Socket } from "node:net";
import { Connection, type Handler, permessageDeflate, ServerHandshake } from "../src/index.ts";

const options = { extensions: [permessageDeflate()] };

class EchoPeer implements Handler {
  readonly #socket: Socket;
  #handshake: ServerHandshake | undefined = new ServerHandshake(options);
  #connection: Connection | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("error", () => {}); // a reset is no more than an end
    socket.on("data", (chunk) => this.#receive(chunk));
    socket.on("close", () => this.#connection?.receiveEnd());
  }

  #receive(chunk: Uint8Array): void {
    if (this.#connection !== undefined) {
      this.#connection.receive(chunk);
      return;
    }
    const result = this.#handshake?.receive(chunk);
    if (result === undefined) return; // the head is not complete, or was refused
    this.#handshake = undefined;
    this.#socket.write(result.response);
    if (!result.ok) {
      this.#socket.end();
      return;
    }
    this.#connection = new Connection("server", this, { extensions: result.extensions });
    this.#connection.receive(result.rest);
  }

  write(bytes: Uint8Array): boolean {
    this.#socket.write(bytes);
    return this.#socket.writableLength === 0; // taken by the kernel already, or kept by the socket
  }

  end(): void {
    this.#socket.end();
  }

  onText(data: string): void {
    this.#connection?.sendText(data);
  }

  onBinary(data: Uint8Array): void {
    this.#connection?.sendBinary(data);
  }
}

const server = createServer({ noDelay: true }, (socket) => new EchoPeer(socket));
server.listen(Number(process.argv[2] ?? 8080), "127.0.0.1", () => {
  const { port } = server.address() as { port: number };
  console.log(`listening on ws://127.0.0.1:${port}`);
});
