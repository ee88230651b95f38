/**
 * Fuzzing 5 — Minimising: the smallest input that still breaks the target, within a number of attempts.
 *
 * First whole blocks are left out, large ones before small ones; then the bytes that remain are made zero where that
 * changes nothing. What is left tends to show what it is about.
 *
 * What this file must not know: targets, what "still breaks" means.
 * Next: input.ts.
 */

const MOST_ATTEMPTS = 5000;

export function minimise(
  input: Uint8Array,
  stillFails: (candidate: Uint8Array) => boolean,
  mostAttempts: number = MOST_ATTEMPTS,
): Uint8Array {
  let smallest = input;
  let attempts = 0;
  const attempt = (candidate: Uint8Array): boolean => {
    if (attempts === mostAttempts) return false;
    attempts++;
    if (!stillFails(candidate)) return false;
    smallest = candidate;
    return true;
  };

  for (let size = input.length; size >= 1; size = Math.floor(size / 2)) {
    for (let start = 0; start < smallest.length; ) {
      if (!attempt(without(smallest, start, start + size))) start += size;
    }
  }
  for (let at = 0; at < smallest.length; at++) {
    if (smallest[at] !== 0) attempt(withZero(smallest, at));
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
