import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { assignCodes, chooseCodeLengths } from "../../src/deflate/code-lengths.ts";
import { DecodingTable, INVALID, KIND, LINK, nextCode } from "../../src/deflate/huffman.ts";

const symbols = new Int32Array(286).map((_, symbol) => symbol << 16);

function decode(table: DecodingTable, bits: number): number {
  const entry = table.entries[bits & table.mask]!;
  if ((entry & KIND) !== LINK) return entry;
  return table.entries[(entry >>> 16) + ((bits >>> table.rootBits) & ((1 << ((entry >>> 4) & 15)) - 1))]!;
}

describe("nextCode", () => {
  it("counts in mirrored numbers", () => {
    const codes = [0];
    for (let count = 0; count < 8; count++) codes.push(nextCode(codes.at(-1)!, 3));
    expect(codes).toEqual([0b000, 0b100, 0b010, 0b110, 0b001, 0b101, 0b011, 0b111, 0b000]);
  });
});

describe("a decoding table", () => {
  it("answers for the example of RFC 1951 §3.2.2", () => {
    const table = new DecodingTable(symbols, 9, 512, false);
    expect(table.build(Uint8Array.of(9, 9, 3, 3, 3, 3, 3, 2, 4, 4), 2, 10)).toBeUndefined();
    // A to H: 010 011 100 101 110 00 1110 1111, read here from the right.
    const paper = ["010", "011", "100", "101", "110", "00", "1110", "1111"];
    paper.forEach((code, symbol) => {
      const mirrored = Number.parseInt([...code].reverse().join(""), 2);
      expect(decode(table, mirrored)).toBe((symbol << 16) | code.length);
    });
  });

  it("answers for every code of any complete set, in the memory that was promised", () => {
    const widths = [
      [9, 852, 286],
      [6, 592, 30],
    ] as const;
    for (const [root, capacity, most] of widths) {
      const table = new DecodingTable(symbols, root, capacity, true);
      fc.assert(
        fc.property(
          fc.array(fc.integer({ min: 0, max: 14 }), { minLength: 2, maxLength: most }),
          (exponents) => {
            const frequencies = Uint32Array.from(exponents, (exponent) => 2 ** exponent);
            const lengths = new Uint8Array(frequencies.length);
            const codes = new Uint32Array(frequencies.length);
            chooseCodeLengths(frequencies, 15, lengths);
            assignCodes(lengths, codes);
            expect(table.build(lengths, 0, lengths.length)).toBeUndefined();
            codes.forEach((code, symbol) => {
              const length = code & 15;
              for (const rest of [0, 0x7fff]) {
                expect(decode(table, (code >>> 4) | (rest << length))).toBe((symbol << 16) | length);
              }
            });
          },
        ),
        { numRuns: 200 },
      );
    }
  });

  it("refuses what does not fit together, and lets alone what §3.2.7 allows for distances", () => {
    const strict = new DecodingTable(symbols, 7, 128, false);
    const tolerant = new DecodingTable(symbols, 7, 128, true);
    expect(strict.build(Uint8Array.of(1, 1, 1), 0, 3)).toBe("over-subscribed");
    expect(tolerant.build(Uint8Array.of(1, 1, 1), 0, 3)).toBe("over-subscribed");
    expect(strict.build(Uint8Array.of(1), 0, 1)).toBe("incomplete");
    expect(strict.build(Uint8Array.of(0), 0, 1)).toBe("incomplete");
    expect(tolerant.build(Uint8Array.of(2), 0, 1)).toBe("incomplete");
    expect(tolerant.build(Uint8Array.of(0, 1), 0, 2)).toBeUndefined();
    expect(decode(tolerant, 0)).toBe((1 << 16) | 1);
    expect(decode(tolerant, 1) & KIND).toBe(INVALID);
    expect(tolerant.build(Uint8Array.of(0), 0, 1)).toBeUndefined();
    expect(decode(tolerant, 0) & KIND).toBe(INVALID);
  });
});
