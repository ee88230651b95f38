import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ByteBuffer } from "../../src/bytes.ts";
import { BitReader } from "../../src/deflate/bit-reader.ts";
import { BitWriter } from "../../src/deflate/bit-writer.ts";
import { chooseCodeLengths } from "../../src/deflate/code-lengths.ts";
import { Inflated } from "../../src/deflate/codec.ts";
import { DynamicHeader } from "../../src/deflate/dynamic-header.ts";
import { PortableInflater } from "../../src/deflate/inflate.ts";
import { Window } from "../../src/deflate/window.ts";

describe("the header of a dynamic block", () => {
  it("is as long as announced and means the lengths it was made from", () => {
    const counts = fc.array(fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.nat(500)), {
      maxLength: 285,
    });
    fc.assert(
      fc.property(counts, fc.array(fc.nat(3), { maxLength: 30 }), (literalCounts, distanceCounts) => {
        const literals = new Uint32Array(286);
        literals.set(literalCounts);
        literals[256] = 1;
        literals[0]! += 1; // besides the end, something
        const distances = new Uint32Array(30);
        distances.set(distanceCounts);
        const literalLengths = new Uint8Array(286);
        const distanceLengths = new Uint8Array(30);
        chooseCodeLengths(literals, 15, literalLengths);
        chooseCodeLengths(distances, 15, distanceLengths);

        const header = new DynamicHeader();
        const bits = header.prepare(literalLengths, distanceLengths);
        const output = new ByteBuffer();
        const writer = new BitWriter();
        writer.open(output);
        writer.reserve(3 + bits);
        writer.put(0b101, 3);
        header.write(writer);
        writer.align();
        expect(output.length).toBe(Math.ceil((3 + bits) / 8));
        // A wrong repetition would leave an incomplete or over-subscribed set behind.
        const inflater = new PortableInflater(new Window(15));
        inflater.inflate(output.view(), new ByteBuffer(), 1 << 20);
        expect(inflater.fault).toBe("");
        expect(inflater.inflate(new Uint8Array(0), new ByteBuffer(), 0)).toBe(Inflated.Ok);
      }),
    );
  });

  it("tells no more lengths than it has to", () => {
    const literalLengths = new Uint8Array(286);
    literalLengths[0] = literalLengths[256] = 1;
    const distanceLengths = new Uint8Array(30);
    const header = new DynamicHeader();
    const output = new ByteBuffer();
    const writer = new BitWriter();
    writer.open(output);
    writer.reserve(header.prepare(literalLengths, distanceLengths));
    header.write(writer);
    writer.align();
    const reader = new BitReader();
    reader.open(output.view());
    reader.fetch(14);
    // HLIT and HDIST: none beyond the 257 and the one that are always told. HCLEN: up to the length 1, last but one.
    expect([reader.take(5), reader.take(5), reader.take(4)]).toEqual([0, 0, 14]);
  });
});
