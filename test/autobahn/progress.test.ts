import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Patience, Progress } from "../../autobahn/progress.ts";

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

describe("patience", () => {
  it("ends where no case comes for too long", () => {
    const patience = new Patience(100_000, 10_000);
    vi.advanceTimersByTime(9_999);
    patience.onCase("1.1.1");
    vi.advanceTimersByTime(9_999);
    expect(patience.signal.aborted).toBe(false);
    vi.advanceTimersByTime(1);
    expect(patience.signal.reason.message).toBe("ended after 10 s without a new case; the last was 1.1.1");
    patience.stop();
  });

  it("ends where it takes too long altogether", () => {
    const patience = new Patience(25_000, 10_000);
    for (let i = 0; i < 5; i++) {
      vi.advanceTimersByTime(5_000);
      patience.onCase("9.1.6");
    }
    expect(patience.signal.reason.message).toBe("ended after 25 s altogether; the last was 9.1.6");
    patience.stop();
  });

  it("ends where not even the first case comes", () => {
    const patience = new Patience(100_000, 10_000);
    vi.advanceTimersByTime(10_000);
    expect(patience.signal.reason.message).toBe("ended after 10 s without a new case; none had begun");
    patience.stop();
  });

  it("is no longer needed when it is stopped", () => {
    const patience = new Patience(100_000, 10_000);
    patience.stop();
    vi.advanceTimersByTime(200_000);
    expect(patience.signal.aborted).toBe(false);
  });
});

describe("progress", () => {
  function shown(isTTY: boolean) {
    const written: string[] = [];
    const terminal = { isTTY, write: (text: string) => written.push(text) };
    const progress = new Progress(
      terminal,
      new Map([
        ["server", 517],
        ["client", 3],
      ]),
    );
    return { written, progress };
  }

  it("is one line on a terminal, which is gone in the end", () => {
    const { written, progress } = shown(true);
    progress.onCase("server");
    progress.onCase("client");
    progress.onCase("client");
    vi.advanceTimersByTime(200);
    vi.advanceTimersByTime(800);
    progress.stop();
    expect(written[0]).toBe("\r\x1b[Kserver 1/517  client 2/3  0 s");
    expect(written.at(-2)).toBe("\r\x1b[Kserver 1/517  client 2/3  1 s");
    expect(written.at(-1)).toBe("\r\x1b[K");
  });

  it("is a line now and then in a log", () => {
    const { written, progress } = shown(false);
    progress.onCase("server");
    vi.advanceTimersByTime(15_000);
    progress.onCase("server");
    vi.advanceTimersByTime(15_000);
    progress.stop();
    expect(written).toEqual(["server 1/517  client 0/3  15 s\n", "server 2/517  client 0/3  30 s\n"]);
  });
});
