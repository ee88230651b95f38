/**
 * The engine that is our own suite, in autobahn/runner.
 *
 * The judge is here, in this process. Most of the work, compression, is the testee's: so it is there twice, in processes
 * that share the cases, and two cores are busy to the end.
 *
 * What this file must not know: what is expected.
 * Next: progress.ts.
 */

import { type Engine, type Played, serverFor, startClient, type Task } from "./engine.ts";
import { withProcesses } from "./process.ts";
import {
  allCases,
  type CaseResult,
  DEFAULT_CONCURRENCY,
  runAgainst,
  serveCases,
  writeReport,
} from "./runner/index.ts";
import type { Mode } from "./verdicts.ts";

/** What the judge is while the testee is the other one. */
const JUDGE: Readonly<Record<Mode, Mode>> = { server: "client", client: "server" };

/** Of the testee. */
const PROCESSES = 2;
const CONCURRENCY: number = Math.ceil(DEFAULT_CONCURRENCY / PROCESSES);

export const own: Engine = {
  name: "autobahn/runner",
  isParallel: false,
  ids: (mode) => allCases.filter(({ roles }) => roles?.includes(JUDGE[mode]) ?? true).map(({ id }) => id),
  play: (mode, task) => (mode === "server" ? playServer(task) : playClient(task)),
};

function playServer(task: Task): Promise<Played> {
  const { agent, cases, folder, signal } = task;
  return withProcesses(signal, async (start) => {
    const urls = await Promise.all(Array.from({ length: PROCESSES }, () => serverFor(task, start)));
    const results = await runAgainst([...new Set(urls)], {
      agent,
      cases,
      signal,
      onResult: ({ id }) => task.onCase(id),
    });
    await writeReport(folder, results);
    return played(results);
  });
}

function playClient(task: Task): Promise<Played> {
  const { agent, cases, folder, signal } = task;
  return withProcesses(signal, async (start) => {
    const fuzzer = await serveCases({ cases, onResult: ({ id }) => task.onCase(id) });
    try {
      const url = `ws://127.0.0.1:${fuzzer.port}`;
      const clients = Array.from({ length: PROCESSES }, (_, index) =>
        startClient(task, url, { concurrency: CONCURRENCY, share: `${index + 1}/${PROCESSES}` }, start),
      );
      await Promise.all(clients.map(({ ended }) => ended));
      const results = fuzzer.results(agent);
      await writeReport(folder, results);
      return played(results);
    } finally {
      await fuzzer.close();
    }
  });
}

function played(results: readonly CaseResult[]): Played {
  const reports = new Map(results.map((result) => [result.id, result]));
  const outcomes = results.map(({ id, behavior, behaviorClose, duration }) => {
    return [id, { behavior, behaviorClose, duration }] as const;
  });
  return { outcomes: new Map(outcomes), reportOn: (id) => reports.get(id) };
}
