/** `ws` as the server, with our core over TCP as its client. */

import { strict as assert } from "node:assert";
import { type PerMessageDeflateOptions, WebSocketServer, type WebSocketServerOptions } from "ws";
import { native } from "../../src/node/zlib.ts";
import { type PermessageDeflateOptions, permessageDeflate } from "../../src/protocol/permessage-deflate.ts";
import { type ClientSettings, connectTo, Refused, type TestClient } from "../helpers/net-client.ts";
import type { Check, Group } from "./check.ts";
import { WsLine } from "./harness.ts";
import { MESSAGES, MIB, prose } from "./messages.ts";

/** What a client of ours and its counterpart, a connection of ws's server, say to each other. */
type Talk = (client: TestClient, line: WsLine) => Promise<void>;

async function withWsServer(
  options: Omit<WebSocketServerOptions, "port">,
  use: (port: number, connected: Promise<WsLine>) => Promise<void>,
): Promise<void> {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0, ...options });
  const connected = new Promise<WsLine>((resolve) => {
    server.on("connection", (socket) => resolve(new WsLine(socket)));
  });
  try {
    await new Promise<void>((resolve) => server.on("listening", resolve));
    await use(server.address().port, connected);
  } finally {
    for (const client of server.clients) client.terminate();
    await new Promise<void>((resolve) => server.close(resolve));
  }
}

function talk(
  options: Omit<WebSocketServerOptions, "port">,
  settings: ClientSettings,
  say: Talk,
): Promise<void> {
  return withWsServer(options, async (port, connected) => {
    const client = await connectTo(port, settings);
    try {
      await say(client, await connected);
    } finally {
      client.socket.destroy();
    }
  });
}

/** Sends all messages, has ws send them back, and compares on both sides. */
async function exchange({ connection, message }: TestClient, line: WsLine): Promise<void> {
  for (const sent of MESSAGES) {
    if (typeof sent === "string") connection.sendText(sent);
    else connection.sendBinary(sent);
    const arrived = await line.message();
    assert.deepEqual(arrived, sent);
    line.socket.send(arrived);
    assert.deepEqual(await message(), sent);
  }
}

const plain: Check[] = [
  { name: "text, bytes and empty messages, both ways", run: () => talk({}, {}, exchange) },
  {
    name: "1 MiB, both ways",
    run: () =>
      talk({}, {}, async (client, line) => {
        const bytes = new Uint8Array(MIB).fill(7);
        client.connection.sendBinary(bytes);
        line.socket.send((await line.message()) as Uint8Array);
        assert.deepEqual(await client.message(), bytes);
      }),
  },
  {
    name: "1,000 messages in flight arrive in order, both ways",
    run: () =>
      talk({}, {}, async (client, line) => {
        for (let index = 0; index < 1000; index++) client.connection.sendText(`message ${index}`);
        for (let index = 0; index < 1000; index++) {
          const message = await line.message();
          assert.equal(message, `message ${index}`);
          line.socket.send(message);
        }
        for (let index = 0; index < 1000; index++) assert.equal(await client.message(), `message ${index}`);
      }),
  },
  {
    name: "fragments are one message, both ways",
    run: () =>
      talk({}, {}, async ({ connection, message }, line) => {
        for (const piece of ["one ", "two ", "three"]) connection.sendTextPiece(piece, piece === "three");
        assert.equal(await line.message(), "one two three");
        for (const piece of ["one ", "two ", "three"]) line.socket.send(piece, { fin: piece === "three" });
        assert.equal(await message(), "one two three");
      }),
  },
  {
    name: "Pings are answered, both ways",
    run: () =>
      talk({}, {}, async (client, line) => {
        client.connection.ping(Buffer.from("from us"));
        const event = await client.next();
        assert.ok(event.type === "pong" && Buffer.from(event.data).toString() === "from us");
        line.socket.ping("from ws");
        assert.equal((await client.next()).type, "ping");
        assert.equal(await line.pongs.take(), "from ws");
      }),
  },
  {
    name: "we close, with a code and a reason",
    run: () =>
      talk({}, {}, async (client, line) => {
        client.connection.close(4000, "bye");
        assert.deepEqual(await line.closed, { code: 4000, reason: "bye" });
        const closed = await client.closed();
        assert.deepEqual({ ...closed }, { code: 4000, reason: "bye", clean: true, initiator: "local" });
      }),
  },
  {
    name: "ws closes, with a code and a reason",
    run: () =>
      talk({}, {}, async (client, line) => {
        line.socket.close(4001, "tschüs");
        const closed = await client.closed();
        assert.deepEqual({ ...closed }, { code: 4001, reason: "tschüs", clean: true, initiator: "remote" });
        assert.equal((await line.closed).code, 4001);
      }),
  },
  {
    name: "a message above the limit of ws ends with 1009",
    run: () =>
      talk({ maxPayload: 1000 }, {}, async (client) => {
        client.connection.sendText("x".repeat(1001));
        assert.equal((await client.closed()).code, 1009);
      }),
  },
];

const handshake: Check[] = [
  {
    name: "a subprotocol that ws chooses",
    run: () =>
      talk({ handleProtocols: () => "v1" }, { subprotocols: ["v2", "v1"] }, async (client) => {
        assert.equal(client.subprotocol, "v1");
      }),
  },
  {
    name: "a refusal by ws is a value, with its status",
    run: () =>
      withWsServer({ verifyClient: () => false }, async (port) => {
        await assert.rejects(connectTo(port), (error) => error instanceof Refused && error.status === 401);
      }),
  },
];

const OFFERS: readonly (readonly [name: string, offer: PermessageDeflateOptions])[] = [
  ["no parameters", {}],
  ["no context on either side", { serverNoContextTakeover: true, clientNoContextTakeover: true }],
  ["windows of 2^11", { serverMaxWindowBits: 11, clientMaxWindowBits: 11 }],
];

const SERVERS: readonly (readonly [name: string, option: PerMessageDeflateOptions])[] = [
  ["its defaults", {}],
  ["no context on either side", { serverNoContextTakeover: true, clientNoContextTakeover: true }],
  ["windows of 2^10", { serverMaxWindowBits: 10, clientMaxWindowBits: 10 }],
];

/** With either codec of ours: Node's zlib, and the portable one. */
const CODECS = [
  ["native", { compression: native }],
  ["portable", {}],
] as const;

const compression: Check[] = CODECS.flatMap(([codec, supplier]) =>
  OFFERS.flatMap(([offered, offer]) =>
    SERVERS.map(([configured, option]) => ({
      name: `permessage-deflate, ${codec}: we offer ${offered}; ws has ${configured}`,
      run: () => {
        const extension = permessageDeflate({ ...offer, ...supplier, threshold: 0 });
        const options = { perMessageDeflate: { ...option, threshold: 0 } };
        return talk(options, { extensions: [extension] }, async (client, line) => {
          assert.ok(line.socket.extensions.startsWith("permessage-deflate"), line.socket.extensions);
          await exchange(client, line);
          client.connection.sendTextPiece(prose(3000), false);
          client.connection.sendTextPiece(prose(3000), true);
          assert.equal(await line.message(), prose(3000) + prose(3000));
          line.socket.send(prose(3000), { fin: false });
          line.socket.send(prose(3000), { fin: true });
          assert.equal(await client.message(), prose(3000) + prose(3000));
        });
      },
    })),
  ),
);

compression.push({
  name: "permessage-deflate: an offer that ws declines, and an alternative that it takes",
  run: () => {
    const extension = permessageDeflate({ serverMaxWindowBits: 9, threshold: 0, alternatives: [{}] });
    const options = { perMessageDeflate: { serverMaxWindowBits: 12, threshold: 0 } };
    return talk(options, { extensions: [extension] }, async (client, line) => {
      const answer = new Map(client.fields).get("Sec-WebSocket-Extensions");
      assert.equal(answer, "permessage-deflate; server_max_window_bits=12");
      await exchange(client, line);
    });
  },
});

export const wsServer: Group = {
  title: "ws as server, our core as client",
  checks: [...plain, ...handshake, ...compression],
};
