import { execFileSync } from "node:child_process";
import { afterEach, describe, expect, it } from "vitest";
import { uncleared, useUnclearedMemory } from "../../src/bytes.ts";
import { type BufferMethods, textCoder, useEngine } from "../../src/node/machine.ts";
import { useWideWords, wordsOf } from "../../src/protocol/mask.ts";
import { encodeUtf8Into, useTextCoder } from "../../src/protocol/utf8.ts";

describe("useEngine", () => {
  afterEach(() => {
    useWideWords(false);
    useUnclearedMemory();
    useTextCoder();
  });
  const isWide = (): boolean => wordsOf(new Uint8Array(4096)).wide !== undefined;

  it("lets V8 mask by words of 64 bits, and no other engine", () => {
    useEngine({ v8: "11.3" });
    expect(isWide()).toBe(true);
    useEngine({ v8: "14.6", bun: "1.4" });
    expect(isWide()).toBe(false);
    useEngine({});
    expect(isWide()).toBe(false);
  });

  it("lets memory that will be written be had uncleared, of its own and as a plain array", () => {
    useEngine();
    const bytes = uncleared(100_000);
    expect(bytes.constructor).toBe(Uint8Array);
    expect([bytes.length, bytes.byteOffset, bytes.buffer.byteLength]).toEqual([100_000, 0, 100_000]);
  });

  it("asks the process by default", () => {
    useEngine();
    expect(isWide()).toBe(process.versions.bun === undefined);
  });
});

describe("textCoder", () => {
  afterEach(() => useTextCoder());
  const known = Buffer.prototype as unknown as BufferMethods;

  it("is there on every Node so far, and what the core writes texts by", () => {
    const coder = textCoder();
    expect(coder).toBeDefined();
    let written = 0;
    useTextCoder({
      ...coder!,
      write: (...text) => {
        written++;
        return coder!.write(...text);
      },
    });
    const target = new Uint8Array(100);
    expect([encodeUtf8Into("x".repeat(30), target, 5), written]).toEqual([30, 1]);
    useTextCoder();
    useEngine();
    expect(encodeUtf8Into("Ω".repeat(30), target, 5)).toBe(60);
    expect(new TextDecoder().decode(target.subarray(5, 65))).toBe("Ω".repeat(30));
  });

  it.each<[string, Partial<BufferMethods>]>([
    ["is not there", { ...known, utf8Write: undefined as never }],
    ["reads something else", { ...known, latin1Slice: () => "something else" }],
    ["has units the other way round", { ...known, ucs2Slice: () => "\ua903" }],
    ["writes less than all", { ...known, utf8Write: () => 2 }],
    [
      "throws",
      {
        ...known,
        utf8Write: () => {
          throw new RangeError("The value of offset is out of range");
        },
      },
    ],
  ])("there is none where a method %s", (_, methods) => {
    expect(textCoder(methods)).toBeUndefined();
  });
});

const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };

describe.skipIf(header.glibcVersionRuntime === undefined)("keepFreedMemory", () => {
  /** Page faults of a process that asks for 24 MiB in pieces of 64 KiB, lets go of them, and asks again. */
  function faults(): number {
    const url = new URL("../../src/node/machine.ts", import.meta.url).href;
    const script = `
      const { keepFreedMemory } = await import(${JSON.stringify(url)});
      keepFreedMemory();
      gc();
      const fill = () => {
        let pieces = Array.from({ length: 384 }, () => Buffer.allocUnsafeSlow(64 * 1024).fill(1));
        pieces = undefined;
        gc();
      };
      fill();
      const { minorPageFault: before } = process.resourceUsage();
      for (let round = 0; round < 5; round++) fill();
      console.log(process.resourceUsage().minorPageFault - before);`;
    const flags = ["--expose-gc", "--single-threaded-gc", "--import", "tsx", "--input-type=module"];
    return Number(execFileSync(process.execPath, [...flags, "-e", script], { encoding: "utf8" }));
  }

  it("makes the C library keep what is freed, so that it need not come from the kernel again", () => {
    // Five times 24 MiB are 30,720 pages. Without the lesson there are that many faults, in nearly all runs.
    expect(faults()).toBeLessThan(6_000);
  });
});
