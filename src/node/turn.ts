/**
 * Chapter 8.5 — The end of a turn: output of many connections that leaves once, and together.
 *
 * What this file must not know: what is put out.
 * Next: statistics.ts.
 */

import type { Flushable } from "../protocol/contract.ts";

/**
 * A scheduler for connections: lets the output of all that have some leave when the turn of the event loop ends. What
 * an application sends in one turn, in however many calls, goes out in one system call for each connection.
 */
export function endOfTurn(): (connection: Flushable) => void {
  let waiting: Flushable[] = [];
  const flushAll = (): void => {
    const connections = waiting;
    waiting = [];
    for (const connection of connections) connection.flush();
  };
  return (connection) => {
    if (waiting.push(connection) === 1) process.nextTick(flushAll);
  };
}
