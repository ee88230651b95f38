import { describe, expect, it } from "vitest";
import { type CompressionOptions, compressionOf } from "../../src/node/compression.ts";
import { writeExtension } from "../../src/protocol/fields.ts";

/** What the extension offers, as a client. */
function offered(option: boolean | CompressionOptions): string {
  return compressionOf(option)
    .flatMap(({ name, offers }) => offers().map((parameters) => writeExtension({ name, parameters })))
    .join(", ");
}

describe("the option compression", () => {
  it("stands for no extension when it is false or absent", () => {
    expect(compressionOf(false)).toEqual([]);
    expect(compressionOf()).toEqual([]);
  });

  it("stands for permessage-deflate when it is true, by default without windows that are kept", () => {
    expect(compressionOf(true).map(({ name }) => name)).toEqual(["permessage-deflate"]);
    expect(offered(true)).toContain("server_no_context_takeover; client_no_context_takeover");
    expect(offered({ contextTakeover: true })).not.toContain("no_context_takeover");
  });

  it("gives its window to both sides", () => {
    expect(offered({ windowBits: 10 })).toContain("server_max_window_bits=10; client_max_window_bits=10");
  });

  it.each([null, "yes", 1])("refuses %o", (option) => {
    expect(() => compressionOf(option as never)).toThrow("compression: must be true, false or an object");
  });
});
