import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { Deadlines, systemClock, TICK, Timed } from "../../src/node/timers.ts";
import { FakeClock } from "../helpers/fake-clock.ts";

const SECOND = 1000;
const HOUR = 3600 * SECOND;
/** How far the wheel reaches. */
const REVOLUTION = 1024 * TICK;
/** How late a deadline may be: times are whole milliseconds. */
const LATEST = TICK + 1;

function wheel(now?: number) {
  const clock = new FakeClock(now);
  const errors: unknown[] = [];
  const deadlines = new Deadlines(clock, (error) => errors.push(error));
  const called: string[] = [];

  class Owner extends Timed {
    readonly name: string;
    readonly step: ((owner: Owner) => void) | undefined;
    calledAt: number[] = [];

    constructor(name = "", step?: (owner: Owner) => void) {
      super();
      this.name = name;
      this.step = step;
    }

    override onDeadline(): void {
      this.calledAt.push(clock.now());
      called.push(this.name);
      this.step?.(this);
    }
  }
  return { clock, deadlines, errors, called, Owner };
}

describe("a deadline", () => {
  it("is never early, and late by a tick and a millisecond at most, however far away it is", () => {
    for (const delay of [0, 0.25, 1, TICK - 1, TICK, TICK + 1, 999, 20_000, REVOLUTION - TICK, REVOLUTION]) {
      for (const phase of [0, 0.5, 17, TICK - 0.001]) {
        const { clock, deadlines, Owner } = wheel(1_000_000 + phase);
        const [owner, other] = [new Owner(), new Owner()];
        deadlines.set(other, HOUR); // the interval runs already, and not in step with the owner's deadline
        clock.advance(31.3);
        const due = clock.now() + delay;
        deadlines.set(owner, delay);
        clock.advance(delay + LATEST);
        expect(owner.calledAt).toHaveLength(1);
        expect(owner.calledAt[0]).toBeGreaterThanOrEqual(due);
        expect(owner.calledAt[0]! - due).toBeLessThanOrEqual(LATEST);
      }
    }
  });

  it("may be farther away than the wheel reaches", () => {
    for (const delay of [REVOLUTION + 1, 3 * REVOLUTION + 77, 24 * HOUR]) {
      const { clock, deadlines, Owner } = wheel();
      const owner = new Owner();
      deadlines.set(owner, delay);
      clock.advance(delay - 0.01);
      expect(owner.calledAt).toEqual([]);
      clock.advance(LATEST);
      expect(owner.calledAt).toHaveLength(1);
    }
  });

  it("holds also in a process that has run for years", () => {
    const years = 20 * 365 * 24 * HOUR;
    const { clock, deadlines, Owner } = wheel(years);
    const owner = new Owner();
    deadlines.set(owner, SECOND);
    deadlines.touch(owner);
    clock.advance(SECOND + TICK);
    expect(owner.calledAt).toHaveLength(1);
    expect(deadlines.silence(owner)).toBeGreaterThan(SECOND - TICK);
  });

  it("comes once, and is not set any more when it comes", () => {
    const { clock, deadlines, called, Owner } = wheel();
    const sizes: number[] = [];
    deadlines.set(new Owner("one", () => sizes.push(deadlines.size)), 10);
    expect(deadlines.size).toBe(1);
    clock.advance(HOUR);
    expect(called).toEqual(["one"]);
    expect(sizes).toEqual([0]);
  });

  it("replaces the one before, whether it is nearer or farther", () => {
    const { clock, deadlines, called, Owner } = wheel();
    const [sooner, later] = [new Owner("sooner"), new Owner("later")];
    deadlines.set(sooner, 9 * SECOND);
    deadlines.set(later, SECOND);
    deadlines.set(sooner, 2 * SECOND);
    deadlines.set(later, 5 * SECOND);
    expect(deadlines.size).toBe(2);
    clock.advance(2 * SECOND + TICK);
    expect(called).toEqual(["sooner"]);
    clock.advance(3 * SECOND - 2 * TICK);
    expect(called).toEqual(["sooner"]);
    clock.advance(HOUR);
    expect(called).toEqual(["sooner", "later"]);
  });

  it("that was cleared does not come, and can be set again", () => {
    const { clock, deadlines, called, Owner } = wheel();
    const owner = new Owner("owner");
    deadlines.clear(owner);
    deadlines.set(owner, SECOND);
    deadlines.clear(owner);
    deadlines.clear(owner);
    expect(deadlines.size).toBe(0);
    clock.advance(HOUR);
    expect(called).toEqual([]);
    deadlines.set(owner, SECOND);
    clock.advance(SECOND + TICK);
    expect(called).toEqual(["owner"]);
  });

  it("of Infinity is none", () => {
    const { clock, deadlines, called, Owner } = wheel();
    const owner = new Owner("owner");
    deadlines.set(owner, Number.POSITIVE_INFINITY);
    expect(clock.running).toBe(0);
    deadlines.set(owner, SECOND);
    deadlines.set(owner, Number.POSITIVE_INFINITY);
    expect(deadlines.size).toBe(0);
    clock.advance(HOUR);
    expect(called).toEqual([]);
  });

  it("in no time at all, or before now, is a mistake", () => {
    const { deadlines, Owner } = wheel();
    for (const delay of [-1, Number.NaN, Number.NEGATIVE_INFINITY]) {
      expect(() => deadlines.set(new Owner(), delay)).toThrow(RangeError);
      expect(() => deadlines.set(new Owner(), delay)).toThrow("delay: must be 0 or more");
    }
    expect(deadlines.size).toBe(0);
  });
});

describe("a turn", () => {
  it("calls those of one tick in the order they were set, and ticks in theirs", () => {
    const { clock, deadlines, called, Owner } = wheel(1_000_000);
    for (const [name, delay] of [
      ["late 1", 80],
      ["early 1", 20],
      ["late 2", 90],
      ["early 2", 10],
    ] as const) {
      deadlines.set(new Owner(name), delay);
    }
    clock.advance(SECOND);
    expect(called).toEqual(["early 1", "early 2", "late 1", "late 2"]);
  });

  it("lets an owner set its next deadline, and does not come to it in the same turn", () => {
    const { clock, deadlines, Owner } = wheel();
    const owner = new Owner("", (self) => self.calledAt.length < 4 && deadlines.set(self, 0));
    deadlines.set(owner, 0);
    clock.advance(10 * TICK);
    const [first = 0, ...others] = owner.calledAt;
    expect(others).toEqual([first + TICK, first + 2 * TICK, first + 3 * TICK]);
  });

  it("does not call who was cleared, or given more time, by another one who was due", () => {
    const { clock, deadlines, called, Owner } = wheel();
    const [cleared, delayed, last] = [new Owner("cleared"), new Owner("delayed"), new Owner("last")];
    const first = new Owner("first", () => {
      deadlines.clear(cleared);
      deadlines.set(delayed, SECOND);
    });
    for (const owner of [first, cleared, delayed, last]) deadlines.set(owner, 10);
    clock.advance(SECOND);
    expect(called).toEqual(["first", "last"]);
    clock.advance(SECOND);
    expect(called).toEqual(["first", "last", "delayed"]);
  });

  it("goes on when a call throws, and reports every error", () => {
    const { clock, deadlines, errors, called, Owner } = wheel();
    const fail = (owner: Timed): never => {
      deadlines.set(owner, SECOND);
      throw new Error("of mine");
    };
    for (const owner of [new Owner("a", fail), new Owner("b", fail), new Owner("c")]) {
      deadlines.set(owner, 10);
    }
    clock.advance(10 * TICK);
    expect(called).toEqual(["a", "b", "c"]);
    expect(errors).toEqual([new Error("of mine"), new Error("of mine")]);
    expect(deadlines.size).toBe(2);
  });

  it("goes on later even when reporting throws", () => {
    const clock = new FakeClock();
    const deadlines = new Deadlines(clock, (error) => {
      throw error;
    });
    let calls = 0;
    class Failing extends Timed {
      override onDeadline(): void {
        calls++;
        throw new Error("of mine");
      }
    }
    deadlines.set(new Failing(), 10);
    deadlines.set(new Failing(), 10);
    expect(() => clock.advance(TICK)).toThrow("of mine");
    expect(() => clock.advance(TICK)).toThrow("of mine");
    expect(calls).toBe(2);
  });

  it("throws errors again after it, unless told otherwise", () => {
    const clock = new FakeClock();
    const deadlines = new Deadlines(clock);
    const queued: (() => void)[] = [];
    const spy = vi.spyOn(globalThis, "queueMicrotask").mockImplementation((task) => void queued.push(task));
    class Failing extends Timed {
      override onDeadline(): void {
        throw new Error("of mine");
      }
    }
    deadlines.set(new Failing(), 10);
    deadlines.set(new Failing(), 10);
    clock.advance(TICK);
    spy.mockRestore();
    expect(queued).toHaveLength(2);
    for (const task of queued) expect(task).toThrow("of mine");
  });
});

describe("the interval", () => {
  it("runs only while there is a deadline, and there is one for all", () => {
    const { clock, deadlines, Owner } = wheel();
    expect(clock.running).toBe(0);
    const owners = Array.from({ length: 100 }, () => new Owner());
    for (const owner of owners) deadlines.set(owner, SECOND);
    expect([clock.running, clock.started]).toEqual([1, 1]);
    clock.advance(SECOND + TICK);
    expect([clock.running, deadlines.size]).toEqual([0, 0]);
    deadlines.set(owners[0]!, SECOND);
    expect([clock.running, clock.started]).toEqual([1, 2]);
  });

  it("is not started and stopped for each of many short deadlines", () => {
    const { clock, deadlines, Owner } = wheel();
    for (let i = 0; i < 100; i++) {
      const owner = new Owner();
      deadlines.set(owner, SECOND);
      deadlines.clear(owner);
    }
    expect(clock.started).toBe(1);
    clock.advance(TICK);
    expect(clock.running).toBe(0);
  });

  it("counts right after a pause of any length", () => {
    for (const pause of [TICK, REVOLUTION - TICK, REVOLUTION, 5 * REVOLUTION + 3]) {
      const { clock, deadlines, Owner } = wheel();
      const owner = new Owner();
      deadlines.set(owner, SECOND);
      clock.advance(SECOND + TICK);
      clock.advance(pause);
      deadlines.set(owner, 700);
      const due = clock.now() + 700;
      clock.advance(SECOND);
      expect(owner.calledAt[1]! - due).toBeGreaterThanOrEqual(0);
      expect(owner.calledAt[1]! - due).toBeLessThanOrEqual(LATEST);
    }
  });
});

describe("silence", () => {
  it("is the time since the last touch: never more, and less by a tick and a millisecond at most", () => {
    const { clock, deadlines, Owner } = wheel();
    const owner = new Owner();
    deadlines.set(owner, 24 * HOUR);
    for (const wait of [3, TICK, 777, REVOLUTION - TICK, REVOLUTION, REVOLUTION + 1, 10 * REVOLUTION + 9]) {
      deadlines.touch(owner);
      expect(deadlines.silence(owner)).toBe(0);
      clock.advance(wait);
      expect(deadlines.silence(owner)).toBeLessThanOrEqual(wait);
      expect(deadlines.silence(owner)).toBeGreaterThanOrEqual(wait - LATEST);
    }
  });

  it("is unlimited for an owner that was never touched", () => {
    const { deadlines, Owner } = wheel();
    expect(deadlines.silence(new Owner())).toBe(Number.POSITIVE_INFINITY);
  });

  it("lets a heartbeat be looked at only when it may be due", () => {
    const { clock, deadlines, Owner } = wheel();
    const HEARTBEAT = 20 * SECOND;
    const silences: number[] = [];
    const owner = new Owner("", (self) => {
      const silence = deadlines.silence(self);
      if (silence < HEARTBEAT) deadlines.set(self, HEARTBEAT - silence);
      else silences.push(silence);
    });
    deadlines.set(owner, HEARTBEAT);
    for (let spoken = 0; spoken < 60 * SECOND; spoken += 10) {
      deadlines.touch(owner);
      clock.advance(10);
    }
    expect(owner.calledAt.length).toBeLessThanOrEqual(3);
    clock.advance(HEARTBEAT + 2 * TICK);
    expect(silences).toHaveLength(1);
    expect(silences[0]! - HEARTBEAT).toBeGreaterThanOrEqual(0);
    expect(silences[0]! - HEARTBEAT).toBeLessThanOrEqual(TICK);
  });

  it("is not overstated when the loop stood still between the last tick and the touch", () => {
    const { clock, deadlines, Owner } = wheel();
    const owner = new Owner();
    deadlines.set(owner, HOUR);
    clock.advance(SECOND);
    clock.stall(30 * SECOND);
    deadlines.touch(owner);
    clock.advance(SECOND);
    expect(deadlines.silence(owner)).toBeLessThanOrEqual(SECOND);
  });
});

describe("after the loop stood still", () => {
  it("nobody is called before what has arrived meanwhile could be read", () => {
    const { clock, deadlines, called, Owner } = wheel();
    const live = new Owner("live", (self) => {
      if (deadlines.silence(self) < 20 * SECOND) deadlines.set(self, 20 * SECOND);
      else called.push("taken for dead");
    });
    const dead = new Owner("dead");
    deadlines.set(live, 20 * SECOND);
    deadlines.set(dead, 20 * SECOND);
    clock.stall(60 * SECOND);
    clock.advance(0);
    expect(called).toEqual([]);
    deadlines.touch(live); // the loop reads its sockets between two timers
    clock.advance(TICK);
    expect(called).toEqual(["live", "dead"]);
  });

  it("for as long as the wheel reaches, or longer, everybody who is due is called, each once", () => {
    for (const stall of [REVOLUTION - TICK, REVOLUTION, REVOLUTION + TICK, 7 * REVOLUTION]) {
      const { clock, deadlines, Owner } = wheel();
      const owners = Array.from({ length: 300 }, () => new Owner());
      owners.forEach((owner, index) => {
        deadlines.set(owner, index * 400);
      });
      clock.stall(stall);
      clock.advance(0);
      clock.advance(2 * TICK);
      const due = owners.filter((_, index) => index * 400 <= stall + TICK);
      expect(owners.filter(({ calledAt }) => calledAt.length === 1)).toEqual(due);
      clock.advance(300 * 400);
      expect(owners.every(({ calledAt }) => calledAt.length === 1)).toBe(true);
    }
  });

  it("again and again, deadlines still come", () => {
    const { clock, deadlines, Owner } = wheel();
    const owner = new Owner();
    deadlines.set(owner, SECOND);
    for (let i = 0; i < 2; i++) {
      clock.stall(5 * SECOND);
      clock.advance(0);
    }
    expect(owner.calledAt).toHaveLength(1);
  });
});

it("any sequence of sets, clears and pauses calls everybody at the right time", () => {
  const step = fc.oneof(
    fc.record({ what: fc.constant("set" as const), who: fc.nat(5), ms: fc.nat(3 * REVOLUTION) }),
    fc.record({ what: fc.constant("set" as const), who: fc.nat(5), ms: fc.nat(4 * TICK) }),
    fc.record({ what: fc.constant("clear" as const), who: fc.nat(5), ms: fc.constant(0) }),
    fc.record({ what: fc.constant("pass" as const), who: fc.constant(0), ms: fc.nat(REVOLUTION) }),
    fc.record({ what: fc.constant("pass" as const), who: fc.constant(0), ms: fc.nat(2 * TICK) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const { clock, deadlines, Owner } = wheel();
      const due = new Array<number>(6).fill(Number.POSITIVE_INFINITY);
      const owners = due.map((_, index) => {
        return new Owner("", (self) => {
          const late = self.calledAt.at(-1)! - due[index]!;
          if (!(late >= 0 && late <= LATEST)) throw new Error(`${late} ms late`);
          due[index] = Number.POSITIVE_INFINITY;
        });
      });
      const pass = (ms: number): void => {
        clock.advance(ms);
        const overdue = due.filter((at) => at < clock.now() - LATEST);
        expect(overdue).toEqual([]);
        expect(deadlines.size).toBe(due.filter(Number.isFinite).length);
      };
      for (const { what, who, ms } of steps) {
        if (what === "set") {
          deadlines.set(owners[who]!, ms);
          due[who] = clock.now() + ms;
        } else if (what === "clear") {
          deadlines.clear(owners[who]!);
          due[who] = Number.POSITIVE_INFINITY;
        } else {
          pass(ms);
        }
      }
      pass(4 * REVOLUTION);
      expect(clock.running).toBe(0);
    }),
  );
});

it("100,000 owners that never fall silent are looked at twice or so in a heartbeat, not in each tick", () => {
  const COUNT = 100_000;
  const { clock, deadlines, Owner } = wheel();
  let looks = 0;
  const owners = Array.from({ length: COUNT }, (_, index) => {
    const owner = new Owner("", (self) => deadlines.set(self, 20 * SECOND - deadlines.silence(self)));
    deadlines.set(owner, (index % 400) * TICK);
    return owner;
  });
  for (const owner of owners) {
    let deadline = owner.wheelDeadline;
    Object.defineProperty(owner, "wheelDeadline", {
      get: () => {
        looks++;
        return deadline;
      },
      set: (to: number) => {
        deadline = to;
      },
    });
  }
  for (let passed = 0; passed < 20 * SECOND; passed += SECOND) {
    for (const owner of owners) deadlines.touch(owner);
    clock.advance(SECOND);
  }
  expect(clock.started).toBe(1);
  expect(looks).toBeLessThan(COUNT * 2 * 4); // a look reads the deadline three or four times
});

it("on the system's clock, which is the default, deadlines come", async () => {
  const deadlines = new Deadlines();
  const before = performance.now();
  await new Promise<void>((resolve) => {
    class Owner extends Timed {
      override onDeadline(): void {
        resolve();
      }
    }
    deadlines.set(new Owner(), 5);
  });
  expect(performance.now() - before).toBeGreaterThanOrEqual(5);
});

it("the system's clock only grows, and its intervals keep no process alive", () => {
  const before = systemClock.now();
  expect(systemClock.now()).toBeGreaterThanOrEqual(before);
  const interval = systemClock.setInterval(() => undefined, HOUR) as NodeJS.Timeout;
  expect(interval.hasRef()).toBe(false);
  systemClock.clearInterval(interval);
  expect((interval as NodeJS.Timeout & { _destroyed?: boolean })._destroyed).toBe(true);
});
