/**
 * Mutants 1 — A fault: one small change that makes one source file wrong.
 *
 * The faults stand in faults/, one file for each file of the source. They find their place by its text, so a source
 * file can change around them; where the text itself has changed, a fast test says which fault has lost its place.
 *
 * Next: faults/index.ts.
 */

export interface Fault {
  /** What goes wrong then, in a sentence. */
  readonly what: string;
  /** Stands exactly once in the file. */
  readonly find: string;
  readonly replace: string;
  /** Why no test can tell it from the right code, where none can. */
  readonly equivalent?: string;
}

/** All faults of one file. */
export interface Faults {
  readonly in: string;
  readonly faults: readonly Fault[];
}

/** A fault that cannot be tried as it is written. */
export class FaultError extends Error {
  override readonly name: string = "FaultError";
}

/** The file with the fault in it. `path` is for the sentence that says why it has no place there. */
export function applyFault(source: string, { what, find, replace }: Fault, path: string): string {
  const name = `${path}: "${what}"`;
  const at = source.indexOf(find);
  if (find === "" || at === -1) throw new FaultError(`${name}: its text is not in the file: ${find}`);
  if (source.includes(find, at + 1)) throw new FaultError(`${name}: its text is there twice: ${find}`);
  if (find === replace) throw new FaultError(`${name}: it changes nothing`);
  return source.slice(0, at) + replace + source.slice(at + find.length);
}
