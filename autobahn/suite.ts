/**
 * The real suite: where to find the program wstest, and how to call it.
 *
 * On the PATH, or in the folder that install.sh fills, or in the official Docker image: the first that runs.
 *
 * What this file must not know: what wstest is told to do.
 * Next: wstest.ts.
 */

import { execFile } from "node:child_process";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import type { Command } from "./process.ts";

export interface Suite {
  /** For people. */
  readonly name: string;
  /** The command that runs wstest with these arguments; it reads and writes in `folder`. */
  command(args: readonly string[], folder: string): Command;
}

const INSTALL = fileURLToPath(new URL("install.sh", import.meta.url));
const INSTALLED = fileURLToPath(new URL(".venv/bin/wstest", import.meta.url));
const IMAGE = "crossbario/autobahn-testsuite:25.10.1";

export const HOW_TO_GET_ONE = `there is no Autobahn suite here: no wstest on the PATH or in autobahn/.venv, and no Docker that has it.

  npm run autobahn -- --suite wstest --install         installs it into autobahn/.venv; needs a Python 2.7
  docker pull ${IMAGE}    where Docker runs
`;

export function installCommand(): Command {
  return { file: INSTALL, args: [] };
}

/** What a program prints; undefined if it cannot be run, or fails, or takes longer than `timeout` milliseconds. */
export type Probe = (file: string, args: readonly string[], timeout: number) => Promise<string | undefined>;

const probeProgram: Probe = (file, args, timeout) =>
  new Promise((resolve) => {
    execFile(file, [...args], { timeout, killSignal: "SIGKILL" }, (error, stdout) =>
      resolve(error === null ? stdout : undefined),
    );
  });

const SECOND = 1000;

export async function findSuite(probe: Probe = probeProgram): Promise<Suite | undefined> {
  return (
    (await program("wstest", "on the PATH", probe)) ??
    (await program(INSTALLED, `of ${relative(process.cwd(), INSTALLED)}`, probe)) ??
    (await image(probe))
  );
}

/** Being there is not enough: pyenv, for one, puts commands on the PATH that only say what is missing. */
async function program(file: string, where: string, probe: Probe): Promise<Suite | undefined> {
  const printed = await probe(file, ["--autobahnversion"], 30 * SECOND);
  if (printed === undefined) return undefined;
  return { name: `wstest ${versionIn(printed)} ${where}`, command: (args) => ({ file, args }) };
}

/** The image has to be there, or to come from where Docker gets its images. */
async function image(probe: Probe): Promise<Suite | undefined> {
  if ((await probe("docker", ["info"], 10 * SECOND)) === undefined) return undefined;
  const printed = await probe("docker", ["run", "--rm", IMAGE, "wstest", "--autobahnversion"], 300 * SECOND);
  if (printed === undefined) return undefined;
  return { name: `wstest ${versionIn(printed)} of Docker's ${IMAGE}`, command: inContainer };
}

let containers = 0;

/** It shares this machine's network, so that 127.0.0.1 is the same place on both sides, and this folder by its name. */
function inContainer(args: readonly string[], folder: string): Command {
  const name = `framewright-autobahn-${process.pid}-${++containers}`;
  const owner = process.getuid === undefined ? [] : ["--user", `${process.getuid()}:${process.getgid?.()}`];
  return {
    file: "docker",
    args: [
      "run",
      "--rm",
      "--init",
      ...["--name", name],
      ...["--network", "host"],
      ...["--volume", `${folder}:${folder}`],
      ...["--env", "PYTHONUNBUFFERED=1"],
      ...owner,
      IMAGE,
      "wstest",
      ...args,
    ],
    afterKill: { file: "docker", args: ["rm", "--force", name] },
  };
}

/** "Autobahn 0.10.9\nAutobahnTestSuite 25.10.1": the second. */
function versionIn(printed: string): string {
  return printed.trim().split(/\s+/).at(-1) ?? "";
}
