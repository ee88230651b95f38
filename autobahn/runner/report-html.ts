/**
 * The judge, 21 — The report's pages: a matrix of cases and agents, and a page for each case with what was expected,
 * what happened, and everything that went over the wire. A page is complete in itself: no script, nothing to load.
 *
 * What this file must not know: files. Next: command.ts.
 */

import { compareIds } from "./cases/index.ts";
import type { LogEntry } from "./log.ts";
import type { CaseResult, ShownEvent } from "./result.ts";
import { hasFailed, summary } from "./summary.ts";

// --- The matrix -----------------------------------------------------------------------------------------------

export function indexPage(results: readonly CaseResult[], linkTo: (result: CaseResult) => string): string {
  const agents = [...new Set(results.map(({ agent }) => agent))];
  const found = new Map(results.map((result) => [`${result.id} ${result.agent}`, result]));
  const ids = [...new Set(results.map(({ id }) => id))].sort(compareIds);
  const categories = [...new Set(ids.map(categoryOf))];
  const dates = results.map(({ started }) => started).sort();

  const cards = agents.map((agent) => {
    const own = results.filter((result) => result.agent === agent);
    const { total, behavior, failed } = summary(own);
    const counts = Object.entries(behavior).map(([name, count]) => chip(name, `${count} ${wordFor(name)}`));
    const verdict = failed.length === 0 ? "no case failed" : `${failed.length} of ${total} failed`;
    const maps = categories.map((category) => {
      const dots = own.filter(({ id }) => categoryOf(id) === category).sort((a, b) => compareIds(a.id, b.id));
      return `<div class="map"><span>${category}</span><span>${dots.map((result) => dot(result, linkTo(result))).join("")}</span></div>`;
    });
    return `<section class="card"><h2>${escaped(agent)}</h2><p>${total} cases, ${verdict}</p><p>${counts.join(" ")}</p>${maps.join("")}</section>`;
  });

  const sections = categories.map((category) => {
    const own = ids.filter((id) => categoryOf(id) === category);
    const rows = own.map((id) => {
      const results = agents.map((agent) => found.get(`${id} ${agent}`));
      const description = results.find((result) => result !== undefined)?.description ?? "";
      const cells = results.map((result) => (result === undefined ? MISSING : cell(result, linkTo(result))));
      return `<tr id="case_${id}"><th scope="row">${id}</th><td class="what">${escaped(description)}</td>${cells.join("")}</tr>`;
    });
    const heads = agents.map((agent) => `<th scope="col">${escaped(agent)}</th>`).join("");
    return `<h2 id="category_${category}">${category} · ${escaped(nameOf(category))}</h2>
<div class="scroll"><table class="matrix"><thead><tr><th scope="col">case</th><th scope="col">what is sent</th>${heads}</tr></thead>
<tbody>${rows.join("\n")}</tbody></table></div>`;
  });

  const jumps = categories.map((category) => `<a href="#category_${category}">${category}</a>`).join(" ");
  return page(
    "WebSocket conformance",
    `<header><h1>WebSocket conformance</h1>
<p class="quiet">${ids.length} cases · ${dates[0]?.slice(0, 16).replace("T", " ") ?? ""} UTC · RFC 6455, RFC 7692</p>
<div class="cards">${cards.join("")}</div>
<nav>categories: ${jumps}</nav></header>
<main>${sections.join("\n")}</main>`,
  );
}

/** One of many small squares, which together show where things go wrong. */
function dot(result: CaseResult, link: string): string {
  const looks = hasFailed(result) ? "fail" : classOf(result.behavior);
  return `<a class="dot ${looks}" href="${escaped(link)}" title="${result.id} ${wordFor(result.behavior)}"></a>`;
}

const MISSING = '<td class="verdict missing">Missing</td>';

/** The colour says the behavior; a badge says how it was closed, if that was not right; the number is the code. */
function cell(result: CaseResult, link: string): string {
  const { behavior, behaviorClose, remoteCloseCode, duration, reportTime } = result;
  const close =
    behaviorClose === "OK" || behaviorClose === "INFORMATIONAL"
      ? `<small>${remoteCloseCode ?? "None"}</small>`
      : `<small class="badge">${closeWord(behaviorClose)}</small>`;
  const time = reportTime ? `<small>${duration} ms</small>` : "";
  return `<td class="verdict ${classOf(behavior)}"><a href="${escaped(link)}">${wordFor(behavior)}</a>${time}${close}</td>`;
}

// --- A case ---------------------------------------------------------------------------------------------------

export function casePage(result: CaseResult): string {
  const { agent, id, isServer, started, duration } = result;
  const judge = isServer ? "server" : "client";
  const lists = Object.entries(result.expected).map(
    ([behavior, events]) => `<dt>${wordFor(behavior)}</dt><dd>${eventList(events)}</dd>`,
  );
  const { closedByMe, closeCode, requireClean } = result.expectedClose;
  return page(
    `${id} · ${agent}`,
    `<header><p class="quiet"><a href="index.html#case_${id}">all cases</a></p>
<h1>${id} <span class="quiet">· ${escaped(agent)}</span></h1>
<p>${chip(result.behavior, wordFor(result.behavior))} ${chip(hasFailed(result) ? "FAILED" : result.behaviorClose, `close: ${closeWord(result.behaviorClose)}`)}
<span class="quiet">the judge is the ${judge} · ${escaped(started.slice(0, 19).replace("T", " "))} UTC · ${duration} ms</span></p></header>
<main>
<p class="lead">${escaped(result.description)}</p>
<p>${escaped(result.expectation)}</p>
${result.requirements === undefined ? "" : `<p class="quiet">${result.requirements.map(escaped).join(" · ")}</p>`}
<div class="halves">
<section><h2>Behavior</h2><p>${escaped(result.result)}</p>
${lists.length === 0 ? "" : `<dl>${lists.join("")}<dt>received</dt><dd>${eventList(result.received)}</dd></dl>`}</section>
<section><h2>Close</h2><p>${escaped(result.resultClose)}</p>
<dl><dt>expected</dt><dd>${closedByMe ? "the judge closes" : "the peer closes"}, ${closeCode.join(" or ")}${requireClean ? ", clean" : ""}</dd>
<dt>happened</dt><dd>${happenings(result).map(escaped).join("; ")}</dd>
<dt>judge</dt><dd>${closeShown(result.localCloseCode, result.localCloseReason)}</dd>
<dt>peer</dt><dd>${closeShown(result.remoteCloseCode, result.remoteCloseReason)}</dd></dl></section>
</div>
<h2>On the wire</h2>
${wireTable(result)}
<h2>Opening handshake</h2>
<div class="halves"><pre>${escaped(result.httpRequest.trimEnd())}</pre><pre>${escaped(result.httpResponse.trimEnd())}</pre></div>
</main>`,
  );
}

function happenings(result: CaseResult): string[] {
  return [
    result.closedByMe ? "the judge closed first" : "the judge did not close first",
    ...(result.failedByMe ? ["the judge failed the connection"] : []),
    ...(result.droppedByMe ? ["the judge ended TCP"] : []),
    result.wasClean ? "a Close came" : "it was not clean",
    ...(result.wasNotCleanReason === null ? [] : [result.wasNotCleanReason]),
  ];
}

function closeShown(code: number | null, reason: string | null): string {
  return `${code ?? "no code"}${reason === null ? "" : ` <code>${escaped(reason)}</code>`}`;
}

function eventList(events: readonly ShownEvent[]): string {
  if (events.length === 0) return "nothing";
  const shown = events.map(([type, payload, binary]) => {
    const kind = binary === true ? "binary message" : type;
    return `<li>${kind} ${payload === "" ? "<i>empty</i>" : `<code>${escaped(payload)}</code>`}</li>`;
  });
  return `<ol>${shown.join("")}</ol>`;
}

const OPCODES: Readonly<Record<number, string>> = {
  0: "continuation",
  1: "text",
  2: "binary",
  8: "Close",
  9: "Ping",
  10: "Pong",
};

function wireTable(result: CaseResult): string {
  if (!result.createWirelog) return statistics(result);
  const rows = withPiecesJoined(result.wirelog).map((entry) => {
    const [side, what, detail] = wireRow(entry);
    return `<tr class="${side}"><td>${SIDES[side]}</td><td>${what}</td><td><code>${escaped(detail)}</code></td></tr>`;
  });
  return `<div class="scroll"><table class="wire"><tbody>${rows.join("\n")}</tbody></table></div>`;
}

/** Pieces that left one after the other, as one entry: 125 lines of one octet tell nobody anything. */
function withPiecesJoined(log: readonly LogEntry[]): LogEntry[] {
  const joined: LogEntry[] = [];
  for (const entry of log) {
    const last = joined.at(-1);
    if (!isPiece(entry) || last === undefined || !isPiece(last)) {
      joined.push(entry);
      continue;
    }
    const [[length, octets], [more, hex]] = [last[1], entry[1]] as [[number, string], [number, string]];
    joined[joined.length - 1] = ["TO", [length + more, `${octets} ${hex}`], true];
  }
  return joined;
}

function isPiece([kind, , queued]: LogEntry): boolean {
  return kind === "TO" && queued === true;
}

type Side = "sent" | "received" | "timer";
const SIDES: Readonly<Record<Side, string>> = { sent: "judge →", received: "← peer", timer: "clock" };

/** The entries' shapes are the suite's: see log.ts. */
function wireRow([kind, ...rest]: LogEntry): [side: Side, what: string, detail: string] {
  if (kind === "RO" || kind === "TO") {
    const [length, octets] = rest[0] as [number, string];
    return [kind === "RO" ? "received" : "sent", `${length} ${length === 1 ? "octet" : "octets"}`, octets];
  }
  if (kind === "RF" || kind === "TF") {
    const [[length, text], opcode, fin, rsv] = rest as [[number, string], number, boolean, number];
    const name = OPCODES[opcode] ?? `opcode ${opcode}`;
    const marks = `${fin ? "" : ", FIN = 0"}${rsv === 0 ? "" : `, RSV = ${rsv}`}`;
    return [kind === "RF" ? "received" : "sent", `<b>${name}</b>${marks}, ${length}`, text];
  }
  return ["timer", escaped(timerText(kind, rest)), ""];
}

function timerText(kind: string, [first, tag]: readonly unknown[]): string {
  const named = tag === null || tag === undefined ? "" : ` (${tag})`;
  if (kind === "CT") return `goes on after ${first} s${named}`;
  if (kind === "CTE") return `goes on${first === null || first === undefined ? "" : ` (${first})`}`;
  if (kind === "KL") return `fails the connection after ${first} s`;
  if (kind === "KLE") return "time is up: fails the connection";
  if (kind === "TI") return `closes after ${first} s`;
  if (kind === "TIE") return "time is up: closes";
  return kind;
}

function statistics({ rxFrameStats, txFrameStats, trafficStats }: CaseResult): string {
  const counts = (stats: Readonly<Record<string, number>>): string =>
    Object.entries(stats)
      .map(([opcode, count]) => `${count} ${OPCODES[Number(opcode)] ?? `opcode ${opcode}`}`)
      .join(", ") || "none";
  const traffic = trafficStats && [trafficStats.outgoing, trafficStats.incoming];
  const line = (name: string, frames: string, at: 0 | 1): string => {
    const level = traffic?.[at];
    const ratio =
      level === undefined
        ? ""
        : `${level.OctetsAppLevel} octets of messages, ${level.OctetsWebSocketLevel} of payload (${((level.CompressionRatio ?? 1) * 100).toFixed(1)} %)`;
    return `<tr><td>${name}</td><td>${frames}</td><td>${ratio}</td></tr>`;
  };
  return `<p class="quiet">Too much for a log. Frames, and what they carried:</p>
<div class="scroll"><table><tbody>${line("judge →", counts(txFrameStats), 0)}${line("← peer", counts(rxFrameStats), 1)}</tbody></table></div>`;
}

// --- Words and looks ------------------------------------------------------------------------------------------

const WORDS: Readonly<Record<string, string>> = {
  OK: "Pass",
  "NON-STRICT": "Non-Strict",
  INFORMATIONAL: "Info",
  UNIMPLEMENTED: "Unimplemented",
};

function wordFor(behavior: string): string {
  return WORDS[behavior] ?? "Fail";
}

function closeWord(behaviorClose: string): string {
  if (behaviorClose === "UNCLEAN") return "Unclean";
  if (behaviorClose === "WRONG CODE") return "Wrong code";
  if (behaviorClose === "FAILED BY CLIENT") return "TCP kept open";
  return wordFor(behaviorClose);
}

function classOf(verdict: string): string {
  return wordFor(verdict).toLowerCase();
}

function chip(verdict: string, text: string): string {
  return `<span class="chip ${classOf(verdict)}">${escaped(text)}</span>`;
}

const NAMES: Readonly<Record<string, string>> = {
  1: "Framing",
  2: "Pings and Pongs",
  3: "Reserved bits",
  4: "Opcodes",
  5: "Fragmentation",
  6: "UTF-8",
  7: "Closing",
  9: "Limits and performance",
  10: "Auto-fragmentation",
  12: "Compression of different data",
  13: "Compression with different parameters",
};

function categoryOf(id: string): string {
  return id.slice(0, id.indexOf("."));
}

function nameOf(category: string): string {
  return NAMES[category] ?? "Beyond the suite";
}

function escaped(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

const STYLE = `
:root { color-scheme: light dark; --fg: #1d2330; --quiet: #68707f; --bg: #fbfbfa; --card: #fff; --line: #e3e4e8;
  --pass: #1f7a4d; --pass-bg: #e5f4ec; --warn: #8a5a00; --warn-bg: #fdf1d8; --info: #2f5fa8; --info-bg: #e6eefb;
  --fail: #a8242c; --fail-bg: #fce6e7; }
@media (prefers-color-scheme: dark) { :root { --fg: #e6e8ee; --quiet: #969eae; --bg: #14171d; --card: #1b1f27;
  --line: #2c313c; --pass: #7fd6a8; --pass-bg: #16362a; --warn: #f0c36d; --warn-bg: #3a2f14; --info: #9cc0f7;
  --info-bg: #1c2d49; --fail: #ff9ba0; --fail-bg: #45191d; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--bg); color: var(--fg); font: 15px/1.5 system-ui, sans-serif; }
header, main { max-width: 76rem; margin: 0 auto; padding: 1.5rem 1.25rem 0; }
main { padding-top: 0.5rem; padding-bottom: 4rem; }
h1 { font-size: 1.7rem; letter-spacing: -0.01em; margin: 0.2rem 0; }
h2 { font-size: 1.05rem; margin: 2rem 0 0.6rem; }
a { color: inherit; text-underline-offset: 0.2em; text-decoration-color: var(--quiet); }
.quiet { color: var(--quiet); }
.lead { font-size: 1.1rem; margin-bottom: 0; }
.cards { display: flex; flex-wrap: wrap; gap: 0.8rem; margin: 1rem 0; }
.card, .halves > section { background: var(--card); border: 1px solid var(--line); border-radius: 0.6rem; padding: 0.9rem 1.1rem; }
.card { max-width: 36rem; } .map { display: grid; grid-template-columns: 1.8rem 1fr; margin-top: 0.35rem; line-height: 0; }
.map > :first-child { color: var(--quiet); font-size: 0.75rem; line-height: 0.8rem; } .map:first-of-type { margin-top: 0.8rem; }
a.dot { display: inline-block; width: 0.55rem; height: 0.55rem; margin: 1px; border-radius: 2px; background: currentColor; }
.dot.pass { opacity: 0.45; } .dot:hover { outline: 2px solid currentColor; opacity: 1; }
.matrix { table-layout: fixed; min-width: 40rem; } .matrix th:first-child { width: 5.5rem; }
.matrix thead th:nth-child(n + 3) { width: 12rem; }
.card h2, .halves h2 { margin: 0; } .card p { margin: 0.3rem 0 0; }
nav { color: var(--quiet); } nav a { display: inline-block; padding: 0 0.35rem; }
.chip { display: inline-block; border-radius: 1rem; padding: 0.05rem 0.65rem; font-size: 0.85rem; font-weight: 600; }
.pass { color: var(--pass); background: var(--pass-bg); } .fail { color: var(--fail); background: var(--fail-bg); }
.non-strict, .unimplemented { color: var(--warn); background: var(--warn-bg); }
.info { color: var(--info); background: var(--info-bg); } .missing { color: var(--quiet); }
.scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: 0.6rem; background: var(--card); }
table { border-collapse: collapse; width: 100%; font-size: 0.9rem; }
th, td { text-align: left; padding: 0.3rem 0.8rem; border-top: 1px solid var(--line); vertical-align: top; }
tr:first-child > * { border-top: 0; } thead th { color: var(--quiet); font-weight: 500; }
tbody tr:first-child > * { border-top: 1px solid var(--line); }
th[scope="row"] { font-variant-numeric: tabular-nums; font-weight: 600; white-space: nowrap; }
.what { overflow-wrap: anywhere; }
.verdict { white-space: nowrap; min-width: 10rem; } .verdict a { font-weight: 600; text-decoration: none; }
.verdict small { float: right; margin-left: 0.7rem; opacity: 0.75; font-variant-numeric: tabular-nums; }
.verdict .badge { color: var(--fail); font-weight: 700; opacity: 1; }
tr:target { outline: 2px solid var(--info); outline-offset: -2px; }
.halves { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem), 1fr)); gap: 0.8rem; margin-top: 1rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.2rem 1rem; margin: 0.5rem 0 0; }
dt { color: var(--quiet); } dd { margin: 0; min-width: 0; overflow-wrap: anywhere; } ol { margin: 0; padding-left: 1.2rem; }
code, pre { font: 0.85rem/1.5 ui-monospace, monospace; } code { overflow-wrap: anywhere; }
pre { margin: 0; background: var(--card); border: 1px solid var(--line); border-radius: 0.6rem; padding: 0.8rem 1rem;
  white-space: pre-wrap; overflow-wrap: anywhere; }
.wire td:first-child { width: 5.5rem; white-space: nowrap; } .wire td:nth-child(2) { white-space: nowrap; }
.wire td:last-child { width: 70%; }
.wire .sent td:first-child { color: var(--info); } .wire .received td:first-child { color: var(--pass); }
.wire .timer { color: var(--quiet); }
`;

function page(title: string, body: string): string {
  return `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escaped(title)}</title><style>${STYLE}</style></head>
<body>${body}</body></html>
`;
}
