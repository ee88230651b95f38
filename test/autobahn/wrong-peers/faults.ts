/** Wrong peers: each is the good one, but for one thing. */

import {
  BINARY,
  CLOSE,
  CONTINUATION,
  EchoPeer,
  type Header,
  type Limits,
  type PeerClass,
  PONG,
  TEXT,
} from "./echo-peer.ts";

// --- The opening handshake ------------------------------------------------------------------------------------

export class ProvesNothing extends EchoPeer {
  override acceptOf(key: string): string {
    return super.acceptOf(this.role === "server" ? key.toLowerCase() : key);
  }
}

export class BelievesAnyRequest extends EchoPeer {
  override isRequestGood(): boolean {
    return true;
  }
}

export class BelievesAnyResponse extends EchoPeer {
  override isResponseGood(): boolean {
    return true;
  }
}

// --- What is not refused --------------------------------------------------------------------------------------

export class IgnoresRsv extends EchoPeer {
  override isRsvGood(): boolean {
    return true;
  }
}

export class IgnoresMasks extends EchoPeer {
  override isMaskGood(): boolean {
    return true;
  }
}

export class IgnoresReservedOpcodes extends EchoPeer {
  override isOpcodeGood(): boolean {
    return true;
  }

  override isSequenceGood(header: Header, inMessage: boolean): boolean {
    return this.isReserved(header) || super.isSequenceGood(header, inMessage);
  }

  override frame(header: Header, payload: Buffer): void {
    if (!this.isReserved(header)) super.frame(header, payload);
  }

  isReserved({ opcode }: Header): boolean {
    return (opcode > BINARY && opcode < CLOSE) || opcode > PONG;
  }
}

export class AcceptsLongControls extends EchoPeer {
  override isControlLengthGood(): boolean {
    return true;
  }
}

export class AcceptsFragmentedControls extends EchoPeer {
  override isControlWhole(): boolean {
    return true;
  }
}

export class AcceptsNewMessageInsideAnother extends EchoPeer {
  override isSequenceGood({ opcode }: Header, inMessage: boolean): boolean {
    return opcode !== CONTINUATION || inMessage;
  }
}

export class AcceptsLoneContinuations extends EchoPeer {
  override isSequenceGood({ opcode }: Header, inMessage: boolean): boolean {
    return opcode === CONTINUATION || opcode >= CLOSE || !inMessage;
  }

  override message(opcode: number, message: Buffer): void {
    super.message(opcode === CONTINUATION ? TEXT : opcode, message);
  }
}

export class AcceptsInvalidUtf8 extends EchoPeer {
  override isText(): boolean {
    return true;
  }

  override isTextBeginning(): boolean {
    return true;
  }
}

/** Looks at text only once all of it is there. */
export class ValidatesLate extends EchoPeer {
  override isTextBeginning(): boolean {
    return true;
  }
}

export class AcceptsAnyCloseCode extends EchoPeer {
  override isCodeGood(): boolean {
    return true;
  }
}

export class AcceptsCloseOfOneOctet extends EchoPeer {
  override closed(payload: Buffer): void {
    super.closed(payload.length === 1 ? Buffer.of(0x03, 0xe8) : payload);
  }
}

/** §10.4: whatever is behind it, it is inflated; what comes back is short, so that this test is. */
export class HasNoLimit extends EchoPeer {
  override limit(): number {
    return 2 ** 31;
  }

  override message(opcode: number, message: Buffer): void {
    super.message(opcode, message.subarray(0, 1000));
  }
}

// --- What is answered wrongly ---------------------------------------------------------------------------------

export class EchoesTwice extends EchoPeer {
  override message(opcode: number, message: Buffer): void {
    this.echo(opcode, message);
    this.echo(opcode, message);
  }
}

export class EchoesNothing extends EchoPeer {
  override message(): void {}
}

export class AnswersTextWithBinary extends EchoPeer {
  override message(_opcode: number, message: Buffer): void {
    this.echo(BINARY, message);
  }
}

export class DropsEmptyMessages extends EchoPeer {
  override message(opcode: number, message: Buffer): void {
    if (message.length > 0) super.message(opcode, message);
  }
}

export class TruncatesAt65535 extends EchoPeer {
  override message(opcode: number, message: Buffer): void {
    super.message(opcode, message.subarray(0, 65535));
  }
}

export class ReordersFragments extends EchoPeer {
  override joined(fragments: readonly Buffer[]): Buffer {
    return Buffer.concat([...fragments].reverse());
  }
}

export class SwallowsPings extends EchoPeer {
  override ping(): void {}
}

export class PongsOtherData extends EchoPeer {
  override ping(payload: Buffer): void {
    super.ping(Buffer.concat([payload.subarray(1), Buffer.of(33)]));
  }
}

export class PongsPongs extends EchoPeer {
  override pong(payload: Buffer): void {
    this.sendFrame(PONG, payload);
  }
}

export class EchoesPingsAsMessages extends EchoPeer {
  override ping(payload: Buffer): void {
    this.echo(TEXT, payload);
  }
}

/** Longer than a case waits, and shorter than this test. */
const TOO_LATE = 1300;

export class AnswersLate extends EchoPeer {
  override message(opcode: number, message: Buffer): void {
    setTimeout(() => super.message(opcode, message), TOO_LATE).unref();
  }
}

// --- What is closed wrongly -----------------------------------------------------------------------------------

export class FailsWithNormalCode extends EchoPeer {
  override fail(): void {
    super.fail(1000);
  }
}

function answersCloseWith(code: number): PeerClass {
  return class extends EchoPeer {
    override answerClose(): void {
      super.answerClose(Buffer.of(code >> 8, code & 255));
    }
  };
}

export const AnswersCloseWith1002: PeerClass = answersCloseWith(1002);
export const Sends1005: PeerClass = answersCloseWith(1005);
export const Sends1006: PeerClass = answersCloseWith(1006);

export class NeverAnswersClose extends EchoPeer {
  override answerClose(): void {}
}

export class NeverEndsTcp extends EchoPeer {
  override endTcp(): void {}
}

export class EndsTcpInsteadOfAnswering extends EchoPeer {
  override answerClose(): void {
    this.socket.end();
  }
}

export class SpeaksAfterClose extends EchoPeer {
  override answerClose(payload: Buffer): void {
    this.sendFrame(CLOSE, payload.subarray(0, 2));
    this.echo(TEXT, Buffer.from("One more thing"));
    this.leave();
  }
}

// --- What is sent wrongly -------------------------------------------------------------------------------------

/** A server masks, a client does not. */
export class MasksTheWrongWay extends EchoPeer {
  override maskingKey(): Buffer | undefined {
    return this.role === "server" ? Buffer.of(1, 2, 3, 4) : undefined;
  }
}

export class AlwaysTheSameKey extends EchoPeer {
  override maskingKey(): Buffer | undefined {
    return Buffer.of(1, 2, 3, 4);
  }
}

export class SendsLongLengths extends EchoPeer {
  override lengthOf(length: number): Buffer {
    return length < 126 ? Buffer.of(126, 0, length) : super.lengthOf(length);
  }
}

export class SendsReservedBits extends EchoPeer {
  override echo(opcode: number, message: Buffer): void {
    this.sendFrame(opcode, message, { rsv: 1 });
  }
}

// --- Compression ----------------------------------------------------------------------------------------------

export class ExceedsTheWindow extends EchoPeer {
  override deflate(message: Buffer, limits: Limits): Buffer {
    return super.deflate(message, { ...limits, windowBits: 15 });
  }
}

export class KeepsItsContext extends EchoPeer {
  override deflate(message: Buffer, limits: Limits): Buffer {
    return super.deflate(message, { ...limits, noContextTakeover: false });
  }
}

export class ForgetsTheirContext extends EchoPeer {
  override remembered(): Buffer {
    return Buffer.alloc(0);
  }
}

export class MarksEveryFragment extends EchoPeer {
  override echo(opcode: number, message: Buffer): void {
    if (this.own === undefined) {
      super.echo(opcode, message);
      return;
    }
    const octets = this.deflate(message, this.own);
    this.sendFrame(opcode, octets.subarray(0, 1), { rsv: 4, fin: false });
    this.sendFrame(CONTINUATION, octets.subarray(1), { rsv: 4 });
  }
}

export class CompressesPongs extends EchoPeer {
  override ping(payload: Buffer): void {
    if (this.own === undefined) super.ping(payload);
    else this.sendFrame(PONG, this.deflate(payload, this.own), { rsv: 4 });
  }
}

export class KeepsTheTail extends EchoPeer {
  override deflate(message: Buffer, limits: Limits): Buffer {
    return Buffer.concat([super.deflate(message, limits), Buffer.from("0000ffff", "hex")]);
  }
}
