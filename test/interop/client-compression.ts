/** Our client and every partner with permessage-deflate: what is offered, what is agreed on, and messages with it. */

import { strict as assert } from "node:assert";
import { type ConnectOptions, connect } from "../../src/node/client/connect.ts";
import type { DeflateParameters } from "../../src/protocol/permessage-deflate.ts";
import { facesWith, limitsWith } from "./client-talks.ts";
import { MESSAGES, MIB, prose } from "./messages.ts";
import { type Talk, talk } from "./partner.ts";

/** What we offer, and what the partner is told; in words, and then as options. */
const OFFERS = {
  "our default": { threshold: 0 },
  "context takeover": { threshold: 0, contextTakeover: true },
  "windows of 2^11": { threshold: 0, contextTakeover: true, windowBits: 11 },
  "windows of 2^9": { threshold: 0, contextTakeover: true, windowBits: 9 },
} as const satisfies Record<string, ConnectOptions["compression"]>;

const PARTNERS = {
  "its defaults": {},
  "no context from us": { clientNoContextTakeover: true },
  "no context on either side": { serverNoContextTakeover: true, clientNoContextTakeover: true },
  "windows of 2^10": { serverMaxWindowBits: 10, clientMaxWindowBits: 10 },
} as const satisfies Record<string, DeflateParameters>;

const SERVER_FORGETS = "server_no_context_takeover";
const CLIENT_FORGETS = "client_no_context_takeover";
const windows = (bits: number) => [`server_max_window_bits=${bits}`, `client_max_window_bits=${bits}`];

/** Each with each, but for a demand that a server with windows of 2^10 cannot meet; and what they agree on. */
const AGREEMENTS: readonly (readonly [
  offer: keyof typeof OFFERS,
  partner: keyof typeof PARTNERS,
  agreed: readonly string[],
])[] = [
  ["our default", "its defaults", [SERVER_FORGETS, CLIENT_FORGETS]],
  ["our default", "no context from us", [SERVER_FORGETS, CLIENT_FORGETS]],
  ["our default", "no context on either side", [SERVER_FORGETS, CLIENT_FORGETS]],
  ["our default", "windows of 2^10", [SERVER_FORGETS, CLIENT_FORGETS, ...windows(10)]],
  ["context takeover", "its defaults", []],
  ["context takeover", "no context from us", [CLIENT_FORGETS]],
  ["context takeover", "no context on either side", [SERVER_FORGETS, CLIENT_FORGETS]],
  ["context takeover", "windows of 2^10", windows(10)],
  ["windows of 2^11", "its defaults", windows(11)],
  ["windows of 2^11", "no context from us", [CLIENT_FORGETS, ...windows(11)]],
  ["windows of 2^11", "no context on either side", [SERVER_FORGETS, CLIENT_FORGETS, ...windows(11)]],
  ["windows of 2^11", "windows of 2^10", windows(10)],
  ["windows of 2^9", "its defaults", windows(9)],
  ["windows of 2^9", "no context from us", [CLIENT_FORGETS, ...windows(9)]],
  ["windows of 2^9", "no context on either side", [SERVER_FORGETS, CLIENT_FORGETS, ...windows(9)]],
];

const combinations: readonly Talk[] = AGREEMENTS.map(([offer, option, agreed]) =>
  talk(`we offer ${offer}; the partner has ${option}`, { deflate: PARTNERS[option] }, async ({ origin }) => {
    let answer = "";
    const peer = await connect(`${origin}/pieces`, {
      compression: OFFERS[offer],
      accepted: (fields) => (answer = fields.get("Sec-WebSocket-Extensions") ?? ""),
    });
    const [name, ...parameters] = answer.split(";").map((part) => part.trim());
    assert.equal(name, "permessage-deflate");
    assert.deepEqual(parameters.sort(), [...agreed].sort());
    for (const message of [...MESSAGES, "x".repeat(MIB)]) {
      await peer.send(message);
      assert.deepEqual(await peer.receive(), message);
    }
    await peer.sendStream([prose(3000), "", prose(3000), "the end"]);
    assert.equal(await peer.receive(), `${prose(3000)}${prose(3000)}the end`);
  }),
);

const agreement: readonly Talk[] = [
  talk("the partner does not want it, and there is none", {}, async ({ origin }) => {
    const peer = await connect(origin, { compression: true });
    assert.deepEqual(peer.extensions, []);
    await peer.send(prose(3000));
    assert.equal(await peer.receive(), prose(3000));
  }),
  talk("we do not want it, and there is none", { deflate: {} }, async ({ origin }) => {
    const peer = await connect(origin);
    assert.deepEqual(peer.extensions, []);
    await peer.send(prose(3000));
    assert.equal(await peer.receive(), prose(3000));
  }),
];

export const compressedTalks: readonly Talk[] = [
  ...facesWith(", compressed", { deflate: {} }, true),
  ...limitsWith(", compressed", { deflate: {} }, true),
  ...agreement,
  ...combinations,
];
