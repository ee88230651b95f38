export type PayloadKind = "binary" | "ascii" | "multibyte" | "json";

export function payloadOf(kind: PayloadKind, size: number, number?: number): Uint8Array;
