/**
 * Target: the body of a refusal (RFC 9112 §6, §7.1), whole and chopped, judged against a plain reading of it.
 *
 * Settings: how the body is framed, limit, how to chop. The rest is the body as it comes over the wire.
 */

import { BodyReader } from "../../src/node/client/body.ts";
import { Fields } from "../../src/protocol/fields.ts";
import { bytesOf } from "../../test/helpers/frames.ts";
import { check, checkSame } from "../check.ts";
import type { Target } from "../executor.ts";
import { cut, Input } from "../input.ts";

const FRAMINGS = ["chunked", "length", "connection"] as const;
type Framing = (typeof FRAMINGS)[number];

function run(data: Uint8Array): number {
  const input = new Input(data);
  const framing = input.pick(FRAMINGS);
  const length = input.byte();
  const limit = input.pick([4096, 0, 1, 10, 100]);
  const pattern = input.byte();
  const wire = input.rest();

  const fields = fieldsOf(framing, length);
  const whole = read(fields, limit, [wire]);
  checkSame(read(fields, limit, cut(wire, pattern)), whole, "BodyReader: chopped, it reads something else");
  check(whole.content.length <= limit, "BodyReader: it keeps more than the limit", whole.content.length);
  const plain = Buffer.from(plainReading(framing, length, wire).subarray(0, limit)).toString("hex");
  checkSame(
    Buffer.from(whole.content).toString("hex"),
    plain,
    "BodyReader: it disagrees with a plain reading",
  );
  return data.length;
}

function fieldsOf(framing: Framing, length: number): Fields {
  if (framing === "chunked") return new Fields([["Transfer-Encoding", "chunked"]]);
  return new Fields(framing === "length" ? [["Content-Length", `${length}`]] : []);
}

function read(fields: Fields, limit: number, chunks: Iterable<Uint8Array>) {
  const reader = new BodyReader(403, fields, limit);
  for (const chunk of chunks) if (reader.push(chunk.slice())) break;
  reader.end();
  return { content: reader.bytes.slice(), text: reader.text() };
}

function plainReading(framing: Framing, length: number, wire: Uint8Array): Uint8Array {
  if (framing !== "chunked") return framing === "length" ? wire.subarray(0, length) : wire;
  let content = "";
  for (let rest = Buffer.from(wire).toString("latin1"); ; ) {
    // No control character but the tab, and at most 256 characters to a line.
    const line = /^(?=[^\r]{0,256}\r)([0-9a-f]+)(?:[ \t]*;[\t\x20-\x7e\x80-\xff]*)?\r\n/i.exec(rest);
    if (line === null) break;
    const size = Number.parseInt(line[1]!, 16);
    content += rest.slice(line[0].length, line[0].length + size);
    rest = rest.slice(line[0].length + size);
    if (size === 0 || !rest.startsWith("\r\n")) break;
    rest = rest.slice(2);
  }
  return Buffer.from(content, "latin1");
}

const dictionary: readonly Uint8Array[] = [
  "5\r\nhello\r\n",
  "0\r\n\r\n",
  "\r\n",
  ";a=b",
  "ffffffffffffffff",
  "00000001",
  " ;",
  "\n",
].map(bytesOf);

export const target: Target = { run, settings: 4, dictionary };
