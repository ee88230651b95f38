import { describe, expect, it } from "vitest";
import { type PeerOptions, peerSettings } from "../../src/node/options.ts";
import { Statistics } from "../../src/node/statistics.ts";
import { Deadlines, TICK } from "../../src/node/timers.ts";
import { Vitals } from "../../src/node/vitals.ts";
import { FakeClock } from "../helpers/fake-clock.ts";

/** A patient who does what it is told, and writes it down. */
function ward(options: PeerOptions, now?: number) {
  const clock = new FakeClock(now);
  const statistics = new Statistics();
  const deadlines = new Deadlines(clock);
  const story: string[] = [];
  const patient = {
    isPaused: false,
    ping: () => {
      story.push("ping");
      vitals.pinged();
    },
    close: (code: number, reason: string) => {
      story.push(`close ${code} ${reason}`);
      vitals.closing();
    },
    giveUp: (reason: string) => {
      story.push(reason.slice(0, reason.indexOf(":")));
    },
  };
  const outlet = { waiting: 0, taken: 0 };
  const context = { clock, statistics, deadlines, settings: peerSettings(options) };
  const vitals = new Vitals(context, patient, outlet);
  return { clock, deadlines, vitals, story, patient, outlet, stats: () => statistics.snapshot().heartbeat };
}

const HEARTBEAT = { heartbeat: { interval: 1000, timeout: 500 } };
/** A deadline is late by a tick at most, and a sign of life is known to a tick. */
const LATE = 3 * TICK;

describe("a heartbeat", () => {
  it("[RFC6455-5.5.2-04] pings after so much silence, and gives up after so much more", () => {
    const { clock, story, stats } = ward(HEARTBEAT);
    clock.advance(900);
    expect(story).toEqual([]);
    clock.advance(100 + LATE);
    expect(story).toEqual(["ping"]);
    clock.advance(500 + LATE);
    expect(story).toEqual(["ping", "heartbeat"]);
    expect(stats()).toMatchObject({ pingsSent: 1, pongsReceived: 0, deadPeers: 1 });
  });

  it("is on time from the first connection on, whenever that comes", () => {
    for (let second = 0; second < 60; second += 7) {
      const { clock, story } = ward({}, second * 1000);
      clock.advance(25_000 + LATE);
      expect(story).toEqual(["ping"]);
    }
  });

  it("takes any byte for a sign of life, before a Ping and after it", () => {
    const { clock, story, vitals } = ward(HEARTBEAT);
    for (let time = 0; time < 5000; time += 500) {
      clock.advance(500);
      vitals.sign();
    }
    expect(story).toEqual([]);
    clock.advance(1000 + LATE);
    expect(story).toEqual(["ping"]);
    vitals.sign();
    clock.advance(700);
    expect(story).toEqual(["ping"]);
    clock.advance(500);
    expect(story).toEqual(["ping", "ping"]);
  });

  it("takes what leaves for a sign of life too, while a Ping waits behind other bytes", () => {
    const { clock, story, outlet } = ward(HEARTBEAT);
    outlet.waiting = 1_000_000;
    clock.advance(1000 + LATE);
    expect(story).toEqual(["ping"]);
    for (let round = 0; round < 5; round++) {
      outlet.taken += 1000;
      clock.advance(500);
    }
    expect(story).toEqual(["ping"]);
    clock.advance(1000 + 2 * LATE);
    expect(story).toEqual(["ping", "heartbeat"]);
  });

  it("is not deceived by the Ping's own bytes, which the system takes for a peer that is gone", () => {
    const { clock, story, outlet } = ward(HEARTBEAT);
    clock.advance(1000 + LATE);
    outlet.taken += 2;
    clock.advance(500 + LATE);
    expect(story).toEqual(["ping", "heartbeat"]);
  });

  it("measures how long the answer took, once for each Ping", () => {
    const { clock, vitals, stats } = ward({ heartbeat: { interval: 1000, timeout: 5000 } });
    expect(vitals.roundTripTime).toBeUndefined();
    vitals.pinged();
    clock.advance(40);
    vitals.pinged(); // the answer to the first one counts
    clock.advance(2);
    vitals.ponged();
    expect(vitals.roundTripTime).toBe(42);
    vitals.ponged(); // nobody asked for this one
    expect(stats()).toMatchObject({ pingsSent: 2, pongsReceived: 2, roundTrip: { count: 1, sum: 42 } });
  });

  it("does not call a peer silent that nobody reads from", () => {
    const { clock, patient, story, vitals } = ward(HEARTBEAT);
    clock.advance(1000 + LATE);
    expect(story).toEqual(["ping"]);
    patient.isPaused = true;
    clock.advance(60_000);
    expect(story).toEqual(["ping"]);
    patient.isPaused = false;
    vitals.sign();
    clock.advance(1000 + LATE);
    expect(story).toEqual(["ping", "ping"]);
    clock.advance(500 + LATE);
    expect(story).toEqual(["ping", "ping", "heartbeat"]);
  });

  it("is patient with a peer that the application has pinged before", () => {
    const { clock, story, vitals } = ward({ heartbeat: { interval: 1000, timeout: 900 } });
    clock.advance(500);
    vitals.pinged();
    clock.advance(800);
    expect(story).toEqual([]);
    clock.advance(100 + LATE);
    expect(story).toEqual(["heartbeat"]);
  });

  it("can be switched off", () => {
    const { clock, story, deadlines } = ward({ heartbeat: false });
    clock.advance(86_400_000);
    expect([story, deadlines.size]).toEqual([[], 0]);
  });
});

describe("a connection", () => {
  it("is closed when it is old, however lively it is", () => {
    const { clock, story, vitals } = ward({ heartbeat: false, maxConnectionAge: 3000, idleTimeout: 1000 });
    for (let time = 0; time < 2900; time += 100) {
      clock.advance(100);
      vitals.message();
    }
    expect(story).toEqual([]);
    clock.advance(100 + LATE);
    expect(story).toEqual(["close 1001 maximum age"]);
  });

  it("is closed when no message went for so long: Pings and Pongs are none", () => {
    const { clock, story, vitals } = ward({ heartbeat: false, idleTimeout: 1000 });
    clock.advance(900);
    vitals.message();
    clock.advance(900);
    vitals.sign();
    expect(story).toEqual([]);
    clock.advance(100 + LATE);
    expect(story).toEqual(["close 1001 idle"]);
  });

  it("keeps its heartbeat while it waits to be old", () => {
    const { clock, story, vitals } = ward({ ...HEARTBEAT, idleTimeout: 1900, maxConnectionAge: 10_000 });
    clock.advance(1000 + LATE);
    vitals.sign();
    vitals.ponged();
    clock.advance(1000);
    expect(story).toEqual(["ping", "close 1001 idle"]);
  });

  it("that is closing has so long to finish, from the first time it is said", () => {
    const { clock, story, vitals } = ward({ ...HEARTBEAT, closeTimeout: 2000, idleTimeout: 500 });
    vitals.closing();
    clock.advance(1500);
    vitals.closing();
    vitals.sign();
    expect(story).toEqual([]);
    clock.advance(500 + LATE);
    expect(story).toEqual(["closeTimeout"]);
  });

  it("that has ended waits for nothing", () => {
    const { clock, story, deadlines, vitals } = ward(HEARTBEAT);
    vitals.end();
    vitals.closing();
    expect(deadlines.size).toBe(0);
    clock.advance(60_000);
    expect([story, clock.running]).toEqual([[], 0]);
  });

  it("is looked at again when its deadline came too early", () => {
    const { clock, story, vitals } = ward({ heartbeat: false, closeTimeout: 2000 });
    vitals.closing();
    vitals.onDeadline();
    expect(story).toEqual([]);
    clock.advance(2000 + LATE);
    expect(story).toEqual(["closeTimeout"]);
  });
});
