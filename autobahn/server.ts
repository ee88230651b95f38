/**
 * The testee as a server.
 *
 *   npm run autobahn:server -- --port 9001
 *
 * Then, elsewhere: wstest -m fuzzingclient -s autobahn/fuzzingclient.json
 * Next: client.ts.
 */

import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { authority, endAsked, Misuse, readPort, runCommand } from "../scripts/command.ts";
import { type Server, serve } from "../src/node/index.ts";
import { ECHO, TESTEE_OPTIONS } from "./testee.ts";

const HELP = `The echo server that the Autobahn suite tests: messages of up to 64 MiB, permessage-deflate.

  npm run autobahn:server -- [--port N] [--host H]

  --port N  where to listen; 0 is any free port. Default 9001
  --host H  the address to listen at. Default 127.0.0.1: this machine only
  --help    this text

SIGINT and SIGTERM close every connection and the server.
`;

export interface Place {
  /** Default 0: any free port. */
  readonly port?: number;
  /** Default 127.0.0.1. */
  readonly host?: string;
}

/** Resolves when it listens: `port` says where, `close()` ends it. */
export function startServer({ port = 0, host = "127.0.0.1" }: Place = {}): Promise<Server> {
  return serve({ ...TESTEE_OPTIONS, port, host }, ECHO);
}

/** Where `args` want it; undefined if they ask for help. */
export function serverPlace(args: readonly string[]): Required<Place> | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      port: { type: "string", default: "9001" },
      host: { type: "string", default: "127.0.0.1" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) return undefined;
  if (values.host === "") throw new Misuse("--host: must not be empty");
  return { port: readPort("--port", values.port), host: values.host };
}

async function main(): Promise<void> {
  const place = serverPlace(process.argv.slice(2));
  if (place === undefined) {
    process.stdout.write(HELP);
    return;
  }
  const server = await startServer(place);
  console.log(`listening on ws://${authority(place.host, server.port)}`);
  await endAsked();
  await server.close();
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  await runCommand("autobahn/server", "npm run autobahn:server", main);
}
