import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { acceptValue } from "../../src/protocol/accept.ts";
import { ClientHandshake } from "../../src/protocol/client-handshake.ts";
import { fromLatin1, toLatin1 } from "../../src/protocol/fields.ts";
import { isAtLeastHttp11 } from "../../src/protocol/handshake.ts";
import { ServerHandshake } from "../../src/protocol/server-handshake.ts";
import { extension } from "../helpers/extensions.ts";
import { accepted, client, lines, REQUEST, RESPONSE } from "../helpers/handshakes.ts";

describe("both sides", () => {
  it("[RFC6455-4.1-19] [RFC6455-5.8-01] agree, whatever each of them supports", () => {
    const names = ["a", "b", "c", "d"];
    const some = fc.shuffledSubarray(names);
    const extensions = some.map((chosen) => {
      return chosen.map((name) =>
        extension(name, name === "a" || name === "b" ? 4 : 0, [[{ name: "no", value: true }], []]),
      );
    });
    fc.assert(
      fc.property(
        some,
        some,
        extensions,
        extensions,
        (offered, spoken, clientExtensions, serverExtensions) => {
          const asking = new ClientHandshake({
            host: "a",
            subprotocols: offered,
            extensions: clientExtensions,
          });
          const serverSide = accepted(fromLatin1(asking.request), {
            subprotocols: spoken,
            extensions: serverExtensions,
          });
          const clientSide = asking.receive(serverSide.response);
          if (clientSide?.ok !== true) throw new Error(clientSide?.reason ?? "the client waits for more");
          expect(clientSide.subprotocol).toBe(serverSide.subprotocol);
          expect(clientSide.subprotocol).toBe(spoken.find((name) => offered.includes(name)) ?? "");
          expect(clientSide.extensions).toEqual(serverSide.extensions);
          const common = clientExtensions.filter(({ name }) =>
            serverExtensions.some((other) => other.name === name),
          );
          const wanted = common.filter(({ reservedBit }, at) => {
            return reservedBit === 0 || common.findIndex((one) => one.reservedBit === reservedBit) === at;
          });
          expect(clientSide.extensions.map(({ name }) => name)).toEqual(wanted.map(({ name }) => name));
        },
      ),
    );
  });

  it("never throw on any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        new ServerHandshake().receive(bytes);
        client().receive(bytes);
      }),
    );
  });

  it("never throw on a valid head with some bytes changed, lost or doubled", () => {
    const options = { subprotocols: ["chat"], extensions: [extension("a", 4), extension("b", 2)] };
    const heads: [string, (bytes: Uint8Array) => unknown][] = [
      [lines(...REQUEST), (bytes) => new ServerHandshake(options).receive(bytes)],
      [
        lines(...RESPONSE, "Sec-WebSocket-Protocol: chat", "Sec-WebSocket-Extensions: a; x, b; y=1"),
        (bytes) => client(options).receive(bytes),
      ],
    ];
    const change = fc.tuple(fc.nat(400), fc.constantFrom("lose", "double", "replace"), fc.nat(255));
    for (const [head, receive] of heads) {
      fc.assert(
        fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
          const bytes = [...toLatin1(head)];
          for (const [at, kind, byte] of changes) {
            if (kind === "lose") bytes.splice(at, 1);
            else if (kind === "double") bytes.splice(at, 0, ...bytes.slice(at, at + 20));
            else if (at < bytes.length) bytes[at] = byte;
          }
          receive(Uint8Array.from(bytes));
        }),
        { numRuns: 500 },
      );
    }
  });

  it("agree on the accept value of a fresh key", () => {
    const asking = new ClientHandshake({ host: "a" });
    const { upgrade, response } = accepted(fromLatin1(asking.request));
    expect(fromLatin1(response)).toContain(acceptValue(upgrade.key));
    expect(asking.receive(response)).toMatchObject({ ok: true });
  });
});

describe("the version of HTTP", () => {
  it.each(["1.1", "1.2", "1.9"])("may be %s", (version) => {
    expect(isAtLeastHttp11(version)).toBe(true);
  });

  it.each(["1.0", "1.", "1.10", "1.1 ", "1.:", "1.a", "11.", "2.0", "0.9", ""])(
    "may not be %j",
    (version) => {
      expect(isAtLeastHttp11(version)).toBe(false);
    },
  );
});
