/**
 * Fuzzing 7 — Oracles: what a target claims, and how it says that it does not hold.
 *
 * The message names the oracle and nothing else, so that two inputs which break the same one can be told to; what was
 * found instead is the error's `cause`.
 *
 * Next: targets/index.ts.
 */

import { isDeepStrictEqual } from "node:util";

export class OracleError extends Error {
  override readonly name: string = "OracleError";
}

export function check(holds: boolean, oracle: string, found?: unknown): asserts holds {
  if (!holds) throw new OracleError(oracle, { cause: found });
}

export function checkSame(actual: unknown, expected: unknown, oracle: string): void {
  if (!isDeepStrictEqual(actual, expected)) throw new OracleError(oracle, { cause: { actual, expected } });
}

/** The same for bytes, whatever kind of array they are in. */
export function checkSameBytes(actual: Uint8Array, expected: Uint8Array, oracle: string): void {
  if (Buffer.compare(actual, expected) !== 0) throw new OracleError(oracle, { cause: { actual, expected } });
}
