import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { retryAfter } from "../../../src/node/client/retry-after.ts";

/** The moment that RFC 9110 §5.6.7 writes in three ways. */
const MOMENT = Date.UTC(1994, 10, 6, 8, 49, 37);
const NOW = MOMENT - 5000;

const WEEKDAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

describe("Retry-After in seconds", () => {
  it("is that long", () => {
    expect(retryAfter("120", NOW)).toBe(120_000);
    expect(retryAfter("0", NOW)).toBe(0);
    expect(retryAfter("007", NOW)).toBe(7000);
  });

  it("is never more than what can be counted", () => {
    for (const digits of ["9007199254741", "9".repeat(20), "9".repeat(5000)]) {
      expect(retryAfter(digits, NOW)).toBe(Number.MAX_SAFE_INTEGER);
    }
  });
});

describe("Retry-After as a date", () => {
  it("is the time until then, in each of the three forms", () => {
    for (const date of [
      "Sun, 06 Nov 1994 08:49:37 GMT",
      "Sunday, 06-Nov-94 08:49:37 GMT",
      "Sun Nov  6 08:49:37 1994",
    ]) {
      expect(retryAfter(date, NOW)).toBe(5000);
    }
    expect(retryAfter("Wed Nov 16 08:49:37 1994", NOW)).toBe(10 * 86_400_000 + 5000);
  });

  it("is no time at all if it has passed", () => {
    expect(retryAfter("Sun, 06 Nov 1994 08:49:37 GMT", MOMENT)).toBe(0);
    expect(retryAfter("Sun, 06 Nov 1994 08:49:37 GMT", MOMENT + 1)).toBe(0);
    expect(retryAfter("Thu, 01 Jan 1970 00:00:00 GMT", NOW)).toBe(0);
  });

  it("means with two digits a year that is at most 50 years ahead", () => {
    const inThatYear = (year: number, now: number) => {
      const date = new Date(Date.UTC(year, 0, 1));
      const twoDigits = String(year % 100).padStart(2, "0");
      return retryAfter(
        `${WEEKDAYS[date.getUTCDay()]}, 01-Jan-${twoDigits} 00:00:00 GMT`,
        Date.UTC(now, 0, 1),
      );
    };
    expect(inThatYear(2076, 2026)).toBe(Date.UTC(2076, 0, 1) - Date.UTC(2026, 0, 1));
    expect(inThatYear(1977, 2026)).toBe(0);
    expect(inThatYear(2000, 1999)).toBe(365 * 86_400_000);
    // 2077 is farther ahead: 77 is 1977, and the weekday of the one is not that of the other.
    expect(inThatYear(2077, 2026)).toBeUndefined();
  });

  it("is read from what the platform writes, for every second of four-digit years, in all three forms", () => {
    const seconds = fc.integer({ min: 0, max: Date.UTC(9999, 11, 31) / 1000 });
    fc.assert(
      fc.property(seconds, fc.integer({ min: 0, max: 10 ** 9 }), (second, before) => {
        const moment = new Date(second * 1000);
        const utc = moment.toUTCString();
        const [day, month, year, time] = [
          utc.slice(5, 7),
          utc.slice(8, 11),
          utc.slice(12, 16),
          utc.slice(17, 25),
        ];
        const weekday = WEEKDAYS[moment.getUTCDay()]!;
        for (const text of [
          utc,
          `${weekday}, ${day}-${month}-${year.slice(2)} ${time} GMT`,
          `${weekday.slice(0, 3)} ${month} ${String(Number(day)).padStart(2)} ${time} ${year}`,
        ]) {
          expect(retryAfter(text, moment.getTime() - before)).toBe(before);
        }
      }),
    );
  });
});

describe("any other Retry-After", () => {
  it("is as good as none", () => {
    for (const value of [
      undefined,
      "",
      " ",
      "soon",
      "-1",
      "+1",
      "1.5",
      "1e3",
      "0x10",
      "120 ",
      "120, 120",
      "Infinity",
      "NaN",
      "Invalid Date",
      "Nov 1994",
      "1994-11-06T08:49:37Z",
      "Sun, 06 Nov 1994 08:49:37",
      "Sun, 06 Nov 1994 08:49:37 UTC",
      "Sun, 06 Nov 1994 08:49:37 GMT+1",
      "sun, 06 nov 1994 08:49:37 gmt",
      "Sun,  06 Nov 1994 08:49:37 GMT",
      "Sun, 6 Nov 1994 08:49:37 GMT",
      "Mon, 06 Nov 1994 08:49:37 GMT",
      "Wed, 30 Feb 1994 08:49:37 GMT",
      "Sun, 06 Nov 1994 24:00:00 GMT",
      "Sat, 31 Dec 2016 23:59:60 GMT",
      "Thu, 06 Nov 20194 08:49:37 GMT",
      "Sun, 06-Nov-94 08:49:37 GMT",
      "Sunday,06-Nov-94 08:49:37 GMT",
      "Sunday,_06-Nov-94 08:49:37 GMT",
      "Sunday, 06-Nov 94 08:49:37 GMT",
      "Sunday, 06-Nov-1994 08:49:37 GMT",
      "Friday, 06-Nov-9. 08:49:37 GMT",
      "Sunday, 06-Nov-94-08:49:37 GMT",
      "Monday, 06-Nov-94 08:49:37 GMT",
      "Sunday,",
      "Sunday, 06-Nov-",
      "Sun Nov 06  08:49:37 1994",
      "Sun Nov 6 08:49:37 1994",
      "Sun Nov  16 08:49:37 1994",
      "Sun Nov  6 08:49:37 1994 GMT",
      "Sun Nov  6 08:49:37",
      "(".repeat(8000),
    ]) {
      expect(retryAfter(value, NOW)).toBeUndefined();
    }
  });

  it("never throws, and what it says is a time to wait", () => {
    const parts = fc.constantFrom(
      "Sun",
      "Sunday",
      ",",
      " ",
      "06",
      "-",
      "Nov",
      "94",
      "Nov 1994",
      "08:49:37",
      "GMT",
      "0",
      ":",
      "é",
    );
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: parts, maxLength: 14 })), (value) => {
        const wait = retryAfter(value, NOW);
        expect(wait === undefined || (wait >= 0 && wait <= Number.MAX_SAFE_INTEGER)).toBe(true);
      }),
    );
  });
});
