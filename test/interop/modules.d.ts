/** As much of these packages as is used here: so that everything can be checked where they are not installed. */

declare module "ws" {
  import type { IncomingMessage, Server } from "node:http";

  export interface PerMessageDeflateOptions {
    serverNoContextTakeover?: boolean;
    clientNoContextTakeover?: boolean;
    serverMaxWindowBits?: number;
    clientMaxWindowBits?: number | boolean;
    threshold?: number;
  }

  export interface ClientOptions {
    perMessageDeflate?: boolean | PerMessageDeflateOptions;
    origin?: string;
    headers?: Record<string, string>;
  }

  export interface SendOptions {
    binary?: boolean;
    fin?: boolean;
  }

  export class WebSocket {
    constructor(url: string, protocols: readonly string[], options?: ClientOptions);
    readonly protocol: string;
    readonly extensions: string;
    send(data: string | Uint8Array, options?: SendOptions): void;
    ping(data?: string | Uint8Array): void;
    pong(data?: string | Uint8Array): void;
    close(code?: number, reason?: string): void;
    terminate(): void;
    on(event: "open", listener: () => void): this;
    on(event: "message", listener: (data: Buffer, isBinary: boolean) => void): this;
    on(event: "ping" | "pong", listener: (data: Buffer) => void): this;
    on(event: "close", listener: (code: number, reason: Buffer) => void): this;
    on(event: "error", listener: (error: Error) => void): this;
    on(event: "upgrade", listener: (response: IncomingMessage) => void): this;
    on(event: "unexpected-response", listener: (request: unknown, response: IncomingMessage) => void): this;
  }

  export type VerifyClient = (
    info: { readonly req: IncomingMessage },
    decide: (accepted: boolean, code?: number, body?: string, headers?: Record<string, string>) => void,
  ) => void;

  export interface WebSocketServerOptions {
    host?: string;
    port?: number;
    server?: Server;
    maxPayload?: number;
    perMessageDeflate?: boolean | PerMessageDeflateOptions;
    handleProtocols?: (offered: ReadonlySet<string>) => string | false;
    verifyClient?: (() => boolean) | VerifyClient;
  }

  export class WebSocketServer {
    constructor(options: WebSocketServerOptions);
    readonly clients: Set<WebSocket>;
    address(): { port: number };
    close(done?: () => void): void;
    on(event: "listening", listener: () => void): this;
    on(event: "connection", listener: (socket: WebSocket, request: IncomingMessage) => void): this;
  }
}

declare module "express" {
  import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";

  export interface Response extends ServerResponse {
    type(name: string): this;
    send(body: string): this;
  }

  export interface Application extends RequestListener {
    get(path: string, handler: (request: IncomingMessage, response: Response) => void): this;
  }

  export default function express(): Application;
}

declare module "fastify" {
  import type { IncomingMessage, Server, ServerResponse } from "node:http";

  export interface FastifyReply {
    readonly raw: ServerResponse;
    type(name: string): this;
    hijack(): this;
  }

  export interface FastifyInstance {
    readonly server: Server;
    get(
      path: string,
      handler: (request: { readonly raw: IncomingMessage }, reply: FastifyReply) => Promise<unknown>,
    ): this;
    listen(options: { port: number; host?: string }): Promise<string>;
    close(): Promise<void>;
  }

  export default function fastify(options?: { forceCloseConnections?: boolean }): FastifyInstance;
}

declare module "koa" {
  import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";

  export interface Context {
    readonly path: string;
    readonly req: IncomingMessage;
    readonly res: ServerResponse;
    type: string;
    body: string;
    respond: boolean;
  }

  export default class Koa {
    use(middleware: (context: Context, next: () => Promise<void>) => unknown): this;
    callback(): RequestListener;
  }
}
