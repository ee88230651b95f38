/**
 * An echo server, to try clients on: `serve` of src/node/server/server.ts with its defaults, and every message sent back.
 *
 *   npm run echo -- --port 9001
 *
 * `echoOptions` reads the arguments and touches nothing, and `echoServer` does what they say, so that tests can call
 * them; the last lines of the file run both.
 */

import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { type ServeOptions, type Server, serve } from "../src/node/server/server.ts";
import { authority, endAsked, Misuse, readNumber, readPort, runCommand } from "./command.ts";

const HELP = `Sends every message back to whoever sent it.

  npm run echo -- [--port N] [--host H] [--deflate] [--max-message-size N]

  --port N              where to listen; 0 is any free port. Default 9001
  --host H              the address to listen at. Default 127.0.0.1: this machine only
  --deflate             agree to permessage-deflate (RFC 7692) with clients that offer it
  --max-message-size N  bytes in a message, as received and once decoded; a larger one is answered with 1009.
                        Default 1048576
  --help                this text

SIGINT and SIGTERM close every connection with 1001, and wait until all have gone; a second one does not wait.
Exit code: 0 when closed, 1 when it could not listen, 2 when this command was misused.
`;

const OPTIONS = {
  port: { type: "string", default: "9001" },
  host: { type: "string", default: "127.0.0.1" },
  deflate: { type: "boolean", default: false },
  "max-message-size": { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;

export interface EchoOptions extends ServeOptions {
  port: number;
  host: string;
}

/** What `args` ask `serve` for; `undefined` if they ask for help. */
export function echoOptions(args: readonly string[]): EchoOptions | undefined {
  const { values } = parseArgs({ args: [...args], options: OPTIONS });
  if (values.help) return undefined;
  if (values.host === "") throw new Misuse("--host: must not be empty");
  const largest = values["max-message-size"];
  return {
    port: readPort("--port", values.port),
    host: values.host,
    compression: values.deflate,
    ...(largest !== undefined && {
      maxMessageSize: readNumber("--max-message-size", largest, Number.MAX_SAFE_INTEGER),
    }),
  };
}

/** Listens, and sends every message back to whoever sent it. */
export function echoServer(options: ServeOptions): Promise<Server> {
  return serve({ ...options, message: (peer, data) => peer.send(data) });
}

async function main(): Promise<void> {
  const options = echoOptions(process.argv.slice(2));
  if (options === undefined) {
    process.stdout.write(HELP);
    return;
  }
  const server = await echoServer(options);
  console.log(`listening on ws://${authority(options.host, server.port)}`);
  await endAsked();
  const { clean, unclean } = await server.close();
  console.log(`closed: ${clean} clean, ${unclean} unclean`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  await runCommand("echo", "npm run echo", main);
}
