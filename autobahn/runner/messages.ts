/**
 * The judge, 3 — Messages (RFC 6455 §5.4, §5.5, §8.1): frames become messages, pings, pongs and a Close.
 *
 * What this file must not know: what follows from any of it. Next: extension.ts.
 */

import { isUtf8 } from "node:buffer";
import type { Inflater } from "./deflate.ts";
import { type Fault, type Frame, type FrameSink, Opcode, RSV1 } from "./wire.ts";

export interface Inbox {
  message(payload: Uint8Array, binary: boolean): void;
  ping(payload: Uint8Array): void;
  pong(payload: Uint8Array): void;
  /** No code if the Close has no payload. `fault` if code or reason are not what §7.4 and §8.1 allow. */
  closed(code: number | undefined, reason: Uint8Array, fault: Fault | undefined): void;
  fault(fault: Fault): void;
}

const PROTOCOL_ERROR = 1002;
const INVALID_PAYLOAD = 1007;
const NOT_UTF8: Fault = { code: INVALID_PAYLOAD, sentence: "a text is not valid UTF-8 (§8.1)" };
const NOT_DEFLATE: Fault = {
  code: INVALID_PAYLOAD,
  sentence: "a message cannot be decompressed within the agreed window (RFC 7692 §7.2.2)",
};

export class MessageAssembler implements FrameSink {
  readonly #inbox: Inbox;
  readonly #inflater: Inflater | undefined;
  readonly #fragments: Uint8Array[] = [];
  #binary = false;
  #compressed = false;
  /** Reads the text of a fragmented message as it comes. */
  #decoder: InstanceType<typeof TextDecoder> | undefined;
  /** Whether something was wrong: then messages do not count any more, and only control frames are read. */
  #spoiled = false;
  /** How long the next message will probably be. */
  expectedLength = 0;

  constructor(inbox: Inbox, inflater?: Inflater) {
    this.#inbox = inbox;
    this.#inflater = inflater;
  }

  fault(fault: Fault): void {
    this.#spoiled = true;
    this.#inbox.fault(fault);
  }

  frame(frame: Frame): void {
    const { opcode, payload } = frame;
    if (opcode === Opcode.Close) this.#close(payload);
    else if (opcode === Opcode.Ping) this.#inbox.ping(payload);
    else if (opcode === Opcode.Pong) this.#inbox.pong(payload);
    else if (!this.#spoiled) this.#data(frame);
  }

  #data({ opcode, fin, rsv, payload }: Frame): void {
    if (opcode !== Opcode.Continuation) {
      this.#binary = opcode === Opcode.Binary;
      this.#compressed = rsv === RSV1;
    }
    this.#fragments.push(payload);
    const isPlainText = !this.#binary && !this.#compressed;
    if (!fin) {
      if (isPlainText && !this.#continuesText(payload)) this.fault(NOT_UTF8);
      return;
    }
    const whole = this.#fragments.length === 1 ? payload : Buffer.concat(this.#fragments);
    this.#fragments.length = 0;
    this.#decoder = undefined;
    const message = this.#compressed ? this.#inflater?.inflate(whole, this.expectedLength) : whole;
    if (message === undefined) this.fault(NOT_DEFLATE);
    else if (!this.#binary && !isUtf8(message)) this.fault(NOT_UTF8);
    else this.#inbox.message(message, this.#binary);
  }

  #continuesText(payload: Uint8Array): boolean {
    this.#decoder ??= new TextDecoder("utf-8", { fatal: true });
    try {
      this.#decoder.decode(payload, { stream: true });
      return true;
    } catch {
      return false;
    }
  }

  #close(payload: Uint8Array): void {
    if (payload.length === 1) {
      this.fault({ code: PROTOCOL_ERROR, sentence: "a Close with a payload of one octet (§5.5.1)" });
      this.#inbox.closed(undefined, payload.subarray(1), undefined);
      return;
    }
    const code = payload.length === 0 ? undefined : (payload[0]! << 8) | payload[1]!;
    const reason = payload.subarray(2);
    this.#inbox.closed(code, reason, closeFault(code, reason));
  }
}

function closeFault(code: number | undefined, reason: Uint8Array): Fault | undefined {
  if (code !== undefined && !isCloseCode(code)) {
    return { code: PROTOCOL_ERROR, sentence: `close code ${code} cannot be sent (§7.4)` };
  }
  return isUtf8(reason) ? undefined : NOT_UTF8;
}

/** §7.4, as the suite reads it: what is defined, and what libraries and applications may use. */
export function isCloseCode(code: number): boolean {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1011) || (code >= 3000 && code <= 4999);
}
