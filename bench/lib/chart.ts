/** The chart: for each scenario a group of bars, one for each peer, as parts of the best. SVG, without a script. */

import { PEERS } from "./peers.ts";
import { type Report, Results } from "./results.ts";
import { SCENARIOS, type Scenario } from "./scenarios.ts";
import { kibibytes, short } from "./table.ts";

const WIDTH = 960;
const LABELS = 360;
const VALUES = 110;
const BAR = 11;
const GAP = 14;
const HEADING = 64;

/** One for each peer, in their order; told apart without red against green. */
const COLOURS: Record<string, string> = {
  ours: "#0b6fb8",
  raw: "#9aa3ab",
  ceiling: "#d5d9dc",
  ws: "#e08214",
  "ws-addons": "#f4b46a",
  bun: "#7b5ea7",
  deno: "#3c3c3c",
  websocket: "#b8860b",
  faye: "#c9a7c7",
  "ours-26": "#67a9cf",
  "raw-26": "#c7ccd1",
  "node-http": "#6f9654",
};

export function chart(report: Report): string {
  const results = new Results(report.results);
  const has = (scenario: Scenario, peer: string): boolean =>
    results.get(scenario.id, peer)?.value !== undefined;
  const scenarios = SCENARIOS.filter(
    (scenario) => scenario.series === undefined && PEERS.some(({ id }) => has(scenario, id)),
  );
  const shown = PEERS.filter(({ id }) => scenarios.some((scenario) => has(scenario, id)));
  let top = HEADING;
  const groups = scenarios.map((scenario) => {
    const peers = shown.filter(({ id }) => has(scenario, id));
    const values = peers.map(({ id }) => results.get(scenario.id, id)!.value!);
    const most = Math.max(...values);
    const group = peers.map(({ id }, index) =>
      bar(scenario, COLOURS[id]!, values[index]!, values[index]! / most, top + index * BAR),
    );
    const label = text(LABELS - 10, top + (peers.length * BAR) / 2 + 4, scenario.title, "end");
    top += peers.length * BAR + GAP;
    return [label, ...group].join("\n");
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${top}" font-family="sans-serif" font-size="11">
<title>Servers of WebSocket and server-sent events, measured one beside the other</title>
<rect width="${WIDTH}" height="${top}" fill="#ffffff"/>
${text(10, 20, `${report.date.slice(0, 10)}, Node ${report.versions.node}: per second, longer is better; for memory, shorter`, "start")}
${legend(shown)}
${groups.join("\n")}
</svg>
`;
}

function legend(peers: readonly { id: string; title: string }[]): string {
  const step = (WIDTH - 20) / Math.max(peers.length, 6);
  return peers
    .map(({ id, title }, index) => {
      const left = 10 + index * step;
      return `<rect x="${left}" y="34" width="10" height="10" fill="${COLOURS[id]}"/>${text(left + 14, 43, title, "start")}`;
    })
    .join("\n");
}

function bar({ unit }: Scenario, colour: string, value: number, part: number, top: number): string {
  const width = Math.max(1, part * (WIDTH - LABELS - VALUES));
  const written = unit === "bytes" ? kibibytes(value) : short(value);
  return (
    `<rect x="${LABELS}" y="${top}" width="${width.toFixed(1)}" height="${BAR - 2}" fill="${colour}"/>` +
    text(LABELS + width + 5, top + BAR - 3, written, "start")
  );
}

function text(x: number, y: number, content: string, anchor: "start" | "end"): string {
  const escaped = content.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}">${escaped}</text>`;
}
