/** `ws` as a partner of our client: a server of it that does what partner.ts says. */

import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { type VerifyClient, type WebSocket, WebSocketServer } from "ws";
import { Queue } from "./harness.ts";
import { originOf, type Partner, type PartnerClosed, type PartnerSettings } from "./partner.ts";

export const wsPartner: Partner = {
  name: "ws",
  async start(settings) {
    const { tls, socketPath } = settings;
    const http = tls === undefined ? createServer() : createTlsServer(tls);
    const server = new WebSocketServer({ ...optionsOf(settings), server: http });
    const endings = new Queue<PartnerClosed>();
    server.on("connection", (socket, request) => {
      socket.on("error", () => {});
      socket.on("close", (code, reason) => endings.put({ code, reason: reason.toString() }));
      talk(socket, request);
    });
    http.listen(socketPath === undefined ? { host: "127.0.0.1", port: 0 } : { path: socketPath });
    await once(http, "listening");
    const address = http.address() as AddressInfo | string;
    return {
      origin: originOf(settings, typeof address === "string" ? 0 : address.port),
      ended: () => endings.take(),
      stop: async () => {
        for (const client of server.clients) client.terminate();
        http.closeAllConnections();
        http.close();
        await once(http, "close");
      },
    };
  },
};

function optionsOf({ deflate, subprotocols = [], maxMessageSize = 0 }: PartnerSettings) {
  return {
    perMessageDeflate: deflate !== undefined && { ...deflate, threshold: 0 },
    maxPayload: maxMessageSize,
    handleProtocols: (offered: ReadonlySet<string>) =>
      subprotocols.find((name) => offered.has(name)) ?? false,
    verifyClient,
  } as const;
}

const verifyClient: VerifyClient = ({ req }, decide) => {
  const { pathname, searchParams } = targetOf(req);
  const parameter = (name: string): string => searchParams.get(name)!;
  if (pathname === "/refuse") decide(false, Number(parameter("status")), "No.\n", { "Retry-After": "7" });
  else if (pathname === "/moved") decide(false, 302, "No.\n", { Location: parameter("to") });
  else decide(true);
};

function targetOf({ url = "/" }: IncomingMessage): URL {
  return new URL(url, "ws://any");
}

function talk(socket: WebSocket, request: IncomingMessage): void {
  const { pathname, searchParams } = targetOf(request);
  const parameter = (name: string): string => searchParams.get(name)!;
  switch (pathname) {
    case "/pieces":
      onMessage(socket, (message) => {
        const middle = message.length >> 1;
        const options = { binary: typeof message !== "string" };
        socket.send(message.slice(0, middle), { ...options, fin: false });
        socket.send(message.slice(0, 0), { ...options, fin: false });
        socket.send(message.slice(middle), { ...options, fin: true });
      });
      break;
    case "/burst":
      for (let number = 0; number < Number(parameter("count")); number++) socket.send(`message ${number}`);
      break;
    case "/ping":
      socket.on("pong", (data) => socket.send(data.toString()));
      socket.ping(parameter("data"));
      break;
    case "/field":
      socket.send(request.headers[parameter("name").toLowerCase()]?.toString() ?? "");
      break;
    case "/close":
      socket.close(Number(parameter("code")), parameter("reason"));
      break;
    case "/vanish":
      onMessage(socket, () => socket.terminate());
      break;
    default:
      onMessage(socket, (message) => socket.send(message));
  }
}

function onMessage(socket: WebSocket, listener: (message: string | Uint8Array) => void): void {
  socket.on("message", (data, isBinary) => listener(isBinary ? new Uint8Array(data) : data.toString()));
}
