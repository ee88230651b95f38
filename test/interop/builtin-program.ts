/** What builtin-client.ts runs in each Node: its own WebSocket client, against an echo server at a URL. */

import { strict as assert } from "node:assert";
import { once } from "node:events";
import { MESSAGES, MIB } from "./messages.ts";

interface End {
  readonly code: number;
  readonly reason: string;
  readonly wasClean: boolean;
}

const url = process.argv[2]!;

const refused = new WebSocket(`${url}nowhere`);
refused.onopen = () => assert.fail("a refused upgrade was opened");
await once(refused, "error");

const socket = new WebSocket(url, ["v1", "v2"]);
socket.binaryType = "arraybuffer";
await once(socket, "open");
assert.equal(socket.protocol, "v2");

for (const message of [...MESSAGES, "x".repeat(MIB)]) {
  socket.send(message);
  const [{ data }] = (await once(socket, "message")) as [MessageEvent];
  assert.deepEqual(typeof data === "string" ? data : new Uint8Array(data), message);
}

socket.close(3001, "bye");
const [{ code, reason, wasClean }] = (await once(socket, "close")) as [End];
assert.deepEqual({ code, reason, wasClean }, { code: 3001, reason: "", wasClean: true });
console.log("done");
