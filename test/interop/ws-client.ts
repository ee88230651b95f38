/** Our server, with `ws` as its client: what both say on the wire, and how it ends. */

import { strict as assert } from "node:assert";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { type ClientOptions, WebSocket } from "ws";
import type { Peer, PeerClosed } from "../../src/node/peer.ts";
import type { Check, Group } from "./check.ts";
import { answerTo, echo, exchange, PLAIN, told, withServer, wsConnect } from "./harness.ts";
import { MESSAGES, MIB, prose } from "./messages.ts";

const messages: Check[] = [
  {
    name: "text, bytes and empty messages come back as they were sent",
    run: () => withServer(echo, async (_, url) => exchange(await wsConnect(url, PLAIN), MESSAGES)),
  },
  {
    name: "1 MiB of text and of bytes",
    run: () =>
      withServer(echo, async (_, url) => {
        await exchange(await wsConnect(url, PLAIN), ["x".repeat(MIB), new Uint8Array(MIB).fill(7)]);
      }),
  },
  {
    name: "1,000 messages in flight come back in order",
    run: () =>
      withServer(echo, async (_, url) => {
        const line = await wsConnect(url, PLAIN);
        for (let index = 0; index < 1000; index++) line.socket.send(`message ${index}`);
        for (let index = 0; index < 1000; index++) assert.equal(await line.message(), `message ${index}`);
      }),
  },
  {
    name: "fragments from ws, with a Ping between them, are one message",
    run: () =>
      withServer(echo, async (_, url) => {
        const line = await wsConnect(url, PLAIN);
        for (const piece of ["one ", "two ", ""]) line.socket.send(piece, { fin: false });
        line.socket.ping("between");
        line.socket.send("three", { fin: true });
        assert.equal(await line.pongs.take(), "between");
        assert.equal(await line.message(), "one two three");
      }),
  },
  {
    name: "fragments from us are one message for ws",
    run: () =>
      withServer({ open: (peer) => peer.sendStream(["one ", "two ", "three"]) }, async (_, url) => {
        assert.equal(await (await wsConnect(url, PLAIN)).message(), "one two three");
      }),
  },
  {
    name: "a broadcast reaches clients with and without compression",
    run: () =>
      withServer({ ...echo, compression: { threshold: 0 } }, async (server, url) => {
        const wishes = [false, true, { serverNoContextTakeover: true }, { serverMaxWindowBits: 10 }];
        const lines = await Promise.all(
          wishes.map((perMessageDeflate) => wsConnect(url, { perMessageDeflate })),
        );
        for (const text of [prose(5000), prose(5000), "short"]) {
          assert.equal(server.broadcast(text), lines.length);
          for (const line of lines) assert.equal(await line.message(), text);
        }
      }),
  },
];

const control: Check[] = [
  {
    name: "we answer the Pings of ws, with their data",
    run: () =>
      withServer(echo, async (_, url) => {
        const line = await wsConnect(url, PLAIN);
        for (const data of ["", "x", "y".repeat(125)]) {
          line.socket.ping(data);
          assert.equal(await line.pongs.take(), data);
        }
      }),
  },
  {
    name: "ws answers our Pings, and the round trip is measured",
    run: async () => {
      const { promise: ponged, tell } = told<[Peer, string]>();
      await withServer(
        {
          open: (peer) => peer.ping(Buffer.from("are you there?")),
          pong: (peer, data) => tell([peer, Buffer.from(data).toString()]),
        },
        async (_, url) => {
          const line = await wsConnect(url, PLAIN);
          const [peer, data] = await ponged;
          assert.equal(data, "are you there?");
          assert.equal(await line.pings.take(), "are you there?");
          assert.ok(peer.roundTripTime !== undefined && peer.roundTripTime >= 0);
        },
      );
    },
  },
  {
    name: "a Pong that nobody asked for is heard, both ways",
    run: async () => {
      const { promise: heard, tell } = told<string>();
      await withServer(
        {
          open: (peer) => peer.pong(Buffer.from("from us")),
          pong: (_peer, data) => tell(Buffer.from(data).toString()),
        },
        async (_, url) => {
          const line = await wsConnect(url, PLAIN);
          line.socket.pong("from ws");
          assert.equal(await heard, "from ws");
          assert.equal(await line.pongs.take(), "from us");
        },
      );
    },
  },
];

/** A code and a reason that a Close frame may have, and none. */
const CLOSES: readonly (readonly [code: number | undefined, reason: string])[] = [
  [undefined, ""],
  [1000, ""],
  [1000, "done"],
  [1001, "going"],
  [1011, "fehlgeschlagen: Größe"],
  [3000, "r".repeat(123)],
  [4999, "private"],
];

const NO_STATUS = 1005;
const ABNORMAL = 1006;

const closing: Check[] = [
  {
    name: "ws closes, with any code and reason",
    run: async () => {
      for (const [code, reason] of CLOSES) {
        const { promise: closed, tell } = told<PeerClosed>();
        await withServer({ close: (_peer, how) => tell(how) }, async (_, url) => {
          const line = await wsConnect(url, PLAIN);
          line.socket.close(code, reason);
          const expected = {
            code: code ?? NO_STATUS,
            reason,
            clean: true,
            initiator: "remote",
            phase: "closed",
          };
          assert.deepEqual({ ...(await closed) }, expected);
          assert.equal((await line.closed).code, code ?? NO_STATUS);
        });
      }
    },
  },
  {
    name: "we close, with any code and reason",
    run: async () => {
      for (const [code = 1000, reason] of CLOSES) {
        const { promise: closed, tell } = told<PeerClosed>();
        const handlers = { open: (peer: Peer) => peer.close(code, reason) };
        await withServer({ ...handlers, close: (_peer, how) => tell(how) }, async (_, url) => {
          const line = await wsConnect(url, PLAIN);
          assert.deepEqual(await line.closed, { code, reason });
          const { clean, initiator } = await closed;
          assert.deepEqual({ clean, initiator }, { clean: true, initiator: "local" });
        });
      }
    },
  },
  {
    name: "one side is gone without a Close: the other is told 1006",
    run: async () => {
      const { promise: closed, tell } = told<PeerClosed>();
      await withServer({ close: (_peer, how) => tell(how) }, async (_, url) => {
        const line = await wsConnect(url, PLAIN);
        line.socket.terminate();
        const { code, clean, initiator } = await closed;
        assert.deepEqual(
          { code, clean, initiator },
          { code: ABNORMAL, clean: false, initiator: "transport" },
        );
      });
      await withServer({ message: (peer) => peer.terminate() }, async (_, url) => {
        const line = await wsConnect(url, PLAIN);
        line.socket.send("go");
        assert.equal((await line.closed).code, ABNORMAL);
      });
    },
  },
  {
    name: "closing the server tells every client 1001",
    run: () =>
      withServer(echo, async (server, url) => {
        const lines = await Promise.all(Array.from({ length: 20 }, () => wsConnect(url, PLAIN)));
        const { clean, unclean } = await server.close();
        assert.deepEqual({ clean, unclean }, { clean: lines.length, unclean: 0 });
        for (const line of lines) assert.equal((await line.closed).code, 1001);
      }),
  },
  {
    name: "a message above the limit is answered 1009: whole, in fragments, and compressed",
    run: async () => {
      const maxMessageSize = 1000;
      const text = "x".repeat(maxMessageSize);
      const floods: readonly (readonly [ClientOptions, (socket: WebSocket) => void])[] = [
        [PLAIN, (socket) => socket.send(`${text}x`)],
        [
          PLAIN,
          (socket) => {
            socket.send(text, { fin: false });
            socket.send("x", { fin: true });
          },
        ],
        [{ perMessageDeflate: { threshold: 0 } }, (socket) => socket.send(`${text}x`)],
      ];
      await withServer({ ...echo, maxMessageSize, compression: true }, async (_, url) => {
        for (const [options, flood] of floods) {
          const line = await wsConnect(url, options);
          line.socket.send(text);
          assert.equal(await line.message(), text);
          flood(line.socket);
          assert.equal((await line.closed).code, 1009);
        }
      });
    },
  },
];

interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/** Connects, and returns the answer of a server that refuses. */
async function refusalOf(url: string, options: ClientOptions = PLAIN): Promise<Answer> {
  const socket = new WebSocket(url, [], options);
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    socket.on("open", () => reject(new Error("the connection was accepted")));
    socket.on("error", reject);
    socket.on("unexpected-response", (_request, refusal) => resolve(refusal));
  });
  let body = "";
  response.setEncoding("utf8").on("data", (text: string) => (body += text));
  await once(response, "end");
  return { status: response.statusCode, headers: response.headers, body };
}

const handshake: Check[] = [
  {
    name: "subprotocols: the server's first that the client offers, the hook's choice, or none",
    run: async () => {
      await withServer({ ...echo, subprotocols: ["v2", "v1"] }, async (_, url) => {
        assert.equal((await wsConnect(url, PLAIN, ["v1", "v2"])).socket.protocol, "v2");
        assert.equal((await wsConnect(url, PLAIN, ["v1"])).socket.protocol, "v1");
        assert.equal((await wsConnect(url, PLAIN)).socket.protocol, "");
      });
      const upgrade = () => ({ subprotocol: "v1" });
      await withServer({ ...echo, upgrade }, async (_, url) => {
        assert.equal((await wsConnect(url, PLAIN, ["v2", "v1"])).socket.protocol, "v1");
      });
    },
  },
  {
    name: "a refused upgrade has the status, fields and body that the hook gave it",
    run: async () => {
      const body = '{"why":"no ticket"}';
      const headers = { "WWW-Authenticate": "Bearer", "Content-Type": "application/json" };
      await withServer({ upgrade: () => ({ status: 401, headers, body }) }, async (_, url) => {
        const answer = await refusalOf(url);
        assert.equal(answer.status, 401);
        assert.equal(answer.headers["www-authenticate"], "Bearer");
        assert.equal(answer.headers["content-type"], "application/json");
        assert.equal(answer.body, body);
      });
      await withServer({ upgrade: async () => false }, async (_, url) => {
        assert.equal((await refusalOf(url)).status, 403);
      });
    },
  },
  {
    name: "the page of another origin is refused with 403, one of the same origin is not",
    run: () =>
      withServer(echo, async (_, url) => {
        assert.equal((await refusalOf(url, { ...PLAIN, origin: "http://elsewhere.example" })).status, 403);
        const line = await wsConnect(url, { ...PLAIN, origin: new URL(url.replace("ws", "http")).origin });
        await exchange(line, ["same origin"]);
      }),
  },
  {
    name: "a hook that takes its time, and adds header fields",
    run: () =>
      withServer(
        {
          ...echo,
          upgrade: async () => {
            await new Promise(setImmediate);
            return { headers: { "X-Greeting": "hello" } };
          },
        },
        async (_, url) => assert.equal((await answerTo(url, PLAIN))["x-greeting"], "hello"),
      ),
  },
];

export const wsClient: Group = {
  title: "our server, ws as client",
  checks: [...messages, ...control, ...closing, ...handshake],
};
