/**
 * What the commands that run a server have in common: numbers read from arguments, wrong arguments named, and an end
 * when a signal asks for one.
 */

/** An argument that makes no sense: the command says which, and exits with 2. */
export class Misuse extends Error {}

/** Runs what `call` calls. If it fails, it says why and exits with 1; if it was misused, with 2. */
export async function runCommand(name: string, call: string, main: () => Promise<void>): Promise<void> {
  try {
    await main();
  } catch (error) {
    const misused = isMisuse(error);
    process.stderr.write(`${name}: ${(error as Error).message}\n`);
    if (misused) process.stderr.write(`Try: ${call} -- --help\n`);
    process.exitCode = misused ? 2 : 1;
  }
}

/** Those that `parseArgs` of node:util finds say so with a code. */
function isMisuse(error: unknown): boolean {
  if (error instanceof Misuse) return true;
  const code = error instanceof Error && "code" in error ? error.code : "";
  return typeof code === "string" && code.startsWith("ERR_PARSE_ARGS_");
}

/** A whole number, written as such: no sign, no exponent, no space, no leading zero. */
export function readNumber(name: string, text: string, most: number): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 0 && value <= most && String(value) === text) return value;
  throw new Misuse(`${name}: ${JSON.stringify(text)} is not a whole number from 0 to ${most}`);
}

/** 0 means any free port. */
export function readPort(name: string, text: string): number {
  return readNumber(name, text, 65_535);
}

/** What to write into a URL: IPv6 addresses stand in brackets (RFC 3986 §3.2.2). */
export function authority(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Resolves at the first SIGINT or SIGTERM. A second one ends the process, as it would without this. */
export function endAsked(): Promise<void> {
  return new Promise((resolve) => {
    const asked = (): void => {
      process.off("SIGINT", asked);
      process.off("SIGTERM", asked);
      resolve();
    };
    process.on("SIGINT", asked);
    process.on("SIGTERM", asked);
  });
}
