import { describe, expect, it } from "vitest";
import { type CpuProfile, selfTimes, sharesText } from "../../bench/lib/profile.ts";

const node = (id: number, functionName: string, url = "", lineNumber = 0) => ({
  id,
  callFrame: { functionName, url, lineNumber },
});

const profile: CpuProfile = {
  nodes: [
    node(1, "(root)"),
    node(2, "(idle)"),
    node(3, "writeBuffer"),
    node(4, "receive", "file:///a/protocol/connection.js", 81),
    node(5, "receive", "file:///a/protocol/connection.js", 81),
    node(6, "", "node:net", 9),
  ],
  samples: [1, 2, 3, 4, 5, 6, 3],
  timeDeltas: [5, 1000, 40, 20, 20, 10, 10],
};

describe("the self times of a profile", () => {
  it("are parts of the time in which anything was done, most first, of a function wherever it was called", () => {
    expect(selfTimes(profile, 9)).toEqual([
      { place: "writeBuffer", share: 0.5 },
      { place: "receive protocol/connection.js:82", share: 0.4 },
      { place: "(anonymous) node:net:10", share: 0.1 },
    ]);
  });

  it("are no more than wanted", () => {
    expect(selfTimes(profile, 1)).toHaveLength(1);
  });

  it("are written a line for each", () => {
    expect(sharesText(selfTimes(profile, 1))).toBe("  50.0 %  writeBuffer\n");
  });
});
