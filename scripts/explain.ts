/**
 * Explains the bytes of WebSocket frames, on the command line: src/protocol/describe.ts with a face.
 *
 *   npm run explain -- "81 85 37fa213d 7f9f4d5158"
 *
 * `explain` does everything but touch the process, so that tests can call it; the last lines of the file do the rest.
 */

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { BROKEN_RULE, type DescribeOptions, describe } from "../src/protocol/describe.ts";

const HELP = `Explains the bytes of WebSocket frames, byte by byte.

  npm run explain -- [--from client|server] HEX...
  npm run explain -- [--from client|server] --file PATH

  HEX                   the bytes: 8185 or "81 85" or 0x81,0x85; several arguments are joined
  --file PATH           raw bytes from a file; "-" is standard input
  --from client|server  who sent them: a frame that is masked, or is not, against its sender's role breaks a rule
  --help                this text

Exit code: 0 when all bytes are in order, 1 when they break a rule, 2 when this command was misused.

  npm run explain -- "81 85 37fa213d 7f9f4d5158"
  npm run explain -- --from server 8105 48656c6c6f
`;

export interface Explanation {
  exitCode: 0 | 1 | 2;
  stdout: string;
  stderr: string;
}

/** What the command answers to `args`. `read` returns the bytes of a file; 0 is standard input. */
export function explain(args: readonly string[], read: (path: string | 0) => Uint8Array): Explanation {
  try {
    const { values, positionals } = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
    if (values.help) return { exitCode: 0, stdout: HELP, stderr: "" };
    const options = readSender(values.from);
    const bytes = readInput(values.file, positionals, read);
    const lines = describe(bytes, options);
    const broken = lines.some((line) => line.startsWith(BROKEN_RULE));
    return { exitCode: broken ? 1 : 0, stdout: `${lines.join("\n")}\n`, stderr: "" };
  } catch (error) {
    const { message } = error as Error;
    return { exitCode: 2, stdout: "", stderr: `explain: ${message}\nTry: npm run explain -- --help\n` };
  }
}

const OPTIONS = {
  from: { type: "string" },
  file: { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;

function readSender(from: string | undefined): DescribeOptions {
  if (from === undefined) return {};
  if (from === "client") return { receiver: "server" };
  if (from === "server") return { receiver: "client" };
  throw new Error(`--from: ${JSON.stringify(from)} is neither client nor server`);
}

function readInput(
  path: string | undefined,
  hex: readonly string[],
  read: (path: string | 0) => Uint8Array,
): Uint8Array {
  if (path !== undefined && hex.length > 0) throw new Error("give either HEX or --file, not both");
  const bytes = path === undefined ? readHex(hex.join(" ")) : read(path === "-" ? 0 : path);
  if (bytes.length === 0) throw new Error("there are no bytes to explain");
  return bytes;
}

/**
 * Pairs of digits, with anything of white space and commas between the pairs, and a 0x before any of them. A separator
 * inside a pair is refused, since whoever wrote "8 1" meant something else than "81".
 */
export function readHex(text: string): Uint8Array {
  const bytes: number[] = [];
  let at = 0;
  while (at < text.length) {
    if (isSeparator(text[at]!)) {
      at++;
      continue;
    }
    if (isPrefix(text, at)) at += 2;
    bytes.push((digit(text, at) << 4) | digit(text, at + 1));
    at += 2;
  }
  return Uint8Array.from(bytes);
}

/** "0x" itself is no pair of digits, so there is nothing to mistake it for. */
function isPrefix(text: string, at: number): boolean {
  return text[at] === "0" && text[at + 1]?.toLowerCase() === "x";
}

function isSeparator(character: string): boolean {
  return character === "," || character.trim() === "";
}

function digit(text: string, at: number): number {
  const character = text[at];
  if (character === undefined || isSeparator(character)) {
    throw new Error(
      `a byte is two digits, but one is missing behind "${text[at - 1]}", at ${place(text, at - 1)}`,
    );
  }
  const value = "0123456789abcdef".indexOf(character.toLowerCase());
  if (value < 0) throw new Error(`${JSON.stringify(character)} is no hex digit, at ${place(text, at)}`);
  return value;
}

/** As editors count: both from 1. */
function place(text: string, at: number): string {
  const lines = text.slice(0, at).split("\n");
  const character = `character ${lines.at(-1)!.length + 1}`;
  return text.includes("\n") ? `line ${lines.length}, ${character}` : character;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const { exitCode, stdout, stderr } = explain(process.argv.slice(2), (path) => readFileSync(path));
  process.stdout.write(stdout);
  process.stderr.write(stderr);
  process.exitCode = exitCode;
}
