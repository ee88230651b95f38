/** SECURITY.md says what is so: its limits are the defaults, and the tests that it names are there. */

import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { PEER_DEFAULTS } from "../src/node/options.ts";
import { DEFAULT_MAX_MESSAGE_SIZE } from "../src/protocol/contract.ts";

const place = (path: string): URL => new URL(`../${path}`, import.meta.url);
const read = (path: string): string => readFileSync(place(path), "utf8");

/** The cells of the tables in a part of a document, without heads and rules. */
function rows(document: string, heading: string): string[][] {
  const part = read(document)
    .split(/^## /m)
    .find((text) => text.startsWith(`${heading}\n`));
  if (part === undefined) throw new Error(`${document} has no part "${heading}"`);
  const lines = part.split("\n").filter((line) => line.startsWith("| "));
  return lines.slice(1).map((line) => line.split(" | ").map((cell) => cell.replace(/^\| | \|$/g, "")));
}

describe("the limits", () => {
  const limits = new Map(rows("SECURITY.md", "Limits").map(([option, value]) => [option!, value!]));
  const [MIB, SECOND] = [1024 * 1024, 1000];

  it("are the defaults of the code", () => {
    const inCode = {
      maxMessageSize: `${DEFAULT_MAX_MESSAGE_SIZE / MIB} MiB`,
      "heartbeat.interval": `${PEER_DEFAULTS.heartbeatInterval / SECOND} s`,
      "heartbeat.timeout": `${PEER_DEFAULTS.heartbeatTimeout / SECOND} s`,
      closeTimeout: `${PEER_DEFAULTS.closeTimeout / SECOND} s`,
      highWaterMark: `${PEER_DEFAULTS.highWaterMark / MIB} MiB`,
      maxBufferedBytes: `${PEER_DEFAULTS.maxBufferedBytes / MIB} MiB`,
    };
    for (const [option, value] of Object.entries(inCode))
      expect(limits.get(`\`${option}\``), option).toBe(value);
  });

  it("are all those of a server that the README has, and the same", () => {
    const inReadme = rows("README.md", "Every limit, and what exceeding it answers").filter(
      ([option, owner]) => option!.startsWith("`") && owner!.includes("`serve`"),
    );
    expect(inReadme.length).toBeGreaterThan(15);
    for (const [options, , value] of inReadme) {
      const [option] = options!.split(", ");
      expect(limits.has(option!), `${option} is missing`).toBe(true);
      expect(value!.startsWith(limits.get(option!)!), `${option}: ${value}`).toBe(true);
    }
    expect(limits.size).toBe(inReadme.length);
  });
});

describe("the past", () => {
  const past = rows("SECURITY.md", "What went wrong elsewhere");

  it("has a line of defence in each row, and a test of that title", () => {
    expect(past.length).toBeGreaterThan(20);
    for (const [what, , defence, test] of past) {
      const [, source] = /^\[`(src\/[^`]+)`\]\(\1\)$/.exec(defence!) ?? [];
      expect(source !== undefined && existsSync(place(source)), what).toBe(true);
      const [, file, title] = /^\[`(test\/[^`]+)`\]\(\1\): "(.+)"$/.exec(test!) ?? [];
      expect(file, what).toBeDefined();
      expect(read(file!), what).toContain(title);
    }
  });

  it("is written with identifiers that are well-formed", () => {
    const named = read("SECURITY.md").match(/\b(CVE|GHSA)-[\w-]+/g) ?? [];
    expect(named.filter((id) => !/^CVE-20\d\d-\d{4,5}$|^GHSA(-[a-z0-9]{4}){3}$/.test(id))).toEqual([]);
  });
});

it("all links lead to files that exist", () => {
  const links = [...read("SECURITY.md").matchAll(/\]\(([^)]+)\)/g)].map(([, path]) => path!);
  expect(links.filter((path) => !existsSync(place(path)))).toEqual([]);
});
