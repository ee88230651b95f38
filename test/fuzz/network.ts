/** Two connections and a network between them that does whatever it is told: for models.test.ts. */

import { type Compression, portable } from "../../src/deflate/index.ts";
import { Connection } from "../../src/protocol/connection.ts";
import type { Closed, ConnectionOptions, Event } from "../../src/protocol/contract.ts";
import type { Agreement } from "../../src/protocol/extension.ts";
import type { Role } from "../../src/protocol/frame.ts";
import { permessageDeflate } from "../../src/protocol/permessage-deflate.ts";
import { concat } from "../helpers/frames.ts";

export interface Setting {
  /** Undefined: no permessage-deflate. */
  readonly codecs: Readonly<Record<Role, Compression>> | undefined;
  readonly contextTakeover: boolean;
  /** Whether sends wait for the end of the turn. */
  readonly scheduled: boolean;
  /** Whether messages are told in pieces. */
  readonly pieces: boolean;
  /** Whether events are pulled. */
  readonly pulled: boolean;
}

export type Message = Readonly<{ type: "text"; data: string } | { type: "binary"; data: Uint8Array }>;

/** One of the two, with its application and the bytes that are on their way to the other one. */
export class Side {
  readonly role: Role;
  readonly connection: Connection;
  readonly sent: Message[] = [];
  readonly heard: Message[] = [];
  readonly written: Uint8Array[] = [];
  /** How often it was told of the end, and had its transport ended. */
  closes = 0;
  ends = 0;
  /** Events that came after it was told of the end. */
  late = 0;
  outgoing: Uint8Array = new Uint8Array(0);
  readonly #setting: Setting;
  #pieces: Uint8Array[] = [];

  constructor(role: Role, setting: Setting) {
    this.role = role;
    this.#setting = setting;
    const tell = (event: Event): void => this.#onEvent(event);
    const options: ConnectionOptions = {
      extensions: agreements(setting, role),
      pieces: setting.pieces,
      ...(setting.scheduled && { schedule: () => {} }),
    };
    this.connection = new Connection(
      role,
      {
        write: (bytes) => {
          this.written.push(bytes.slice());
          this.outgoing = concat(this.outgoing, bytes);
          return true;
        },
        end: () => void this.ends++,
        onText: (data) => tell({ type: "text", data }),
        onBinary: (data) => tell({ type: "binary", data }),
        onPiece: (data, of, last) => tell({ type: "piece", of, data, last }),
        onPing: (data) => tell({ type: "ping", data }),
        onPong: (data) => tell({ type: "pong", data }),
        onClose: () => void this.closes++,
      },
      options,
    );
  }

  /** Sends a message whole, or in two pieces. */
  send(message: Message, inPieces: boolean): void {
    const { connection } = this;
    const middle = message.data.length >> 1;
    let sent: boolean;
    if (message.type === "text") {
      sent = inPieces
        ? connection.sendTextPiece(message.data.slice(0, middle), false) &&
          connection.sendTextPiece(message.data.slice(middle), true)
        : connection.sendText(message.data);
    } else {
      sent = inPieces
        ? connection.sendBinaryPiece(message.data.slice(0, middle), false) &&
          connection.sendBinaryPiece(message.data.slice(middle), true)
        : connection.sendBinary(message.data.slice());
    }
    if (sent) this.sent.push(message);
  }

  receive(bytes: Uint8Array): void {
    if (this.#setting.pulled) this.#pull(bytes.slice());
    else this.connection.receive(bytes.slice());
  }

  receiveEnd(): void {
    this.connection.receiveEnd();
    if (this.#setting.pulled) this.#pull();
  }

  get closed(): Closed | undefined {
    return this.connection.closed;
  }

  #pull(bytes?: Uint8Array): void {
    for (const event of this.connection.events(bytes)) if (event.type !== "close") this.#onEvent(event);
  }

  #onEvent(event: Event): void {
    if (this.closes > 0) this.late++;
    if (event.type === "text") this.heard.push(event);
    else if (event.type === "binary") this.heard.push({ ...event, data: event.data.slice() });
    else if (event.type === "piece") {
      this.#pieces.push(event.data.slice());
      if (event.last) this.heard.push(whole(event.of, concat(...this.#pieces)));
      if (event.last) this.#pieces = [];
    }
  }
}

function whole(type: "text" | "binary", data: Uint8Array): Message {
  return type === "binary" ? { type, data } : { type, data: new TextDecoder().decode(data) };
}

function agreements({ codecs, contextTakeover }: Setting, role: Role): Agreement[] {
  if (codecs === undefined) return [];
  const parameters = { serverNoContextTakeover: !contextTakeover, clientNoContextTakeover: !contextTakeover };
  const extension = permessageDeflate({ ...parameters, threshold: 0, compression: codecs[role] });
  const answer = permessageDeflate({ ...parameters, compression: portable }).accept(extension.offers()[0]!)!;
  const agreed =
    role === "server" ? extension.accept(extension.offers()[0]!) : extension.confirm(answer.parameters);
  if (agreed === undefined || typeof agreed === "string") throw new Error(`no agreement: ${agreed}`);
  return [agreed];
}

export class Network {
  readonly client: Side;
  readonly server: Side;

  constructor(setting: Setting) {
    this.client = new Side("client", setting);
    this.server = new Side("server", setting);
  }

  get sides(): readonly Side[] {
    return [this.client, this.server];
  }

  other(side: Side): Side {
    return side === this.client ? this.server : this.client;
  }

  /** Carries up to `count` bytes to the other side; behind the last one, the end of the transport. */
  carry(from: Side, count: number): void {
    const bytes = from.outgoing.subarray(0, count);
    from.outgoing = from.outgoing.slice(count);
    const to = this.other(from);
    if (bytes.length > 0) to.receive(bytes);
    if (from.ends > 0 && from.outgoing.length === 0) to.receiveEnd();
  }

  /** The transport breaks: what is on its way is lost. */
  break(): void {
    for (const side of this.sides) side.outgoing = new Uint8Array(0);
    for (const side of this.sides) side.receiveEnd();
  }

  /** Lets everything leave and arrive, in pieces of up to `count` bytes. */
  settle(count = Number.POSITIVE_INFINITY): void {
    do {
      for (const side of this.sides) {
        side.connection.flush();
        this.carry(side, count);
      }
    } while (this.sides.some((side) => this.#isBusy(side)));
  }

  #isBusy(side: Side): boolean {
    return side.outgoing.length > 0 || (side.ends > 0 && this.other(side).closed === undefined);
  }
}
