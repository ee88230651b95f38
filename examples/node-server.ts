// A chat room: who may enter is decided before there is a connection, and what is known then stays with the connection.
//   npx tsx examples/node-server.ts [port]

import { serve } from "../src/node/index.ts";

interface Member {
  name: string;
}

// In your application: whatever says who a session belongs to.
const members = new Map([
  ["b1a5e0", "Ada"],
  ["77c3d2", "Grace"],
]);

const server = await serve<Member>({
  host: "127.0.0.1",
  port: Number(process.argv[2] ?? 8080),
  // Best first. A client that offers none of them gets none; `upgrade` could refuse it.
  subprotocols: ["chat.v2", "chat.v1"],

  // Browsers send a site's cookies with every upgrade to it, whosoever page asks. That a stranger's page cannot use
  // them is the doing of the server's `origin` option, which admits its own pages only unless told otherwise.
  upgrade({ fields }) {
    const name = members.get(cookie(fields.get("Cookie"), "session"));
    return name === undefined ? { status: 401, body: "Log in first.\n" } : { data: { name } };
  },
  open(peer) {
    server.broadcast(`${peer.data.name} is here (${peer.subprotocol || "no subprotocol"})`);
  },
  message(peer, data) {
    if (typeof data === "string") server.broadcast(`${peer.data.name}: ${data}`);
    else peer.close(1003, "text only"); // 1003: a kind of data that is not accepted here
  },
  close(peer, { code }) {
    server.broadcast(`${peer.data.name} has left (${code})`);
  },
});
console.log(`listening on ws://127.0.0.1:${server.port}`);

/** The value of a cookie in a Cookie field, `a=1; b=2`; "" if it is not there. */
function cookie(field: string | undefined, name: string): string {
  for (const pair of field?.split(";") ?? []) {
    const equals = pair.indexOf("=");
    if (pair.slice(0, equals).trim() === name) return pair.slice(equals + 1).trim();
  }
  return "";
}
