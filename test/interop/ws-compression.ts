/** Our server, with `ws` as its client, and permessage-deflate: each setting of the one with each of the other. */

import { strict as assert } from "node:assert";
import type { PerMessageDeflateOptions } from "ws";
import type { ServeOptions } from "../../src/node/server/server.ts";
import type { Check, Group } from "./check.ts";
import { answerTo, echo, exchange, PLAIN, withServer, wsConnect } from "./harness.ts";
import { MESSAGES, MIB, prose } from "./messages.ts";

const ALL_BITS = [9, 10, 11, 12, 13, 14, 15];

/** What the server is told, and what ws offers; in words, and then as options. */
const SERVERS: readonly (readonly [name: string, options: NonNullable<ServeOptions["compression"]>])[] = [
  ["our default", true],
  ["every message", { threshold: 0 }],
  ["context takeover", { threshold: 0, contextTakeover: true }],
  ["window of 2^10", { threshold: 0, contextTakeover: true, windowBits: 10 }],
];

const OFFERS: readonly (readonly [name: string, offer: PerMessageDeflateOptions])[] = [
  ["its defaults", {}],
  ["server_no_context_takeover", { serverNoContextTakeover: true }],
  ["client_no_context_takeover", { clientNoContextTakeover: true }],
  ["neither keeps its context", { serverNoContextTakeover: true, clientNoContextTakeover: true }],
  ["server_max_window_bits", { serverMaxWindowBits: 9 }],
  ["client_max_window_bits", { clientMaxWindowBits: 9 }],
];

const combinations: Check[] = SERVERS.flatMap(([server, option]) =>
  OFFERS.map(([client, offer]) => ({
    name: `${server}; ws offers ${client}`,
    run: () =>
      withServer({ ...echo, compression: option }, async (peers, url) => {
        const line = await wsConnect(url, { perMessageDeflate: { ...offer, threshold: 0 } });
        assert.ok(line.socket.extensions.startsWith("permessage-deflate"), line.socket.extensions);
        for (const peer of peers.peers) assert.deepEqual(peer.extensions, ["permessage-deflate"]);
        await exchange(line, [...MESSAGES, "x".repeat(MIB)]);
        for (const piece of [prose(3000), "", prose(3000)]) line.socket.send(piece, { fin: false });
        line.socket.send("the end", { fin: true });
        assert.equal(await line.message(), `${prose(3000)}${prose(3000)}the end`);
      }),
  })),
);

/** With context takeover here: what ws offers, and what is agreed on. */
const AGREEMENTS: readonly (readonly [
  offer: PerMessageDeflateOptions,
  windowBits: number,
  agreed: string,
])[] = [
  [{}, 15, ""],
  [{ serverNoContextTakeover: true }, 15, "; server_no_context_takeover"],
  [{ clientNoContextTakeover: true }, 15, "; client_no_context_takeover"],
  [{}, 10, "; server_max_window_bits=10; client_max_window_bits=10"],
  [{ serverMaxWindowBits: 9 }, 10, "; server_max_window_bits=9; client_max_window_bits=10"],
  [{ clientMaxWindowBits: 11 }, 15, "; client_max_window_bits=11"],
];

const compression: Check[] = [
  {
    name: "what ws offers, limits and all, is what it is granted",
    run: async () => {
      for (const [offer, windowBits, agreed] of AGREEMENTS) {
        await withServer({ compression: { contextTakeover: true, windowBits } }, async (_, url) => {
          const answer = await answerTo(url, { perMessageDeflate: offer });
          assert.equal(answer["sec-websocket-extensions"], `permessage-deflate${agreed}`);
        });
      }
    },
  },
  {
    name: "every size of window, on both sides",
    run: async () => {
      for (const windowBits of ALL_BITS) {
        const option = { threshold: 0, contextTakeover: true, windowBits };
        await withServer({ ...echo, compression: option }, async (_, url) => {
          const line = await wsConnect(url, { perMessageDeflate: { threshold: 0 } });
          await exchange(line, MESSAGES);
        });
      }
    },
  },
  {
    name: "fragments from us, compressed",
    run: () =>
      withServer(
        {
          compression: { threshold: 0, contextTakeover: true },
          open: async (peer) => {
            for (let time = 0; time < 2; time++) await peer.sendStream([prose(3000), "", prose(3000), "end"]);
          },
        },
        async (_, url) => {
          const line = await wsConnect(url, { perMessageDeflate: true });
          for (let time = 0; time < 2; time++) {
            assert.equal(await line.message(), `${prose(3000)}${prose(3000)}end`);
          }
        },
      ),
  },
  {
    name: "only one of the two wants it, and there is none",
    run: async () => {
      await withServer(echo, async (_, url) => {
        const line = await wsConnect(url, { perMessageDeflate: true });
        assert.equal(line.socket.extensions, "");
        await exchange(line, MESSAGES);
      });
      await withServer({ ...echo, compression: true }, async (_, url) => {
        const line = await wsConnect(url, PLAIN);
        assert.equal(line.socket.extensions, "");
        await exchange(line, MESSAGES);
      });
    },
  },
];

export const wsCompression: Group = {
  title: "our server, ws as client, permessage-deflate",
  checks: [...compression, ...combinations],
};
