/** What run.ts runs: it imports nothing, so that it can be loaded before anything is installed. */

/** A check throws where something is wrong. */
export interface Check {
  readonly name: string;
  run(): Promise<void>;
}

export interface Group {
  readonly title: string;
  readonly checks: readonly Check[];
}

/** Thrown by a check that cannot be made here. */
export class Skipped extends Error {}
