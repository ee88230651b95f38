// The only platform the core knows (law 1): four globals that every JavaScript runtime of today has.
// The compiler sees this file instead of the DOM's or Node's types, so nothing else can slip in.

declare class TextEncoder {
  encode(input?: string): Uint8Array;
  encodeInto(source: string, destination: Uint8Array): { read: number; written: number };
}

declare class TextDecoder {
  constructor(label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean });
  decode(input?: Uint8Array, options?: { stream?: boolean }): string;
}

declare const crypto: { getRandomValues(array: Uint8Array): Uint8Array };

declare function btoa(data: string): string;
declare function atob(data: string): string;
