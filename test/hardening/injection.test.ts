/** What an application passes on from strangers, and names that mean something in JavaScript. */

import type { IncomingMessage, ServerResponse } from "node:http";
import { describe, expect } from "vitest";
import { connect } from "../../src/node/client/connect.ts";
import { eventStream } from "../../src/node/server/event-stream.ts";
import type { Decision, Upgrade } from "../../src/node/server/opening.ts";
import { frameTo, hex } from "../helpers/frames.ts";
import { lines, upgradeRequest } from "../helpers/handshakes.ts";
import { attack } from "./attack.ts";

const GOODBYE = frameTo("server", { opcode: 8, payload: hex("03 e8") });
const LINE_ENDS = ["\r\n", "\n", "\r", "\0"];
const to = (target: string, ...more: string[]): string =>
  upgradeRequest(...more).replace("GET /", `GET ${target}`);

describe("an application that passes on what a stranger wrote", () => {
  const evil = (lineEnd: string): string => `x${lineEnd}Set-Cookie: evil=1${lineEnd}${lineEnd}<script>`;
  const decisions: ((text: string) => Decision<unknown>)[] = [
    (text) => ({ headers: { "X-Name": text } }),
    (text) => ({ headers: { [text]: "value" } }),
    (text) => ({ headers: [["X-Name", text]] }),
    (text) => ({ subprotocol: text }),
    (text) => ({ status: 302, headers: { Location: text } }),
    (text) => ({ status: 400, headers: { [text]: "value" } }),
    () => ({ headers: { "Sec-WebSocket-Accept": "of my own" } }),
    () => ({ headers: { "Transfer-Encoding": "chunked" } }),
    () => ({ status: 400, headers: { "Content-Length": "5" } }),
    () => ({ status: 99 }),
    () => ({ status: 200 }),
    () => ({ subprotocol: "never-offered" }),
  ];
  const upgrade = ({ target }: Upgrade): Decision<unknown> => {
    const [, decision, lineEnd] = target.split("/");
    return decision ? decisions[Number(decision)]!(evil(LINE_ENDS[Number(lineEnd)]!)) : true;
  };
  const errors: unknown[] = [];
  const upgradeError = (error: unknown): unknown => errors.push(error);

  attack(
    "cannot break an answer: it is a TypeError or RangeError of its own, and 500",
    { upgrade, upgradeError },
    async ({ strike }) => {
      for (const decision of decisions.keys()) {
        for (const lineEnd of LINE_ENDS.keys()) {
          const request = to(`/${decision}/${lineEnd}`, "Sec-WebSocket-Protocol: chat");
          const { how, status, text } = await strike(request, GOODBYE);
          expect([decision, how, status]).toEqual([decision, "fin", 500]);
          expect(text).not.toMatch(/evil|script|of my own|chunked/);
          const error = errors.pop();
          expect(error instanceof TypeError || error instanceof RangeError, `${decision}: ${error}`).toBe(
            true,
          );
        }
      }
      expect(errors).toEqual([]);
    },
  );

  const body = evil("\r\n");
  attack(
    "may put anything into a body, which has a length",
    { upgrade: ({ target }) => target === "/" || { status: 400, body } },
    async ({ strike }) => {
      const { status, text } = await strike(to("/body"));
      expect(status).toBe(400);
      expect(text.endsWith(`Content-Length: ${body.length}\r\n\r\n${body}`)).toBe(true);
    },
  );

  attack("cannot break a request of the client either", {}, async ({ server }) => {
    const url = `ws://127.0.0.1:${server.port}`;
    for (const lineEnd of LINE_ENDS) {
      const text = `x${lineEnd}X-Evil: 1`;
      const options = [
        { headers: { "X-Name": text } },
        { headers: { [text]: "value" } },
        { subprotocols: [text] },
        { origin: text },
      ];
      for (const option of options) await expect(connect(url, option)).rejects.toThrow(TypeError);
    }
    expect(server.stats().connections.total).toBe(1);
  });

  const outcomes: unknown[] = [];
  const request = (asked: IncomingMessage, answer: ServerResponse): void => {
    const stream = eventStream(asked, answer);
    for (const lineEnd of LINE_ENDS) {
      const text = `x${lineEnd}id: evil${lineEnd}${lineEnd}data: evil`;
      const tries = [
        () => stream.send({ event: text, data: "" }),
        () => stream.send({ id: text }),
        () => stream.send({ retry: text as unknown as number }),
        () => eventStream(asked, answer, { headers: { "X-Name": text } }),
      ];
      for (const attempt of tries) outcomes.push(nameOfError(attempt));
      stream.send({ data: text });
      stream.comment(text);
    }
    stream.close();
  };

  function nameOfError(attempt: () => unknown): string {
    try {
      attempt();
      return "nothing";
    } catch (error) {
      return (error as Error).name;
    }
  }

  attack("cannot break an event stream: data stays data", { request }, async ({ strike }) => {
    const { status, text } = await strike(lines("GET /events HTTP/1.1", "Host: a", "Connection: close"));
    expect(status).toBe(200);
    expect(outcomes).toEqual(outcomes.map(() => "TypeError"));
    expect(outcomes).toHaveLength(4 * LINE_ENDS.length);
    const said = text
      .split("\r\n\r\n")
      .slice(1)
      .join("\r\n\r\n")
      .split(/\r\n|\r|\n/);
    expect(said.filter((line) => line.startsWith("id"))).toEqual([]);
    expect(said.filter((line) => line.startsWith("data: id: evil"))).toHaveLength(3);
    expect(said.filter((line) => line.startsWith(": id: evil"))).toHaveLength(3);
  });
});

describe("names that mean something in JavaScript", () => {
  const NAMES = [
    "__proto__",
    "constructor",
    "prototype",
    "toString",
    "hasOwnProperty",
    "valueOf",
    "__defineGetter__",
  ];
  const seen: (string | undefined)[] = [];
  const upgrade = ({ fields, target }: Upgrade): void => {
    if (target !== "/") seen.push(...NAMES.map((name) => fields.get(name)));
  };

  attack(
    "are names of header fields, subprotocols and parameters like any other",
    { upgrade, compression: true, subprotocols: ["__proto__"] },
    async ({ alone, server, strike }) => {
      const before = [Object.prototype, Function.prototype, Array.prototype].map((shared) =>
        Reflect.ownKeys(shared),
      );
      for (const name of NAMES) {
        const request = to(
          "/names",
          ...NAMES.map((each) => `${each}: ${each}=polluted`),
          `Sec-WebSocket-Protocol: ${NAMES.join(", ")}`,
          `Sec-WebSocket-Extensions: ${name}; ${name}=1, permessage-deflate; ${name}; ${name}=1, permessage-deflate`,
          `X-Forwarded-For: ${name}`,
          `Cookie: ${name}=polluted`,
        );
        const { status, close, text } = await strike(request, GOODBYE);
        expect([name, status, close]).toEqual([name, 101, 1000]);
        expect(text).toContain("\r\nSec-WebSocket-Protocol: __proto__\r\n");
        expect(text).toContain("\r\nSec-WebSocket-Extensions: permessage-deflate");
      }
      expect(seen).toEqual(NAMES.flatMap(() => NAMES.map((name) => `${name}=polluted`)));
      const after = [Object.prototype, Function.prototype, Array.prototype].map((shared) =>
        Reflect.ownKeys(shared),
      );
      expect(after).toEqual(before);
      expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
      await alone();
      expect(Object.keys(server.stats().closes)).toEqual(["1000"]);
    },
  );

  attack("get nothing from the answer to a request that lacks the fields", {}, async ({ strike }) => {
    for (const name of NAMES) {
      const request = lines(
        "GET / HTTP/1.1",
        "Host: a",
        `${name}: websocket`,
        `Upgrade: ${name}`,
        `Connection: ${name}`,
      );
      expect(await strike(request)).toMatchObject({ how: "fin", status: 426 });
    }
  });
});
