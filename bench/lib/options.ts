/** The command line. */

import { parseArgs } from "node:util";
import { Misuse, readNumber } from "../../scripts/command.ts";
import { MICRO } from "./micro.ts";
import { PEERS, type Peer } from "./peers.ts";
import { SCENARIOS } from "./scenarios.ts";

export const HELP = `Measures Framewright and other servers of WebSocket and server-sent events, one beside the other.

  npm run bench                         all scenarios, those peers that the targets name
  npm run bench -- --quick              what the targets are about, in two and a half minutes or so
  npm run bench -- --full               all scenarios, all peers, and how cost grows
  npm run bench -- --scenario echo-128  those whose names contain this; may be given more than once
  npm run bench -- --peer ours,ws       these peers
  npm run bench -- --rounds 5 --seconds 2
  npm run bench -- --generator js       the load generator in JavaScript: no compiler is asked for
  npm run bench -- --profile            of Framewright on Node: which functions take the time
  npm run bench -- --json               the report as JSON instead of tables
  npm run bench -- --save reference     the report's name in bench/results/, instead of the date
  npm run bench -- --list               the names of scenarios and peers

Reports are written to bench/results/, as JSON and as a chart.
`;

export type Extent = "quick" | "normal" | "full";

export interface Options {
  readonly extent: Extent;
  /** Words, one of which the name of a scenario contains. Empty: as the extent says. */
  readonly scenarios: readonly string[];
  readonly peers: readonly Peer[];
  readonly rounds: number;
  readonly seconds: number;
  /** What a server is given, before its first round, to compile what it will need. */
  readonly compiling: number;
  readonly generator: "C" | "JavaScript" | undefined;
  readonly json: boolean;
  readonly profile: boolean;
  readonly save: string | undefined;
  readonly help: boolean;
  readonly list: boolean;
}

const PACES: Record<Extent, { rounds: number; seconds: number; compiling: number }> = {
  quick: { rounds: 2, seconds: 0.2, compiling: 0.3 },
  normal: { rounds: 3, seconds: 1, compiling: 1 },
  full: { rounds: 5, seconds: 1, compiling: 1 },
};

const GENERATORS = new Map([
  ["c", "C"],
  ["js", "JavaScript"],
] as const);

/** Throws where an argument makes no sense. */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: "boolean", default: false },
      full: { type: "boolean", default: false },
      scenario: { type: "string", multiple: true, default: [] },
      peer: { type: "string", multiple: true, default: [] },
      rounds: { type: "string" },
      seconds: { type: "string" },
      generator: { type: "string" },
      json: { type: "boolean", default: false },
      profile: { type: "boolean", default: false },
      save: { type: "string" },
      help: { type: "boolean", default: false },
      list: { type: "boolean", default: false },
    },
  });
  if (values.quick && values.full) throw new Misuse("--quick and --full: one of them");
  const extent = values.quick ? "quick" : values.full ? "full" : "normal";
  const pace = PACES[extent];
  return {
    extent,
    scenarios: known(
      "scenario",
      listed(values.scenario),
      (word) => word.startsWith(MICRO) || SCENARIOS.some(({ id }) => id.includes(word)),
    ),
    peers: peersFrom(listed(values.peer), extent),
    rounds:
      values.rounds === undefined ? pace.rounds : Math.max(1, readNumber("--rounds", values.rounds, 99)),
    seconds: values.seconds === undefined ? pace.seconds : secondsFrom(values.seconds),
    compiling: pace.compiling,
    generator: values.generator === undefined ? undefined : generatorFrom(values.generator),
    json: values.json,
    profile: values.profile,
    save: values.save === undefined ? undefined : nameFrom(values.save),
    help: values.help,
    list: values.list,
  };
}

function listed(values: readonly string[]): string[] {
  return values.flatMap((value) => value.split(",")).filter((word) => word !== "");
}

function known(what: string, words: string[], isKnown: (word: string) => boolean): string[] {
  for (const word of words)
    if (!isKnown(word)) throw new Misuse(`--${what}: there is no ${JSON.stringify(word)}`);
  return words;
}

function peersFrom(ids: string[], extent: Extent): Peer[] {
  known("peer", ids, (id) => PEERS.some((peer) => peer.id === id));
  if (ids.length > 0) return PEERS.filter(({ id }) => ids.includes(id));
  return PEERS.filter(({ quick }) => quick || extent === "full");
}

function secondsFrom(text: string): number {
  const value = Number(text);
  if (value > 0 && value <= 3600) return value;
  throw new Misuse(`--seconds: ${JSON.stringify(text)} is not a number from 0 to 3600`);
}

/** It becomes the name of a file. */
function nameFrom(text: string): string {
  if (/^[\w-]+$/.test(text)) return text;
  throw new Misuse(`--save: ${JSON.stringify(text)} is no name of letters, digits, - and _`);
}

function generatorFrom(text: string): "C" | "JavaScript" {
  const generator = GENERATORS.get(text as "c" | "js");
  if (generator !== undefined) return generator;
  throw new Misuse(`--generator: c or js, not ${JSON.stringify(text)}`);
}
