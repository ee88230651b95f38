/** What our client says to every partner, without compression: messages, Pings, closing, limits, the handshake. */

import { strict as assert } from "node:assert";
import { once } from "node:events";
import { connect } from "../../src/node/client/connect.ts";
import { ConnectError } from "../../src/node/client/connect-error.ts";
import { reconnecting } from "../../src/node/client/reconnecting.ts";
import { connectStreams } from "../../src/node/client/streams.ts";
import { type CloseEvent, WebSocket } from "../../src/node/client/websocket.ts";
import type { LinearPeer, PeerClosed } from "../../src/node/peer.ts";
import { FACES, GOODBYE } from "../helpers/faces.ts";
import { told } from "./harness.ts";
import { MESSAGES, MIB, noise, prose } from "./messages.ts";
import { type PartnerSettings, type RunningPartner, type Talk, talk } from "./partner.ts";

const [CODE, REASON] = GOODBYE;

/** Each face of the client, for the same: every kind of message and back, and a close. */
export function facesWith(words: string, settings: PartnerSettings, compression: boolean): readonly Talk[] {
  return Object.entries(FACES).map(([face, converse]) =>
    talk(`${face}${words}`, settings, async ({ origin, ended }) => {
      const { echoes, code, clean } = await converse(origin, { compression }, MESSAGES);
      assert.deepEqual(echoes, MESSAGES);
      assert.deepEqual({ code, clean }, { code: CODE, clean: true });
      assert.deepEqual(await ended(), { code: CODE, reason: REASON });
    }),
  );
}

async function exchange(peer: LinearPeer, messages: readonly (string | Uint8Array)[]): Promise<void> {
  for (const message of messages) {
    await peer.send(message);
    assert.deepEqual(await peer.receive(), message);
  }
}

const messages: readonly Talk[] = [
  talk("1 MiB of text and of bytes", {}, async ({ origin }) => {
    await exchange(await connect(origin), ["x".repeat(MIB), noise(MIB)]);
  }),
  talk("1,000 messages in flight come back in order", {}, async ({ origin }) => {
    const peer = await connect(origin);
    for (let number = 0; number < 1000; number++) peer.send(`message ${number}`);
    for (let number = 0; number < 1000; number++) assert.equal(await peer.receive(), `message ${number}`);
  }),
  talk("1,000 messages right behind the answer, none is lost", {}, async ({ origin }) => {
    const peer = await connect(`${origin}/burst?count=1000`);
    for (let number = 0; number < 1000; number++) assert.equal(await peer.receive(), `message ${number}`);
  }),
  talk("fragments from us are one message", {}, async ({ origin }) => {
    const peer = await connect(origin);
    await peer.sendStream(["one ", "", prose(70_000), "end"]);
    assert.equal(await peer.receive(), `one ${prose(70_000)}end`);
    await peer.sendStream([noise(300), new Uint8Array(0), noise(200)]);
    assert.deepEqual(await peer.receive(), Uint8Array.of(...noise(300), ...noise(200)));
  }),
  talk("fragments from the partner are one message", {}, async ({ origin }) => {
    await exchange(await connect(`${origin}/pieces`), MESSAGES);
  }),
];

const control: readonly Talk[] = [
  talk("our Pings are answered, and the round trip is measured", {}, async ({ origin }) => {
    const { promise: ponged, tell } = told<string>();
    const peer = await connect(origin, { pong: (_peer, data) => tell(Buffer.from(data).toString()) });
    assert.equal(peer.roundTripTime, undefined);
    peer.ping(Buffer.from("are you there?"));
    assert.equal(await ponged, "are you there?");
    assert.ok(peer.roundTripTime! >= 0);
  }),
  talk("we answer Pings, with their data", {}, async ({ origin }) => {
    for (const data of ["here", "y".repeat(125)]) {
      const { promise: pinged, tell } = told<string>();
      const peer = await connect(`${origin}/ping?data=${data}`, {
        ping: (_peer, received) => tell(Buffer.from(received).toString()),
      });
      assert.equal(await pinged, data);
      assert.equal(await peer.receive(), data);
    }
  }),
  talk(
    "a Pong that nobody asked for, and a Ping between fragments, disturb nobody",
    {},
    async ({ origin }) => {
      const peer = await connect(origin);
      peer.pong(Buffer.from("by the way"));
      await peer.sendStream(
        (function* () {
          yield "one ";
          peer.ping();
          yield "two";
        })(),
      );
      assert.equal(await peer.receive(), "one two");
    },
  ),
];

/** Codes and reasons that a Close frame may have. */
const CLOSES: readonly (readonly [code: number, reason: string])[] = [
  [1000, ""],
  [1000, "done"],
  [1001, "going"],
  [1011, "fehlgeschlagen: Größe"],
  [3000, "r".repeat(123)],
  [4999, "private"],
];

/** Stands for a Close frame without a code. */
const NO_STATUS = 1005;
const ABNORMAL = 1006;

const closing: readonly Talk[] = [
  talk("we close, with any code and reason, and with none", {}, async ({ origin, ended }) => {
    for (const [code, reason] of [...CLOSES, [NO_STATUS, ""] as const]) {
      const peer = await connect(origin);
      peer.close(code, reason);
      assert.deepEqual(await ended(), { code, reason });
      expectClosed(await peer.closed, { code, clean: true, initiator: "local", phase: "closed" });
      assert.equal(await peer.receive(), undefined);
    }
  }),
  talk("the partner closes, with any code and reason", {}, async ({ origin, ended }) => {
    for (const [code, reason] of CLOSES) {
      const peer = await connect(`${origin}/close?code=${code}&reason=${encodeURIComponent(reason)}`);
      const closed = await peer.closed;
      expectClosed(closed, { code, clean: true, initiator: "remote", phase: "closed" });
      assert.equal(closed.reason, reason);
      assert.equal((await ended()).code, code);
    }
  }),
  talk("the partner is gone without a Close, and that is 1006", {}, async ({ origin }) => {
    const peer = await connect(`${origin}/vanish`);
    await peer.send("go");
    assert.equal(await peer.receive(), undefined);
    expectClosed(await peer.closed, { code: ABNORMAL, clean: false, initiator: "transport", phase: "open" });
  }),
  talk("the partner is gone without a Close, and streams fail", {}, async ({ origin }) => {
    const { readable, writable, closed } = connectStreams(`${origin}/vanish`);
    const writer = writable.getWriter();
    await writer.write("go");
    await assert.rejects(readable.getReader().read(), { name: "ConnectionClosedError" });
    await assert.rejects(writer.closed, { name: "ConnectionClosedError" });
    assert.equal((await closed).code, ABNORMAL);
  }),
  talk(
    "the partner is gone without a Close, and a WebSocket fires error, then close",
    {},
    async ({ origin }) => {
      const socket = new WebSocket(`${origin}/vanish`);
      const fired: string[] = [];
      socket.onopen = () => socket.send("go");
      socket.onerror = ({ type }) => fired.push(type);
      const [{ type, code, wasClean }] = (await once(socket, "close")) as [CloseEvent];
      assert.deepEqual([...fired, type], ["error", "close"]);
      assert.deepEqual({ code, wasClean }, { code: ABNORMAL, wasClean: false });
    },
  ),
  talk("we are gone without a Close, and that is 1006", {}, async ({ origin, ended }) => {
    const peer = await connect(origin);
    await exchange(peer, ["hello"]);
    peer.terminate();
    assert.equal((await ended()).code, ABNORMAL);
    const { code, clean } = await peer.closed;
    assert.deepEqual({ code, clean }, { code: ABNORMAL, clean: false });
  }),
  talk("one that reconnects is back as often as the partner is gone", {}, async ({ origin }) => {
    let opened = 0;
    const line = reconnecting(`${origin}/vanish`, {
      retry: { initial: 1 },
      open: (peer) => {
        if (++opened < 4) peer.send("go");
        else line.close();
      },
    });
    assert.deepEqual(await line.closed, { reason: "closed", attempts: opened, unsent: 0 });
  }),
];

function expectClosed(closed: PeerClosed, expected: Omit<PeerClosed, "reason">): void {
  const { code, clean, initiator, phase } = closed;
  assert.deepEqual({ code, clean, initiator, phase }, expected);
}

// --- Limits -----------------------------------------------------------------------------------------------------

const LIMIT = 1000;

/** Text that is as large as the limit, and larger by one. */
const FITS = "x".repeat(LIMIT);
const TOO_LARGE = `${FITS}x`;

export function limitsWith(words: string, settings: PartnerSettings, compression: boolean): readonly Talk[] {
  const options = { compression: compression && { threshold: 0 } };
  return [
    talk(
      `a message beyond the partner's limit ends with 1009${words}`,
      { ...settings, maxMessageSize: LIMIT },
      async ({ origin }) => {
        const peer = await connect(origin, options);
        await exchange(peer, [FITS]);
        await peer.send(TOO_LARGE);
        const { code, initiator } = await peer.closed;
        assert.deepEqual({ code, initiator }, { code: 1009, initiator: "remote" });
      },
    ),
    talk(`a message beyond our limit ends with 1009${words}`, settings, async ({ origin, ended }) => {
      const peer = await connect(origin, { ...options, maxMessageSize: LIMIT });
      await exchange(peer, [FITS]);
      await peer.send(TOO_LARGE);
      assert.equal(await peer.receive(), undefined);
      assert.equal((await ended()).code, 1009);
      assert.equal((await peer.closed).error?.code, 1009);
    }),
  ];
}

// --- The opening handshake --------------------------------------------------------------------------------------

async function fieldOf({ origin }: RunningPartner, name: string, options = {}): Promise<unknown> {
  const peer = await connect(`${origin}/field?name=${name}`, options);
  const value = await peer.receive();
  peer.close();
  return value;
}

async function failureOf(url: string, options = {}): Promise<ConnectError> {
  const failure: unknown = await connect(url, options).then(
    () => assert.fail("it was accepted"),
    (error) => error,
  );
  assert.ok(failure instanceof ConnectError, String(failure));
  return failure;
}

const handshake: readonly Talk[] = [
  talk("a subprotocol is agreed on", { subprotocols: ["v2"] }, async ({ origin }) => {
    assert.equal((await connect(origin, { subprotocols: ["v3", "v2"] })).subprotocol, "v2");
  }),
  talk("subprotocols are offered, and the partner knows none", {}, async ({ origin }) => {
    assert.equal((await connect(origin, { subprotocols: ["v3", "v2"] })).subprotocol, "");
  }),
  talk("header fields, the origin and the URL's credentials arrive", {}, async (partner) => {
    const headers = { Cookie: "session=b1a5e0", "X-Greeting": "hello" };
    assert.equal(await fieldOf(partner, "Cookie", { headers }), headers.Cookie);
    assert.equal(await fieldOf(partner, "X-Greeting", { headers }), headers["X-Greeting"]);
    assert.equal(await fieldOf(partner, "Origin", { origin: "https://a.example" }), "https://a.example");
    assert.equal(await fieldOf(partner, "Origin"), "");
    const origin = partner.origin.replace("//", "//ada:l%C3%B6velace@");
    const basic = `Basic ${Buffer.from("ada:lövelace").toString("base64")}`;
    assert.equal(await fieldOf({ ...partner, origin }, "Authorization"), basic);
  }),
  talk("a refusal is an error, with status, fields and body", {}, async ({ origin }) => {
    for (const status of [401, 404, 503]) {
      const failure = await failureOf(`${origin}/refuse?status=${status}`);
      const { phase, rule, response } = failure;
      assert.deepEqual({ phase, rule }, { phase: "handshake", rule: "status-not-101" });
      assert.equal(failure.status, status);
      assert.equal(response?.fields.get("Retry-After"), "7");
      assert.equal(response?.body, "No.\n");
    }
  }),
  talk("a refusal is an error of one that reconnects, and the end of it", {}, async ({ origin }) => {
    const { reason, failure } = await reconnecting(`${origin}/refuse?status=401`).closed;
    assert.equal(reason, "permanent");
    assert.ok(failure instanceof ConnectError && failure.status === 401);
  }),
  talk("a redirect is followed as often as it may be", {}, async ({ origin }) => {
    const once = `${origin}/moved?to=${encodeURIComponent("/field?name=Cookie")}`;
    const twice = `${origin}/moved?to=${encodeURIComponent(once)}`;
    assert.equal((await failureOf(once)).status, 302);
    assert.equal((await failureOf(twice, { redirects: 1 })).rule, "too-many-redirects");
    const peer = await connect(twice, { redirects: 2, headers: { Cookie: "session=b1a5e0" } });
    assert.equal(await peer.receive(), "session=b1a5e0");
    assert.equal(peer.target, "/field?name=Cookie");
  }),
];

export const talks: readonly Talk[] = [
  ...facesWith("", {}, false),
  ...messages,
  ...control,
  ...closing,
  ...limitsWith("", {}, false),
  ...handshake,
];
