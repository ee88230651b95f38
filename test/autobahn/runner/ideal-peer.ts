/**
 * A peer that does everything right, without a network: what is written to its socket is read, and answered in a
 * microtask. It is made of the judge's own parts; recorded.json holds what the real suite sent, to compare with.
 */

import { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import { Deflater, Inflater } from "../../../autobahn/runner/deflate.ts";
import type { Agreement } from "../../../autobahn/runner/extension.ts";
import { MessageAssembler } from "../../../autobahn/runner/messages.ts";
import {
  encodeFrame,
  type Fault,
  type Frame,
  FrameReader,
  Opcode,
  type Role,
  RSV1,
} from "../../../autobahn/runner/wire.ts";

const MASK = Uint8Array.of(1, 2, 3, 4);

export class IdealPeer extends EventEmitter {
  /** Every frame of the judge, unmasked. */
  readonly frames: Frame[] = [];
  /** How the judge ended TCP: in order, by a reset, or not at all. */
  ending: "orderly" | "reset" | undefined;
  readonly #role: Role;
  readonly #deflater: Deflater | undefined;
  readonly #assembler: MessageAssembler;
  readonly #reader: FrameReader;
  #hasClosed = false;

  constructor(role: Role, agreement?: Agreement) {
    super();
    this.#role = role;
    this.#deflater = agreement && new Deflater(agreement.peer);
    this.#assembler = new MessageAssembler(
      {
        message: (payload, binary) => this.#echo(payload, binary),
        ping: (payload) => this.say(Opcode.Pong, payload),
        pong: () => {},
        closed: (code, _reason, fault) => (fault === undefined ? this.#close(code) : this.#fail(fault)),
        fault: (fault) => this.#fail(fault),
      },
      agreement && new Inflater(agreement.own),
    );
    this.#reader = new FrameReader(role, agreement !== undefined, {
      frame: (frame) => {
        this.frames.push(frame);
        this.#assembler.frame(frame);
      },
      fault: (fault) => this.#assembler.fault(fault),
    });
  }

  /** As what the judge takes it for. */
  get socket(): Socket {
    return this as unknown as Socket;
  }

  say(opcode: number, payload: Uint8Array, rsv = 0): void {
    if (this.#hasClosed) return;
    const mask = this.#role === "client" ? MASK : undefined;
    const octets = encodeFrame(opcode, payload, { rsv, mask });
    queueMicrotask(() => this.emit("data", octets));
  }

  #echo(payload: Uint8Array, binary: boolean): void {
    const opcode = binary ? Opcode.Binary : Opcode.Text;
    if (this.#deflater === undefined) this.say(opcode, payload);
    else this.say(opcode, this.#deflater.deflate(payload), RSV1);
  }

  #fail({ code }: Fault): void {
    this.#close(code);
  }

  #close(code: number | undefined): void {
    if (this.#hasClosed) return;
    this.say(Opcode.Close, code === undefined ? new Uint8Array(0) : Uint8Array.of(code >> 8, code & 0xff));
    this.#hasClosed = true;
    // Behind the judge's answer, if that is still to come.
    if (this.#role === "server") setImmediate(() => setImmediate(() => this.destroy()));
  }

  // --- What a socket does -------------------------------------------------------------------------------------

  write(octets: Uint8Array): boolean {
    this.#reader.push(new Uint8Array(octets));
    return true;
  }

  destroy(): void {
    queueMicrotask(() => this.emit("close"));
  }

  destroySoon(): void {
    this.ending = "orderly";
    this.destroy();
  }

  resetAndDestroy(): void {
    this.ending = "reset";
    this.destroy();
  }
}
