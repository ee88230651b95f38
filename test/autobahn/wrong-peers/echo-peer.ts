/**
 * A good echo peer, server or client, in as few lines as that takes (it looks at text frame by frame, and not at
 * every rule of HTTP): what it does in each matter is a method, so that
 * a wrong peer is this one with one method exchanged. It shares nothing with the judge, and nothing with src.
 */

import { isUtf8 } from "node:buffer";
import { createHash, randomBytes } from "node:crypto";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { constants, deflateRawSync, inflateRawSync } from "node:zlib";

export type Role = "client" | "server";

export interface Header {
  readonly fin: boolean;
  readonly rsv: number;
  readonly opcode: number;
  readonly masked: boolean;
  readonly length: number;
}

/** What was agreed on for one direction. */
export interface Limits {
  readonly windowBits: number;
  readonly noContextTakeover: boolean;
}

export const CONTINUATION = 0;
export const TEXT = 1;
export const BINARY = 2;
export const CLOSE = 8;
export const PING = 9;
export const PONG = 10;
const RSV1 = 4;

const NOTHING = Buffer.alloc(0);
const TAIL = Buffer.from("0000ffff", "hex");
const MOST = 64 << 20;

export class EchoPeer {
  readonly role: Role;
  readonly socket: Socket;
  /** How it compresses, and how the other one does; none: nobody does. */
  own: Limits | undefined;
  theirs: Limits | undefined;
  #input: Buffer = NOTHING;
  #fragments: Buffer[] = [];
  /** Of the message that is under way; 0: there is none. */
  #opcode = 0;
  #compressed = false;
  #isOver = false;
  #said: Buffer = NOTHING;
  #heard: Buffer = NOTHING;

  constructor(socket: Socket, role: Role) {
    this.socket = socket;
    this.role = role;
    socket.on("error", () => {});
  }

  // --- The opening handshake ----------------------------------------------------------------------------------

  isRequestGood(head: string): boolean {
    const says = (name: string, value: string): boolean =>
      fields(head, name).some((element) => element.toLowerCase() === value);
    return (
      /^GET \/[^#]* HTTP\/1\.1\r/.test(head) &&
      fields(head, "host").length === 1 &&
      says("upgrade", "websocket") &&
      says("connection", "upgrade") &&
      /^[\w+/]{22}==$/.test(fields(head, "sec-websocket-key").join()) &&
      fields(head, "sec-websocket-version").join() === "13"
    );
  }

  acceptOf(key: string): string {
    return createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
  }

  isResponseGood(head: string, key: string): boolean {
    return (
      /^HTTP\/1\.1 101 /.test(head) &&
      fields(head, "sec-websocket-accept").join() === this.acceptOf(key) &&
      fields(head, "upgrade").join().toLowerCase() === "websocket" &&
      fields(head, "connection").join().toLowerCase().split(",").includes("upgrade") &&
      fields(head, "sec-websocket-protocol").length === 0 &&
      fields(head, "sec-websocket-extensions").length < 2 &&
      fields(head, "sec-websocket-extensions").every((element) => parametersOf(element) !== undefined)
    );
  }

  /** As a server: the response to a request. */
  respond(head: string): void {
    if (!this.isRequestGood(head)) {
      this.socket.end("HTTP/1.1 400 Bad Request\r\nSec-WebSocket-Version: 13\r\nContent-Length: 0\r\n\r\n");
      return;
    }
    const offers = fields(head, "sec-websocket-extensions").map(parametersOf);
    const offer = offers.find((parameters) => parameters !== undefined);
    const agreed =
      offer && ["permessage-deflate", ...offer].filter((part) => !part.startsWith("client_")).join("; ");
    if (agreed !== undefined) this.agree(agreed);
    const extensions = agreed === undefined ? [] : [`Sec-WebSocket-Extensions: ${agreed}`];
    const lines = [
      "HTTP/1.1 101 Switching Protocols",
      "Upgrade: websocket",
      "Connection: Upgrade",
      `Sec-WebSocket-Accept: ${this.acceptOf(fields(head, "sec-websocket-key").join())}`,
      ...extensions,
    ];
    this.socket.write(`${lines.join("\r\n")}\r\n\r\n`);
  }

  agree(agreement: string): void {
    const limits = (side: Role): Limits => ({
      windowBits: Number(new RegExp(`${side}_max_window_bits="?(\\d+)`).exec(agreement)?.[1] ?? 15),
      noContextTakeover: agreement.includes(`${side}_no_context_takeover`),
    });
    this.own = limits(this.role);
    this.theirs = limits(this.role === "server" ? "client" : "server");
  }

  // --- Frames -------------------------------------------------------------------------------------------------

  receive(chunk: Buffer): void {
    this.#input = Buffer.concat([this.#input, chunk]);
    while (!this.#isOver && this.#next()) {}
  }

  #next(): boolean {
    const input = this.#input;
    if (input.length < 2) return false;
    const masked = input[1]! >= 0x80;
    const short = input[1]! & 0x7f;
    const size = 2 + (short < 126 ? 0 : short === 126 ? 2 : 8) + (masked ? 4 : 0);
    if (input.length < size) return false;
    const length =
      short < 126 ? short : short === 126 ? input.readUInt16BE(2) : Number(input.readBigUInt64BE(2));
    const header: Header = {
      fin: input[0]! >= 0x80,
      rsv: (input[0]! >> 4) & 7,
      opcode: input[0]! & 15,
      masked,
      length,
    };
    if (!this.isHeaderGood(header)) {
      this.fail(1002);
      return false;
    }
    if (input.length < size + length) return false;
    const payload = Buffer.from(input.subarray(size, size + length));
    if (masked) for (let at = 0; at < length; at++) payload[at]! ^= input[size - 4 + (at & 3)]!;
    this.#input = input.subarray(size + length);
    this.frame(header, payload);
    return true;
  }

  isHeaderGood(header: Header): boolean {
    return (
      this.isRsvGood(header) &&
      this.isMaskGood(header) &&
      this.isOpcodeGood(header) &&
      this.isControlGood(header) &&
      this.isSequenceGood(header, this.#opcode !== 0) &&
      header.length <= MOST
    );
  }

  isRsvGood({ rsv, opcode }: Header): boolean {
    return rsv === 0 || (rsv === RSV1 && this.theirs !== undefined && (opcode === TEXT || opcode === BINARY));
  }

  isMaskGood({ masked }: Header): boolean {
    return masked === (this.role === "server");
  }

  isOpcodeGood({ opcode }: Header): boolean {
    return opcode <= BINARY || (opcode >= CLOSE && opcode <= PONG);
  }

  isControlGood(header: Header): boolean {
    return header.opcode < CLOSE || (this.isControlLengthGood(header) && this.isControlWhole(header));
  }

  isControlLengthGood({ length }: Header): boolean {
    return length <= 125;
  }

  isControlWhole({ fin }: Header): boolean {
    return fin;
  }

  isSequenceGood({ opcode }: Header, inMessage: boolean): boolean {
    return opcode >= CLOSE || (opcode === CONTINUATION) === inMessage;
  }

  frame({ opcode, rsv, fin }: Header, payload: Buffer): void {
    if (opcode === PING) this.ping(payload);
    else if (opcode === PONG) this.pong(payload);
    else if (opcode === CLOSE) this.closed(payload);
    else this.#data(opcode, rsv, fin, payload);
  }

  #data(opcode: number, rsv: number, fin: boolean, payload: Buffer): void {
    if (this.#opcode === 0 || opcode !== CONTINUATION) {
      this.#opcode = opcode;
      this.#compressed = rsv === RSV1;
    }
    this.#fragments.push(payload);
    if (!fin) {
      if (this.#opcode === TEXT && !this.#compressed && !this.isTextBeginning(Buffer.concat(this.#fragments)))
        this.fail(1007);
      return;
    }
    const whole = this.joined(this.#fragments);
    const type = this.#opcode;
    this.#fragments = [];
    this.#opcode = 0;
    const message = this.#compressed ? this.inflate(whole) : whole;
    if (typeof message === "number") this.fail(message);
    else if (type === TEXT && !this.isText(message)) this.fail(1007);
    else this.message(type, message);
  }

  joined(fragments: readonly Buffer[]): Buffer {
    return Buffer.concat(fragments);
  }

  isText(message: Buffer): boolean {
    return isUtf8(message);
  }

  isTextBeginning(octets: Buffer): boolean {
    try {
      new TextDecoder("utf-8", { fatal: true }).decode(octets, { stream: true });
      return true;
    } catch {
      return false;
    }
  }

  // --- What is answered ---------------------------------------------------------------------------------------

  message(opcode: number, message: Buffer): void {
    this.echo(opcode, message);
  }

  ping(payload: Buffer): void {
    this.sendFrame(PONG, payload);
  }

  pong(_payload: Buffer): void {}

  closed(payload: Buffer): void {
    const code = payload.length >= 2 ? payload.readUInt16BE(0) : undefined;
    if (payload.length === 1 || (code !== undefined && !this.isCodeGood(code))) this.fail(1002);
    else if (!this.isText(payload.subarray(2))) this.fail(1007);
    else this.answerClose(payload);
  }

  isCodeGood(code: number): boolean {
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
  }

  answerClose(payload: Buffer): void {
    this.sendFrame(CLOSE, payload.subarray(0, 2));
    this.leave();
  }

  fail(code: number): void {
    this.sendFrame(CLOSE, Buffer.from([code >> 8, code & 255]));
    this.leave();
  }

  /** Nothing is read any more. */
  leave(): void {
    this.#isOver = true;
    this.endTcp();
  }

  /** A server does it, a client waits for that. */
  endTcp(): void {
    if (this.role === "server") this.socket.end();
    else setTimeout(() => this.socket.end(), 500).unref();
  }

  // --- What is sent -------------------------------------------------------------------------------------------

  echo(opcode: number, message: Buffer): void {
    if (this.own === undefined || message.length === 0) this.sendFrame(opcode, message);
    else this.sendFrame(opcode, this.deflate(message, this.own), { rsv: RSV1 });
  }

  maskingKey(): Buffer | undefined {
    return this.role === "client" ? randomBytes(4) : undefined;
  }

  sendFrame(opcode: number, payload: Buffer, { fin = true, rsv = 0 } = {}): void {
    const { length } = payload;
    const key = this.maskingKey();
    const head = this.lengthOf(length);
    head[0]! |= key === undefined ? 0 : 0x80;
    const body = Buffer.from(payload);
    if (key !== undefined) for (let at = 0; at < length; at++) body[at]! ^= key[at & 3]!;
    const first = Buffer.of((fin ? 0x80 : 0) | (rsv << 4) | opcode);
    if (this.socket.writable) this.socket.write(Buffer.concat([first, head, key ?? NOTHING, body]));
  }

  lengthOf(length: number): Buffer {
    if (length < 126) return Buffer.of(length);
    if (length <= 0xffff) return Buffer.of(126, length >> 8, length & 255);
    const octets = Buffer.alloc(9, 127);
    octets.writeBigUInt64BE(BigInt(length), 1);
    return octets;
  }

  // --- Compression --------------------------------------------------------------------------------------------

  deflate(message: Buffer, { windowBits, noContextTakeover }: Limits): Buffer {
    const octets = deflateRawSync(message, {
      windowBits: Math.min(Math.max(windowBits, 9), 15),
      dictionary: this.#said,
      finishFlush: constants.Z_SYNC_FLUSH,
    });
    if (!noContextTakeover) this.#said = Buffer.concat([this.#said, message]).subarray(-(2 ** windowBits));
    return octets.subarray(0, -TAIL.length);
  }

  /** The message, or the code that says what is wrong with it. */
  inflate(octets: Buffer): Buffer | number {
    try {
      const message = inflateRawSync(Buffer.concat([octets, TAIL]), {
        dictionary: this.#heard,
        finishFlush: constants.Z_SYNC_FLUSH,
        maxOutputLength: this.limit(),
      });
      this.#heard = this.remembered(Buffer.concat([this.#heard, message]));
      return message;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE" ? 1009 : 1007;
    }
  }

  limit(): number {
    return MOST;
  }

  remembered(heard: Buffer): Buffer {
    return heard.subarray(-32768);
  }
}

export type PeerClass = new (socket: Socket, role: Role) => EchoPeer;

/** The elements of a field, of all of its lines. */
function fields(head: string, name: string): string[] {
  const lines = head.matchAll(new RegExp(`^${name}:[ \t]*([^\r]*?)[ \t]*\r$`, "gim"));
  return [...lines].flatMap(([, value = ""]) => value.split(",")).map((element) => element.trim());
}

const PARAMETER =
  /^((server|client)_no_context_takeover|client_max_window_bits|(server|client)_max_window_bits=(8|9|1[0-5]))$/;

/** Of permessage-deflate; undefined for any other extension, and if they are wrong. */
function parametersOf(element: string): string[] | undefined {
  const [name, ...parameters] = element
    .replaceAll('"', "")
    .split(";")
    .map((part) => part.trim());
  const names = new Set(parameters.map((parameter) => parameter.split("=")[0]));
  const isGood =
    names.size === parameters.length && parameters.every((parameter) => PARAMETER.test(parameter));
  return name === "permessage-deflate" && isGood ? parameters : undefined;
}

/** Hands over the head, and then everything that comes behind it. */
function readHead(socket: Socket, arrived: (head: string) => ((chunk: Buffer) => void) | undefined): void {
  let input: Buffer = NOTHING;
  const onData = (chunk: Buffer): void => {
    input = Buffer.concat([input, chunk]);
    const end = input.indexOf("\r\n\r\n");
    if (end < 0) return;
    socket.off("data", onData);
    const receive = arrived(input.subarray(0, end + 4).toString("latin1")) ?? (() => {});
    socket.on("data", receive);
    receive(input.subarray(end + 4));
  };
  socket.on("data", onData);
}

/** Resolves when it listens. */
export function startServer(Peer: PeerClass): Promise<{ url: string; close(): void }> {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket.once("close", () => sockets.delete(socket)));
    const peer = new Peer(socket, "server");
    readHead(socket, (head) => {
      peer.respond(head);
      return (chunk) => peer.receive(chunk);
    });
  });
  const close = (): void => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      resolve({ url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`, close });
    });
  });
}

/** Connects once; resolves when the connection is gone. */
export function playClient(Peer: PeerClass, port: number, path: string): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    const peer = new Peer(socket, "client");
    const key = randomBytes(16).toString("base64");
    socket.once("close", () => resolve());
    socket.write(
      [
        `GET ${path} HTTP/1.1`,
        `Host: 127.0.0.1:${port}`,
        "Upgrade: websocket",
        "Connection: Upgrade",
        `Sec-WebSocket-Key: ${key}`,
        "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits",
        "Sec-WebSocket-Version: 13",
        "\r\n",
      ].join("\r\n"),
    );
    readHead(socket, (head) => {
      if (!peer.isResponseGood(head, key)) {
        socket.destroy();
        return undefined;
      }
      const [agreement] = fields(head, "sec-websocket-extensions");
      if (agreement !== undefined) peer.agree(agreement);
      return (chunk) => peer.receive(chunk);
    });
  });
}
