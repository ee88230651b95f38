#!/usr/bin/env node
/**
 * The judge, 23 — `npx framewright-autobahn`: the command, with this process's arguments and outputs.
 */

import { run } from "./command.ts";

process.exitCode = await run(process.argv.slice(2), process.stdout, process.stderr);
