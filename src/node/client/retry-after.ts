/**
 * Chapter 10.5 — When to come back: Retry-After (RFC 9110 §10.2.3).
 *
 *     Retry-After: 120                               so many seconds from now
 *     Retry-After: Sun, 06 Nov 1994 08:49:37 GMT     not before then
 *
 * Dates come in one form that servers write, and two that they once wrote and every recipient must read (RFC 9110
 * §5.6.7). Each is taken apart into the parts of the first form, and one question settles whether they were a date:
 * does the moment they name, written by the platform, give the same text?
 *
 * What this file must not know: who waits, and how long at most.
 * Next: dial.ts.
 */

const SECOND = 1000;
const FIXDATE_LENGTH: number = "Sun, 06 Nov 1994 08:49:37 GMT".length;

/** How many milliseconds to wait from `now`, a time of day as `Date.now` gives it; undefined for any other value. */
export function retryAfter(value: string | undefined, now: number): number | undefined {
  if (value === undefined) return undefined;
  if (isDigits(value)) return Math.min(Number(value) * SECOND, Number.MAX_SAFE_INTEGER);
  const date = readDate(value, now);
  return date === undefined ? undefined : Math.max(0, date - now);
}

/** Milliseconds since 1970. */
function readDate(value: string, now: number): number | undefined {
  return readFixdate(value) ?? readAsctime(value) ?? readRfc850(value, now);
}

/**
 * `Sun, 06 Nov 1994 08:49:37 GMT`. A day that no month has, a 25th hour, a weekday that it was not: written again they
 * all come out differently.
 * Decision: so a date that contradicts itself is no date; nor is a leap second, which the platform does not know.
 */
function readFixdate(text: string): number | undefined {
  // The platform would read, and write, years of more than four digits.
  if (text.length !== FIXDATE_LENGTH) return undefined;
  const date = Date.parse(text);
  return !Number.isNaN(date) && new Date(date).toUTCString() === text ? date : undefined;
}

/** `Sun Nov  6 08:49:37 1994`: the day of the month has two characters, of which the first may be a space. */
function readAsctime(text: string): number | undefined {
  const [weekday, month, day, time, year, ...others] = text.replace("  ", " 0").split(" ");
  if (others.length > 0) return undefined;
  return readFixdate(`${weekday}, ${day} ${month} ${year} ${time} GMT`);
}

const WEEKDAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/** `Sunday, 06-Nov-94 08:49:37 GMT`. */
function readRfc850(text: string, now: number): number | undefined {
  const comma = text.indexOf(",");
  const weekday = text.slice(0, comma);
  const [day, month, yearAndTime = ""] = text.slice(comma + 2).split("-");
  const twoDigits = yearAndTime.slice(0, 2);
  if (!WEEKDAYS.includes(weekday) || text[comma + 1] !== " " || !isDigits(twoDigits)) return undefined;
  const year = nearestYear(Number(twoDigits), new Date(now).getUTCFullYear());
  return readFixdate(`${weekday.slice(0, 3)}, ${day} ${month} ${year}${yearAndTime.slice(2)}`);
}

/** RFC 9110 §5.6.7: two digits stand for a year that is at most 50 years ahead; the last such year. */
function nearestYear(twoDigits: number, thisYear: number): number {
  const latest = thisYear + 50;
  return latest - ((latest - twoDigits) % 100);
}

function isDigits(text: string): boolean {
  for (const character of text) {
    if (character < "0" || character > "9") return false;
  }
  return text !== "";
}
