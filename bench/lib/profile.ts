/** Where a server spends its time: V8's CPU profiles, as the functions that took most of it themselves. */

/** What is read of a `.cpuprofile`. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

export interface Share {
  readonly place: string;
  /** Of the time in which the server did anything. */
  readonly share: number;
}

/** No work: a server that waits. */
const WAITING = new Set(["(idle)", "(root)"]);

export function selfTimes(profile: CpuProfile, most: number): Share[] {
  const places = new Map(profile.nodes.map(({ id, callFrame }) => [id, placeOf(callFrame)]));
  const times = new Map<string, number>();
  let total = 0;
  for (const [index, id] of profile.samples.entries()) {
    const place = places.get(id)!;
    if (WAITING.has(place)) continue;
    const time = profile.timeDeltas[index] ?? 0;
    total += time;
    times.set(place, (times.get(place) ?? 0) + time);
  }
  return [...times]
    .sort(([, a], [, b]) => b - a)
    .slice(0, most)
    .map(([place, time]) => ({ place, share: time / total }));
}

/** A function by its name and file; those of the engine have no file. */
function placeOf({ functionName, url, lineNumber }: CpuProfile["nodes"][number]["callFrame"]): string {
  const name = functionName === "" ? "(anonymous)" : functionName;
  if (url === "") return name;
  const file = url.split("/").slice(-2).join("/");
  return `${name} ${file}:${lineNumber + 1}`;
}

/** A line for each. */
export function sharesText(shares: readonly Share[]): string {
  return shares.map(({ place, share }) => `${(100 * share).toFixed(1).padStart(6)} %  ${place}\n`).join("");
}
