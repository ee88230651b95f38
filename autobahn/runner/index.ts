/**
 * The judge, from outside: everything that a program needs that wants to test a server or clients.
 */

export type { Behavior, BehaviorClose, Case } from "./case.ts";
export { allCases, compareIds, selectCases } from "./cases/index.ts";
export { Unreachable } from "./dial.ts";
export { DEFAULT_CONCURRENCY, type RunOptions, runAgainst } from "./fuzzing-client.ts";
export { type CaseServer, type ServeCasesOptions, serveCases } from "./fuzzing-server.ts";
export { writeReport } from "./report.ts";
export type { CaseResult, ShownEvent } from "./result.ts";
export { hasFailed, type Summary, summary, table } from "./summary.ts";
