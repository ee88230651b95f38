/**
 * Target: frames and messages (RFC 6455 §5.2 to §5.6), read whole and chopped.
 *
 * Settings: role, reserved bits, frame limit, message limit, text as bytes, pieces, how to chop.
 */

import { FIN, isControl, MAX_CONTROL_PAYLOAD, type Role } from "../../src/protocol/frame.ts";
import { FrameReader } from "../../src/protocol/frame-reader.ts";
import { MessageReader, type MessageReaderOptions, Signal } from "../../src/protocol/message-reader.ts";
import { NO_EXTENSIONS } from "../../src/protocol/pipeline.ts";
import type { Rule } from "../../src/protocol/violation.ts";
import { bytesOf, concat, readFrames } from "../../test/helpers/frames.ts";
import { check, checkSame } from "../check.ts";
import type { Target } from "../executor.ts";
import { cut, Input } from "../input.ts";

const NO_LIMIT = Number.POSITIVE_INFINITY;

function run(data: Uint8Array): number {
  const input = new Input(data);
  const role = input.pick<Role>(["server", "client"]);
  const claimedBits = input.pick([0, 0x40, 0x70]);
  const maxFrameSize = input.pick([NO_LIMIT, 0, 10, 200]);
  const maxMessageSize = input.pick([NO_LIMIT, 0, 10, 125, 3000]);
  const textAsBytes = input.flag();
  const pieces = input.flag();
  const pattern = input.byte();
  const wire = input.rest();

  const reading: FrameReading = { role, claimedBits, maxFrameSize, maxMessageSize };
  const whole = readAllFrames(reading, [wire]);
  checkSame(
    readAllFrames(reading, cut(wire, pattern)),
    whole,
    "FrameReader: chopped frames differ from whole ones",
  );
  checkAgainstPlainReading(wire, whole);

  const options: MessageReaderOptions = { maxMessageSize, maxFrameSize, textAsBytes, pieces };
  const messages = readAllMessages(role, options, [wire]);
  checkSame(
    readAllMessages(role, options, cut(wire, pattern)),
    messages,
    "MessageReader: chopped messages differ from whole ones",
  );
  for (const { signal, size } of messages.read) {
    const limit = isControl(signal) ? MAX_CONTROL_PAYLOAD : maxMessageSize;
    check(size <= limit, "MessageReader: a message is larger than the limit", { signal, size });
  }
  return data.length;
}

interface FrameReading {
  readonly role: Role;
  readonly claimedBits: number;
  readonly maxFrameSize: number;
  readonly maxMessageSize: number;
}

interface Frames {
  /** Those that are complete. */
  readonly frames: { first: number; payload: Uint8Array }[];
  readonly violation: Rule | undefined;
}

function readAllFrames(reading: FrameReading, chunks: Iterable<Uint8Array>): Frames {
  const reader = new FrameReader(
    reading.role,
    reading.claimedBits,
    reading.maxFrameSize,
    reading.maxMessageSize,
  );
  const read: Frames["frames"] = [];
  let payload: Uint8Array[] = [];
  for (const chunk of chunks) {
    reader.feed(chunk.slice());
    while (reader.remaining > 0 || reader.readHeader()) {
      check(Number.isSafeInteger(reader.length), "FrameReader: a length is not exact", reader.length);
      const count = reader.readPayload();
      check(reader.at <= reader.end, "FrameReader: it reads behind the end of its chunk");
      payload.push(reader.chunk.slice(reader.at - count, reader.at));
      if (reader.remaining > 0) break;
      read.push({ first: reader.first, payload: concat(...payload) });
      payload = [];
      if (!isControl(reader.first)) reader.fragmented = (reader.first & FIN) === 0;
    }
    if (reader.violation !== undefined) break;
  }
  return { frames: read, violation: reader.violation };
}

/** The frames that were read, in the plainest possible reading of the same bytes. */
function checkAgainstPlainReading(wire: Uint8Array, { frames: read }: Frames): void {
  let size = 0;
  for (let count = 0; count < read.length; count++) {
    const length7 = wire[size + 1]! & 0x7f;
    const extended = length7 === 126 ? 2 : length7 === 127 ? 8 : 0;
    size += 2 + extended + (wire[size + 1]! >= 0x80 ? 4 : 0) + read[count]!.payload.length;
  }
  const plain = readFrames(wire.subarray(0, size)).map(({ fin, rsv, opcode, payload }) => {
    return { first: (fin ? 0x80 : 0) | (rsv << 4) | opcode, payload };
  });
  checkSame(read, plain, "FrameReader: frames differ from their plain reading");
}

interface Messages {
  /** Pieces are put together again; those of a message that was never finished are left out. */
  readonly read: { signal: Signal; content: string | Uint8Array; size: number }[];
  readonly violation: Rule | undefined;
}

function readAllMessages(role: Role, options: MessageReaderOptions, chunks: Iterable<Uint8Array>): Messages {
  const reader = new MessageReader(role, NO_EXTENSIONS, options);
  const read: Messages["read"] = [];
  let pieces: Uint8Array[] = [];
  for (const chunk of chunks) {
    reader.feed(chunk.slice());
    for (let signal = reader.next(); signal !== Signal.Drained; signal = reader.next()) {
      if (signal === Signal.Violation) return { read, violation: reader.violation };
      if (signal === Signal.Text && !options.textAsBytes) {
        read.push({ signal, content: reader.text, size: Buffer.byteLength(reader.text) });
        continue;
      }
      let content: Uint8Array = reader.data.slice();
      if (signal === Signal.Piece) {
        pieces.push(content);
        if (!reader.last) continue;
        content = concat(...pieces);
        pieces = [];
      }
      read.push({ signal, content, size: content.length });
    }
  }
  return { read, violation: undefined };
}

/** Frames that mean something, as seen by a server, with masking keys of zero. */
export const frameDictionary: readonly Uint8Array[] = [
  Uint8Array.of(0x81, 0x80, 0, 0, 0, 0),
  Uint8Array.of(0x89, 0x80, 0, 0, 0, 0),
  Uint8Array.of(0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8),
  Uint8Array.of(0x01, 0x81, 0, 0, 0, 0, 0xc3),
  Uint8Array.of(0x80, 0x81, 0, 0, 0, 0, 0xa4),
  Uint8Array.of(0xc1, 0x87, 0, 0, 0, 0, 0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00),
  Uint8Array.of(0xc2, 0x81, 0, 0, 0, 0, 0x00),
  Uint8Array.of(0x82, 0xfe),
  Uint8Array.of(0x82, 0xff, 0, 0, 0, 0, 0, 1, 0, 0),
  Uint8Array.of(0x88, 0x00),
  Uint8Array.of(0x8a, 0x00),
  bytesOf("\ufeff"),
];

export const target: Target = { run, settings: 7, dictionary: frameDictionary };
