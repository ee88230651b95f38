/**
 * Fuzzing 5 — Minimising: the smallest input that is still good for something, within a number of attempts.
 *
 * First whole blocks are left out, large ones before small ones; then the bytes that remain are made zero where that
 * changes nothing. What is left tends to show what it is about.
 *
 * What this file must not know: targets, what an input is good for.
 * Next: input.ts.
 */

const MOST_ATTEMPTS = 5000;

export async function minimise(
  input: Uint8Array,
  isStillGood: (candidate: Uint8Array) => boolean | Promise<boolean>,
  mostAttempts: number = MOST_ATTEMPTS,
): Promise<Uint8Array> {
  let smallest = input;
  let attempts = 0;
  const attempt = async (candidate: Uint8Array): Promise<boolean> => {
    if (attempts === mostAttempts) return false;
    attempts++;
    if (!(await isStillGood(candidate))) return false;
    smallest = candidate;
    return true;
  };

  for (let size = input.length; size >= 1; size = Math.floor(size / 2)) {
    for (let start = 0; start < smallest.length; ) {
      if (!(await attempt(without(smallest, start, start + size)))) start += size;
    }
  }
  for (let at = 0; at < smallest.length; at++) {
    if (smallest[at] !== 0) await attempt(withZero(smallest, at));
  }
  return smallest;
}

function without(data: Uint8Array, start: number, end: number): Uint8Array {
  const tail = data.subarray(end);
  const shorter = new Uint8Array(start + tail.length);
  shorter.set(data.subarray(0, start));
  shorter.set(tail, start);
  return shorter;
}

function withZero(data: Uint8Array, at: number): Uint8Array {
  const changed = data.slice();
  changed[at] = 0;
  return changed;
}
