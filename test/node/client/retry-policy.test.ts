import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ConnectError, type ConnectPhase, connectError } from "../../../src/node/client/connect-error.ts";
import {
  type Failure,
  isPermanent,
  type RetryOptions,
  RetryPolicy,
} from "../../../src/node/client/retry-policy.ts";
import type { PeerClosed } from "../../../src/node/peer.ts";
import { Fields } from "../../../src/protocol/fields.ts";
import { refuseResponse } from "../../../src/protocol/refusal.ts";

const SECOND = 1000;

/** The server, or the proxy, has answered something else than 101. */
function answered(status: number, fields = new Fields(), phase: ConnectPhase = "handshake"): ConnectError {
  const response = { status, fields, body: "" };
  return new ConnectError(phase, refuseResponse("status-not-101"), { response });
}

const answeredLater = (status: number, when: string): ConnectError =>
  answered(status, new Fields({ "Retry-After": when }));

function closedWith(code: number, initiator: PeerClosed["initiator"] = "remote"): PeerClosed {
  return { code, reason: "", clean: code !== 1006, initiator, phase: code === 1006 ? "open" : "closed" };
}

const unreachable = connectError("connect", "network", "connect ECONNREFUSED");

/** A policy whose jitter is always this share of what it may be. */
function policy(options: RetryOptions = {}, share = 0.5): RetryPolicy {
  return new RetryPolicy(options, () => share);
}

describe("what is permanent", () => {
  it.each([400, 401, 403, 404, 407, 410, 426, 431, 451, 499])("is a refusal with %i", (status) => {
    expect(isPermanent(answered(status))).toBe(true);
  });

  it.each([408, 409, 421, 425, 429])("is not a refusal with %i, which passes", (status) => {
    expect(isPermanent(answered(status))).toBe(false);
  });

  it.each([101, 200, 204, 500, 502, 503, 504, 599])("is not an answer of %i", (status) => {
    expect(isPermanent(answered(status))).toBe(false);
  });

  it.each([300, 301, 302, 307, 308])("is a redirect by %i that is not followed", (status) => {
    expect(isPermanent(answered(status))).toBe(true);
  });

  it.each([
    "too-many-redirects",
    "redirect-without-location",
    "redirect-to-invalid-url",
    "redirect-to-insecure",
  ] as const)("is a redirect that may not be followed: %s", (rule) => {
    expect(isPermanent(connectError("redirect", rule, ""))).toBe(true);
  });

  it("is not what the network does, or TLS, or time", () => {
    expect(isPermanent(unreachable)).toBe(false);
    expect(isPermanent(connectError("tls", "tls", ""))).toBe(false);
    expect(isPermanent(connectError("handshake", "ended", ""))).toBe(false);
    expect(isPermanent(connectError("connect", "handshake-timeout", ""))).toBe(false);
  });

  it("is not an answer that is no HTTP, or no handshake", () => {
    expect(isPermanent(new ConnectError("handshake", refuseResponse("malformed-status-line")))).toBe(false);
    expect(isPermanent(new ConnectError("handshake", refuseResponse("accept-wrong")))).toBe(false);
  });

  it("is a proxy's refusal if it is about us, and not if the proxy is in trouble", () => {
    expect(isPermanent(answered(407, new Fields(), "proxy"))).toBe(true);
    expect(isPermanent(answered(502, new Fields(), "proxy"))).toBe(false);
  });

  it("is what the application threw during the handshake", () => {
    expect(isPermanent(new Error("not the server I want"))).toBe(true);
  });

  it.each([1000, 1008, 1010, 3000, 3003])("is a Close of the server with %i", (code) => {
    expect(isPermanent(closedWith(code))).toBe(true);
  });

  it.each([1001, 1002, 1003, 1005, 1007, 1009, 1011, 1012, 1013, 1014, 3001, 4000, 4401])(
    "is not a Close of the server with %i",
    (code) => {
      expect(isPermanent(closedWith(code))).toBe(false);
    },
  );

  it("is not a Close that only echoes our own, nor the end without any", () => {
    for (const code of [1000, 1008, 1010, 3000, 3003]) {
      expect(isPermanent(closedWith(code, "local"))).toBe(false);
    }
    expect(isPermanent(closedWith(1006, "transport"))).toBe(false);
  });

  it("is what the application says, whatever the rule", () => {
    expect(policy().judge(unreachable, true)).toBe("permanent");
    expect(policy().judge(answered(404), false)).toBe(500);
    expect(policy().judge(answered(404), undefined)).toBe("permanent");
  });
});

describe("the attempts", () => {
  it("are counted from the last stable connection", () => {
    const attempts = policy();
    expect(attempts.attempts).toBe(0);
    expect([attempts.begin(), attempts.begin(), attempts.attempts]).toEqual([1, 2, 2]);
    attempts.startOver();
    expect([attempts.attempts, attempts.begin()]).toEqual([0, 1]);
  });

  it("come to an end where there is a limit", () => {
    const limited = policy({ attempts: 2 });
    limited.begin();
    expect(limited.judge(unreachable)).toBe(500);
    limited.begin();
    expect(limited.judge(unreachable)).toBe("gave-up");
    limited.startOver();
    limited.begin();
    expect(limited.judge(unreachable)).toBe(500);
  });

  it("have no end where there is none", () => {
    const endless = policy();
    for (let attempt = 0; attempt < 10_000; attempt++) {
      endless.begin();
      expect(endless.judge(unreachable)).toBeLessThanOrEqual(30 * SECOND);
    }
  });
});

describe("the delay", () => {
  it("[RFC6455-7.2.3-01] [RFC6455-7.2.3-04] grows with each failure, up to the maximum, until one connection was stable", () => {
    const backoff = policy({ initial: 100, maximum: 1000, factor: 3 }, 0.999);
    const delays = [1, 2, 3, 4, 5].map(() =>
      Math.ceil(backoff.judge(closedWith(1006, "transport")) as number),
    );
    expect(delays).toEqual([100, 300, 900, 999, 999]);
    backoff.startOver();
    expect(backoff.judge(unreachable)).toBeCloseTo(99.9);
  });

  it("[RFC6455-7.2.3-02] [RFC6455-7.2.3-03] is random from the first one on, between nothing and the whole interval", () => {
    const shares = [0, 0.25, 0.5, 0.999];
    expect(shares.map((share) => policy({}, share).judge(unreachable))).toEqual([0, 250, 500, 999]);
  });

  it("takes its chances from Math.random, unless told otherwise", () => {
    const delays = Array.from({ length: 50 }, () => new RetryPolicy().judge(unreachable) as number);
    expect(new Set(delays).size).toBeGreaterThan(40);
    expect(delays.every((delay) => delay >= 0 && delay < SECOND)).toBe(true);
  });

  it.each([1012, 1013])("after a Close with %i is 5 to 30 seconds, as the registry of codes asks", (code) => {
    const shares = [0, 0.5, 0.999_999];
    expect(shares.map((share) => Math.round(policy({}, share).judge(closedWith(code)) as number))).toEqual([
      5 * SECOND,
      17.5 * SECOND,
      30 * SECOND,
    ]);
  });

  it("after a 1013 is longer where the backoff asks for more", () => {
    const slow = policy({ initial: 100 * SECOND, maximum: 100 * SECOND });
    expect(slow.judge(closedWith(1013))).toBe(50 * SECOND);
  });

  it("after a 1013 that echoes our own is the backoff's", () => {
    expect(policy().judge(closedWith(1013, "local"))).toBe(500);
  });

  it.each([429, 503, 500, 200])(
    "is never less than the Retry-After of an answer of %i, and still random",
    (status) => {
      const delay = (share: number) => policy({}, share).judge(answeredLater(status, "120"));
      expect([delay(0), delay(0.5)]).toEqual([120 * SECOND, 120 * SECOND + 500]);
    },
  );

  it("knows a Retry-After that is a date, and one that has passed", () => {
    const inAMinute = new Date(Date.now() + 60 * SECOND).toUTCString();
    const delay = policy({}, 0).judge(answeredLater(503, inAMinute)) as number;
    expect(delay).toBeGreaterThan(55 * SECOND);
    expect(delay).toBeLessThanOrEqual(60 * SECOND);
    expect(policy().judge(answeredLater(503, "Sun, 06 Nov 1994 08:49:37 GMT"))).toBe(500);
  });

  it("takes no notice of a Retry-After that is none, or comes twice", () => {
    expect(policy().judge(answeredLater(503, "soon"))).toBe(500);
    const twice = new Fields([
      ["Retry-After", "10"],
      ["Retry-After", "20"],
    ]);
    expect(policy().judge(answered(503, twice))).toBe(500);
  });

  it("is not parked for ever by a Retry-After", () => {
    const forAges = answeredLater(503, "99999999999999999999");
    expect(policy({}, 0).judge(forAges)).toBe(300 * SECOND);
    expect(policy({ maxRetryAfter: 2000 }, 0).judge(forAges)).toBe(2000);
  });

  it("keeps within its bounds after any sequence of failures", () => {
    const failures: fc.Arbitrary<Failure> = fc.oneof(
      fc.constant(unreachable),
      fc.constantFrom(429, 500, 503).map((status) => answered(status)),
      fc.nat(1000).map((seconds) => answeredLater(503, `${seconds}`)),
      fc.constantFrom(1001, 1006, 1011, 1012, 1013, 4000).map((code) => closedWith(code)),
    );
    const steps = fc.array(fc.oneof({ arbitrary: failures, weight: 8 }, fc.constant("stable" as const)));
    const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(steps, fc.infiniteStream(chance), (sequence, chances) => {
        const checked = new RetryPolicy({}, () => chances.next().value);
        let ceiling = SECOND;
        for (const step of sequence) {
          if (step === "stable") {
            checked.startOver();
            ceiling = SECOND;
            continue;
          }
          const delay = checked.judge(step) as number;
          const asked = step instanceof ConnectError ? step.response?.fields.get("Retry-After") : undefined;
          const isBusy = !(step instanceof Error) && (step.code === 1012 || step.code === 1013);
          const least = isBusy ? 5 * SECOND : Math.min(Number(asked ?? 0), 300) * SECOND;
          expect(delay).toBeGreaterThanOrEqual(least);
          expect(delay).toBeLessThanOrEqual(isBusy ? 30 * SECOND : least + ceiling);
          ceiling = Math.min(ceiling * 2, 30 * SECOND);
        }
      }),
    );
  });
});

describe("a wrong option", () => {
  it.each<[string, unknown, string]>([
    ["an object that is none", "often", "retry: must be an object"],
    ["null", null, "retry: must be an object"],
    ["no attempt at all", { attempts: 0 }, "retry.attempts: "],
    ["half an attempt", { attempts: 1.5 }, "retry.attempts: "],
    ["a time that is none", { stableAfter: 0 }, "retry.stableAfter: "],
    ["a limit that is none", { maxRetryAfter: Number.NaN }, "retry.maxRetryAfter: "],
    ["a delay that is none", { initial: -1 }, "retry.initial: "],
  ])("is refused by its name: %s", (_what, options, message) => {
    expect(() => new RetryPolicy(options as RetryOptions)).toThrow(message);
  });

  it("is refused by its name: chance that is no function", () => {
    expect(() => new RetryPolicy({}, 0.5 as unknown as () => number)).toThrow("random: must be a function");
  });
});
