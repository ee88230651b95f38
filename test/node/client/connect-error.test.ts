import { describe, expect, it } from "vitest";
import { ConnectError, connectError } from "../../../src/node/client/connect-error.ts";
import { Fields } from "../../../src/protocol/fields.ts";
import { refuseResponse } from "../../../src/protocol/refusal.ts";

describe("a ConnectError", () => {
  it("[RFC6455-7.1.7-02] says in one sentence which rule was broken, by what, and where that rule stands", () => {
    const error = new ConnectError("handshake", refuseResponse("accept-wrong", '"abc"'));
    expect(error).toBeInstanceOf(Error);
    expect(String(error)).toBe(
      'ConnectError: The Sec-WebSocket-Accept does not answer the key of the request. "abc" (RFC 6455 §4.1)',
    );
    const { phase, rule, section, status, response, cause } = error;
    expect({ phase, rule, section, status, response, cause }).toEqual({
      phase: "handshake",
      rule: "accept-wrong",
      section: "RFC 6455 §4.1",
      status: undefined,
      response: undefined,
      cause: undefined,
    });
  });

  it("has the answer, where there was one, and its status", () => {
    const response = { status: 401, fields: new Fields([["WWW-Authenticate", "Basic"]]), body: "who?" };
    const error = new ConnectError("handshake", refuseResponse("status-not-101", "401"), { response });
    expect(error.status).toBe(401);
    expect(error.response).toBe(response);
  });

  it("is one of our own rules too, and then keeps what caused it", () => {
    const cause = new Error("connect ECONNREFUSED");
    const error = connectError("connect", "network", cause.message, { cause });
    expect([error.message, error.section, error.cause]).toEqual([
      "No connection could be made. connect ECONNREFUSED",
      undefined,
      cause,
    ]);
    expect(connectError("redirect", "too-many-redirects", "").message).toMatch(/allows\.$/);
  });
});
