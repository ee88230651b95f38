import { describe, expect, it } from "vitest";
import { Queues } from "../../src/node/queues.ts";

const patient = new AbortController().signal;

/** Enters, and notes it. */
function enter(queues: Queues, who: string, story: string[], signal = patient): Promise<void> {
  return queues.enter("door", signal).then(
    () => void story.push(`${who} is in`),
    (reason: unknown) => void story.push(`${who} gave up: ${String(reason)}`),
  );
}

const settled = (): Promise<void> => new Promise(setImmediate);

describe("a queue", () => {
  it("lets one in at a time, in the order in which they came", async () => {
    const queues = new Queues();
    const story: string[] = [];
    for (const who of ["a", "b", "c"]) void enter(queues, who, story);
    await settled();
    expect(story).toEqual(["a is in"]);
    queues.leave("door");
    await settled();
    expect(story).toEqual(["a is in", "b is in"]);
    queues.leave("door");
    await settled();
    expect(story).toEqual(["a is in", "b is in", "c is in"]);
  });

  it("is one for each name, and none for a name that nobody has entered by", async () => {
    const queues = new Queues();
    await queues.enter("one", patient);
    await queues.enter("other", patient);
    expect(queues.size).toBe(2);
    queues.leave("one");
    queues.leave("other");
    expect(queues.size).toBe(0);
    await queues.enter("one", patient);
  });

  it("does not wait for who has given up", async () => {
    const queues = new Queues();
    const story: string[] = [];
    const impatient = new AbortController();
    void enter(queues, "a", story);
    void enter(queues, "b", story, impatient.signal);
    void enter(queues, "c", story);
    impatient.abort("too long");
    await settled();
    expect(story).toEqual(["a is in", "b gave up: too long"]);
    queues.leave("door");
    await settled();
    expect(story.at(-1)).toBe("c is in");
    queues.leave("door");
    expect(queues.size).toBe(0);
    await enter(queues, "b", story, impatient.signal);
    expect(story.at(-1)).toBe("b gave up: too long");
    expect(queues.size).toBe(0);
  });
});
